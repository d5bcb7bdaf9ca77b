from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.detection import DETECTORS
from neuro_mod.core.spiking_net.analysis.rates.rates import smoothed_rates
from neuro_mod.core.spiking_net.analysis.states.names import state_name
from neuro_mod.errors import DataError
from tests.helpers.known_states import CLUSTERS, STEP, drawn_sessions, regular
from tests.helpers.trains import events

DURATIONS = (4.0, 2.0)


@pytest.fixture(scope="module")
def sessions():
    return drawn_sessions(*DURATIONS)


@pytest.fixture(scope="module")
def analyzer(sessions):
    return Analyzer(sessions, CLUSTERS, n_excitatory_clusters=3)


def npz_of_times(path, spikes):
    np.savez(path, times=spikes.times, neurons=spikes.neurons, duration=spikes.duration, n_neurons=spikes.n_neurons)


@pytest.mark.parametrize(
    "made",
    [
        lambda spikes, _: spikes,
        lambda spikes, _: [spikes],
        lambda spikes, _: {"spikes": spikes},
        lambda spikes, _: SimpleNamespace(spikes=spikes),
        lambda spikes, _: np.asarray(spikes),
        lambda spikes, _: np.asarray(spikes).astype(np.uint8),
        lambda spikes, _: (spikes.times, spikes.neurons),
        lambda spikes, _: [(spikes.times.tolist(), spikes.neurons.tolist())],
        lambda spikes, folder: np.save(folder / "spikes.npy", np.asarray(spikes)) or folder / "spikes.npy",
        lambda spikes, folder: np.save(folder / "spikes_0.npy", np.asarray(spikes)) or str(folder),
        lambda spikes, folder: npz_of_times(folder / "spikes.npz", spikes) or folder,
    ],
    ids=["events", "list", "results", "engine", "dense", "numbers", "pair", "pairs", "npy", "folder", "npz"],
)
def test_the_same_spikes_in_any_form_have_the_same_states(made, sessions, analyzer, tmp_path):
    expected = analyzer.occurrences().query("session == 0")
    # pairs do not say how long the session is
    duration = DURATIONS[0]
    other = Analyzer(made(sessions[0], tmp_path), CLUSTERS, dt=STEP, n_excitatory_clusters=3, duration=duration)
    assert other.occurrences().equals(expected) and len(expected) > 5


def test_each_entry_of_a_list_and_each_file_of_a_folder_is_a_session(sessions, analyzer, tmp_path):
    for index, spikes in enumerate(sessions):
        np.save(tmp_path / f"spikes_{index}.npy", np.asarray(spikes))
    np.save(tmp_path / "labels.npy", CLUSTERS)
    opened = Analyzer(tmp_path, tmp_path / "labels.npy", STEP, 3)
    assert opened.occurrences().equals(analyzer.occurrences())
    assert [session.name for session in opened.sessions] == ["spikes_0", "spikes_1"]
    assert [session.name for session in analyzer.sessions] == ["session 0", "session 1"]
    assert opened.n_sessions == 2 and opened.durations.tolist() == list(DURATIONS)
    assert [session.n_spikes for session in opened.sessions] == [len(spikes) for spikes in sessions]


def test_nothing_is_read_before_it_is_asked_for(tmp_path, sessions):
    np.save(tmp_path / "spikes_0.npy", np.asarray(sessions[0]))
    (tmp_path / "spikes_1.npy").write_bytes(b"damaged")
    opened = Analyzer(tmp_path, CLUSTERS, STEP)
    assert opened.n_sessions == 2
    with pytest.raises(DataError, match=r"spikes_1\.npy"):
        opened.get_num_states()


def test_progress_is_reported(sessions):
    reported = []
    Analyzer(sessions, CLUSTERS, report=lambda done, total: reported.append((done, total))).occurrences()
    assert reported == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("state_clusters", "labels"), [("excitatory", [0, 1, 2]), ("all", [0, 1, 2, 3]), ([3, 1], [1, 3]), ([0], [0])]
)
def test_only_some_clusters_define_states(sessions, state_clusters, labels):
    analyzer = Analyzer(sessions, CLUSTERS, n_excitatory_clusters=3, state_clusters=state_clusters)
    assert {label for state in analyzer.get_unique_attractors() for label in state} == set(labels)
    assert analyzer.get_cluster_activity().shape[1] == len(labels)
    assert analyzer.get_cluster_spike_rate().shape[1] == 4


