"""Files of NEST: those of the threads of one recorder are one session; expected spikes are written down."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.sessions import open_sessions
from tests.helpers.recordings import EVENTS, NEURONS, STEPS, assert_same, read_all, refused

#: What NEST 3 writes before the names of the columns.
VERSIONS = "# NEST version: 3.8.0\n# RecordingBackendASCII version: 2\n"
NAMES = "sender\ttime_ms\n"
CONVENTIONS = Conventions(1e-3, 50e-3, 4, first_neuron=1)
#: Neurons that are counted from 1, and times in ms; NEST distributes neurons over threads in turn.
SPIKES = [(neuron + 1, step) for step, neuron in zip(STEPS, NEURONS, strict=True)]
THREADS = [[(neuron, time) for neuron, time in SPIKES if neuron % 2 == thread] for thread in (0, 1)]


def write(file, spikes, header=VERSIONS + NAMES):
    file.write_text(header + "".join(f"{neuron}\t{time}.000\n" for neuron, time in spikes))
    return file


def write_threads(folder, name="spikes-61", ending=".dat", header=VERSIONS + NAMES):
    return [write(folder / f"{name}-{thread}{ending}", spikes, header) for thread, spikes in enumerate(THREADS)]


@pytest.mark.parametrize(
    ("name", "ending", "header"),
    [
        ("spikes-61", ".dat", VERSIONS + NAMES),
        ("spikes-61", ".txt", VERSIONS + "# " + NAMES),
        ("spikes_t", ".dat", VERSIONS + NAMES),
        ("spikes-61", ".gdf", ""),
        ("spike_detector-61", ".gdf", ""),
        ("spike_recorder-0061", ".dat", VERSIONS + NAMES),
    ],
)
def test_the_threads_of_a_run_are_one_session(tmp_path, caplog, name, ending, header):
    files = write_threads(tmp_path, name, ending, header)
    for data in (tmp_path, files, list(map(str, reversed(files)))):
        (session,) = open_sessions(data).sessions
        assert_same(session.read(CONVENTIONS).spikes)
        assert session.name == name and {Path(file) for file in session.files} == set(files)
    assert not caplog.records


def test_rates_and_hashes_are_those_of_all_threads(tmp_path):
    files = write_threads(tmp_path)
    analyzer = Analyzer(tmp_path, [0, 0, 1, 1], dt=1e-3, duration=50e-3, first_neuron=1)
    assert analyzer.firing_rates().overall.tolist() == pytest.approx([20, 20, 60, 0])  # 1, 1, 3 and 0 spikes in 50 ms
    analyzer.save_analysis(tmp_path / "analysis")
    (session,) = analyzer.sessions
    assert session.sha256 == hashlib.sha256(b"".join(map(Path.read_bytes, files))).hexdigest()


def test_runs_have_their_own_labels_or_folders(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_threads(tmp_path / name)
    assert len(open_sessions([tmp_path / "a", tmp_path / "b"]).sessions) == 2
    for name in ("spikes_early-61", "spikes_late-61"):
        write_threads(tmp_path, name)
    assert [session.name for session in open_sessions(tmp_path).sessions] == ["spikes_early-61", "spikes_late-61"]


def test_a_neuron_in_two_files_is_in_two_runs(tmp_path):
    for run in (0, 1):
        write(tmp_path / f"spikes_{run}.dat", SPIKES)
    pattern = r"spikes_1\.dat: neuron 1 found, as in .*spikes_0\.dat; .* a folder of its own"
    with pytest.raises(DataError, match=pattern):
        read_all(tmp_path, CONVENTIONS)


def test_tables_of_others_with_numbers_are_sessions(tmp_path):
    for run in (0, 1):
        write(tmp_path / f"spikes-1-{run}.dat", SPIKES, "# trial\n" + NAMES)
    assert len(open_sessions(tmp_path).sessions) == 2


def test_order_within_the_shortest_delay_is_restored(tmp_path):
    file = write(tmp_path / "spikes.dat", sorted(SPIKES))
    assert_same(read_all(file, CONVENTIONS)[0].spikes)
    write(file, [(1, 5), (2, 500), (1, 5)])
    refused(file, "a decrease at spike 2 found; expected sorted spike times", Conventions(1e-3, first_neuron=1))


def test_joined_files_are_read_like_the_files(tmp_path):
    file = tmp_path / "spikes.txt"
    file.write_text("".join(map(Path.read_text, write_threads(tmp_path))))
    assert_same(read_all(file, CONVENTIONS)[0].spikes)


def test_silent_threads(tmp_path):
    write(tmp_path / "spikes-61-0.dat", SPIKES)
    write(tmp_path / "spikes-61-1.dat", [])
    assert_same(read_all(tmp_path, CONVENTIONS)[0].spikes)


def test_threads_that_are_missing_are_named(tmp_path, caplog):
    files = write_threads(tmp_path)
    open_sessions(files[0])
    assert "missing are the spikes in spikes-61-1.dat" in caplog.text
    caplog.clear()
    files[0].unlink()
    open_sessions(tmp_path)
    assert "spikes-61-*.dat: not all files of the threads of NEST found" in caplog.text and "[0]" in caplog.text


def test_several_recorders_are_named(tmp_path, caplog):
    for node in (61, 62):
        write_threads(tmp_path, f"spikes-{node}")
    assert len(open_sessions(tmp_path).sessions) == 2
    assert "recorders 61, 62 of NEST found, each a session" in caplog.text


@pytest.mark.parametrize(
    ("header", "pattern"),
    [
        (VERSIONS + "sender\ttime_ms\tV_m\n", "columns sender, time_ms, V_m found; expected sender, time_ms"),
        (VERSIONS + "sender\ttime_step\ttime_offset\n", "columns sender, time_step, time_offset found"),
        (VERSIONS, "columns 3, 0.000 found"),
        ("# NEST version: 3\n", "columns 1, 3.000 found"),
        (VERSIONS + NAMES + "1\t2.0\t3\n", "damaged or not what it should be"),
        (VERSIONS + NAMES + "1\n", "damaged or not what it should be"),
        (VERSIONS + NAMES + "1\tsoon\n", "could not convert"),
        (VERSIONS + NAMES + "1.5\t0.0\n", "expected whole numbers"),
    ],
)
def test_what_is_wrong_in_files_of_nest_is_said(tmp_path, header, pattern):
    refused(write(tmp_path / "spikes-61-0.dat", SPIKES, header), pattern, CONVENTIONS)


@pytest.mark.parametrize(
    ("ending", "header", "other"),
    [(".dat", VERSIONS + NAMES, VERSIONS + "sender\ttime_ms\tV_m\n"), (".gdf", "", "1\t2.0\t-65.0\n")],
)
def test_multimeters_beside_spikes_are_left_out(tmp_path, ending, header, other):
    write_threads(tmp_path, "spike_recorder-61", ending, header)
    write(tmp_path / f"multimeter-62-0{ending}", [], other)
    assert_same(read_all(tmp_path, CONVENTIONS)[0].spikes)
    assert EVENTS.n_neurons == 4
