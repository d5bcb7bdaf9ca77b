"""The points of a sweep as a job uses them: keys, seeds, items and configurations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, overload

from neuro_mod.config import Experiment
from neuro_mod.config.plain import canonical_text
from neuro_mod.config.sweep import Sweep
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


def repeat_of(item: Item) -> int:
    """Number of the repeat, from 0, of an item of a sweep."""
    return int(item.key.rsplit(" ", 1)[1])


def noise_in_plan(sweep: Sweep) -> dict[str, str]:
    """What a plan says about common noise: nothing where noise is independent, as in plans of earlier versions."""
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
    """The items of a sweep, one for each point and repeat, each made on demand. Arguments are a `Point` and a seed.

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
        if self._repeats_outermost:
            repeat, place = divmod(number, len(self._sweep.points))
        else:
            place, repeat = divmod(number, self._sweep.file.repeats)
        point = self._sweep.points[place]
        key = point_key(point.values)
        seed = point_seed(self._sweep.seed, "" if self._sweep.file.common_noise else key, repeat)
        name = f"{point}, repeat {repeat}"
        return Item(f"{key} repeat {repeat}", name, (point, seed), seed, float(self._sweep.durations[place]))


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
