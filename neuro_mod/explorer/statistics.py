"""States of the last seconds of a simulation, for display."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.detection import Detection
from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings
from neuro_mod.core.spiking_net.analysis.rates.rates import smooth
from neuro_mod.core.spiking_net.analysis.states.activity import tables_of_activity
from neuro_mod.core.spiking_net.analysis.states.lifetimes import mean_duration
from neuro_mod.core.spiking_net.analysis.states.quantities import QUANTITIES, occupancies
from neuro_mod.core.spiking_net.analysis.states.resampling import estimate
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables
from neuro_mod.core.spiking_net.analysis.states.state_statistics import states_table
from neuro_mod.errors import InputError, invalid
from neuro_mod.populations import Populations

#: What is not known yet whether a cluster is active.
UNKNOWN = 0xFF
#: Seconds of data from which on states are detected.
LEAST = 2.0
#: Newest samples that further data may change, in widths of the smoothing kernel.
_UNDECIDED = 3.0
#: States in a message at most.
MOST_STATES = 8


class Statistics:
    """Detects active clusters in the window, a session of its own, as `Analyzer` does with its default settings.

    Rates come in bins that are wider than those of `Analyzer` (10 in place of 5 ms): edges of activations lie on the
    wider bins, and two of three samples of the threshold's histogram are others.

    Args:
        populations: The layout of cluster space, P populations.
        bin: Width of the bins in seconds.
        window: Length of the window in seconds.

    Raises:
        InputError: Bin or window is not a positive time, or the window is shorter than a bin.
    """

    def __init__(self, populations: Populations, bin: float = 0.01, window: float = 60.0):  # noqa: A002 -- protocol
        if not 0 < bin <= window < math.inf:
            raise invalid("bin, window", (bin, window), "seconds above 0, the window not shorter than the bin")
        self._populations, self._bin, self._window = populations, bin, window
        self._most = max(1, round(window / bin))
        self._settings = AnalysisSettings()
        # Twice the window, so that it is moved to the front only once in a while.
        self._rates = np.empty((2 * self._most, populations.n_clusters), np.float32)
        self.clear()

    def clear(self) -> None:
        """Forget all rates; the next ones begin at time 0."""
        self._begin, self._end, self._n_past = 0, 0, 0
        self._forget()

    def add(self, rates: NDArray[np.floating]) -> None:
        """Add rates.

        Args:
            rates: Mean rates in Hz in further bins, in order, shape ``(n_bins, P)``.

        Raises:
            InputError: The shape is another one.
        """
        given = np.asarray(rates)
        if given.ndim != 2 or given.shape[1] != self._populations.total:
            expected = f"expected (n_bins, {self._populations.total})"
            raise InputError(f"rates: shape {given.shape} found; {expected}")
        if not len(given):
            return
        new = given[-self._most :, : self._populations.n_clusters]
        self._n_past += len(given) - len(new)
        if len(new) < len(given):  # they replace all
            self._n_past += self._end - self._begin
            self._begin = self._end = 0
        if self._end + len(new) > len(self._rates):
            kept = self._rates[self._begin : self._end].copy()
            self._begin, self._end = 0, len(kept)
            self._rates[: len(kept)] = kept
        self._rates[self._end : self._end + len(new)] = new
        self._end += len(new)
        beyond = max(0, self._end - self._begin - self._most)
        self._begin += beyond
        self._n_past += beyond
        self._forget()

    def active(self) -> tuple[float, NDArray[np.uint8]]:
        """When the window begins in seconds, and which clusters are active.

        Returns:
            Shape ``(n_bins, n_clusters)``: 1 active, 0 not, `UNKNOWN` in the newest bins, which smoothing does not
            decide yet, and everywhere with less than `LEAST` seconds of data.
        """
        detected = self._found
        begin = self._n_past * self._bin
        if detected is None:
            return begin, np.full((self._end - self._begin, self._populations.n_clusters), UNKNOWN, np.uint8)
        active = detected.active.astype(np.uint8)
        active[len(active) - self._n_undecided :] = UNKNOWN
        return begin, active

    def message(self) -> dict[str, Any]:
        """The message ``statistics`` of the window."""
        if self._message is None:
            self._message = self._described()
        return self._message

    def _forget(self) -> None:
        self._message: dict[str, Any] | None = None
        self._detection: Detection | None = None

    @property
    def _n_undecided(self) -> int:
        return math.ceil(_UNDECIDED * self._settings.kernel_width_ms * 1e-3 / self._bin)

    @property
    def _seconds(self) -> float:
        return (self._end - self._begin) * self._bin

    @property
    def _found(self) -> Detection | None:
        """Active clusters of the window; None with too little data."""
        enough = self._seconds >= min(LEAST, self._window) * (1 - 1e-9)
        if self._detection is None and enough and self._populations.n_clusters:
            rates = self._rates[self._begin : self._end]
            _, smoothed = smooth(rates, self._bin, self._settings.kernel_width_ms * 1e-3, self._settings.kernel)
            self._detection = self._settings.detector.detect(smoothed)
        return self._detection

    def _described(self) -> dict[str, Any]:
        detected, p = self._found, self._populations.n_clusters
        message: dict[str, Any] = {
            "type": "statistics",
            "seconds": round(self._seconds, 9),
            "threshold": None,
            "occupancy": [None] * p,
            "mean_activation": [None] * p,
            "n_active": None,
            "states": [],
            "active": [],
        }
        if detected is None:
            return message
        shortest = self._settings.minimal_lifespan_ms * 1e-3
        tables = tables_of_activity([detected.active], self._bin, minimal_duration=shortest)
        decided = max(0, len(detected.active) - self._n_undecided - 1)
        return message | {
            "threshold": float(detected.thresholds[0]),
            "occupancy": estimate(occupancies, tables).tolist(),
            "mean_activation": _mean_activations(tables),
            "n_active": _known(QUANTITIES["active_clusters_detected"].value(tables)),
            "states": _states(tables),
            "active": np.flatnonzero(detected.active[decided]).tolist(),
        }


def _mean_activations(tables: SessionTables) -> list[float | None]:
    """Mean duration of the activations of each cluster that were seen whole, as in `quantity_tables.cluster_table`."""
    spans = tables.known_activations
    cluster, duration = spans["cluster"].to_numpy(np.int64), spans["duration"].to_numpy(np.float64)
    whole = ~spans["censored"].to_numpy(bool)
    return [_known(mean_duration(duration[whole & (cluster == each)])) for each in tables.labels]


def _states(tables: SessionTables) -> list[dict[str, Any]]:
    """The states in which most time is spent."""
    visits, codes = tables.visits, tables.state_codes
    time = np.bincount(codes, visits["duration"].to_numpy(np.float64))
    most = np.argsort(-time, kind="stable")[:MOST_STATES]
    # of these alone, as there may be hundreds
    found = states_table(visits.loc[np.isin(codes, most)], float(tables.durations.sum()))
    rows = found.sort_values("probability", ascending=False, kind="stable").to_dict("records")
    return [
        {
            "clusters": list(row["state"]),
            "share": float(row["probability"]),
            "mean_duration": _known(float(row["mean_lifespan"])),
            "visits": int(row["occurrences"]),
        }
        for row in rows
    ]


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
