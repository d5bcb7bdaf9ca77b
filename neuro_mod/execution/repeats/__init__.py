"""Repeated runs of one configuration under other seeds."""
