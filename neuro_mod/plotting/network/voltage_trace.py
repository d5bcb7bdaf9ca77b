"""Membrane voltage of single neurons over time, in units of their thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from neuro_mod.errors import InputError, invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import legend_above_figure, legend_height

_Array = NDArray[np.floating]

TRACE_COLOUR, THRESHOLD_COLOUR, SPIKE_COLOUR = "#333333", "#7F7F7F", "#D55E00"

#: A lone panel is higher, for its label.
_PANEL_HEIGHT, _LONE_PANEL_HEIGHT, _MARGIN = 22 / style.MM_PER_INCH, 30 / style.MM_PER_INCH, 12 / style.MM_PER_INCH
_IN_UNITS, _IN_UNPERTURBED, _LABEL = "V / threshold", "V / unperturbed\nthreshold", "V (threshold units)"
#: Part of a panel's height that the ticks of spikes take, at its top, and their width in points.
_SPIKE_SHARE, _SPIKE_WIDTH = 0.16, 0.5
_THRESHOLD: dict[str, Any] = {"color": THRESHOLD_COLOUR, "linewidth": style.LINE_WIDTH, "linestyle": "--"}


def voltage_trace(
    times: _Array,
    voltage: _Array,
    threshold: ArrayLike,
    spike_times: _Array | Sequence[_Array],
    label: str | Sequence[str],
    *,
    unperturbed: ArrayLike | None = None,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the voltage of one neuron, or of several below each other, with threshold and spikes.

    Voltages are divided by the neuron's own threshold, which is at 1; by the unperturbed one where it changes.

    Args:
        times: Sample times in seconds, shape ``(n_samples,)``.
        voltage: V in threshold units, shape ``(n_samples,)`` or ``(n_samples, n_traces)``.
        threshold: Firing threshold in threshold units: a scalar, one per trace, or at each time, shape
            ``(n_samples, n_traces)``.
        spike_times: Spike times in seconds, of any number; for traces in columns a sequence of such arrays, one per
            trace.
        label: Label of the trace, such as ``neuron 12 (E3)``; for traces in columns one per trace.
        unperturbed: Unperturbed threshold in threshold units, a scalar or one per trace; that given by `threshold`, if
            it is constant. Without it, voltages are drawn in threshold units if a threshold changes, or is not above 0.
        ax: Axes to draw in, instead of a new figure; several traces share their place.
        width: Width of a new figure in inches [114 mm].

    Returns:
        The figure, with one axes per trace that share the time axis.

    Raises:
        InputError: Shapes or numbers that do not fit each other, or no trace at all.
    """
    if np.ndim(voltage) == 1:
        voltage, spike_times, label = np.asarray(voltage)[:, None], [np.asarray(spike_times)], str(label)
    labels = [label] if isinstance(label, str) else list(label)
    n = _check(times, voltage, threshold, spike_times, labels, unperturbed)
    thresholds = np.atleast_2d(np.asarray(threshold, np.float64) + np.zeros(n))
    unit = _unit(thresholds, unperturbed)
    y_label = _LABEL
    if unit is not None:
        voltage, thresholds = voltage / unit, thresholds / unit
        y_label = _IN_UNITS if (thresholds == 1).all() else _IN_UNPERTURBED
    handles = _handles(any(len(each) for each in spike_times))
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_AND_A_HALF_COLUMNS)
        above = legend_height(handles, width)
        figure, panels = _panels(n, width, above, ax)
        for i, axes in enumerate(panels):
            style.dress(axes)
            _draw(axes, times, voltage[:, i], thresholds[:, i], np.asarray(spike_times[i]))
            pad = 2 + (above + 5) * (n == 1 and ax is not None)  # above a legend in given axes
            axes.set_title(labels[i], loc="left", fontsize=style.TICK_SIZE, pad=pad)
        _dress_axes(figure, panels, times, y_label)
        legend_above_figure(ax if n == 1 and ax is not None else figure, handles)
    return style.whole(figure)


