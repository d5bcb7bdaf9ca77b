"""States of the network and their names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from neuro_mod.errors import invalid

#: The sorted labels of the active clusters, ``()`` without any; or the number of a hidden state.
State = tuple[int, ...] | int
#: A state as users give it: labels in any order, or the number of a hidden state; methods also take its name.
StateLike = Iterable[int] | int

#: No cluster is active.
EMPTY: State = ()

_EMPTY_NAME = "none"
_HIDDEN_PREFIX = "S"
_CLUSTER = re.compile(r"\s*E?([0-9]{1,6})\s*")


def state_name(state: State) -> str:
    """``0+3+7`` for the clusters 0, 3 and 7, ``none`` for ``()``, ``S4`` for the hidden state 4."""
    if not isinstance(state, tuple):
        return f"{_HIDDEN_PREFIX}{state}"
    return "+".join(map(str, state)) or _EMPTY_NAME


def parse_state(name: str) -> State:
    """The state of a name.

    Args:
        name: As `state_name` writes it.

    Raises:
        InputError: It is not the name of a state.
    """
    state = _read(name)
    if state is None or state_name(state) != name or (isinstance(state, tuple) and sorted(set(state)) != list(state)):
        raise invalid("state", name, f"sorted labels such as 0+3+7, {_EMPTY_NAME}, or {_HIDDEN_PREFIX}4")
    return state


def clusters_of_state(name: str, n_clusters: int | None = None, place: str = "state") -> tuple[int, ...]:
    """The active clusters of a state that a user names, ascending: ``0+3+7``, ``E3 + E0 + E7`` or ``none``.

    Args:
        name: The name; the order does not matter.
        n_clusters: Number of clusters, if it is known.
        place: Where the name stands, for messages.

    Raises:
        InputError: It is not the name of a state of these clusters.

    Example:
        >>> clusters_of_state("E7+E0", 18)
        (0, 7)
    """
    if name.strip() == _EMPTY_NAME:
        return ()
    found = [_CLUSTER.fullmatch(part) for part in name.split("+")]
    clusters = [int(match[1]) for match in found if match]
    range_ = "" if n_clusters is None else f" from 0 to {n_clusters - 1}"
    valid = f"E clusters{range_} joined by +, such as 0+1 or E0+E1, or {_EMPTY_NAME}"
    if len(clusters) < len(found) or (n_clusters is not None and max(clusters) >= n_clusters):
        raise invalid(place, name, valid)
    if len(set(clusters)) < len(clusters):
        raise invalid(place, name, valid, "a cluster is named twice")
    return tuple(sorted(clusters))


def state_order(state: State) -> tuple[int, tuple[int, ...]]:
    """Sort key: states of fewer active clusters come first, then those of smaller labels; hidden states by number."""
    labels = state if isinstance(state, tuple) else (state,)
    return len(labels), labels


def _read(name: str) -> State | None:
    if name == _EMPTY_NAME:
        return EMPTY
    hidden = name.removeprefix(_HIDDEN_PREFIX)
    try:
        if hidden != name:
            return int(hidden) if hidden.isdecimal() else None
        return tuple(int(label) for label in name.split("+"))
    except ValueError:
        return None
