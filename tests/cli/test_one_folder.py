"""Commands that write into a folder which holds, or is about to hold, something else."""

from __future__ import annotations

import shutil
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.errors import DataError, InputError
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.saved_state import load_state
from neuro_mod.recordings.saved import load_spikes
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import PLAN
from tests.helpers.folders import files_in, n_finished
from tests.helpers.platforms import POSIX_ONLY
from tests.helpers.shared import SMALL, write_config

RUN = "run CONFIG --plot none --record spikes"
REPEAT = "repeat CONFIG --n-repeats 1 --no-analysis --plot none"
UNDRAWN = "--set settings.plot=false"
SINGLE = [RUN, f"mean-field fixed-points CONFIG --starts 3 {UNDRAWN}"]
COMPARE = "compare CONFIG --trials 1 --theories shifted/poisson"
COMMANDS = [*SINGLE, REPEAT, f"{COMPARE} {UNDRAWN}"]


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


KINDS = {
    "run": RUN,
    "steady states": "mean-field fixed-points CONFIG --starts 3",
    "landscape": "mean-field landscape CONFIG --grid-density 20",
    "bifurcation diagram": "mean-field bifurcation CONFIG --from 1.9 --to 2.1 --values 2",
    "repeats": REPEAT,
    "pairs": "perturb CONFIG --trials 1 --baseline-duration 0.05",
    "comparison": COMPARE,
}


@pytest.mark.parametrize(("held", "other"), list(pairwise([*KINDS, next(iter(KINDS))])))
def test_another_kind_of_result_of_the_same_configuration_is_refused(neuro_mod, tmp_path, held, other):
    perturbation = "perturbation.rate={vectors: [[1]], involved_clusters: [[0]], params: [1.0]}"
    config = write_config(tmp_path / "config.yaml", SMALL, [perturbation, "settings.plot=false"])
    out = tmp_path / "out"
    assert call(neuro_mod, KINDS[held], config, out)[0] == 0
    before = bytes_in(out)
    code, _, errors = call(neuro_mod, KINDS[other], config, out)
    assert code == 2 and (f"what: '{held}' -> '{other}'" in errors or "results of many runs found" in errors), errors
    assert bytes_in(out) == before


@pytest.mark.parametrize(
    ("command", "options", "difference"),
    [
        (RUN, "--dtype float64", "dtype: 'float32' -> 'float64'"),
        (RUN, "--from-state STATE", "initial_state: None -> 'sha256 "),
        (KINDS["steady states"], "--starts 4", "n_runs: 3 -> 4"),
        (KINDS["steady states"], "--n-z 2", "n_z: 1 -> 2"),
        (KINDS["landscape"], "--path straight", "path: 'minimum_force' -> 'straight'"),
        (KINDS["bifurcation diagram"], "--parameter arousal.level --from .1 --to .2", "limits[0]: 1.9 -> 0.1"),
        (KINDS["bifurcation diagram"], "--active 0,1", "n_active: None -> nothing"),
    ],
)
def test_other_options_of_a_command_are_other_results(neuro_mod, config, tmp_path, command, options, difference):
    out = tmp_path / "out"
    state = str(tmp_path / "first")
    if "STATE" in options:
        assert call(neuro_mod, RUN, config, state)[0] == 0
    others = options.replace("STATE", state).split()
    command += " --set settings.plot=false"
    assert call(neuro_mod, command, config, out)[0] == 0
    before = bytes_in(out)
    code, _, errors = call(neuro_mod, command, config, out, *others)
    assert code == 2 and difference in errors and "--out" in errors and "--force" in errors, errors
    assert bytes_in(out) == before


def test_perturbations_given_in_python_are_options(tmp_path):
    stager = StageSNNSimulation(SMALL)
    for _ in range(2):
        stager.execute("none", out=tmp_path, rate_perturbation=1.0)
    with pytest.raises(InputError, match=r"perturbations\.rate.* -> "):
        stager.execute("none", out=tmp_path, rate_perturbation=2.0)
    with pytest.raises(InputError, match="holds other results"):
        stager.execute("none", out=tmp_path)


def test_a_folder_without_plan_is_compared_by_its_configuration(neuro_mod, config, tmp_path):
    assert call(neuro_mod, RUN, config, tmp_path)[0] == 0
    (tmp_path / PLAN).unlink()
    assert call(neuro_mod, RUN, config, tmp_path, "--seed", 7)[0] == 2
    assert call(neuro_mod, RUN, config, tmp_path)[0] == 0 and (tmp_path / PLAN).exists()
    (tmp_path / PLAN).write_text("[")
    code, _, errors = call(neuro_mod, RUN, config, tmp_path)
    assert code == 2 and "plan.json is damaged" in errors


