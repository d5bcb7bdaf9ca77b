"""Goals of a design: quotients of two means over time, and what a climb follows while these are not seen yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.choices import GoalKind

_Array = NDArray[np.float64]

#: Seconds over which leaving a state and switching on are looked at: short, but longer than the smoothing of rates.
LAGS = {"duration": 0.1, "switching": 0.2}
#: Spans of time (visits, say) that make a goal seen, or else the share of time: a state that is held has few visits.
SEEN, SEEN_SHARE = 20, 0.2
#: Width in Hz of the smooth step from inactive to active, by which the nearness to activity is measured.
_STEP_WIDTH = 4.0


class Parts(NamedTuple):
    """Numerator and denominator of a goal in each bin, shape ``(n_bins,)`` each; their means are divided."""

    above: _Array
    below: _Array


@dataclass(frozen=True)
class Goal:
    """What a design raises, for the clusters of a state.

    ``probability``: the share of time in which exactly these clusters are active. ``occupancy``: their mean
    occupancy, whatever the others do. ``duration``: the mean lifetime of the state, as a lag over the probability to
    have left it a lag later. ``switching``: the probability that the one cluster is active a lag after it was not.

    Args:
        kind: Which.
        members: The clusters, ascending.
        n_clusters: Number of clusters.
        lag_bins: The lag, in bins.
        bin_width: In seconds.
    """

    kind: GoalKind
    members: tuple[int, ...]
    n_clusters: int
    lag_bins: int
    bin_width: float

    @property
    def others(self) -> list[int]:
        """The clusters that are not members."""
        return [cluster for cluster in range(self.n_clusters) if cluster not in self.members]

    @property
    def state(self) -> str:
        """Name of the state: ``E0+E1+E2``."""
        return "+".join(f"E{cluster}" for cluster in self.members)

    @property
    def of_state(self) -> bool:
        """Whether the others must be inactive."""
        return self.kind in ("probability", "duration")

    @property
    def unit(self) -> str:
        """Of the value."""
        return "s" if self.kind == "duration" else ""

    @property
    def phrase(self) -> str:
        """What is raised, in words."""
        lag = self.lag_bins * self.bin_width
        return {
            "probability": f"share of time in exactly {self.state}",
            "occupancy": f"mean occupancy of {', '.join(self.state.split('+'))}",
            "duration": f"mean lifetime of {self.state}",
            "switching": f"probability that {self.state} switches on within {lag:g} s",
        }[self.kind]

    @property
    def event(self) -> str:
        """What has to be seen for that, in words."""
        return {
            "probability": f"{self.state} alone",
            "occupancy": f"activity of {', '.join(self.state.split('+'))}",
            "duration": f"{self.state} alone",
            "switching": f"switching on of {self.state}",
        }[self.kind]

    def parts(self, active: NDArray[np.bool_]) -> Parts:
        """Numerator and denominator over time; lagged events are counted at the end of the lag.

        Args:
            active: Whether each cluster is active in each bin, shape ``(n_bins, C)``.
        """
        if self.kind == "occupancy":
            members = active[:, list(self.members)]
            return Parts(np.asarray(members.mean(axis=1, dtype=np.float64)), np.ones(len(active)))
        inside = self._inside(active)
        if self.kind == "probability":
            return Parts(inside.astype(np.float64), np.ones(len(active)))
        if self.kind == "duration":
            before = _earlier(inside, self.lag_bins)
            return Parts(before.astype(np.float64), (before & ~inside).astype(np.float64))
        off = _earlier(~inside, self.lag_bins)
        return Parts((off & inside).astype(np.float64), off.astype(np.float64))

    def _inside(self, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether the members are active, and the others inactive where the goal is about the state."""
        inside = np.asarray(active[:, list(self.members)].all(axis=1))
        return inside & ~np.asarray(active[:, self.others].any(axis=1)) if self.of_state else inside

    def value(self, above: float, below: float) -> float:
        """The goal, given the means of numerator and denominator; NaN where undefined."""
        if not below > 0:
            return np.nan
        return above / below * (self.lag_bins * self.bin_width if self.kind == "duration" else 1.0)

    def features(self, active: NDArray[np.bool_], rates: NDArray[np.floating], threshold: float) -> _Array:
        """What tells the state of the network: which clusters are active, and how the state differs from the goal.

        Also the rates of all clusters, in units of the threshold and up to twice it: whether an inactive cluster is on
        its way to activity tells much of the future. Where the goal has a lag, also for which part of the lag the goal
        has been reached.

        Args:
            active: Whether each cluster is active in each bin, shape ``(n_bins, C)``.
            rates: Smoothed rates of the clusters in Hz, likewise.
            threshold: Of activity in Hz.

        Returns:
            Shape ``(n_bins, F)``; the first column is 1.
        """
        missing = (~active[:, list(self.members)]).sum(axis=1)
        extra = active[:, self.others].sum(axis=1)
        kinds = [(np.minimum(missing, 2) == m) & (np.minimum(extra, 2) == e) for m in range(3) for e in range(3)]
        levels = np.minimum(rates, 2 * threshold) / threshold
        found = np.column_stack([np.ones(len(active)), active, *kinds, levels]).astype(np.float64)
        if self.kind not in LAGS:
            return found
        inside = self._inside(active)
        so_far = np.concatenate([np.zeros(1), np.cumsum(inside)])
        ends = np.arange(1, len(so_far))
        lately = (so_far[ends] - so_far[np.maximum(ends - self.lag_bins, 0)]) / self.lag_bins
        return np.column_stack([found, lately, lately * inside])

    def nearness(self, rates: NDArray[np.floating], threshold: float) -> _Array:
        """How near each cluster is to what the goal asks of it: 1 for there, 0 for far, shape ``(n_bins, K)``.

        Members should be active; the others, K - k of them, inactive, where the goal is about the state.

        Args:
            rates: Smoothed rates of the clusters in Hz, shape ``(n_bins, C)``.
            threshold: Of activity in Hz.
        """
        excess = np.clip((np.asarray(rates, np.float64) - threshold) / _STEP_WIDTH, -50, 50)
        on = 1 / (1 + np.exp(-excess))
        wanted = on[:, list(self.members)]
        return np.column_stack([wanted, 1 - on[:, self.others]]) if self.of_state else wanted


def n_bins_of(seconds: float, bin_width: float) -> int:
    """The whole number of bins, at least one, that is closest to a time."""
    return max(1, round(seconds / bin_width))


def n_spans(inside: NDArray[np.floating]) -> int:
    """Number of spans of bins in which something is above 0."""
    return int((np.diff(np.concatenate([[0], inside > 0]).astype(np.int8)) == 1).sum())


def _earlier(values: NDArray[np.bool_], lag: int) -> NDArray[np.bool_]:
    """The values a lag before each bin; False where there are none."""
    return np.concatenate([np.zeros(min(lag, len(values)), np.bool_), values[: max(len(values) - lag, 0)]])
