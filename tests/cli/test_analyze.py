from __future__ import annotations

import json
import shutil
import signal
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from neuro_mod.cli.analysis_table import with_error
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.execution.analysis.save import default_folder
from neuro_mod.execution.repeats.repeater import Repeater
from neuro_mod.storage.names import ANALYSIS_FIGURES
from tests.helpers.known_states import CLUSTERS, STEP, drawn_sessions
from tests.helpers.processes import NEURO_MOD, start_python, wait_until
from tests.helpers.shared import SMALL


@pytest.fixture
def analyze(neuro_mod):
    return partial(neuro_mod, "analyze")


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    Repeater(SMALL, 2).execute(folder, plot_arg="none")
    return folder


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Sessions of known states, without a description."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "data").mkdir()
    for index, spikes in enumerate(drawn_sessions(3.0, 2.0)):
        np.save(folder / f"data/spikes_{index}.npy", np.asarray(spikes))
    np.save(folder / "clusters.npy", CLUSTERS)
    return folder


def test_the_labels_beside_spikes_are_named(analyze, recorded, tmp_path):
    done = analyze(recorded, "--out", tmp_path, "--no-plot")
    assert f"from {recorded / 'clusters.npy'}" in " ".join(done.stdout.split())


def test_the_folder_of_a_run_is_all_it_needs(analyze, small_run):
    done = analyze(small_run)
    assert done.returncode == 0, done.stderr
    for words in (
        "sessions",
        "2, 0.4 s in all",
        "60 neurons",
        "method two_state",
        "mean lifespan",
        "mean of whole visits in s",
    ):
        assert words in done.stdout
    folder = small_run / "analysis"
    for name in ("analysis.json", "occurrences.csv", "plots/state_raster.png", "plots/cluster_rates.png"):
        assert (folder / name).exists() and str(folder / name) in done.stdout
    loaded = Analyzer.load_analysis(folder)
    assert loaded.layout.state_labels.tolist() == [0, 1, 2]
    assert loaded.occurrences().equals(Analyzer(small_run).occurrences())


def test_files_are_listed_in_the_way_the_folder_was_given(tmp_path, monkeypatch):
    (tmp_path / "runs/a/data").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "runs")
    assert default_folder(Path("a")) == default_folder(Path("a/data")) == Path("a/analysis")
    assert default_folder(Path("../runs/a")) == Path("a/analysis")
    assert default_folder(tmp_path / "runs/a") == tmp_path / "runs/a/analysis"
    monkeypatch.chdir(tmp_path / "runs/a/data")
    assert default_folder(Path()) == tmp_path / "runs/a/analysis"


def test_json_says_it_all(analyze, recorded, tmp_path):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    code, printed, _ = analyze(recorded, "--dt", STEP, "--out", tmp_path, "--no-plot", "--json")
    assert code == 0
    found = json.loads(printed, parse_constant=refuse)
    analyzer = Analyzer(recorded / "data", CLUSTERS, STEP)
    assert found["n_sessions"] == 2 and found["duration_sec"] == 5
    assert found["n_states"] == analyzer.get_num_states() == len(found["states"])
    assert found["n_visits"] == len(analyzer.occurrences())
    assert sum(row["probability"] for row in found["states"]) == pytest.approx(1)
    assert found["mean_lifespan_sec"] == analyzer.get_mean_lifespan()
    assert found["transitions"]["n_transitions"] == len(analyzer.transitions(empty_state=False))
    assert found["reassigned"] == analyzer.reassigned
    quantities, clusters = analyzer.quantities(), analyzer.cluster_table()
    for name, row in found["quantities"].items():
        assert row["value"] == quantities.at[name, "value"] and row["label"] == quantities.at[name, "label"]
    assert found["quantities"].keys() == set(quantities.index) and found["standard_errors_over"] == "2 sessions"
    assert [row["occupancy"] for row in found["clusters"]] == clusters["occupancy"].tolist()
    assert [row["visits"] for row in found["by_number_active"]] == analyzer.active_table()["visits"].tolist()
    assert found["settings"]["method"] == "two_state" and found["settings"]["parameters"]
    assert {str(file) for file in tmp_path.iterdir()} == set(found["files"]) and not (tmp_path / "plots").exists()


def test_numbers_are_printed_with_their_standard_errors(analyze, recorded, tmp_path):
    code, printed, _ = analyze(recorded, "--dt", STEP, "--out", tmp_path, "--no-plot")
    quantities = Analyzer(recorded / "data", CLUSTERS, STEP).quantities()
    value, error = quantities.loc["occupancy", ["value", "standard_error"]]
    assert code == 0 and 1 < 100 * error < 10
    words = " ".join(printed.split())
    assert f"a cluster is active {100 * value:.1f} ± {100 * error:.1f} % of the time" in words
    for each in ("activations", "intervals", "by number active", "entropy", "standard errors over 2 sessions"):
        assert each in words


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (0.27345, 0.0123, "0.273 ± 0.012"),
        (123.4, 12.0, "123 ± 12"),
        (5.0, None, "5"),
        (None, None, "-"),
        (0.5, 0.0, "0.5"),
    ],
)
def test_two_digits_of_an_error(value, error, shown):
    assert with_error(value, error) == shown


