"""Figures of a design: its vector, the climb, what was verified, and which other states gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from neuro_mod.errors import InputError
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import legend_above_figure, legend_height
from neuro_mod.plotting.population_rows import EVEN_HEIGHTS, population_rows, wide_gap
from neuro_mod.plotting.target_labels import change_label
from neuro_mod.populations import Populations

_Array = NDArray[np.floating]

#: Colours by direction, and of predictions; distinct with any colour vision.
_COLOURS = {"design": "#0072B2", "naive": "#E69F00", "mean field": "#009E73", "random": "#9E9E9E"}
_OTHER_COLOUR, _PREDICTED_COLOUR, _GUIDE_COLOUR = "#4D4D4D", "#D55E00", "#B3B3B3"
#: Colours of states by role, in the order of the table.
_ROLE_COLOURS = ("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#9E9E9E")
#: Heights in mm of a panel of a vector, of the names below it, and of the other figures.
_VECTOR_HEIGHT, _NAMES, _HEIGHT = 20.0, 24.0, 60.0
#: Width of a bar; share of the width that populations take; length of a dash in widths of its line.
_BAR_WIDTH, _WIDTH_SHARE, _DASH = 0.8, 0.8, 4.0
_STEPS: dict[str, Any] = {"color": _OTHER_COLOUR, "marker": "o", "markersize": 3, "linewidth": 1}
_PREDICTED: dict[str, Any] = {"color": _PREDICTED_COLOUR, "marker": "D", "markersize": 4, "linestyle": "none"}
_FROZEN: dict[str, Any] = {"color": _GUIDE_COLOUR, "alpha": 0.3, "linewidth": 0}


def design_vectors(
    vectors: Mapping[str, _Array],
    target: str,
    populations: Populations,
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw vectors over cluster space, one panel each.

    Args:
        vectors: Entries by population, shape ``(P,)`` each, by name.
        target: What they change.
        populations: The layout; populations without neurons are left out.
        ax: Axes to draw in, instead of a new figure; several vectors share their place.
        width: Width of a new figure in inches [85 mm].

    Raises:
        InputError: There is none.
    """
    if not vectors:
        raise InputError("vectors: none found; expected at least one")
    rows = population_rows(populations, EVEN_HEIGHTS, gap=wide_gap(populations) / 2)
    colours = [style.population_colours(populations)[a] for a in rows.drawn]
    height = (_VECTOR_HEIGHT * len(vectors) + _NAMES) / style.MM_PER_INCH
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_COLUMN)
        if len(vectors) == 1:
            figure, axes = style.new_axes(width, height, ax=ax)
            panels = [axes]
        else:
            figure = style.new_figure(width, height, ax)
            panels = style.new_panels(figure, len(vectors), 1, shared=True)
        for axes, (name, vector) in zip(panels, vectors.items(), strict=True):
            axes.bar(rows.middles[rows.drawn], vector[rows.drawn], _BAR_WIDTH, color=colours)
            axes.axhline(0, color="black", linewidth=style.LINE_WIDTH)
            axes.set_title(name, loc="left", fontsize=style.TICK_SIZE, pad=2)
        panels[-1].set(xlim=(0, rows.end), xlabel="population")
        rows.name_on(panels[-1].xaxis, _WIDTH_SHARE * width * style.POINTS_PER_INCH)
        for axes in panels:
            axes.tick_params(axis="x", length=0, labelrotation=90)
        if len(vectors) == 1:
            panels[0].set_ylabel(change_label(target))
        else:
            figure.supylabel(change_label(target), fontsize=style.LABEL_SIZE)
    return style.whole(figure)