def test_other_spikes_than_those_of_the_manifest_are_not_analysed(neuro_mod, config, tmp_path):
    assert call(neuro_mod, RUN, config, tmp_path / "run")[0] == 0
    assert call(neuro_mod, RUN, config, tmp_path / "other", "--seed", 7)[0] == 0
    shutil.copy(tmp_path / "other/data/spikes.npz", tmp_path / "run/data")
    code, _, errors = neuro_mod("analyze", tmp_path / "run", "--no-plot")
    assert code == 2 and "run/data/spikes.npz has " in errors and "manifest.json shows" in errors


def test_foreign_spikes_are_refused_by_whatever_name(neuro_mod, config, tmp_path, monkeypatch):
    for name, seed in (("run", 1), ("other", 2)):
        assert call(neuro_mod, RUN, config, tmp_path / name, "--seed", seed)[0] == 0
    for name in ("spikes", "state"):
        shutil.copy(tmp_path / f"other/data/{name}.npz", tmp_path / "run/data")
    run = tmp_path / "run"
    for spikes, folder in (
        (run, tmp_path),
        (run / "data/spikes.npz", tmp_path),
        (Path("spikes.npz"), run / "data"),
        (Path("run/data/spikes.npz"), tmp_path),
        (Path("../data/spikes.npz"), run / "metadata"),
        (Path(".."), run / "data"),
    ):
        code, _, errors = neuro_mod("analyze", spikes, "--no-plot", "--out", tmp_path / "y", cwd=folder)
        assert code == 2 and "spikes.npz has " in errors and "manifest.json shows" in errors, errors
        assert (
            "name files of spikes" not in errors and "copy spikes that you trust into a folder of their own" in errors
        )
        monkeypatch.chdir(folder)
        with pytest.raises(DataError, match=r"spikes.npz has .*manifest.json shows"):
            load_spikes(spikes)
        with pytest.raises(DataError, match=r"spikes.npz has .*manifest.json shows"):
            Analyzer(spikes).occurrences()
    with pytest.raises(DataError, match=r"state.npz has .*manifest.json shows"):
        load_state(run)
    (tmp_path / "apart").mkdir()
    shutil.copy(run / "data/spikes.npz", tmp_path / "apart")
    sizes = ("--cluster-sizes", "3x10,10,3x5,5")
    assert neuro_mod("analyze", tmp_path / "apart/spikes.npz", *sizes, "--no-plot")[0] == 0


@pytest.mark.parametrize(
    ("moment", "out"),
    [
        ("neuro_mod.execution.analysis.save.progress_shown", "analysis"),  # before spikes are read
        ("neuro_mod.core.spiking_net.analysis.analyzer.complete", "../elsewhere"),  # before the tables
        # before the files take their places
        ("neuro_mod.core.spiking_net.analysis.saved.folder._earlier_files", "analysis"),
        ("neuro_mod.core.spiking_net.analysis.saved.folder._earlier_files", "../elsewhere"),
        ("neuro_mod.execution.analysis.save.remove_analysis_figures", "analysis"),  # before figures
        ("neuro_mod.plotting.style.save_figure", "../elsewhere"),  # among them
    ],
)
def test_a_run_that_is_replaced_while_it_is_analysed(neuro_mod, config, tmp_path, monkeypatch, moment, out):
    """As by another process, which holds the folder of the run alone."""
    run, new = tmp_path / "run", tmp_path / "new"
    for folder, seed in ((run, 256), (new, 7)):
        assert call(neuro_mod, RUN, config, folder, "--seed", seed)[0] == 0
    module, name = moment.rsplit(".", 1)
    original, replaced = getattr(import_module(module), name), []

    def after_another_run(*arguments, **options):
        if not replaced:
            StageSNNSimulation(config, 7).execute("none", out=run, force=True, record=["spikes"])
            replaced.append(1)
        return original(*arguments, **options)

    monkeypatch.setattr(moment, after_another_run)
    code, _, errors = neuro_mod("analyze", run, "--out", run / out)
    assert code == 2 and "data/spikes.npz has " in errors, errors
    assert errors.count("its run was replaced while it was analysed; analyze it again") == 1
    assert not (run / out).exists() and bytes_in(run).keys() == bytes_in(new).keys()


