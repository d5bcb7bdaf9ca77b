"""Analyses of a network by its mean field: landscapes, bifurcations, the validity of the theory."""
