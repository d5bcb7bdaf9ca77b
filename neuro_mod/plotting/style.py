"""The style of all figures: column widths, fonts, ticks, the colours of the populations."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import IO, Any, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as _Figure
from matplotlib.figure import SubFigure
from matplotlib.layout_engine import TightLayoutEngine
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from neuro_mod.errors import InputError, invalid
from neuro_mod.populations import EXCITATORY, INHIBITORY, Populations

MM_PER_INCH = 25.4
#: Any figure of Matplotlib, also one that a user made.
AnyFigure: TypeAlias = _Figure
#: Widths of a journal's columns in inches.
ONE_COLUMN, ONE_AND_A_HALF_COLUMNS, TWO_COLUMNS = (mm / MM_PER_INCH for mm in (85, 114, 180))

#: Dots per inch of a saved figure, and of rasterised parts of a vector figure.
DPI = 300
#: Dots per inch of a screen.
_SCREEN = 96
#: Sizes of axis labels and of the smaller print (tick labels, legends) in points.
LABEL_SIZE, TICK_SIZE = 8.0, 7.0
LINE_WIDTH = 0.6
#: Width of a letter on average, and of the letters of states' names, in parts of their size.
_LETTER, _WIDE_LETTERS = 0.55, {"+": 0.84, "m": 0.97} | dict.fromkeys("0123456789", 0.64)
#: Height of a line of a note in points.
_LINE = 9.0
#: Values that have ticks of their own, at most, and letters of such a value; gap between the numbers in points.
_MAX_TICKED, _MAX_DIGITS, _TICK_GAP = 12, 6, 4.0
#: Attribute of axes with their colour bar, and their place before they had it.
_BAR = "_neuro_mod_bar"
#: The sign, not a hyphen.
MINUS = "\N{MINUS SIGN}"
POINTS_PER_INCH = 72
POINTS_PER_MM = POINTS_PER_INCH / MM_PER_INCH

#: Shades of neighbouring clusters by type (E, I), and the backgrounds; distinct with any colour vision.
CLUSTER_COLOURS = (("#0072B2", "#56B4E9"), ("#D55E00", "#E69F00"))
BACKGROUND_COLOURS = ("#737373", "#551155")
#: Colour map of differences, white at 0, blue below and red above; distinct with any colour vision.
DIVERGING = LinearSegmentedColormap.from_list(
    "differences",
    [*mpl.colormaps["RdBu_r"](np.linspace(0, 0.4, 5)), "#FFFFFF", *mpl.colormaps["RdBu_r"](np.linspace(0.6, 1, 5))],
    257,
)
#: Borders of maps in which a colour may be white.
FRAME_COLOUR = "#B3B3B3"

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


@dataclass(frozen=True)
class FigureStyle:
    """How large figures are, and what is in them; type and lines have the same size in all of them.

    Args:
        columns: Width in inches of a figure that is made for a column of the given width in inches.
        enlarged: How much larger it is shown and saved as PNG.
    """

    columns: dict[float, float]
    enlarged: float


#: By name. For a talk, figures have the next smaller width, so that type and lines are larger in comparison.
STYLES = {
    "paper": FigureStyle({}, 1.0),
    "talk": FigureStyle({TWO_COLUMNS: ONE_AND_A_HALF_COLUMNS, ONE_AND_A_HALF_COLUMNS: ONE_COLUMN}, 1.6),
}
_style: ContextVar[FigureStyle] = ContextVar("style", default=STYLES["paper"])


@contextmanager
def in_style(name: str) -> Iterator[None]:
    """Draw the figures of a ``with`` block in a style.

    Args:
        name: ``paper``, for columns of 85, 114 and 180 mm, or ``talk``, with larger type and lines for slides.

    Raises:
        InputError: Another name.

    Example:
        >>> from neuro_mod import plotting
        >>> with plotting.in_style("talk"):
        ...     figure = plotting.new_states([0.0, 1.0, 2.0], [[1, 2, 2]])
        >>> round(figure.get_figwidth() * 25.4)
        85
    """
    if name not in STYLES:
        raise invalid("style", name, f"one of {', '.join(STYLES)}")
    token = _style.set(STYLES[name])
    try:
        yield
    finally:
        _style.reset(token)


def paper_style() -> AbstractContextManager[None]:
    """Matplotlib settings of a paper's figure, for the length of a ``with`` block.

    Figures are drawn inside it. Saving inside it too embeds TrueType fonts in a PDF and keeps the text of an SVG.
    """
    return mpl.rc_context(_RC)


class Figure(_Figure):
    """A figure that shows itself in a notebook, without pyplot."""

    def savefig(self, *arguments: Any, **options: Any) -> None:
        """Save it, with fonts embedded in a PDF and text as text in an SVG, as commands do."""
        with paper_style():
            super().savefig(*arguments, **options)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """The picture, at twice the resolution of a usual screen, and its size there in pixels."""
        file, before = io.BytesIO(), self.dpi
        enlarged = before / DPI
        width, height = self.get_size_inches() * _SCREEN * enlarged
        try:
            self.set_dpi(2 * _SCREEN * enlarged)
            with paper_style():
                save_figure(self, file, "png")
        finally:
            self.set_dpi(before)
        return file.getvalue(), {"width": round(width), "height": round(height)}


def width_in(ax: Axes | None, width: float | None, column: float) -> float:
    """Width of a figure in inches: that of the axes to draw in, else the given one, else that for a column."""
    if ax is not None:
        return size_in_points(ax)[0] / POINTS_PER_INCH
    return _style.get().columns.get(column, column) if width is None else width


def height_in(ax: Axes | None, height: float) -> float:
    """Height of a figure in inches: that of the axes to draw in, else the given one."""
    return height if ax is None else size_in_points(ax)[1] / POINTS_PER_INCH


def size_in_points(ax: Axes) -> tuple[float, float]:
    """Width and height of axes in points."""
    extent, dpi = ax.get_window_extent(), figure_of(ax).dpi
    return extent.width / dpi * POINTS_PER_INCH, extent.height / dpi * POINTS_PER_INCH


def new_figure(width: float, height: float, ax: Axes | None = None) -> _Figure | SubFigure:
    """An empty figure, not registered with pyplot, with constrained layout.

    Args:
        width: Its width in inches.
        height: Its height in inches.
        ax: Axes of another figure, which are removed; what is returned is the part of that figure in their place.

    Raises:
        InputError: The axes are not one of a grid of subplots.
    """
    if ax is None:
        return Figure(figsize=(width, height), dpi=DPI * _style.get().enlarged, layout="constrained")
    place, figure = ax.get_subplotspec(), figure_of(ax)
    if place is None:
        raise InputError(
            "ax: axes at a place of their own found; expected one of a grid, as subplots makes them, for more than "
            "one panel to draw"
        )
    _make_room(ax)
    ax.remove()
    return figure.add_subfigure(place)


def new_axes(
    width: float, height: float, *, square: bool = False, ax: Axes | None = None
) -> tuple[_Figure | SubFigure, Axes]:
    """A new figure with one dressed axes, or given axes; ``square`` axes need another layout."""
    if ax is not None:
        _make_room(ax)
        dress(ax)
        ax.xaxis.label.set_fontsize(LABEL_SIZE)
        ax.yaxis.label.set_fontsize(LABEL_SIZE)
        return figure_of(ax), ax
    figure = new_figure(width, height)
    if square:
        whole(figure).set_layout_engine("compressed")
    axes = figure.add_subplot()
    dress(axes)
    return figure, axes


def _make_room(ax: Axes) -> None:
    """Give the figure of axes in a grid constrained layout, as names and bars beside axes, and panels, need room.

    Layouts that are not of Matplotlib stay, and the tight one of a figure with colour bars, which cannot be replaced.
    """
    figure = whole(figure_of(ax))
    engine = figure.get_layout_engine()
    if ax.get_subplotspec() is not None and (engine is None or isinstance(engine, TightLayoutEngine)):
        with suppress(RuntimeError):
            figure.set_layout_engine("constrained")


def whole(figure: _Figure | SubFigure) -> _Figure:
    """The figure of which this is a part, or itself."""
    while isinstance(figure, SubFigure):
        figure = figure.figure
    return figure


def new_panels(figure: _Figure | SubFigure, n: int, columns: int, *, shared: bool = False) -> list[Axes]:
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


def save_figure(figure: _Figure, file: IO[bytes], file_format: str) -> None:
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


def new_bar(
    axes: Axes, mappable: ScalarMappable, inset: tuple[float, float, float, float] | None = None, **options: Any
) -> Colorbar:
    """A colour bar beside axes, in place of the one that an earlier figure in these axes has.

    Args:
        axes: The axes.
        mappable: Colours and their range.
        inset: Place of the bar in parts of the axes; by default they make room for it.
        **options: As for ``Figure.colorbar``.
    """
    if (earlier := getattr(axes, _BAR, None)) is not None and earlier[0].ax.get_figure() is not None:
        bar, place = earlier
        bar.remove()
        if inset is None and axes.get_subplotspec() is None:
            axes.set_position(place)
    place = axes.get_position(original=True)
    where = {"ax": axes} if inset is None else {"cax": axes.inset_axes(inset)}
    bar = figure_of(axes).colorbar(mappable, **where, **options)
    setattr(axes, _BAR, (bar, place))
    return bar


def figure_of(axes: Axes) -> _Figure | SubFigure:
    """The figure, or its part, that holds axes.

    Raises:
        InputError: They are not flat axes of a figure.
    """
    if not isinstance(axes, Axes):
        raise invalid("ax", type(axes).__name__, "one Axes of Matplotlib", "such as axes[0, 0] of plt.subplots(2, 2)")
    figure = axes.get_figure()
    removed = figure is None or (axes.get_subplotspec() is not None and axes not in figure.axes)
    if figure is None or removed or axes.name != "rectilinear":
        found = "axes that were removed" if removed else f"{axes.name} axes"
        raise InputError(f"ax: {found} found; expected flat axes of a figure")
    return figure


def round_ticks(most: int, *, quarters: bool = False, **options: bool) -> MaxNLocator:
    """Ticks at up to ``most`` intervals of round numbers, multiples of 1, 2, 5 or, with ``quarters``, 2.5."""
    return MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10] if quarters else [1, 2, 5, 10], **options)


def tick_values(axis: XAxis | YAxis, values: NDArray[np.floating], points: float, *, logarithmic: bool = False) -> bool:
    """Tick the values that were sampled, and write as many of them as fit; nothing where they are many.

    Args:
        axis: The axis.
        values: The values; the same one may occur several times.
        points: Length of the axis in points.
        logarithmic: Whether the axis is logarithmic.

    Returns:
        Whether they have the ticks: there are few, which are short in four digits and differ.
    """
    distinct = np.unique(values)
    labels = [f"{value:.4g}".replace("-", MINUS) for value in distinct]
    if len(distinct) > _MAX_TICKED or len(set(labels)) < len(labels) or max(map(len, labels)) > _MAX_DIGITS:
        return False
    places = np.log(distinct) if logarithmic else distinct
    places = (places - places[0]) / (float(np.ptp(places)) or 1.0) * points
    tall = _LINE if axis.axis_name == "y" else 0.0
    rooms = [tall or text_length(label, TICK_SIZE) + _TICK_GAP for label in labels]
    kept: list[int] = []
    for i in (0, len(distinct) - 1, *range(1, len(distinct) - 1)):
        if all(abs(places[i] - places[k]) >= (rooms[i] + rooms[k]) / 2 for k in kept):
            kept.append(i)
    axis.set_ticks([float(distinct[i]) for i in sorted(kept)], [labels[i] for i in sorted(kept)])
    axis.set_minor_locator(FixedLocator(distinct.tolist()))
    axis.set_minor_formatter(NullFormatter())
    return True


def write_note(place: _Figure | SubFigure | Axes, note: str) -> None:
    """Write a note, if it is not empty, under earlier notes.

    Args:
        place: Where: at the lower right of a figure, which grows by the note, or below the label of the x axis.
        note: The note.
    """
    width = size_in_points(place)[0] if isinstance(place, Axes) else place.bbox.width / place.dpi * POINTS_PER_INCH
    lines = textwrap.wrap(note, max(1, int(0.95 * width / (_LETTER * TICK_SIZE))))
    if not lines:
        return
    if isinstance(place, Axes):
        place.set_xlabel("\n".join([*filter(None, [place.get_xlabel()]), *lines]))
        return
    earlier = place.get_supxlabel()
    place.supxlabel("\n".join([*filter(None, [earlier]), *lines]), fontsize=TICK_SIZE, x=0.99, ha="right")
    if isinstance(place, _Figure):
        place.set_figheight(place.get_figheight() + _LINE * len(lines) / POINTS_PER_INCH)


def in_words(name: str) -> str:
    """The name of a population in a figure: ``E background`` for ``E_background``."""
    return name.replace("_", " ")


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
