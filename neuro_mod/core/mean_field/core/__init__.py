"""The transfer function, the mean field and its steady states."""

from neuro_mod.core.mean_field.core.fixed_points import FixedPoint, FixedPoints, fixed_points, stable_states_of
from neuro_mod.core.mean_field.core.lif_mean_field import LIFMeanField
from neuro_mod.core.mean_field.core.linear_response import LinearResponse
from neuro_mod.core.mean_field.core.sensitivity import Sensitivity

__all__ = [
    "FixedPoint",
    "FixedPoints",
    "LIFMeanField",
    "LinearResponse",
    "Sensitivity",
    "fixed_points",
    "stable_states_of",
]
