from __future__ import annotations

import errno
import hashlib
import json
import shutil
import tracemalloc
import zipfile

import numpy as np
import pandas as pd
import pytest

from neuro_mod.cli.analysis_table import print_analysis
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.detection import TwoState
from neuro_mod.core.spiking_net.analysis.states.names import parse_state
from neuro_mod.errors import DataError, InputError, StorageError
from neuro_mod.execution.analysis.pictures import drawings_of_analysis
from neuro_mod.execution.analysis.summary import describe_analysis
from neuro_mod.execution.repeats.repeater import Repeater
from neuro_mod.storage.reading import sha256_of
from tests.helpers.known_states import CLUSTERS, STEP, drawn_sessions
from tests.helpers.shared import SMALL

FILES = {
    "analysis.json",
    "clusters.npz",
    "activations.csv",
    "active_table.csv",
    "cluster_table.csv",
    "quantities.csv",
    "cluster_rates.npz",
    "occurrences.csv",
    "states.csv",
    "transition_probabilities.csv",
    "transitions.csv",
}
SETTINGS = {
    "method": "threshold",
    "high_hz": 22.0,
    "low_hz": 18,
    "kernel": "box",
    "kernel_width_ms": 40,
    "minimal_lifespan_ms": 30.5,
}


@pytest.fixture(scope="module")
def spikes_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spikes")
    for index, spikes in enumerate(drawn_sessions(4.0, 2.0, 0.6)):
        np.save(folder / f"spikes_{index}.npy", np.asarray(spikes))
    return folder


def opened(folder, **settings):
    return Analyzer(folder, CLUSTERS - 1, STEP, 3, **settings)


