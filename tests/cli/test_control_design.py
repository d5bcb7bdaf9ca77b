from __future__ import annotations

import inspect
import json
from dataclasses import fields
from functools import partial
from typing import get_args

import numpy as np
import pytest

from neuro_mod.choices import GoalKind
from neuro_mod.cli.control.design import design as command
from neuro_mod.execution.control.design.measure import LEAST_SHARE
from neuro_mod.execution.control.design.problem import DesignOptions
from neuro_mod.storage.names import CONFIG
from tests.execution.control.test_design import SWITCHING
from tests.helpers.folders import run_json
from tests.helpers.shared import write_config

#: Three clusters have no nine states, so that leakage is measured at few amplitudes.
QUICK = (
    *("--iterations", 1, "--iteration-trials", 4, "--iteration-duration", 5),
    *("--verify-trials", 2, "--least-states", 9),
)


@pytest.fixture
def design(neuro_mod):
    return partial(neuro_mod, "control", "design")


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("configs") / "switching.yaml", SWITCHING | {"settings": {"plot": True}})


def test_it_designs_verifies_and_draws_and_what_it_writes_runs(design, neuro_mod, config, tmp_path):
    out = tmp_path / "design"
    arguments = (
        "--make",
        "E0",
        "--norm",
        "l2",
        "--budget",
        1.5,
        *QUICK,
        "--verify-duration",
        1,
        "--closure",
        "renewal",
        "--out",
        out,
    )
    done = design(config, *arguments)
    assert done.returncode == 0, done.stderr
    for words in (
        "share of time in exactly E0",
        "rate of 8 populations, l2 norm up to 1.5 Hz",
        "2 trials of 1 s for each",
        "beside naive",
        "no perturbation",
        "above 20 Hz, smoothed by a Gaussian of 25 ms",
        "leakage: what else gains, by what it shares with the state",
        "design.yaml",
    ):
        assert words in done.stdout
    assert "iteration 1 of 1" in done.stderr
    for name in ("design_vector", "design_progress", "design_verified", "design_leakage"):
        assert (out / f"plots/{name}.png").read_bytes().startswith(b"\x89PNG")
    assert run_json(out)["make"] == "E0"
    assert run_json(out)["mean_field"] == {"response": "shifted", "closure": "renewal"}
    ran = neuro_mod("run", out / "design.yaml", "--out", tmp_path / "run", "--plot", "none", "--duration", 0.1)
    assert ran.returncode == 0, ran.stderr
    assert "perturbation of rate" in ran.stdout
    assert "no data/responses.npz found" in design(out, *arguments[:-1], out, "--json").stderr
    again = design(config, *arguments[:-1], out, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["n_measured_before"] == run_json(out)["n_measurements"]


def test_modes_are_read_from_files(design, config, tmp_path):
    np.save(tmp_path / "modes.npy", np.array([[1.0, -1.0, 0.0]]))
    (tmp_path / "modes.csv").write_text("1,2\n")
    common = (config, "--make", "E0", "--budget", 1, "--out", tmp_path / "out")
    done = design(*common, "--modes", tmp_path / "modes.csv")
    assert done.returncode == 2
    assert "2 entries a row found; expected 3 entries a row" in done.stderr
    done = design(*common, "--modes", tmp_path / "modes.npy", "--only", "E2")
    assert done.returncode == 2
    assert "no vector but 0 satisfies all of them" in done.stderr


def test_a_folder_without_a_configuration_is_refused(design, tmp_path):
    done = design(tmp_path, "--make", "E0", "--budget", 1)
    assert done.returncode == 2
    assert f"no {CONFIG} found; expected a configuration" in done.stderr


def test_defaults_and_words_of_the_options_are_those_of_the_design(design):
    defaults = {field.name: field.default for field in fields(DesignOptions)}
    named = {name: parameter.default for name, parameter in inspect.signature(command).parameters.items()}
    for name in defaults.keys() & named.keys() - {"budget"}:
        assert named[name] == defaults[name], name
    assert defaults.keys() - named.keys() == set()
    words = design("--help").stdout
    assert f"each with {100 * LEAST_SHARE:g}% of" in " ".join(words.split())
    for goal in get_args(GoalKind):
        assert goal.removesuffix("ing") in words
