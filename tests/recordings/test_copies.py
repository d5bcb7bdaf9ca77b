"""Spikes that are there twice: the same spike within a session, and the same session again.

Trains are regular: their CV2 is 0, and 2 if every spike is doubled, as intervals then alternate with 0.
"""

from __future__ import annotations

import shutil

import neo
import numpy as np
import pandas as pd
import pytest
from pynwb import NWBHDF5IO, NWBFile
from scipy.io import savemat

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.errors import DataError
from tests.helpers.exchange import BEGIN
from tests.helpers.platforms import POSIX_ONLY
from tests.helpers.recordings import run_folder
from tests.recordings.test_nest import NAMES, VERSIONS
from tests.recordings.test_tools import save_sonata, save_tsgroup

#: Spikes of each of two neurons, in 2 s.
N, DURATION = 20, 2.0


def trains(n_twice):
    """Regular trains, in which the last spikes are doubled; in ms, so that every source holds the same numbers."""
    trains = [np.round((np.arange(N) + shift) * 1e3 * DURATION / N, 1) for shift in (0.3, 0.6)]
    return [np.sort(np.concatenate([train, train[N - n_twice :]])) for train in trains]


def pair_of(of_neurons):
    times = np.concatenate(of_neurons)
    neurons = np.repeat(np.arange(len(of_neurons)), list(map(len, of_neurons)))
    order = np.argsort(times, kind="stable")
    return times[order], neurons[order]


def table(file, of_neurons):
    times, neurons = pair_of(of_neurons)
    file = file.with_suffix(".csv")
    pd.DataFrame({"time_ms": times, "neuron": neurons}).to_csv(file, index=False)
    return file


def archive(file, of_neurons):
    times, neurons = pair_of(of_neurons)
    np.savez(file.with_suffix(".npz"), times=times / 1e3, neurons=neurons)
    return file.with_suffix(".npz")


def matlab(file, of_neurons):
    times, neurons = pair_of(of_neurons)
    savemat(file.with_suffix(".mat"), {"times": times / 1e3, "neurons": neurons})
    return file.with_suffix(".mat")


def nest(file, of_neurons):
    lines = (f"{neuron}\t{time:.1f}\n" for time, neuron in zip(*pair_of(of_neurons), strict=True))
    file.with_suffix(".dat").write_text(VERSIONS + NAMES + "".join(lines))
    return file.with_suffix(".dat")


def sonata(file, of_neurons):
    save_sonata(file.with_suffix(".h5"), {"V1": pair_of(of_neurons)})
    return file.with_suffix(".h5")


def pynapple(file, of_neurons):
    times, neurons = pair_of(of_neurons)
    span = {"start": np.array([0.0]), "end": np.array([DURATION])}
    save_tsgroup(file.with_suffix(".npz"), t=times / 1e3, index=neurons, keys=np.arange(2), **span)
    return file.with_suffix(".npz")


def nwb(file, of_neurons):
    content = NWBFile("theirs", "y", BEGIN)
    for train in of_neurons:
        content.add_unit(spike_times=train / 1e3)
    with NWBHDF5IO(file.with_suffix(".nwb"), "w") as stream:
        stream.write(content)
    return file.with_suffix(".nwb")


def neo_trains(_, of_neurons):
    return [neo.SpikeTrain(train, units="ms", t_stop=1e3 * DURATION) for train in of_neurons]


def pair(_, of_neurons):
    times, neurons = pair_of(of_neurons)
    return times / 1e3, neurons


def listed(_, of_neurons):
    return [train / 1e3 for train in of_neurons]


FILES = (table, archive, matlab, nest, sonata, pynapple, nwb)
SOURCES = (*FILES, neo_trains, pair, listed)


def analyzer_of(data, **options):
    return Analyzer(data, [0, 1], dt=1e-3, duration=DURATION, **options)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(("n_twice", "said"), [(0, None), (1, "2 pairs"), (N, "40 pairs")])
def test_the_same_spike_twice_is_counted_and_can_be_dropped(tmp_path, caplog, source, n_twice, said):
    data = source(tmp_path / "spikes", trains(n_twice))
    analyzer = analyzer_of(data)
    rates, cv2 = analyzer.firing_rates().overall, analyzer.neuron_table(min_intervals=2)["cv2"].to_numpy()
    assert rates.tolist() == [(N + n_twice) / DURATION] * 2
    messages = [record.getMessage() for record in caplog.records]
    if said is None:
        assert not messages
    else:
        (message,) = messages
        assert f"{said} of spikes of the same neuron at the same time found; " in message
        assert "--drop-duplicates" in message and message.startswith(analyzer._source.sessions[0].where)
    if n_twice == N:
        assert cv2 == pytest.approx(2)
    caplog.clear()
    dropped = analyzer_of(data, drop_duplicates=True)
    assert dropped.firing_rates().overall.tolist() == [N / DURATION] * 2
    assert dropped.neuron_table(min_intervals=2)["cv2"].to_numpy() == pytest.approx(0, abs=1e-6)
    assert not caplog.records


