"""Sweeps written in Python."""

from __future__ import annotations

import json
import threading
from typing import ClassVar

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.errors import FailedItemsError, InputError
from neuro_mod.execution.executors import Stopped
from neuro_mod.execution.stagers import FullMeanFieldStager, ReducedMeanFieldStager, StageSNNSimulation
from neuro_mod.execution.sweep.mean_field import FullMeanFieldBaseSweepRunner, ReducedMeanFieldSweepRunner
from neuro_mod.execution.sweep.spiking_net import SNNBaseSweepRunner
from neuro_mod.storage.values import read_value
from tests.helpers.folders import data_in, run_json
from tests.helpers.shared import SMALL

RATES = [8.0, 9.0, 10.0]
SWEEP = {
    "baseline_params": SMALL,
    "param": ["external_currents", "nu_ext_baseline"],
    "sweep_params": RATES,
    "param_idx": 0,
}
KEY = "external_currents.nu_ext_baseline[0]"


class CountSweep(SNNBaseSweepRunner):
    """Records the calls in this process."""

    def __init__(self):
        self.called = []

    def _step(self, param, idx, sweep_param, **kwargs):
        outputs = self._sweep_object.run(record=("spikes",), **kwargs)
        return {
            "spikes": int(outputs["spikes"].sum()),
            "rates": outputs["rates"],
            "seed": self._sweep_object.random_seed,
        }

    def _store(self, result, idx, sweep_param):
        self.called.append(("store", result["spikes"], idx, sweep_param))

    def summary(self, results, sweep_params):
        self.called.append(("summary", [result["spikes"] for result in results], sweep_params))

    def summarize_repeated_run(self, results, sweep_params):
        self.called.append(("repeats", [[result["spikes"] for result in repeat] for repeat in results], sweep_params))


class FragileSweep(CountSweep):
    """Fails at given values, and records the values at which steps begin; in threads of this process only."""

    begun: ClassVar[list] = []
    failing: ClassVar[tuple] = ()

    def _step(self, param, idx, sweep_param, **kwargs):
        type(self).begun.append(sweep_param)
        if sweep_param in type(self).failing:
            raise FloatingPointError("too much")
        return super()._step(param, idx, sweep_param, **kwargs)


@pytest.fixture
def fragile(monkeypatch):
    # attributes of the class, as those of the object would be part of the sweep
    monkeypatch.setattr(FragileSweep, "begun", [])
    return FragileSweep


def same(a, b):
    return a["spikes"] == b["spikes"] and a["seed"] == b["seed"] and np.array_equal(a["rates"], b["rates"])


def test_results_are_those_of_the_saved_configurations(tmp_path):
    sweep = CountSweep()
    results = sweep.execute(tmp_path, **SWEEP, random_seed=5, overrides=["init_params.duration_sec=0.3"])
    assert sorted(path.name for path in (tmp_path / "configs").iterdir()) == [f"step_000{k}.yaml" for k in range(3)]
    assert len({result["seed"] for result in results}) == 3
    for step, (value, result) in enumerate(zip(RATES, results, strict=True)):
        kept = tmp_path / f"configs/step_000{step}.yaml"
        experiment = load_experiment(kept)
        assert experiment.external_currents.nu_ext_baseline == (value, 9.0)
        assert experiment.init_params.duration_sec == 0.3
        outputs = StageSNNSimulation(kept).run()
        replayed = {
            "spikes": len(outputs["spikes"]),
            "rates": outputs["rates"],
            "seed": experiment.settings.random_seed,
        }
        assert same(result, replayed)
    counts = [result["spikes"] for result in results]
    assert counts == sorted(counts) and counts[0] < counts[-1]


def test_the_object_receives_all_results_in_order(tmp_path):
    sweep = CountSweep()
    results = sweep.execute(tmp_path, **SWEEP, executor="thread", max_workers=3)
    counts = [result["spikes"] for result in results]
    stored = [("store", count, k, value) for k, (count, value) in enumerate(zip(counts, RATES, strict=True))]
    assert sweep.called == [*stored, ("summary", counts, RATES)]
    again = CountSweep()
    assert all(map(same, again.execute(tmp_path, **SWEEP), results))
    assert again.called == sweep.called


