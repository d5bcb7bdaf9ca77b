"""Styles of steady states: a marker for each kind, a colour for each number of active clusters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from neuro_mod.errors import invalid

#: Shapes by kind, as ``classify`` of the mean field names them. Stable states are filled, others are open.
SHAPES = {
    "stable node": "o",
    "stable focus": "s",
    "unstable node": "o",
    "unstable focus": "s",
    "saddle": "^",
    "marginal": "X",
}
STATE_COLOUR, OPEN_COLOUR = "#1A1A1A", "#FFFFFF"
MARKER_SIZE = 5.0

#: Colours of numbers of active clusters, and the part of the map that is dark enough for lines on white.
ACTIVE_MAP, _DARK_PART = "viridis", (0.0, 0.85)


def is_stable(kind: str) -> bool:
    """Whether a state of this kind is an attractor."""
    return kind.startswith("stable")


def stable_kinds(kinds: Sequence[str]) -> NDArray[np.bool_]:
    """Which states are attractors, shape ``(len(kinds),)``."""
    return np.array([is_stable(kind) for kind in kinds], dtype=bool)


def check_kinds(kinds: Sequence[str], n: int) -> None:
    """Refuse unknown kinds of steady states, and numbers of them other than n.

    Raises:
        InputError: The message lists the valid ones.
    """
    if len(kinds) != n:
        raise invalid("number of kinds", len(kinds), f"{n}, one for each state")
    for kind in kinds:
        if kind not in SHAPES:
            raise invalid("kind of steady state", kind, f"one of {', '.join(SHAPES)}")


def marker_style(kind: str, size: float = MARKER_SIZE, colour: str = STATE_COLOUR) -> dict[str, Any]:
    """Settings of a line that shows states of a kind: filled where they are stable, else open."""
    filled = is_stable(kind)
    return {
        "linestyle": "none",
        "marker": SHAPES[kind],
        "markersize": size,
        "markerfacecolor": colour if filled else OPEN_COLOUR,
        "markeredgecolor": OPEN_COLOUR if filled else colour,
        "markeredgewidth": 0.4 if filled else 0.8,
    }


def draw_states(
    axes: Axes,
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    kinds: Sequence[str],
    *,
    size: float = MARKER_SIZE,
    colour: str = STATE_COLOUR,
) -> None:
    """Draw states as markers by kind, attractors last.

    Args:
        axes: Where to draw.
        x: Places of the states, shape ``(K,)``.
        y: Places of the states, shape ``(K,)``.
        kinds: Kind of each state.
        size: Size of the markers in points.
        colour: Colour of the markers.
    """
    for kind in kinds_present(kinds)[::-1]:
        chosen = np.array([each == kind for each in kinds])
        axes.plot(x[chosen], y[chosen], label=kind, zorder=6, **marker_style(kind, size, colour))


def kind_handles(kinds: Iterable[str]) -> list[Line2D]:
    """Entries of a legend for the kinds that occur."""
    return [Line2D([], [], label=kind, **marker_style(kind)) for kind in kinds_present(kinds)]


def plural(kind: str, number: int) -> str:
    """A number of states of a kind: ``31 saddles``, ``1 stable focus``."""
    many = "" if number == 1 or kind == "marginal" else "s"
    return f"{number} {kind.replace('focus', 'foci') if many and kind.endswith('focus') else kind + many}"


def kinds_present(kinds: Iterable[str]) -> list[str]:
    """The kinds that occur, attractors first."""
    occurring = set(kinds)
    return [kind for kind in SHAPES if kind in occurring]


def active_colours(numbers: Iterable[int]) -> dict[int, str]:
    """A colour ``#RRGGBB`` for each number of active clusters, from dark to light."""
    distinct = sorted({int(number) for number in numbers})
    shades = mpl.colormaps[ACTIVE_MAP](np.linspace(*_DARK_PART, len(distinct)))
    return {number: to_hex(shade) for number, shade in zip(distinct, shades, strict=True)}
