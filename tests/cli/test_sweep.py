from __future__ import annotations

import json
import signal
from functools import partial

import pandas as pd
import pytest
from ruamel.yaml import YAML

from tests.helpers.folders import n_finished
from tests.helpers.processes import NEURO_MOD, start_python, wait_until
from tests.helpers.shared import SMALL
from tests.helpers.tables import sweep_table

SWEEP = {
    "config": SMALL,
    "parameters": {"arousal.level": [0.0, 0.5], "external_currents.nu_ext_baseline[0]": [8.0, 9.0]},
    "repeats": 2,
}


@pytest.fixture
def write(tmp_path):
    def write(**changes):
        file = tmp_path / "small.yaml"
        with file.open("w") as stream:
            YAML().dump(SWEEP | changes, stream)
        return file

    return write


@pytest.fixture
def sweep(neuro_mod):
    return partial(neuro_mod, "sweep")


def test_a_configuration_is_no_sweep_and_a_sweep_no_configuration(neuro_mod, write):
    code, _, err = neuro_mod("sweep", "small")
    assert code == 2 and len(err.splitlines()) == 1
    assert err.startswith("small: a configuration found; expected a sweep") and "neuro-mod run" in err
    code, _, err = neuro_mod("run", file := write())
    assert (code, err) == (2, f"{file}: a sweep found; expected a configuration; neuro-mod sweep takes this file\n")


def test_a_sweep_prints_means_and_can_be_extended(sweep, tmp_path, write):
    out = tmp_path / "out"
    code, printed, said = sweep(write(), "--out", out)
    assert code == 0 and "0 of 8 runs finished; executor thread" in said
    table = sweep_table(out)
    assert len(table) == 8 and not table["error"].any()
    header, *rows = printed.splitlines()[:5]
    assert header.split()[:4] == [
        "point",
        "arousal.level",
        "external_currents.nu_ext_baseline[0]",
        "rate_E_clusters_hz",
    ]
    means = table.groupby("point")["rate_E_clusters_hz"].mean()
    assert [float(row.split()[3]) for row in rows] == pytest.approx(means.tolist(), rel=1e-3)  # 4 digits are printed
    assert str(out / "results.csv") in printed and "worker_0" not in printed
    code, _, said = sweep(write(), "--out", out, "--repeats", 3, "--executor", "serial")
    assert code == 0 and "8 of 12 runs finished" in said
    more = sweep_table(out)
    pd.testing.assert_frame_equal(more[more["repeat"] < 2].reset_index(drop=True), table)


def test_a_dry_run_prints_the_size_and_runs_nothing(sweep, tmp_path, write):
    file = write()
    code, printed, _ = sweep(file, "--dry-run")
    assert code == 0 and "8 runs: 4 points, 2 repeats" in printed and "1.6 s" in printed
    assert "point 1 (arousal.level=0, external_currents.nu_ext_baseline[0]=9)" in printed
    out = tmp_path / "elsewhere"
    assert f"folder     {out}\n" in sweep(file, "--dry-run", "--out", out).stdout
    assert json.loads(sweep(file, "--dry-run", "--json", "--out", out).stdout)["out"] == str(out)
    code, printed, _ = sweep(file, "--dry-run", "--json", "--repeats", 5)
    assert json.loads(printed)["n_runs"] == 20
    assert list(tmp_path.iterdir()) == [file]


