"""Names and colours of detected states: colours for common ones, grey for others, white for none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.states.names import EMPTY, State, state_name, state_order
from neuro_mod.errors import invalid
from neuro_mod.plotting.style import LINE_WIDTH

if TYPE_CHECKING:
    import pandas as pd

#: Of the most common states, in turn; distinct with any colour vision.
STATE_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
#: Letters of a name at most.
_MAX_LENGTH = 14
OTHER_COLOUR, EMPTY_COLOUR, FRAME_COLOUR = "#B3B3B3", "#FFFFFF", "#7F7F7F"


def state_colours(visits: pd.DataFrame | Mapping[str, Iterable[Any]]) -> dict[State, str]:
    """Colours of the states other than ``()`` that take most of the time, the most common first.

    Args:
        visits: Frame or mapping of visits, with the columns ``state`` and ``duration``.
    """
    time: dict[State, float] = {}
    for state, duration in zip(visits["state"], visits["duration"], strict=True):
        if state != EMPTY:
            time[state] = time.get(state, 0.0) + duration
    common = sorted(time, key=lambda state: (-time[state], state_order(state)))
    return dict(zip(common, STATE_COLOURS, strict=False))


def colour_of(state: State, colours: Mapping[State, str]) -> str:
    """Colour of a state: its own, that of ``()``, or that of all others."""
    return EMPTY_COLOUR if state == EMPTY else colours.get(state, OTHER_COLOUR)


def short_name(state: State) -> str:
    """Name of a state; one of many clusters as ``0+4+…+57 (30)``, with their number."""
    name = state_name(state)
    if not isinstance(state, tuple) or len(name) <= _MAX_LENGTH:
        return name
    return f"{state[0]}+{state[1]}+\N{HORIZONTAL ELLIPSIS}+{state[-1]} ({len(state)})"


def state_handles(states: Iterable[State], colours: Mapping[State, str]) -> list[Patch]:
    """Entries of a legend for states that occur: those with a colour of their own, ``none``, the number of others."""
    occurring = set(states)
    handles = [_patch(colour, short_name(state)) for state, colour in colours.items() if state in occurring]
    if EMPTY in occurring:
        handles.append(_patch(EMPTY_COLOUR, state_name(EMPTY)))
    n_others = len(occurring - set(colours) - {EMPTY})
    if n_others:
        handles.append(_patch(OTHER_COLOUR, f"{n_others} other{'s' * (n_others > 1)}"))
    return handles


def numbers_active(states: Iterable[State]) -> NDArray[np.int64]:
    """Number of active clusters of each of n states, shape ``(n,)``.

    Raises:
        InputError: States of a hidden Markov model, of which it is not known.
    """
    numbers = []
    for state in states:
        if not isinstance(state, tuple):
            raise invalid("state", state_name(state), "a set of active clusters, not a hidden state")
        numbers.append(len(state))
    return np.array(numbers, dtype=np.int64)


def _patch(colour: str, label: str) -> Patch:
    return Patch(facecolor=colour, edgecolor=FRAME_COLOUR, linewidth=LINE_WIDTH, label=label)
