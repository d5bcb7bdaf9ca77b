"""What stands beside times and neurons: trials and sessions are apart, and columns that nobody knows are refused.

Trains are regular, so that rates are spikes by duration, and CV2 is 0 unless sessions are pooled.
"""

from __future__ import annotations

from dataclasses import replace

import h5py
import neo
import numpy as np
import pandas as pd
import pytest
from pynwb import NWBHDF5IO, NWBFile
from scipy.io import savemat

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.nwb import read_nwb
from tests.helpers.exchange import BEGIN, save_hdf5
from tests.helpers.recordings import DENSE, FULL, NEURONS, STEPS, TIMES, assert_same, read_all, refused

#: Rates in Hz of two neurons in three trials.
RATES = np.array([[10, 10], [20, 10], [40, 10]])
DURATION = 2.0


def rows():
    """Times in s, neurons and trials, one trial after the other, in the order of the times."""
    parts = []
    for trial, rates in enumerate(RATES):
        for neuron, rate in enumerate(rates.tolist()):
            times = (np.arange(DURATION * rate) + 0.3) / rate
            parts.append(np.stack([times, np.full(len(times), neuron), np.full(len(times), trial)]))
    table = np.concatenate(parts, axis=1)
    times, neurons, trials = table[:, np.lexsort((table[0], table[2]))]
    return times, neurons.astype(int), trials.astype(int)


def csv(file, times, neurons, **beside):
    frame(file, times, neurons, **beside).to_csv(file.with_suffix(".csv"), index=False)
    return file.with_suffix(".csv")


def frame(_, times, neurons, **beside):
    return pd.DataFrame({"time": times, "neuron": neurons} | beside)


def npz(file, times, neurons, **beside):
    np.savez(file.with_suffix(".npz"), times=times, neurons=neurons, **beside)
    return file.with_suffix(".npz")


def matlab(file, times, neurons, **beside):
    savemat(file.with_suffix(".mat"), {"times": times, "neurons": neurons} | beside)
    return file.with_suffix(".mat")


def matlab_pair(file, times, neurons, **beside):
    savemat(file.with_suffix(".mat"), {"spikes": np.stack([times, neurons])} | beside, oned_as="column")
    return file.with_suffix(".mat")


def hdf5(file, times, neurons, **beside):
    save_hdf5(file.with_suffix(".mat"), {"times": times, "neurons": neurons} | beside)
    return file.with_suffix(".mat")


def brian(_, times, neurons, **beside):
    return {"t": times, "i": neurons, "N": len(times), "count": np.bincount(neurons)} | beside


SOURCES = (csv, frame, npz, matlab, matlab_pair, hdf5, brian)
SOURCE = pytest.mark.parametrize("source", SOURCES)


def each_source_and(*names):
    """Every source with the first name, and a frame with the others."""
    pairs = [(source, names[0]) for source in SOURCES] + [(frame, name) for name in names[1:]]
    return pytest.mark.parametrize(("source", "name"), pairs)


def analyzer_of(data, **options):
    return Analyzer(data, [0, 1], dt=1e-3, duration=DURATION, **options)


@each_source_and("trial", "Trials", "session", "trial_id", "sessionNumber")
def test_trials_are_sessions(tmp_path, source, name):
    times, neurons, trials = rows()
    analyzer = analyzer_of(source(tmp_path / "spikes", times, neurons, **{name: trials + 1}))
    assert analyzer.n_sessions == 3
    kind = "trial" if name.lower().startswith("trial") else "session"
    assert [session.name.split(", ")[-1] for session in analyzer.sessions] == [f"{kind} {k}" for k in (1, 2, 3)]
    rates = analyzer.firing_rates()
    np.testing.assert_allclose(rates.per_session, RATES.T if rates.per_session.shape[0] == 2 else RATES)
    np.testing.assert_allclose(rates.overall, RATES.mean(axis=0))
    assert analyzer.neuron_table()["cv2"].to_numpy() == pytest.approx(0, abs=0.03)  # steps of 1 ms in 25 ms


