"""Figures of simulations and of what acts on the network."""
