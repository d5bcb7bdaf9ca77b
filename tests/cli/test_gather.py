"""``--shard`` and ``neuro-mod gather``: what they print, and their exit codes."""

from __future__ import annotations

import json
import sys

import pytest

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from tests.helpers.folders import data_in, files_in
from tests.helpers.shared import SMALL, write_config

COMMANDS = {
    "repeat": ("--n-repeats", 4, "--plot", "none"),
    "perturb": ("--trials", 3, "--baseline-duration", 0.05),
    "compare": ("--trials", 3, "--settling", 0.05, "--theories", "shifted/poisson"),
}
PERTURBED = SMALL | {
    "init_params": {"duration_sec": 0.1},
    "perturbation": {"rate": {"params": [6.0], "involved_clusters": [["E0"]], "vectors": [[1]]}},
    "settings": {"plot": False},
}


@pytest.fixture(autouse=True)
def no_git(monkeypatch):
    monkeypatch.setattr("neuro_mod.execution.provenance.git_state", lambda _: None)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("configs") / "a config.yaml", PERTURBED)


@pytest.fixture
def command(neuro_mod, monkeypatch):
    """``neuro-mod``, with the arguments that a process of it would have."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["/somewhere/bin/neuro-mod", *map(str, arguments)])
        return neuro_mod(*arguments)

    return call


@pytest.mark.parametrize("name", COMMANDS)
def test_shards_of_a_command_are_joined(command, config, tmp_path, name):
    call = (name, config, *COMMANDS[name], "--out")
    assert command(*call, tmp_path / "one").returncode == 0
    study = tmp_path / "study"
    first = command(*call, study, "--shard", "2/2")
    assert first.returncode == 0 and "2/2: " in first.stdout and f"neuro-mod gather {study}" in first.stdout
    gap = command("gather", study)
    assert gap.returncode == 3 and "2 of " in gap.stderr and "shard 1/2 (not begun)" in gap.stderr
    rerun = f"neuro-mod {name} '{config}' {' '.join(map(str, COMMANDS[name]))} --out {study} --shard 1/2"
    assert f"  {rerun}\n" in gap.stderr and "--array=1, and gather" in gap.stderr and not gap.stdout
    assert command(*call, study, "--shard=1/2").returncode == 0
    done = command("gather", study)
    assert done.returncode == 0 and "are there" in done.stdout and str(study / "metadata/manifest.json") in done.stdout
    assert data_in(study) == data_in(tmp_path / "one")
    again = command("gather", study)
    assert again.returncode == 0 and "nothing was left to join" in again.stdout


def test_a_sweep(command, config, tmp_path):
    file = tmp_path / "sweep.json"
    file.write_text(json.dumps({"config": str(config), "parameters": {"arousal.level": [0, 0.5]}}))
    printed = command("sweep", file, "--out", tmp_path / "study", "--shard", "3/3")
    assert printed.returncode == 0 and "3/3: 0 finished" in printed.stdout
    assert "shard 3/3, 2 runs in all: 0 of 0 runs finished" in printed.stderr
    for shard in ("1/3", "2/3"):
        assert command("sweep", file, "--out", tmp_path / "study", "--shard", shard).returncode == 0
    said = json.loads(command("gather", tmp_path / "study", "--json").stdout)
    assert said["n_rows_without_results"] == 0 and (tmp_path / "study/results.csv").exists()


def test_repeats_are_analysed_as_by_their_command(command, config, tmp_path):
    call = ("repeat", config, "--n-repeats", 2, "--out")
    assert command(*call, tmp_path / "one").returncode == 0
    for name in ("two", "three"):
        for shard in ("1/2", "2/2"):
            assert command(*call, tmp_path / name, "--shard", shard).returncode == 0
    assert not list(tmp_path.glob("two/**/analysis"))
    assert command("gather", tmp_path / "two").returncode == 0
    one, two = (Analyzer.load_analysis(tmp_path / name / "analysis") for name in ("one", "two"))
    assert one.occurrences().equals(two.occurrences())
    assert files_in(tmp_path / "one/analysis") == files_in(tmp_path / "two/analysis")
    assert command("gather", tmp_path / "three", "--no-analysis").returncode == 0
    assert not (tmp_path / "three/analysis").exists()


def test_a_command_of_another_program_is_not_shown(command, config, tmp_path):
    shard = ("repeat", config, *COMMANDS["repeat"], "--out", tmp_path, "--shard", "2/2")
    assert command(*shard).returncode == 0
    file = tmp_path / "shards/2_of_2/metadata/run.json"
    about = json.loads(file.read_text())
    for words in (
        ["rm", "-r", "/"],
        ["neuro-mod.sh"],
        ["neuro-mod", "rm"],
        ["neuro-mod", "repeat", "\x1b[2J"],
        [],
        "x",
        1,
    ):
        file.write_text(json.dumps(about | {"command": words}))
        gap = command("gather", tmp_path)
        assert gap.returncode == 3 and "rerun what began the others with --shard 1/2" in gap.stderr
        assert " rm " not in gap.stderr and ".sh" not in gap.stderr and "\x1b" not in gap.stderr


def test_bad_input(command, config, tmp_path):
    for name, arguments in COMMANDS.items():
        done = command(name, config, *arguments, "--out", tmp_path / "out", "--shard", "0/3")
        assert done.returncode == 2 and 'shard: "0/3" found; expected K/N' in done.stderr
    assert not (tmp_path / "out").exists()
    done = command("gather", tmp_path)
    assert done.returncode == 2 and "no shards found" in done.stderr