@SOURCE
def test_trials_can_be_one_session(tmp_path, source):
    times, neurons, trials = rows()
    order = np.argsort(times, kind="stable")
    data = source(tmp_path / "spikes", times[order], neurons[order], trial=trials[order])
    whole = analyzer_of(data, trials=False)
    assert whole.n_sessions == 1 and whole.firing_rates().overall.tolist() == RATES.sum(axis=0).tolist()
    assert analyzer_of(data).n_sessions == 3  # whatever the order of the rows


@each_source_and("population", "segment", "amplitude", "unit_group")
def test_other_columns_that_vary_are_refused_by_name(tmp_path, source, name):
    times, neurons, trials = rows()
    first = trials == 0
    spikes, other = (times[first], neurons[first]), np.arange(np.count_nonzero(first)) % 2
    data = source(tmp_path / "spikes", *spikes, **{name: other})
    with pytest.raises(DataError, match=rf"{name} beside times and neurons found; .*--ignore-columns"):
        analyzer_of(data).spikes()
    assert analyzer_of(data, ignore_columns=True).firing_rates().overall.tolist() == [10, 10]
    for harmless in (np.full(len(other), 3), np.full(len(other), np.nan), np.arange(len(other)) + 5):
        data = source(tmp_path / "spikes", *spikes, **{name: harmless})
        assert analyzer_of(data).firing_rates().overall.tolist() == [10, 10]