def test_rates_of_clusters(analyzer, sessions):
    for session, spikes in enumerate(sessions):
        times, expected = smoothed_rates(spikes, CLUSTERS, 4)
        rates = analyzer.get_cluster_spike_rate(session)
        assert rates.dtype == np.float32 and rates.shape == (round(DURATIONS[session] / 5e-3), 4)
        np.testing.assert_allclose(rates, expected, rtol=1e-6)
        np.testing.assert_allclose(analyzer.get_sample_times(session), times)
        np.testing.assert_array_equal(analyzer.get_cluster_spike_rate(session, cluster=2), rates[:, 2])
    assert analyzer.get_cluster_spike_rate().mean() * 40 * DURATIONS[0] == pytest.approx(len(sessions[0]), rel=1e-4)


def test_rates_of_neurons(analyzer, sessions):
    everyone = analyzer.get_neuron_spike_rate()
    assert everyone.dtype == np.float32 and everyone.shape == (800, 40)
    np.testing.assert_allclose(everyone.mean(axis=0) * DURATIONS[0], sessions[0].sum(axis=0), rtol=1e-4)
    np.testing.assert_array_equal(analyzer.get_neuron_spike_rate(neurons=[7, 3]), everyone[:, [7, 3]])
    for cluster in range(4):  # the rate of a cluster is the mean of its neurons
        own = everyone[:, cluster == CLUSTERS].mean(axis=1)
        np.testing.assert_allclose(analyzer.get_cluster_spike_rate(cluster=cluster), own, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("t_from", "t_to", "samples"),
    [
        (None, None, (0, 800)),
        (1, 3, (200, 600)),
        (-1, None, (600, 800)),
        (None, -0.5, (0, 700)),
        (1, 1.005, (200, 201)),
    ],
)
def test_time_windows_of_samples(analyzer, t_from, t_to, samples):
    for ask in (
        analyzer.get_sample_times,
        analyzer.get_cluster_spike_rate,
        analyzer.get_neuron_spike_rate,
        analyzer.get_cluster_activity,
    ):
        np.testing.assert_array_equal(ask(t_from=t_from, t_to=t_to), ask()[slice(*samples)])


def test_activity_is_what_visits_are_made_of(sessions):
    analyzer = Analyzer(sessions, CLUSTERS, minimal_lifespan_ms=0)
    for session in range(2):
        active = analyzer.get_cluster_activity(session)
        assert active.dtype == np.bool_
        visits = analyzer.occurrences().query(f"session == {session}")
        times = analyzer.get_sample_times(session)
        current = np.searchsorted(visits["start"], times, side="right") - 1
        for row, visit in zip(active, current, strict=True):
            assert tuple(np.flatnonzero(row).tolist()) == visits["state"].iloc[visit]


def test_spikes_are_at_hand(analyzer, sessions):
    assert analyzer.has_spikes and analyzer.spikes(1).steps is sessions[1].steps


def quiet(n_steps, n_neurons):
    return events(np.zeros((n_steps, n_neurons), bool), STEP)


@pytest.mark.parametrize("method", DETECTORS)
@pytest.mark.parametrize(
    ("sessions", "clusters", "n_visits"),
    [
        ([quiet(1000, 4), quiet(300, 4)], [0, 0, 1, 1], 2),
        ([quiet(0, 4), quiet(300, 4)], [0, 0, 1, 1], 1),
        ([quiet(0, 4)], [0, 0, 1, 1], 0),
        ([quiet(1, 4)], [0, 0, 1, 1], 1),
        ([quiet(200, 1)], [5], 1),
        ([([], [])], [0, 1, 1], 0),
    ],
    ids=["silent", "one without a step", "no step", "one step", "one neuron", "empty pair"],
)
def test_sessions_without_spikes(method, sessions, clusters, n_visits):
    analyzer = Analyzer(sessions, clusters, method=method)
    assert analyzer.occurrences()["state"].tolist() == [()] * n_visits
    assert analyzer.get_transition_counts().sum() == 0
    assert len(analyzer.get_attractors_data()) == bool(n_visits) == analyzer.get_num_states()
    assert np.isnan(analyzer.get_mean_lifespan()) and np.isnan(analyzer.get_mean_lifespan(estimator="kaplan_meier"))
    assert not analyzer.get_cluster_spike_rate().any() and not analyzer.get_neuron_spike_rate().any()
    assert analyzer.get_unique_attractors_count_until_time(0.0).sum() == n_visits
    assert analyzer.jump_statistics().states == [] and np.isnan(analyzer.shuffle_test(10).observed)


