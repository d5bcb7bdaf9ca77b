"""Decoding of conditions from the spikes of a sweep, or of several folders."""
