from __future__ import annotations

import csv
import inspect
import json
from functools import partial

import numpy as np
import pytest

from neuro_mod.cli.control.capacity import capacity as command
from neuro_mod.core.control.capacity import N_RANDOM
from neuro_mod.execution.control.capacity.verification import AMPLITUDE, BASELINE_DURATION, N_TRIALS
from tests.helpers.folders import arrays_in, files_in, run_json


@pytest.fixture
def capacity(neuro_mod):
    return partial(neuro_mod, "control", "capacity")


def test_margins_modes_and_directions_in_files(capacity, tmp_path):
    done = capacity("--states", "all:2", "--clusters", 6, "--modes", "1..4,6", "--random", 20, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("15 of 2 of 6 clusters", "60 pairs that differ by one swap, 15 distinct", "closed form", "83.3 %"):
        assert words in done.stdout
    with (tmp_path / "data/capacity.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["modes"] for row in rows] == ["1", "2", "3", "4", "6"]
    for row in rows:
        assert float(row["optimum"]) == pytest.approx(min(1, int(row["modes"]) / 5), rel=1e-6)
        assert float(row["closed_form"]) == pytest.approx(float(row["optimum"]), rel=1e-6)
        assert float(row["random_best"]) <= float(row["margin"]) + 1e-9
    saved = arrays_in(tmp_path / "data/modes_0003.npz")
    modes = saved["modes"]
    assert modes.shape == (3, 14) and not modes[:, 6:].any() and np.allclose(modes @ modes.T, np.eye(3))
    assert saved["populations"][:2].tolist() == ["E0", "E1"] and saved["directions"].shape == (15, 14)
    with (tmp_path / "data/directions_0003.csv").open() as file:
        first = next(csv.DictReader(file))
    assert first["state"] == "0+1" and [float(first[f"E{c}"]) for c in range(6)] == saved["directions"][0, :6].tolist()
    assert (tmp_path / "plots/capacity.png").read_bytes().startswith(b"\x89PNG")
    assert run_json(tmp_path)["covers"] is True


def test_the_same_command_gives_the_same_files_and_another_is_refused(capacity, tmp_path):
    options = ("--states", "all:2", "--clusters", 4, "--modes", 2, "--random", 5, "--no-plot")
    for folder in ("a", "b", "b"):
        assert capacity(*options, "--out", tmp_path / folder).returncode == 0
    for name in files_in(tmp_path / "a"):
        if name.startswith("data/"):
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    other = ("--states", "all:1", *options[2:], "--out", tmp_path / "b")
    done = capacity(*other)
    assert done.returncode == 2 and "holds other results" in done.stderr and "--force" in done.stderr
    assert capacity(*other, "--force").returncode == 0


def test_directions_are_verified_in_runs(capacity, config, tmp_path):
    options = (config, "--states", "all:1", "--random", 5, "--seed", 3, "--duration", 0.3, "--out", tmp_path)
    of_runs = ("--verify", 2, "--verify-modes", "2", "--trials", 2, "--amplitude", 5, "--baseline-duration", 0.1)
    done = capacity(*options, *of_runs, "--executor", "serial")
    assert done.returncode == 0, done.stderr
    assert "2 pairs of 0.3 s" in done.stdout and "with 5 Hz (norm) along the direction" in done.stdout
    with (tmp_path / "verification/data/verification.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["modes"], row["trials"]) for row in rows] == [("2", "2")] * 2
    assert (tmp_path / "verification/plots/verification.png").read_bytes().startswith(b"\x89PNG")
    again = capacity(*options, *of_runs, "--json", "--no-plot")
    assert again.returncode == 0 and "6 of 6 runs finished" in again.stderr
    printed = json.loads(again.stdout)
    assert printed["n_clusters"] == 3 and len(printed["verification"]["verified"]) == 2


def test_a_shard_does_nothing_but_its_runs(capacity, config, neuro_mod, tmp_path):
    options = (config, "--states", "all:1", "--modes", 2, "--random", 5, "--duration", 0.3, "--no-plot")
    of_runs = ("--verify", 1, "--trials", 1, "--baseline-duration", 0.1, "--out", tmp_path)
    for shard in ("1/2", "2/2"):
        done = capacity(*options, *of_runs, "--shard", shard)
        assert done.returncode == 0 and f"{shard}: 1 finished" in done.stdout, done.stderr
    assert not (tmp_path / "data").exists()
    done = neuro_mod("gather", tmp_path / "verification")
    assert done.returncode == 0 and (tmp_path / "verification/data/verification.csv").exists(), done.stderr


def test_responses_in_place_of_states(capacity, tmp_path):
    file, rng = tmp_path / "responses.npz", np.random.default_rng(1)
    np.savez(file, states=["0", "1", "2"], responses=rng.normal(size=(3, 8)), errors=np.full((3, 8), 0.9))
    done = capacity("--responses", file, "--modes", "1,2,8", "--random", 5, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "noise" in done.stdout and "closed form" not in done.stdout
    assert arrays_in(tmp_path / "out/data/modes_0002.npz")["modes"][:, 3:].any()
    margins = run_json(tmp_path / "out")["margins"]
    assert margins[1]["margin"] == pytest.approx(2, rel=1e-4)  # differences of three states span a plane; k = 1


def test_what_is_not_covered_is_named(capacity, tmp_path):
    file = tmp_path / "states.txt"
    file.write_text("0+1+2\n0+1+3\n")
    done = capacity("--states", file, "--modes", 1, "--random", 5, "--out", tmp_path / "out", "--clusters", 5)
    assert done.returncode == 0, done.stderr
    assert "10 of 20 ordered pairs of clusters: no state has 0 without 1, 1 without 0, 2 without 0" in done.stdout
    assert "0 and 1: in the same states" in done.stdout and "1 pair that differs by one swap" in done.stdout
    with (tmp_path / "out/data/uncovered_pairs.csv").open() as rows:
        assert next(csv.DictReader(rows)) == {"has": "0", "has_not": "1"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--states", "all:3", "--clusters", "18", "--modes", "1..19"),
            "19 found; expected numbers from 1 to 18",
        ),
        (("--states", "all:3", "--clusters", "18", "--modes", "0"), "expected numbers from 1 to 18"),
        (("--states", "all:3", "--clusters", "18", "--modes", "5..2"), "second number is larger"),
        (("--states", "all:3"), "expected CONFIG, or --clusters N"),
        ((), "--states: missing"),
        (("--states", "all:18", "--clusters", "18"), "from 1 to 17"),
        (
            ("--states", "covering:3", "--clusters", "18", "--competitors", "vocabulary"),
            "no two of which differ by one swap",
        ),
        (("--states", "all:2", "--clusters", "4", "--verify", "2"), "--verify: 2 found; expected CONFIG with it"),
        (("--states", "all:2", "--clusters", "4", "--window", "1"), "expected --responses DIR with it"),
        (("--states", "all:2", "--clusters", "4", "--size", "1"), "--size"),
    ],
)
def test_bad_input(capacity, tmp_path, arguments, message):
    done = capacity(*arguments, "--random", 2, "--out", tmp_path / "out")
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_number_of_clusters_is_said_once(capacity, config, tmp_path):
    done = capacity(config, "--states", "all:1", "--clusters", 4, "--out", tmp_path / "out")
    assert done.returncode == 2 and "4 clusters (--clusters), 3 clusters (CONFIG) found" in done.stderr
    done = capacity("--states", "all:1", "--clusters", 4)
    assert done.returncode == 2 and "--out: missing" in done.stderr


def test_without_cvxpy_it_says_what_to_install(capacity, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "cvxpy", None)
    done = capacity("--states", "all:1", "--clusters", 4, "--modes", 1, "--out", tmp_path / "out")
    assert done.returncode == 2 and 'pip install "neuro_mod[control]"' in done.stderr


def test_the_command_has_the_defaults_of_the_functions():
    """Importing these with the command would load the engine for --help."""
    defaults = inspect.signature(command).parameters
    expected = {
        "random": N_RANDOM, "amplitude": AMPLITUDE, "trials": N_TRIALS, "baseline_duration": BASELINE_DURATION
    }  # fmt: skip
    assert {name: defaults[name].default for name in expected} == expected
