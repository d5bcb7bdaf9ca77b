"""What the methods of detection find in the default network, whose true states are unknown.

Run ``python -m benchmarks.detection_network`` from the root of the repository; docs/background/detection.md argues
from the tables. The numbers depend on the seeds, and on the kind of machine where it rounds otherwise.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.default_network import CONFIG
from benchmarks.report import markdown_table, publish
from neuro_mod import StageSNNSimulation
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.detection import Detection, Gain, Threshold, TwoState
from neuro_mod.core.spiking_net.analysis.rates.rates import KERNEL_WIDTH, SAMPLING

_CASES = ((0.3, 256), (0.3, 1), (0.0, 3), (0.6, 2))  # arousal, seed
_WIDTHS = (10e-3, 25e-3, 50e-3)  # s
_METHODS_HEADER = (
    "arousal, seed",
    "thresholds of `two_state`",
    "active clusters",
    "of `gain`, 10 Hz",
    "agreement",
    "`threshold`, 20 Hz, agreement",
)
_RATES_HEADER = (
    "arousal, seed",
    "below 2 Hz",
    "10 to 50 Hz",
    "above 50 Hz",
    "median, 95%",
    "median inactive, active",
    "most active cluster: `two_state`, `gain`",
)


@dataclass(frozen=True, eq=False)
class Session:
    """A run of the default network.

    Args:
        name: Its arousal and its seed.
        rates: Of the E clusters in Hz, by the width of the kernel in seconds, shape ``(n_samples, n_clusters)`` each.
    """

    name: str
    rates: dict[float, NDArray[np.floating]]

    def methods(self) -> tuple[str, ...]:
        """A row for `_METHODS_HEADER`."""
        rates = self.rates[KERNEL_WIDTH]
        two_state, gain, threshold = (method.detect(rates) for method in (TwoState(), Gain(10.0), Threshold(20.0)))
        return (
            self.name,
            f"{two_state.thresholds[0]:.1f} Hz, {'' if two_state.fitted else 'not '}fitted",
            f"{two_state.active.sum(axis=1).mean():.2f}",
            f"{gain.thresholds.min():.1f} to {gain.thresholds.max():.1f} Hz",
            f"{_agreement(gain, two_state):.3f}",
            f"{_agreement(threshold, two_state):.3f}",
        )

    def distribution(self) -> tuple[str, ...]:
        """A row for `_RATES_HEADER`."""
        rates = self.rates[KERNEL_WIDTH]
        active, by_gain = TwoState().detect(rates).active, Gain(10.0).detect(rates).active
        most = int(active.sum(axis=0).argmax())
        return (
            self.name,
            f"{(rates < 2).mean():.0%}",
            f"{((rates >= 10) & (rates <= 50)).mean():.0%}",
            f"{(rates > 50).mean():.0%}",
            f"{np.median(rates):.1f}, {np.percentile(rates, 95):.1f} Hz",
            f"{np.median(rates[~active]):.2f}, {np.median(rates[active]):.1f} Hz",
            f"{active[:, most].mean():.0%}, {by_gain[:, most].mean():.0%} of the time",
        )

    def periods(self) -> tuple[str, ...]:
        """Number of unbroken periods in which a cluster is active, and their mean duration, with each kernel."""
        return self.name, *(_periods(TwoState().detect(self.rates[width]).active) for width in _WIDTHS)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.detection_network", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--duration", type=float, default=10.0, help="seconds to simulate in each case (default 10)")
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    options = parser.parse_args(arguments)
    sessions = [simulated(*case, options.duration) for case in _CASES]
    kernels = [f"{width * 1e3:g} ms" for width in _WIDTHS]
    report = [
        f"{options.duration:g} s of the default network, Gaussian kernel of {KERNEL_WIDTH * 1e3:g} ms; agreement is "
        "the part of the samples with the same complete state as under `two_state`:",
        markdown_table(_METHODS_HEADER, [session.methods() for session in sessions]),
        "Rates of clusters, part of the samples; medians of those that `two_state` finds inactive and active; "
        "and how long the cluster that is active longest under `two_state` is active:",
        markdown_table(_RATES_HEADER, [session.distribution() for session in sessions]),
        "Periods of activity of a cluster under `two_state`, all clusters together, and their mean duration, with "
        "Gaussian kernels of several widths:",
        markdown_table(("arousal, seed", *kernels), [session.periods() for session in sessions]),
    ]
    publish("\n\n".join(report), options.out)


def simulated(arousal: float, seed: int, duration: float) -> Session:
    """A run of so many seconds."""
    stager = StageSNNSimulation(CONFIG, seed, overrides=[f"arousal.level={arousal}"])
    outputs = stager.run(duration, record=("spikes",))
    return Session(f"{arousal}, {seed}", {width: _rates(outputs, width) for width in _WIDTHS})


def _rates(outputs: object, kernel_width: float) -> NDArray[np.floating]:
    analyzer = Analyzer(outputs, kernel_width_ms=kernel_width * 1e3)
    return analyzer.get_cluster_spike_rate()[:, analyzer.layout.defines_states]


def _agreement(one: Detection, other: Detection) -> float:
    return float((one.active == other.active).all(axis=1).mean())


def _periods(active: NDArray[np.bool_]) -> str:
    """Active samples, shape ``(n_samples, n_clusters)``, of each cluster as unbroken periods."""
    n_periods = int(active[0].sum() + (active[1:] & ~active[:-1]).sum())
    return f"{n_periods} of {active.sum() * SAMPLING / max(n_periods, 1):.2f} s"


if __name__ == "__main__":
    main()
