"""Names under which simulators and tools keep times and neurons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from neuro_mod.recordings.conventions import Conventions, TimeUnit
from neuro_mod.recordings.readings import NAMES


class Pair(NamedTuple):
    """Names of the array of times and of that of neurons, and the unit of time that they imply."""

    times: str
    neurons: str
    unit: TimeUnit | None = None

    def applied_to(self, conventions: Conventions) -> Conventions:
        """Conventions with the unit, if the names imply one."""
        return conventions if self.unit is None else replace(conventions, time_unit=self.unit)


#: Ours, Brian2's, those of the events of a recorder of NEST, and SONATA's.
PAIRS = (
    Pair("times", "neurons"),
    Pair("times", "ids"),
    Pair("t", "i"),
    Pair("times", "senders", "ms"),
    Pair("timestamps", "node_ids", "ms"),
)


def pair_of(names: Iterable[Any]) -> Pair | None:
    """The names of times and neurons among the names of arrays, if there are any."""
    known = set(names)
    return next((pair for pair in PAIRS if {pair.times, pair.neurons} <= known), None)


def with_usual_names(arrays: Mapping[str, Any], pair: Pair) -> dict[str, Any]:
    """The arrays with `NAMES`, of which those of times and neurons had other names."""
    others = {
        name: array for name, array in arrays.items() if name in NAMES and name not in ("times", "neurons", "ids")
    }
    return {"times": arrays[pair.times], "neurons": arrays[pair.neurons]} | others
