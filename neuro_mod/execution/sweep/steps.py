"""The steps of a sweep written in Python as work on many items: one for each value and repeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

import neuro_mod
from neuro_mod.config.plain import plain
from neuro_mod.execution.executors import Task
from neuro_mod.execution.jobs import Item, Job, JobFolder, Outcome
from neuro_mod.execution.sweep.configs import save_configs
from neuro_mod.execution.sweep.parameter import Swept
from neuro_mod.execution.sweep.points import point_name, point_seed, repeat_of
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import step_config, step_result
from neuro_mod.storage.values import read_value

#: Results of all steps, in order, for each repeat.
Results = list[list[Any]]


class Steps(Job):
    """The steps of a sweep.

    Args:
        swept: What is swept.
        n_repeats: How often, with other seeds.
        task: Does a step, given its number and seed; returns what `storage.values.value_arrays` does.
        task_identity: On what its results depend besides.
        summarise: Called with all results once there are all of them, and with the folder.
    """

    nouns = ("step", "steps")

    def __init__(
        self,
        swept: Swept,
        n_repeats: int,
        task: Task,
        task_identity: Mapping[str, Any],
        summarise: Callable[[Results, Files], None],
    ):
        self._swept, self._n_repeats = swept, n_repeats
        self._task, self._task_identity = task, task_identity
        self._summarise = summarise
        self._items = [self._item(step, repeat) for repeat in range(n_repeats) for step in range(self._n_steps)]
        #: What the steps returned, once all are finished.
        self.results: Results | None = None

    @property
    def items(self) -> Sequence[Item]:
        """One for each value and repeat; all values come before the next repeat."""
        return self._items

    @property
    def task(self) -> Task:
        """Does a step, given its number and seed."""
        return self._task

    @property
    def identity(self) -> dict[str, Any]:
        """Parameter, configuration and code; neither the values nor the number of repeats."""
        return {
            "what": "sweep in Python",
            "version": neuro_mod.__version__,
            "param": self._swept.key,
            **self._task_identity,
            "config": self._swept.baseline.determining(),
        }

    @property
    def config(self) -> str:
        """The configuration that is varied."""
        return self._swept.baseline.to_yaml()

    def describe(self) -> dict[str, Any]:
        """The sweep in numbers."""
        return {
            "random_seed": self._root_seed,
            "param": self._swept.key,
            "sweep_params": plain(list(self._swept.values)),
            "n_repeats": self._n_repeats,
        }

    def prepare(self, folder: JobFolder) -> None:
        """Save the configuration of each step, seed included, and nothing of other steps that were there before."""
        texts = ((self._config(item), self._swept.experiment(*item.argument).to_yaml()) for item in self.items)
        save_configs(folder, texts, "step_*.yaml")

    def save(self, files: Files, item: Item, result: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
        """Save what a step returned."""
        files.save_arrays(self._file(item), **result)
        return {}

    def conclude(self, folder: JobFolder, outcome: Outcome) -> dict[str, Any]:
        """Give the results to whoever makes something of them, if they are complete; say where each is."""
        if outcome.complete:
            found = iter(self.items)
            self.results = [
                [read_value(folder.path / self._file(next(found))) for _ in range(self._n_steps)]
                for _ in range(self._n_repeats)
            ]
            self._summarise(self.results, folder)
        return {"steps": [self._about(item) | {"finished": item.key in folder.done} for item in self.items]}

    @property
    def _n_steps(self) -> int:
        return len(self._swept.values)

    @property
    def _root_seed(self) -> int:
        return self._swept.baseline.settings.random_seed

    def _item(self, step: int, repeat: int) -> Item:
        point = self._swept.points[step]
        seed = point_seed(self._root_seed, point, repeat)
        name = self._swept.in_words(step) + (f", repeat {repeat}" if self._n_repeats > 1 else "")
        return Item(f"{point} repeat {repeat}", name, (step, seed), seed)

    def _config(self, item: Item) -> str:
        return step_config(item.argument[0], repeat_of(item.key))

    def _file(self, item: Item) -> str:
        step, _ = item.argument
        return step_result(point_name(self._swept.points[step]), repeat_of(item.key))

    def _about(self, item: Item) -> dict[str, Any]:
        step, seed = item.argument
        return {
            "step": step,
            "repeat": repeat_of(item.key),
            "value": plain(self._swept.values[step]),
            "seed": seed,
            "config": self._config(item),
            "result": self._file(item),
        }
