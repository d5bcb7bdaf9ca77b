"""From the file of a sweep to points that are all valid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config.experiment import Experiment, build_experiment
from neuro_mod.config.loading import load_experiment, read_file, read_mapping
from neuro_mod.config.overrides import Overrides, override_paths
from neuro_mod.config.plain import plain
from neuro_mod.config.sweep.checks import first_above
from neuro_mod.config.sweep.points import Point, Points
from neuro_mod.config.sweep.sections import SweepFile
from neuro_mod.config.validation import locate, validate
from neuro_mod.errors import ConfigError, KeyPath, Problem, show

#: Problems of points that are told, at most.
_MAX_TOLD = 20

_Place = Callable[[KeyPath], dict[str, Any]]


@dataclass(frozen=True)
class Sweep:
    """A sweep all of whose points are valid.

    Args:
        file: What its file says.
        experiment: The configuration that is varied, with what is set at all points and the root seed.
        points: The points.
        durations: Simulated seconds of a run at each point, shape ``(n_points,)``.
        folder: Where the file lies, and modules of measures beside it.
        name: Of the folder for results.
    """

    file: SweepFile
    experiment: Experiment
    points: Points
    durations: NDArray[np.float64]
    folder: Path
    name: str

    @property
    def seed(self) -> int:
        """Root of all random numbers."""
        return self.experiment.settings.random_seed

    @property
    def parameters(self) -> tuple[str, ...]:
        """What varies, by key."""
        return tuple(self.file.parameters)

    @property
    def n_runs(self) -> int:
        """Number of points times that of repeats."""
        return len(self.points) * self.file.repeats

    @property
    def simulated_seconds(self) -> float:
        """Of all runs together."""
        return float(self.durations.sum()) * self.file.repeats

    @property
    def out(self) -> Path:
        """Where results go by default."""
        return self.experiment.settings.folder.with_name(self.name)


def load_sweep(
    source: str | Path | Mapping[str, Any],
    overrides: Overrides = (),
    *,
    seed: int | None = None,
    repeats: int | None = None,
) -> Sweep:
    """Read and validate a sweep, each of its points included.

    Args:
        source: Path of a YAML file; or a mapping of its keys, whose paths are seen from the current folder.
        overrides: Values that replace those of the configuration at all points, after those that the sweep sets.
        seed: Replaces that of the sweep.
        repeats: Replaces those of the sweep.

    Raises:
        ConfigError: All that is wrong, with file and line.
    """
    name, folder, stem = "", Path(), "sweep"
    if isinstance(source, str | Path):
        name, folder, stem = str(source), Path(source).parent, Path(source).stem
        data, place = read_mapping(read_file(Path(source)), name, _keys(), "keys")
    elif isinstance(source, Mapping):
        config = source.get("config")
        data, place = plain({**source, "config": str(config)} if isinstance(config, Path) else source), _nowhere
    else:
        raise ConfigError([Problem((), f"{show(source)} found", "the path of a sweep, or a mapping of its keys")])
    data |= {key: value for key, value in (("seed", seed), ("repeats", repeats)) if value is not None}
    file, problems = validate(SweepFile, data)
    problems = locate(problems, {}, place)
    experiment = None
    try:
        experiment = _experiment(data, folder, place)
    except ConfigError as error:
        problems += error.problems
    if problems or file is None or experiment is None:
        raise ConfigError(problems)
    if file.seed is not None:
        experiment = experiment.replace({"settings.random_seed": file.seed})
    overrides = overrides if isinstance(overrides, str | Mapping) else list(overrides)
    _check_overrides(file, overrides)
    experiment = load_experiment(experiment, overrides)
    points = Points(file, experiment.settings.random_seed)
    durations = _check_points(experiment, points, lambda path: {"source": name} | place(path))
    return Sweep(file, experiment, points, durations, folder, file.name or stem)


def is_sweep(file: Path) -> bool:
    """Whether a file describes a sweep: it says which parameters vary."""
    try:
        data, _ = read_mapping(read_file(file), str(file), _keys(), "keys")
    except ConfigError:
        return False
    return "parameters" in data


def _keys() -> Iterator[str]:
    for name, field in SweepFile.model_fields.items():
        yield field.alias or name


def _nowhere(_: KeyPath) -> dict[str, Any]:
    return {}


def _experiment(data: Mapping[str, Any], folder: Path, place: _Place) -> Experiment | None:
    """The configuration with what is set at all points; None where that is no valid part of the file."""
    config, given = data.get("config"), data.get("set") or {}
    given = given if isinstance(given, dict) else {}
    try:
        if isinstance(config, dict):
            return build_experiment(config, given, lambda path: place(("config", *path)))
        return load_experiment(folder / config, given) if isinstance(config, str) and config.strip() else None
    except ConfigError as error:
        paths = {_label(key, value): ("set", key) for key, value in given.items()}
        raise ConfigError(_placed(problem, paths, place) for problem in error.problems) from None


def _check_overrides(file: SweepFile, overrides: Overrides) -> None:
    """Refuse overrides of what varies, which would have no effect."""
    problems = [
        Problem(path, "no effect", hint=f"the parameter {key} sets this value at each point", override=label)
        for label, path in override_paths(overrides).items()
        if (key := first_above(path, file.parameters))
    ]
    if problems:
        raise ConfigError(problems)


def _label(key: str, value: Any) -> str:
    """What problems call an override."""
    return f"override {key}={show(value)}"


def _placed(problem: Problem, paths: Mapping[str, KeyPath], place: _Place) -> Problem:
    """A problem of an override at the line of the sweep that says so."""
    if problem.override not in paths:
        return problem
    return replace(problem, override="", **place(paths[problem.override]))


def _check_points(experiment: Experiment, points: Points, place: _Place) -> NDArray[np.float64]:
    """Make sure that every point is valid, and differs from the others in what it does.

    Returns:
        Simulated seconds of a run at each point.

    Raises:
        ConfigError: A point is not; equal problems of many points are told once.
    """
    durations = np.zeros(len(points))
    problems: dict[Any, tuple[Problem, int]] = {}
    stimulated = False
    for point in points:
        try:
            changed = experiment.replace(point.values)
        except ConfigError as error:
            for problem in error.problems:
                same = replace(problem, override="", line=None)
                first, count = problems.get(same, (_of_point(problem, point, place), 0))
                problems[same] = first, count + 1
            continue
        stimulus = changed.stimulus
        stimulated |= bool(stimulus.onsets) and stimulus.amplitude != 0
        durations[point.index] = changed.init_params.duration_sec
    told = [_told(each, count, len(points)) for each, count in list(problems.values())[:_MAX_TOLD]]
    if not told:
        repeated = islice(points.repeated(), _MAX_TOLD)
        told = [_problem(place, ("parameters",), f"{point} equals {first}") for point, first in repeated]
    if not told and not stimulated:
        told = [
            _problem(place, ("parameters", key), "no effect", "", "no point has a stimulus, see stimulus.onsets")
            for key in points[0].values
            if key.split(".")[0] == "stimulus"
        ]
    if told:
        raise ConfigError(told)
    return durations


def _problem(place: _Place, path: KeyPath, found: str, valid: str = "", hint: str = "") -> Problem:
    return Problem(path, found, valid, hint, **place(path))


def _of_point(problem: Problem, point: Point, place: _Place) -> Problem:
    """The problem with the point at which it shows, at the line of its parameter if one is to blame."""
    blamed = [key for key, value in point.values.items() if problem.override == _label(key, value)]
    where = place(("parameters", *blamed[:1]))
    shown = replace(point, values={key: point.values[key] for key in blamed or point.values})
    return replace(problem, override=str(shown), **{"line": None} | where)


def _told(problem: Problem, count: int, n_points: int) -> Problem:
    """A problem that so many points have."""
    if count == n_points:  # it lies with the key, or the configuration
        return replace(problem, override="")
    source = f"{problem.source}:{problem.line}" if problem.line else problem.source
    more = f"{count - 1} more point{'s' if count > 2 else ''} likewise" if count > 1 else ""
    return replace(problem, source=source, line=None, hint="; ".join(filter(None, (problem.hint, more))))
