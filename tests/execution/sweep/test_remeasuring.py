"""Measures are added to a finished sweep whose spikes were kept, and nothing is simulated."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from neuro_mod.errors import FailedItemsError, InputError, Interrupted
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.stagers import StageSNNSimulation, spiking_net
from neuro_mod.execution.sweep.from_file import run_sweep
from tests.execution.sweep.test_conditions import BASE, QUIET, STIMULATED, results_in
from tests.helpers.shared import SMALL

MODULE = """\
import signal
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent

def everything(outputs):
    with (HERE / "calls").open("a") as calls:
        calls.write("x")
    if (HERE / "stop").exists() and len((HERE / "calls").read_text()) == 3:
        signal.raise_signal(signal.SIGINT)
    arrays = {name: np.asarray(outputs[name], float).sum() for name in ("spikes", "spike_counts", "rates", "stimulus")}
    numbers = {name: outputs["metadata"][name] for name in ("noise_seed", "random_seed", "n_spikes", "first_step")}
    return arrays | numbers | {"weights": outputs["weights"].std(), "clusters": outputs["clusters"].sum()}

def state(outputs):
    return outputs.state.voltage.mean()

def voltage(outputs):
    return outputs["voltage"].mean()
"""
ALL = ["rates", "mine:everything", "n_states", "lifetimes"]


@pytest.fixture
def sweep(tmp_path):
    """Runs a sweep into a folder."""
    (tmp_path / "mine.py").write_text(MODULE)

    def run(folder, measures=ALL, execution=None, **changed):
        (tmp_path / "sweep.yaml").write_text(json.dumps(BASE | {"measures": measures} | changed))
        return run_sweep(tmp_path / "sweep.yaml", tmp_path / folder, execution)

    return run


@pytest.fixture
def simulated(monkeypatch):
    """Counts simulations of this process."""
    count = Counter()
    simulate = spiking_net.simulate

    def counting(*arguments):
        count["runs"] += 1
        return simulate(*arguments)

    monkeypatch.setattr(spiking_net, "simulate", counting)
    return count


def n_calls(folder):
    file = folder / "calls"
    n = len(file.read_text()) if file.exists() else 0
    file.unlink(missing_ok=True)
    return n


def entries(folder):
    lines = (folder / "metadata/finished.jsonl").read_text().splitlines()
    return [json.loads(line.partition(" ")[2])["item"] for line in lines]


def listed(folder):
    """Results in the manifest, which are there once each."""
    names = []

    def note(pairs):
        names.extend(name for name, _ in pairs if name.startswith(("data/", "results", "configs/")))
        return dict(pairs)

    json.loads((folder / "metadata/manifest.json").read_text(), object_pairs_hook=note)
    return sorted(names)


@pytest.mark.parametrize(
    ("executor", "n"),
    [("serial", None), ("thread", 2), *(pytest.param(name, 2, marks=pytest.mark.slow) for name in ("process", "dask"))],
)
def test_added_measures_are_those_of_a_new_sweep(sweep, simulated, tmp_path, executor, n):
    sweep("new")
    sweep("out", ["rates"])
    simulated.clear()
    assert sweep("out", execution=Execution(executor, n))["n_finished"] == 8
    assert simulated["runs"] == 0
    assert results_in(tmp_path / "out") == results_in(tmp_path / "new")
    assert listed(tmp_path / "out") == listed(tmp_path / "new")
    n_calls(tmp_path)
    sweep("out")
    assert (n_calls(tmp_path), simulated["runs"]) == (0, 0), "nothing is left to do"


def test_only_what_is_missing_is_measured(sweep, simulated, tmp_path):
    sweep("out", ["mine:everything", "n_states"])
    n_calls(tmp_path)
    simulated.clear()
    sweep("out", ["rates", "n_states", "mine:everything"])
    gain = {"method": "gain", "threshold_hz": 0, "minimal_lifespan_ms": 0}
    sweep("out", ["rates", "n_states", "mine:everything"], analysis=gain)
    assert (n_calls(tmp_path), simulated["runs"]) == (0, 0), "functions of the user do not depend on the analysis"
    (tmp_path / "mine.py").write_text(MODULE + "\n# changed\n")
    sweep("out", ["rates", "n_states", "mine:everything"], analysis=gain)
    assert (n_calls(tmp_path), simulated["runs"]) == (8, 0)
    sweep("new", ["rates", "n_states", "mine:everything"], analysis=gain)
    assert results_in(tmp_path / "out") == results_in(tmp_path / "new")


def test_fewer_measures_are_a_smaller_table_and_are_not_trusted_later(sweep, simulated, tmp_path):
    sweep("out")
    sweep("new", ["rates"])
    simulated.clear()
    sweep("out", ["rates"])
    assert results_in(tmp_path / "out") == results_in(tmp_path / "new")
    (tmp_path / "mine.py").write_text(MODULE + "\n# changed\n")
    n_calls(tmp_path)
    sweep("out")
    assert (n_calls(tmp_path), simulated["runs"]) == (8, 0)


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_runs_without_their_spikes_are_simulated_again(sweep, simulated, tmp_path, damage):
    sweep("new")
    sweep("out", ["rates"])
    first, second, *_ = sorted((tmp_path / "out/data").glob("spikes_*"))
    for file in (first, second):
        file.unlink() if damage == "missing" else file.write_bytes(file.read_bytes()[:-1] + b"x")
    simulated.clear()
    sweep("out")
    assert simulated["runs"] == 2
    assert results_in(tmp_path / "out") == results_in(tmp_path / "new")


def test_an_interruption_costs_nothing(sweep, simulated, tmp_path):
    sweep("new")
    sweep("out", ["rates"])
    old = results_in(tmp_path / "out")
    n_calls(tmp_path)
    simulated.clear()
    (tmp_path / "stop").touch()
    with pytest.raises(Interrupted, match="3 of 8 runs finished"):
        sweep("out")
    (tmp_path / "stop").unlink()
    assert (tmp_path / "out/results.csv").read_text().count("not done") == 5
    copy = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert sweep("out")["n_finished_before"] == 3
    assert n_calls(tmp_path) == 8 and simulated["runs"] == 0
    assert results_in(tmp_path / "out") == results_in(tmp_path / "new")
    assert sorted(entries(tmp_path / "out")) == sorted(entries(tmp_path / "new"))
    for path, content in copy.items():  # back to the interruption, and back to the measures before
        path.write_bytes(content)
    sweep("out", ["rates"])
    assert simulated["runs"] == 0
    assert results_in(tmp_path / "out") == old


def test_a_result_that_was_written_but_not_listed_is_written_again(sweep, simulated, tmp_path):
    """A process that is killed between the two leaves a file with another hash than the ledger has."""
    sweep("out")
    before = results_in(tmp_path / "out")
    result = next((tmp_path / "out/data").glob("point_*"))
    result.write_text("{}")
    simulated.clear()
    sweep("out")
    assert simulated["runs"] == 0 and results_in(tmp_path / "out") == before


def test_spikes_that_were_not_kept_cannot_be_measured(sweep, tmp_path):
    sweep("out", ["rates"], keep_spikes=False)
    with pytest.raises(
        InputError, match=r"measures\.lifetimes: nothing -> 'built in'\nmeasures are added.*keep_spikes"
    ):
        sweep("out", ["rates", "lifetimes"], keep_spikes=False)
    with pytest.raises(InputError, match=r"keep_spikes: False -> True(.|\n)*only where the spikes are kept"):
        sweep("out", ["rates", "lifetimes"])


def test_shards_do_not_change_the_measures_of_a_study(sweep, tmp_path):
    sweep("out", ["rates"])
    with pytest.raises(InputError, match="by the command without --shard"):
        sweep("out", ["rates", "lifetimes"], Execution(shard="1/2"))
    sweep("parts", ["rates"], Execution(shard="1/2"))
    with pytest.raises(InputError, match="by the command without --shard"):
        sweep("parts", ["rates", "lifetimes"])


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        ("state", "state: not kept beside the spikes; expected the outputs of a run"),
        ("voltage", "'voltage' was not recorded"),
    ],
)
def test_what_spikes_do_not_say_is_an_error(sweep, tmp_path, measure, said):
    sweep("out", ["rates"])
    with pytest.raises(FailedItemsError, match="8 runs failed") as caught:
        sweep("out", ["rates", f"mine:{measure}"])
    assert said in str(caught.value)
    sweep("out", ["rates"])
    assert "not recorded" not in (tmp_path / "out/results.csv").read_text()


def test_outputs_of_kept_spikes_are_those_of_the_run():
    config = STIMULATED | {"perturbation": {"rate": {"involved_clusters": [[0, 1]], "params": [0.3]}}}
    config["stimulus"] = {"onsets": [0.1], "amplitude": 200.0}
    run = StageSNNSimulation(config).run(record=("spikes",), noise_seed=3)
    kept = StageSNNSimulation(config).outputs_of(run["spikes"], 3)
    assert list(kept) == list(run)
    for name in ("spike_counts", "rates", "clusters", "weights"):
        assert kept[name].dtype == run[name].dtype
        np.testing.assert_array_equal(kept[name], run[name])
    np.testing.assert_array_equal(np.asarray(kept["stimulus"]), np.asarray(run["stimulus"]))
    np.testing.assert_array_equal(kept["perturbations"]["rate"].values, run["perturbations"]["rate"].values)
    times = ("wall_seconds", "real_time_factor")
    assert all(kept["metadata"][name] == value for name, value in run["metadata"].items() if name not in times)


def test_spikes_of_another_run_are_refused():
    spikes = StageSNNSimulation(QUIET).run(0.1, record=("spikes",))["spikes"]
    with pytest.raises(InputError, match=r"spikes: 200 steps of 0.0005 s, 60 neurons found; expected 400 steps"):
        StageSNNSimulation(SMALL).outputs_of(spikes)
