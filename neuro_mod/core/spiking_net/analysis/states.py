"""What a metastable state is called."""

from __future__ import annotations

import re

#: The sorted labels of the clusters that are active together; a plain number for a state of a hidden Markov model.
State = tuple[int, ...] | int

#: No cluster is active.
EMPTY: State = ()
_EMPTY_NAME = "none"


def state_name(state: State) -> str:
    """``0+3+7`` for active clusters, ``none`` for no active cluster, ``S4`` for a hidden state."""
    if isinstance(state, tuple):
        return "+".join(map(str, state)) or _EMPTY_NAME
    return f"S{state}"


def parse_state(name: str) -> State:
    """The state of a name that `state_name` gives.

    Raises:
        ValueError: It is no such name.
    """
    if name == _EMPTY_NAME:
        return EMPTY
    if re.fullmatch(r"S\d+", name):
        return int(name[1:])
    if re.fullmatch(r"-?\d+(\+-?\d+)*", name):
        return tuple(map(int, name.split("+")))
    raise ValueError(f"{name!r} is no state; expected clusters as in 0+3+7, {_EMPTY_NAME}, or a hidden state as in S4")


def state_order(state: State) -> tuple[int, State]:
    """Sort key: the number of active clusters, then their labels; hidden states by their number."""
    return (len(state) if isinstance(state, tuple) else 0), state
