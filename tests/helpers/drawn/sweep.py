"""The function that draws a figure of sweeps, called with small data of each kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from neuro_mod import plotting
from neuro_mod.plotting.sweep.sweep_panels import SweptParameter

_LEVEL = SweptParameter("arousal level", np.tile([0.0, 0.1, 0.4], 2))
_RATE = SweptParameter("external rate (Hz)", np.repeat([5.0, 10.0], 3), (), True)
_NAMES = ("rate of E clusters (Hz)", "rate of E background (Hz)", "mean lifespan (s)")
_MEASURES = {name: np.arange(6.0) + k for k, name in enumerate(_NAMES)}

#: By name in `neuro_mod.plotting`, with the kind after a space; called with ``ax=`` or without.
CASES: dict[str, Callable[..., Figure]] = {
    "sweep_figure of lines": partial(plotting.sweep_figure, [_LEVEL], _MEASURES),
    "sweep_figure of maps": partial(plotting.sweep_figure, [_LEVEL, _RATE], _MEASURES),
    "sweep_figure of points": partial(plotting.sweep_figure, [_LEVEL, _RATE], _MEASURES, is_grid=False),
}
