"""Simulations of a point of a search: how many clusters are active, and how often the state changes."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from neuro_mod.choices import Precision
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.findings import sessions
from neuro_mod.core.spiking_net.analysis.findings.sessions import MAX_REASSIGNED
from neuro_mod.core.spiking_net.analysis.states.quantities import QUANTITIES, time_by_number_active
from neuro_mod.core.spiking_net.analysis.states.resampling import estimate
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.seeds import repeat_seed
from neuro_mod.execution.tuning.knobs import Knobs, Point

#: Part of the time in which a wanted number of clusters must be active.
MIN_SHARE = 0.5


class SimulatedTrial(NamedTuple):
    """What a trial showed.

    Attributes:
        seed: Its seed.
        n_active: Number of active clusters, a mean over time.
        time_by_active: Part of the time with 0, 1, ..., p active clusters; 0 without any visit.
        n_switches: Changes from one set of active clusters to another; moments without any are passed over.
        mean_lifespan_sec: Of states that were seen from start to end; NaN without any.
        distinct: Whether active clusters and others have distinct rates: the fit of the detection method succeeded.
        reassigned: Part of the time in visits that were too short to count.
    """

    seed: int
    n_active: float
    time_by_active: tuple[float, ...]
    n_switches: int
    mean_lifespan_sec: float
    distinct: bool
    reassigned: float

    def share(self, wanted: Collection[int]) -> float:
        """Part of the time with a wanted number of active clusters."""
        return sum(part for number, part in enumerate(self.time_by_active) if number in wanted)

    def shortcomings(self, wanted: Collection[int], least_switches: float) -> list[str]:
        """Why the trial does not show what is wanted, in words; empty if it does."""
        found = []
        if not self.distinct:
            found.append("active clusters and others do not have distinct rates")
        if self.reassigned > MAX_REASSIGNED:
            found.append(f"states too short to count fill more than {100 * MAX_REASSIGNED:g} % of the time")
        if self.share(wanted) < MIN_SHARE:
            found.append(f"another number of clusters is active for more than {100 - 100 * MIN_SHARE:g} % of the time")
        if self.n_switches < least_switches:
            found.append(f"fewer than {least_switches:g} switches")
        return found


@dataclass(frozen=True)
class SimulateTrial:
    """Simulates a trial of a point.

    Args:
        knobs: The configurations.
        duration: Simulated seconds.
        dtype: Precision.
    """

    knobs: Knobs
    duration: float
    dtype: Precision = "float32"

    def __call__(self, point: Point, seed: int, report: Progress) -> SimulatedTrial:
        """Simulate, and find the states."""
        stager = StageSNNSimulation(self.knobs.at(point), random_seed=seed)
        outputs = stager.run(self.duration, record=("spikes",), dtype=self.dtype, progress=report)
        analyzer = Analyzer(outputs)
        tables = analyzer.session_tables()
        by_number = estimate(time_by_number_active(tables.n_clusters + 1), tables)
        transitions = analyzer.transitions(empty_state=False)
        return SimulatedTrial(
            seed,
            QUANTITIES["active_clusters_detected"].value(tables),
            tuple(np.nan_to_num(by_number).tolist()),
            sum(a != b for a, b in zip(transitions["from_state"], transitions["to_state"], strict=True)),
            QUANTITIES["mean_lifespan_sec"].value(tables),
            bool(analyzer.sessions[0].fitted),
            float(analyzer.reassigned or 0.0),
        )


def trial_seeds(root_seed: int, n_trials: int) -> list[int]:
    """Seeds of the trials of a check: those of as many repeats."""
    return [repeat_seed(root_seed, k) for k in range(n_trials)]


def scouting_seed(root_seed: int) -> int:
    """Seed of all trials that choose the points to check; the check has others, which know nothing of the choice."""
    return Stream(root_seed, "tune").derived_seed


def all_shortcomings(trials: Sequence[SimulatedTrial], wanted: Collection[int], least_switches: float) -> list[str]:
    """The shortcomings of any of the trials, each once."""
    return list(dict.fromkeys(each for trial in trials for each in trial.shortcomings(wanted, least_switches)))


@contextmanager
def short_visits_expected() -> Iterator[None]:
    """Keep the analysis from warning of short visits, which points on the way have and tables tell."""
    logger = logging.getLogger(sessions.__name__)

    def is_other(record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("visits shorter than")

    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)
