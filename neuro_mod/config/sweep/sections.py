"""The file of a sweep: its keys, and the checks that involve more than one of them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import combinations
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from neuro_mod.choices import MeanFieldMeasure, MeasureName, Noise
from neuro_mod.config.fields import (
    MANY,
    ONE,
    Count,
    DirectionCount,
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
from neuro_mod.config.sweep.analysis import check_analysis
from neuro_mod.config.sweep.conditions import check_conditions, first_above, sets_direction, why_not_swept
from neuro_mod.config.sweep.mean_field import MeanFieldSettings, check_settings, check_without_simulation, of_mean_field
from neuro_mod.errors import ConfigError, KeyPath, Problem, show

#: Largest number of points of a sweep, and of runs.
MAX_POINTS, MAX_RUNS = 100_000, 1_000_000
_BUILT_IN = (*get_args(MeasureName), *get_args(MeanFieldMeasure))
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
    if name not in _BUILT_IN and not _FUNCTION.fullmatch(name):
        raise PydanticCustomError("measure", "no measure")
    return name


_Value = Annotated[
    Any, BeforeValidator(_plain_value), Field(json_schema_extra={"expected": "a plain value, finite if it is a number"})
]
_Measure = Annotated[
    str,
    Field(
        strict=True,
        json_schema_extra={"expected": f"one of {', '.join(_BUILT_IN)}, or a function of yours as module:function"},
    ),
    AfterValidator(_measure),
]


_MAX_NAME = 60
_NAMES = f"text of at most {_MAX_NAME} characters"


def _condition_name(name: str) -> str:
    if not name.isprintable() or name != name.strip() or not 0 < len(name) <= _MAX_NAME:
        raise PydanticCustomError("condition", "no name of a condition")
    return name


_Condition = Annotated[str, Field(strict=True), AfterValidator(_condition_name)]
_Overrides = Annotated[
    dict[str, _Value],
    EmptyMeansNothing(),
    Field(json_schema_extra={"expected": "a mapping of keys to values"}),
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
        expected="the path of a configuration, seen from this file, the name of a shipped one, or a mapping of "
        "sections (~ is the home folder; no $)",
    )
    overrides: Annotated[dict[str, Any], EmptyMeansNothing(), Field(alias="set")] = parameter(
        {}, "values by key that replace those of the configuration at all points"
    )
    parameters: Annotated[dict[str, _Values], Field(min_length=1)] = parameter(
        {}, "what varies, by key", expected="a mapping from keys such as arousal.level to values"
    )
    conditions: Annotated[dict[_Condition, _Overrides], Field(min_length=1)] = parameter(
        {},
        "named sets of values by key, an axis like a parameter; a condition without values is the configuration itself",
        expected=f"a mapping from names ({_NAMES}) to mappings of keys to values",
    )
    n_directions: LeftOut[DirectionCount] = parameter(
        None, "number of vectors, an axis like a parameter, that are drawn for each perturbation without vectors"
    )
    combine: Literal["grid", "zipped", "sampled"] = parameter(
        "grid", "all combinations, first with first, or drawn at random"
    )
    n_samples: LeftOut[PositiveCount] = parameter(None, "number of points that are drawn")
    repeats: PositiveCount = parameter(1, "runs at each point, with different seeds")
    fix_network: Switch = parameter(False, "use the same network in all runs, with new noise")
    networks: LeftOut[PositiveCount] = parameter(
        None, "number of networks, instead of repeats; each is the same at all points"
    )
    trials: LeftOut[PositiveCount] = parameter(
        None, "runs of each network at each point; a trial has the same noise and initial state at all points"
    )
    noise: LeftOut[Noise] = parameter(
        None, "common: all points of a repeat have the same seed; common if left out and the network is fixed"
    )
    measures: Several[_Measure] = parameter(("rates",), "what is measured in each run")
    analysis: Annotated[dict[str, _Value], EmptyMeansNothing()] = parameter(
        {}, "arguments of Analyzer for measures: method and its parameters, kernel, sampling, minimal lifespan"
    )
    mean_field: Annotated[MeanFieldSettings, EmptyMeansNothing()] = Field(
        default_factory=MeanFieldSettings, description="how measures of the mean field are computed"
    )
    keep_spikes: Switch = parameter(False, "save the spikes of each run")
    seed: LeftOut[Count] = parameter(None, "root of all random numbers; settings.random_seed if left out")
    name: LeftOut[FolderName] = parameter(
        None, "folder for results in settings.save_dir; that of the file if left out", expected=FOLDER_NAME
    )

    @property
    def by_network(self) -> bool:
        """Whether the runs at a point are trials of networks that all points share, instead of repeats."""
        return bool(self.conditions) or self.networks is not None or self.trials is not None

    @property
    def numbers(self) -> tuple[int, ...]:
        """Number of networks and of trials of each; or of repeats."""
        return (self.networks or 1, self.trials or 1) if self.by_network else (self.repeats,)

    @property
    def runs_at_point(self) -> int:
        """Number of runs at each point."""
        return math.prod(self.numbers)

    @property
    def of_mean_field_alone(self) -> bool:
        """Whether all measures are of the mean field, so that nothing is simulated."""
        return len(of_mean_field(self.measures)) == len(self.measures)

    @property
    def common_noise(self) -> bool:
        """Whether all points have the same noise in a repeat or trial."""
        return self.by_network or (self.fix_network if self.noise is None else self.noise == "common")

    def varied_values(self) -> Iterator[tuple[KeyPath, str, Any]]:
        """Place in the file, key, and value of all that differs between points; a range stands for its numbers."""
        for key, values in self.parameters.items():
            yield from (
                (("parameters", key), key, value) for value in (values if isinstance(values, tuple) else [values])
            )
        for name, of_condition in self.conditions.items():
            yield from ((("conditions", name, key), key, value) for key, value in of_condition.items())

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
    yield from check_conditions(file.conditions, file.parameters, file.overrides)
    if file.n_directions is not None:
        yield from _check_directions(file)
    yield from check_analysis(file.analysis)
    yield from _check_numbers_of_runs(file, invalid)
    if combine == "zipped":
        yield from _check_lengths(file)
    if combine == "sampled" and file.n_samples is None and "n_samples" not in invalid:
        yield Problem(("n_samples",), "missing", "a whole number >= 1", "how many points combine: sampled draws")
    if combine == "sampled" and not file.parameters and "parameters" not in invalid:
        yield Problem(("combine",), "sampled found without parameters", hint="only parameters are sampled")
    if combine in {"grid", "zipped"} and file.n_samples is not None:
        yield Problem(("n_samples",), f"has no effect with combine: {combine}", hint="only combine: sampled uses it")
    yield from _check_number(file, combine)
    yield from _check_measures(file.measures)
    if not {"measures", "mean_field"} & set(invalid):
        given = "mean_field" in file.model_fields_set
        yield from check_settings(file.measures, file.mean_field, given=given)
    if file.of_mean_field_alone:
        numbers = {key: getattr(file, key) for key in ("repeats", "networks", "trials")}
        others = {key: getattr(file, key) for key in ("fix_network", "noise", "keep_spikes", "analysis")}
        yield from check_without_simulation(numbers, others, file.varied_values())


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
        if hint := why_not_swept(key):
            yield Problem(("parameters", key), "cannot be swept", hint=hint)
    for (key, path), (other, longer) in combinations(sorted(paths.items(), key=lambda item: len(item[1])), 2):
        if longer[: len(path)] == path:
            yield Problem(("parameters", other), f"{key} sets this value too")
    for key in file.overrides:
        with suppress(ValueError):
            if above := first_above(parse_key(key), file.parameters):
                yield Problem(("set", key), f"the parameter {above} sets this value too")


def _check_directions(file: SweepFile) -> Iterator[Problem]:
    """Refuse other values that set the direction of a perturbation."""
    varied = file.varied_values()
    for path in dict.fromkeys(path for path, key, value in varied if sets_direction(key, value)):
        yield Problem(path, "n_directions sets the direction too")


def _check_numbers_of_runs(file: SweepFile, invalid: Collection[str | int]) -> Iterator[Problem]:
    """Refuse keys about repeats beside networks, trials and conditions."""
    given = [key for key in ("conditions", "networks", "trials") if key in file.model_fields_set or key in invalid]
    if not given:
        return
    beside = f"found beside {' and '.join(given)}"
    if "repeats" in file.model_fields_set and "repeats" not in invalid:
        hint = "networks: N and trials: M replace repeats"
        yield Problem(("repeats",), f"{file.repeats} {beside}", hint=hint)
    if file.fix_network and "fix_network" not in invalid:
        yield Problem(("fix_network",), f"true {beside}", hint="networks: 1 is a single network for all runs")
    if file.noise == "independent":
        hint = "noise depends on network and trial alone, so that points are compared in pairs; with repeats it may not"
        yield Problem(("noise",), f"independent {beside}", hint=hint)


def _lengths(file: SweepFile) -> dict[str, int]:
    lengths = {key: len(values) if isinstance(values, tuple) else values.n for key, values in file.parameters.items()}
    return {key: length for key, length in lengths.items() if length is not None}


def _lengths_of_axes(file: SweepFile) -> dict[str, int]:
    """Numbers of values of the parameters, of conditions, and of directions."""
    lengths = _lengths(file) | ({"conditions": len(file.conditions)} if file.conditions else {})
    return lengths | ({"n_directions": file.n_directions} if file.n_directions is not None else {})


def _check_lengths(file: SweepFile) -> Iterator[Problem]:
    lengths = _lengths_of_axes(file)
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{key} has {show(length)}" for key, length in lengths.items())
        yield Problem(("combine",), f"zipped parameters need the same number of values; {found}")


def _check_number(file: SweepFile, combine: str) -> Iterator[Problem]:
    """Refuse too many points or runs before they are made."""
    lengths = _lengths_of_axes(file).values()
    n_samples = (file.n_samples or 0) * max(1, len(file.conditions)) * (file.n_directions or 1)
    by_combine = {"grid": math.prod(lengths), "zipped": max(lengths, default=0), "sampled": n_samples}
    n = by_combine.get(combine, 0)
    if n > MAX_POINTS:
        path = ("n_samples",) if combine == "sampled" else ("parameters",) if file.parameters else ("n_directions",)
        yield Problem(path, f"{_counted(n)} points found", f"at most {MAX_POINTS:,}")
    elif (n_runs := n * file.runs_at_point) > MAX_RUNS:
        path = ("trials" if file.trials else "networks",) if file.by_network else ("repeats",)
        yield Problem(path, f"{_counted(n_runs)} runs at {n:,} points found", f"at most {MAX_RUNS:,}")


def _counted(number: int) -> str:
    return f"{number:,}" if number < 10**15 else "a huge number of"


def _check_measures(measures: tuple[str, ...]) -> Iterator[Problem]:
    names = [measure.rsplit(":", 1)[-1] for measure in measures]
    for index, (measure, name) in enumerate(zip(measures, names, strict=True)):
        if name in names[:index]:
            other = measures[names.index(name)]
            found = f"duplicate measure {measure}" if other == measure else f"{measure} has the same name as {other}"
            yield Problem(("measures", index), found)
