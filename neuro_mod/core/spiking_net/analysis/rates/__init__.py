"""Rates of clusters and neurons from spikes."""