@pytest.mark.parametrize(("minimal_lifespan", "told"), [(0, False), (2000, True)])
def test_lifetimes_that_are_too_long_are_said_to_be(analyze, recorded, tmp_path, minimal_lifespan, told):
    limit = ("--minimal-lifespan", minimal_lifespan)
    code, printed, _ = analyze(recorded, "--dt", STEP, "--out", tmp_path, "--no-plot", *limit)
    share = Analyzer(recorded / "data", CLUSTERS, STEP, minimal_lifespan_ms=minimal_lifespan).reassigned
    assert code == 0 and (share > 0.2) == told
    assert f"shorter ones fill {100 * share:.3g} % of the time" in printed
    assert ("; too long, as shorter visits fill so much of the time" in printed) == told


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ((), {"method": "two_state"}),
        (("--method", "gain"), {"method": "gain"}),
        (("--method", "network_gain", "--threshold", 0), {"method": "network_gain", "threshold_hz": 0}),
        (("--method", "gain", "--threshold", 7), {"method": "gain", "threshold_hz": 7}),
        (("--method", "threshold"), {"method": "threshold"}),
        (
            ("--method", "threshold", "--threshold", 30, "--low-threshold", 12),
            {"method": "threshold", "high_hz": 30, "low_hz": 12},
        ),
        (("--kernel", "box", "--kernel-width", 80), {"kernel": "box", "kernel_width_ms": 80}),
        (("--minimal-lifespan", 0), {"minimal_lifespan_ms": 0}),
        (("--n-excitatory-clusters", 2), {"n_excitatory_clusters": 2}),
        (("--n-excitatory-clusters", 2, "--all-clusters"), {"state_clusters": "all"}),
    ],
    ids=str,
)
def test_options_reach_the_analysis(analyze, recorded, tmp_path, options, settings):
    code, printed, errors = analyze(recorded, "--dt", STEP, "--out", tmp_path, "--no-plot", *options)
    assert code == 0, errors
    loaded, expected = Analyzer.load_analysis(tmp_path), Analyzer(recorded, dt=STEP, **settings)
    assert loaded.settings == expected.settings
    assert loaded.occurrences().equals(expected.occurrences())
    assert f"method {expected.settings.method}" in printed and str(tmp_path / "states.csv") in printed


def test_spikes_as_times(analyze, recorded, tmp_path):
    """From 1 and in ms, as MATLAB would have them."""
    spikes = drawn_sessions(3.0)[0]
    np.savez(tmp_path / "spikes.npz", times=spikes.times * 1e3, neurons=spikes.neurons + 1)
    options = ("--milliseconds", "--first-neuron", 1, "--duration", 3, "--dt", STEP, "--no-plot")
    code, _, errors = analyze(tmp_path / "spikes.npz", "--clusters", recorded / "clusters.npy", *options)
    assert code == 0, errors
    expected = Analyzer(spikes, CLUSTERS).occurrences()
    assert Analyzer.load_analysis(tmp_path / "analysis_spikes").occurrences().equals(expected)


def test_pictures_of_the_session_that_is_asked_for(analyze, recorded, tmp_path):
    pictures = {}
    for session in (0, 1):
        code, _, errors = analyze(recorded, "--dt", STEP, "--out", tmp_path / str(session), "--session", session)
        assert code == 0, errors
        pictures[session] = {file.name: file.read_bytes() for file in (tmp_path / str(session) / "plots").iterdir()}
    assert all(picture.startswith(b"\x89PNG") for picture in pictures[0].values())
    differ = {name for name in pictures[0] if pictures[0][name] != pictures[1][name]}
    assert differ == {"active_clusters.png", "cluster_rates.png", "state_raster.png"}
    assert set(pictures[0]) >= {"occupancy.png", "activations.png"}
    assert set(pictures[0]) >= {"lifetimes.png", "new_states.png", "transition_matrix.png", "transition_graph.png"}
    assert set(pictures[0]) <= {f"{name}.png" for name in ANALYSIS_FIGURES}
    (tmp_path / "0/plots/mine.png").touch()
    assert analyze(recorded, "--dt", STEP, "--out", tmp_path / "0", "--no-plot")[0] == 0
    assert [file.name for file in (tmp_path / "0/plots").iterdir()] == ["mine.png"]  # those of the earlier one are gone


def test_sessions_without_spikes(analyze, tmp_path):
    np.save(tmp_path / "spikes.npy", np.zeros((2000, 4), bool))
    np.save(tmp_path / "clusters.npy", [0, 0, 1, 1])
    code, printed, errors = analyze(tmp_path)
    assert code == 0, errors
    assert "no visit was seen from start to end" in printed and " - s" not in printed and "CV -" not in printed
    assert "none" in printed and (tmp_path / "analysis/plots/state_raster.png").exists()
    code, printed, _ = analyze(tmp_path, "--json", "--no-plot")
    found = json.loads(printed)
    assert code == 0 and found["active_clusters"] == 0 and found["mean_lifespan_sec"] is None


