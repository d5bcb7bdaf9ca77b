"""The search: the mean field says where, short simulations choose, simulations of other networks decide."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from neuro_mod.checks import whole_number
from neuro_mod.choices import Precision
from neuro_mod.config import Experiment
from neuro_mod.core.mean_field.core.theory import Theory
from neuro_mod.errors import invalid
from neuro_mod.execution.jobs import Item, compute_in_memory
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.tuning.knobs import Knobs, Point
from neuro_mod.execution.tuning.theory import (
    RATE_FACTORS,
    RATE_STEP,
    GridRow,
    Leading,
    Predictions,
    Row,
    TheoryMap,
    stable_numbers,
)
from neuro_mod.execution.tuning.trials import (
    SimulatedTrial,
    SimulateTrial,
    all_shortcomings,
    scouting_seed,
    short_visits_expected,
    trial_seeds,
)
from neuro_mod.storage.names import MAX_REPEATS

#: Simulated seconds of a trial, and how many switches it must have at least for each second.
DURATION, SWITCHES_PER_SEC = 30.0, 20 / 30
N_TRIALS = 3
#: Simulations at one external rate, at most, and how far above its onset the potentiation is tried there, as a factor.
_N_SCOUTS, _FARTHEST = 6, 1.3
#: Switches that scouts should have, in units of the fewest: at the fewest, other networks would often fail.
_AIM, _LEAST = 2.5, 1.5
#: Points that are checked, at most.
_N_CHECKED = 5


@dataclass(frozen=True)
class TuningOptions:
    """What is wanted, and how it is checked.

    Args:
        wanted: Numbers of active clusters.
        theory: Response and closure of the mean field.
        n_trials: Simulations of a check, each of a network of its own.
        duration: Simulated seconds of each.
        least_switches: How often the state must change in each of them; None for `SWITCHES_PER_SEC`.
        dtype: Precision of simulations.
    """

    wanted: frozenset[int]
    theory: Theory = field(default_factory=lambda: Theory("exact", "renewal"))
    n_trials: int = N_TRIALS
    duration: float = DURATION
    least_switches: int | None = None
    dtype: Precision = "float32"

    @property
    def fewest_switches(self) -> int:
        """In each trial."""
        return math.ceil(SWITCHES_PER_SEC * self.duration) if self.least_switches is None else self.least_switches


@dataclass(frozen=True)
class Candidate:
    """A point, and what was found there.

    Attributes:
        point: The point.
        leading: What the mean field says.
        qualifies: Whether a wanted state is stable in it, and no uniform one.
        trials: What simulations showed.
    """

    point: Point
    leading: Leading
    qualifies: bool
    trials: tuple[SimulatedTrial, ...]

    def share(self, wanted: Collection[int]) -> float:
        """Part of the time with a wanted number of active clusters, a mean over trials."""
        return sum(trial.share(wanted) for trial in self.trials) / len(self.trials)

    def shortcomings(self, options: TuningOptions) -> list[str]:
        """Why it is not what is wanted, in words; empty if it is."""
        theory = [] if self.qualifies else ["in the mean field, no wanted state is stable while the uniform one is not"]
        return theory + all_shortcomings(self.trials, options.wanted, options.fewest_switches)


@dataclass(frozen=True)
class Tuning:
    """The result of a search.

    Attributes:
        knobs: The configurations.
        options: What was wanted.
        start: The configuration itself.
        maps: What the mean field says on the grid; empty if the configuration itself is as wanted.
        scouts: Points that one short simulation each chose from.
        checked: Points that were checked, the best one first.
        found: Whether that one is as wanted.
    """

    knobs: Knobs
    options: TuningOptions
    start: Candidate
    maps: tuple[TheoryMap, ...]
    scouts: tuple[Candidate, ...]
    checked: tuple[Candidate, ...]
    found: bool

    @property
    def best(self) -> Candidate:
        """What was found, or what came closest."""
        return self.checked[0]


def tune(
    experiment: Experiment, options: TuningOptions, *, n_threads: int | None = None, progress: bool = False
) -> Tuning:
    """Search for potentiation and external rate at which a network is metastable.

    The mean field is computed on a grid. Where a wanted number of active clusters is stable and the uniform state is
    not, simulations at each external rate look for the potentiation at which states change about as often as they
    should: they change more rarely, the larger it is. The best points are then checked in other networks.

    Args:
        experiment: The configuration.
        options: What is wanted.
        n_threads: How many points or trials are computed at once; None for one on each core. Results do not depend on
            it.
        progress: Show the progress on stderr.

    Raises:
        InputError: The network has no clusters to switch, or an option is not valid.
        Interrupted: On Ctrl-C.
    """
    knobs = Knobs(experiment)
    _check(options, knobs.experiment)
    with short_visits_expected():
        return _Search(knobs, options, n_threads, progress).run()


def _check(options: TuningOptions, experiment: Experiment) -> None:
    n_clusters = experiment.populations.n_clusters
    for number in sorted(options.wanted) or [None]:
        if number is None or not 1 <= number < n_clusters:
            hint = "no cluster, or all of them, is the uniform state"
            raise invalid("active", number, f"numbers from 1 to {n_clusters - 1} of {n_clusters} clusters", hint)
    whole_number("trials", options.n_trials, 1, MAX_REPEATS)
    experiment.replace({"init_params.duration_sec": options.duration})
    whole_number("switches", options.fewest_switches, 1)
    experiment.check_precision(options.dtype)


class _Search:
    def __init__(self, knobs: Knobs, options: TuningOptions, n_threads: int | None, progress: bool):
        self._knobs, self._options, self._wanted = knobs, options, options.wanted
        self._how: dict[str, Any] = {"n_threads": n_threads, "progress": progress}
        self._simulate = SimulateTrial(knobs, options.duration, options.dtype)
        root = knobs.experiment.settings.random_seed
        self._seeds, self._scouting_seed = trial_seeds(root, options.n_trials), scouting_seed(root)
        self._predictions = Predictions(knobs, options.theory, options.wanted)

    def run(self) -> Tuning:
        start = self._checked(self._knobs.start)
        if not start.shortcomings(self._options):
            return Tuning(self._knobs, self._options, start, (), (), (start,), True)
        maps = [self._map(others_published=False)]
        if not any(row.row for row in maps[0].rows):
            maps.append(self._map(others_published=True))
        rows = [row.row for row in maps[-1].rows if row.row]
        scouts = self._scouted(rows or self._nearest_rows(maps), maps[-1].others_published)
        if rows and not any(map(self._promising, scouts)):
            scouts += self._scouted(self._between(scouts), maps[-1].others_published)
        checked = self._check_best(sorted(scouts, key=self._rank))
        best = min([*checked, start], key=self._remoteness)
        others = [each for each in [*checked, start] if each is not best]
        found = not best.shortcomings(self._options)
        return Tuning(self._knobs, self._options, start, tuple(maps), tuple(scouts), (best, *others), found)

    def _compute(self, noun: str, items: Sequence[Item], task: Callable[[Any, Progress], Any]) -> list[Any]:
        """Do items at once, in any order; results in theirs."""

        def in_order(found: Mapping[int, Any]) -> list[Any]:
            return [found[index] for index in sorted(found)]

        return compute_in_memory(items, task, in_order, noun=noun, **self._how)

    def _map(self, *, others_published: bool, factors: Sequence[float] | None = None) -> TheoryMap:
        def row(factor: float, report: Progress) -> GridRow:
            return self._predictions.row(factor, others_published, report)

        items = [Item(str(factor), f"external rates times {factor:g}", factor) for factor in factors or RATE_FACTORS]
        rows = self._compute("external rates in the mean field", items, row)
        return TheoryMap(self._predictions.potentiations(), tuple(rows), others_published)

    def _scouted(self, rows: Sequence[Row], others_published: bool) -> list[Candidate]:
        """The points that are tried at each external rate."""

        def task(row: Row, report: Progress) -> list[Candidate]:
            return self._scout(row, others_published, report)

        seconds = _N_SCOUTS * self._options.duration
        items = [
            Item(str(row.rate_factor), f"external rates times {row.rate_factor:g}", row, self._scouting_seed, seconds)
            for row in rows
        ]
        return [each for found in self._compute("external rates", items, task) for each in found] if items else []

    def _scout(self, row: Row, others_published: bool, report: Progress) -> list[Candidate]:
        """Potentiations at one external rate, towards the one at which states change as often as they should."""
        low = potentiation = row.onset
        high, aim = max(low, min(row.top, _FARTHEST * low)), _AIM * self._options.fewest_switches
        found: list[Candidate] = []
        for k in range(_N_SCOUTS):
            point = Point(potentiation, row.rate_factor, others_published)
            done = k * self._options.duration
            trial = self._simulate(point, self._scouting_seed, lambda seconds, done=done: report(done + seconds))
            found.append(self._candidate(point, [trial]))
            if not trial.distinct or trial.n_switches > aim:
                low = potentiation
            elif k:
                high = potentiation
            else:
                break
            potentiation = (low + high) / 2
        return found

    def _between(self, scouts: Sequence[Candidate]) -> list[Row]:
        """The external rates halfway from the best one to its neighbours on the grid."""
        if not scouts:
            return []
        best = min(scouts, key=self._rank).point
        step = math.sqrt(RATE_STEP)
        factors = [round(best.rate_factor * each, 3) for each in (1 / step, step)]
        return [row.row for row in self._map(others_published=best.others_published, factors=factors).rows if row.row]

    def _nearest_rows(self, maps: Sequence[TheoryMap]) -> list[Row]:
        """Where another number of active clusters is stable and the uniform state is not, the nearest one."""
        others = {
            number
            for each in maps
            for leading in each.points
            if leading is not None and leading.get(0, -math.inf) > 0
            for number in stable_numbers(leading)
        }
        if not others:
            return []
        nearest = min(others, key=lambda number: min(abs(number - each) for each in self._wanted))
        predictions = Predictions(self._knobs, self._options.theory, {nearest})
        last = maps[-1]
        refined = (predictions.refined(row.rate_factor, last.others_published, row.leading) for row in last.rows)
        return [row for row in refined if row]

    def _check_best(self, ranked: Sequence[Candidate]) -> list[Candidate]:
        """Check the best points, until one is as wanted; if none is promising, the best of all."""
        checked: list[Candidate] = []
        for scout in [each for each in ranked if self._promising(each)][:_N_CHECKED] or ranked[:1]:
            checked.append(self._checked(scout.point))
            if not checked[-1].shortcomings(self._options):
                break
        return checked

    def _checked(self, point: Point) -> Candidate:
        def task(seed: int, report: Progress) -> SimulatedTrial:
            return self._simulate(point, seed, report)

        seconds = self._options.duration
        items = [Item(str(k), f"trial {k}", seed, seed, seconds) for k, seed in enumerate(self._seeds)]
        return self._candidate(point, self._compute("trials", items, task))

    def _candidate(self, point: Point, trials: Sequence[SimulatedTrial]) -> Candidate:
        leading = self._predictions.leading(point)
        return Candidate(point, leading, self._predictions.qualifies(leading), tuple(trials))

    def _promising(self, scout: Candidate) -> bool:
        """Whether a scout is as wanted, with switches to spare."""
        fewest = math.ceil(_LEAST * self._options.fewest_switches)
        return not scout.shortcomings(replace(self._options, least_switches=fewest))

    def _rank(self, scout: Candidate) -> tuple[bool, int, float]:
        """Order of scouts: by time with the wanted number, in tenths; then by how near the switches are to the aim."""
        switches = max(scout.trials[0].n_switches, 0.5) / (_AIM * self._options.fewest_switches)
        return not scout.trials[0].distinct, -round(10 * scout.share(self._wanted)), abs(math.log(switches))

    def _remoteness(self, candidate: Candidate) -> tuple[int, int, float, float]:
        """Order of checked points: trials that fall short, kinds of shortcomings, time, number of active clusters."""
        fewest = self._options.fewest_switches
        short = sum(bool(trial.shortcomings(self._wanted, fewest)) for trial in candidate.trials)
        away = min(abs(candidate.trials[0].n_active - number) for number in self._wanted)
        return short, len(candidate.shortcomings(self._options)), -candidate.share(self._wanted), away
