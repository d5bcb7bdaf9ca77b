"""Rates around the times at which clusters become active, and around those at which they stop being active."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.events.psth import standard_error
from neuro_mod.errors import InputError, invalid
from neuro_mod.recordings.layout import ClusterLayout

#: Rates of a session by its number: sampling interval in seconds, and rates in Hz, shape ``(n_samples, n_clusters)``.
RatesOf = Callable[[int], tuple[float, NDArray[np.floating]]]
#: What is averaged: the cluster that switches, the mean of the other clusters, the mean of all their neurons.
GROUPS = ("switching", "others", "all")


def around_switches(
    activations: pd.DataFrame, rates_of: RatesOf, layout: ClusterLayout, before: float, after: float
) -> pd.DataFrame:
    """Mean smoothed rates around the starts (``on``) and ends (``off``) of activations.

    Starts and ends that were not observed, and those nearer to an edge of their session than `before` or `after`, are
    left out. Other switches may fall into the same time.

    Args:
        activations: Columns ``session``, ``cluster`` (label), ``start``, ``end`` in seconds, ``censored_start``,
            ``censored_end``.
        rates_of: Smoothed rates of all clusters of a session.
        layout: The clusters; those that define states are averaged.
        before: Seconds before a switch.
        after: Seconds after it.

    Returns:
        Columns ``switch`` (``on`` or ``off``), ``time`` in seconds from it, ``clusters`` (the ``switching`` one, the
        mean of the ``others``, or of ``all`` neurons), ``rate_hz``, ``standard_error`` (over switches, taken as
        independent; NaN for a single one), ``n`` (number of switches).

    Raises:
        InputError: A time is not valid, or no switch is left.
    """
    for name, value in (("before", before), ("after", after)):
        if not 0 <= value < np.inf:
            raise invalid(name, value, "a finite number of seconds of at least 0")
    samples: dict[str, list[NDArray[np.float64]]] = {"on": [], "off": []}
    bin_width, lags = np.nan, np.zeros(0, np.int64)
    for session, rows in activations.groupby("session"):
        bin_width, rates = rates_of(int(session))  # pyright: ignore[reportArgumentType]
        lags = np.arange(-round(before / bin_width), max(round(after / bin_width), 1))
        for switch, places, clusters in _switches(rows, layout, bin_width):
            inside = (places + lags[0] >= 0) & (places + lags[-1] < len(rates))
            windows = rates[:, layout.defines_states][places[inside, None] + lags].astype(np.float64)
            samples[switch].append(_grouped(windows, clusters[inside], layout.sizes[layout.defines_states]))
    tables = [
        _averaged(switch, each, np.asarray((lags + 0.5) * bin_width, np.float64)) for switch, each in samples.items()
    ]
    tables = [table for table in tables if len(table)]
    if not tables:
        raise InputError(
            f"around_switches: no switch at least {before:g} s after the start and {after:g} s before the end of its "
            "session found; expected activations within sessions"
        )
    return pd.concat(tables, ignore_index=True)


def _switches(
    rows: pd.DataFrame, layout: ClusterLayout, bin_width: float
) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.int64]]]:
    """Kind, first sample after the switch, and place of the cluster among those that define states."""
    place = np.searchsorted(layout.state_labels, rows["cluster"].to_numpy(np.int64))
    for switch, column, hidden in (("on", "start", "censored_start"), ("off", "end", "censored_end")):
        seen = ~rows[hidden].to_numpy(bool)
        at = np.rint(rows[column].to_numpy(np.float64) / bin_width).astype(np.int64)
        yield switch, at[seen], place[seen]


def _grouped(
    windows: NDArray[np.float64], clusters: NDArray[np.int64], sizes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Rates of each group of `GROUPS`, shape ``(n_switches, n_lags, 3)``, from those of all clusters."""
    switching = np.take_along_axis(windows, clusters[:, None, None], axis=2)[..., 0]
    n_others = windows.shape[2] - 1
    others = (windows.sum(axis=2) - switching) / n_others if n_others else np.full_like(switching, np.nan)
    return np.stack([switching, others, np.average(windows, axis=2, weights=sizes)], axis=2)


def _averaged(switch: str, samples: Sequence[NDArray[np.float64]], times: NDArray[np.float64]) -> pd.DataFrame:
    if not sum(map(len, samples)):
        return pd.DataFrame()
    values = np.concatenate(samples)
    n = len(values)
    mean = values.mean(axis=0)
    error = standard_error(np.zeros_like(mean), ((values - mean) ** 2).sum(axis=0), n)
    return pd.DataFrame(
        {
            "switch": switch,
            "time": np.tile(times, len(GROUPS)),
            "clusters": np.repeat(GROUPS, len(times)),
            "rate_hz": mean.T.ravel(),
            "standard_error": error.T.ravel(),
            "n": n,
        }
    )
