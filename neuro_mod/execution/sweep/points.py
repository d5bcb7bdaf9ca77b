"""The points of a sweep as a job uses them: keys, seeds, items and configurations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, overload

from neuro_mod.config import Experiment
from neuro_mod.config.plain import canonical_text
from neuro_mod.config.sweep import Point, Sweep
from neuro_mod.core.random import Stream
from neuro_mod.execution.jobs import Item, JobFolder
from neuro_mod.execution.stagers.seeds import with_perturbation_seeds
from neuro_mod.storage.names import CONFIGS


def point_key(values: Mapping[str, Any]) -> str:
    """The text that identifies a point of a sweep; it does not depend on the order of the values.

    Args:
        values: Values of the point by key: ``{"external_currents.nu_ext_baseline[0]": 7.5}``. Whole numbers and equal
            real numbers give the same text, and so do numbers of NumPy and Python.

    Returns:
        One line: ``arousal.level=0.25 external_currents.nu_ext_baseline[0]=7.5``.

    Raises:
        ValueError: A value is not finite, or not plain data.
    """
    return " ".join(f"{key}={canonical_text(value)}" for key, value in sorted(values.items()))


def point_seed(root_seed: int, key: str, repeat: int) -> int:
    """Seed of one run of a sweep; other points and repeats do not affect it.

    Args:
        root_seed: Seed of the sweep.
        key: Key of the point, see `point_key`; empty for a seed that all points share.
        repeat: Number of the repeat, from 0.
    """
    return Stream(root_seed, f"sweep {key}", (repeat,)).derived_seed


def point_name(values: Mapping[str, Any]) -> str:
    """The part of file names that identifies a point; adding points does not change it."""
    return hashlib.blake2b(point_key(values).encode(errors="backslashreplace"), digest_size=8).hexdigest()


def network_seed(root_seed: int, network: int) -> int:
    """Seed of a network that all points share, from 0: of its connections, heterogeneity and stimulated neurons."""
    return Stream(root_seed, "network", (network,)).derived_seed


def trial_seed(root_seed: int, network: int, trial: int) -> int:
    """Seed of the noise and the initial state of a trial of a network, from 0, at all points."""
    return Stream(root_seed, "network and trial", (network, trial)).derived_seed


class Run(NamedTuple):
    """Argument of an item of a sweep.

    Args:
        point: Its point.
        seed: Seed of its noise, and of its network unless that has its own.
        numbers: Number of the repeat; or of the network and of the trial.
        network_seed: Seed of the network, where all points share it.
    """

    point: Point
    seed: int
    numbers: tuple[int, ...]
    network_seed: int | None = None


def noise_in_plan(sweep: Sweep) -> dict[str, str]:
    """What a plan says about common noise: nothing where noise is independent, as in plans of earlier versions."""
    if sweep.file.by_network:
        return {"noise": "of each network and trial"}
    return {"noise": "common (noise: independent continues earlier results)"} if sweep.file.common_noise else {}


def experiment_at(experiment: Experiment, values: Mapping[str, Any], seed: int | None = None) -> Experiment:
    """The configuration at a point. Seeds of drawn perturbations, the same in all runs, are written out.

    Args:
        experiment: The configuration that is varied, with the root seed.
        values: Values of the point by key.
        seed: Seed of a run at the point; None for the root seed.
    """
    own = {} if seed is None else {"settings.random_seed": seed}
    return with_perturbation_seeds(experiment.replace({**values, **own}), experiment.settings.random_seed)


class Runs(Sequence[Item]):
    """The items of a sweep, one for each run at each point, each made on demand. Arguments are `Run`.

    Args:
        sweep: The sweep.
        repeats_outermost: Whether all points come before the next repeat, instead of all repeats before the next point.
    """

    def __init__(self, sweep: Sweep, repeats_outermost: bool):
        self._sweep, self._repeats_outermost = sweep, repeats_outermost

    def __len__(self) -> int:
        return self._sweep.n_runs

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        at_point = self._sweep.file.runs_at_point
        if self._repeats_outermost:
            run, place = divmod(number, len(self._sweep.points))
        else:
            place, run = divmod(number, at_point)
        point, duration = self._sweep.points[place], float(self._sweep.durations[place])
        key = point_key(point.overrides)
        if self._sweep.file.by_network and not self._sweep.file.of_mean_field_alone:
            network, trial = divmod(run, self._sweep.file.numbers[1])
            seeds = trial_seed(self._sweep.seed, network, trial), network_seed(self._sweep.seed, network)
            argument = Run(point, seeds[0], (network, trial), seeds[1])
            text = f"network {network} trial {trial}"
            return Item(f"{key} {text}", f"{point}, {text}", argument, seeds[0], duration)
        if self._sweep.file.of_mean_field_alone:  # its search has the root seed
            return Item(
                f"{key} repeat {run}", str(point), Run(point, self._sweep.seed, (0,) * len(self._sweep.file.numbers))
            )
        seed = point_seed(self._sweep.seed, "" if self._sweep.file.common_noise else key, run)
        return Item(f"{key} repeat {run}", f"{point}, repeat {run}", Run(point, seed, (run,)), seed, duration)


def save_configs(folder: JobFolder, texts: Iterable[tuple[str, str]], pattern: str) -> None:
    """Save the configurations of a sweep, and remove those of other points that an earlier call saved.

    Args:
        folder: The folder of the sweep.
        texts: Path within the folder and content of each configuration.
        pattern: Pattern that the names of all such configurations match.

    Raises:
        StorageError: The disk is full, say.
    """
    current = set()
    for name, text in texts:
        file = folder.path / name
        # reading is ten times as fast as writing, which waits for the disk
        if file.is_file() and file.read_bytes() == text.encode(errors="backslashreplace"):
            folder.keep(name)
        else:
            folder.save_text(name, text)
        current.add(file)
    for file in (folder.path / CONFIGS).glob(pattern):
        if file not in current:
            file.unlink()