@pytest.mark.parametrize(
    "ways",
    [
        pytest.param([("thread", 2), ("process", 1)], id="few"),
        pytest.param([("thread", 1), ("thread", 4), ("process", 4)], id="many", marks=pytest.mark.slow),
    ],
)
def test_executors_and_workers_give_the_same_bytes(tmp_path, ways):
    first = CountSweep().repeat(2, tmp_path / "serial", **SWEEP)
    for executor, workers in ways:
        folder = tmp_path / f"{executor}{workers}"
        results = CountSweep().repeat(2, folder, **SWEEP, parallel=True, executor=executor, max_workers=workers)
        assert data_in(folder) == data_in(tmp_path / "serial") and len(data_in(folder)) == 6
        assert all(
            same(a, b) for one, other in zip(first, results, strict=True) for a, b in zip(one, other, strict=True)
        )
        assert run_json(folder)["executor"] == executor


@pytest.mark.slow
def test_dask_gives_the_same_bytes(tmp_path):
    pytest.importorskip("distributed")
    pytest.importorskip("neuro_mod.execution.executors.dask_cluster")
    CountSweep().execute(tmp_path / "serial", **SWEEP)
    CountSweep().execute(tmp_path / "dask", **SWEEP, parallel=True, executor="dask", max_workers=2)
    assert data_in(tmp_path / "dask") == data_in(tmp_path / "serial")


def test_more_values_and_repeats_change_no_earlier_result(tmp_path, fragile):
    first = fragile().execute(tmp_path, **SWEEP)
    before = data_in(tmp_path)
    more = SWEEP | {"sweep_params": np.array([10, 7, 9, 8])}
    sweep = fragile()
    repeats = sweep.repeat(2, tmp_path, **more)
    assert fragile.begun == [*RATES, 7, 10, 7, 9, 8]
    after = data_in(tmp_path)
    assert len(after) == 8 and {name: after[name] for name in before} == before
    assert all(map(same, first, [repeats[0][3], repeats[0][2], repeats[0][0]]))
    assert len({result["seed"] for repeat in repeats for result in repeat}) == 8
    assert sweep.called[-1][0] == "repeats" and not any(call[0] == "summary" for call in sweep.called)
    configs = {path.name for path in (tmp_path / "configs").iterdir()}
    assert configs == {f"step_000{k}{more}.yaml" for k in range(4) for more in ("", "_repeat_0001")}
    for about in run_json(tmp_path)["steps"]:
        assert load_experiment(tmp_path / about["config"]).settings.random_seed == about["seed"]
        assert read_value(tmp_path / about["result"])["seed"] == about["seed"] and about["finished"]
    fragile().execute(tmp_path, **SWEEP)
    assert len(fragile.begun) == 8 and len(list((tmp_path / "configs").iterdir())) == 3
    assert data_in(tmp_path) == after


def test_existing_configurations_are_not_written_again(tmp_path):
    ReturningSweep(1).execute(tmp_path, **SWEEP)
    files = [tmp_path / f"configs/step_000{k}.yaml" for k in range(3)]
    texts, places = [file.read_text() for file in files], [file.stat().st_ino for file in files]
    files[1].write_text("changed")
    places[1] = files[1].stat().st_ino
    ReturningSweep(1).execute(tmp_path, **SWEEP)
    assert [file.read_text() for file in files] == texts
    assert [file.stat().st_ino == place for file, place in zip(files, places, strict=True)] == [True, False, True]
    listed = json.loads((tmp_path / "metadata/manifest.json").read_text())["files"]
    assert {f"configs/{file.name}" for file in files} < set(listed)


def test_a_failing_step_is_named_and_finished_steps_are_not_repeated(tmp_path, fragile, monkeypatch):
    monkeypatch.setattr(fragile, "failing", (9.0,))
    sweep = fragile()
    with pytest.raises(
        FailedItemsError, match=r"point 1 \(external_currents.nu_ext_baseline.0.=9\), repeat 0"
    ) as caught:
        sweep.execute(tmp_path, **SWEEP)
    assert [failure.tries for failure in caught.value.outcome.failures] == [3] and not sweep.called
    assert fragile.begun == [8, 9, 10, 9, 9]
    assert [about["finished"] for about in run_json(tmp_path)["steps"]] == [True, False, True]
    monkeypatch.setattr(fragile, "failing", ())
    results = sweep.execute(tmp_path, **SWEEP)
    assert fragile.begun[5:] == [9.0] and sweep.called[-1] == ("summary", [r["spikes"] for r in results], RATES)