def test_network_gain_takes_the_mean_over_all_sessions():
    """A cluster that fires in half of the first session, and in none of the second, which is thrice as long."""
    first, second = regular(((0,), 1.0), ((), 1.0), n_clusters=1), regular(((), 6.0), n_clusters=1)
    analyzer = Analyzer([first, second], np.zeros(10, int), method="network_gain")
    mean = (len(first) + len(second)) / (10 * 8.0)
    for index, about in enumerate(analyzer.sessions):
        np.testing.assert_allclose(about.thresholds, mean + 1, rtol=1e-12)
        rates, active = analyzer.get_cluster_spike_rate(index), analyzer.get_cluster_activity(index)
        np.testing.assert_array_equal(active, rates > mean + 1)
    alone = Analyzer(first, np.zeros(10, int), method="network_gain")
    np.testing.assert_allclose(alone.sessions[0].thresholds, len(first) / (10 * 2.0) + 1, rtol=1e-12)


@pytest.mark.parametrize(
    ("fixed", "n_sessions", "method", "warned"),
    [(False, 2, "network_gain", True), (False, 1, "network_gain", False), (False, 2, "gain", False)]
    + [(fixed, 2, "network_gain", False) for fixed in (True, None)],
)
def test_network_gain_warns_of_several_networks(fixed, n_sessions, method, warned, caplog):
    populations = {"n_clusters": 1, "cluster_sizes": [10, 0], "background_sizes": [0, 0]}
    metadata = {"populations": populations, "delta_t": STEP} | ({} if fixed is None else {"fix_network": fixed})
    run = {"spikes": regular(((0,), 1.0), ((), 1.0), n_clusters=1), "metadata": metadata}
    assert Analyzer([run] * n_sessions, method=method).get_num_states() > 0
    assert ("sessions with networks of their own found" in caplog.text) == warned


def test_network_gain_of_one_session_is_gain(sessions):
    one, other = (
        Analyzer(sessions[0], CLUSTERS, method=method, threshold_hz=5.0) for method in ("gain", "network_gain")
    )
    np.testing.assert_allclose(one.sessions[0].thresholds, other.sessions[0].thresholds, rtol=1e-6)
    np.testing.assert_array_equal(one.get_cluster_activity(), other.get_cluster_activity())


@pytest.mark.parametrize(
    ("method", "state"), [("two_state", (0, 1)), ("threshold", (0, 1)), ("gain", ()), ("network_gain", ())]
)
def test_all_neurons_always_active(method, state):
    """What never changes is above its own mean nowhere, and one state fills the session."""
    analyzer = Analyzer(regular(((0, 1), 3.0), n_clusters=2), np.repeat([0, 1], 10), method=method)
    visits = analyzer.occurrences()
    assert visits["state"].tolist() == [state] and visits["censored"].all() and visits["duration"].tolist() == [3.0]
    assert analyzer.get_attractor_prob(state) == 1
    if state:
        assert visits["mean_rate"].tolist() == [pytest.approx(50)]


def test_one_cluster_and_one_neuron():
    bursts = regular(((0,), 1.0), ((), 1.0), ((0,), 0.5), n_clusters=1, cluster_size=1)
    analyzer = Analyzer(bursts, [3], kernel_width_ms=50)
    assert analyzer.get_unique_attractors() == [(), (3,)]
    assert analyzer.get_transition_matrix().tolist() == [[0, 1], [1, 0]]


def test_no_visit_lasts_long_enough(sessions):
    analyzer = Analyzer(sessions, CLUSTERS, minimal_lifespan_ms=3000)
    assert analyzer.get_num_states() == 0 and analyzer.get_transition_matrix().shape == (0, 0)
    data = analyzer.get_attractors_data()
    full = Analyzer(sessions, CLUSTERS).get_attractors_data()
    assert data.dtypes.equals(full.dtypes) and not len(data)


