"""Switching on and staying on, and the two-state chain that follows from them.

What is observed at time t is whether a cluster is active, and whether it was active a lag before. Of the probabilities

    on(L)   = P(active at t | inactive at t - L),
    stay(L) = P(active at t | active at t - L),

the responses to a shift that began at t - L need no windows beyond the lag, and so have small errors. A chain with two
states that has these probabilities (and so no memory but the state) has the occupancy and the mean durations

    occupancy = on / (on + off),   off = 1 - stay,
    tau = -L / log(1 - on - off),   mean time on = tau (on + off) / off,   mean time off = tau (on + off) / on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.control.transforms import Pair, Transform, ratio


def switching_observables(active: NDArray[np.bool_], lag: int) -> NDArray[np.float64]:
    """What the means of `ratio` are taken of.

    Args:
        active: Whether each cluster is active, shape ``(T, C)``.
        lag: In bins.

    Returns:
        Shape ``(T, 4 C)``: inactive and then active, active both times, inactive before, active before; 0 in the first
        bins, whose past is unknown.
    """
    now, before = active[lag:].astype(np.float64), active[:-lag].astype(np.float64)
    observed = np.concatenate([now * (1 - before), now * before, 1 - before, before], axis=1)
    return np.concatenate([np.zeros((lag, observed.shape[1])), observed])


def chain(lag: float) -> Transform:
    """The two-state chain from the probabilities of switching.

    Args:
        lag: In seconds.

    Returns:
        A function of the means of `switching_observables` of C clusters: occupancy, mean seconds on, mean seconds off,
        C of each.
    """

    def transformed(means: NDArray[np.float64], responses: NDArray[np.float64]) -> Pair:
        value, change = ratio(means, responses)
        k = value.shape[-1] // 2
        on, off = value[..., :k], 1 - value[..., k:]
        d_on, d_off = change[..., :k, :], -change[..., k:, :]
        with np.errstate(invalid="ignore", divide="ignore"):
            total = on + off
            tau = -lag / np.log(1 - total)
            # of tau * total, by the sum of both
            scale, slope = tau * total, tau - tau**2 * total / (lag * (1 - total))
            occupancy, time_on, time_off = on / total, scale / off, scale / on
        values = np.concatenate([occupancy, time_on, time_off], axis=-1)
        on, off, total, scale, slope = (each[..., None, :, None] for each in (on, off, total, scale, slope))
        with np.errstate(invalid="ignore", divide="ignore"):
            d_scale = slope * (d_on + d_off)
            d_occupancy = (off * d_on - on * d_off) / total**2
            d_time_on, d_time_off = (d_scale - scale / off * d_off) / off, (d_scale - scale / on * d_on) / on
        return values, np.concatenate([d_occupancy, d_time_on, d_time_off], axis=-2)

    return transformed
