"""Pixels in memory: colour, resizing, rounding, and a picture as planes. No files."""
