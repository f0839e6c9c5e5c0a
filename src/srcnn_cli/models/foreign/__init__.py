"""Weights that other programs wrote."""
