"""Engines: ways to run planes through a network."""
