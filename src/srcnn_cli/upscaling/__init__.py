"""Enlarging pictures, files and folders."""
