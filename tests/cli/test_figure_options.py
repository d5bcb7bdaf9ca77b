"""Options of all commands that draw."""

from __future__ import annotations

from typing import get_args

import pytest
import typer.main

from neuro_mod.choices import StyleName
from neuro_mod.cli.main import app
from neuro_mod.cli.options import figure_settings, look_of
from neuro_mod.config import load_experiment
from neuro_mod.errors import ConfigError
from neuro_mod.execution.figures import Look
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.plotting.style import STYLES
from tests.helpers.shared import SMALL

OVER_TIME = ["run", "repeat", "perturb", "analyze"]
#: Commands that draw nothing.
PICTURELESS = [
    *("init", "configs", "gather", "validate", "convert", "schema", "compile"),
    *("mean-field table", "cluster init", "cluster check"),
]


def commands(group, above=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*above, name))
        else:
            yield " ".join((*above, name)), command


@pytest.mark.parametrize(("path", "command"), [*commands(typer.main.get_command(app))])
def test_what_draws_has_them(path, command):
    """All commands but those that are listed; another one draws, or is listed."""
    options = {option: each.name for each in command.params for option in each.opts}
    assert ({"--format", "--style"} <= set(options)) == (path not in PICTURELESS)
    windows = {options.get("--from"), options.get("--to")}
    assert windows == ({"t_from", "t_to"} if path in OVER_TIME else windows - {"t_from", "t_to"})


def test_names_are_those_of_the_styles():
    assert list(get_args(StyleName)) == list(STYLES)


def test_they_replace_settings(tmp_path):
    settings = figure_settings("svg", "talk", 0.05, 0.15)
    experiment = load_experiment(SMALL).replace(settings)
    assert Look.of(experiment.settings) == look_of("svg", "talk", 0.05, 0.15) == Look("svg", "talk", 0.05, 0.15)
    assert figure_settings(None, None) == {} and look_of(None, None) == Look()
    stager = StageSNNSimulation(experiment)
    stager.execute("voltage", out=tmp_path)
    assert "0.05 to 0.15 s of 0.2 s" in (tmp_path / "plots/voltage.svg").read_text()
    assert "plot_from" not in str(stager._plan(experiment, {}))


@pytest.mark.parametrize(
    ("begin", "end", "message"),
    [
        (0.2, None, "plot_from: 0.2 s found; expected a time before the end of the run"),
        (None, 0.3, "plot_to: 0.3 s found; expected at most init_params.duration_sec = 0.2 s"),
        (0.1, 0.1, "plot_to: 0.1 s found; expected more than settings.plot_from = 0.1 s"),
    ],
)
def test_a_window_is_in_the_run(begin, end, message):
    with pytest.raises(ConfigError, match=message):
        load_experiment(SMALL).replace(figure_settings(None, None, begin, end))
