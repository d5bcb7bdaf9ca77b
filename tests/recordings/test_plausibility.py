"""Warnings of spikes that can be read but hardly be meant: the same spikes, once as they are and once misread."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.errors import DataError, InputError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.opening import open_source
from tests.helpers.recordings import run_folder

N_NEURONS, RATE, DURATION = 40, 5.0, 10.0
LABELS = np.arange(N_NEURONS) // 10


def spikes():
    """Times in s and neurons of Poisson trains."""
    rng = np.random.default_rng(5)
    n = rng.poisson(N_NEURONS * RATE * DURATION)
    return np.sort(rng.uniform(0, DURATION, n)), rng.integers(0, N_NEURONS, n)


def warnings_of(caplog, data, **conventions):
    caplog.clear()
    source = open_source(data, LABELS, None, "all", Conventions(**{"delta_t": 1e-3} | conventions))
    for _ in range(2):  # of which the second says nothing
        found = source.read(0)
    return found, [record.getMessage() for record in caplog.records]


def test_plausible_spikes_pass_without_a_word(caplog):
    times, neurons = spikes()
    for data, conventions in (
        ((times, neurons), {}),
        ((times * 1e3, neurons), {"time_unit": "ms"}),
        ((times, neurons), {"duration": 2 * DURATION}),
    ):
        assert not warnings_of(caplog, data, **conventions)[1]


def test_the_likely_cause_is_named(caplog):
    times, neurons = spikes()
    few = np.unique(neurons, return_index=True)[1]  # sorted by neuron
    for data, conventions, odd, cause in (
        ((times * 1e3, neurons), {}, "0.005", "are times in ms, not in s? Then give --milliseconds"),
        ((times, neurons), {"time_unit": "ms"}, "e+03 Hz", "are times in s, not in ms?"),
        ((times + 5000, neurons), {}, "the first spike at 5000", "--start 5000 (start=5000)"),
        ((neurons[few], np.floor(times[few])), {}, "0.0256 Hz", "Or are the columns of times and neurons swapped?"),
        (([], []), {"duration": DURATION}, "no spikes found", ""),
        ((times[:3], neurons[:3]), {"duration": 1e5}, "7.5e-07 Hz", "--milliseconds"),
    ):
        (message,) = warnings_of(caplog, data, **conventions)[1]
        assert odd in message and cause in message and message.startswith("session 0: ") and "\n" not in message


def test_rates_at_the_bounds(caplog):
    def regular(n):
        return (np.linspace(0, 10, n, endpoint=False), np.zeros(n, int)), {"duration": 10.0}

    for n, expected in ((19, 1), (20, 0)):  # of 40 neurons in 10 s: 0.0475 and 0.05 Hz
        data, conventions = regular(n)
        assert len(warnings_of(caplog, data, **conventions)[1]) == expected


def test_spikes_of_our_runs_are_as_they_are(tmp_path, caplog):
    run = run_folder(tmp_path)  # 5 spikes of 4 neurons in 50 ms
    np.savez(run / "data/spikes.npz", steps=[40], neurons=[0], n_steps=50, n_neurons=4, delta_t=1e-3)
    assert len(open_source(run, None, None, "all", Conventions()).read(0)) == 1
    assert not caplog.records


@pytest.mark.parametrize("duration", [None, DURATION])
def test_a_session_that_begins_late(caplog, duration):
    times, neurons = spikes()
    (expected, _), (late, said) = (
        warnings_of(caplog, (times + begin, neurons), start=begin, duration=duration) for begin in (0.0, 5000.0)
    )
    assert not said and late.duration == pytest.approx(expected.duration)
    assert np.abs(late.times - times).max() < 2e-3 and late.neurons.tolist() == expected.neurons.tolist()


def test_spikes_before_the_start_are_left_out():
    analyzer = Analyzer(([0.1, 0.5, 0.9], [0, 1, 0]), [0, 1], dt=1e-3, start=0.5, duration=0.5)
    assert analyzer.spikes().times.tolist() == pytest.approx([0.0, 0.4])
    assert analyzer.firing_rates().overall.tolist() == pytest.approx([2.0, 2.0])  # a spike each in 0.5 s


def test_starts_that_make_no_sense():
    data = ([0.1, 0.5], [0, 1])
    for start in (-1.0, np.nan, np.inf, "1"):
        with pytest.raises(InputError, match=r"start: .* found; expected seconds from 0"):
            Analyzer(data, [0, 1], start=start)
    with pytest.raises(DataError, match=r"session 0: a session of 0\.5005 s found; expected more than 1 s, its start"):
        Analyzer(data, [0, 1], start=1.0).spikes()


def test_the_command_warns_and_starts_late(tmp_path, neuro_mod, caplog):
    times, neurons = spikes()
    np.savetxt(tmp_path / "spikes.csv", np.column_stack([times + 100, neurons]), delimiter=",", header="time,id")
    np.save(tmp_path / "labels.npy", LABELS)
    options = ("--clusters", tmp_path / "labels.npy", "--no-plot", "--json")
    assert neuro_mod("analyze", tmp_path / "spikes.csv", *options).returncode == 0
    (late,) = caplog.messages
    assert late.endswith("give --start 100 (start=100)")
    done = neuro_mod("analyze", tmp_path / "spikes.csv", "--start", 100, *options)
    assert (done.returncode, len(caplog.messages)) == (0, 1) and '"duration_sec": 9.99' in done.stdout
