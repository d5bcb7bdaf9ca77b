"""Sweeps all of whose points are valid, from a file or from Python values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import user_path
from neuro_mod.choices import Noise
from neuro_mod.config.experiment import Experiment, build_experiment, unit_of
from neuro_mod.config.fields import extra_of
from neuro_mod.config.loading import SWEPT, load_experiment, located, read_file, read_mapping
from neuro_mod.config.overrides import Overrides, override_paths
from neuro_mod.config.plain import plain
from neuro_mod.config.quantities import all_in_si, in_si
from neuro_mod.config.schema import json_schema, unit_at
from neuro_mod.config.sections import is_path
from neuro_mod.config.sweep.conditions import first_above, first_condition_above
from neuro_mod.config.sweep.directions import Directions, directed_targets
from neuro_mod.config.sweep.mean_field import (
    MeanFieldSettings,
    check_populations,
    check_with_simulation,
    with_place_of_theory,
)
from neuro_mod.config.sweep.points import Point, Points
from neuro_mod.config.sweep.sections import SweepFile
from neuro_mod.config.validation import locate, validate
from neuro_mod.errors import ConfigError, KeyPath, Problem, show
from neuro_mod.populations import Populations

#: Largest number of problems of points that are reported.
_MAX_REPORTED = 20

_Place = Callable[[KeyPath], dict[str, Any]]


@dataclass(frozen=True)
class Sweep:
    """A sweep all of whose points are valid.

    Args:
        file: The keys of its file.
        experiment: The configuration that is varied, with the values set at all points and the root seed.
        points: The points.
        durations: Simulated seconds of a run at each point, shape ``(n_points,)``.
        layout: Populations and time step in seconds of all points; None if these differ.
        folder: Folder of the file, in which modules of measures are looked for.
        name: Name of the folder for results.
        directions: Where directions are an axis, the vectors that are drawn for each target, the same at all other
            points, in cluster space, shape ``(n_directions, P)``.
    """

    file: SweepFile
    experiment: Experiment
    points: Points
    durations: NDArray[np.float64]
    layout: tuple[Populations, float] | None
    folder: Path
    name: str
    directions: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """Root of all random numbers."""
        return self.experiment.settings.random_seed

    @property
    def parameters(self) -> tuple[str, ...]:
        """Keys of the parameters that vary."""
        return tuple(self.file.parameters)

    @property
    def n_runs(self) -> int:
        """Number of points times number of runs at each."""
        return len(self.points) * self.file.runs_at_point

    @property
    def simulated_seconds(self) -> float:
        """Simulated seconds of all runs together."""
        return float(self.durations.sum()) * self.file.runs_at_point

    @property
    def out(self) -> Path:
        """Default folder for results."""
        return self.experiment.settings.folder.with_name(self.name)


def load_sweep(
    source: str | Path | Mapping[str, Any],
    overrides: Overrides = (),
    *,
    seed: int | None = None,
    repeats: int | None = None,
    networks: int | None = None,
    trials: int | None = None,
) -> Sweep:
    """Read and validate a sweep, each of its points included.

    Args:
        source: Path of a YAML file, or as text the name of a shipped one; or a mapping of its keys, with paths relative
            to the current folder.
        overrides: Values that replace those of the configuration at all points, applied after ``set`` of the sweep.
        seed: Root seed; replaces that of the sweep.
        repeats: Runs at each point; replaces that of the sweep.
        networks: Number of networks likewise.
        trials: Runs of each network likewise.

    Raises:
        ConfigError: Everything that is wrong, with file and line.
    """
    read = _read(source)
    given = {"seed": seed, "repeats": repeats, "networks": networks, "trials": trials}
    data = _in_si(read.data | {key: value for key, value in given.items() if value is not None})
    checked, problems = _validated(data)
    problems = locate(problems, {}, read.place)
    experiment = None
    try:
        experiment = _experiment(data, read.folder, read.place)
    except ConfigError as error:
        problems += error.problems
    if problems or checked is None or experiment is None:
        raise ConfigError(problems)
    if checked.seed is not None:
        experiment = experiment.replace({"settings.random_seed": checked.seed})
    overrides = overrides if isinstance(overrides, str | Mapping) else list(overrides)
    _check_overrides(checked, overrides)
    experiment = load_experiment(experiment, overrides)
    name = checked.name or read.stem
    return _checked(checked, experiment, lambda path: {"source": read.name} | read.place(path), read.folder, name)


class _Read(NamedTuple):
    """The keys of a sweep as they are given, where each is, and the source: its name, folder, and stem of its name."""

    data: dict[str, Any]
    place: _Place
    name: str
    folder: Path
    stem: str


def _read(source: str | Path | Mapping[str, Any]) -> _Read:
    """Read the keys of a sweep, see `load_sweep`.

    Raises:
        ConfigError: It cannot be read, or is a configuration.
    """
    if isinstance(source, str | Path):
        file = user_path(located(source))
        data, place = read_mapping(read_file(file), str(source), _keys(), "keys")
        read = _Read(data, place, str(source), file.parent, file.stem)
    elif isinstance(source, Mapping):
        config = source.get("config")
        data = plain({**source, "config": str(config)} if isinstance(config, Path) else source)
        read = _Read(data, _nowhere, "", Path(), "sweep")
    else:
        raise ConfigError([Problem((), f"{show(source)} found", "the path of a sweep, or a mapping of its keys")])
    if not data.keys() & {"config", *SWEPT} and data.keys() & (Experiment.model_fields.keys() - set(_keys())):
        expected = "a sweep, which names a configuration under config and what varies under parameters"
        raise ConfigError([Problem((), "a configuration found", expected, "neuro-mod run takes this file", read.name)])
    return read


def _in_si(data: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a sweep with quantities as numbers in SI units."""
    units: dict[str, Callable[[KeyPath], str]] = {
        "parameters": _unit,
        "conditions": _unit_in_condition,
        "mean_field": lambda path: unit_at(path, json_schema(MeanFieldSettings)),
    }
    return {key: all_in_si(value, units[key]) if key in units else value for key, value in data.items()}


