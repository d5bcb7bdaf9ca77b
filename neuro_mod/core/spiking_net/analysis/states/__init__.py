"""Visits, lifetimes and transitions of states."""
