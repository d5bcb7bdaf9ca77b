"""Rates of active and of other clusters, by the number of active clusters."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.jackknife import deviation_of_left_out
from neuro_mod.core.spiking_net.analysis.states.session_tables import N_PARTS
from neuro_mod.core.spiking_net.analysis.states.weighted import ratio

_COLUMNS = ("probability", "active_hz", "inactive_hz")


def active_rates(sessions: Iterable[tuple[NDArray[np.floating], NDArray[np.bool_]]], n_clusters: int) -> pd.DataFrame:
    """Means over samples with each number of active clusters, and over these clusters and the others.

    Args:
        sessions: Rates in Hz and activity of each session, both of shape ``(n_samples, n_clusters)``.
        n_clusters: Number of clusters.

    Returns:
        Indexed by ``n_active``, from 0 to `n_clusters`: ``probability``, the part of the samples, ``active_hz`` and
        ``inactive_hz``; and for each its standard error by the jackknife over sessions, or over 10 parts of a single
        one, as in ``active_hz_standard_error``. NaN where not defined.
    """
    of_parts = [
        [
            _sums(part_rates, part_active, n_clusters)
            for part_rates, part_active in zip(*(np.array_split(each, N_PARTS) for each in session), strict=True)
        ]
        for session in sessions
    ]
    sums = np.array(of_parts).reshape(-1, N_PARTS, 3, n_clusters + 1)
    sums = sums[0] if len(sums) == 1 else sums.sum(axis=1)
    total = sums.sum(axis=0)
    means, without = _means(total[None])[0], _means(total - sums)
    errors = deviation_of_left_out(without)
    columns = dict(zip(_COLUMNS, means, strict=True))
    columns |= {f"{name}_standard_error": error for name, error in zip(_COLUMNS, errors, strict=True)}
    return pd.DataFrame(columns, index=pd.RangeIndex(n_clusters + 1, name="n_active"))


def _sums(rates: NDArray[np.floating], active: NDArray[np.bool_], n_clusters: int) -> NDArray[np.float64]:
    """Number of samples, and sums of the rates of active and of other clusters, by number of active clusters."""
    number = active.sum(axis=1)
    of_active, of_all = np.where(active, rates, 0).sum(axis=1, dtype=float), rates.sum(axis=1, dtype=float)
    weights = (None, of_active, of_all - of_active)
    return np.array([np.bincount(number, each, n_clusters + 1) for each in weights], np.float64)


def _means(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability and mean rates from sums of shape ``(n, 3, n_clusters + 1)``, of the same shape."""
    samples, of_active, of_others = np.moveaxis(sums, 1, 0)
    number = np.arange(samples.shape[1])
    probability = ratio(samples, samples.sum(axis=1, keepdims=True))
    return np.stack(
        [probability, ratio(of_active, samples * number), ratio(of_others, samples * (len(number) - 1 - number))],
        axis=1,
    )
