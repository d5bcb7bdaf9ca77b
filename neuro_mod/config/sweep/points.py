"""The points of a sweep: combinations of values of its parameters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, overload

from neuro_mod.config.plain import canonical_text
from neuro_mod.config.sweep.sections import Range, SweepFile
from neuro_mod.core.random import Stream

#: Digits of values between the ends of a logarithmic range.
_DIGITS = 12


@dataclass(frozen=True)
class Point:
    """One combination of values of the parameters of a sweep.

    Args:
        index: Its number, from 0.
        values: The values of the parameters by key.
        condition: Name of its condition; empty if the sweep has none.
        of_condition: The values of its condition by key.
        direction: Number of its direction, from 0; None if directions are no axis.
        of_direction: The keys that set its direction, with this number.
    """

    index: int
    values: Mapping[str, Any]
    condition: str = ""
    of_condition: Mapping[str, Any] = field(default_factory=dict)
    direction: int | None = None
    of_direction: Mapping[str, int] = field(default_factory=dict)

    @property
    def overrides(self) -> dict[str, Any]:
        """All values by key that replace those of the configuration."""
        return {**self.of_condition, **self.of_direction, **self.values}

    def __str__(self) -> str:
        named = [f"condition {self.condition}"] if self.condition else []
        named += [f"direction {self.direction}"] if self.direction is not None else []
        values = [f"{key}={_short(value)}" for key, value in self.values.items()]
        return f"point {self.index} ({', '.join(named + values)})"


class Points(Sequence[Point]):
    """The points of a sweep in order, each made on demand.

    In a grid the conditions vary slowest, then the directions, then the first parameter. Sample k depends only on the
    seed, the parameter and k; combinations of listed values that were drawn before are left out. All conditions and
    directions have the same samples.

    Args:
        file: The keys of the file.
        seed: Root seed of samples.
        directed: Targets of which the directions are an axis.
    """

    def __init__(self, file: SweepFile, seed: int, directed: Sequence[str] = ()):
        self._combine, self._seed = file.combine, seed
        self._parameters = dict(file.parameters)
        self._conditions = list(file.conditions.items()) or [("", {})]
        self._directions: Sequence[int | None] = range(file.n_directions) if file.n_directions else [None]
        self._directed = [direction_key(target) for target in directed]
        self._values: dict[str, Sequence[Any]] = {}
        if self._combine == "sampled":
            assert file.n_samples is not None  # the file was checked
            self._samples = _first_of_each(file.n_samples, self._sample)
            self._length = len(self._samples)
            return
        self._values = {
            key: values if isinstance(values, tuple) else range_values(values)
            for key, values in file.parameters.items()
        }
        lengths = [len(values) for values in self._values.values()]
        others = max(len(self._conditions), len(self._directions))
        self._length = math.prod(lengths) if self._combine == "grid" else (lengths or [others])[0]

    def __len__(self) -> int:
        if self._combine == "zipped":
            return self._length
        return self._length * len(self._conditions) * len(self._directions)

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> list[Point]: ...
    def __getitem__(self, index: int | slice) -> Point | list[Point]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        if self._combine == "zipped":  # conditions and directions are combined as further lists
            number, way, within = place, place, place
        else:
            rest, within = divmod(place, self._length)
            number, way = divmod(rest, len(self._directions))
        name, values = self._conditions[number % len(self._conditions)]
        direction = self._directions[way % len(self._directions)]
        of_direction = {} if direction is None else dict.fromkeys(self._directed, direction)
        return Point(place, self._values_at(within), name, values, direction, of_direction)

    def _values_at(self, place: int) -> dict[str, Any]:
        """Values of the parameters at a place among their combinations."""
        if self._combine == "sampled":
            return self._sample(self._samples[place])
        if self._combine == "zipped":
            return {key: values[place] for key, values in self._values.items()}
        chosen: dict[str, Any] = {}
        for key, values in reversed(self._values.items()):
            place, position = divmod(place, len(values))
            chosen[key] = values[position]
        return dict(reversed(chosen.items()))

    @property
    def keys_of_log_ranges(self) -> frozenset[str]:
        """Parameters that vary over logarithmic ranges."""
        ranges = {key: values for key, values in self._parameters.items() if isinstance(values, Range)}
        return frozenset(key for key, values in ranges.items() if values.spacing == "log")

    def repeated(self) -> Iterator[tuple[Point, Point]]:
        """Each point that equals an earlier one, and the earlier one."""
        seen: dict[str, int] = {}
        for point in self:
            first = seen.setdefault(canonical_text(point.overrides), point.index)
            if first != point.index:
                yield point, self[first]

    def _sample(self, k: int) -> dict[str, Any]:
        return {key: self._draw(key, values, k) for key, values in self._parameters.items()}

    def _draw(self, key: str, values: Range | tuple[Any, ...], k: int) -> Any:
        u = float(Stream(self._seed, f"sample of {key}").uniform([k], 1)[0, 0])
        if isinstance(values, tuple):
            return values[int(u * len(values))]
        drawn = _between(values, u) if values.spacing == "log" else values.start + u * (values.end - values.start)
        return min(max(drawn, min(values.start, values.end)), max(values.start, values.end))  # whatever is rounded


def direction_key(target: str) -> str:
    """The key of a configuration that says which direction of a target is drawn."""
    return f"perturbation.{target}.direction"


def range_values(values: Range) -> tuple[float, ...]:
    """The numbers of a range.

    Linear ranges are calculated from the decimal numbers in the file, so that the fourth of 0, 0.1, ... is exactly 0.3;
    numbers between the ends of a logarithmic range are rounded to 12 digits.
    """
    assert values.n is not None  # the file was checked
    last = values.n - 1
    if values.spacing == "linear":
        start, end = Fraction(repr(values.start)), Fraction(repr(values.end))
        return tuple(float(start + (end - start) * Fraction(k, last)) for k in range(values.n))
    between = (float(f"{_between(values, k / last):.{_DIGITS}g}") for k in range(1, last))
    return values.start, *between, values.end


def _between(values: Range, share: float) -> float:
    """The number at a share of a logarithmic range; the ratio of its ends may be too large for a float."""
    return values.start ** (1 - share) * values.end**share


def _first_of_each(n: int, sample: Any) -> list[int]:
    first: dict[str, int] = {}
    for k in range(n):
        first.setdefault(canonical_text(sample(k)), k)
    return list(first.values())


def _short(value: Any) -> str:
    text = canonical_text(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