def test_conditions_and_numbers_of_networks_and_trials(sweep, tmp_path, write):
    conditions = {"none": {"stimulus.amplitude": 0.0}, "tone": {"stimulus.amplitude": 50.0}}
    file = write(repeats=1, conditions=conditions, set={"stimulus.onsets": [0.1]}, config=SMALL)
    code, _, said = sweep(file, "--dry-run")
    assert code == 2 and "repeats: 1 found beside conditions; networks: N and trials: M replace repeats" in said
    text = YAML().load(file)
    del text["repeats"]
    with file.open("w") as stream:
        YAML().dump(text, stream)
    code, printed, _ = sweep(file, "--dry-run", "--networks", 2, "--trials", 3)
    assert code == 0 and "48 runs: 8 points, 2 networks with 3 trials each" in printed
    assert "point 0 (condition none, arousal.level=0," in printed
    said = json.loads(sweep(file, "--dry-run", "--json", "--trials", 3).stdout)
    assert (said["networks"], said["trials"], said["first_points"][0]["condition"]) == (1, 3, "none")
    code, printed, _ = sweep(file, "--out", tmp_path / "out", "--trials", 2, "--set", "settings.plot=false")
    assert code == 0 and printed.splitlines()[0].split()[:3] == ["point", "condition", "arousal.level"]
    assert printed.splitlines()[5].split()[:2] == ["4", "tone"]
    assert "means over 1 network with 2 trials each" in printed


def test_json(sweep, tmp_path, write):
    code, printed, _ = sweep(write(repeats=1), "--out", tmp_path / "out", "--json", "--seed", 3)
    said = json.loads(printed)
    assert code == 0 and said["n_points"] == 4 and said["n_finished"] == 4 and said["random_seed"] == 3


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({}, ["--executor", "grid"], 'executor: "grid" found; expected one of serial, thread, process, dask'),
        ({}, ["--address", "tcp://x"], "choose dask"),
        ({}, ["--executor", "dask", "--address", "nonsense"], "no Dask scheduler answers at 'nonsense'"),
        ({}, ["--max-workers", "0"], "--max-workers: 0 found"),
        ({}, ["--set", "arousal.level=0.1"], "arousal.level"),
        ({"parameters": {"arousal.levle": [0.1]}}, [], "did you mean"),
        ({"measures": ["rate"]}, [], "rates, n_states, lifetimes"),
        ({"measures": ["nowhere:f"]}, [], "nowhere"),
        ({"config": SMALL | {"settings": {"save": False}}}, [], "--out"),
        ({"config": SMALL | {"settings": {"save": False}}}, ["--dry-run"], "--out"),
    ],
)
def test_bad_input_is_one_clear_message(sweep, monkeypatch, tmp_path, write, changes, options, message):
    monkeypatch.chdir(tmp_path)
    file = write(**changes)
    code, _, said = sweep(file, *options)
    assert code == 2 and message in said and "Traceback" not in said
    assert list(tmp_path.iterdir()) == [file]


def test_failed_runs_end_with_3_and_are_rows_of_the_table(sweep, tmp_path, write):
    (tmp_path / "mine.py").write_text(
        "def rate(outputs):\n"
        "    rate = outputs['metadata']['mean_rates_by_kind_hz']['E clusters']\n"
        "    if outputs['metadata']['config'].count('level: 0.5'):\n"
        "        raise RuntimeError('too aroused')\n"
        "    return rate\n"
    )
    file = write(measures=["rates", "mine:rate"], repeats=1)
    code, printed, said = sweep(file, "--out", tmp_path / "out")
    assert code == 3 and "2 runs failed" in said and "too aroused" in said and "Traceback" not in said
    table = pd.read_csv(tmp_path / "out/results.csv")
    assert table["error"].notna().tolist() == [False, False, True, True]
    assert table["rate"].isna().tolist() == [False, False, True, True]
    assert "results.csv" in printed
    assert "too aroused" in (tmp_path / "out/metadata/run.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.large)])
def test_an_interruption_keeps_what_is_finished(tmp_path, write, number):
    overrides = {"init_params.duration_sec": 2.0, "settings.plot": False}
    file = write(repeats=250, set=overrides)
    out = tmp_path / "out"
    process = start_python(*NEURO_MOD, "sweep", file, "--out", out)
    wait_until(lambda: n_finished(out) >= 3, process)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "of 1000 runs finished" in said and "Traceback" not in said, said
    table = sweep_table(out)
    assert len(table) == 1000 and (table["error"] == "").sum() == n_finished(out) >= 3
