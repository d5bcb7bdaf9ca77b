"""Number of active clusters: over a session, and the fraction of time of each number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuro_mod.plotting import style
from neuro_mod.plotting.analysis.state_colours import numbers_active

if TYPE_CHECKING:
    import pandas as pd

_HEIGHT = 51 / style.MM_PER_INCH
_COLOUR = style.CLUSTER_COLOURS[0][0]


def active_clusters(
    occurrences: pd.DataFrame,
    session: int,
    *,
    t_from: float | None = None,
    t_to: float | None = None,
    titles: tuple[str, str] | None = None,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the number of active clusters of one session over time, and its distribution over all sessions.

    Args:
        occurrences: The visits of all sessions.
        session: The session to show.
        t_from: Beginning of the shown window in seconds; the start of the session's first visit if None.
        t_to: End of the window in seconds; the end of its last visit if None.
        titles: Above the panels; by default ``session`` with its number, and ``all sessions``.
        ax: Axes to draw in, instead of a new figure; the panels share their place.
        width: Width of a new figure in inches [114 mm].

    Returns:
        The figure: the time course, then the histogram, which share the axis of the numbers.

    Raises:
        InputError: The states are those of a hidden Markov model.
    """
    numbers = numbers_active(occurrences["state"])
    of_session = (occurrences["session"] == session).to_numpy(bool)
    shown, course = occurrences.loc[of_session], numbers[of_session]
    time = np.bincount(numbers, weights=occurrences["duration"].to_numpy(np.float64))
    with style.paper_style():
        figure = style.new_figure(style.width_in(ax, width, style.ONE_AND_A_HALF_COLUMNS), _HEIGHT, ax)
        axes, beside = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
        for each, title in zip((axes, beside), titles or (f"session {session}", "all sessions"), strict=True):
            style.dress(each)
            each.set_title(title, loc="left", fontsize=style.TICK_SIZE, pad=3)
        if len(shown):
            edges = np.append(shown["start"], shown["end"].iloc[-1])
            axes.stairs(course, edges, baseline=None, color=_COLOUR, linewidth=1.5 * style.LINE_WIDTH)
            axes.set_xlim(edges[0] if t_from is None else t_from, edges[-1] if t_to is None else t_to)
        if time.any():
            beside.barh(np.arange(len(time)), 100 * time / time.sum(), height=0.8, color=_COLOUR, linewidth=0)
        axes.set(ylim=(-0.5, max(1, numbers.max(initial=0)) + 0.5), xlabel="time (s)", ylabel="active clusters")
        axes.yaxis.set_major_locator(style.round_ticks(8, integer=True))
        beside.set_xlabel("time (%)")
        beside.set_xlim(left=0)
        beside.xaxis.set_major_locator(style.round_ticks(3))
    return style.whole(figure)
