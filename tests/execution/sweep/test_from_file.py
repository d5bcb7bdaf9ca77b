"""Sweeps described in a file: their tables, and that only missing runs are done."""

from __future__ import annotations

import json
import math
import signal

import numpy as np
import pandas as pd
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.config.plain import to_yaml
from neuro_mod.config.sweep import load_sweep
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.errors import FailedItemsError, InputError, Interrupted
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.sweep.figures import drawings_of_sweep
from neuro_mod.execution.sweep.from_file import FileSweepJob, _warn_of_long_visits, _warn_of_short_visits, run_sweep
from neuro_mod.recordings.saved import load_spikes
from tests.helpers.shared import SMALL
from tests.helpers.tables import sweep_table

RATE, LEVEL = "external_currents.nu_ext_baseline[0]", "arousal.level"
QUIET = SMALL | {"settings": {"plot": False, "random_seed": 7}}
BASE = {"config": QUIET, "parameters": {RATE: [8.0, 12.0], LEVEL: [0, 0.5]}, "repeats": 2}
MODULE = """\
import signal
from pathlib import Path

HERE = Path(__file__).parent

def _seeds(name):
    return (HERE / name).read_text().split() if (HERE / name).exists() else []

def count(outputs):
    seed = str(outputs["metadata"]["noise_seed"])
    with (HERE / "calls").open("a") as calls:
        calls.write(seed + "\\n")
    if seed in _seeds("interrupting"):
        signal.raise_signal(signal.SIGINT)
    if seed in _seeds("failing"):
        raise FloatingPointError("too much, \\"really\\"")
    return {"spikes": len(outputs["spikes"]), "unknown": None, "endless": float("inf")}
"""


