"""Spikes as Neo objects.

References:
    Garcia et al. (2014) Neo: an object model for handling electrophysiology data in multiple formats. Front.
    Neuroinform. 8:10.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neuro_mod.errors import DataError, invalid
from neuro_mod.optional import optional
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.readings import Reading, labels_of_neurons, reading_of_units
from neuro_mod.recordings.rows import NONE_VARY, differing, refuse_unknown, separates_sessions
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.recordings.trains import trains_of
from neuro_mod.recordings.windows import SAME

#: Neo classes that hold spikes.
_KINDS = ("Block", "Segment", "SpikeTrainList", "SpikeTrain")


def to_neo(spikes: SpikeEvents, labels: ArrayLike | None = None, name: str | None = None) -> Any:
    """A ``neo.Segment`` with one spike train for each neuron, silent ones included.

    Trains are annotated with ``neuron``, ``delta_t`` (s) and, given labels, ``cluster``.

    Args:
        spikes: Spikes of one session.
        labels: Label of each neuron's cluster, shape ``(n_neurons,)``.
        name: Name of the segment.

    Raises:
        ImportError: Neo is not installed.
        InputError: These are no `SpikeEvents`, or there is not one label for each neuron.

    Examples:
        >>> import numpy as np
        >>> from neuro_mod import SpikeEvents, to_neo
        >>> spikes = SpikeEvents(np.array([0, 2, 2]), np.array([1, 0, 3]), n_steps=40, n_neurons=5, delta_t=0.5e-3)
        >>> segment = to_neo(spikes)
        >>> len(segment.spiketrains), segment.spiketrains[3].times
        (5, array([0.001]) * s)
    """
    trains, neo = trains_of(spikes), optional("neo", "neo")
    clusters = None if labels is None else labels_of_neurons(spikes, labels)
    segment = neo.Segment(name=name)
    for neuron, times in enumerate(trains):
        about = {"neuron": neuron, "delta_t": spikes.delta_t}
        if clusters is not None:
            about["cluster"] = int(clusters[neuron])
        segment.spiketrains.append(neo.SpikeTrain(times, units="s", t_start=0.0, t_stop=spikes.duration, **about))
    return segment


def is_neo(data: Any) -> bool:
    """Whether these are a block, a segment, a spike train, or a list of spike trains."""
    if isinstance(data, Sequence) and not isinstance(data, str) and len(data):
        return all(_kind(each) == "SpikeTrain" for each in data)
    return _kind(data) is not None


def from_neo(data: Any, conventions: Conventions | None = None) -> list[Reading]:
    """The sessions of a block (its segments), of a segment, or of the spike trains of one session.

    A session lasts from ``t_start``, from which its times are counted, to ``t_stop`` of its trains. Neuron i is the
    i-th train. Its cluster is the annotation ``cluster``, if all trains have it. The time step is that of the
    conventions, or else the annotation ``delta_t``.

    Args:
        data: The block, segment, or list of trains.
        conventions: The time unit and first neuron are not used.

    Raises:
        InputError: These are no objects of Neo.
        DataError: Trains of one session begin or end at different times, or contradict the conventions.

    Examples:
        >>> import numpy as np
        >>> from neuro_mod import SpikeEvents, from_neo, to_neo
        >>> spikes = SpikeEvents(np.array([0, 2, 2]), np.array([1, 0, 3]), n_steps=40, n_neurons=5, delta_t=0.5e-3)
        >>> [reading] = from_neo(to_neo(spikes, labels=[0, 0, 1, 1, 1]))
        >>> len(reading.spikes), reading.labels.tolist()
        (3, [0, 0, 1, 1, 1])
    """
    if not is_neo(data):
        raise invalid("data", data, "a block, a segment, or a list of spike trains of Neo")
    return [read(conventions or Conventions()) for _, read in neo_sessions(data, "session 0")]


def neo_sessions(data: Any, name: str) -> list[tuple[str, Callable[[Conventions], Reading]]]:
    """Name and reader of each session of a Neo object.

    Raises:
        DataError: There is no session.
    """
    kind = _kind(data)
    if kind == "SpikeTrain":
        raise DataError(f"{name}: one spike train found; expected a segment, or a list of trains, one for each neuron")
    segments = data.segments if kind == "Block" else [data]
    if not segments:
        raise DataError(f"{name}: a block without segments found; expected at least one")
    named = [
        (getattr(segment, "name", None) or (f"{name}, segment {index}" if kind == "Block" else name), segment)
        for index, segment in enumerate(segments)
    ]
    return [(title, partial(_read, getattr(segment, "spiketrains", segment), title)) for title, segment in named]


def _kind(data: Any) -> str | None:
    """Name of the class of Neo that data belong to; Neo is not imported for it."""
    for each in type(data).__mro__:
        if each.__module__.split(".")[0] == "neo" and each.__name__ in _KINDS:
            return each.__name__
    return None


def _read(trains: Any, where: str, conventions: Conventions) -> Reading:
    if not len(trains):
        raise DataError(f"{where}: no spike trains found; expected at least one")
    begin, end = _span(trains, where)
    steps, labels = (_annotations(trains, name, where) for name in ("delta_t", "cluster"))
    if steps is not None and not np.allclose(steps, steps[0], rtol=SAME, atol=0):
        raise DataError(f"{where}: spike trains with different delta_t found; expected the same for all")
    refuse_unknown(_separating(trains), conventions, where, f"a segment for each trial, or {NONE_VARY}")
    conventions = conventions.at_resolution(None if steps is None else steps[0])
    times = np.concatenate([train.rescale("s").magnitude for train in trains])
    counts = np.array([len(train) for train in trains], np.int64)
    return reading_of_units(times, counts, (begin, end), conventions, where, labels)


def _span(trains: Any, where: str) -> tuple[float, float]:
    """Begin and end of the session in seconds, common to all trains; 2300 ms and 2.3 s differ by rounding."""
    found = {
        name: [float(getattr(train, name).rescale("s").magnitude) for train in trains] for name in ("t_start", "t_stop")
    }
    scale = max(map(abs, (*found["t_start"], *found["t_stop"])))
    for name, values in found.items():
        if max(values) - min(values) > SAME * scale:
            shown = f"{min(values):.10g} to {max(values):.10g} s"
            raise DataError(f"{where}: {name} from {shown} found; expected one value for all")
    return min(found["t_start"]), max(found["t_stop"])


def _separating(trains: Any) -> list[str]:
    """Names of annotations that separate sessions and differ between the trains, and of arrays of the spikes that vary.

    Annotations of neurons, such as their channels, do not matter.
    """
    names = dict.fromkeys(name for train in trains for name in train.annotations if separates_sessions(name))
    of_trains = [name for name in names if len({str(train.annotations.get(name)) for train in trains}) > 1]
    arrays = dict.fromkeys(name for train in trains for name in train.array_annotations)
    columns = {name: [train.array_annotations.get(name, ()) for train in trains] for name in arrays}
    complete = [name for name in arrays if list(map(len, columns[name])) == list(map(len, trains))]
    of_spikes = differing({name: np.concatenate([np.asarray(each) for each in columns[name]]) for name in complete})
    return [*of_trains, *of_spikes, *(name for name in arrays if name not in complete)]


def _annotations(trains: Any, name: str, where: str) -> list[Any] | None:
    found = [train.annotations[name] for train in trains if name in train.annotations]
    if found and len(found) < len(trains):
        raise DataError(f"{where}: {name} of {len(found)} of {len(trains)} spike trains found; expected all or none")
    return found or None
