"""``neuro-mod analyze --events``: tables and figures around events."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

from neuro_mod import Analyzer
from tests.helpers.known_states import CLUSTERS, STEP, drawn_sessions

TABLES = {"epochs.csv", "psth.csv", "fano_in_time.csv", "around_switches.csv"}
FIGURES = {"psth.png", "fano_in_time.png", "around_switches.png"}
AROUND = ("--dt", STEP, "--before", 0.3, "--after", 0.4)


@pytest.fixture
def analyze(neuro_mod):
    return partial(neuro_mod, "analyze")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    for index, spikes in enumerate(drawn_sessions(3.0, 2.0, 2.5)):
        np.save(folder / f"spikes_{index}.npy", np.asarray(spikes))
    np.save(folder / "clusters.npy", CLUSTERS)
    return folder


def test_tables_are_those_of_epochs(analyze, recorded, tmp_path):
    what = ("--events", "0.5,1.3", *AROUND, "--event-bin", 20, "--fano-window", 50)
    code, printed, errors = analyze(recorded, *what, "--out", tmp_path)
    assert code == 0, errors
    assert {file.name for file in tmp_path.iterdir()} >= TABLES
    assert {file.name for file in (tmp_path / "plots").iterdir()} >= FIGURES
    assert all(str(tmp_path / name) in printed for name in TABLES)
    analyzer = Analyzer(recorded, dt=STEP)
    epochs = analyzer.epochs([0.5, 1.3], 0.3, 0.4)
    expected = {
        "psth.csv": epochs.psth(bin_ms=20),
        "fano_in_time.csv": epochs.fano(50, 10, mean_matched=True),
        "around_switches.csv": analyzer.around_switches(),
        "epochs.csv": epochs.events[["session", "time"]],
    }
    for name, table in expected.items():
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / name), table, rtol=1e-12)
    quenching = epochs.quenching(50)
    drop = f"{quenching.difference:.3g} ± {quenching.standard_error:.3g}"
    words = " ".join(printed.split())
    assert "6 epochs of 3 sessions, from 0.3 s before to 0.4 s after each" in words
    assert f"variability Fano factor {quenching.before:.3g} before and {quenching.after:.3g} after the event" in words
    assert f"in windows of 50 ms, a drop of {drop}" in words
    assert Analyzer.load_analysis(tmp_path).n_sessions == 3  # which knows all files


def test_conditions_in_a_file(analyze, recorded, tmp_path):
    events = pd.DataFrame({"session": [0, 0, 1, 2], "time": [0.5, 1.3, 0.5, 0.5], "condition": list("abab")})
    events.to_csv(tmp_path / "events.csv", index=False)
    code, printed, errors = analyze(
        recorded, "--events", tmp_path / "events.csv", *AROUND, "--out", tmp_path / "out", "--json", "--no-plot"
    )
    assert code == 0, errors
    found = json.loads(printed)["events"]
    assert found["conditions"] == ["a", "b"] and found["n_epochs"] == 4
    assert found["quenching"]["standard_error"] is None  # of two epochs of each
    table = pd.read_csv(tmp_path / "out/psth.csv")
    chosen = Analyzer(recorded, dt=STEP).epochs(events, 0.3, 0.4).select("b").psth()
    rows = table[table["condition"] == "b"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows[chosen.columns], chosen)
    assert pd.read_csv(tmp_path / "out/epochs.csv")["condition"].tolist() == list("abab")


def test_an_analysis_without_events_replaces_one_with(analyze, recorded, tmp_path):
    assert analyze(recorded, "--events", 0.5, *AROUND, "--out", tmp_path)[0] == 0
    assert {file.name for file in (tmp_path / "plots").iterdir()} >= FIGURES
    assert analyze(recorded, "--dt", STEP, "--out", tmp_path, "--no-plot")[0] == 0
    assert not TABLES & {file.name for file in tmp_path.iterdir()}
    assert not list((tmp_path / "plots").iterdir())


def test_a_single_epoch_has_no_variability(analyze, recorded, tmp_path):
    code, printed, errors = analyze(recorded / "spikes_0.npy", "--events", 1, *AROUND, "--out", tmp_path)
    assert code == 0, errors
    assert "1 epochs of 1 session" in printed and "variability" not in printed
    assert not (tmp_path / "fano_in_time.csv").exists() and (tmp_path / "plots/psth.png").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--events", "0.1"), "spikes_0.npy: event 0 of session 0 at 0.1 s: an epoch from -0.2 s to 0.5 s found"),
        (("--events", "1.9"), "spikes_1.npy: event 0 of session 1 at 1.9 s"),
        (("--events", "stimulus"), "spikes_0.npy: no description of a stimulus found beside the spikes"),
        (("--events", ""), '--events: "" found; expected stimulus, times in seconds'),
        (("--events", "nowhere.csv"), "nowhere.csv: no such file; expected stimulus, times in seconds"),
        (("--events", "0.5", "--event-bin", 0.5), "bin_ms"),
        (("--events", "0.5", "--fano-window", 900), "--fano-window: 900.0 found; expected at most 700 ms"),
    ],
    ids=str,
)
def test_bad_input_is_one_clear_message(analyze, recorded, tmp_path, options, message):
    code, printed, errors = analyze(recorded, *AROUND, *options, "--out", tmp_path / "out")
    assert code == 2 and not printed and message in errors and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("option", "value", "needed"),
    [
        ("--before", 0.3, "--events"),
        ("--after", 0.3, "--events"),
        ("--event-bin", 10, "--events"),
        ("--fano-window", 50, "--events"),
        ("--criterion", "bic", "--hidden-markov"),
        ("--seed", 1, "--hidden-markov or --find-assemblies"),
    ],
)
def test_an_option_without_effect_is_refused(analyze, recorded, tmp_path, option, value, needed):
    code, printed, errors = analyze(recorded, option, value, "--dt", STEP, "--out", tmp_path / "out")
    assert code == 2 and not printed and f"expected no value without {needed}" in errors
