"""Analyses of spikes: their summary, pictures and folder."""