@pytest.fixture(scope="module")
def kept(spikes_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    opened(spikes_folder).save_analysis(folder)
    return folder


@pytest.fixture
def saved(kept, tmp_path):
    """A copy of a saved analysis that may be damaged."""
    return shutil.copytree(kept, tmp_path / "analysis")


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def answers(analyzer):
    """Everything that can be asked without spikes."""
    states = analyzer.get_unique_attractors()
    windows = [(None, None), (0.1, 0.5), (-0.4, None)]
    return {
        "sessions": [vars(each) for each in analyzer.sessions],
        "settings": analyzer.settings,
        "layout": [getattr(analyzer.layout, name) for name in ("labels", "of_neuron", "defines_states")],
        "lengths": [analyzer.n_sessions, analyzer.durations],
        "samples": [
            ask(session, t_from=t_from, t_to=t_to)
            for ask in (analyzer.get_sample_times, analyzer.get_cluster_spike_rate, analyzer.get_cluster_activity)
            for session in range(analyzer.n_sessions)
            for t_from, t_to in windows
        ],
        "of windows": [
            ask(t_from=t_from, t_to=t_to)
            for ask in (
                analyzer.occurrences,
                analyzer.transitions,
                analyzer.get_unique_attractors,
                analyzer.get_num_states,
                analyzer.get_attractors_data,
                analyzer.get_occurrences,
                analyzer.get_life_spans,
                analyzer.get_mean_lifespan,
                analyzer.get_attractor_probs,
                analyzer.get_transition_counts,
                analyzer.get_transition_matrix,
                analyzer.activations,
                analyzer.intervals,
                analyzer.occupancy,
                analyzer.cluster_table,
                analyzer.active_table,
                analyzer.state_table,
                analyzer.quantities,
                analyzer.get_state_rates,
            )
            for t_from, t_to in windows
        ],
        "of states": [
            ask(state)
            for ask in (
                analyzer.get_attractor_data,
                analyzer.get_attractor_idx,
                analyzer.get_num_clusters,
                analyzer.get_attractor_prob,
            )
            for state in states
        ],
        "sequences": [analyzer.get_transition_prob(states[0], states[1]), analyzer.get_sequence_probability(states)],
        "until": [
            analyzer.get_unique_attractors_count_until_time([0.1, 0.5]),
            analyzer.get_transition_density_until_time([0.1, 0.5]),
        ],
        "chain": [
            {name: getattr(analyzer.jump_statistics(), name) for name in CHAIN},
            vars(analyzer.shuffle_test(5)),
            vars(analyzer.survival()),
        ],
    }


CHAIN = (
    "states",
    "stationary",
    "coverage",
    "recurrent",
    "mixing_time",
    "relaxation_time",
    "entropy_rate",
    "entropy_rate_per_second",
)


def assert_same(one, other):
    """To the last bit, in values and types; NaN is NaN."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), list(other.values())
    if isinstance(one, pd.DataFrame):
        assert one.equals(other) and one.dtypes.equals(other.dtypes)
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    elif isinstance(one, list):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_same(*pair)
    else:
        assert one == other or (pd.isna(one) and pd.isna(other))


@pytest.mark.parametrize(
    ("settings", "asked_before"),
    [
        ({}, False),
        ({}, True),
        (SETTINGS, False),
        pytest.param(SETTINGS, True, marks=pytest.mark.slow),
        ({"method": "network_gain"}, False),
        pytest.param({"method": "network_gain"}, True, marks=pytest.mark.slow),
        ({"minimal_lifespan_ms": 9999}, False),
        ({"minimal_lifespan_ms": 9999}, True),
    ],
    ids=str,
)
def test_saving_and_loading_is_the_identity(settings, asked_before, spikes_folder, tmp_path):
    analyzer = opened(spikes_folder, **settings)
    if len(analyzer.occurrences()) < 5 and settings.get("minimal_lifespan_ms") != 9999:
        pytest.fail("the sessions show too little")
    if not asked_before:
        analyzer = opened(spikes_folder, **settings)
    files = analyzer.save_analysis(tmp_path / "deep" / "analysis")
    assert {file.name for file in files} == FILES and all(file.exists() for file in files)
    loaded = Analyzer.load_analysis(str(tmp_path / "deep" / "analysis"))
    if analyzer.get_num_states() > 1:
        assert_same(answers(loaded), answers(analyzer))
    assert_same(loaded.get_attractors_data(), analyzer.get_attractors_data())
    assert loaded.settings == analyzer.settings


def test_a_saved_analysis_says_what_was_used(saved):
    about = json.loads((saved / "analysis.json").read_text())
    assert about["settings"]["parameters"] == vars(TwoState())


def test_an_analysis_in_memory_is_saved_as_well(tmp_path):
    analyzer = Analyzer(drawn_sessions(2.0), CLUSTERS)
    analyzer.save_analysis(tmp_path)
    assert_same(answers(Analyzer.load_analysis(tmp_path)), answers(analyzer))


def test_numbers_of_numpy_as_arguments_are_saved(tmp_path):
    settings = {"method": "gain", "threshold_hz": np.float32(9), "minimal_lifespan_ms": np.int64(30)}
    analyzer = Analyzer(drawn_sessions(1.0), CLUSTERS, np.float64(STEP), np.int64(3), **settings)
    analyzer.save_analysis(tmp_path)
    assert Analyzer.load_analysis(tmp_path).settings == analyzer.settings


def test_saving_what_was_loaded_writes_the_same(kept, tmp_path):
    loaded = Analyzer.load_analysis(kept)
    loaded.save_analysis(tmp_path)
    same_but_date(kept, tmp_path)
    again = Analyzer.load_analysis(tmp_path)
    again.save_analysis(tmp_path)  # into the folder it was read from
    same_but_date(kept, tmp_path)
    assert_same(answers(Analyzer.load_analysis(tmp_path)), answers(loaded))


def test_the_same_analysis_has_the_same_bytes(kept, spikes_folder, tmp_path):
    opened(spikes_folder).save_analysis(tmp_path)
    same_but_date(kept, tmp_path)
    for name in FILES:
        if name.endswith(".npz"):
            with zipfile.ZipFile(kept / name) as archive:
                assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def same_but_date(one, other):
    descriptions = [json.loads((folder / "analysis.json").read_text()) for folder in (one, other)]
    for about in descriptions:
        assert about.pop("written") and about.pop("checksum")
    assert descriptions[0] == descriptions[1]
    for name in FILES - {"analysis.json"}:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_the_spikes_are_not_needed(tmp_path, spikes_folder):
    copy = shutil.copytree(spikes_folder, tmp_path / "spikes")
    analyzer = opened(copy)
    analyzer.save_analysis(tmp_path / "analysis")
    expected = answers(analyzer)
    shutil.rmtree(copy)
    loaded = Analyzer.load_analysis(tmp_path / "analysis")
    assert_same(answers(loaded), expected)
    assert not loaded.has_spikes
    for ask in (loaded.spikes, loaded.get_neuron_spike_rate, loaded.neuron_table, loaded.cluster_correlations):
        with pytest.raises(ValueError, match=r"a saved analysis holds no spikes; open them with Analyzer"):
            ask()


def test_hashes_are_those_of_the_files_of_spikes(kept, spikes_folder):
    about = json.loads((kept / "analysis.json").read_text())
    for session in about["sessions"]:
        content = (spikes_folder / f"{session['name']}.npy").read_bytes()
        assert session["sha256"] == hashlib.sha256(content).hexdigest()
    assert [session.sha256 for session in Analyzer.load_analysis(kept).sessions] == [
        session["sha256"] for session in about["sessions"]
    ]


def test_a_file_that_its_run_wrote_is_hashed_once(tmp_path, monkeypatch):
    Repeater(SMALL, 3, overrides=["settings.plot=false"]).execute(tmp_path / "run")
    expected = [sha256_of(file) for file in sorted((tmp_path / "run/data").glob("spikes*"))]
    hashed = []
    for place in ("neuro_mod.storage.files", "neuro_mod.core.spiking_net.analysis.saved.analysis"):
        monkeypatch.setattr(f"{place}.sha256_of", lambda *files: hashed.extend(files) or sha256_of(*files))
    analyzer = Analyzer(tmp_path / "run")
    analyzer.save_analysis(tmp_path / "analysis")
    assert sorted(file.name for file in hashed if file.suffix == ".npy" and "spikes" in file.name) == [
        f"spikes_000{index}.npy" for index in range(3)
    ]
    assert [session.sha256 for session in analyzer.sessions] == expected


def test_any_program_can_read_the_files(kept, spikes_folder):
    assert {file.name for file in kept.iterdir()} == FILES
    analyzer = opened(spikes_folder)

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    about = json.loads((kept / "analysis.json").read_text(), parse_constant=refuse)
    assert set(about["versions"]) >= {"python", "neuro_mod", "numpy", "pandas"}
    assert about["settings"]["method"] == "two_state" and len(about["sessions"]) == 3
    assert about["conventions"].keys() >= {"delta_t", "duration", "time_unit", "first_neuron"}
    for name in FILES:
        if name.endswith(".npz"):
            with np.load(kept / name, allow_pickle=False) as arrays:
                assert all(arrays[key].dtype != object for key in arrays)
    matrix = np.zeros((analyzer.get_num_states(),) * 2)
    for row in pd.read_csv(kept / "transition_probabilities.csv").itertuples():
        source, target = (analyzer.get_attractor_idx(parse_state(name)) for name in (row.from_state, row.to_state))
        assert row.count == analyzer.get_transition_counts()[source, target] > 0
        matrix[source, target] = row.probability
    np.testing.assert_allclose(matrix, analyzer.get_transition_matrix(never_left="zero"), rtol=1e-14)
    tables = {"occurrences": analyzer.occurrences(), "transitions": analyzer.transitions()}
    tables["activations"] = analyzer.activations()
    for name in ("cluster_table", "active_table", "quantities"):
        tables[name] = getattr(analyzer, name)().reset_index()
    states = analyzer.get_attractors_data().assign(time_reassigned=analyzer.reassigned)
    for name, expected in (tables | {"states": states}).items():
        table = pd.read_csv(kept / f"{name}.csv")
        for column in table:
            if "state" in column:
                assert [parse_state(state) for state in table[column]] == expected[column].tolist()
            elif column in ("quantity", "unit", "label"):
                assert table[column].fillna("").tolist() == expected[column].tolist()
            else:
                np.testing.assert_allclose(table[column], expected[column], rtol=1e-14)


DAMAGES = {
    "flipped": lambda content: (
        content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 1]) + content[len(content) // 2 + 1 :]
    ),
    "first byte": lambda content: bytes([content[0] ^ 0x80]) + content[1:],
    "truncated": lambda content: content[:-3],
    "empty": lambda content: b"",
    "garbage": lambda content: content + b"more",
    "zeros": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", sorted(FILES))
def test_a_damaged_file_is_refused_by_name(saved, name, damage):
    content = (saved / name).read_bytes()
    (saved / name).write_bytes(DAMAGES[damage](content))
    with pytest.raises(DataError, match=name):
        Analyzer.load_analysis(saved)


@pytest.mark.parametrize("name", sorted(FILES - {"analysis.json"}))
def test_a_missing_file_is_named(saved, name):
    (saved / name).unlink()
    with pytest.raises(DataError, match=f"{name} is missing"):
        Analyzer.load_analysis(saved)


@pytest.mark.parametrize("where", ["", "nowhere", "occurrences.csv"])
def test_where_there_is_no_analysis(saved, where):
    (saved / "analysis.json").unlink()
    with pytest.raises(DataError, match=r"no analysis\.json found; expected the folder of a saved analysis"):
        Analyzer.load_analysis(saved / where)


@pytest.mark.parametrize("change", [{"format": 99}, {"settings": {"method": "gain"}}, {"sessions": []}])
def test_a_changed_description_is_refused(saved, change):
    about = json.loads((saved / "analysis.json").read_text())
    (saved / "analysis.json").write_text(json.dumps(about | change))
    with pytest.raises(DataError, match=r"analysis\.json is damaged: its checksum"):
        Analyzer.load_analysis(saved)


def test_an_analysis_of_an_earlier_version_has_no_activations(saved, kept):
    """It loads; what needs activations says what to do, and the rest is as ever."""
    about = json.loads((saved / "analysis.json").read_text())
    for name in ("activations.csv", "cluster_table.csv", "active_table.csv", "quantities.csv"):
        (saved / name).unlink()
        del about["files"][name]
    del about["checksum"]
    checksum = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    (saved / "analysis.json").write_text(json.dumps(about | {"checksum": checksum}))
    earlier, now = Analyzer.load_analysis(saved), Analyzer.load_analysis(kept)
    for ask in (earlier.activations, earlier.intervals, earlier.occupancy, earlier.cluster_table):
        with pytest.raises(InputError, match=r"activations: none found in this analysis; .* analyse the spikes again"):
            ask()
    for name in ("state_table", "active_table", "get_state_rates", "get_attractors_data"):
        assert_same(getattr(earlier, name)(), getattr(now, name)())
    known = now.quantities().loc[earlier.quantities().index]
    assert_same(earlier.quantities(), known)
    assert "mean_lifespan_sec" in known.index and "occupancy" not in known.index
    described, drawn = describe_analysis(earlier), drawings_of_analysis(earlier)
    assert described["clusters"] is None and not {"occupancy", "activations"} & drawn.keys()
    print_analysis(described)
    earlier.save_analysis(saved)
    assert not (saved / "activations.csv").exists() and (saved / "quantities.csv").exists()
    assert_same(Analyzer.load_analysis(saved).quantities(), known)


def test_rates_damaged_after_loading_are_refused_by_name(saved):
    loaded = Analyzer.load_analysis(saved)
    content = bytearray((saved / "cluster_rates.npz").read_bytes())
    content[5000] ^= 1
    (saved / "cluster_rates.npz").write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"cluster_rates\.npz"):
        loaded.get_cluster_spike_rate(0)


def test_an_interruption_among_the_sessions_keeps_the_earlier_analysis(saved, spikes_folder):
    before = contents(saved)

    def interrupt(done, _):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        opened(spikes_folder, method="gain").save_analysis(saved, report=interrupt)
    assert contents(saved) == before


def test_a_damaged_session_keeps_the_earlier_analysis(saved, spikes_folder, tmp_path):
    before = contents(saved)
    shutil.copytree(spikes_folder, tmp_path / "spikes")
    (tmp_path / "spikes/spikes_1.npy").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"spikes_1\.npy"):
        opened(tmp_path / "spikes", method="gain").save_analysis(saved)
    assert contents(saved) == before


@pytest.mark.parametrize("last_written", range(len(FILES)))
def test_a_full_disk_keeps_the_earlier_analysis(saved, spikes_folder, last_written, monkeypatch):
    """Content of files reaches the disk so many times."""
    before = contents(saved)
    flushed = []

    def fsync(_):
        flushed.append(1)
        if len(flushed) > last_written:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(StorageError, match=r"cannot write .*/analysis/.*No space left"):
        opened(spikes_folder, method="gain").save_analysis(saved)
    assert contents(saved) == before  # and nothing partial


def test_two_at_once(saved, spikes_folder):
    """The second says so and leaves the first alone, whose files are then whole."""
    refused = []

    def second(done, _):
        with pytest.raises(StorageError, match=r"another process is writing to .*analysis"):
            opened(spikes_folder, method="gain").save_analysis(saved)
        refused.append(done)

    opened(spikes_folder, method="threshold").save_analysis(saved, report=second)
    assert refused == [1, 2, 3] and Analyzer.load_analysis(saved).settings.method == "threshold"
    assert {file.name for file in saved.iterdir()} == FILES


def test_what_a_killed_process_left_goes_with_the_next_analysis(saved, spikes_folder):
    for left in (".cluster_rates.npz.new", "..occurrences.csv.new.4711.partial", ".lock"):
        (saved / left).write_text("half")
    opened(spikes_folder, method="gain").save_analysis(saved)
    assert {file.name for file in saved.iterdir()} == FILES


def test_a_folder_that_cannot_be_made(spikes_folder, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write to the folder .*file/analysis"):
        opened(spikes_folder).save_analysis(tmp_path / "file" / "analysis")


@pytest.mark.parametrize("saving", [True, False])
def test_memory_does_not_grow_with_sessions(saving, tmp_path):
    """Of each session only visits stay, and a summary: less than the activity, the smallest of what is sampled."""
    spikes = np.asarray(drawn_sessions(50.0)[0])
    activity = 4 * len(spikes) // 5  # bytes: 4 clusters, bins of 5 steps
    peaks = []
    for n in (4, 14):
        folder = tmp_path / str(n)
        folder.mkdir()
        for index in range(n):
            np.save(folder / f"spikes_{index}.npy", np.roll(spikes, index, axis=0))
        tracemalloc.start()
        analyzer = Analyzer(folder, CLUSTERS, STEP, minimal_lifespan_ms=400)
        if saving:
            analyzer.save_analysis(folder / "analysis")
        analyzer.occurrences()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (peaks[1] - peaks[0]) / 10 < activity
