"""Connections between neurons, and their weights."""
