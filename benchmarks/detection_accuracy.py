"""How well the methods of detection recover known states, over noise, kernels and thresholds.

Run ``python -m benchmarks.detection_accuracy`` from the root of the repository. Spikes are drawn from known states, see
`benchmarks.synthetic_sessions`; docs/background/detection.md argues from the tables. The numbers depend on nothing but
the seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from benchmarks.report import markdown_table, publish
from benchmarks.synthetic_sessions import Chain, Firing, active_at, synthetic_sessions
from neuro_mod.choices import Kernel
from neuro_mod.core.spiking_net.analysis.detection import Detection, Detector, Gain, NetworkGain, Threshold, TwoState
from neuro_mod.core.spiking_net.analysis.detection.mixture import fit_mixture
from neuro_mod.core.spiking_net.analysis.rates.rates import KERNEL_WIDTH, SAMPLING, smoothed_rates
from neuro_mod.recordings.spikes import SpikeEvents

_SEED = 1
_MIN_VISIT = 50e-3  # s; in between are the moments in which not all clusters of a state have switched yet
_WIDTHS = (10e-3, 25e-3, 50e-3, 100e-3)  # s
_GAINS = (2.5, 5.0, 10.0, 15.0, 20.0)  # Hz
_FIRING: dict[str, Firing] = {
    "40 and 5 Hz, 80 neurons": Firing(),
    "20 and 5 Hz": Firing(active_hz=20.0),
    "15 and 5 Hz": Firing(active_hz=15.0),
    "60 and 1 Hz": Firing(active_hz=60.0, inactive_hz=1.0),
    "20 neurons": Firing(cluster_size=20),
    "20 neurons, 20 and 5 Hz": Firing(cluster_size=20, active_hz=20.0),
    "clusters differ by 30%": Firing(spread=0.3),
    "slow drift of 40%": Firing(drift=0.4),
}
_RARE = "one cluster in 20% of the time"


@dataclass(frozen=True)
class EquallyLikely(Detector):
    """What `TwoState` would be with the threshold where both parts of its mixture are equally likely."""

    def detect(self, rates: NDArray[np.floating]) -> Detection:
        """As for `Detector.detect`."""
        counts, edges = np.histogram(np.sqrt(rates), 256)
        mixture = fit_mixture(counts / counts.sum(), edges)
        assert mixture is not None
        root = np.linspace(*mixture.mean, 1000)
        upper, lower = (
            mixture.weight[part] * norm(mixture.mean[part], mixture.deviation[part]).pdf(root) for part in (1, 0)
        )
        threshold = float(root[np.argmax(upper >= lower)] ** 2)
        return Detection(rates > threshold, np.full(rates.shape[1], threshold))


_METHODS: dict[str, Detector] = {
    "gain": Gain(),
    "network_gain": NetworkGain(),
    "threshold": Threshold(),
    "threshold, 20 and 10 Hz": Threshold(low_hz=10.0),
    "two_state": TwoState(),
    "equally likely": EquallyLikely(),
}


class Score(NamedTuple):
    """How well states are recovered."""

    states: float  # part of the samples whose complete state is right
    balanced: float  # mean of the parts of active and of inactive cluster samples that are right
    lifespan: float  # relative error of the mean duration of visits, of those that are not too short to count

    def __str__(self) -> str:
        return f"{self.states:.3f}, {self.balanced:.3f}, {self.lifespan:+.0%}"


@dataclass(frozen=True, eq=False)
class Case:
    """Sessions with known states."""

    firing: Firing
    spikes: list[SpikeEvents]
    visits: pd.DataFrame

    def score(self, detector: Detector, kernel: Kernel = "gaussian", width: float = KERNEL_WIDTH) -> Score:
        """How well a detector does on rates of this kernel, of this width in seconds."""
        layout = self.firing.cluster_of_neuron, self.firing.n_clusters
        smoothed = [smoothed_rates(spikes, *layout, kernel_width=width, kernel=kernel) for spikes in self.spikes]
        of_all = detector.in_recording(
            lambda: np.concatenate([rates for _, rates in smoothed]).mean(axis=0, dtype=float)
        )
        truth, found = [], []
        for session, (times, rates) in enumerate(smoothed):
            visits = self.visits[self.visits["session"] == session]
            truth.append(active_at(visits, times, self.firing.n_clusters))
            found.append(of_all.detect(rates).active)
        return _score(truth, found)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection_accuracy", description=__doc__)
    parser.add_argument("--duration", type=float, default=20.0, help="of a session, in seconds")
    parser.add_argument("--sessions", type=int, default=4, help="sessions of each case")
    parser.add_argument("--out", type=Path, help="also write the report to this file")
    chosen = parser.parse_args(arguments)
    cases = draw_cases(chosen.sessions, chosen.duration)
    first, close, small = (cases[name] for name in [*list(_FIRING)[:2], "20 neurons"])
    few = {"40 and 5 Hz": first, "20 and 5 Hz": close, "20 neurons": small}
    kernels = [(kernel, width) for kernel in get_args(Kernel) for width in _WIDTHS]
    report = [
        "Each cell: part of the samples whose complete state is right; balanced accuracy of clusters; error of the "
        f"mean duration of visits of {_MIN_VISIT * 1e3:g} ms or more. {chosen.sessions} sessions of "
        f"{chosen.duration:g} s, 18 clusters, 24 states of 1 to 3 clusters, mean lifespan 0.4 s.",
        f"Methods, Gaussian kernel of {KERNEL_WIDTH * 1e3:g} ms:",
        _table("case", cases, {name: {"detector": method} for name, method in _METHODS.items()}),
        "Kernels and widths, `two_state`:",
        _turned(few, {f"{k}, {w * 1e3:g} ms": {"detector": TwoState(), "kernel": k, "width": w} for k, w in kernels}),
        f"Thresholds of `gain`, Gaussian kernel of {KERNEL_WIDTH * 1e3:g} ms:",
        _table("case", cases, {f"{gain:g} Hz": {"detector": Gain(gain)} for gain in _GAINS}),
    ]
    publish("\n\n".join(report), chosen.out)


def draw_cases(n_sessions: int, duration: float) -> dict[str, Case]:
    """All cases, each with so many sessions of so many seconds."""
    chain = Chain.drawn(18, n_states=24, most_active=3, seed=_SEED)
    rest = np.zeros((19, 19))
    rest[:-1, -1] = 1.0  # from each cluster to rest, and on to any cluster
    rest[-1, :-1] = 1 / 18
    rare = Chain((*((cluster,) for cluster in range(18)), ()), rest, lifespan=0.4, rest_lifespan=1.6)
    layouts = {name: (chain, firing) for name, firing in _FIRING.items()} | {_RARE: (rare, Firing())}
    return {
        name: Case(firing, *synthetic_sessions(states, firing, n_sessions=n_sessions, duration=duration, seed=_SEED))
        for name, (states, firing) in layouts.items()
    }


def _score(truth: Iterable[NDArray[np.bool_]], found: Iterable[NDArray[np.bool_]]) -> Score:
    """Score of several sessions, each of shape ``(n_samples, n_clusters)``."""
    pairs = list(zip(truth, found, strict=True))
    true, seen = (np.concatenate(each) for each in zip(*pairs, strict=True))
    lifespan_true, lifespan_seen = (_lifespan(each) for each in zip(*pairs, strict=True))
    balanced = (seen[true].mean() + (~seen[~true]).mean()) / 2
    return Score(float((true == seen).all(axis=1).mean()), float(balanced), lifespan_seen / lifespan_true - 1)


def _lifespan(sessions: Iterable[NDArray[np.bool_]]) -> float:
    """Mean duration of the visits that last long enough, in seconds; 0 if there are none."""
    durations = []
    for active in sessions:
        changes = np.flatnonzero((active[1:] != active[:-1]).any(axis=1)) + 1
        durations.extend(np.diff(np.r_[0, changes, len(active)]) * SAMPLING)
    counted = [duration for duration in durations if duration >= _MIN_VISIT]
    return float(np.mean(counted)) if counted else 0.0


def _table(corner: str, cases: Mapping[str, Case], ways: Mapping[str, dict]) -> str:
    return markdown_table(
        [corner, *ways], [[name, *(str(case.score(**way)) for way in ways.values())] for name, case in cases.items()]
    )


def _turned(cases: Mapping[str, Case], ways: Mapping[str, dict]) -> str:
    return markdown_table(
        ["kernel, width", *cases],
        [[name, *(str(case.score(**way)) for case in cases.values())] for name, way in ways.items()],
    )


if __name__ == "__main__":
    main()
