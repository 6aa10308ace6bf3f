"""What a job reads from the scene and what its result changes there: data-blocks and node trees."""
