"""Membrane voltage of single neurons over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from neuro_mod.errors import InputError, invalid
from neuro_mod.plotting import style

_Array = NDArray[np.floating]

TRACE_COLOUR, THRESHOLD_COLOUR, SPIKE_COLOUR = "#333333", "#7F7F7F", "#D55E00"

#: A lone panel is higher, for its label.
_PANEL_HEIGHT, _LONE_PANEL_HEIGHT, _MARGIN = 22 / style.MM_PER_INCH, 30 / style.MM_PER_INCH, 12 / style.MM_PER_INCH
_VOLTAGE_LABEL = "V (threshold units)"
#: A spike's tick reaches this far above threshold, in parts of the range below it.
_SPIKE_HEIGHT = 0.4


def voltage_trace(
    times: _Array,
    voltage: _Array,
    threshold: ArrayLike,
    spike_times: _Array | Sequence[_Array],
    label: str | Sequence[str],
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the voltage of one neuron, or of several below each other, with threshold and spikes.

    Args:
        times: Sample times in seconds, shape ``(n_samples,)``.
        voltage: V in threshold units, shape ``(n_samples,)`` or ``(n_samples, n_traces)``.
        threshold: Firing threshold in threshold units: a scalar, one per trace, or at each time, shape
            ``(n_samples, n_traces)``.
        spike_times: Spike times in seconds, of any number; for traces in columns a sequence of such arrays, one per
            trace.
        label: Label of the trace, such as ``neuron 12 (E3)``; for traces in columns one per trace.
        ax: Axes to draw in, instead of a new figure; several traces share their place.
        width: Width of a new figure in inches [114 mm].

    Returns:
        The figure, with one axes per trace that share the time axis.

    Raises:
        InputError: Shapes or numbers that do not fit each other, or no trace at all.
    """
    if np.ndim(voltage) == 1:
        return voltage_trace(
            times, np.asarray(voltage)[:, None], threshold, [np.asarray(spike_times)], [str(label)], ax=ax, width=width
        )
    n = voltage.shape[1] if voltage.ndim == 2 else 0
    labels = [label] if isinstance(label, str) else list(label)
    if n == 0 or voltage.shape != (len(times), n):
        raise InputError(f"voltage: shape {voltage.shape} found; expected ({len(times)}, n_traces), at least one trace")
    for name, given in (("spike_times", spike_times), ("label", labels)):
        if len(given) != n:
            raise invalid(f"length of {name}", len(given), f"{n}, one for each trace")
    if np.shape(threshold) not in ((), (n,), (1, n), voltage.shape):
        raise InputError(f"threshold: shape {np.shape(threshold)} found; expected (), ({n},) or {voltage.shape}")
    thresholds = np.atleast_2d(np.asarray(threshold, np.float64) + np.zeros(n))
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_AND_A_HALF_COLUMNS)
        height = _MARGIN + max(n * _PANEL_HEIGHT, _LONE_PANEL_HEIGHT)
        if n == 1:
            figure, axes = style.new_axes(width, height, ax=ax)
            panels = [axes]
        else:
            figure = style.new_figure(width, height, ax)
            panels = list(figure.subplots(n, sharex=True))
        for i, axes in enumerate(panels):
            style.dress(axes)
            _draw(axes, times, voltage[:, i], thresholds[:, i], np.asarray(spike_times[i]))
            axes.set_title(labels[i], loc="left", fontsize=style.TICK_SIZE, pad=2)
        panels[-1].set_xlabel("time (s)")
        if n == 1:
            panels[0].set_ylabel(_VOLTAGE_LABEL)
        else:
            figure.supylabel(_VOLTAGE_LABEL)
        if len(times) > 1:  # up to the end of the last step
            panels[-1].set_xlim(float(times[0]), float(2 * times[-1] - times[-2]))
    return style.whole(figure)


def _draw(axes: Axes, times: _Array, voltage: _Array, threshold: _Array, spike_times: _Array) -> None:
    top = float(threshold.max())
    lowest = min(float(np.min(voltage, initial=np.inf)), top)
    span = top - lowest or 1.0
    axes.plot(times, voltage, color=TRACE_COLOUR, linewidth=style.LINE_WIDTH)
    line: dict[str, Any] = {"color": THRESHOLD_COLOUR, "linewidth": style.LINE_WIDTH, "linestyle": "--", "zorder": 1}
    if (threshold == top).all():
        axes.axhline(top, **line)
    else:
        axes.plot(times, threshold, drawstyle="steps-post", **line)
    axes.vlines(spike_times, top, top + _SPIKE_HEIGHT * span, colors=SPIKE_COLOUR, linewidth=style.LINE_WIDTH)
    axes.yaxis.set_major_locator(style.round_ticks(4))
    axes.set_ylim(top - 1.08 * span, top + (_SPIKE_HEIGHT + 0.08) * span)
