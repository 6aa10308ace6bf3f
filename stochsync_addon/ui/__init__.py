"""What the artist sees and presses: properties, panels, operators, preferences."""
