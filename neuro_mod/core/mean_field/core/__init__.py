"""The transfer function, and what is built on it."""

from neuro_mod.core.mean_field.core.lif_mean_field import LIFMeanField

__all__ = ["LIFMeanField"]
