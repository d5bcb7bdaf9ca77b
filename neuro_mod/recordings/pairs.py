"""Names under which simulators and tools keep times and neurons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from neuro_mod.recordings.conventions import TimeUnit
from neuro_mod.recordings.readings import NAMES


class Pair(NamedTuple):
    """Names of the array of times and of that of neurons, the unit of time that they imply, and names beside them."""

    times: str
    neurons: str
    unit: TimeUnit | None = None
    beside: tuple[str, ...] = ()

    @property
    def known(self) -> set[str]:
        """Names of arrays that mean something else than a property of each spike."""
        return {self.times, self.neurons, *self.beside, *NAMES}


#: Ours, Brian2's, those of the events of a recorder of NEST, and SONATA's.
PAIRS = (
    Pair("times", "neurons"),
    Pair("times", "ids"),
    Pair("t", "i", beside=("N", "count")),  # number of spikes, and those of each neuron
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
