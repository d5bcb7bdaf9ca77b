"""Assemblies: groups of neurons that are active together, found without cluster labels."""
