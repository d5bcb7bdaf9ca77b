"""Sample times of figures and the windows they show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.errors import InputError
from neuro_mod.populations import Populations


def check_samples(
    times: NDArray[np.floating], values: NDArray[np.floating], populations: Populations, name: str
) -> None:
    """Refuse values that are not of shape ``(len(times), P)``, and times that are not evenly spaced.

    Raises:
        InputError: The message names the values or times.
    """
    check_shape(name, values, (len(times), populations.total))
    check_even("times", times)


def check_even(name: str, values: NDArray[np.floating], least: int = 0) -> None:
    """Refuse values that are not ascending and evenly spaced, or fewer than this many.

    Raises:
        InputError: They are not.
    """
    steps = np.diff(values)
    if len(values) < least or (len(steps) and not (steps[0] > 0 and np.allclose(steps, steps[0], rtol=1e-3))):
        number = f", at least {least}" * bool(least)
        raise InputError(f"{name}: uneven spacing found; expected ascending values in even steps{number}")


def check_window(t_from: float, t_to: float) -> None:
    """Refuse an empty window.

    Raises:
        InputError: It does not end after it begins.
    """
    if not t_from < t_to:
        raise InputError(f"window: {t_from:g} s to {t_to:g} s found; expected t_from < t_to")


def time_span(times: NDArray[np.floating]) -> tuple[float, float]:
    """Start of the first and end of the last sample's bin; a single sample is treated as the first of a run."""
    if len(times) == 0:
        return 0.0, 1.0
    half = (times[1] - times[0]) / 2 if len(times) > 1 else times[0] or 0.5
    return float(times[0] - half), float(times[-1] + half)