def test_a_damaged_result_is_computed_again(tmp_path, fragile):
    results = fragile().execute(tmp_path, **SWEEP)
    whole = data_in(tmp_path)
    file = tmp_path / run_json(tmp_path)["steps"][1]["result"]
    file.write_bytes(file.read_bytes()[:-20])
    assert all(map(same, fragile().execute(tmp_path, **SWEEP), results))
    assert fragile.begun == [*RATES, 9.0] and data_in(tmp_path) == whole


class ReturningSweep(SNNBaseSweepRunner):
    """Returns and draws the arguments of the class."""

    def __init__(self, result=None, drawn=None):
        self.result, self.drawn = result, drawn

    def _step(self, param, idx, sweep_param):
        return self.result

    def summary(self, results, sweep_params):
        self.results = results

    def _summary_plot(self, results, sweep_params):
        return self.drawn

    def summarize_repeated_run(self, results, sweep_params):
        return self.drawn


class WeighingSweep(ReturningSweep):
    def _step(self, param, idx, sweep_param, weights):
        return 1


class UnsavableSweep(ReturningSweep):
    def _step(self, param, idx, sweep_param):
        return {"net": [1, 2, {3}]}


@pytest.mark.parametrize("executor", ["serial", "process"])
def test_results_that_are_not_plain_are_refused_at_once(tmp_path, executor):
    with pytest.raises(FailedItemsError, match=r"result\['net'\]\[2\] is a set; return numbers") as caught:
        UnsavableSweep().execute(tmp_path, **SWEEP, executor=executor, max_workers=1)
    assert [failure.tries for failure in caught.value.outcome.failures] == [1, 1, 1]


def test_results_come_back_as_they_were(tmp_path):
    result = (None, 1, np.float32(0.5), {"a": [np.arange(3), float("nan"), b"x"]}, 2j)
    sweep = ReturningSweep(result)
    assert repr(sweep.execute(tmp_path, **SWEEP)) == repr([result] * 3) == repr(sweep.results)


def test_an_attribute_that_cannot_be_sent_is_named_before_anything_runs(tmp_path):
    sweep = ReturningSweep(1)
    sweep.model = {"nets": [threading.Lock()]}
    with pytest.raises(InputError, match=r"ReturningSweep\.model\['nets'\]\[0\] is a _thread\.lock"):
        sweep.execute(tmp_path / "run", **SWEEP, executor="process")
    assert not (tmp_path / "run").exists()


def figure():
    from matplotlib.figure import Figure

    made = Figure()
    made.subplots().plot([1, 2])
    return made


@pytest.mark.parametrize("named", [False, True])
def test_figures_are_saved(tmp_path, named):
    sweep = ReturningSweep(1)
    sweep.drawn = {"a": figure(), "b": figure()} if named else figure()
    config = {"overrides": ["settings.plot_format=svg"]}
    sweep.execute(tmp_path, **SWEEP, **config)
    expected = {"a.svg", "b.svg"} if named else {"summary.svg"}
    assert {path.name for path in (tmp_path / "plots").iterdir()} == expected
    files = json.loads((tmp_path / "metadata/manifest.json").read_text())["files"]
    assert {f"plots/{name}" for name in expected} < set(files)
    sweep.repeat(2, tmp_path, **SWEEP, **config)
    assert {path.name for path in (tmp_path / "plots").iterdir()} == (expected if named else {*expected, "repeats.svg"})


@pytest.mark.parametrize(
    ("drawn", "message"),
    [(5, "summary: 5 found; expected None"), ({"../a": figure}, "summary: a Python function found")],
)
def test_other_objects_than_figures_are_refused(tmp_path, drawn, message):
    with pytest.raises(InputError, match=message) as caught:
        ReturningSweep(1, drawn).execute(tmp_path, **SWEEP)
    assert "3 of 3 steps finished" in caught.value.__notes__[0]


