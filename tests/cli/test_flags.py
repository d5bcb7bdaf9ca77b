"""Messages of commands name options; those of Python name arguments."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_mod import Analyzer, BifurcationStager
from neuro_mod.cli.analyze import analyze
from neuro_mod.cli.compare import compare
from neuro_mod.cli.control.capacity import capacity
from neuro_mod.cli.control.design import design
from neuro_mod.cli.control.response import response
from neuro_mod.cli.decode import decode
from neuro_mod.cli.flags import _PAIRS, _PARAMETERS, _flags, in_flags
from neuro_mod.cli.mean_field.bifurcation import bifurcation
from neuro_mod.cli.mean_field.fixed_points import fixed_points
from neuro_mod.cli.mean_field.landscape import landscape
from neuro_mod.cli.mean_field.spectrum import spectrum
from neuro_mod.cli.perturb import perturb
from neuro_mod.cli.repeats import command as repeat
from neuro_mod.cli.run import run
from neuro_mod.errors import InputError
from tests.helpers.known_states import CLUSTERS, STEP, drawn_sessions
from tests.helpers.shared import CONFIGS

COMMANDS = [run, perturb, compare, analyze, decode, response, design, capacity, fixed_points, landscape, bifurcation]
COMMANDS += [spectrum, repeat()]


@pytest.mark.parametrize(
    ("command", "message", "expected"),
    [
        (repeat(), "n_repeats: 0 found; expected 1", "--n-repeats: 0 found; expected 1"),
        (bifurcation, "limits: [3.0, 1.0] found", "--from, --to: [3.0, 1.0] found"),
        (bifurcation, "n_active: [9] found", "--active: [9] found"),
        (landscape, "focus_pops: 1 found", "--focus: 1 found"),
        (
            analyze,
            "low_hz: 3 found; expected at most high_hz",
            "--low-threshold: 3 found; expected at most --threshold",
        ),
        (analyze, "a/n_states.csv: settings.n_states, n_states=3 or 'n_states' found", None),
        (analyze, "trials: 3 found", "--trials: 3 found"),
        (analyze, "before, after: [1, 2] found", "--before, --after: [1, 2] found"),
        (design, "raise: x found", "raise: x found"),
        (design, "only, in E0:E1: x found", "--only, in E0:E1: x found"),
        (decode, "folder/spikes.npy: no such file", "folder/spikes.npy: no such file"),
        (decode, "give trials=False (--no-trials) then", "give --no-trials then"),
        (run, "replace its results with --force (force=True)", "replace its results with --force"),
        (None, "n_repeats: 0 found; --sort (sort=True) sorts", "n_repeats: 0 found; --sort sorts"),
        (run, "one: found\nevery: 0 found", "one: found\n--record-every: 0 found"),
    ],
)
def test_messages(command, message, expected):
    assert in_flags(message, command) == (message if expected is None else expected)


def test_every_name_is_that_of_an_option():
    flags = [_flags(command) for command in COMMANDS]
    assert flags[0]["config"] == "CONFIG" and flags[3]["count_bin"] == "--bin" and flags[3]["plot"] == "--plot"
    known = {name for each in flags for name in each}
    assert {each for names in (*_PARAMETERS.values(), *_PAIRS.values()) for each in names} <= known


def test_the_command_and_python_each_in_their_words(neuro_mod, tmp_path):
    config = CONFIGS / "2_cluster_mf.yaml"
    code, _, errors = neuro_mod("mean-field", "bifurcation", config, "--from", 3, "--to", 1, "--out", tmp_path)
    assert code == 2 and errors.startswith("--from, --to: [3.0, 1.0] found")
    with pytest.raises(InputError, match=r"^limits: \[3, 1\] found"):
        BifurcationStager(config).run("architecture.clusters.j_potentiated[0]", (3, 1))


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (("--seed", -1), "--seed -1: settings.random_seed: -1 found"),
        (("--duration", 0), "--duration 0.0: init_params.duration_sec: 0.0 found"),
        (("--set", "settings.random_seed=-1"), "--set settings.random_seed=-1: settings.random_seed: -1 found"),
    ],
)
def test_a_value_of_the_configuration_names_the_option_that_set_it(neuro_mod, config, options, place):
    code, _, errors = neuro_mod("run", config, *options)
    assert code == 2 and place in errors


def test_clusters_from_a_csv_file(neuro_mod, tmp_path):
    np.save(tmp_path / "spikes.npy", np.asarray(drawn_sessions(2.0)[0]))
    labels = tmp_path / "labels.csv"
    labels.write_text("neuron,cluster\n" + "\n".join(f"{neuron},{label}" for neuron, label in enumerate(CLUSTERS)))
    options = ("--dt", STEP, "--no-plot", "--out", tmp_path / "out", "--clusters", labels)
    code, printed, errors = neuro_mod("analyze", tmp_path / "spikes.npy", *options)
    assert code == 0, errors
    assert f"from {labels}" in printed
    of_array = Analyzer(tmp_path / "spikes.npy", CLUSTERS, STEP)
    assert Analyzer.load_analysis(tmp_path / "out").occurrences().equals(of_array.occurrences())
    labels.write_text("neuron,cluster\n1,0\n2,0\n")
    code, _, errors = neuro_mod("analyze", tmp_path / "spikes.npy", *options)
    assert code == 2 and "say so by --first-neuron 1\n" in errors
