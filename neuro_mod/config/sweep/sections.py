"""The file of a sweep: its keys, and the checks that involve more than one of them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from itertools import combinations
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from neuro_mod.choices import MeasureName, Noise
from neuro_mod.config.fields import (
    MANY,
    ONE,
    Count,
    EmptyMeansNothing,
    LeftOut,
    PositiveCount,
    Real,
    Section,
    Several,
    Switch,
    form,
    parameter,
)
from neuro_mod.config.overrides import parse_key
from neuro_mod.config.plain import canonical_text
from neuro_mod.config.sections import FOLDER_NAME, FolderName, is_path
from neuro_mod.errors import ConfigError, KeyPath, Problem, show

#: Largest number of points of a sweep, and of runs.
MAX_POINTS, MAX_RUNS = 100_000, 1_000_000
_FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def _plain_value(value: Any) -> Any:
    try:
        canonical_text(value)
    except ValueError:
        raise PydanticCustomError("plain_value", "not a plain value") from None
    return value


def _config(value: Any) -> Any:
    if not isinstance(value, dict) and not is_path(value):
        raise PydanticCustomError("config", "no configuration")
    return value


def _measure(name: str) -> str:
    if name not in get_args(MeasureName) and not _FUNCTION.fullmatch(name):
        raise PydanticCustomError("measure", "no measure")
    return name


_Value = Annotated[
    Any, BeforeValidator(_plain_value), Field(json_schema_extra={"expected": "a plain value, finite if it is a number"})
]
_Measure = Annotated[
    str,
    Field(
        strict=True,
        json_schema_extra={
            "expected": f"one of {', '.join(get_args(MeasureName))}, or a function of yours as module:function"
        },
    ),
    AfterValidator(_measure),
]


class Range(Section):
    """Numbers from one to another, both included."""

    start: Annotated[Real, Field(alias="from")] = parameter(..., "first value")
    end: Annotated[Real, Field(alias="to")] = parameter(..., "last value")
    n: LeftOut[PositiveCount] = parameter(None, "how many values; not where points are sampled")
    spacing: Literal["linear", "log"] = parameter("linear", "equal differences, or equal ratios")


_Values = Annotated[
    Annotated[Range, Tag(ONE)] | Annotated[Several[_Value], Tag(MANY)],
    Discriminator(form),
    Field(json_schema_extra={"expected": "a list of values, or a range such as {from: 0, to: 1, n: 5}"}),
]


class SweepFile(Section):
    """The file of a sweep."""

    config: Annotated[Any, BeforeValidator(_config)] = parameter(
        ...,
        "the configuration that is varied",
        expected="the path of a configuration, seen from this file, or a mapping of its sections "
        "(~ is the home folder; no $)",
    )
    overrides: Annotated[dict[str, Any], EmptyMeansNothing(), Field(alias="set")] = parameter(
        {}, "values by key that replace those of the configuration at all points"
    )
    parameters: Annotated[dict[str, _Values], Field(min_length=1)] = parameter(
        ..., "what varies, by key", expected="a mapping from keys such as arousal.level to values"
    )
    combine: Literal["grid", "zipped", "sampled"] = parameter(
        "grid", "all combinations, first with first, or drawn at random"
    )
    n_samples: LeftOut[PositiveCount] = parameter(None, "number of points that are drawn")
    repeats: PositiveCount = parameter(1, "runs at each point, with different seeds")
    fix_network: Switch = parameter(False, "use the same network in all runs, with new noise")
    noise: LeftOut[Noise] = parameter(
        None, "common: all points of a repeat have the same seed; common if left out and the network is fixed"
    )
    measures: Several[_Measure] = parameter(("rates",), "what is measured in each run")
    keep_spikes: Switch = parameter(False, "save the spikes of each run")
    seed: LeftOut[Count] = parameter(None, "root of all random numbers; settings.random_seed if left out")
    name: LeftOut[FolderName] = parameter(
        None, "folder for results in settings.save_dir; that of the file if left out", expected=FOLDER_NAME
    )

    @property
    def common_noise(self) -> bool:
        """Whether all points have the same noise in a repeat."""
        return self.fix_network if self.noise is None else self.noise == "common"

    @model_validator(mode="after")
    def _check_together(self, info: ValidationInfo) -> Self:
        invalid: Collection[KeyPath] = (info.context or {}).get("invalid", ())
        if problems := list(_check(self, [path[0] for path in invalid if len(path) == 1])):
            raise ConfigError(problems)
        return self


def _check(file: SweepFile, invalid: Collection[str | int]) -> Iterator[Problem]:
    """Find values that do not fit together, given which keys of the file are invalid in themselves."""
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
        yield Problem(("n_samples",), "missing", "a whole number >= 1", "how many points combine: sampled draws")
    if combine in {"grid", "zipped"} and file.n_samples is not None:
        yield Problem(("n_samples",), f"has no effect with combine: {combine}", hint="only combine: sampled uses it")
    yield from _check_number(file, combine)
    yield from _check_measures(file.measures)


def _check_list(key: str, values: tuple[Any, ...], combine: str) -> Iterator[Problem]:
    if combine == "zipped":  # whole points are compared, see `Points.repeated`
        return
    counts = Counter(map(canonical_text, values))
    duplicates = [text for text, count in counts.items() if count > 1]
    if duplicates:
        noun = "value" if len(duplicates) == 1 else "values"
        yield Problem(("parameters", key), f"duplicate {noun} {', '.join(duplicates)}")


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
    """Refuse keys that do not affect results or set the seed, and keys that set the same value."""
    paths: dict[str, KeyPath] = {}
    for key in file.parameters:
        with suppress(ValueError):  # an unreadable key is reported where it is applied
            paths[key] = parse_key(key)
        if key == "settings.random_seed":
            hint = "the root seed and the point give the seeds; for several seeds at a point use repeats"
            yield Problem(("parameters", key), "cannot be swept", hint=hint)
        elif key.split(".")[0] == "settings":
            yield Problem(("parameters", key), "cannot be swept", hint="it does not affect results")
    for (key, path), (other, longer) in combinations(sorted(paths.items(), key=lambda item: len(item[1])), 2):
        if longer[: len(path)] == path:
            yield Problem(("parameters", other), f"{key} sets this value too")
    for key in file.overrides:
        with suppress(ValueError):
            if above := first_above(parse_key(key), file.parameters):
                yield Problem(("set", key), f"the parameter {above} sets this value too")


def first_above(path: KeyPath, parameters: Iterable[str]) -> str:
    """The first of these parameters that sets the value at a key path; empty if none does."""
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
        yield Problem(("combine",), f"zipped parameters need the same number of values; {found}")


def _check_number(file: SweepFile, combine: str) -> Iterator[Problem]:
    """Refuse too many points or runs before they are made."""
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
            found = f"duplicate measure {measure}" if other == measure else f"{measure} has the same name as {other}"
            yield Problem(("measures", index), found)
