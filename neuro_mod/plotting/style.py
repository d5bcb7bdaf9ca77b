"""The style of all figures: column widths, fonts, ticks, the colours of the populations."""

from __future__ import annotations

import textwrap
from contextlib import AbstractContextManager
from typing import IO, Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from neuro_mod.populations import EXCITATORY, INHIBITORY, Populations

MM_PER_INCH = 25.4
#: Widths of a journal's columns in inches.
ONE_COLUMN, ONE_AND_A_HALF_COLUMNS, TWO_COLUMNS = (mm / MM_PER_INCH for mm in (85, 114, 180))

#: Dots per inch of a saved figure, and of rasterised parts of a vector figure.
DPI = 300
#: Sizes of axis labels and of the smaller print (tick labels, legends) in points.
LABEL_SIZE, TICK_SIZE = 8.0, 7.0
LINE_WIDTH = 0.6
#: Width of a letter on average, and of the letters of states' names, in parts of their size.
_LETTER, _WIDE_LETTERS = 0.55, {"+": 0.84} | dict.fromkeys("0123456789", 0.64)
#: Height of a line of a note in points.
_LINE = 9.0
#: The sign, not a hyphen.
MINUS = "\N{MINUS SIGN}"
POINTS_PER_INCH = 72
POINTS_PER_MM = POINTS_PER_INCH / MM_PER_INCH

#: Shades of neighbouring clusters by type (E, I), and the backgrounds; distinct with any colour vision.
CLUSTER_COLOURS = (("#0072B2", "#56B4E9"), ("#D55E00", "#E69F00"))
BACKGROUND_COLOURS = ("#737373", "#551155")
#: Colour map of differences, almost white at 0, blue below and red above; distinct with any colour vision.
DIVERGING = "RdBu_r"

_TICKS: dict[str, Any] = {"labelsize": TICK_SIZE, "width": LINE_WIDTH, "length": 2.5, "pad": 2.0}
_RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": LABEL_SIZE,
    "axes.titlesize": LABEL_SIZE,
    "axes.labelsize": LABEL_SIZE,
    "figure.labelsize": LABEL_SIZE,
    "axes.linewidth": LINE_WIDTH,
    "axes.grid": False,
    "axes.facecolor": "white",
    "figure.facecolor": "white",
    "legend.fontsize": TICK_SIZE,
    "text.usetex": False,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "neuro_mod",
}


def paper_style() -> AbstractContextManager[None]:
    """Matplotlib settings of a paper's figure, for the length of a ``with`` block.

    Figures are drawn inside it. Saving inside it too embeds TrueType fonts in a PDF and keeps the text of an SVG.
    """
    return mpl.rc_context(_RC)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, not registered with pyplot: ``width`` x ``height`` inches, 300 dpi, constrained layout."""
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def new_axes(width: float, height: float, *, square: bool = False) -> tuple[Figure, Axes]:
    """A new figure with one dressed axes; ``square`` axes need another layout."""
    figure = new_figure(width, height)
    if square:
        figure.set_layout_engine("compressed")
    axes = figure.add_subplot()
    dress(axes)
    return figure, axes


def new_panels(figure: Figure, n: int, columns: int, *, shared: bool = False) -> list[Axes]:
    """Dressed axes in up to this many columns, in row order; ``shared`` if they have the same axes."""
    panels = list(figure.subplots(-(-n // columns), columns, sharex=shared, sharey=shared, squeeze=False).ravel())
    for axes in panels[n:]:
        axes.remove()
    for axes in panels[:n]:
        dress(axes)
    return panels[:n]


def text_length(text: str, size: float) -> float:
    """Length of a line of text of this size in points, roughly, before it is drawn."""
    return size * sum(_WIDE_LETTERS.get(letter, _LETTER) for letter in text)


#: What formats call the date, which is left out: the same figure has the same bytes.
_DATE = {"pdf": "CreationDate", "svg": "Date"}
#: Of PNG, from 0 to 9: half the time of the usual 6, for files that are a tenth larger.
_COMPRESSION = 3


def save_figure(figure: Figure, file: IO[bytes], file_format: str) -> None:
    """Write a figure to an open file, with the pixels of ``savefig``, which lays out a PNG twice."""
    if file_format == "png":
        FigureCanvasAgg(figure).print_png(file, pil_kwargs={"compress_level": _COMPRESSION})
    else:
        figure.savefig(file, format=file_format, metadata={_DATE[file_format]: None})


def dress(axes: Axes) -> None:
    """Give axes two spines and small ticks, also those that are made after the ``paper_style`` block."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(**_TICKS)


def dress_bar(bar: Colorbar, **ticks: Any) -> None:
    """Give a colour bar small ticks, with these changes, and no frame."""
    bar.ax.tick_params(**_TICKS | ticks)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]


def figure_of(axes: Axes) -> Figure | SubFigure:
    """The figure, or its part, that holds axes."""
    figure = axes.get_figure()
    assert figure is not None
    return figure


def round_ticks(most: int, *, quarters: bool = False, **options: bool) -> MaxNLocator:
    """Ticks at up to ``most`` intervals of round numbers, multiples of 1, 2, 5 or, with ``quarters``, 2.5."""
    return MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10] if quarters else [1, 2, 5, 10], **options)


def write_note(figure: Figure, note: str) -> None:
    """Write a note, if it is not empty, at the lower right of a figure, under earlier notes; the figure grows by it."""
    width, height = figure.get_size_inches()
    lines = textwrap.wrap(note, int(0.95 * width * POINTS_PER_INCH / (_LETTER * TICK_SIZE)))
    if lines:
        earlier = figure.get_supxlabel()
        figure.supxlabel("\n".join([*filter(None, [earlier]), *lines]), fontsize=TICK_SIZE, x=0.99, ha="right")
        figure.set_size_inches(width, height + _LINE * len(lines) / POINTS_PER_INCH)


def population_colours(populations: Populations) -> list[str]:
    """Colour of each population, in the order of the populations; neighbouring clusters differ in shade.

    Args:
        populations: The layout of cluster space.

    Returns:
        ``populations.total`` colours ``#RRGGBB``: blues for E clusters, grey for the E background, vermilion and
        orange for I clusters, dark purple for the I background.
    """
    return [
        BACKGROUND_COLOURS[kind] if cluster < 0 else CLUSTER_COLOURS[kind][cluster % 2]
        for kind, cluster in zip(populations.types, populations.cluster_index, strict=True)
    ]


def population_groups(populations: Populations) -> list[tuple[str, slice]]:
    """The up to four groups that hold neurons, each with the slice of its populations.

    Args:
        populations: The layout of cluster space.

    Returns:
        ``("E clusters", slice(0, p))``, ``("E background", ...)``, ``("I clusters", ...)``, ``("I background", ...)``,
        in this order, without those that have no neurons.
    """
    p = populations.n_clusters
    groups = []
    for kind in (EXCITATORY, INHIBITORY):
        first = 0 if kind == EXCITATORY else p + 1
        groups.append((f"{'EI'[kind]} clusters", slice(first, first + p)))
        groups.append((f"{'EI'[kind]} background", slice(first + p, first + p + 1)))
    return [(name, members) for name, members in groups if populations.sizes[members].sum()]
