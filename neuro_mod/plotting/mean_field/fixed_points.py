"""Overview of the steady states of a network: rates, kinds and leading eigenvalues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.population_rows import PopulationRows, population_rows, wide_gap
from neuro_mod.plotting.state_styles import check_kinds, draw_states, kinds_present, plural, stable_kinds
from neuro_mod.populations import Populations

_Array = NDArray[np.floating]

COLOUR_MAP = "viridis"
#: Maximal number of states; more do not fit on a page.
MAX_STATES = 60

#: Heights in mm: of a state's row, and of the margins. Gap above each kind of states, for its name, in rows.
_ROW, _AROUND, _GAP = 3.0, 38.0, 1.3
#: Of the table in points: distance of columns, and how much wider than most its letters are.
_COLUMN_GAP, _WIDER = 6.0, 1.1
#: Share of the width beside the table that the eigenvalues take, and what they take at least, in points.
_EIGENVALUES, _EIGENVALUES_LEAST, _GAPS = 0.25, 50.0, 12.0
_STABLE_COLOUR, _OTHER_COLOUR, _ZERO_COLOUR, _STEM_COLOUR = "#000000", "#595959", "#7F7F7F", "#B3B3B3"
#: Larger numbers of images are written with powers of ten.
_LONG_NUMBER = 10**6
_MARKER = 3.8


def fixed_point_map(
    rates: _Array,
    leading_eigenvalues: _Array,
    kinds: Sequence[str],
    n_active: NDArray[np.integer],
    multiplicities: Sequence[int],
    populations: Populations,
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw steady states below each other, by kind, attractors first: a table, rates as colours, leading eigenvalues.

    Populations go from left to right: E clusters, E background, I clusters, I background; those without neurons are
    left out. Of more than ``MAX_STATES`` states only the first are drawn, with a note.

    Args:
        rates: In Hz, shape ``(K, P)``.
        leading_eigenvalues: Largest real part of each state's eigenvalues in 1/s, shape ``(K,)``.
        kinds: ``stable node``, ``saddle``, ... of each state.
        n_active: Number of active clusters of each state, shape ``(K,)``.
        multiplicities: Number of images of each state under permutations of clusters, including itself.
        populations: Layout of the network.
        ax: Axes in whose place to draw, instead of a new figure.
        width: Width of a new figure in inches [114 mm].

    Returns:
        The figure: the map with the table beside it, the eigenvalues, the colour bar.

    Raises:
        InputError: There is no state, a kind is unknown, or shapes do not fit.
    """
    n_states = _check(rates, leading_eigenvalues, kinds, n_active, multiplicities, populations)
    present = kinds_present(kinds)
    order = np.argsort([present.index(kind) for kind in kinds], kind="stable")[:MAX_STATES]
    shown_kinds = [kinds[int(k)] for k in order]
    table = {
        "active": [str(n_active[k]) for k in order],
        "images": [_number(multiplicities[k]) for k in order],
    }
    tops = np.arange(len(order)) + _GAP * np.array([present.index(kind) for kind in shown_kinds], np.float64)
    rows = population_rows(populations, gap=wide_gap(populations))
    norm = Normalize(0, float(np.nanmax(rates[order][:, rows.drawn], initial=0.0)) or 1.0)
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_AND_A_HALF_COLUMNS)
        figure = style.new_figure(width, (_AROUND + _ROW * (tops[-1] + 1)) / style.MM_PER_INCH, ax)
        room = width * style.POINTS_PER_INCH - sum(_column_widths(table)) - _GAPS
        eigenvalues_width = max(_EIGENVALUES_LEAST, _EIGENVALUES * room)
        map_width = room - eigenvalues_width
        axes, beside = figure.subplots(1, 2, sharey=True, width_ratios=(map_width, eigenvalues_width))
        _write_table(axes, table, tops + 0.5, stable_kinds(shown_kinds))
        _draw_rates(axes, rates[order], tops, shown_kinds, rows, norm)
        for kind in kinds_present(shown_kinds):
            _name_kind(axes, plural(kind, shown_kinds.count(kind)), tops[shown_kinds.index(kind)])
        rows.name_on(axes.xaxis, map_width)
        _draw_eigenvalues(beside, leading_eigenvalues[order], shown_kinds, tops + 0.5)
        _add_bar(axes, norm, 8 * width)
        style.write_note(figure, f"the first {len(order)} of {n_states} states" if len(order) < n_states else "")
    return style.whole(figure)


