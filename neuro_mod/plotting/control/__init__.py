"""Figures of responses, designed perturbations, and their capacity."""
