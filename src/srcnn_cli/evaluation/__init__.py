"""Measuring under the papers' conventions."""
