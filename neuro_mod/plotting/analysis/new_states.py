"""Growth of the number of distinct states of sessions."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from neuro_mod.checks import check_shape
from neuro_mod.plotting import style

_HEIGHT = 58 / style.MM_PER_INCH
_SESSION_COLOUR, _MEAN_COLOUR = "#B3B3B3", style.CLUSTER_COLOURS[0][0]


def new_states(
    times: ArrayLike,
    seen: ArrayLike,
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the number of distinct states of each session up to a time, and the mean over sessions.

    Args:
        times: Ascending times in seconds, shape ``(n_times,)``.
        seen: Number of distinct states up to each time, shape ``(n_sessions, n_times)``, see ``unique_states_until``.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [85 mm].

    Returns:
        The figure, with one axes.

    Raises:
        InputError: Shapes that do not fit.
    """
    times, seen = np.asarray(times), np.asarray(seen)
    check_shape("seen", seen, ("n_sessions", len(times)))
    with style.paper_style():
        figure, axes = style.new_axes(style.width_in(ax, width, style.ONE_COLUMN), _HEIGHT, ax=ax)
        colour = _SESSION_COLOUR if len(seen) > 1 else _MEAN_COLOUR
        for session in seen:
            axes.plot(times, session, color=colour, linewidth=style.LINE_WIDTH, drawstyle="steps-post")
        if len(seen) > 1:
            (mean,) = axes.plot(times, seen.mean(axis=0), color=_MEAN_COLOUR, linewidth=3 * style.LINE_WIDTH)
            axes.legend([axes.lines[0], mean], ["session", f"mean of {len(seen)}"], loc="lower right", frameon=False)
        axes.set(xlabel="time t (s)", ylabel="distinct states until t")
        if len(times) > 1:
            axes.set_xlim(float(times[0]), float(times[-1]))
        axes.set_ylim(0, 1.05 * max(1, int(np.max(seen, initial=0))))
        axes.yaxis.set_major_locator(style.round_ticks(6, integer=True))
    return style.whole(figure)
