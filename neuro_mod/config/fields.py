"""Types of parameters, and how a parameter is declared."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic.annotated_handlers import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import CoreSchema, no_info_before_validator_function

from neuro_mod.core.random import MAX_SEED
from neuro_mod.populations import PATHWAYS

T = TypeVar("T")

#: Tags of the alternatives below. They appear in Pydantic's error locations and cannot be mistaken for keys.
ONE, MANY = "<one>", "<many>"

#: Largest number of vectors that are drawn one by one.
MAX_DIRECTIONS = 100_000

#: Meaning of the entries of a list; completes the phrase "expected a number, ...".
PER_POPULATION = "[E, I] or one entry per population"
PER_PATHWAY = f"[{', '.join(PATHWAYS)}]"
PER_TYPE = "[E, I]"
PER_SOURCE = f"[E, I], [{', '.join('ext ' + pathway for pathway in PATHWAYS)}] or one entry per population"


class Section(BaseModel):
    """Base of all sections: immutable; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def parameter(
    default: Any,
    meaning: str,
    unit: str = "",
    *,
    label: str = "",
    entries: str = "",
    expected: str = "",
    usual: float = math.inf,
    derive: Callable[[dict[str, Any]], Any] | None = None,
) -> Any:
    """Declare a parameter.

    Args:
        default: Value if a configuration leaves it out.
        meaning: Meaning, one short phrase.
        unit: SI unit; empty if dimensionless.
        label: What figures call it, with ``{of} `` where the name of an entry stands; by default the meaning, up to a
            comma, colon or semicolon.
        entries: Meaning of the entries of a list.
        expected: Valid values, where the type does not describe them.
        usual: Larger values are refused unless ``settings.allow_unusual``, in `unit`.
        derive: Computes a derived parameter from the fields above it.

    Returns:
        The Pydantic field.
    """
    extra: dict[str, Any] = {"unit": unit, "entries": entries, "expected": expected, "derived": derive is not None}
    extra["label"] = label or re.split("[,:;]", meaning)[0]
    extra["usual"] = usual if usual < math.inf else 0
    value: dict[str, Any] = {"default_factory": derive} if derive else {"default": default}
    description = f"{meaning} ({unit})" if unit else meaning
    return Field(**value, description=description, json_schema_extra={k: v for k, v in extra.items() if v})


def extra_of(field: FieldInfo) -> dict[str, Any]:
    """What `parameter` adds to a field: unit, label, entries, expected, usual, derived."""
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def whole(value: object) -> object:
    """A whole number that is written as 3.0 or 1e3, as an integer; other values as they are."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def form(value: object) -> str:
    """Tag of the alternative that fits the form of a value."""
    return MANY if isinstance(value, list | tuple) else ONE


class _NotEmpty:
    """Allows a key to be left out (None) but not to be written without a value."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_before_validator_function(self._refuse_none, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        alternatives = handler(schema)["anyOf"]
        return next(alternative for alternative in alternatives if alternative != {"type": "null"})

    @staticmethod
    def _refuse_none(value: object) -> object:
        if value is None:
            raise PydanticCustomError("empty", "missing value")
        return value


class EmptyMeansNothing:
    """Allows a section to be written without a value, which means without keys."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_before_validator_function(lambda value: {} if value is None else value, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"type": "null"}]}


Real = Annotated[float, Field(strict=True)]
Positive = Annotated[float, Field(strict=True, gt=0)]
NonNegative = Annotated[float, Field(strict=True, ge=0)]
Fraction = Annotated[float, Field(strict=True, ge=0, le=1)]
OpenFraction = Annotated[float, Field(strict=True, gt=0, lt=1)]
Count = Annotated[int, Field(strict=True, ge=0), BeforeValidator(whole)]
#: As many neurons and clusters as indices and block matrices can hold.
NeuronCount = Annotated[int, Field(strict=True, ge=1, le=10**9), BeforeValidator(whole)]
ClusterCount = Annotated[int, Field(strict=True, ge=0, le=10_000), BeforeValidator(whole)]
Seed = Annotated[int, Field(strict=True, ge=0, le=MAX_SEED), BeforeValidator(whole)]
PositiveCount = Annotated[int, Field(strict=True, ge=1), BeforeValidator(whole)]
#: As many vectors as a sweep can have points, and the place of one of them.
DirectionCount = Annotated[int, Field(strict=True, ge=1, le=MAX_DIRECTIONS), BeforeValidator(whole)]
Direction = Annotated[int, Field(strict=True, ge=0, lt=MAX_DIRECTIONS), BeforeValidator(whole)]
#: As many batch jobs as a computing cluster may be asked for at once.
JobCount = Annotated[int, Field(strict=True, ge=1, le=10_000), BeforeValidator(whole)]
Switch = Annotated[bool, Field(strict=True)]

#: A key that may be left out, for which there is no default value.
LeftOut = Annotated[T | None, _NotEmpty()]

#: At least one entry.
Several = Annotated[tuple[T, ...], Field(min_length=1)]

#: A list with an entry for E and one for I.
Pair = Annotated[tuple[T, ...], Field(min_length=2, max_length=2)]

#: A value for all populations, or a list: ``[E, I]``, one entry per population, for external sources also four.
OneOrMany = Annotated[
    Annotated[T, Tag(ONE)] | Annotated[tuple[T, ...], Field(min_length=2), Tag(MANY)], Discriminator(form)
]

#: A value for all four pathways, or one for each.
OneOrFour = Annotated[
    Annotated[T, Tag(ONE)] | Annotated[tuple[T, ...], Field(min_length=4, max_length=4), Tag(MANY)],
    Discriminator(form),
]
