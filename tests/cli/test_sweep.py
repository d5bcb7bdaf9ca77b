from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pandas as pd
import pytest
from ruamel.yaml import YAML
from shared import ROOT, SMALL

from neuro_mod.cli.main import main

COMMAND = [sys.executable, "-m", "neuro_mod.cli.main", "sweep"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}

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


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["neuro-mod", "sweep", *map(str, arguments)])
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    return code, *capsys.readouterr()


def test_a_sweep_prints_means_and_goes_on(monkeypatch, capsys, tmp_path, write):
    out = tmp_path / "out"
    code, printed, said = run(monkeypatch, capsys, write(), "--out", out)
    assert code == 0 and "0 of 8 runs finished; executor thread" in said
    table = pd.read_parquet(out / "results.parquet")
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
    code, _, said = run(monkeypatch, capsys, write(), "--out", out, "--repeats", 3, "--executor", "serial")
    assert code == 0 and "8 of 12 runs finished" in said
    more = pd.read_parquet(out / "results.parquet")
    pd.testing.assert_frame_equal(more[more["repeat"] < 2].reset_index(drop=True), table)


def test_a_dry_run_says_how_much_it_is_and_does_nothing(monkeypatch, capsys, tmp_path, write):
    file = write()
    code, printed, _ = run(monkeypatch, capsys, file, "--dry-run")
    assert code == 0 and "8 runs: 4 points, 2 repeats" in printed and "1.6 s" in printed
    assert "point 1 (arousal.level=0, external_currents.nu_ext_baseline[0]=9)" in printed
    code, printed, _ = run(monkeypatch, capsys, file, "--dry-run", "--json", "--repeats", 5)
    assert json.loads(printed)["n_runs"] == 20
    assert list(tmp_path.iterdir()) == [file]


def test_json(monkeypatch, capsys, tmp_path, write):
    code, printed, _ = run(monkeypatch, capsys, write(repeats=1), "--out", tmp_path / "out", "--json", "--seed", 3)
    said = json.loads(printed)
    assert code == 0 and said["n_points"] == 4 and said["n_finished"] == 4 and said["random_seed"] == 3


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({}, ["--executor", "grid"], 'executor: "grid" found; expected one of serial, thread, process, dask'),
        ({}, ["--address", "tcp://x"], "choose dask"),
        ({}, ["--max-workers", "0"], "max_workers: 0 found"),
        ({}, ["--set", "arousal.level=0.1"], "arousal.level"),
        ({"parameters": {"arousal.levle": [0.1]}}, [], "did you mean"),
        ({"measures": ["rate"]}, [], "rates, n_states, lifetimes"),
        ({"measures": ["nowhere:f"]}, [], "nowhere"),
        ({"config": SMALL | {"settings": {"save": False}}}, [], "--out"),
    ],
)
def test_bad_input_is_one_clear_message(monkeypatch, capsys, tmp_path, write, changes, options, message):
    monkeypatch.chdir(tmp_path)
    file = write(**changes)
    code, _, said = run(monkeypatch, capsys, file, *options)
    assert code == 2 and message in said and "Traceback" not in said
    assert list(tmp_path.iterdir()) == [file]


def test_failed_runs_end_with_3_and_stand_in_the_table(monkeypatch, capsys, tmp_path, write):
    (tmp_path / "mine.py").write_text(
        "def rate(outputs):\n"
        "    rate = outputs['metadata']['mean_rates_by_kind_hz']['E clusters']\n"
        "    if outputs['metadata']['config'].count('level: 0.5'):\n"
        "        raise RuntimeError('too aroused')\n"
        "    return rate\n"
    )
    file = write(measures=["rates", "mine:rate"], repeats=1)
    code, printed, said = run(monkeypatch, capsys, file, "--out", tmp_path / "out")
    assert code == 3 and "2 runs failed" in said and "too aroused" in said and "Traceback" not in said
    table = pd.read_csv(tmp_path / "out/results.csv")
    assert table["error"].notna().tolist() == [False, False, True, True]
    assert table["rate"].isna().tolist() == [False, False, True, True]
    assert "results.csv" in printed
    assert "too aroused" in (tmp_path / "out/metadata/run.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_is_finished(tmp_path, write, number):
    file = write(repeats=2000, config=SMALL | {"settings": {"plot": False}})
    out = tmp_path / "out"
    command = [*COMMAND, str(file), "--out", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, start_new_session=True)
    ledger = out / "metadata/finished.jsonl"
    while not (ledger.exists() and ledger.read_bytes().count(b"\n") >= 3):
        assert process.poll() is None
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "of 8000 runs finished" in said and "Traceback" not in said, said
    n_finished = ledger.read_bytes().count(b"\n")
    table = pd.read_parquet(out / "results.parquet")
    assert len(table) == 8000 and (table["error"] == "").sum() == n_finished >= 3
