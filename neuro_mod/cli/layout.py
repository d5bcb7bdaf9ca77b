"""How text and tables fit a line: they break between words or columns, and never within a number."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence

#: Characters of a line where standard output is no terminal; the fewest that a terminal is taken to have.
PIPE_WIDTH, MIN_WIDTH = 80, 60
#: Characters of a line of prose, at most, and the fewest beside a label.
_MAX_PROSE, _MIN_VALUE = 100, 32
#: Characters of a part of a column's title, tried in turn until the table fits.
_TITLE_WIDTHS = (32, 24, 20, 16, 12, 8)
#: The same where the table does not fit even so, and its columns are printed in blocks.
_BLOCK_TITLE_WIDTH = 16
_GAP = "  "

#: A space at which a line does not break; it is printed as any other.
NO_BREAK = "\N{NO-BREAK SPACE}"
#: Spaces at which a line does not break: within `a ± b`, before a unit, and before a sign of percent.
_WITHIN_NUMBER = re.compile(
    r"(?<=[\d.)i]) (?=(?:±|\+-|%|(?:1/s|Hz\^2|Hz|ms|s|bits|nats|GB|MB)(?![\w/])))|(?<=±|-) (?=\d)"
)
#: Where a title breaks: at spaces, and after the dots and underscores of a name.
_PARTS_OF_TITLE = re.compile(r"(?:[^\s._]{1,2}_)*[^\s._]{3,}[._]+(?=[^\W\d])|\S+?(?=\s|$)|\s+")


def line_width() -> int:
    """Characters of a line: those of the terminal, or 80 where standard output is none."""
    if sys.stdout.isatty():
        return max(shutil.get_terminal_size().columns, MIN_WIDTH)
    return PIPE_WIDTH


def prose_width() -> int:
    """Characters of a line of prose: those of a line, but no more than one reads with ease."""
    return min(line_width(), _MAX_PROSE)


def text_lines(text: str, *, width: int, indent: str = "") -> list[str]:
    """Lines of a sentence.

    Args:
        text: The sentence.
        width: Characters of a line; a longer word, such as a path, has a line of its own.
        indent: What lines after the first begin with.
    """
    kept = _WITHIN_NUMBER.sub(NO_BREAK, text)
    lines = textwrap.wrap(kept, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return [line.replace(NO_BREAK, " ") for line in lines] or [""]


def labelled_lines(rows: Sequence[tuple[str, str]], *, width: int) -> Iterator[str]:
    """Lines of labels and, beside each, its value.

    Args:
        rows: Labels and values.
        width: Characters of a line.
    """
    column = max((len(label) for label, _ in rows), default=0)
    beside = len(_GAP) + column + _MIN_VALUE <= width
    indent = " " * (len(_GAP) + column if beside else 4)
    for label, value in rows:
        lines = text_lines(value, width=width - len(indent))
        if beside:
            yield f"{label:<{column}}{_GAP}{lines[0]}".rstrip()
            lines = lines[1:]
        else:
            yield label
        yield from (indent + line for line in lines)


def table_lines(header: Sequence[str], rows: Sequence[Sequence[str]], *, width: int) -> Iterator[str]:
    """Lines of a table, the first column flush left, the others flush right.

    If it is too wide, long titles take several lines. If it still is, the columns are printed in blocks, each of which
    begins with the first column, or the first ones if they tell rows apart; or, if a column is too wide for that, each
    row as labels and values.

    Args:
        header: Titles of the columns.
        rows: Cells of each row.
        width: Characters of a line.
    """
    cells = [max((len(row[column]) for row in rows), default=0) for column in range(len(header))]
    for limit in (width, *_TITLE_WIDTHS):
        titles, widths = _titles(header, cells, limit)
        if sum(widths) + len(_GAP) * (len(widths) - 1) <= width:
            yield from _block(titles, rows, widths, range(len(header)))
            return
    titles, widths = _titles(header, cells, _BLOCK_TITLE_WIDTH)
    if widths[0] + len(_GAP) + max(widths[1:], default=0) > width:
        for number, row in enumerate(rows):
            yield from [""] * (number > 0)
            yield from labelled_lines([*zip(header, row, strict=True)], width=width)
        return
    for number, columns in enumerate(_blocks(widths, width, _n_names(rows, widths, width))):
        if number:
            yield ""
        yield from _block(titles, rows, widths, columns)


def _titles(header: Sequence[str], cells: Sequence[int], limit: int) -> tuple[list[list[str]], list[int]]:
    """Lines of each title, and the width of each column."""
    titles = [_title(title, max(limit, cell)) for title, cell in zip(header, cells, strict=True)]
    return titles, [max(cell, *map(len, lines)) for lines, cell in zip(titles, cells, strict=True)]


def _title(title: str, limit: int) -> list[str]:
    """Lines of a title, which are longer than the limit only if a part of it is."""
    lines = [""]
    for part in _PARTS_OF_TITLE.findall(title):
        if len((lines[-1] + part).rstrip()) > limit and lines[-1].strip():
            lines.append("")
        lines[-1] += part if lines[-1] else part.lstrip()
    return [line.rstrip() for line in lines]


def _n_names(rows: Sequence[Sequence[str]], widths: Sequence[int], width: int) -> int:
    """How many of the first columns name a row: as few as tell rows apart, if that leaves room for any other."""
    for n in range(1, len(widths)):
        if sum(widths[:n]) + len(_GAP) * n + max(widths[n:]) > width:
            break
        if len({tuple(row[:n]) for row in rows}) == len(rows):
            return n
    return 1


def _blocks(widths: Sequence[int], width: int, n_names: int) -> Iterator[list[int]]:
    """Columns of each block: those that name rows, and as many others as fit."""
    names = [*range(n_names)]
    block, used = [*names], sum(widths[:n_names]) + len(_GAP) * (n_names - 1)
    before = used
    for column in range(n_names, len(widths)):
        needed = len(_GAP) + widths[column]
        if used + needed > width:
            yield block
            block, used = [*names], before
        block.append(column)
        used += needed
    yield block


def _block(
    titles: Sequence[Sequence[str]], rows: Sequence[Sequence[str]], widths: Sequence[int], columns: Sequence[int]
) -> Iterator[str]:
    height = max(len(titles[column]) for column in columns)
    padded = [[*[""] * (height - len(title)), *title][-height:] for title in titles]
    for line in [*zip(*padded, strict=True), *rows]:
        first, *others = columns
        cells = [f"{line[first]:<{widths[first]}}", *(f"{line[column]:>{widths[column]}}" for column in others)]
        yield _GAP.join(cells).rstrip()