CALLS = {
    "session 2": (lambda a: a.get_cluster_spike_rate(2), "session: 2 found; expected a whole number from 0 to 1"),
    "session -1": (lambda a: a.get_cluster_activity(-1), "session: -1 found; expected a whole number from 0 to 1"),
    "session half": (lambda a: a.spikes(0.5), r"session: 0\.5 found; expected"),
    "cluster 9": (lambda a: a.get_cluster_spike_rate(cluster=9), "cluster: 9 found; expected one of 0, 1, 2, 3"),
    "clusters": (
        lambda a: a.get_cluster_spike_rate(cluster=[0, 1]),
        r"cluster: \[0, 1\] found; .* 0, 1, 2, 3",
    ),
    "neuron 40": (lambda a: a.get_neuron_spike_rate(neurons=[40]), r"neurons: \[40\] found; .* from 0 to 39"),
    "neuron -1": (lambda a: a.get_neuron_spike_rate(neurons=[-1]), r"neurons: \[-1\] found"),
    "one neuron twice": (
        lambda a: a.get_neuron_spike_rate(neurons=[3, 3]),
        r"neurons: \[3, 3\] found; .* distinct",
    ),
    "no neuron": (lambda a: a.get_neuron_spike_rate(neurons=[]), r"neurons: \[\] found; expected distinct"),
    "unknown label": (lambda a: a.get_attractor_data((0, 9)), r"state: \[0, 9\] found; expected .* 0, 1, 2"),
    "other cluster": (lambda a: a.get_attractor_prob((3,)), r"state: \[3\] found; expected .* 0, 1, 2$"),
    "label twice": (lambda a: a.get_occurrences((1, 1)), r"state: \[1, 1\] found; expected"),
    "a number": (lambda a: a.get_attractor_idx(1), r"state: 1 found; expected .* such as \(0,\), or \(\)"),
    "no name": (lambda a: a.get_life_spans("0-1"), "state: .0-1. found; expected sorted labels such as"),
    "name of another": (lambda a: a.get_life_spans("0+9"), r"state: \[0, 9\] found; expected"),
    "half a label": (lambda a: a.get_num_clusters((0.5,)), r"state: \[0\.5\] found; expected"),
    "labels in labels": (lambda a: a.get_num_clusters([[0, 1]]), r"state: .* found; expected"),
    "never visited": (
        lambda a: a.get_attractor_idx((0, 1, 2)),
        r"state: .0\+1\+2. found; .* visited state: none, ",
    ),
    "sequence": (lambda a: a.get_sequence_probability([(0,), (8,)]), r"state: \[8\] found"),
    "to": (lambda a: a.get_transition_prob((0,), 1), "state: 1 found"),
    "window": (lambda a: a.occurrences(3, 2), "t_from, t_to: 3 s to 2 s .* ends after it begins"),
    "beyond": (lambda a: a.get_transition_matrix(t_to=3), "session 1: t_to: 3 found; expected -2 s to 2 s"),
    "beyond samples": (lambda a: a.get_cluster_spike_rate(0, t_from=5), "t_from: 5 found; expected -4 s to 4 s"),
    "never left": (
        lambda a: a.get_transition_matrix(never_left="one"),
        "never_left: .one. found; .* nan, zero",
    ),
    "estimator": (
        lambda a: a.get_mean_lifespan(estimator="median"),
        "estimator: .median. found; expected one of mean, kaplan_meier",
    ),
}


@pytest.mark.parametrize(("ask", "message"), CALLS.values(), ids=CALLS)
def test_wrong_questions(analyzer, ask, message):
    with pytest.raises(ValueError, match=message):
        ask(analyzer)