def _validated(data: Mapping[str, Any]) -> tuple[SweepFile | None, list[Problem]]:
    """The keys of a sweep, None if they are not valid, and what is wrong with them."""
    checked, problems = validate(SweepFile, data)
    problems = [with_place_of_theory(problem, data.get("mean_field")) for problem in problems]
    if not data.keys() & SWEPT:
        about = SweepFile.model_fields["parameters"]
        problems.append(Problem(("parameters",), "missing", extra_of(about)["expected"], about.description or ""))
    if checked is not None and not checked.of_mean_field_alone:
        problems += check_with_simulation(checked.varied_values())
    return checked, problems


def sweep_of(
    experiment: Experiment, key: str, values: Sequence[Any], repeats: int, noise: Noise = "independent"
) -> Sweep:
    """The sweep of one parameter over values given in Python, which its points hold as they are.

    Its durations are 0, as it is not known what is simulated at a point.

    Args:
        experiment: The configuration that is varied, with the root seed.
        key: The parameter as written in overrides.
        values: Its values.
        repeats: Runs at each value.
        noise: ``common``: the same seed at all values.

    Raises:
        ConfigError: The parameter or some values are not valid.
    """
    source = "sweep_params"
    values = [in_si(value, _unit((key,))) for value in values]
    file, problems = validate(
        SweepFile, {"config": {}, "parameters": {key: values}, "repeats": repeats, "noise": noise}
    )
    if file is None:
        raise ConfigError(replace(problem, source=source, path=problem.path[1:]) for problem in problems)
    sweep = _checked(file, experiment, lambda _: {"source": source})
    return replace(sweep, durations=np.zeros(len(sweep.points)))


def is_sweep(file: str | Path) -> bool:
    """Whether a file describes a sweep, that is, has the key ``parameters`` or ``conditions``."""
    try:
        data, _ = read_mapping(read_file(located(file)), str(file), _keys(), "keys")
    except ConfigError:
        return False
    return bool(data.keys() & SWEPT)


def _keys() -> Iterator[str]:
    for name, about in SweepFile.model_fields.items():
        yield about.alias or name


def _unit(path: KeyPath) -> str:
    """SI unit of the values at a key path below ``parameters``, or at its first key."""
    with suppress(ConfigError):  # an unreadable key is reported where it is applied
        return unit_of(str(path[0])) if path else ""
    return ""


def _unit_in_condition(path: KeyPath) -> str:
    """SI unit of the values at a key path below ``conditions``, which begins with the name of the condition."""
    return _unit((".".join(str(part) for part in path[1:] if isinstance(part, str)),)) if len(path) > 1 else ""


def _nowhere(_: KeyPath) -> dict[str, Any]:
    return {}


def _checked(file: SweepFile, experiment: Experiment, place: _Place, folder: Path = Path(), name: str = "") -> Sweep:
    """The sweep, once all its points are known to be valid."""
    points = Points(file, experiment.settings.random_seed, directed_targets(file, experiment, place))
    checked = _check_points(experiment, points, place)
    layout = next(iter(checked.layouts)) if len(checked.layouts) == 1 else None
    layouts = dict.fromkeys(populations for populations, _ in checked.layouts)
    if problems := list(check_populations(file.measures, file.mean_field, layouts)):
        raise ConfigError(replace(problem, **place(problem.path)) for problem in problems)
    durations = np.zeros(len(points)) if file.of_mean_field_alone else checked.durations
    return Sweep(file, experiment, points, durations, layout, folder, name, checked.directions)