def test_spikes_that_are_close_are_not_the_same(caplog):
    """0.2 ms apart, in the same step."""
    close = [np.sort(np.concatenate([train, train + 0.2])) for train in trains(0)]
    for options in ({}, {"drop_duplicates": True}):
        caplog.clear()
        assert analyzer_of(pair(None, close), **options).firing_rates().overall.tolist() == [N, N]
        (message,) = caplog.messages
        assert "40 of 80 spikes in the same time step as another of the same neuron found; is the time step" in message


def test_steps_are_times_where_nothing_else_is_known(caplog):
    spikes = analyzer_of(pair(None, trains(1))).spikes()
    caplog.clear()
    assert len(analyzer_of(spikes).spikes()) == 42 and "2 pairs of spikes" in caplog.text
    assert len(analyzer_of(spikes, drop_duplicates=True).spikes()) == 40


@pytest.mark.parametrize(
    ("source", "kind"),
    [*((each, "copy") for each in FILES), pytest.param(table, "link", marks=POSIX_ONLY), (nwb, "itself")],
)
def test_a_copied_file_is_no_second_session(tmp_path, source, kind):
    first = source(tmp_path / "spikes_a", trains(0))
    second = first if kind == "itself" else first.with_stem("spikes_b")
    if kind == "copy":
        shutil.copy(first, second)
    elif kind == "link":
        second.symlink_to(first.name)
    data = [[first, second]] if kind == "itself" else [[first, second], tmp_path, tmp_path / "spikes_*"]
    for each in data:
        with pytest.raises(DataError, match="leave one out") as caught:
            analyzer_of(each)
        assert str(first) in str(caught.value) and str(second) in str(caught.value)


def test_a_run_by_another_path_is_given_twice(tmp_path):
    run = run_folder(tmp_path / "a")
    with pytest.raises(DataError, match="given twice"):
        Analyzer([run, run / ".." / run.name])


def test_copies_in_other_folders_and_silent_sessions(tmp_path):
    runs = [run_folder(tmp_path / name) for name in "ab"]
    with pytest.raises(DataError, match=r"the same content as .*a/data/spikes\.npz found"):
        Analyzer(runs)
    with pytest.raises(DataError, match="given twice"):
        Analyzer([runs[0], runs[0] / "data"])
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("time,id\n")
    assert analyzer_of([tmp_path / "a.csv", tmp_path / "b.csv"]).n_sessions == 2


def test_files_of_the_same_size_are_sessions(tmp_path):
    spikes = np.zeros((20_000, 2), bool)
    for name, step in (("a", 5), ("b", 6000), ("c", 7000)):  # beyond the bytes that are compared first
        spikes[:] = False
        spikes[step, 0] = True
        np.save(tmp_path / f"spikes_{name}.npy", spikes)
    assert Analyzer(tmp_path, [0, 1], dt=1e-3).n_sessions == 3


@pytest.mark.parametrize("source", SOURCES)
def test_the_same_spikes_from_elsewhere_are_a_warning(tmp_path, caplog, source):
    """As in another format; in memory, one array twice."""
    first, other = source(tmp_path / "spikes", trains(0)), pair(None, trains(0))
    few = ([0.5, 1.0], [0, 1])  # may well be in two sessions
    analyzer = analyzer_of([first, other, few, few])
    analyzer.firing_rates()
    (message,) = caplog.messages
    assert message.startswith("session 1: the same spikes as in ") and message.endswith("; leave one out")


def test_the_command(tmp_path, neuro_mod, caplog):
    file = table(tmp_path / "spikes", trains(1))
    options = ("--cluster-sizes", "1,1", "--duration", DURATION, "--dt", 1e-3, "--no-plot", "--json")
    assert neuro_mod("analyze", file, *options).returncode == 0
    said = f"{file}: 2 pairs of spikes of the same neuron at the same time found"
    assert [message.startswith(said) for message in caplog.messages].count(True) == 1
    caplog.clear()
    assert neuro_mod("analyze", file, *options, "--drop-duplicates").returncode == 0 and "pairs" not in caplog.text
    shutil.copy(file, tmp_path / "copy.csv")
    done = neuro_mod("analyze", tmp_path / "*.csv", *options)
    assert done.returncode == 2 and "the same content as" in done.stderr
