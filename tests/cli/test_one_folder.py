"""Commands that write into a folder which holds, or is about to hold, something else."""

from __future__ import annotations

import pytest

from neuro_mod.recordings.saved import load_spikes
from neuro_mod.storage.locking import locked
from tests.helpers.folders import files_in, n_finished

RUN = "run CONFIG --plot none --record spikes"
REPEAT = "repeat CONFIG --n-repeats 1 --no-analysis"
SINGLE = [RUN, "mean-field fixed-points CONFIG --starts 3"]
COMMANDS = [*SINGLE, REPEAT, "compare CONFIG --trials 1"]


def bytes_in(folder):
    return {name: (folder / name).read_bytes() for name in files_in(folder)}


def call(neuro_mod, command, config, out, *others):
    return neuro_mod(*command.replace("CONFIG", str(config)).split(), "--out", out, *others)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_writes_where_another_process_does(neuro_mod, config, tmp_path, command):
    with locked(tmp_path):
        code, _, errors = call(neuro_mod, command, config, tmp_path)
    assert code == 2 and f"another process is writing to {tmp_path}" in errors
    assert not files_in(tmp_path)
    assert call(neuro_mod, command, config, tmp_path)[0] == 0


@pytest.mark.parametrize("command", SINGLE)
def test_another_configuration_is_refused_unless_forced(neuro_mod, config, tmp_path, command):
    assert call(neuro_mod, command, config, tmp_path)[0] == 0
    before = bytes_in(tmp_path)
    code, _, errors = call(neuro_mod, command, config, tmp_path, "--seed", 7)
    assert code == 2 and "settings.random_seed: 256 -> 7" in errors and "--force" in errors
    assert bytes_in(tmp_path) == before
    assert call(neuro_mod, command, config, tmp_path)[0] == 0  # the same again
    assert call(neuro_mod, command, config, tmp_path, "--seed", 7, "--force")[0] == 0


def test_an_analysis_goes_with_the_spikes_it_was_made_from(neuro_mod, config, tmp_path):
    assert call(neuro_mod, RUN, config, tmp_path)[0] == 0
    assert neuro_mod("analyze", tmp_path)[0] == 0
    (tmp_path / "analysis/notes.txt").write_text("mine")
    assert len(files_in(tmp_path / "analysis")) > 5
    before = load_spikes(tmp_path).steps.tobytes()
    assert call(neuro_mod, RUN, config, tmp_path, "--seed", 7, "--force")[0] == 0
    assert load_spikes(tmp_path).steps.tobytes() != before
    assert files_in(tmp_path / "analysis") == {"notes.txt"}


def test_a_run_leaves_repeats_alone(neuro_mod, config, tmp_path):
    assert call(neuro_mod, REPEAT, config, tmp_path)[0] == 0
    code, _, errors = call(neuro_mod, RUN, config, tmp_path, "--force")
    assert code == 2 and "results of many runs found" in errors and n_finished(tmp_path) == 1


def test_the_home_folder_and_variables(neuro_mod, config, tmp_path, monkeypatch):
    """`--out=~/x` reaches the program with its ~; other shells expand it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert call(neuro_mod, RUN, config, "~/run")[0] == 0
    assert neuro_mod("analyze", "~/run", "--no-plot")[0] == 0
    assert neuro_mod("analyze", tmp_path / "run", "--out", "~/elsewhere", "--no-plot")[0] == 0
    assert call(neuro_mod, REPEAT, config, "~/many")[0] == 0
    assert len(load_spikes("~/run")) > 0
    assert {path.name for path in tmp_path.iterdir()} == {"run", "elsewhere", "many"}
    for command in COMMANDS:
        code, _, errors = call(neuro_mod, command, config, "$HOME/x")
        assert code == 2 and 'path: "$HOME/x" found; expected a path without $' in errors
    assert not (tmp_path / "$HOME").exists()


@pytest.mark.parametrize("command", [("run",), ("repeat",), ("compare",), ("sweep",), ("mean-field", "fixed-points")])
def test_an_empty_name_of_a_folder_is_not_the_present_one(neuro_mod, config, tmp_path, command):
    done = neuro_mod(*command, config, "--out", "", cwd=tmp_path)
    assert done.returncode == 2 and '"" found; expected the path of a folder' in done.stderr
    assert not (tmp_path / "metadata").exists()
