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
#: Commands that draw nothing, or on a page only: what that saves is drawn as the configuration says.
PICTURELESS = [
    *("explore", "init", "configs", "gather", "validate", "convert", "schema", "compile"),
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
    without = [option for each in command.params for option in (*each.opts, *each.secondary_opts)]
    assert ("--plot" in without) == ("--no-plot" in without)
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


def test_a_window_ends_after_it_begins():
    with pytest.raises(ConfigError, match=r"plot_to: 0\.1 s found; expected more than settings\.plot_from"):
        load_experiment(SMALL).replace(figure_settings(None, None, 0.1, 0.1))


def test_the_window_of_a_file_does_not_stop_a_shorter_run(tmp_path, caplog):
    """Figures end with the run; there are none of what is later."""
    experiment = load_experiment(SMALL).replace(figure_settings("svg", None, 0.05, 1.0))
    StageSNNSimulation(experiment).execute("voltage", out=tmp_path / "clipped")
    assert "0.05 to 0.2 s of 0.2 s" in (tmp_path / "clipped/plots/voltage.svg").read_text()
    assert not caplog.messages
    with caplog.at_level("WARNING", "neuro_mod"):
        StageSNNSimulation(experiment.lasting(0.05)).execute("voltage", out=tmp_path / "before")
    assert "no figure voltage: it ends at 0.05 s, before 0.05 s" in caplog.messages
    assert not (tmp_path / "before/plots/voltage.svg").exists()
