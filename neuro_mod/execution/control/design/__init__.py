"""Designs: the perturbation within a budget that serves a goal best, found by a climb and verified in other runs."""