def _panels(n: int, width: float, above: float, ax: Axes | None) -> tuple[Figure | SubFigure, list[Axes]]:
    """The figure and an axes for each of n traces, below a legend of this height in points."""
    height = _MARGIN + max(n * _PANEL_HEIGHT, _LONE_PANEL_HEIGHT) + above / style.POINTS_PER_INCH
    if n == 1:
        figure, axes = style.new_axes(width, height, ax=ax)
        return figure, [axes]
    figure = style.new_figure(width, height, ax)
    return figure, list(figure.subplots(n, sharex=True, squeeze=False)[:, 0])


def _dress_axes(figure: Figure | SubFigure, panels: Sequence[Axes], times: _Array, y_label: str) -> None:
    """Name the axes; time ends with the last step."""
    panels[-1].set_xlabel("time (s)")
    if len(panels) == 1:
        panels[0].set_ylabel(y_label)
    else:
        figure.supylabel(y_label)
    if len(times) > 1:
        panels[-1].set_xlim(float(times[0]), float(2 * times[-1] - times[-2]))


def _check(
    times: _Array,
    voltage: _Array,
    threshold: ArrayLike,
    spike_times: Sequence[_Array] | _Array,
    labels: Sequence[str],
    unperturbed: ArrayLike | None,
) -> int:
    """The number of traces."""
    n = voltage.shape[1] if voltage.ndim == 2 else 0
    if n == 0 or voltage.shape != (len(times), n):
        raise InputError(f"voltage: shape {voltage.shape} found; expected ({len(times)}, n_traces), at least one trace")
    for name, given in (("spike_times", spike_times), ("label", labels)):
        if len(given) != n:
            raise invalid(f"length of {name}", len(given), f"{n}, one for each trace")
    if np.shape(threshold) not in ((), (n,), (1, n), voltage.shape):
        raise InputError(f"threshold: shape {np.shape(threshold)} found; expected (), ({n},) or {voltage.shape}")
    if unperturbed is not None and np.shape(unperturbed) not in ((), (n,)):
        found = np.shape(unperturbed)
        raise InputError(f"unperturbed: shape {found} found; expected () or ({n},)")
    return n


def _unit(thresholds: _Array, unperturbed: ArrayLike | None) -> _Array | None:
    """What voltages are divided by, shape ``(n,)``; None if they are drawn in threshold units."""
    if unperturbed is not None:
        unit = np.zeros(thresholds.shape[1]) + np.asarray(unperturbed, np.float64)
    elif len(thresholds) and (thresholds == thresholds[0]).all():
        unit = thresholds[0]
    else:
        return None
    return unit if (unit > 0).all() else None


def _handles(with_spikes: bool) -> list[Line2D]:
    spike: dict[str, Any] = {"marker": "|", "markersize": 6.0, "markeredgewidth": _SPIKE_WIDTH, "linestyle": "none"}
    return [
        Line2D([], [], color=TRACE_COLOUR, linewidth=style.LINE_WIDTH, label="voltage"),
        Line2D([], [], label="threshold", **_THRESHOLD),
        *[Line2D([], [], color=SPIKE_COLOUR, label="spikes", **spike)] * with_spikes,
    ]


def _draw(axes: Axes, times: _Array, voltage: _Array, threshold: _Array, spike_times: _Array) -> None:
    axes.plot(times, voltage, color=TRACE_COLOUR, linewidth=style.LINE_WIDTH)
    if (threshold == threshold[0]).all():
        axes.axhline(threshold[0], zorder=1, **_THRESHOLD)
    else:
        axes.plot(times, threshold, drawstyle="steps-post", zorder=1, **_THRESHOLD)
    upright = axes.get_xaxis_transform()
    axes.vlines(
        spike_times, 1 - _SPIKE_SHARE, 1, colors=SPIKE_COLOUR, linewidth=_SPIKE_WIDTH, transform=upright, zorder=3
    )
    axes.yaxis.set_major_locator(style.round_ticks(4))
    known = np.concatenate([voltage, threshold])
    low, high = float(known.min()), float(known.max())
    room = 0.06 * (high - low or 1.0)  # and the share of the panel above all voltages for the spikes
    axes.set_ylim(low - room, high + (high - low + 2 * room) * _SPIKE_SHARE / (1 - _SPIKE_SHARE))