def test_a_figure_stays_in_its_folder(tmp_path):
    with pytest.raises(InputError, match=r'name of a figure: "\.\./a" found; expected a plain file name'):
        ReturningSweep(1, {"../a": figure()}).execute(tmp_path, **SWEEP)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sweep_params": []}, rf"^sweep_params: {KEY}: 0 entries found; expected a list of values"),
        ({"sweep_params": "5"}, '^sweep_params: "5" found; expected a list of values'),
        ({"sweep_params": 5}, "^sweep_params: 5 found; expected a list"),
        ({"sweep_params": [5, 6, 5.0]}, rf"^sweep_params: {KEY}: duplicate value 5$"),
        (
            {"sweep_params": [5, float("inf")]},
            rf"^sweep_params: {KEY}\[1\]: inf found; expected a plain value, finite if",
        ),
        (
            {"sweep_params": [5, 6, -3]},
            rf"^sweep_params: point 2 \({KEY}=-3\): {KEY}: -3 found; expected a number >= 0$",
        ),
        ({"sweep_params": [-1, -2]}, rf"^sweep_params: point 0 \({KEY}=-1\): .*\nsweep_params: point 1 \({KEY}=-2\): "),
        ({"param": ["external_currents", "nu_ext_base"]}, "^sweep_params: .*unknown key; did you mean nu_ext_baseline"),
        ({"param": ["external_currents", "nu ext"]}, "^param: .* found; expected a list of keys"),
        ({"param": 5}, "^param: 5 found; expected"),
        ({"param_idx": 2}, "index out of range; expected an index from 0 to 1"),
        ({"param_idx": -1}, "^param_idx: -1 found; expected a whole number of at least 0"),
        ({"param_idx": True}, "^param_idx: true found"),
        (
            {"param": ["settings", "random_seed"], "param_idx": None},
            "cannot be swept; the root seed and the point give the seeds",
        ),
        ({"param": "settings.plot", "param_idx": None}, "cannot be swept; it does not affect results"),
        ({"parallel": True, "executor": "serial"}, "parallel=True contradicts executor='serial'"),
        ({"executor": "proces"}, 'executor: "proces" found; expected one of serial, thread, process, dask'),
        ({"max_workers": 2}, "max_workers: 2 found; expected 1 with the executor serial"),
        ({"on_eror": "stop"}, "ReturningSweep._step does not take these arguments: .*'on_eror'"),
        ({"baseline_params": "configs/no_such.yaml"}, "no such file"),
        ({"random_seed": -1}, "settings.random_seed"),
    ],
)
def test_mistakes_are_found_before_anything_runs(tmp_path, changed, message):
    message = message.replace("[0]", r"\[0\]")
    with pytest.raises(InputError, match=message):
        ReturningSweep(1).execute(tmp_path / "run", **SWEEP | changed)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("n_repeats", [0, 1.5, True, "2"])
def test_a_number_of_repeats_is_a_whole_number_from_1(tmp_path, n_repeats):
    with pytest.raises(InputError, match=r"n_repeats: .* found; expected a whole number from 1"):
        ReturningSweep(1).repeat(n_repeats, tmp_path, **SWEEP)


def test_a_parameter_is_a_list_of_keys_or_their_text_and_a_value_may_be_a_list(tmp_path):
    ways = [
        SWEEP | {"sweep_params": [8.0, 9.0]},
        SWEEP | {"sweep_params": (8, 9), "param": "external_currents.nu_ext_baseline"},
        SWEEP
        | {"sweep_params": iter([8.0, 9.0]), "param": ["external_currents", "nu_ext_baseline", 0], "param_idx": None},
    ]
    for number, way in enumerate(ways):
        CountSweep().execute(tmp_path / str(number), **way)
        assert data_in(tmp_path / str(number)) == data_in(tmp_path / "0")
    lists = SWEEP | {"param_idx": None, "sweep_params": np.array([[8.0, 9.0], [9.0, 8.0]])}
    CountSweep().execute(tmp_path / "lists", **lists)
    rates = [load_experiment(tmp_path / f"lists/configs/step_000{k}.yaml").external_currents for k in range(2)]
    assert [each.nu_ext_baseline for each in rates] == [(8, 9), (9, 8)]


