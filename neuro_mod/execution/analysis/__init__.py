"""Analyses of spikes: their summary, figures and folder."""