@SOURCE
def test_what_is_the_same_within_each_session_is_known_by_it(tmp_path, source):
    times, neurons, trials = rows()
    data = source(tmp_path / "spikes", times, neurons, trial=trials, stimulus=trials % 2)
    assert analyzer_of(data).n_sessions == 3
    data = source(tmp_path / "spikes", times, neurons, trial=trials, depth=neurons)
    with pytest.raises(DataError, match="depth beside times"):
        analyzer_of(data).spikes()
    both = source(tmp_path / "spikes", times, neurons, session=trials // 2, trial=trials % 2)
    names = [session.name.split(", ", 1)[1] for session in analyzer_of(both).sessions]
    assert names == ["session 0, trial 0", "session 0, trial 1", "session 1, trial 0"]


@SOURCE
def test_times_that_go_on_are_not_those_of_trials(tmp_path, source):
    times, neurons, trials = rows()
    data = source(tmp_path / "spikes", times + DURATION * trials, neurons, trial=trials)
    with pytest.raises(DataError, match=r"times that go on from trial 0 to trial 1 found; .*--no-trials"):
        Analyzer(data, [0, 1])
    whole = Analyzer(data, [0, 1], dt=1e-3, duration=3 * DURATION, trials=False)
    np.testing.assert_allclose(whole.firing_rates().overall, RATES.mean(axis=0))


def test_trials_without_spikes_are_named(tmp_path, caplog):
    times, neurons, trials = rows()
    assert analyzer_of(csv(tmp_path / "spikes", times, neurons, trial=trials * 2 % 5)).n_sessions == 3
    assert "trial: 1, 3 without spikes, and so no sessions" in caplog.text


@pytest.mark.parametrize("names", [["a", "b2", "b10"], ["7-2", "7-11", "a"]])
def test_names_of_trials_are_text_too(tmp_path, names):
    times, neurons, trials = rows()
    for source in (csv, frame, npz):
        data = source(tmp_path / "spikes", times, neurons, trial=np.array(names)[trials])
        assert [each.name.split(", ")[-1] for each in analyzer_of(data).sessions] == [f"trial {name}" for name in names]


def test_spikes_of_no_trial_are_refused(tmp_path):
    times, neurons, trials = rows()
    unknown = np.where(np.arange(len(trials)) == 7, np.nan, trials)
    for source in (csv, frame, npz):
        with pytest.raises(DataError, match=r"trial: .* found; expected a session for each spike"):
            analyzer_of(source(tmp_path / "spikes", times, neurons, trial=unknown))


def test_errors_name_the_trial(tmp_path):
    times, neurons, trials = rows()
    times[-1] = 0.0
    file = csv(tmp_path / "spikes", times, neurons, trial=trials)
    with pytest.raises(DataError, match=r"spikes\.csv, trial 2: times: a decrease"):
        analyzer_of(file).spikes(2)


def test_levels_of_the_index_of_a_frame_are_columns():
    times, neurons, trials = rows()
    table = pd.DataFrame({"time": times, "neuron": neurons, "trial": trials})
    assert analyzer_of(table.set_index("trial")).n_sessions == 3
    assert analyzer_of(table[table.trial == 0].set_index(["trial", "neuron"])).n_sessions == 1


def test_arrays_of_objects_are_refused_by_name(tmp_path):
    for name, pattern in (("trial", "trial: Python objects found"), ("unit_group", "unit_group beside times")):
        file = npz(tmp_path / "spikes", TIMES, NEURONS, **{name: np.array(list("abcde"), dtype=object)})
        refused(file, pattern, FULL)


def test_the_formats_with_populations(tmp_path):
    """Neurons are numbered anew in each population of SONATA."""
    table = pd.DataFrame({"timestamps": STEPS, "population": list("aabab"), "node_ids": NEURONS})
    table.to_csv(tmp_path / "spikes.csv", index=False)
    for data in (table, tmp_path / "spikes.csv"):
        refused(data, "population beside times and neurons found", FULL)
    with h5py.File(tmp_path / "spikes.h5", "w") as content:
        content["spikes/V1/timestamps"], content["spikes/V1/node_ids"] = np.array(STEPS, float), NEURONS
        content["spikes/V1/trial"] = [0, 0, 1, 0, 1]
    refused(tmp_path / "spikes.h5", "trial beside times and neurons found", FULL)
    assert_same(read_all(tmp_path / "spikes.h5", Conventions(1e-3, 50e-3, 4, ignore_columns=True))[0].spikes)


def test_trials_beside_a_dense_array_and_other_results(tmp_path):
    steps = np.arange(50) // 25
    np.savez(tmp_path / "spikes.npz", spikes=DENSE, trial=steps, trials=[1, 2])
    results = [{"spikes": DENSE, "trial": steps}, {"spikes": (TIMES, NEURONS), "session": [0, 0, 1, 0, 1]}]
    for data in (tmp_path / "spikes.npz", *results):
        refused(data, "(trial|session) beside times and neurons found", FULL)
        assert_same(read_all(data, replace(FULL, ignore_columns=True))[0].spikes)
    assert_same(read_all({"spikes": DENSE, "trial": np.ones(50)})[0].spikes)


def test_units_of_neo_and_of_nwb(tmp_path):
    train = neo.SpikeTrain([0.1, 0.2], units="s", t_stop=1, array_annotations={"trial": [0, 1]})
    refused([train], "trial beside times and neurons found")
    trains = [neo.SpikeTrain([0.1], units="s", t_stop=1, trial=trial, channel=trial) for trial in (0, 1)]
    refused(trains, "trial beside times and neurons found")
    content = NWBFile("theirs", "y", BEGIN)
    content.add_unit_column("trial", "of each spike", index=True)
    content.add_unit_column("spike_amplitudes", "of each spike", index=True)
    for _ in range(2):
        content.add_unit(spike_times=[0.1, 0.2], trial=[0, 1], spike_amplitudes=[1.5, 2.5])
    with NWBHDF5IO(tmp_path / "spikes.nwb", "w") as stream:
        stream.write(content)
    refused(tmp_path / "spikes.nwb", r": trial beside times and neurons found")
    assert len(read_nwb(tmp_path / "spikes.nwb", Conventions(1e-3, ignore_columns=True)).spikes) == 4


def test_the_command(tmp_path, neuro_mod):
    times, neurons, trials = rows()
    file = csv(tmp_path / "spikes", times, neurons, trial=trials, amplitude=np.sin(np.arange(len(times))))
    options = ("--cluster-sizes", "1,1", "--duration", DURATION, "--no-plot", "--json")
    done = neuro_mod("analyze", file, *options)
    assert done.returncode == 2 and "amplitude" in done.stderr and "--ignore-columns" in done.stderr
    done = neuro_mod("analyze", file, *options, "--ignore-columns")
    assert done.returncode == 0 and '"n_sessions": 3' in done.stdout
