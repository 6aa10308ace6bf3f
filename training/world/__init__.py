"""What the pictures show: the words of captions, materials, solids and scenes, and the shards drawn from them."""