def design_progress(
    steps: Sequence[Mapping[str, Any]],
    verified: Mapping[str, float | None],
    label: str,
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw what each iteration of a climb measured, and the verified values beside it.

    Args:
        steps: Rows with ``iteration``, ``value``, ``standard_error`` and ``times_seen``; None where undefined.
        verified: Verified value by direction; lines that lie on each other alternate in colour.
        label: What is raised.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [85 mm].
    """
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_COLUMN)
        shown = [(name, value) for name, value in verified.items() if value is not None and name in _COLOURS]
        handles: list[Artist] = [Line2D([], [], label="climb, ± s.e.", **_STEPS)]
        looks = [_dashes(place, len(shown), _COLOURS[name]) for place, (name, _) in enumerate(shown)]
        for (name, _), look in zip(shown, looks, strict=True):
            handles.append(Line2D([], [], color=look["color"], linewidth=1, label=f"{name}, verified"))
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        figure, axes = style.new_axes(width, above + _HEIGHT / style.MM_PER_INCH, ax=ax)
        numbers, values, errors = (_column(steps, key) for key in ("iteration", "value", "standard_error"))
        axes.errorbar(numbers + 1, values, errors, **_STEPS)
        for (_, value), look in zip(shown, looks, strict=True):
            axes.axhline(value, **look)
        axes.set(xlabel="iteration", ylabel=_wrapped(label), ylim=(0, None))
        axes.xaxis.set_major_locator(style.round_ticks(6, integer=True))
        legend_above_figure(ax or figure, handles)
    return style.whole(figure)


def _dashes(place: int, number: int, colour: str) -> dict[str, Any]:
    """Dashes of one of some horizontal lines, with gaps where those of the others are."""
    rest = _DASH * (number - 1)
    return {"color": colour, "linewidth": 1, "linestyle": (-_DASH * place, (_DASH, rest)) if rest else "-"}


def design_verification(
    rows: Sequence[Mapping[str, Any]], label: str, *, ax: Axes | None = None, width: float | None = None
) -> Figure:
    """Draw the verified value of each direction with its error, and what was predicted.

    Args:
        rows: Rows with ``direction``, ``verified``, ``standard_error``, ``predicted``, ``predicted_low`` and
            ``predicted_high``; None where undefined.
        label: What is raised.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [85 mm].
    """
    names = [str(row["direction"]) for row in rows]
    places, values, errors = np.arange(len(rows)), _column(rows, "verified"), _column(rows, "standard_error")
    predicted, low, high = (_column(rows, key) for key in ("predicted", "predicted_low", "predicted_high"))
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_COLUMN)
        handles: list[Artist] = [
            Line2D([], [], color="black", marker="|", markersize=5, linestyle="none", label="± s.e.")
        ]
        if np.isfinite(predicted).any():
            handles.append(Line2D([], [], label="predicted by the climb, ± s.e.", **_PREDICTED))
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        figure, axes = style.new_axes(width, above + _HEIGHT / style.MM_PER_INCH, ax=ax)
        colours = [_COLOURS.get(name, _OTHER_COLOUR) for name in names]
        axes.bar(places, np.nan_to_num(values), 0.65, color=colours)
        axes.errorbar(places, values, errors, fmt="none", color="black", capsize=2, linewidth=1)
        if np.isfinite(predicted).any():
            axes.errorbar(
                places + _BAR_WIDTH / 8,
                predicted,
                [predicted - low, high - predicted],
                elinewidth=1,
                **_PREDICTED,
            )
        axes.set_xticks(places, [name.replace(" ", "\n") for name in names])
        axes.set_ylabel(_wrapped(label))
        axes.set_ylim(0, None)
        legend_above_figure(ax or figure, handles)
    return style.whole(figure)


def design_leakage(
    rows: Sequence[Mapping[str, Any]],
    least_states: int,
    label: str,
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the share of time in states by their role, over multiples of the designed vector.

    Args:
        rows: Rows with ``amplitude``, ``role``, ``share``, ``standard_error`` and ``states``.
        least_states: Multiples with fewer states are shaded: the network is no longer metastable.
        label: What the multiples are.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [85 mm].
    """
    roles = list(dict.fromkeys(str(row["role"]) for row in rows))
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_COLUMN)
        handles: list[Artist] = [
            Line2D([], [], label=role, **_role_look(colour)) for role, colour in zip(roles, _ROLE_COLOURS, strict=False)
        ]
        amplitudes = _column(rows, "amplitude")
        frozen = [row["amplitude"] for row in rows if row["states"] < least_states and row["amplitude"] > 0]
        if frozen:
            handles.append(Patch(label=f"fewer than {least_states} states", **_FROZEN))
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        figure, axes = style.new_axes(width, above + _HEIGHT / style.MM_PER_INCH, ax=ax)
        for role, colour in zip(roles, _ROLE_COLOURS, strict=False):
            mine = [row for row in rows if row["role"] == role]
            where, shares, errors = (_column(mine, key) for key in ("amplitude", "share", "standard_error"))
            axes.errorbar(where, shares, errors, **_role_look(colour))
        if frozen:
            before = amplitudes[amplitudes < min(frozen)].max()
            axes.axvspan((before + min(frozen)) / 2, amplitudes.max(), **_FROZEN)
        axes.axvline(1, color=_GUIDE_COLOUR, linewidth=style.LINE_WIDTH, zorder=0)
        axes.set(xlabel=label, ylabel="share of time", ylim=(0, 1.02), xlim=(0, 1.02 * amplitudes.max()))
        legend_above_figure(ax or figure, handles)
    return style.whole(figure)


def _role_look(colour: str) -> dict[str, Any]:
    return {"color": colour, "marker": "o", "markersize": 2.5, "linewidth": 1}


def _wrapped(label: str) -> str:
    """A label in two lines, if it is long."""
    if len(label) < 30:
        return label
    words, first = label.split(), ""
    while words and len(first) < len(label) / 2:
        first = f"{first} {words.pop(0)}".strip()
    return f"{first}\n{' '.join(words)}"


def _column(rows: Sequence[Mapping[str, Any]], key: str) -> NDArray[np.float64]:
    return np.array([np.nan if row.get(key) is None else row[key] for row in rows], np.float64)
