"""Figures: arrays or results in, a matplotlib Figure out; one module a subject."""