def test_no_visit_lasts_long_enough(analyze, recorded, tmp_path):
    code, printed, errors = analyze(recorded, "--dt", STEP, "--out", tmp_path, "--minimal-lifespan", 9999)
    assert code == 0, errors
    assert "0 distinct in 0 visits of at least 9999 ms" in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--method", "gain", "--low-threshold", 5),
            "--low-threshold: 5.0 found; expected no value with --method gain; use --method threshold",
        ),
        (
            ("--threshold", 5),
            "--threshold: 5.0 found; expected no value with --method two_state; use --method gain or network_gain or "
            "threshold",
        ),
        (
            ("--low-threshold", 5),
            "--low-threshold: 5.0 found; expected no value with --method two_state; use --method threshold",
        ),
        (("--method", "threshold", "--low-threshold", 50), "--low-threshold: 50.0 found; expected at most --threshold"),
        (("--method", "gain", "--threshold", -1), "--threshold: -1.0 found; expected a finite number of at least 0"),
        (("--method", "hmm"), "'gain', 'network_gain', 'threshold', 'two_state'"),
        (("--kernel", "alpha"), "'gaussian', 'box'"),
        (("--kernel-width", -1), "--kernel-width: -1.0 found"),
        (("--minimal-lifespan", -1), "--minimal-lifespan: -1.0 found"),
        (("--dt", 0), "dt: 0.0 found; expected seconds above 0"),
        (("--session", 2), "--session: 2 found; expected a number from 0 to 1"),
        (("--session", -1), "--session"),
        (("--n-excitatory-clusters", 9), "--n-excitatory-clusters: 9 found; expected a whole number from 1 to 4"),
        (("--clusters", "nowhere.npy"), "nowhere.npy"),
        (("--out", "/dev/null/x"), "cannot write to the folder /dev/null/x"),
    ],
    ids=str,
)
def test_bad_input_is_one_clear_message(analyze, recorded, tmp_path, options, message):
    code, printed, errors = analyze(recorded, "--out", tmp_path / "out", *options)
    assert code == 2 and not printed and message in errors and not (tmp_path / "out").exists()


def test_where_there_are_no_spikes(analyze, tmp_path):
    code, _, errors = analyze(tmp_path)
    assert code == 2 and f"{tmp_path}: nothing found; expected files spikes*" in errors
    code, _, errors = analyze(tmp_path / "nowhere")
    assert code == 2 and f"{tmp_path}/nowhere: no such file or folder" in errors


def test_a_damaged_session_is_named(analyze, recorded, tmp_path):
    folder = shutil.copytree(recorded, tmp_path / "recorded")
    file = folder / "data/spikes_1.npy"
    file.write_bytes(file.read_bytes()[:-100])
    code, _, errors = analyze(folder)
    assert code == 2 and str(file) in errors
    assert not (folder / "analysis/analysis.json").exists()


def test_ctrl_c(tmp_path, recorded):
    """Among many sessions; an earlier analysis is kept."""
    kept = Analyzer(recorded, dt=STEP)
    kept.save_analysis(tmp_path / "analysis")
    (tmp_path / "data").mkdir()
    spikes = np.load(recorded / "data/spikes_0.npy")
    for index in range(200):
        np.save(tmp_path / f"data/spikes_{index:04}.npy", np.roll(spikes, index, axis=0))
    shutil.copy(recorded / "clusters.npy", tmp_path)
    process = start_python(*NEURO_MOD, "analyze", tmp_path)
    wait_until(lambda: list((tmp_path / "analysis").glob(".*.partial")), process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert f"interrupted; no new analysis in {tmp_path}/analysis" in errors and "Traceback" not in errors
    assert Analyzer.load_analysis(tmp_path / "analysis").occurrences().equals(kept.occurrences())
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize(("duration", "told"), [(2.0, False), (30.0, True)])
def test_few_transitions_are_not_tested(analyze, tmp_path, duration, told):
    """Where each state has one successor the entropy is 0 bits, whatever the network does."""
    np.save(tmp_path / "spikes.npy", np.asarray(drawn_sessions(duration)[0]))
    np.save(tmp_path / "clusters.npy", CLUSTERS)
    found = [analyze(tmp_path, "--dt", STEP, "--no-plot", *option)[1] for option in ((), ("--json",))]
    about = json.loads(found[1])["transitions"]
    assert (about["n_transitions"] >= 30) == told
    assert [about[name] is not None for name in ("p_memoryless", "conditional_entropy_bits", "entropy_rate_bits")] == (
        [told] * 3
    )
    assert ("their order is not tested below 30" in found[0]) != told and ("bits, in shuffled" in found[0]) == told