def test_drawn_perturbations_are_the_same_in_all_steps(tmp_path):
    drawn = SMALL | {"perturbation": {"rate": {"involved_clusters": [0, 1, 2], "params": [0.3]}}}
    ReturningSweep(1).repeat(2, tmp_path, **SWEEP | {"baseline_params": drawn})
    root = load_experiment(drawn).timed_perturbations["rate"].perturbation.basis
    for file in (tmp_path / "configs").iterdir():
        assert np.array_equal(load_experiment(file).timed_perturbations["rate"].perturbation.basis, root)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"overrides": ["init_params.duration_sec=0.3"]}, r"config.init_params.duration_sec: 0.2 -> 0.3"),
        ({"random_seed": 3}, "config.settings.random_seed: 256 -> 3"),
        ({"param_idx": 1}, r"\n  param: .*\[0\]. -> .*\[1\].$"),
        ({"dtype": "float64"}, r"\n  step_kwargs\.dtype: nothing -> .float64.$"),
    ],
)
def test_another_sweep_in_the_same_folder_is_refused(tmp_path, changed, message):
    CountSweep().execute(tmp_path, **SWEEP)
    before = data_in(tmp_path)
    with pytest.raises(InputError, match=message):
        CountSweep().execute(tmp_path, **SWEEP | changed)
    assert data_in(tmp_path) == before
    CountSweep().execute(tmp_path, **SWEEP | changed, force=True)
    assert run_json(tmp_path)["n_finished_before"] == 0 and len(data_in(tmp_path)) == 3


def test_an_argument_that_differs_in_one_entry_is_another_sweep(tmp_path):
    weights = np.zeros((2, 5000))
    sweep = WeighingSweep()
    sweep.execute(tmp_path, **SWEEP, weights={0: [weights], 1: "a"})
    weights[1, 2500] = 1
    with pytest.raises(InputError, match=r"\n  step_kwargs\.weights"):
        sweep.execute(tmp_path, **SWEEP, weights={0: [weights], 1: "a"})
    with pytest.raises(
        InputError,
        match=r"^weights\[0\] is a _thread\.lock; expected plain values, NumPy arrays, a function or a class$",
    ):
        sweep.execute(tmp_path, **SWEEP, weights=[threading.Lock()])


def test_simulations_in_steps_can_be_stopped():
    stager = StageSNNSimulation(SMALL)

    def stop(seconds):
        raise Stopped

    stager.progress = stop
    with pytest.raises(Stopped):
        stager.run()
    assert len(stager.run(progress=False)["spikes"]) > 0


class FullSweep(FullMeanFieldBaseSweepRunner):
    def _step(self, param, idx, sweep_param, n_runs):
        assert type(self._sweep_object) is FullMeanFieldStager
        return self._sweep_object.run(n_runs)["fixed_point"]

    def summary(self, results, sweep_params):
        pass


class ReducedSweep(ReducedMeanFieldSweepRunner):
    def _step(self, param, idx, sweep_param, **kwargs):
        assert type(self._sweep_object) is ReducedMeanFieldStager
        return self._sweep_object.run([0, 1], **kwargs)["force_field"]

    def summary(self, results, sweep_params):
        pass


def test_only_steps_of_the_mean_field_depend_on_its_theory(tmp_path):
    arousal = {"baseline_params": SMALL, "param": "arousal.level", "sweep_params": [0.0], "n_runs": 1}
    FullSweep().execute(tmp_path / "full", **arousal)
    exact = {"overrides": ["mean_field.response=exact"]}
    with pytest.raises(InputError, match=r"mean_field\.response: nothing -> 'exact'"):
        FullSweep().execute(tmp_path / "full", **arousal, **exact)
    swept = FullSweep().execute(tmp_path / "both", SMALL, "mean_field.response", ["shifted", "exact"], n_runs=1)
    assert not np.allclose(swept[0], swept[1])
    spiking = CountSweep().execute(tmp_path / "spiking", **SWEEP)
    assert all(map(same, CountSweep().execute(tmp_path / "spiking", **SWEEP, **exact), spiking))


def test_mean_field_sweeps(tmp_path):
    arousal = {"baseline_params": SMALL, "param": "arousal.level", "sweep_params": [0.0, 0.5]}
    full = FullSweep().execute(tmp_path / "full", **arousal, n_runs=5, parallel=True)
    grid = {"grid_density": 10.0, "grid_lims": (0.0, 40.0)}
    reduced = ReducedSweep().execute(tmp_path / "reduced", **arousal, **grid)
    for step in range(2):
        config = tmp_path / f"full/configs/step_000{step}.yaml"
        np.testing.assert_array_equal(FullMeanFieldStager(config).run(5)["fixed_point"], full[step])
        np.testing.assert_array_equal(ReducedMeanFieldStager(config).run([0, 1], **grid)["force_field"], reduced[step])
    assert not np.array_equal(reduced[0], reduced[1])
