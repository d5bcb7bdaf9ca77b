"""Epochs around events: where they are cut, what they hold, and rates around events by slow, obvious loops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuro_mod import Analyzer, DataError, InputError
from neuro_mod.recordings.saved import spike_arrays
from tests.helpers.recordings import run_folder
from tests.helpers.trains import STEP, bernoulli, uneven

CLUSTERS = [0, 0, 1, 1]


def recording(n_sessions=3, n_steps=1000, chance=0.05):
    return [bernoulli(seed, n_steps, 4, chance) for seed in range(n_sessions)]


def analyzer_of(sessions):
    return Analyzer(sessions, clusters=CLUSTERS)


def slow_counts(sessions, events, before, after, width, step):
    """Counts ``(n_epochs, n_windows, n_neurons)`` from dense arrays, one window at a time."""
    epochs = []
    for session, time in events:
        dense, begin = np.asarray(sessions[session]), round((time - before) / STEP)
        starts = range(begin, begin + round((before + after) / STEP) - width + 1, step)
        epochs.append([dense[start : start + width].sum(axis=0) for start in starts])
    return np.array(epochs)


def test_counts_as_one_window_at_a_time():
    sessions = recording()
    events = [(0, 0.3), (0, 0.7), (2, 0.5)]
    epochs = analyzer_of(sessions).epochs([[0.7, 0.3], [], [0.5]], before=0.2, after=0.25)
    times, counts = epochs.counts("neurons", bin_ms=30)
    np.testing.assert_array_equal(counts, slow_counts(sessions, events, 0.2, 0.25, 30, 30))
    np.testing.assert_allclose(times, -0.2 + 0.03 * (np.arange(15) + 0.5))
    np.testing.assert_array_equal(epochs.events["time"], [0.3, 0.7, 0.5])  # in the order of time
    np.testing.assert_array_equal(epochs.events["session"], [0, 0, 2])
    assert len(epochs) == 3 and epochs.conditions == ()


def test_rates_around_events():
    sessions, events = recording(), [(k, 0.4) for k in range(3)]
    epochs = analyzer_of(sessions).epochs(0.4, before=0.1, after=0.2)
    counts = slow_counts(sessions, events, 0.1, 0.2, 10, 10)
    table = epochs.psth("neurons")
    rates = counts / 0.01
    np.testing.assert_allclose(table["rate_hz"], rates.mean(axis=0).ravel())
    np.testing.assert_allclose(table["standard_error"], rates.std(axis=0, ddof=1).ravel() / np.sqrt(3), atol=1e-12)
    np.testing.assert_array_equal(table["unit"][:4], range(4))
    clusters = rates.reshape(3, 30, 2, 2).mean(axis=3)
    table = epochs.psth()
    np.testing.assert_allclose(table["rate_hz"], clusters.mean(axis=0).ravel())
    np.testing.assert_allclose(table["standard_error"], clusters.std(axis=0, ddof=1).ravel() / np.sqrt(3), atol=1e-12)
    np.testing.assert_allclose(table["time"][::2], np.arange(-0.095, 0.2, 0.01))


def test_a_single_epoch_has_no_standard_error():
    table = analyzer_of(recording(1)).epochs([0.5], 0.1, 0.1).psth()
    assert table["standard_error"].isna().all() and table["rate_hz"].notna().all()


def test_some_neurons():
    sessions = recording()
    epochs = analyzer_of(sessions).epochs([0.5], 0.1, 0.1)
    chosen = epochs.psth("neurons", neurons=[3, 1])
    everything = epochs.psth("neurons").set_index(["time", "unit"])["rate_hz"]
    found = chosen.set_index(["time", "unit"])["rate_hz"]
    pd.testing.assert_series_equal(found, everything.loc[found.index])
    with pytest.raises(InputError, match=r"neurons: \[4\] found; expected distinct indices from 0 to 3"):
        epochs.fano(neurons=[4])
    with pytest.raises(InputError, match=r"units: .clusters. found"):
        epochs.psth("clusters", neurons=[1])


def test_events_in_every_form_are_the_same(tmp_path):
    sessions = recording(2)
    analyzer = analyzer_of(sessions)
    frame = pd.DataFrame({"session": [0, 0, 1, 1], "time": [0.3, 0.6, 0.3, 0.6], "tone": list("abab")})
    frame["condition"] = frame["tone"]
    frame.to_csv(tmp_path / "events.csv", index=False)
    frame.assign(session=[f"session {k}" for k in frame["session"]]).to_csv(tmp_path / "named.csv", index=False)
    expected = analyzer.epochs([0.3, 0.6], 0.1, 0.1).psth("neurons")
    for events in (
        *([[0.3, 0.6], [0.3, 0.6]], (0.6, 0.3), np.array([0.3, 0.6])),
        *(frame, tmp_path / "events.csv", str(tmp_path / "named.csv")),
    ):
        pd.testing.assert_frame_equal(analyzer.epochs(events, 0.1, 0.1).psth("neurons"), expected)
    assert analyzer.epochs(tmp_path / "events.csv", 0.1, 0.1).conditions == ("a", "b")


def test_conditions_of_sessions_and_of_events():
    analyzer = analyzer_of(recording(3))
    of_sessions = analyzer.epochs([0.3, 0.6], 0.1, 0.1, conditions=["low", "high", "low"])
    assert of_sessions.events["condition"].tolist() == ["low", "low", "high", "high", "low", "low"]
    assert of_sessions.conditions == ("low", "high")
    of_events = analyzer.epochs([[0.6, 0.3], [], [0.5]], 0.1, 0.1, conditions=[[1.5, 2], [], [2]])
    assert of_events.events["condition"].tolist() == [2, 1.5, 2]  # sorted together with the times
    single = analyzer_of(recording(1)).epochs([0.3, 0.6], 0.1, 0.1, conditions=np.array([7, 8]))
    assert single.events["condition"].tolist() == [7, 8]
    chosen = of_sessions.select("high")
    assert len(chosen) == 2 and chosen.n_sessions == 1 and len(of_sessions.select(["low", "high"])) == 6
    alone = analyzer_of(recording(3)[1:2]).epochs([0.3, 0.6], 0.1, 0.1)
    pd.testing.assert_frame_equal(chosen.psth("neurons"), alone.psth("neurons"))
    with pytest.raises(InputError, match='condition: "middle" found; expected one of low, high'):
        of_sessions.select("middle")


@pytest.mark.parametrize(
    ("events", "options", "message"),
    [
        ([0.05], {}, r"session 0: event 0 of session 0 at 0.05 s: an epoch from -0.05 s to 0.15 s found; expected"),
        ([[0.5], [0.5, 0.95]], {}, r"session 1: event 1 of session 1 at 0.95 s: an epoch from 0.85 s to 1.05 s"),
        ([[], []], {}, "events: no event found; expected stimulus, times in seconds"),
        ([], {}, "events: no event found"),
        ([[0.5]], {}, "events: 1 lists found; expected one for each of 2 sessions"),
        ([0.5, float("nan")], {}, "events: .* found; expected finite times"),
        (["0.5 s"], {}, "events: .*found; expected stimulus, times"),
        ([0.5], {"before": -0.1}, "before: -0.1 found; expected a finite number of seconds of at least 0"),
        ([0.5], {"before": 0, "after": 0}, "expected epochs longer than 0 s"),
        ([0.5], {"on_edge": "pad"}, 'on_edge: "pad" found; expected one of error, drop'),
        ([0.5], {"conditions": ["a"]}, "conditions: 1 found; expected one for each of 2 sessions"),
        ([0.5], {"conditions": [["a"], []]}, "conditions: 2 lists found; expected one for each of 2 sessions, with"),
        ([0.5], {"conditions": ["a", None]}, "conditions: nothing found; expected a number or text"),
        ([0.5], {"conditions": "ab"}, 'conditions: "ab" found; expected a list'),
        (pd.DataFrame({"time": [0.5]}), {}, "events: columns time found; expected session, time and"),
        (pd.DataFrame({"session": [2], "time": [0.5]}), {}, "events: session: 2 found; expected a number from 0 to 1"),
        (
            pd.DataFrame({"session": [0, 1], "time": 0.5, "condition": ["a", None]}),
            {},
            "events: no condition in row 1 found",
        ),
    ],
)
def test_events_that_are_refused(events, options, message):
    with pytest.raises(InputError, match=message):
        analyzer_of(recording(2)).epochs(events, **{"before": 0.1, "after": 0.1} | options)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv: no such file; expected stimulus"):
        analyzer_of(recording(1)).epochs(tmp_path / "none.csv")


def test_epochs_beyond_the_edge_can_be_dropped(caplog):
    analyzer = analyzer_of(recording(2))
    epochs = analyzer.epochs([0.05, 0.1, 0.9, 0.95], 0.1, 0.1, on_edge="drop")
    assert epochs.events["time"].tolist() == [0.1, 0.9] * 2  # that reach exactly to the edges
    assert "4 of 8 epochs reach beyond their session and were left out" in caplog.text
    with pytest.raises(InputError, match="all reach beyond theirs"):
        analyzer.epochs([0.05], 0.1, 0.1, on_edge="drop")


def test_overlapping_epochs_are_told(caplog):
    analyzer = analyzer_of(recording(2))
    analyzer.epochs([0.3, 0.5], 0.1, 0.1)
    assert not caplog.text
    analyzer.epochs([0.3, 0.49], 0.1, 0.1)
    assert "2 epochs overlap with the next one of their session" in caplog.text


def test_a_window_that_ends_before_it_begins():
    epochs = analyzer_of(recording(2)).epochs([0.3, 0.5], 0.1, 0.2)
    with pytest.raises(InputError, match=r"window: \[0.2, 0.1\] found; expected a window that ends after it begins"):
        epochs.d_prime(window=(0.2, 0.1))


def test_bins_that_are_refused():
    epochs = analyzer_of(recording(1)).epochs([0.5], 0.1, 0.1)
    with pytest.raises(InputError, match=r"bin_ms: 10.5 ms found; expected whole multiples of the time step, 1 ms"):
        epochs.psth(bin_ms=10.5)
    with pytest.raises(InputError, match="bin_ms: 300 found; expected at most 200 ms"):
        epochs.psth(bin_ms=300)


def two_sessions(folder, **metadata):
    """A run with two sessions of 50 ms, and its metadata."""
    run_folder(folder, **metadata)
    spikes = (folder / "data/spikes.npz").rename(folder / "data/spikes_0.npz")
    np.savez(spikes.with_name("spikes_1.npz"), **spike_arrays(bernoulli(1, 50, 4, 0.1)))
    return Analyzer(folder)


def test_the_onsets_of_the_stimulus(tmp_path):
    stimulus = {"onsets_sec": [0.01, 0.03], "clusters": [0]}
    analyzer = two_sessions(tmp_path / "run", stimulus=stimulus)
    epochs = analyzer.epochs("stimulus", 0.01, 0.01)
    assert epochs.events["time"].tolist() == [0.01, 0.03] * 2 and epochs.targeted == (0,)
    later = Analyzer(tmp_path / "run/data", start=0.005).epochs("stimulus", 0.005, 0.01)
    np.testing.assert_allclose(later.events["time"], [0.005, 0.025] * 2)
    none = two_sessions(tmp_path / "none", stimulus={"onsets_sec": [], "clusters": []})
    with pytest.raises(DataError, match=r"spikes_0\.npz: a run without stimulus found; expected onsets"):
        none.epochs("stimulus")
    earlier = two_sessions(tmp_path / "earlier")
    with pytest.raises(DataError, match=r"no description of a stimulus found beside the spikes.*give the times"):
        earlier.epochs("stimulus")
    damaged = run_folder(tmp_path / "damaged", stimulus={"onsets_sec": "soon"})
    with pytest.raises(DataError, match=r"run\.json is damaged"):
        Analyzer(damaged)


def test_sessions_of_different_networks_are_told(caplog, tmp_path):
    epochs = two_sessions(tmp_path / "run", fix_network=False).epochs(0.02, 0.02, 0.02)
    epochs.psth(bin_ms=10)
    assert "networks of their own" not in caplog.text
    epochs.fano(20, 20)
    assert "2 sessions with networks of their own found; expected sessions of one network" in caplog.text


def test_sessions_of_different_lengths_and_a_silent_neuron():
    sessions = uneven(1)
    epochs = Analyzer(sessions, clusters=CLUSTERS).epochs([0.3], 0.3, 0.3)
    rates = epochs.psth("neurons").groupby("unit")["rate_hz"].mean()
    dense = np.mean([np.asarray(each)[:600].mean(axis=0) / STEP for each in sessions], axis=0)
    np.testing.assert_allclose(rates, dense)
    assert rates[3] == 0


def test_sessions_of_one_name_are_known_by_their_numbers(tmp_path):
    """Every folder of a run calls its spikes alike."""
    files = [tmp_path / f"{name}/spikes.npz" for name in "abc"]
    for file, spikes in zip(files, recording(), strict=True):
        file.parent.mkdir()
        np.savez(file, **spike_arrays(spikes))
    analyzer = analyzer_of(files)
    events = pd.DataFrame({"session": [0, 2], "time": [0.3, 0.5]})
    assert analyzer.epochs(events, 0.1, 0.1).events["session"].tolist() == [0, 2]
    with pytest.raises(InputError, match=r'session: "spikes" found; expected the number of a session, as 3 have'):
        analyzer.epochs(events.assign(session="spikes"), 0.1, 0.1)
    with pytest.raises(InputError, match=r"session: 3 found; expected a number from 0 to 2, or a name \(spikes\)"):
        analyzer.epochs(events.assign(session=3), 0.1, 0.1)
