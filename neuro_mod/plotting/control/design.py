"""Figures of a design: its vector, the climb, what was verified, and which other states gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neuro_mod.errors import InputError
from neuro_mod.plotting import style
from neuro_mod.plotting.target_labels import change_label
from neuro_mod.populations import Populations

_Array = NDArray[np.floating]

#: Colours by direction, and of predictions; distinct with any colour vision.
_COLOURS = {"design": "#0072B2", "naive": "#E69F00", "mean field": "#009E73", "random": "#9E9E9E"}
_OTHER_COLOUR, _PREDICTED_COLOUR, _GUIDE_COLOUR = "#4D4D4D", "#D55E00", "#B3B3B3"
#: Colours of states by role, in the order of the table.
_ROLE_COLOURS = ("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#9E9E9E")
#: Heights in mm of a panel of a vector, of its margins, and of the other figures.
_VECTOR_HEIGHT, _MARGIN, _HEIGHT, _LEGEND = 22.0, 12.0, 55.0, 22.0
_BAR_WIDTH = 0.8


def design_vectors(
    vectors: Mapping[str, _Array], target: str, populations: Populations, *, width: float = style.ONE_COLUMN
) -> Figure:
    """Draw vectors over cluster space, one panel each.

    Args:
        vectors: Entries by population, shape ``(P,)`` each, by name.
        target: What they change.
        populations: The layout.
        width: Width of the figure in inches.

    Raises:
        InputError: There is none.
    """
    if not vectors:
        raise InputError("vectors: none found; expected at least one")
    places = np.arange(populations.total)
    height = (_VECTOR_HEIGHT * len(vectors) + _MARGIN) / style.MM_PER_INCH
    with style.paper_style():
        figure = style.new_figure(width, height)
        panels = style.new_panels(figure, len(vectors), 1, shared=True)
        for axes, (name, vector) in zip(panels, vectors.items(), strict=True):
            axes.bar(places, vector, _BAR_WIDTH, color=style.population_colours(populations))
            axes.axhline(0, color="black", linewidth=style.LINE_WIDTH)
            axes.set_title(name, loc="left", fontsize=style.TICK_SIZE, pad=2)
        groups = style.population_groups(populations)
        middles = [(members.start + members.stop - 1) / 2 for _, members in groups]
        names = [name.replace(" clusters", "").replace("background", "bg") for name, _ in groups]
        panels[-1].set_xticks(middles, names)
        panels[-1].tick_params(axis="x", length=0)
        panels[-1].set_xlabel("population")
        figure.supylabel(change_label(target), fontsize=style.LABEL_SIZE)
    return figure


def design_progress(
    steps: Sequence[Mapping[str, Any]],
    verified: Mapping[str, float | None],
    label: str,
    *,
    width: float = style.ONE_COLUMN,
) -> Figure:
    """Draw what each iteration of a climb measured, and the verified values beside it.

    Args:
        steps: Rows with ``iteration``, ``value``, ``standard_error`` and ``times_seen``; None where undefined.
        verified: Verified value by direction.
        label: What is raised.
        width: Width of the figure in inches.
    """
    with style.paper_style():
        figure, axes = style.new_axes(width, (_HEIGHT + _MARGIN) / style.MM_PER_INCH)
        numbers, values, errors = (_column(steps, key) for key in ("iteration", "value", "standard_error"))
        axes.errorbar(numbers + 1, values, errors, color=_OTHER_COLOUR, marker="o", markersize=3, linewidth=1)
        for name, value in verified.items():
            if value is not None and name in _COLOURS:
                axes.axhline(value, color=_COLOURS[name], linewidth=1, linestyle="--", label=f"{name}, verified")
        axes.set(xlabel="iteration", ylabel=_wrapped(label), ylim=(0, None))
        axes.xaxis.set_major_locator(style.round_ticks(6, integer=True))
        _legend(figure, axes)
    return figure


def design_verification(rows: Sequence[Mapping[str, Any]], label: str, *, width: float = style.ONE_COLUMN) -> Figure:
    """Draw the verified value of each direction with its error, and what was predicted.

    Args:
        rows: Rows with ``direction``, ``verified``, ``standard_error``, ``predicted``, ``predicted_low`` and
            ``predicted_high``; None where undefined.
        label: What is raised.
        width: Width of the figure in inches.
    """
    names = [str(row["direction"]) for row in rows]
    places, values, errors = np.arange(len(rows)), _column(rows, "verified"), _column(rows, "standard_error")
    predicted, low, high = (_column(rows, key) for key in ("predicted", "predicted_low", "predicted_high"))
    with style.paper_style():
        figure, axes = style.new_axes(width, (_HEIGHT + _MARGIN) / style.MM_PER_INCH)
        colours = [_COLOURS.get(name, _OTHER_COLOUR) for name in names]
        axes.bar(places, np.nan_to_num(values), 0.65, color=colours)
        axes.errorbar(places, values, errors, fmt="none", color="black", capsize=2, linewidth=1)
        if np.isfinite(predicted).any():
            axes.errorbar(
                places + _BAR_WIDTH / 8,
                predicted,
                [predicted - low, high - predicted],
                fmt="D",
                color=_PREDICTED_COLOUR,
                markersize=4,
                linewidth=1,
                label="predicted by the climb",
            )
            _legend(figure, axes)
        axes.set_xticks(places, [name.replace(" ", "\n") for name in names])
        axes.set_ylabel(_wrapped(label))
        axes.set_ylim(0, None)
    return figure


def design_leakage(
    rows: Sequence[Mapping[str, Any]], least_states: int, label: str, *, width: float = style.ONE_COLUMN
) -> Figure:
    """Draw the share of time in states by their role, over multiples of the designed vector.

    Args:
        rows: Rows with ``amplitude``, ``role``, ``share``, ``standard_error`` and ``states``.
        least_states: Multiples with fewer states are shaded: the network is no longer metastable.
        label: What the multiples are.
        width: Width of the figure in inches.
    """
    roles = list(dict.fromkeys(str(row["role"]) for row in rows))
    with style.paper_style():
        figure, axes = style.new_axes(width, (_HEIGHT + _LEGEND) / style.MM_PER_INCH)
        for role, colour in zip(roles, _ROLE_COLOURS, strict=False):
            mine = [row for row in rows if row["role"] == role]
            where, shares, errors = (_column(mine, key) for key in ("amplitude", "share", "standard_error"))
            axes.errorbar(where, shares, errors, color=colour, marker="o", markersize=2.5, linewidth=1, label=role)
        amplitudes = _column(rows, "amplitude")
        frozen = [row["amplitude"] for row in rows if row["states"] < least_states and row["amplitude"] > 0]
        if frozen:
            before = amplitudes[amplitudes < min(frozen)].max()
            axes.axvspan((before + min(frozen)) / 2, amplitudes.max(), color=_GUIDE_COLOUR, alpha=0.3, linewidth=0)
        axes.axvline(1, color=_GUIDE_COLOUR, linewidth=style.LINE_WIDTH, zorder=0)
        axes.set(xlabel=label, ylabel="share of time", ylim=(0, 1.02), xlim=(0, 1.02 * amplitudes.max()))
        _legend(figure, axes, columns=2)
    return figure


def _legend(figure: Figure, axes: Any, columns: int = 2) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False, handlelength=1.5)


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
