"""Measures of the mean field in a sweep: their settings, and what has no effect on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from neuro_mod.choices import MeanFieldMeasure
from neuro_mod.config.fields import LeftOut, NonNegative, Pair, Positive, Section, Several, parameter, whole
from neuro_mod.config.overrides import parse_key
from neuro_mod.config.perturbation import PopulationReference
from neuro_mod.config.sections import MEAN_FIELD_KEYS
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.core.spiking_net.analysis.states.names import EMPTY, clusters_of_state, state_name
from neuro_mod.errors import InputError, KeyPath, Problem, show
from neuro_mod.populations import Populations

#: Largest numbers of random starts, and of values of z.
_MAX_STARTS, _MAX_Z = 100_000, 100
_FOCUS: KeyPath = ("mean_field", "focus")


def _target(name: str) -> str:
    if name not in TARGETS:
        raise PydanticCustomError("target", "no target")
    return name


def _state(name: str) -> str:
    try:
        clusters = clusters_of_state(name)
    except InputError:
        raise PydanticCustomError("state", "no state") from None
    return "+".join(f"E{cluster}" for cluster in clusters) or state_name(EMPTY)


_Target = Annotated[
    str,
    Field(strict=True, json_schema_extra={"expected": f"one of {', '.join(TARGETS)}"}),
    AfterValidator(_target),
]
_StateName = Annotated[
    str,
    Field(strict=True, json_schema_extra={"expected": "a state such as E0+E3, or none"}),
    AfterValidator(_state),
]
_Starts = Annotated[int, Field(strict=True, ge=0, le=_MAX_STARTS), BeforeValidator(whole)]
_ValuesOfZ = Annotated[int, Field(strict=True, ge=1, le=_MAX_Z), BeforeValidator(whole)]


class MeanFieldSettings(Section):
    """How the measures of the mean field are computed."""

    starts: _Starts = parameter(100, "random starts of the search for steady states")
    focus: Several[PopulationReference] = parameter(("E0", "E1"), "barriers: focus populations, by index or name")
    grid_density: Positive = parameter(2.0, "barriers: distance between points of the grid", "Hz")
    grid_lims: Pair[NonNegative] = parameter((0.0, 60.0), "barriers: lowest and highest rate of the grid", "Hz")
    states: LeftOut[Several[_StateName]] = parameter(
        None, "states of which numbers are given; if left out, means over those with each number of active clusters"
    )
    targets: Several[_Target] = parameter(("rate",), "sensitivities: to perturbations of these targets")
    time: LeftOut[NonNegative] = parameter(None, "when perturbations are taken; each at its onset if left out", "s")
    n_z: _ValuesOfZ = parameter(1, "values of z, which spreads arousal, over which responses are averaged")


def of_mean_field(measures: Iterable[str]) -> list[str]:
    """Those of the measures that are of the mean field, for which nothing is simulated."""
    return [measure for measure in measures if measure in get_args(MeanFieldMeasure)]


def with_place_of_theory(problem: Problem, settings: Any) -> Problem:
    """The same problem; if the theory is given among the settings, with a hint where it belongs.

    Args:
        problem: A problem of the file of a sweep.
        settings: What the file has under ``mean_field``.
    """
    is_theory = problem.path[:1] == ("mean_field",) and problem.path[1:] in {("response",), ("closure",)}
    if not is_theory or not isinstance(settings, Mapping):
        return problem
    key = problem.path[1]
    return replace(problem, hint=f"write set: {{mean_field.{key}: {settings[key]}}} for the theory")


def check_settings(measures: Iterable[str], settings: MeanFieldSettings, *, given: bool) -> Iterator[Problem]:
    """Refuse settings that do not fit together, or have no effect.

    Args:
        measures: The measures of a sweep.
        settings: How those of the mean field are computed.
        given: Whether the file has settings.
    """
    if given and not of_mean_field(measures):
        hint = f"no measure is one of {', '.join(get_args(MeanFieldMeasure))}"
        yield Problem(("mean_field",), "no effect", hint=hint)
    names = settings.states or ()
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        yield Problem(("mean_field", "states"), f"duplicate state {twice[0]}")
    low, high = settings.grid_lims
    if not low < high:
        yield Problem(("mean_field", "grid_lims"), f"{show(list(settings.grid_lims))} found", "the lowest rate first")
    elif settings.grid_density > high - low:
        yield Problem(
            ("mean_field", "grid_density"), f"{settings.grid_density:g} Hz found", f"at most {high - low:g} Hz"
        )


def check_populations(
    measures: Iterable[str], settings: MeanFieldSettings, layouts: Iterable[Populations]
) -> Iterator[Problem]:
    """Refuse states and focus populations that a network does not have, as far as they are used.

    Args:
        measures: The measures of a sweep.
        settings: How those of the mean field are computed.
        layouts: The populations at its points.
    """
    theory, layouts = of_mean_field(measures), list(layouts)
    if "barriers" in theory:
        yield from _check_focus(settings.focus, layouts)
    n_clusters = min((populations.n_clusters for populations in layouts), default=0)
    for place, name in enumerate(settings.states or () if theory else ()):
        if max(clusters_of_state(name), default=0) >= n_clusters or n_clusters < 2:
            last = f"E{n_clusters - 1}"
            expected = f"clusters from E0 to {last}" if n_clusters > 1 else "no states, as the network has no clusters"
            yield Problem(("mean_field", "states", place), f"{show(name)} found", expected)


def _check_focus(focus: Sequence[int | str], layouts: Iterable[Populations]) -> Iterator[Problem]:
    for populations in layouts:
        indices: list[int] = []
        for place, population in enumerate(focus):
            try:
                indices.append(populations.index(population))
            except InputError:
                valid = f"a population from 0 to {populations.total - 1}, or {populations.named}"
                yield Problem((*_FOCUS, place), f"{show(population)} found", valid)
                return
        if len(set(indices)) < len(indices):
            yield Problem(_FOCUS, "the same population found twice", "different populations")
            return


def check_without_simulation(
    numbers: Mapping[str, int | None], others: Mapping[str, Any], varied: Iterable[tuple[KeyPath, str, Any]]
) -> Iterator[Problem]:
    """Refuse what has no effect where all measures are of the mean field.

    Args:
        numbers: Numbers of runs by key of a sweep.
        others: Values about runs by key.
        varied: Place, key and value of all that differs between points.
    """
    why = "all measures are of the mean field, which has no noise and needs no network"
    for key, number in numbers.items():
        if (number or 1) > 1:
            yield Problem((key,), f"{number} found", "1", why)
    for key, value in others.items():
        if value:
            yield Problem((key,), f"{show(value)} found", "nothing", why)
    problems: dict[Problem, None] = {}
    for path, key, value in varied:
        with suppress(ValueError):  # an unreadable key is reported where it is applied
            unread = _unread(parse_key(key), value)
            problems |= {Problem(path, f"the mean field does not depend on {each}"): None for each in unread}
    yield from problems


def check_with_simulation(varied: Iterable[tuple[KeyPath, str, Any]]) -> Iterator[Problem]:
    """Refuse another theory at some points where not all measures are of the mean field.

    Args:
        varied: As for `check_without_simulation`.
    """
    hint = "sweep it with measures of the mean field alone; simulate with another sweep"
    problems: dict[Problem, None] = {}
    for path, key, _ in varied:
        with suppress(ValueError):  # an unreadable key is reported where it is applied
            if parse_key(key)[:1] == ("mean_field",):
                problems[Problem(path, "simulations do not depend on it", hint=hint)] = None
    yield from problems


def _unread(path: KeyPath, value: Any) -> list[str]:
    """Keys that a value sets and the mean field does not read."""
    if len(path) == 1 and isinstance(value, Mapping) and value:
        return list(chain.from_iterable(_unread((path[0], name), None) for name in value))
    section, name = str(path[0]), str(path[1]) if len(path) > 1 else ""
    read = MEAN_FIELD_KEYS.get(section)
    known = read is not None and (not read or not name or name in read)
    return [] if known or section == "settings" else [".".join(filter(None, (section, name)))]
