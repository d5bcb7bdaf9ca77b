"""Trials around events: rates, variability, signals and decoding, from the spikes of epochs."""
