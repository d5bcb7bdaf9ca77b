"""Checks of the file of a sweep that involve more than one value."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from itertools import combinations
from typing import TYPE_CHECKING, Any

from neuro_mod.config.overrides import parse_key
from neuro_mod.config.plain import canonical_text
from neuro_mod.errors import KeyPath, Problem, show

if TYPE_CHECKING:
    from neuro_mod.config.sweep.sections import Range, SweepFile


#: Points of a sweep, and runs, at most.
MAX_POINTS, MAX_RUNS = 100_000, 1_000_000


def check_sweep(file: SweepFile, invalid: Collection[str | int]) -> Iterator[Problem]:
    """All that does not fit together, given which keys of the file are invalid in themselves."""
    combine = "" if "combine" in invalid else file.combine
    for key, values in file.parameters.items():
        if isinstance(values, tuple):
            yield from _check_list(key, values, combine)
        else:
            yield from _check_range(key, values, combine)
    yield from _check_keys(file)
    if combine == "zipped":
        yield from _check_lengths(file)
    if combine == "sampled" and file.n_samples is None and "n_samples" not in invalid:
        yield Problem(("n_samples",), "missing", "a whole number >= 1", "combine: sampled draws so many points")
    if combine in {"grid", "zipped"} and file.n_samples is not None:
        yield Problem(("n_samples",), f"no use with combine: {combine}", hint="only combine: sampled draws points")
    yield from _check_number(file, combine)
    yield from _check_measures(file.measures)


def _check_list(key: str, values: tuple[Any, ...], combine: str) -> Iterator[Problem]:
    if combine == "zipped":  # where points are compared as a whole
        return
    counts = Counter(map(canonical_text, values))
    twice = [text for text, count in counts.items() if count > 1]
    if twice:
        yield Problem(("parameters", key), f"{', '.join(twice)} {'stands' if len(twice) == 1 else 'stand'} there twice")


def _check_range(key: str, values: Range, combine: str) -> Iterator[Problem]:
    path: KeyPath = "parameters", key
    if values.start == values.end:
        yield Problem(path, "from and to are equal", hint=f"a single value is a list: [{show(values.start)}]")
    if values.spacing == "log":
        for name, end in (("from", values.start), ("to", values.end)):
            if end <= 0:
                yield Problem((*path, name), f"{show(end)} found", "a number > 0, as spacing is log")
    if combine == "sampled" and values.n is not None:
        hint = "combine: sampled draws n_samples points from the whole range"
        yield Problem((*path, "n"), f"{values.n} found, but points are sampled", hint=hint)
    elif combine in {"grid", "zipped"} and values.n is None:
        yield Problem((*path, "n"), "missing", "a whole number >= 2", "how many values")
    elif values.n == 1:
        hint = f"a single value is a list: [{show(values.start)}]"
        yield Problem((*path, "n"), "1 found", "a whole number >= 2", hint)


def _check_keys(file: SweepFile) -> Iterator[Problem]:
    """Refuse keys that say where results go or what the seed is, and keys that set the same value."""
    paths: dict[str, KeyPath] = {}
    for key in file.parameters:
        with suppress(ValueError):  # an unreadable key is told where it is applied
            paths[key] = parse_key(key)
        if key == "settings.random_seed":
            yield Problem(
                ("parameters", key), "no parameter", hint="seeds follow from seed; repeats: N gives N of them"
            )
        elif key.split(".")[0] == "settings":
            yield Problem(("parameters", key), "no parameter", hint="it changes no result")
    for (key, path), (other, longer) in combinations(sorted(paths.items(), key=lambda item: len(item[1])), 2):
        if longer[: len(path)] == path:
            yield Problem(("parameters", other), f"{key} sets this value too")
    for key in file.overrides:
        with suppress(ValueError):
            if above := first_above(parse_key(key), file.parameters):
                yield Problem(("set", key), f"the parameter {above} sets this value too")


def first_above(path: KeyPath, parameters: Iterable[str]) -> str:
    """The first of these parameters that sets what stands at a key path; empty if none does."""
    for key in parameters:
        with suppress(ValueError):
            varied = parse_key(key)
            if path[: len(varied)] == varied:
                return key
    return ""


def _lengths(file: SweepFile) -> dict[str, int]:
    lengths = {key: len(values) if isinstance(values, tuple) else values.n for key, values in file.parameters.items()}
    return {key: length for key, length in lengths.items() if length is not None}


def _check_lengths(file: SweepFile) -> Iterator[Problem]:
    lengths = _lengths(file)
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{key} has {show(length)}" for key, length in lengths.items())
        yield Problem(("combine",), f"zipped parameters need equally many values; {found}")


def _check_number(file: SweepFile, combine: str) -> Iterator[Problem]:
    """Refuse what is too much before it is made."""
    lengths = _lengths(file).values()
    by_combine = {"grid": math.prod(lengths), "zipped": max(lengths, default=0), "sampled": file.n_samples or 0}
    n = by_combine.get(combine, 0)
    if n > MAX_POINTS:
        path = ("n_samples",) if combine == "sampled" else ("parameters",)
        yield Problem(path, f"{_counted(n)} points found", f"at most {MAX_POINTS:,}")
    elif n * file.repeats > MAX_RUNS:
        yield Problem(("repeats",), f"{_counted(n * file.repeats)} runs at {n:,} points found", f"at most {MAX_RUNS:,}")


def _counted(number: int) -> str:
    return f"{number:,}" if number < 10**15 else "a huge number of"


def _check_measures(measures: tuple[str, ...]) -> Iterator[Problem]:
    names = [measure.rsplit(":", 1)[-1] for measure in measures]
    for index, (measure, name) in enumerate(zip(measures, names, strict=True)):
        if name in names[:index]:
            other = measures[names.index(name)]
            found = "stands there twice" if other == measure else f"has the same name as {other}"
            yield Problem(("measures", index), f"{measure} {found}")
