"""A configuration in which some values may be invalid, as the cross-checks see it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import reduce
from typing import Any

from neuro_mod.errors import KeyPath, Problem
from neuro_mod.populations import Populations, divide_into_clusters

#: No parameter is as large in any unit; far larger ones overflow in single precision.
LARGEST = 1e12


class UnavailableError(LookupError):
    """A check needs a value that is itself invalid, so it is skipped."""


class Draft:
    """Looks values up by key and refuses those that are known to be invalid.

    Args:
        experiment: Sections with attributes; invalid values have been replaced by defaults.
        invalid: Key paths of invalid values, or of whole blocks.
    """

    def __init__(self, experiment: Any, invalid: Collection[KeyPath] = ()) -> None:
        self._experiment = experiment
        self._invalid = invalid

    def __getitem__(self, key: str) -> Any:
        path = tuple(key.split("."))
        if any(path[: len(bad)] == bad or bad[: len(path)] == path for bad in self._invalid):
            raise UnavailableError(key)
        return reduce(getattr, path, self._experiment)

    @property
    def neurons_of_type(self) -> tuple[int, int]:
        """Numbers of E and of I neurons."""
        total, excitatory = self["architecture.network.n_neurons"], self["architecture.network.n_excitatory"]
        if excitatory > total:
            raise UnavailableError("architecture.network.n_excitatory")
        return excitatory, total - excitatory

    @property
    def populations(self) -> Populations:
        """The layout of cluster space."""
        n_clusters, background = self["architecture.clusters.n_clusters"], self["architecture.clusters.n_background"]
        try:
            return divide_into_clusters(n_clusters, self.neurons_of_type, background)
        except ValueError:
            raise UnavailableError("architecture.clusters.n_background") from None


def too_long(time: float, usual: float) -> tuple[str, str]:
    """What is expected instead of an unusually long time in seconds, and a hint: it may be in milliseconds."""
    meant = f"did you mean {time / 1e3:g}, or {time:g} ms? " if 2 * usual <= time <= 1e3 * usual else ""
    return f"at most {usual:g} s", f"{meant}(settings.allow_unusual: true accepts it)"


def too_large(path: KeyPath, value: Any) -> Iterator[Problem]:
    """The numbers at a key, or in its list, that are `LARGEST` or more in magnitude."""
    for index, number in enumerate(value if isinstance(value, tuple) else (value,)):
        if isinstance(number, float) and abs(number) >= LARGEST:
            place = (*path, index) if isinstance(value, tuple) else path
            yield Problem(place, f"{number:g} found", f"a number below {LARGEST:g} in magnitude")