def _check(
    rates: _Array,
    leading_eigenvalues: _Array,
    kinds: Sequence[str],
    n_active: NDArray[np.integer],
    multiplicities: Sequence[int],
    populations: Populations,
) -> int:
    """The number of states."""
    n = len(kinds)
    if not n:
        raise invalid("kinds", (), "at least one steady state")
    check_shape("rates", rates, (n, populations.total))
    check_kinds(kinds, n)
    numbers = {"leading_eigenvalues": leading_eigenvalues, "n_active": n_active, "multiplicities": multiplicities}
    for name, values in numbers.items():
        check_shape(name, values, (n,))
    return n


def _number(value: int) -> str:
    if value < _LONG_NUMBER:
        return str(value)
    digits, exponent = f"{Decimal(int(value)):.1e}".split("e")
    return rf"${digits}\times10^{{{int(exponent)}}}$"


def _write_table(axes: Axes, table: Mapping[str, Sequence[str]], middles: _Array, stable: NDArray[np.bool_]) -> None:
    """Write columns of text, adjusted to their right, left of the axes."""
    colours = np.where(stable, _STABLE_COLOUR, _OTHER_COLOUR)
    offset = _COLUMN_GAP
    for (header, column), column_width in zip(list(table.items())[::-1], _column_widths(table)[::-1], strict=True):
        heading = {"xycoords": "axes fraction", "verticalalignment": "bottom", "color": _STABLE_COLOUR}
        _write(axes, header, (0, 1), (-offset, 2), **heading)
        entry = {"xycoords": axes.get_yaxis_transform(), "verticalalignment": "center_baseline"}
        for text, place, colour in zip(column, middles, colours, strict=True):
            _write(axes, text, (0, place), (-offset, 0), color=str(colour), **entry)
        offset += column_width


def _column_widths(table: Mapping[str, Sequence[str]]) -> list[float]:
    """Widths of the columns with the gaps beside them, in points."""
    plain = [
        [text.replace(r"\times", "x").strip("${}") for text in (header, *column)] for header, column in table.items()
    ]
    return [_WIDER * max(style.text_length(text, style.TICK_SIZE) for text in column) + _COLUMN_GAP for column in plain]


def _write(axes: Axes, text: str, place: tuple[float, float], offset: tuple[float, float], **look: object) -> None:
    axes.annotate(
        text,
        place,
        xytext=offset,
        textcoords="offset points",
        horizontalalignment="right",
        fontsize=style.TICK_SIZE,
        **look,  # pyright: ignore[reportArgumentType]
    )


def _name_kind(axes: Axes, name: str, top: float) -> None:
    """Write the number and kind of states above the left end of their rows."""
    axes.annotate(
        name,
        (0, top),
        xycoords=axes.get_yaxis_transform(),
        xytext=(0, 2),
        textcoords="offset points",
        fontsize=style.TICK_SIZE,
        verticalalignment="bottom",
    )


def _draw_rates(
    axes: Axes, rates: _Array, tops: _Array, kinds: Sequence[str], rows: PopulationRows, norm: Normalize
) -> None:
    style.dress(axes)
    for kind in kinds_present(kinds):
        block = np.array([each == kind for each in kinds])
        for _, members in rows.groups:
            edges = np.append(tops[block], tops[block][-1] + 1)
            values = rates[block][:, members]
            axes.pcolormesh(rows.edges(members), edges, values, cmap=COLOUR_MAP, norm=norm, rasterized=True)
    axes.set(xlim=(0, rows.end), ylim=(tops[-1] + 1, 0), xlabel="population")
    axes.tick_params(axis="x", labelrotation=90)
    axes.tick_params(left=False, labelleft=False)
    axes.spines[["left", "bottom"]].set_visible(False)


def _draw_eigenvalues(axes: Axes, eigenvalues: _Array, kinds: Sequence[str], middles: _Array) -> None:
    style.dress(axes)
    axes.axvline(0, color=_ZERO_COLOUR, linewidth=style.LINE_WIDTH, zorder=1)
    axes.hlines(middles, 0, eigenvalues, colors=_STEM_COLOUR, linewidth=style.LINE_WIDTH, zorder=2)
    draw_states(axes, eigenvalues, middles, kinds, size=_MARKER)
    axes.margins(x=0.12)
    axes.set_xlabel("leading\neigenvalue\n(1/s)")
    axes.xaxis.set_major_locator(style.round_ticks(4))
    axes.tick_params(left=False, labelleft=False)
    axes.spines["left"].set_visible(False)


def _add_bar(axes: Axes, norm: Normalize, aspect: float) -> None:
    bar = style.new_bar(axes, ScalarMappable(norm, COLOUR_MAP), location="top", aspect=aspect, pad=0.02)
    bar.set_label("firing rate (Hz)")
    style.dress_bar(bar)