def _experiment(data: Mapping[str, Any], folder: Path, place: _Place) -> Experiment | None:
    """The configuration with the values set at all points; None where the file has no valid configuration."""
    config, given = data.get("config"), data.get("set") or {}
    given = given if isinstance(given, dict) else {}
    try:
        if isinstance(config, dict):
            return build_experiment(config, given, lambda path: place(("config", *path)))
        return load_experiment(located(config, folder), given) if is_path(config) else None
    except ConfigError as error:
        places = {_label(key, value): place(("set", key)) for key, value in given.items()}
        raise ConfigError(
            replace(problem, override="", **places[problem.override]) if problem.override in places else problem
            for problem in error.problems
        ) from None


def _check_overrides(file: SweepFile, overrides: Overrides) -> None:
    """Refuse overrides of parameters that vary: they would have no effect."""
    problems: list[Problem] = []
    for label, path in override_paths(overrides).items():
        if key := first_above(path, file.parameters):
            hint = f"the parameter {key} sets this value at each point"
            problems.append(Problem(path, "no effect", hint=hint, override=label))
        if name := first_condition_above(path, file.conditions):
            hint = "change it in the file of the sweep"
            problems.append(Problem(path, f"the condition {name} sets this value too", hint=hint, override=label))
    if problems:
        raise ConfigError(problems)


def _label(key: str, value: Any) -> str:
    """The name of an override in problems."""
    return f"override {key}={show(value)}"


class _Checked(NamedTuple):
    """What is known about valid points, see `Sweep`."""

    durations: NDArray[np.float64]
    layouts: set[tuple[Populations, float]]
    directions: dict[str, NDArray[np.float64]]


def _check_points(experiment: Experiment, points: Points, place: _Place) -> _Checked:
    """Make sure that all points are valid and different, and that the parameters have an effect.

    Raises:
        ConfigError: They are not; a problem that many points share is reported once.
    """
    durations = np.zeros(len(points))
    problems: dict[Problem, tuple[Problem, int]] = {}
    stimulated = False
    layouts = set[tuple[Populations, float]]()
    directions = Directions(experiment.settings.random_seed)
    for point in points:
        try:
            changed = experiment.replace(point.overrides)
        except ConfigError as error:
            for problem in error.problems:
                placed = _of_point(problem, point, place)
                same = replace(problem, override="", line=None) if placed.override else placed
                first, count = problems.get(same, (placed, 0))
                problems[same] = first, count + 1
            continue
        stimulated |= not changed.stimulus.off
        durations[point.index] = changed.init_params.duration_sec
        layouts.add((changed.populations, changed.init_params.delta_t))
        directions.add(point, changed)
    found = [_summary(each, count, len(points)) for each, count in list(problems.values())[:_MAX_REPORTED]]
    if not found:
        path: KeyPath = ("parameters",) if points[0].values else ("conditions",)
        repeated = islice(points.repeated(), _MAX_REPORTED)
        found = [Problem(path, f"{point} equals {first}", **place(path)) for point, first in repeated]
    if not found and not stimulated:
        hint = "no point has a stimulus, see stimulus.onsets"
        found = [Problem(path, "no effect", hint=hint, **place(path)) for path in _stimulus_paths(points)]
    found = found or directions.problems(place)
    if found:
        raise ConfigError(found)
    return _Checked(durations, layouts, directions.vectors)


def _stimulus_paths(points: Points) -> list[KeyPath]:
    """Where a file lets the stimulus vary."""
    paths: dict[KeyPath, None] = {}
    for point in points:
        keys = [("parameters", key) for key in point.values]
        keys += [("conditions", point.condition, key) for key in point.of_condition]
        paths |= dict.fromkeys(path for path in keys if path[-1].split(".")[0] == "stimulus")
    return list(paths)


def _blamed(problem: Problem, values: Mapping[str, Any]) -> list[str]:
    """Keys of these values that cause a problem."""
    return [key for key, value in values.items() if problem.override == _label(key, value)]


def _of_point(problem: Problem, point: Point, place: _Place) -> Problem:
    """The problem and its point, at the line of the parameter that causes it, if there is a single one.

    One that a condition causes names this instead, and is the same at all its points.
    """
    if blamed := _blamed(problem, point.of_condition):
        where = place(("conditions", point.condition, *blamed[:1]))
        return replace(
            problem, override="", **{"line": None} | where, path=("conditions", point.condition, *problem.path)
        )
    blamed = _blamed(problem, point.values)
    where = place(("n_directions",) if _blamed(problem, point.of_direction) else ("parameters", *blamed[:1]))
    shown = replace(point, values={key: point.values[key] for key in blamed or point.values})
    return replace(problem, override=str(shown), **{"line": None} | where)


def _summary(problem: Problem, count: int, n_points: int) -> Problem:
    """One problem that `count` of the points share."""
    if count == n_points or not problem.override:  # the key, the condition or the configuration causes it
        return replace(problem, override="")
    source = f"{problem.source}:{problem.line}" if problem.line else problem.source
    more = f"{count - 1} more point{'s' if count > 2 else ''} likewise" if count > 1 else ""
    return replace(problem, source=source, line=None, hint="; ".join(filter(None, (problem.hint, more))))