@pytest.fixture
def counted(tmp_path):
    """Writes a sweep with a function that records the seed of each run."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "mine.py").write_text(MODULE)

    def write(**changed):
        (folder / "sweep.yaml").write_text(json.dumps(BASE | {"measures": ["rates", "mine:count"]} | changed))
        return folder / "sweep.yaml"

    return write


def calls(file):
    """Seeds of the runs since the last call."""
    noted = file.parent / "calls"
    seeds = noted.read_text().split() if noted.exists() else []
    noted.unlink(missing_ok=True)
    return sorted(map(int, seeds))


def results_in(folder):
    """Everything that does not depend on how a sweep is executed."""
    names = [*folder.glob("results.*"), *folder.glob("data/*"), *folder.glob("configs/*"), folder / "clusters.npy"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in names if path.exists()}


def assert_same(a, b):
    pd.testing.assert_frame_equal(a.reset_index(drop=True), b.reset_index(drop=True), check_exact=True)


@pytest.mark.parametrize("fix_network", [False, True])
def test_rows_are_what_runs_by_hand_give(tmp_path, fix_network):
    measures = ["rates", "n_states", "lifetimes"]
    run_sweep(BASE | {"fix_network": fix_network, "measures": measures}, tmp_path)
    table = sweep_table(tmp_path)
    assert table["point"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3] and table["repeat"].tolist() == [0, 1] * 4
    assert table[RATE].tolist() == [8] * 4 + [12] * 4 and table[LEVEL].tolist() == [0, 0, 0.5, 0.5] * 2
    assert table["seed"].nunique() == (2 if fix_network else 8) and (table["error"] == "").all()
    for row in table.to_dict("records"):
        experiment = load_experiment(QUIET, {RATE: row[RATE], LEVEL: row[LEVEL]})
        outputs = StageSNNSimulation(experiment, 7 if fix_network else row["seed"]).run(noise_seed=row["seed"])
        metadata, analyzer = outputs["metadata"], Analyzer(outputs)
        for kind, rate in metadata["mean_rates_by_kind_hz"].items():
            assert row[f"rate_{kind.replace(' ', '_')}_hz"] == rate
        assert row["active_clusters"] == metadata["active_clusters"]
        assert row["n_states"] == analyzer.get_num_states()
        assert row["time_reassigned"] == analyzer.reassigned
        for column, estimator in (
            ("mean_lifespan_sec", "mean"),
            ("mean_lifespan_kaplan_meier_sec", "kaplan_meier"),
        ):
            expected = analyzer.get_mean_lifespan(estimator=estimator)
            assert row[column] == expected or (math.isnan(row[column]) and math.isnan(expected))
    assert table["rate_E_clusters_hz"].nunique() > 5 and table["n_states"].nunique() > 1


@pytest.mark.parametrize("fix_network", [False, True])
def test_points_with_common_noise_differ_only_by_what_the_parameter_changes(tmp_path, fix_network):
    idle = {
        "set": {"arousal.M": 0.0, "arousal.L": 0.0},
        "parameters": {"arousal.k": [1.0, 5.0]},
        "fix_network": fix_network,
    }
    run_sweep(BASE | idle | {"noise": "common"}, tmp_path / "common")
    rates = sweep_table(tmp_path / "common").filter(like="rate_").to_numpy().reshape(2, 2, -1)
    assert (rates[0] - rates[1] == 0).all() and (rates[:, 0] != rates[:, 1]).any()
    run_sweep(BASE | idle | {"noise": "independent"}, tmp_path / "independent")
    rates = sweep_table(tmp_path / "independent").filter(like="rate_").to_numpy().reshape(2, 2, -1)
    assert (rates[0] != rates[1]).any()


def test_a_fixed_network_with_independent_noise_is_continued_or_refused(tmp_path):
    earlier = BASE | {"fix_network": True, "noise": "independent", "repeats": 1}
    run_sweep(earlier, tmp_path)
    assert "noise" not in json.loads((tmp_path / "metadata/plan.json").read_text())  # as in earlier versions
    assert run_sweep(earlier | {"repeats": 2}, tmp_path)["n_finished_before"] == 4
    with pytest.raises(InputError, match=r"noise: nothing -> 'common .noise: independent continues earlier results.'"):
        run_sweep(BASE | {"fix_network": True}, tmp_path)


def test_columns_have_one_kind_of_data_and_names_in_order(tmp_path):
    pytest.importorskip("pyarrow")
    parameters = {
        "architecture.network.n_neurons": [60, 63],
        RATE: [9, 9.5],
        "init_params.mechanism": ["analytic", "euler"],
        "init_params.threshold": [[1, 0.5], [1, 0.6]],
        "architecture.clusters.depress": [True, False],
    }
    run_sweep(BASE | {"parameters": parameters, "combine": "zipped", "repeats": 1}, tmp_path)
    table = pd.read_parquet(tmp_path / "results.parquet")
    rates = [f"rate_{kind}_hz" for kind in ("E_clusters", "E_background", "I_clusters", "I_background")]
    assert list(table) == ["point", "repeat", "seed", *parameters, *rates, "active_clusters", "error"]
    kinds = ["int64", "int64", "uint64", "int64", "float64", "object", "object", "bool", *["float64"] * 5, "object"]
    assert [str(kind).replace("str", "object") for kind in table.dtypes] == kinds
    assert table["init_params.threshold"].tolist() == ["[1, 0.5]", "[1, 0.6]"]
    assert table["init_params.mechanism"].tolist() == ["analytic", "euler"]


def test_the_text_and_the_binary_table_say_the_same(tmp_path, counted):
    pytest.importorskip("pyarrow")
    file = counted(parameters={"init_params.threshold": [[1, 0.5], [1, 0.6]]}, measures=["lifetimes", "mine:count"])
    run_sweep(file, tmp_path / "out")
    table = pd.read_parquet(tmp_path / "out/results.parquet")
    kinds = {"seed": "uint64", "error": "str"}
    text = pd.read_csv(tmp_path / "out/results.csv", dtype=kinds)
    assert_same(text.assign(error=text["error"].fillna("")).astype(table.dtypes), table)
    assert table["unknown"].isna().all() and (table["endless"] == math.inf).all()
    first = (tmp_path / "out/results.csv").read_text().splitlines()[1]
    assert first.startswith(f'0,0,{table["seed"][0]},"[1, 0.5]",') and first.endswith(f",{table['spikes'][0]},,inf,")


def test_the_saved_configuration_of_a_point_replays_its_runs(tmp_path):
    drawn = {"perturbation": {"rate": {"involved_clusters": [[0, 1]], "params": [0.3]}}}
    run_sweep(BASE | {"config": QUIET | drawn}, tmp_path)
    vectors = []
    for row in sweep_table(tmp_path).to_dict("records"):
        kept = tmp_path / f"configs/point_{row['point']:04d}.yaml"
        assert kept.read_text().startswith(f"# arousal.level={row[LEVEL]:g} {RATE}={row[RATE]:g}\n")
        stager = StageSNNSimulation(kept, row["seed"])
        outputs = stager.run()
        assert outputs["metadata"]["mean_rates_by_kind_hz"]["E clusters"] == row["rate_E_clusters_hz"]
        vectors.append(stager.experiment.timed_perturbations["rate"].at(0.0))
    assert np.ptp(vectors, axis=0).max() == 0, "all runs share what is drawn"
    assert np.ptp(vectors[0]) > 0


WAYS = [("thread", 2), ("process", 1)]


def test_executors_give_the_same_bytes(tmp_path, counted):
    file = counted(keep_spikes=True)
    run_sweep(file, tmp_path / "serial")
    for executor, n_workers in WAYS:
        run_sweep(file, tmp_path / executor, Execution(executor, n_workers))
        assert results_in(tmp_path / executor) == results_in(tmp_path / "serial")
    n_tables = len(list((tmp_path / "serial").glob("results.*")))
    assert len(results_in(tmp_path / "serial")) == n_tables + 2 * 8 + 4


def test_an_interrupted_sweep_is_resumed(tmp_path, counted):
    file = counted()
    run_sweep(file, tmp_path / "whole")
    seeds = calls(file)
    whole = sweep_table(tmp_path / "whole")
    (file.parent / "interrupting").write_text(str(whole["seed"][2]))
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted, match="3 of 8 runs finished"):
        run_sweep(file, tmp_path / "out")
    assert signal.getsignal(signal.SIGINT) is before
    part = sweep_table(tmp_path / "out")
    assert_same(part[:3], whole[:3])
    assert part["error"].tolist() == [""] * 3 + ["not done"] * 5
    assert part["spikes"].isna().tolist() == [False] * 3 + [True] * 5
    done = calls(file)
    (file.parent / "interrupting").unlink()
    assert run_sweep(file, tmp_path / "out")["n_finished_before"] == 3
    assert sorted(done + calls(file)) == seeds
    assert results_in(tmp_path / "out") == results_in(tmp_path / "whole")


def test_more_points_and_repeats_change_no_earlier_result(tmp_path, counted):
    run_sweep(counted(), tmp_path)
    few, data = (
        sweep_table(tmp_path),
        {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (tmp_path / "data").iterdir()},
    )
    file = counted(parameters={RATE: [8.0, 10.0, 12.0], LEVEL: [0, 0.25, 0.5]}, repeats=3)
    calls(file)
    run_sweep(file, tmp_path)
    many = sweep_table(tmp_path)
    old = many[RATE].isin([8, 12]) & many[LEVEL].isin([0, 0.5]) & (many["repeat"] < 2)
    assert len(many) == 27 and calls(file) == sorted(many["seed"][~old])
    assert_same(many[old].drop(columns="point"), few.drop(columns="point"))
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in data} == data
    assert load_experiment(tmp_path / "configs/point_0004.yaml").external_currents.nu_ext_baseline[0] == 10
    run_sweep(file, tmp_path / "at once")
    assert results_in(tmp_path) == results_in(tmp_path / "at once")


def test_fewer_points_leave_the_others_for_later(tmp_path, counted):
    run_sweep(counted(), tmp_path)
    whole = sweep_table(tmp_path)
    file = counted(parameters={RATE: [12.0], LEVEL: [0, 0.5]}, repeats=1)
    calls(file)
    run_sweep(file, tmp_path)
    part = sweep_table(tmp_path)
    assert_same(part.drop(columns="point"), whole[(whole[RATE] == 12) & (whole["repeat"] == 0)].drop(columns="point"))
    assert sorted(path.name for path in (tmp_path / "configs").iterdir()) == ["point_0000.yaml", "point_0001.yaml"]
    run_sweep(counted(), tmp_path)
    assert calls(file) == []
    assert_same(sweep_table(tmp_path), whole)


def test_how_points_are_combined_and_in_which_order_does_not_matter_to_them(tmp_path, counted):
    file = counted()
    run_sweep(file, tmp_path)
    whole = sweep_table(tmp_path)
    calls(file)
    run_sweep(counted(combine="zipped", parameters={LEVEL: [0.5, 0], RATE: [12, 8]}), tmp_path)
    zipped = sweep_table(tmp_path)
    assert calls(file) == [] and zipped["seed"].tolist() == [*whole["seed"][6:], *whole["seed"][:2]]
    assert zipped["spikes"].tolist() == [*whole["spikes"][6:], *whole["spikes"][:2]]


def test_runs_that_fail_are_rows_without_numbers(tmp_path, counted):
    file = counted()
    run_sweep(file, tmp_path / "whole")
    whole = sweep_table(tmp_path / "whole")
    failing = whole["seed"][[1, 5]].tolist()
    (file.parent / "failing").write_text(" ".join(map(str, failing)))
    calls(file)
    with pytest.raises(FailedItemsError, match="2 runs failed") as caught:
        run_sweep(file, tmp_path / "out")
    assert f"point 0 ({RATE}=8, arousal.level=0), repeat 1 (seed {failing[0]}): FloatingPointError: too" in str(
        caught.value
    )
    assert calls(file) == sorted([*whole["seed"], *failing, *failing]), "three tries each"
    part = sweep_table(tmp_path / "out")
    error = 'FloatingPointError: too much, "really"'
    assert part["error"].tolist() == [error if row in (1, 5) else "" for row in range(8)]
    measured = list(part)[5:-1]
    assert part[measured].isna().all(axis=1).tolist() == [row in (1, 5) for row in range(8)]
    assert_same(part.drop([1, 5]), whole.drop([1, 5]))
    text = pd.read_csv(tmp_path / "out/results.csv")
    assert text["error"][1] == error and text["spikes"].isna().sum() == 2
    (file.parent / "failing").unlink()
    run_sweep(file, tmp_path / "out")
    assert calls(file) == sorted(failing)
    assert results_in(tmp_path / "out") == results_in(tmp_path / "whole")


def test_where_all_runs_fail_there_is_a_table_of_errors(tmp_path, counted):
    file = counted(measures=["mine:count"], config=QUIET | {"settings": {"plot": True}})
    seeds = [item.seed for item in items_of(file)]
    (file.parent / "failing").write_text(" ".join(map(str, seeds)))
    with pytest.raises(FailedItemsError, match="8 runs failed"):
        run_sweep(file, tmp_path / "out")
    assert list(sweep_table(tmp_path / "out")) == ["point", "repeat", "seed", RATE, LEVEL, "error"]
    assert not list((tmp_path / "out/plots").iterdir())


def items_of(file):
    return FileSweepJob(load_sweep(file)).items


def test_spikes_are_kept_on_request(tmp_path):
    run_sweep(BASE | {"keep_spikes": True}, tmp_path)
    table = sweep_table(tmp_path)
    assert table["spikes"].nunique() == 8
    for row in table.to_dict("records"):
        experiment = load_experiment(QUIET, {RATE: row[RATE], LEVEL: row[LEVEL]})
        expected = StageSNNSimulation(experiment, row["seed"]).run()["spikes"]
        kept = load_spikes(tmp_path / row["spikes"])
        assert np.array_equal(kept.steps, expected.steps) and np.array_equal(kept.neurons, expected.neurons)


def test_columns_never_take_the_place_of_others(tmp_path):
    names = ["seed", "error", "rate_E_clusters_hz", LEVEL, "point"]
    (tmp_path / "mine.py").write_text(f"def f(outputs):\n    return {dict(zip(names, range(5), strict=True))}\n")
    (tmp_path / "sweep.yaml").write_text(json.dumps(BASE | {"measures": ["rates", "mine:f"]}))
    run_sweep(BASE, tmp_path / "alone")
    run_sweep(tmp_path / "sweep.yaml", tmp_path / "out")
    table, alone = sweep_table(tmp_path / "out"), sweep_table(tmp_path / "alone")
    assert_same(table[list(alone)], alone)
    assert {name: table[f"mine:f {name}"].tolist() for name in names} == {name: [k] * 8 for k, name in enumerate(names)}


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"config": SMALL}, "config.settings.random_seed: 7 -> 256"),
        pytest.param({"seed": 3}, "config.settings.random_seed: 7 -> 3", marks=pytest.mark.slow),
        ({"set": {"init_params.duration_sec": 0.3}}, "config.init_params.duration_sec: 0.2 -> 0.3"),
        pytest.param({"fix_network": True}, "fix_network: False -> True", marks=pytest.mark.slow),
        pytest.param({"keep_spikes": True}, "keep_spikes: False -> True", marks=pytest.mark.slow),
        ({"measures": ["rates", "n_states"]}, "measures.n_states: nothing -> 'built in'"),
        ({"parameters": {RATE: [8, 12]}}, "parameters"),
    ],
)
def test_another_sweep_in_the_same_folder_is_refused(tmp_path, changed, difference):
    few = BASE | {"repeats": 1}
    run_sweep(few, tmp_path)
    before = results_in(tmp_path)
    with pytest.raises(InputError, match="holds the results of another job") as caught:
        run_sweep(few | changed, tmp_path)
    assert difference in str(caught.value)
    assert results_in(tmp_path) == before
    run_sweep(few | changed, tmp_path, Execution(force=True))
    run_sweep(few | changed, tmp_path / "again")
    assert results_in(tmp_path) == results_in(tmp_path / "again")


def test_changed_code_of_the_user_is_refused(tmp_path, counted):
    file = counted()
    run_sweep(file, tmp_path / "out")
    (file.parent / "mine.py").write_text(MODULE.replace('len(outputs["spikes"])', "0"))
    with pytest.raises(InputError, match=r"(?s)holds the results of another job.*measures.mine:count"):
        run_sweep(file, tmp_path / "out")
    run_sweep(file, tmp_path / "out", Execution(force=True))
    assert (sweep_table(tmp_path / "out")["spikes"] == 0).all()


def test_damaged_and_edited_files_are_made_again(tmp_path, counted):
    file = counted()
    run_sweep(file, tmp_path)
    before = results_in(tmp_path)
    calls(file)
    damaged = sorted((tmp_path / "data").iterdir())[3]
    damaged.write_bytes(damaged.read_bytes().replace(b"1", b"2", 1))
    untouched = (tmp_path / "configs/point_0000.yaml").stat().st_ino
    (tmp_path / "configs/point_0001.yaml").write_text((tmp_path / "configs/point_0001.yaml").read_text() + "arousal:\n")
    (tmp_path / "results.csv").unlink()
    run_sweep(file, tmp_path)
    assert calls(file) == [json.loads(damaged.read_text())["seed"]]
    assert results_in(tmp_path) == before
    assert (tmp_path / "configs/point_0000.yaml").stat().st_ino == untouched
    manifest = json.loads((tmp_path / "metadata/manifest.json").read_text())["files"]
    assert {f"configs/point_{index:04d}.yaml" for index in range(4)} < set(manifest)


def test_measures_that_do_not_exist_are_reported_before_anything_runs(tmp_path, counted):
    file = counted(measures=["rates", "mine:cuont"])
    with pytest.raises(InputError, match=r"mine:cuont: .*mine.py has no function cuont; it has .*count"):
        run_sweep(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_results_go_beside_those_of_single_runs_by_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "files").mkdir()
    (tmp_path / "files/small.yaml").write_text(to_yaml(QUIET))
    (tmp_path / "files/my_map.yaml").write_text(json.dumps(BASE | {"config": "small.yaml"}))
    metadata = run_sweep("files/my_map.yaml")
    folder = tmp_path / "simulations/my_map"
    assert len(sweep_table(folder)) == metadata["n_runs"] == 8
    assert (metadata["n_points"], metadata["repeats"], metadata["simulated_sec"]) == (4, 2, pytest.approx(1.6))
    assert json.loads((folder / "metadata/sweep.json").read_text())["parameters"] == BASE["parameters"]


def test_there_is_a_figure_for_each_measure(tmp_path, counted):
    plotted = QUIET | {"settings": {"plot_format": "pdf"}}
    run_sweep(counted(config=plotted, measures=["rates", "mine:count"]), tmp_path)
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == ["mine_count.pdf", "rates.pdf"]


def test_too_short_visits_are_a_warning(caplog):
    points = load_sweep(BASE | {"parameters": {LEVEL: [0, 0.1, 0.2, 0.3, 0.4]}, "repeats": 1}).points
    numbers = {"point": [0, 1, 2, 3, 4]}
    _warn_of_short_visits(pd.DataFrame(numbers | {"time_reassigned": [0.1, np.nan, 0.2, 0, 0]}), points)
    _warn_of_short_visits(pd.DataFrame(numbers | {"rate_E_hz": 0.9}), points)
    assert not caplog.text
    _warn_of_short_visits(pd.DataFrame(numbers | {"time_reassigned": [0.1, 0.85, 0.3, 0, 0]}), points)
    assert "too short visits fill more than 20 % of the time in 2 of 5 runs" in caplog.text
    assert "at point 1 (arousal.level=0.1), point 2 (arousal.level=0.2): their" in caplog.text
    _warn_of_short_visits(pd.DataFrame(numbers | {"time_reassigned": 1.0}), points)
    assert "point 2 (arousal.level=0.2) and 2 more points: their" in caplog.text


#: Of visits, activations and intervals: in run 1 none ended, run 5 is missing.
OF_DURATIONS = [1.0, np.nan, 2.0, 3.0, 4.0, np.nan]
ERRORS = ["", "", "", "", "", "not done"]


def test_runs_in_which_no_visit_ends_are_a_warning(caplog):
    points = load_sweep(BASE | {"parameters": {LEVEL: [0, 0.1, 0.2]}}).points
    table = pd.DataFrame({"point": [0, 0, 1, 1, 2, 2], "error": ERRORS})
    column = "mean_lifespan_kaplan_meier_sec"
    _warn_of_long_visits(table.assign(rate_E_hz=np.nan, **{column: 1.0}), points)
    assert not caplog.text
    _warn_of_long_visits(table.assign(**{column: OF_DURATIONS}), points)
    said = f"none was seen whole in 1 of 5 runs (column {column} is empty), at point 0 (arousal.level=0): means over"
    assert [said in record.message for record in caplog.records] == [True]


@pytest.mark.parametrize("what", ["lifespan", "activation", "interval"])
def test_figures_show_the_kaplan_meier_mean_of_durations(what):
    """The mean over what was seen whole, which is too short, would be 0.1 s."""
    sweep = load_sweep(BASE | {"parameters": {LEVEL: [0, 0.1, 0.2]}, "measures": ["rates"]})
    table = pd.DataFrame({LEVEL: [0, 0, 0.1, 0.1, 0.2, 0.2], "error": ERRORS})
    columns = {
        f"mean_{what}_sec": np.full(6, 0.1),
        f"mean_{what}_kaplan_meier_sec": np.array(OF_DURATIONS),
        "activation_rate_hz": np.full(6, 0.5),
    }
    figure = drawings_of_sweep(sweep, table, {"durations": columns})["durations"]()
    shown, other = figure.axes
    assert " ".join(shown.get_ylabel().split()) == f"mean {what}, Kaplan-Meier (s)"
    assert shown.lines[0].get_ydata().tolist() == [1.0, 2.5, 4.0]
    assert other.lines[0].get_ydata().tolist() == [0.5, 0.5, 0.5]
    restricted = "Kaplan-Meier: restricted to the longest duration seen in each run"
    note = " ".join(figure.get_supxlabel().split())
    assert note == f"{restricted}; left out are 1 of 5 runs, in which none was seen whole"
    columns[f"mean_{what}_kaplan_meier_sec"][1] = 2.0
    figure = drawings_of_sweep(sweep, table, {"durations": columns})["durations"]()
    assert " ".join(figure.get_supxlabel().split()) == restricted
    assert not drawings_of_sweep(sweep, table, {"rates": {"rate_E_hz": np.ones(6)}})["rates"]().get_supxlabel()


def test_results_of_a_sweep_draw_their_figures(tmp_path):
    sweep = BASE | {"parameters": {LEVEL: [0, 0.5]}, "measures": ["rates"]}
    results = run_sweep(sweep, tmp_path)
    assert json.loads((tmp_path / "metadata/run.json").read_text())["n_points"] == results["n_points"] == 2
    assert results.table is not None and results.table[LEVEL].tolist() == [0, 0, 0.5, 0.5]
    assert len(results.plot().axes) == len(results.plot("rates", style="talk").axes)
    with pytest.raises(InputError, match='figure: "all" found; expected one of rates'):
        results.plot("all")
    part = run_sweep(sweep, tmp_path / "parts", Execution(shard="1/2"))
    with pytest.raises(InputError, match="expected results with something to draw"):
        part.plot()
