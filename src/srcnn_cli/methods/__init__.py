"""What enlarges planes: interpolations and networks alike."""
