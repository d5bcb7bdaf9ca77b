"""The result of a search in plain data, and the files that it leaves."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuro_mod.config import Experiment
from neuro_mod.config.edited import edited
from neuro_mod.errors import invalid
from neuro_mod.execution.figures import Look, save_figure_in
from neuro_mod.execution.new_file import write_new
from neuro_mod.execution.tuning.knobs import EXTERNAL_RATE, POTENTIATED
from neuro_mod.execution.tuning.search import Candidate, Tuning
from neuro_mod.execution.tuning.theory import TheoryMap, stable_numbers
from neuro_mod.execution.tuning.trials import MIN_SHARE, SimulatedTrial
from neuro_mod.storage.json_values import json_value
from neuro_mod.storage.writing import write_whole

if TYPE_CHECKING:
    from neuro_mod.plotting.style import AnyFigure

#: Of files of configurations; a picture of the same name then never replaces one.
_ENDINGS = (".yaml", ".yml")


def describe_tuning(tuning: Tuning) -> dict[str, Any]:
    """What was wanted and what was found, which JSON can hold."""
    options = tuning.options
    return {
        "found": tuning.found,
        "wanted_active": sorted(options.wanted),
        "n_clusters": tuning.knobs.experiment.populations.n_clusters,
        "theory": str(options.theory),
        "n_trials": options.n_trials,
        "duration_sec": options.duration,
        "fewest_switches": options.fewest_switches,
        "least_share_of_time": MIN_SHARE,
        "random_seed": tuning.knobs.experiment.settings.random_seed,
        "start": _describe(tuning, tuning.start),
        "best": _describe(tuning, tuning.best),
        "checked": [_describe(tuning, each) for each in tuning.checked],
        "scouts": [_describe(tuning, each) for each in tuning.scouts],
        "maps": [_describe_map(tuning, each) for each in tuning.maps],
    }


def _describe(tuning: Tuning, candidate: Candidate) -> dict[str, Any]:
    stable = stable_numbers(candidate.leading)
    values = tuning.knobs.values(candidate.point)
    return {
        "j_potentiated": values[POTENTIATED],
        "nu_ext_baseline": values[EXTERNAL_RATE],
        "rate_factor": candidate.point.rate_factor,
        "uniform_stable": 0 in stable,
        "stable_active": [number for number in stable if number],
        "leading_per_sec": {str(number): value for number, value in sorted((candidate.leading or {}).items())},
        "trials": [_describe_trial(tuning, each) for each in candidate.trials],
        "shortcomings": candidate.shortcomings(tuning.options),
    }


def _describe_trial(tuning: Tuning, trial: SimulatedTrial) -> dict[str, Any]:
    about = {name: json_value(value) for name, value in trial._asdict().items()}
    return about | {"share_of_time": trial.share(tuning.options.wanted)}


def _describe_map(tuning: Tuning, found: TheoryMap) -> dict[str, Any]:
    points, wanted = found.points, tuning.options.wanted
    stable = [set(stable_numbers(each)) for each in points]
    others = {number for numbers in stable for number in numbers if 0 not in numbers}
    return {
        "others_published": found.others_published,
        "potentiations": list(found.potentiations),
        "rate_factors": [row.rate_factor for row in found.rows],
        "stable": [[None if each is None else stable_numbers(each) for each in row.leading] for row in found.rows],
        "n_points": len(points),
        "n_unknown": sum(each is None for each in points),
        "n_only_uniform": sum(numbers == {0} for numbers in stable),
        "n_wanted_beside_uniform": sum(0 in numbers and bool(numbers & wanted) for numbers in stable),
        "n_wanted": sum(0 not in numbers and bool(numbers & wanted) for numbers in stable),
        "active_without_uniform": sorted(others),
    }


class TuningFiles:
    """The configuration that a search writes, and the map beside it.

    Args:
        file: The configuration to write.
        experiment: The one that is tuned, for its settings.
        replace: Whether existing files are replaced.

    Raises:
        InputError: One exists, their folder does not, or the name is not that of a YAML file.
    """

    def __init__(self, file: Path, experiment: Experiment, *, replace: bool):
        self._file, self._experiment, self._replace = file, experiment, replace
        if file.suffix.lower() not in _ENDINGS:
            hint = "the map of the search is written beside it"
            raise invalid("--out", str(file), f"a name that ends in {' or '.join(_ENDINGS)}", hint)
        self._picture = file.with_suffix(f".{experiment.settings.plot_format}")
        if not file.parent.is_dir():
            raise invalid("--out", str(file), "a file in a folder that exists", f"there is no folder {file.parent}")
        for each in (file, self._picture) if experiment.settings.plot else (file,):
            if each.exists() and not replace:
                raise invalid("--out", str(each), "the name of a new file", "--force replaces this one")

    def save(self, tuning: Tuning, config: Path) -> list[Path]:
        """Write the configuration that was found, or came closest, with the comments of the original, and draw the map.

        Args:
            tuning: The result.
            config: The file of the original configuration.

        Raises:
            StorageError: A file could not be written.
        """
        found = self._experiment.replace(tuning.knobs.changes(tuning.best.point))
        write_new(self._file, edited(config, found, _header(tuning)), replace=self._replace)
        files = [self._file]
        settings = self._experiment.settings
        if tuning.maps and settings.plot:
            files.append(write_whole(self._picture, partial(save_figure_in, Look.of(settings), lambda: _drawn(tuning))))
        return files


def _header(tuning: Tuning) -> list[str]:
    """What the comment at the beginning of the file says about the search."""
    options, best, p = tuning.options, tuning.best, tuning.knobs.experiment.populations.n_clusters
    wanted = ", ".join(map(str, sorted(options.wanted)))
    switches = sorted(trial.n_switches for trial in best.trials)
    counts, n = " to ".join(map(str, dict.fromkeys((switches[0], switches[-1])))), len(switches)
    share = round(100 * best.share(options.wanted))
    what = "Tuned with neuro-mod tune" if tuning.found else "NOT as wanted, only the closest that neuro-mod tune found"
    return [
        f"{what}, {wanted} of {p} clusters active: so for {share} % of the time, with {counts} "
        f"switch{'es' * (counts != '1')}",
        f"in {options.duration:g} s, in {f'simulations of {n} networks' if n > 1 else 'a simulation of one network'}.",
    ]


def _drawn(tuning: Tuning) -> AnyFigure:
    from neuro_mod.plotting.mean_field.tuning import Tried, tuning_map  # noqa: PLC0415

    found, wanted = tuning.maps[-1], tuning.options.wanted
    shares = [each.share(wanted) if each.trials[0].distinct else math.nan for each in tuning.scouts]
    tried = Tried(
        np.array([each.point.potentiation for each in tuning.scouts], np.float64),
        np.array([each.point.rate_factor for each in tuning.scouts], np.float64),
        np.array(shares, np.float64),
    )
    best = tuning.best.point
    return tuning_map(
        np.array(found.potentiations),
        np.array([row.rate_factor for row in found.rows]),
        [[None if each is None else stable_numbers(each) for each in row.leading] for row in found.rows],
        sorted(wanted),
        tried,
        (best.potentiation, best.rate_factor),
    )
