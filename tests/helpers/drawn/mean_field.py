"""Each function that draws a figure of steady states, called with small data."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure

#: By name in `neuro_mod.plotting`; called with ``ax=`` or without.
CASES: dict[str, Callable[..., Figure]] = {}
