"""Assemblies of neurons: their correlations, and the eigenvalues by which they were found."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.plotting import style
from neuro_mod.plotting.population_map import add_colour_bar
from neuro_mod.plotting.population_rows import spaced

#: Rows and columns of the image at most; more neurons are averaged.
_MAX_PIXELS = 500
#: Eigenvalues shown: so many times those above the bound, within these limits.
_SHOWN, _LEAST_SHOWN, _MOST_SHOWN = 2, 20, 200
#: Decades from which on an axis has a number at each.
_MAX_DECADES = 3.0
#: Quantile of the coefficients, regardless of their sign, that has the full colour.
_FULL_COLOUR = 0.99
#: Height of a panel in mm, and the share of the width that the matrix takes beside the eigenvalues, and above them.
_HEIGHT, _SHARES = 66.0, (0.3, 0.55)
_SIGNIFICANT, _OTHER, _FRAME, _UNKNOWN = style.CLUSTER_COLOURS[0][0], "#8C8C8C", "#262626", "#D9D9D9"


def assembly_figure(
    correlations: NDArray[np.floating],
    labels: NDArray[np.integer],
    eigenvalues: NDArray[np.floating],
    upper_bound: float,
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw count correlations, ordered by assembly, beside the largest eigenvalues.

    Neurons in no assembly come last. More than 500 neurons are averaged to as many pixels; the correlation of a neuron
    with itself is left out. Coefficients that are not known, as of silent neurons, are grey.

    Args:
        correlations: Coefficients of all pairs of neurons, shape ``(n_neurons, n_neurons)``; NaN where there is none.
        labels: Assembly of each neuron from 0 on, -1 for none, shape ``(n_neurons,)``.
        eigenvalues: The largest first.
        upper_bound: Eigenvalues above it are significant.
        ax: Axes to draw in, instead of a new figure; the panels share their place.
        width: Width of a new figure in inches [180 mm].

    Returns:
        The figure: the matrix, the eigenvalues, and the colour bar of the matrix.

    Raises:
        InputError: The shape of the correlations does not fit.
    """
    check_shape("correlations", correlations, (len(labels), len(labels)))
    order = np.argsort(np.where(labels < 0, labels.max(initial=0) + 1, labels), kind="stable")
    known = np.asarray(correlations, np.float64)[np.ix_(order, order)]
    np.fill_diagonal(known, np.nan)
    size = np.abs(known[np.isfinite(known)])
    largest = float(np.quantile(size, _FULL_COLOUR)) if size.size else 1.0
    norm = Normalize(-(largest or 1.0), largest or 1.0)
    width = style.width_in(ax, width, style.TWO_COLUMNS)
    with style.paper_style():
        narrow = bool(width < style.ONE_AND_A_HALF_COLUMNS)
        figure = style.new_figure(width, (2 if narrow else 1) * _HEIGHT / style.MM_PER_INCH, ax)
        if ax is None:
            style.whole(figure).set_layout_engine("constrained", wspace=0.06)
        matrix, spectrum = figure.subplots(*((2, 1) if narrow else (1, 2)))
        side = _SHARES[narrow] * width * style.POINTS_PER_INCH
        _draw_matrix(matrix, known, labels[order], norm, side)
        add_colour_bar(matrix, norm, style.DIVERGING).set_label("count correlation")
        _draw_spectrum(spectrum, eigenvalues, upper_bound)
    return style.whole(figure)


def _draw_matrix(
    axes: Axes, correlations: NDArray[np.float64], labels: NDArray[np.integer], norm: Normalize, points: float
) -> None:
    """Draw sorted correlations with a frame around each assembly, whose number stands at the left side."""
    style.dress(axes)
    n = len(labels)
    axes.set_facecolor(_UNKNOWN)
    if n:
        extent = (-0.5, n - 0.5, n - 0.5, -0.5)
        axes.imshow(_averaged(correlations), extent=extent, cmap=style.DIVERGING, norm=norm, interpolation="nearest")
    numbers, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    in_order = np.argsort(first)
    numbers, first, sizes = numbers[in_order], first[in_order], sizes[in_order]
    for start, size in zip(first[numbers >= 0], sizes[numbers >= 0], strict=True):
        axes.add_patch(Rectangle((start - 0.5, start - 0.5), size, size, fill=False, edgecolor=_FRAME, linewidth=0.5))
    middles = first + (sizes - 1) / 2
    kept = spaced(middles * points / max(1, n))
    axes.set_yticks(middles[kept], [str(numbers[i]) if numbers[i] >= 0 else "none" for i in kept])
    axes.xaxis.set_major_locator(style.round_ticks(5, integer=True))
    axes.set(xlabel="neurons, by assembly", ylabel="assembly")


def _draw_spectrum(axes: Axes, eigenvalues: NDArray[np.floating], bound: float) -> None:
    style.dress(axes)
    n_above = int(np.count_nonzero(eigenvalues > bound))
    shown = eigenvalues[: int(np.clip(_SHOWN * n_above, _LEAST_SHOWN, _MOST_SHOWN))]
    components = np.arange(1, len(shown) + 1)
    for part, colour in ((slice(0, n_above), _SIGNIFICANT), (slice(n_above, None), _OTHER)):
        axes.plot(components[part], shown[part], linestyle="none", marker="o", markersize=2.5, color=colour)
    if np.isfinite(bound):
        axes.axhline(bound, color=_FRAME, linewidth=style.LINE_WIDTH, linestyle=(0, (4, 2)))
        # eigenvalues fall: on the right there is nothing above the line, unless all that are shown are significant
        side = -1 if n_above < len(shown) else 1
        axes.annotate(
            f"independent neurons: below {bound:.3g}",
            (int(side < 0), bound),
            xycoords=("axes fraction", "data"),
            xytext=(3 * side, -3 * side),
            textcoords="offset points",
            horizontalalignment="right" if side < 0 else "left",
            verticalalignment="bottom" if side < 0 else "top",
            fontsize=style.TICK_SIZE,
        )
    axes.set_yscale("log")
    _number(axes, np.append(shown, bound) if np.isfinite(bound) else shown)
    part_shown = f" (first {len(shown)} of {len(eigenvalues)})" if len(shown) < len(eigenvalues) else ""
    axes.set(xlabel=f"component{part_shown}", ylabel="eigenvalue", xlim=(0, len(shown) + 1))
    axes.xaxis.set_major_locator(style.round_ticks(6, integer=True))


def _number(axes: Axes, values: NDArray[np.floating]) -> None:
    """Plain numbers on the y axis: 1, 2, 5, 10 ..., or whole decades where there are many."""
    positive = values[values > 0]
    decades = np.ptp(np.log10(positive)) if positive.size else 0.0
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < _MAX_DECADES else (1.0,)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _averaged(correlations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of known coefficients over squares, so that there are at most ``_MAX_PIXELS`` in each direction."""
    starts = np.arange(0, len(correlations), -(-len(correlations) // _MAX_PIXELS))
    known = np.isfinite(correlations)
    sums, numbers = (
        np.add.reduceat(np.add.reduceat(each, starts, axis=0), starts, axis=1)
        for each in (np.where(known, correlations, 0.0), known.astype(np.float64))
    )
    return np.divide(sums, numbers, out=np.full_like(sums, np.nan), where=numbers > 0)
