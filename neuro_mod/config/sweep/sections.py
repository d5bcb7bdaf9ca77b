"""What the file of a sweep may say."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from neuro_mod.choices import MeasureName
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
from neuro_mod.config.plain import canonical_text
from neuro_mod.config.sections import FOLDER_NAME, FolderName
from neuro_mod.config.sweep.checks import check_sweep
from neuro_mod.errors import ConfigError, KeyPath

_FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def _plain_value(value: Any) -> Any:
    try:
        canonical_text(value)
    except ValueError:
        raise PydanticCustomError("plain_value", "not a plain value") from None
    return value


def _config(value: Any) -> Any:
    if not isinstance(value, dict) and not (isinstance(value, str) and value.strip()):
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
        expected="the path of a configuration, seen from this file, or a mapping of its sections",
    )
    overrides: Annotated[dict[str, Any], EmptyMeansNothing(), Field(alias="set")] = parameter(
        {}, "values by key that replace those of the configuration at all points"
    )
    parameters: Annotated[dict[str, _Values], Field(min_length=1)] = parameter(
        ..., "what varies, by key", expected="a mapping from keys such as arousal.level to values"
    )
    combine: Literal["grid", "zipped", "sampled"] = parameter(
        "grid", "every value with every other, first with first, or drawn"
    )
    n_samples: LeftOut[PositiveCount] = parameter(None, "number of points that are drawn")
    repeats: PositiveCount = parameter(1, "runs at each point, which differ in their seeds")
    fix_network: Switch = parameter(False, "the same network in all runs, under new noise")
    measures: Several[_Measure] = parameter(("rates",), "what is kept of each run")
    keep_spikes: Switch = parameter(False, "save the spikes of each run")
    seed: LeftOut[Count] = parameter(None, "root of all random numbers; settings.random_seed if left out")
    name: LeftOut[FolderName] = parameter(
        None, "folder for results in settings.save_dir; that of the file if left out", expected=FOLDER_NAME
    )

    @model_validator(mode="after")
    def _check_together(self, info: ValidationInfo) -> Self:
        invalid: Collection[KeyPath] = (info.context or {}).get("invalid", ())
        if problems := list(check_sweep(self, [path[0] for path in invalid if len(path) == 1])):
            raise ConfigError(problems)
        return self
