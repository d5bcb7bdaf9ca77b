"""Quantities of sessions under several conditions, and their differences."""