ARGUMENTS = {
    "method": ({"method": "hmm"}, "method: .hmm. found; expected one of gain, network_gain, threshold, two_state"),
    "parameter": (
        {"high_hz": 3.0},
        "parameters: .high_hz. found; .* of the method two_state",
    ),
    "negative": (
        {"method": "gain", "threshold_hz": -1.0},
        r"threshold_hz: -1\.0 found; .* at least 0",
    ),
    "kernel": ({"kernel": "alpha"}, "kernel: .alpha. found; expected one of gaussian, box"),
    "kernel width": ({"kernel_width_ms": -1}, "kernel_width_ms: -1.0 found; expected ms of at least 0"),
    "sampling": ({"sampling_ms": 0}, "sampling_ms: 0.0 found; expected ms above 0"),
    "lifespan": ({"minimal_lifespan_ms": np.nan}, "minimal_lifespan_ms: nan found; expected ms of at least 0"),
    "text": ({"minimal_lifespan_ms": "50"}, "minimal_lifespan_ms: .50. found; expected a number"),
    "text as threshold": ({"method": "gain", "threshold_hz": "9"}, "threshold_hz: .9. found; expected a number"),
    "no clusters": ({"clusters": None}, r"session 0: no cluster labels found; give clusters=\.\.\."),
    "few clusters": ({"clusters": [0, 1]}, "session 0: n_neurons: 40 found; expected 2 as there are cluster labels"),
    "real clusters": ({"clusters": CLUSTERS / 3}, "clusters: float64 .* found; expected an integer for each neuron"),
    "table": ({"clusters": [[0, 1]]}, r"clusters: .* shape \(1, 2\)"),
    "no excitatory": (
        {"n_excitatory_clusters": 0},
        "n_excitatory_clusters: 0 found; .* from 1 to 4",
    ),
    "too many": ({"n_excitatory_clusters": 5}, "n_excitatory_clusters: 5 found; expected a whole number from 1 to 4"),
    "kind": ({"state_clusters": "inhibitory"}, "state_clusters: .inhibitory. found; expected excitatory, all"),
    "no kind": ({"state_clusters": None}, "state_clusters: nothing found; expected excitatory, all, or a list"),
    "number": ({"state_clusters": 5}, "state_clusters: 5 found; expected excitatory, all, or a list"),
    "label": (
        {"state_clusters": [1, 7]},
        r"state_clusters: \[1, 7\] found; .* of the labels 0, 1, 2, 3",
    ),
    "none": ({"state_clusters": []}, r"state_clusters: \[\] found"),
    "step": ({"dt": 0.5e-3}, r"delta_t: 0\.001 found; expected 0\.0005 s, the given time step"),
    "no step": ({"dt": 0}, "dt: 0 found; expected seconds above 0"),
    "duration": ({"duration": -1}, "duration: -1 found; expected seconds above 0"),
    "unit": ({"time_unit": "min"}, "time_unit: .min. found; expected one of s, ms"),
}


@pytest.mark.parametrize(("arguments", "message"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_wrong_arguments(sessions, arguments, message):
    with pytest.raises(ValueError, match=message):
        Analyzer(sessions, **{"clusters": CLUSTERS} | arguments).occurrences()


def test_states_go_by_their_names_too(analyzer):
    for state in analyzer.get_unique_attractors():
        assert analyzer.get_attractor_prob(state_name(state)) == analyzer.get_attractor_prob(state) > 0


def test_sessions_too_long_for_rates_are_refused():
    """As when times are in ms: nothing of that size is made."""
    long = (np.array([0.0, 1e6]), np.array([0, 1]))
    with pytest.raises(DataError, match=r"session of 1e\+06 s found, too long for rates of 2 .*; are times in ms"):
        Analyzer(long, [0, 1], minimal_lifespan_ms=0).occurrences()


def bursts(n_short):
    """One cluster at 100 Hz in 1 s of 4, then in ``n_short`` bursts of 20 ms, 40 ms apart."""
    begin = np.concatenate([[1.0], 2.5 + 0.06 * np.arange(n_short)])
    length = np.array([1.0] + [0.02] * n_short)
    times = np.concatenate([np.arange(a, a + b, 1e-3) for a, b in zip(begin, length, strict=True)])
    return np.sort(times), np.arange(len(times)) % 10


@pytest.mark.parametrize(("n_short", "warned"), [(2, False), (20, True)])
def test_the_share_of_time_in_too_short_visits_is_told(n_short, warned, caplog, tmp_path):
    settings = {"method": "threshold", "high_hz": 50.0, "kernel": "box", "kernel_width_ms": 0}
    analyzer = Analyzer(bursts(n_short), np.repeat(0, 10), duration=4.0, **settings)
    # each burst of 20 ms and each gap of 40 ms between two of them is shorter than 50 ms
    assert analyzer.reassigned == pytest.approx((0.06 * n_short - 0.04) / 4, abs=0.005)
    assert ("given to their neighbours" in caplog.text) == warned
    analyzer.save_analysis(tmp_path)
    written = pd.read_csv(tmp_path / "states.csv")["time_reassigned"]
    assert written.to_list() == [pytest.approx(analyzer.reassigned, rel=1e-14)] * len(written)
    caplog.clear()
    assert Analyzer.load_analysis(tmp_path).reassigned == analyzer.reassigned
    assert ("given to their neighbours" in caplog.text) == warned
    assert Analyzer(bursts(n_short), np.repeat(0, 10), duration=4.0, minimal_lifespan_ms=0).reassigned == 0