def test_a_file_of_others_that_changes_while_it_is_analysed(tmp_path):
    file = tmp_path / "spikes.csv"
    file.write_text("time,neuron\n0.1,0\n0.2,1\n")
    analyzer = Analyzer(file, [0, 1], duration=1.0)
    assert len(analyzer.spikes()) == 2
    file.write_text("time,neuron\n0.1,0\n")
    with pytest.raises(DataError, match=r"spikes.csv has changed since it was first read: it was replaced"):
        analyzer.save_analysis(tmp_path / "analysis")
    assert not files_in(tmp_path / "analysis")


def test_force_names_what_it_removed(neuro_mod, config, tmp_path, caplog):
    for again, first_words in ((RUN, "earlier results removed: "), (REPEAT, "results of another job removed: ")):
        out = tmp_path / again.split()[0]
        assert call(neuro_mod, again, config, out)[0] == 0
        assert neuro_mod("analyze", out, *["--no-plot"] * (again == REPEAT))[0] == 0
        before = files_in(out)
        caplog.clear()
        assert call(neuro_mod, again, config, out, "--seed", 7, "--force")[0] == 0
        (said,) = (message for message in caplog.messages if first_words in message)
        assert set(said.split(first_words)[1].split(", ")) == before - {"metadata/manifest.json"}
        assert not any(name.startswith("analysis/") for name in files_in(out))


def test_a_rerun_names_the_analysis_that_it_removes(neuro_mod, config, tmp_path, caplog):
    assert call(neuro_mod, RUN, config, tmp_path)[0] == 0
    assert call(neuro_mod, RUN, config, tmp_path)[0] == 0
    assert "removed" not in caplog.text
    assert neuro_mod("analyze", tmp_path, "--no-plot")[0] == 0
    assert call(neuro_mod, RUN, config, tmp_path)[0] == 0
    assert "analysis of the earlier results removed: analysis/analysis.json, " in caplog.text
    assert "data/spikes.npz" not in caplog.text


def test_no_analysis_goes_among_the_files_of_a_run(neuro_mod, config, tmp_path):
    assert call(neuro_mod, RUN, config, tmp_path)[0] == 0
    before = bytes_in(tmp_path)
    code, _, errors = neuro_mod("analyze", tmp_path, "--out", tmp_path)
    assert code == 2 and "holds the results of a run; choose another folder" in errors
    assert bytes_in(tmp_path) == before


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


@POSIX_ONLY
def test_the_home_folder_and_variables(neuro_mod, config, tmp_path, monkeypatch):
    """`--out=~/x` reaches the program with its ~; other shells expand it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert call(neuro_mod, RUN, config, "~/run")[0] == 0
    assert neuro_mod("analyze", "~/run", "--no-plot")[0] == 0
    assert neuro_mod("analyze", tmp_path / "run", "--out", "~/elsewhere", "--no-plot")[0] == 0
    assert call(neuro_mod, REPEAT.replace("--no-analysis", ""), config, "~/many")[0] == 0
    assert (tmp_path / "many/analysis").is_dir()
    assert len(load_spikes("~/run")) > 0
    made = {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")}  # such as Matplotlib's
    assert made == {"run", "elsewhere", "many"}
    for command in COMMANDS:
        code, _, errors = call(neuro_mod, command, config, "$HOME/x")
        assert code == 2 and """'--out': "$HOME/x" found; expected a path without $""" in errors
    assert not (tmp_path / "$HOME").exists()


@pytest.mark.parametrize("command", [("run",), ("repeat",), ("compare",), ("sweep",), ("mean-field", "fixed-points")])
def test_an_empty_name_of_a_folder_is_not_the_present_one(neuro_mod, config, tmp_path, command):
    done = neuro_mod(*command, config, "--out", "", cwd=tmp_path)
    assert done.returncode == 2 and '"" found; expected the path of a folder' in done.stderr
    assert not (tmp_path / "metadata").exists()


@pytest.mark.parametrize("command", [("run",), ("repeat",), ("compare", "--trials", "1")], ids=" ".join)
def test_thresholds_that_round_to_the_reset_are_refused_before_a_job_begins(neuro_mod, config, tmp_path, command):
    close = "--set=init_params={threshold: [1.5, 1.0], reset_voltage: [0, 0.99999999]}"
    done = neuro_mod(*command, config, close, "--out", tmp_path / "out")
    assert done.returncode == 2 and "threshold of I0" in done.stderr and "float32" in done.stderr
    assert not list(tmp_path.rglob("run.log"))
