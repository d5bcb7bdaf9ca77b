"""Figures of states, switching, and activity around events."""
