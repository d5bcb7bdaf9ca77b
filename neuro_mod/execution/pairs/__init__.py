"""Pairs of runs, without and with the perturbations of a configuration."""
