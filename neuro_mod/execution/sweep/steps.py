"""The job of a sweep written in Python: a step at each value and repeat."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from neuro_mod.checks import user_path
from neuro_mod.config.plain import plain
from neuro_mod.config.sweep import Sweep
from neuro_mod.errors import DataError
from neuro_mod.execution.executors import Task
from neuro_mod.execution.jobs import Item, Job, JobFolder, Outcome
from neuro_mod.execution.sweep.points import Run, Runs, experiment_at, noise_in_plan, point_name, save_configs
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import PLAN, step_config, step_result
from neuro_mod.storage.reading import read_json
from neuro_mod.storage.values import read_value

_LOG = logging.getLogger(__name__)

_EARLIER = (
    f"{PLAN} was made by an earlier version of neuro_mod: whether your code has changed since then cannot be detected; "
    "changes from now on are"
)

#: Results of all steps, in order, for each repeat.
Results = list[list[Any]]


class StepsJob(Job):
    """The steps of a sweep of one parameter.

    Args:
        sweep: The sweep.
        task: Does a step, given its point and seed; returns the arrays of `storage.values.value_arrays`.
        determining: What results depend on besides parameter and configuration.
        summarise: Called with the results and the folder once all steps are finished.
        earlier: Plan of an earlier version in the folder, see `earlier_plan`.
    """

    nouns = ("step", "steps")

    def __init__(
        self,
        sweep: Sweep,
        task: Task,
        determining: Mapping[str, Any],
        summarise: Callable[[Results, Files], None],
        earlier: Mapping[str, Any],
    ):
        self._sweep, self._summarise, self._earlier = sweep, summarise, earlier
        (self._key,) = sweep.parameters
        description = {
            "random_seed": sweep.seed,
            "param": self._key,
            "sweep_params": [plain(point.values[self._key]) for point in sweep.points],
            "n_repeats": sweep.file.repeats,
        }
        items = Runs(sweep, repeats_outermost=True)
        super().__init__(
            "sweep in Python",
            sweep.experiment,
            items,
            task,
            {"param": self._key, **noise_in_plan(sweep), **determining},
            description,
        )
        self._current = self.identity
        if earlier:
            self.identity = _as_planned(self.identity, earlier)
        #: Results of all steps, once they are finished.
        self.results: Results | None = None

    def remarks(self) -> list[str]:
        """Whether the code of finished steps cannot be compared."""
        return [_EARLIER] if self._earlier else []

    def prepare(self, folder: JobFolder) -> None:
        """Save the configuration of each step with its seed, and replace a plan of an earlier version."""
        if self._earlier:
            _LOG.warning(_EARLIER)
            folder.save_json(PLAN, self._current)
        save_configs(folder, ((_config(item), self._experiment(item)) for item in self.items), "step_*.yaml")

    def save(self, files: Files, item: Item, result: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
        """Save what a step returned."""
        files.save_arrays(_file(item), **result)
        return {}

    def conclude(self, folder: JobFolder, outcome: Outcome) -> dict[str, Any]:
        """Read the results of all steps and summarise them, if they are complete; list the steps."""
        if outcome.complete:
            flat = [read_value(folder.path / _file(item)) for item in self.items]
            n = len(self._sweep.points)
            self.results = [flat[start : start + n] for start in range(0, len(flat), n)]
            self._summarise(self.results, folder)
        return {"steps": [self._about(item) | {"finished": item.key in folder.done} for item in self.items]}

    def _experiment(self, item: Item) -> str:
        run: Run = item.argument
        return experiment_at(self._sweep.experiment, run.point.values, run.seed).to_yaml()

    def _about(self, item: Item) -> dict[str, Any]:
        run: Run = item.argument
        return {
            "step": run.point.index,
            "repeat": run.numbers[0],
            "value": plain(run.point.values[self._key]),
            "seed": run.seed,
            "config": _config(item),
            "result": _file(item),
        }


def _config(item: Item) -> str:
    run: Run = item.argument
    return step_config(run.point.index, *run.numbers)


def _file(item: Item) -> str:
    run: Run = item.argument
    return step_result(point_name(run.point.values), *run.numbers)


def earlier_plan(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """The plan of a folder if it was made by an earlier version, which listed the code of each function; else empty."""
    try:
        plan = read_json(user_path(folder) / PLAN)
    except (OSError, DataError):
        return {}
    return plan if isinstance(plan, dict) and any(key.startswith("code of ") for key in plan) else {}


def _as_planned(identity: Mapping[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """The plan of an earlier version with the arguments of now; its entries about code are not compared."""
    kept = {key: entry for key, entry in earlier.items() if not _is_argument(key)}
    return kept | {key: entry for key, entry in identity.items() if key in kept or _is_argument(key)}


def _is_argument(key: str) -> bool:
    return key.startswith("step_kwargs.")
