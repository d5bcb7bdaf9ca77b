"""Measures over each of many parameters of a sweep, a point for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from neuro_mod.plotting import style
from neuro_mod.plotting.sweep.sweep_lines import COLOUR
from neuro_mod.plotting.sweep.sweep_panels import SweptParameter, broken, check_rows, mark_empty, sweep_width

#: Parameters that a figure shows, at most.
MAX_PARAMETERS = 5
#: Runs from which on points are drawn as pixels, in files of any format.
_MANY = 2000
#: In mm: height of a panel, its least width, and height of labels below; shares of height and width that axes take.
_HEIGHT, _LEAST, _BELOW, _TALL, _WIDE = 34.0, 28.0, 8.0, 0.85, 0.85


def sweep_scatter(
    parameters: Sequence[SweptParameter],
    measures: Mapping[str, ArrayLike],
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw each measure (a row) over each parameter (a column), a point for each run.

    Args:
        parameters: The swept parameters; at most ``MAX_PARAMETERS``, and as many as fit, are drawn, with a note.
        measures: By label with unit, a value for each row of the table, shape ``(n_rows,)``; NaN are left out.
        ax: Axes to draw in, instead of a new figure; the panels share their place.
        width: Width of a new figure in inches [that of a journal's column, by the number of parameters].

    Returns:
        The figure.

    Raises:
        InputError: There are no rows, or shapes that do not fit.
    """
    check_rows(parameters, measures)
    width = sweep_width(min(len(parameters), MAX_PARAMETERS), ax, width)
    shown = parameters[: min(MAX_PARAMETERS, max(1, int(width * style.MM_PER_INCH / _LEAST)))]
    size = np.array([_WIDE * width / len(shown), _TALL * _HEIGHT / style.MM_PER_INCH]) * style.POINTS_PER_INCH
    with style.paper_style():
        below = max(parameter.turned(size[0]) for parameter in shown) / style.POINTS_PER_INCH
        figure = style.new_figure(width, (_HEIGHT * len(measures) + _BELOW) / style.MM_PER_INCH + below, ax)
        panels = figure.subplots(len(measures), len(shown), sharex="col", sharey="row", squeeze=False)
        for row, (label, values) in zip(panels, measures.items(), strict=True):
            for axes, parameter in zip(row, shown, strict=True):
                style.dress(axes)
                many = len(parameter.values) > _MANY
                look = {"marker": "o", "markersize": 2.0 if many else 3.0, "alpha": 0.3 if many else 0.6}
                axes.plot(
                    parameter.values,
                    np.asarray(values, float),
                    linestyle="none",
                    color=COLOUR,
                    markeredgewidth=0,
                    rasterized=many,
                    **look,
                )
                parameter.apply(axes.xaxis, size[0], sampled=False)
                if axes not in panels[-1]:
                    axes.set_xlabel("")
                if parameter.categories:
                    axes.set_xlim(-0.5, len(parameter.categories) - 0.5)
            row[0].yaxis.set_major_locator(style.round_ticks(4))
            row[0].set_ylabel(broken(label, size[1]))
            mark_empty(row[0], np.asarray(values, float))
        figure.align_ylabels(panels[:, 0])
        if len(shown) < len(parameters):
            style.write_note(figure, f"left out: {', '.join(each.label for each in parameters[len(shown) :])}")
    return style.whole(figure)
