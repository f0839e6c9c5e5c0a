"""Engines: ways to run a plane through a network."""
