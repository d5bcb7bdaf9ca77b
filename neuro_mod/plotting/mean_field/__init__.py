"""Figures of steady states and of what separates them."""
