"""The figure of a sweep, according to the number and kind of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from neuro_mod.plotting.sweep.sweep_lines import MAX_GROUPS, sweep_lines
from neuro_mod.plotting.sweep.sweep_maps import sweep_maps
from neuro_mod.plotting.sweep.sweep_panels import SweptParameter
from neuro_mod.plotting.sweep.sweep_scatter import sweep_scatter


def sweep_figure(
    parameters: Sequence[SweptParameter],
    measures: Mapping[str, ArrayLike],
    *,
    is_grid: bool = True,
    noun: str = "repeats",
    groups: SweptParameter | None = None,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw related measures of a sweep: lines over one parameter, heat maps over a grid of two, else single runs.

    Over a grid of one numerical parameter and a few groups, each group has a line. The first of three or more measures
    is drawn larger.

    Args:
        parameters: The swept parameters, at least one unless there are groups.
        measures: By label with unit, a value for each row of the table, shape ``(n_rows,)``.
        is_grid: Whether every value of a parameter was combined with all values of the others.
        noun: What several rows with the same values are.
        groups: Another parameter with categories, such as conditions, to be told apart by colour where possible.
        ax: Axes to draw in, instead of a new figure; the panels share their place.
        width: Width of a new figure in inches [that of a journal's column, by the number of panels].

    Raises:
        InputError: There are no rows, or shapes that do not fit.
    """
    place: dict[str, Any] = {"ax": ax, "width": width}
    if groups is not None:
        if is_grid and len(parameters) == 1 and not parameters[0].categories and len(groups.categories) <= MAX_GROUPS:
            return sweep_lines(parameters[0], measures, noun, groups, **place)
        parameters = [*parameters, groups]
    if is_grid and len(parameters) == 1:
        return sweep_lines(parameters[0], measures, noun, **place)
    if is_grid and len(parameters) == 2:
        return sweep_maps(parameters[0], parameters[1], measures, noun, **place)
    return sweep_scatter(parameters, measures, **place)
