"""Capacity of modes: where the states come from, its results, and runs that verify them."""
