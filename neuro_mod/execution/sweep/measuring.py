"""Simulates and measures the runs of a sweep, or measures what was kept of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from neuro_mod.config import Experiment
from neuro_mod.config.sweep.mean_field import MeanFieldSettings, of_mean_field
from neuro_mod.execution.jobs.ledger import Entry
from neuro_mod.execution.jobs.updating import Updating
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.base import THEORY
from neuro_mod.execution.sweep.mean_field_measures import Theory, measure_mean_field
from neuro_mod.execution.sweep.measures import Numbers, depends_on_analysis, measure
from neuro_mod.execution.sweep.points import Run, experiment_at
from neuro_mod.execution.sweep.user_functions import UserFunction
from neuro_mod.recordings.saved import load_spikes
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.storage.files import Record
from neuro_mod.storage.names import is_spikes

_Key = TypeVar("_Key", int, tuple[int, int])
_Value = TypeVar("_Value")
#: How many points and networks are kept staged.
_MAX_STAGERS = 2


class KeptRun(NamedTuple):
    """A run of which the spikes were kept, to be measured.

    Args:
        run: The run.
        spikes: Its spikes.
        known: Measures that are known, as `table.to_plain` gives them.
        files: Sizes and hashes of the kept files, by name.
    """

    run: Run
    spikes: SpikeEvents
    known: Mapping[str, Any]
    files: Mapping[str, Record]


class Measured(NamedTuple):
    """The result of a run.

    Args:
        run: The run.
        numbers: Numbers by measure and column, of the measures that were not known.
        spikes: Spikes that are to be kept.
        known: As for `KeptRun`.
        kept: Files that were kept before, likewise.
        arrays: Arrays of the mean field by name, if there are measures of it.
    """

    run: Run
    numbers: dict[str, Numbers]
    spikes: SpikeEvents | None
    known: Mapping[str, Any]
    kept: Mapping[str, Record]
    arrays: Mapping[str, Any]


@dataclass(frozen=True)
class MeasureRun:
    """Simulates and measures one run, in any process.

    Args:
        experiment: The configuration that is varied.
        measures: See `find_measures`.
        analysis: Keyword arguments of `Analyzer` for measures.
        fix_network: Whether all runs use the network of the root seed.
        keep_spikes: Whether to return the spikes.
        mean_field: How measures of the mean field are computed.
    """

    experiment: Experiment
    measures: Mapping[str, UserFunction | None]
    analysis: Mapping[str, Any]
    fix_network: bool
    keep_spikes: bool
    mean_field: MeanFieldSettings
    _stagers: dict[tuple[int, int], StageSNNSimulation] = field(default_factory=dict, init=False, compare=False)
    _theories: dict[int, Theory] = field(default_factory=dict, init=False, compare=False)

    def __call__(self, argument: Run | KeptRun, report: Progress) -> Measured:
        """Do it."""
        if isinstance(argument, KeptRun):
            return self._measure_kept(argument)
        theory, simulated = self._theory(argument), self._simulated
        if not simulated:
            return Measured(argument, theory.numbers, None, {}, {}, theory.arrays)
        outputs = self._stager(argument).run(record=("spikes",), noise_seed=argument.seed, progress=report)
        numbers = measure(outputs, simulated, self.analysis) | theory.numbers
        return Measured(argument, numbers, outputs["spikes"] if self.keep_spikes else None, {}, {}, theory.arrays)

    def _measure_kept(self, kept: KeptRun) -> Measured:
        missing = {name: function for name, function in self._simulated.items() if name not in kept.known}
        theory = self._theory(kept.run)  # again, as its arrays are not kept
        numbers = dict(theory.numbers)
        if missing:
            outputs = self._stager(kept.run).outputs_of(kept.spikes, kept.run.seed)
            numbers |= measure(outputs, missing, self.analysis)
        return Measured(kept.run, numbers, None, kept.known, kept.files, theory.arrays)

    @property
    def _simulated(self) -> dict[str, UserFunction | None]:
        """The measures for which a run is simulated."""
        theory = of_mean_field(self.measures)
        return {name: function for name, function in self.measures.items() if name not in theory}

    def _theory(self, run: Run) -> Theory:
        """The measures of the mean field, which are the same in all runs at a point."""
        names, known = of_mean_field(self.measures), self._theories.get(run.point.index)
        if known is None:
            # the table of a mean field has the seed of the sweep, whatever runs there are beside it
            at_point = experiment_at(self.experiment, run.point.overrides)
            known = measure_mean_field(at_point, names, self.mean_field) if names else Theory({}, {})
            _keep(self._theories, run.point.index, known)
        return known

    def _stager(self, run: Run) -> StageSNNSimulation:
        """The configuration at the point of a run, with the network of the run."""
        at_point = self._known(run)
        if self.fix_network or run.network_seed is not None:
            return at_point
        return at_point.with_seed(run.seed)

    def _known(self, run: Run) -> StageSNNSimulation:
        """What runs at a point share, kept for the others: with the root seed, or with that of their network."""
        place = run.point.index, 0 if run.network_seed is None else run.numbers[0]
        known = self._stagers.get(place)
        if known is None:
            known = StageSNNSimulation(experiment_at(self.experiment, run.point.overrides, run.network_seed))
            _keep(self._stagers, place, known)
        return known


def _keep(known: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    """Keep a value for the last places only; several threads are at neighbouring points."""
    known[key] = value
    for other in sorted(known)[:-_MAX_STAGERS]:
        known.pop(other, None)


@dataclass(frozen=True)
class Remeasuring(Updating):
    """Measures runs of which the spikes were kept, when other measures or another analysis are asked for.

    Args:
        versions: Versions of the code of the measures.
        analysis: The settings of the analysis, as the plan has them.
        mean_field: The settings of measures of the mean field, likewise.
    """

    versions: Mapping[str, str]
    analysis: Mapping[str, Any]
    mean_field: Mapping[str, Any]

    revisable = ("measures", "analysis", THEORY)

    def valid(self, about: Mapping[str, Any], before: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Updating.valid`: measures whose code is the same, and the analysis if they depend on it."""
        same_analysis = before.get("analysis", {}) == self.analysis
        theory = of_mean_field(self.versions) if before.get(THEORY, {}) != self.mean_field else []
        versions = before.get("measures", {})
        kept = {
            name: numbers
            for name, numbers in about["measures"].items()
            if name in self.versions
            and name not in theory
            and versions.get(name) == self.versions[name]
            and (same_analysis or not depends_on_analysis(name))
        }
        return {**about, "measures": kept}

    def is_complete(self, entry: Entry) -> bool:
        """See `Updating.is_complete`: also the file of the measures is there."""
        has_result = not all(map(is_spikes, entry.files))
        return has_result and entry.about["measures"].keys() == self.versions.keys()

    def needed(self, names: Collection[str]) -> list[str]:
        """See `Updating.needed`: the spikes."""
        return [name for name in names if is_spikes(name)]

    def argument(self, argument: Any, entry: Entry, folder: Path) -> KeptRun:
        """See `Updating.argument`."""
        (name,) = entry.files
        return KeptRun(argument, load_spikes(folder / name), entry.about["measures"], entry.files)

    def summary(self, n: int) -> str:
        """See `Updating.summary`."""
        return f"{n} run{'s are' if n > 1 else ' is'} measured from the spikes that were kept, and not simulated again"
