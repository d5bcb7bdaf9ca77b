"""Short descriptions of objects, as text and as HTML for notebooks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, fields
from html import escape
from numbers import Number
from typing import Any

#: Characters of a line, and rows below the title, at most.
WIDTH, MAX_ROWS = 80, 11
_LEFT = 'style="text-align: left"'


@dataclass(frozen=True)
class Summary:
    """A title, and rows of labels and values.

    Args:
        title: One line.
        rows: Values by label; at most `MAX_ROWS` are shown.
    """

    title: str
    rows: Mapping[str, str]

    def text(self) -> str:
        """Lines of up to `WIDTH` characters."""
        width = max(map(len, self.rows), default=0)
        lines = [self.title, *(f"  {label:<{width}}  {value}" for label, value in self._shown().items())]
        return "\n".join(shortened(line.replace("\n", " "), WIDTH).rstrip() for line in lines)

    def html(self) -> str:
        """A table, with everything escaped."""
        rows = "".join(
            f"<tr><th {_LEFT}>{escape(label)}</th><td {_LEFT}>{escape(value)}</td></tr>"
            for label, value in self._shown().items()
        )
        caption = f'<caption style="text-align: left; font-weight: bold">{escape(self.title)}</caption>'
        return f"<table>{caption}<tbody>{rows}</tbody></table>"

    def _shown(self) -> dict[str, str]:
        shown = list(self.rows.items())
        if (left_out := len(shown) - MAX_ROWS) > 0:
            shown = [*shown[: MAX_ROWS - 1], ("...", f"{left_out + 1} more")]
        return dict(shown)


class Shown:
    """What describes itself by a `Summary`, in a terminal and in a notebook."""

    @abstractmethod
    def _summary(self) -> Summary:
        """The description."""

    def __repr__(self) -> str:
        return self._summary().text()

    def _repr_html_(self) -> str:
        return self._summary().html()


class ShownFields(Shown):
    """A dataclass that is described by its fields; of arrays only shape and type are shown."""

    def _summary(self) -> Summary:
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.repr}  # pyright: ignore[reportArgumentType]
        return Summary(type(self).__name__, {name: described(value) for name, value in values.items()})


def described(value: Any) -> str:
    """A value in a line: arrays by their shape, long collections by their length, what has a `Summary` by its title."""
    if hasattr(value, "shape") and hasattr(value, "dtype") and value.shape:
        return array(value)
    if isinstance(value, Shown):
        return value._summary().title
    if isinstance(value, Mapping):
        return _joined([f"{name}: {described(each)}" for name, each in value.items()])
    if isinstance(value, Sequence | Set) and not isinstance(value, str):
        return _joined([described(each) for each in value])
    return str(value) if isinstance(value, str | Number) or value is None else type(value).__name__


def array(values: Any) -> str:
    """Shape and type of an array, such as ``(5000, 38) float32``."""
    return f"{tuple(values.shape)} {values.dtype}"


def counted(n: int, noun: str) -> str:
    """A number of things, such as ``1 state`` or ``3 states``."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def span(values: Any, unit: str) -> str:
    """Smallest and largest of numbers with their unit; that there are none."""
    finite = values[values == values]  # noqa: PLR0124 -- without NaN
    return f"{finite.min():.4g} to {finite.max():.4g} {unit}".rstrip() if finite.size else "none"


def shortened(text: str, width: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= width else text[: width - 3].rstrip() + "..."


def _joined(parts: Sequence[str]) -> str:
    shown = ", ".join(parts)
    return (shown if len(shown) <= WIDTH else f"{len(parts)} entries") if parts else "none"
