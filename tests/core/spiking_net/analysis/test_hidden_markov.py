"""Numbers come from the model the data were drawn from, from a slow forward algorithm, from hmmlearn, or by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hmmlearn.hmm import PoissonHMM
from scipy.special import logsumexp
from scipy.stats import poisson

from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.findings.sessions import silent
from neuro_mod.core.spiking_net.analysis.hidden_markov.model import hidden_markov
from neuro_mod.core.spiking_net.analysis.hidden_markov.poisson_hmm import (
    PoissonModel,
    expectation,
    fitted,
    side_by_side,
)
from neuro_mod.core.spiking_net.analysis.hidden_markov.posterior_visits import (
    binned_visits,
    by_occupancy,
    occurrences_table,
)
from neuro_mod.core.spiking_net.analysis.hidden_markov.settings import HiddenMarkovSettings, numbers_to_try
from neuro_mod.core.spiking_net.analysis.hidden_markov.start import random_start
from neuro_mod.core.spiking_net.analysis.rates.units import unit_counts
from neuro_mod.recordings.spikes import SpikeEvents

BIN = 20e-3
TRUE = PoissonModel(
    np.array([0.5, 0.3, 0.2]),
    np.array([[0.95, 0.04, 0.01], [0.02, 0.92, 0.06], [0.07, 0.03, 0.90]]),
    np.array([[2.0, 0.1, 0.4, 0.3], [0.1, 1.5, 0.4, 0.9], [0.4, 0.3, 2.5, 0.1]]),
)


def model_of(counts, bin_width, n_states, *, unit_labels=None, unit_sizes=None, durations=None, report=silent, **how):
    starts = {"max_restarts": how.get("n_restarts", 5)} | how  # none more than asked for, for speed
    settings = HiddenMarkovSettings(bin_width, numbers_to_try(n_states, 0), **starts)
    units = {"unit_labels": unit_labels, "unit_sizes": unit_sizes}
    return hidden_markov(counts, settings, **units, durations=durations, report=report)


def drawn(model, lengths, seed=0):
    """Sequences of states, and their counts."""
    rng = np.random.default_rng(seed)
    paths = []
    for length in lengths:
        path = [rng.choice(len(model.first), p=model.first)]
        while len(path) < length:
            path.append(rng.choice(len(model.first), p=model.transitions[path[-1]]))
        paths.append(np.array(path))
    return paths, [rng.poisson(model.means[path]) for path in paths]


def slow_log_likelihood(session, model):
    """The forward algorithm in logarithms, state by state."""
    states = range(len(model.first))
    logs = np.array([poisson.logpmf(session, model.means[k]).sum(axis=1) for k in states]).T
    forward = [np.log(model.first[k]) + logs[0, k] for k in states]
    for row in logs[1:]:
        forward = [logsumexp([forward[i] + np.log(model.transitions[i, k]) for i in states]) + row[k] for k in states]
    return logsumexp(forward)


@pytest.fixture(scope="module")
def data():
    return drawn(TRUE, [130] * 41 + [120])


@pytest.fixture(scope="module")
def chosen(data):
    return model_of(data[1], BIN, (2, 3, 4), criterion="cross_validation", n_restarts=2, n_folds=2)


def test_log_likelihoods_are_those_of_each_session_alone():
    _, sessions = drawn(TRUE, [40, 1, 25])
    expected = [slow_log_likelihood(session, TRUE) for session in sessions]
    np.testing.assert_allclose(expectation(side_by_side(sessions), TRUE).log_likelihoods, expected, rtol=1e-12)


def test_many_units_do_not_underflow():
    """A bin of 800 neurons has a likelihood around exp(-900)."""
    wide = PoissonModel(TRUE.first, TRUE.transitions, np.repeat(TRUE.means, 200, axis=1))
    _, [session] = drawn(wide, [30])
    found = expectation(side_by_side([session]), wide)
    np.testing.assert_allclose(found.log_likelihoods, slow_log_likelihood(session, wide), rtol=1e-12)
    np.testing.assert_allclose(found.posteriors.sum(axis=-1), 1)


@pytest.mark.filterwarnings("ignore:Setting the shape on a NumPy array:DeprecationWarning:hmmlearn")
def test_fits_as_hmmlearn_does(data):
    sessions = data[1]
    counts = side_by_side(sessions)
    start = random_start(counts, 3, Stream(1, "hidden_markov", (3, 0)))
    found = fitted(counts, start)
    peer = PoissonHMM(3, init_params="", n_iter=500, tol=1e-6 * counts.n_bins)
    peer.startprob_, peer.transmat_, peer.lambdas_ = start
    peer.fit(np.concatenate(sessions), counts.lengths)
    np.testing.assert_allclose(found.log_likelihood, peer.monitor_.history[-1], rtol=1e-7)
    np.testing.assert_allclose(found.model.means, peer.lambdas_, rtol=1e-2)
    np.testing.assert_allclose(found.model.transitions, peer.transmat_, atol=1e-3)
    together = expectation(counts, found.model).posteriors
    peer.startprob_, peer.transmat_, peer.lambdas_ = found.model
    alone = peer.predict_proba(np.concatenate(sessions), counts.lengths)
    flat = np.concatenate([together[:length, index] for index, length in enumerate(counts.lengths)])
    np.testing.assert_allclose(flat, alone, atol=1e-9)


def test_recovers_the_model_it_is_drawn_from(data, chosen):
    """Rates: five standard errors of 1000 bins, sqrt(2 / 1000) / 20 ms = 2.2 Hz each; matrix: of 1000 transitions."""
    order = np.argsort(-np.bincount(np.concatenate(data[0])))
    assert chosen.n_states == chosen.n_fitted == 3
    np.testing.assert_allclose(chosen.rates_hz, TRUE.means[order] / BIN, atol=11)
    np.testing.assert_allclose(chosen.transition_matrix, TRUE.transitions[np.ix_(order, order)], atol=0.03)
    paths = np.argsort(order)[np.concatenate(data[0])]
    assert (np.concatenate(chosen.posteriors).argmax(axis=1) == paths).mean() > 0.95


def test_number_of_states(chosen):
    scores = chosen.scores.set_index("n_states")
    assert scores.loc[3, "chosen"] and scores["chosen"].sum() == 1
    assert scores["held_out"].idxmax() == scores["bic"].idxmin() == 3
    assert scores["converged"].all()
    assert chosen.bic == scores.loc[3, "bic"] and chosen.log_likelihood == scores.loc[3, "log_likelihood"]
    assert scores.loc[3, "n_parameters"] == 2 + 3 * 2 + 3 * 4
    np.testing.assert_allclose(
        scores["bic"], scores["n_parameters"] * np.log(5450) - 2 * scores["log_likelihood"], rtol=1e-12
    )


def test_bic_chooses_without_cross_validation(data):
    fits = []
    found = model_of(data[1][:24], BIN, [4, 3, 2], n_restarts=2, report=lambda *each: fits.append(each))
    assert found.n_fitted == 3 and found.scores["held_out"].isna().all()
    assert fits == [(done, 6) for done in range(1, 7)]


def test_cross_validation_scores_sessions_left_out(data):
    """Leaving out each of two sessions by hand."""
    sessions = [data[1][0], data[1][1][:80]]
    found = model_of(sessions, BIN, 2, criterion="cross_validation", n_restarts=1)
    total = 0.0
    for kept, left_out in (sessions, sessions[::-1]):
        counts = side_by_side([kept])
        fit = fitted(counts, random_start(counts, 2, Stream(0, "hidden_markov", (2, 0))))
        total += slow_log_likelihood(left_out, fit.model)
    np.testing.assert_allclose(found.scores["held_out"], total / 210, rtol=1e-9)


def test_sessions_are_not_merged():
    """Each session stays in one state: joined, they would show a transition, and visits that are not censored."""
    rng = np.random.default_rng(0)
    sessions = [rng.poisson([3.0, 0.1], (80, 2)), rng.poisson([0.1, 3.0], (60, 2))]
    found = model_of(sessions, BIN, 2)
    assert found.transition_matrix[0, 1] < 1e-9 and found.transition_matrix[1, 0] < 1e-9
    visits = found.visits
    assert visits["session"].tolist() == [0, 1] and visits["state"].tolist() == [0, 1]
    assert visits["start"].tolist() == [0, 0]
    np.testing.assert_allclose(visits["end"], [1.6, 1.2])
    np.testing.assert_allclose(found.durations, [1.6, 1.2])
    assert visits[["censored", "censored_start", "censored_end"]].all(axis=None)
    np.testing.assert_allclose(visits["mean_rate"], [s.mean() / BIN for s in sessions])


def test_time_behind_the_last_complete_bin_belongs_to_the_session(data):
    """It belongs to no state; what reaches the last complete bin is censored, as it touches what was seen."""
    sessions = data[1][:4]
    alone = model_of(sessions, BIN, 3, n_restarts=1)
    found = model_of(sessions, BIN, 3, n_restarts=1, durations=[2.6, 2.61, 2.615, 2.6])
    assert alone.durations == pytest.approx([2.6] * 4) and found.durations.tolist() == [2.6, 2.61, 2.615, 2.6]
    assert found.visits.equals(alone.visits) and found.occurrences(t_to=2.6).equals(found.occurrences())
    assert found.assigned == pytest.approx(alone.assigned * 10.4 / 10.425)
    assert found.visits["censored_end"].tolist() == [end > 2.59 for end in found.visits["end"]]
    with pytest.raises(ValueError, match=r"t_to: 2.605 found; expected -2.6 s to 2.6 s"):
        found.occurrences(t_to=2.605)


def test_silent_unit_changes_nothing(data):
    sessions = data[1][:9]
    without = model_of(sessions, BIN, 3, n_restarts=2)
    found = model_of([np.insert(s, 1, 0, axis=1) for s in sessions], BIN, 3, n_restarts=2)
    np.testing.assert_allclose(np.delete(found.rates_hz, 1, axis=1), without.rates_hz, rtol=1e-6)
    np.testing.assert_allclose(found.rates_hz[:, 1], 0.5 / 1170 / BIN)  # half a spike in all of the data
    np.testing.assert_allclose(found.log_likelihood, without.log_likelihood - 0.5, rtol=1e-9)
    assert found.scores["n_parameters"].tolist() == without.scores["n_parameters"].tolist()


def test_unit_silent_in_the_other_sessions_is_unlikely_not_impossible():
    rng = np.random.default_rng(0)
    sessions = [rng.poisson([1.0, 0.0], (50, 2)), rng.poisson([1.0, 0.2], (50, 2))]
    found = model_of(sessions, BIN, 1, criterion="cross_validation", n_restarts=1)
    assert np.isfinite(found.scores["held_out"]).all()


def test_states_never_visited_are_not_reported(data):
    sessions = data[1][:6]
    found = model_of(sessions, BIN, 8, least_duration=0.3, n_restarts=1)
    assert found.n_fitted == 8 and 0 < found.n_states < 8
    assert found.rates_hz.shape == (found.n_states, 4) and found.transition_matrix.shape == (8, 8)
    assert all(posterior.shape == (130, 8) for posterior in found.posteriors)
    times = found.visits.groupby("state")["duration"].sum()
    assert sorted(times.index) == list(range(found.n_states))
    assert (times.sort_index().diff().dropna() <= 1e-9).all()
    for visit in found.visits.itertuples():  # states of the table are columns of the posteriors
        run = found.posteriors[visit.session][round(visit.start / BIN) : round(visit.end / BIN), visit.state]
        assert (run > 0.8).all()


def test_all_states_of_the_model_are_in_a_table(data):
    """Where the fit converged, the first probabilities and the rates are means weighted by the posteriors."""
    sessions = data[1][:6]
    found = model_of(sessions, BIN, 8, least_duration=0.3, n_restarts=1)
    table = found.fitted_states()
    assert table["state"].tolist() == list(range(8)) and table["visited"].sum() == found.n_states < 8
    assert table["visited"].tolist() == [state < found.n_states for state in range(8)]
    assert table.columns[3:].tolist() == [f"rate_hz_{unit}" for unit in range(4)]
    np.testing.assert_array_equal(table.iloc[:, 3:], found.rates)
    np.testing.assert_array_equal(found.rates[: found.n_states], found.rates_hz)
    assert found.scores["converged"].all() and found.initial_probabilities.sum() == pytest.approx(1)
    first = np.mean([posterior[0] for posterior in found.posteriors], axis=0)
    np.testing.assert_allclose(table["initial_probability"], first, atol=0.02)  # a fit ends before the digits are final
    weights = np.concatenate(found.posteriors).astype(float)
    means = weights.T @ np.concatenate(sessions) / weights.sum(axis=0)[:, None]
    np.testing.assert_allclose(found.rates * BIN, means, atol=0.05)


def test_no_visit_at_all(data):
    found = model_of([data[1][0][:100]], BIN, 2, least_duration=3.0, n_restarts=1)
    assert found.n_states == 0 and found.visits.empty and found.rates_hz.shape == (0, 4)


def test_visits_by_hand():
    """20 ms bins: 50 ms are three bins; 0.8 itself is too little; the same state after a gap is another visit."""
    sure = np.array([0.9, 0.9, 0.9, 0.8, 0.9, 0.9, 0.9, 0.2, 0.1, 0.1, 0.1, 0.1, 0.9, 0.9, 0.1, 0.1, 0.1])
    posterior = np.stack([sure, 1 - sure], axis=1)
    posterior[7] = [0.2, 0.79]  # unsure
    runs = binned_visits(posterior, 0.8, 50 / 20)
    assert [list(each) for each in runs] == [[0, 0, 1, 1], [0, 4, 8, 14], [3, 7, 12, 17]]
    assert binned_visits(posterior, 0.8, 40 / 20).states.tolist() == [0, 0, 1, 0, 1]
    assert binned_visits(posterior, 0.75, 50 / 20).ends.tolist() == [7, 12, 17]
    order = by_occupancy([runs], 3)
    assert order.tolist() == [1, 0, 2]
    table = occurrences_table([np.ones((17, 2), int)], [runs], np.argsort(order), BIN, 2)
    assert table["state"].tolist() == [1, 1, 0, 0] and type(table["state"][0]) is int
    np.testing.assert_allclose(table["start"], [0, 0.08, 0.16, 0.28])
    np.testing.assert_allclose(table["duration"], [0.06, 0.06, 0.08, 0.06])
    np.testing.assert_allclose(table["mean_rate"], 50)
    assert table["censored_start"].tolist() == [True, False, False, False]
    assert table["censored_end"].tolist() == [False, False, False, True]
    assert table["censored"].tolist() == [True, False, False, True]
    dtypes = ["int64", "object", *["float64"] * 3, *["bool"] * 3, "float64"]
    assert [str(dtype) for dtype in table.dtypes] == dtypes


def test_least_duration_of_whole_bins_is_enough():
    """0.07 / 0.01 is a little more than 7, 0.06 / 0.02 a little less than 3."""
    for duration, width, n_bins in ((0.07, 0.01, 7), (0.06, 0.02, 3)):
        posterior = np.array([[1.0, 0.0]] * n_bins + [[0.5, 0.5]])
        assert len(binned_visits(posterior, 0.8, duration / width).states) == 1


def test_most_starts_find_every_state():
    """Twelve states that each excite a unit of their own; plain k-means++ finds all of them in 4 of these 20 starts."""
    rng = np.random.default_rng(2)
    counts = side_by_side([rng.poisson((4 * np.eye(12) + 0.2).repeat(60, axis=0))])
    starts = [random_start(counts, 12, Stream(seed, "start")) for seed in range(20)]
    assert sum(len(set(start.means.argmax(axis=1))) == 12 for start in starts) >= 12


def test_same_seed_same_result(data):
    sessions = data[1][:8]
    one, same, other = (model_of(sessions, BIN, 6, n_restarts=1, seed=seed) for seed in (3, 3, 4))
    assert one.visits.equals(same.visits) and one.scores.equals(same.scores)
    assert all(np.array_equal(a, b) for a, b in zip(one.posteriors, same.posteriors, strict=True))
    assert not np.array_equal(one.rates_hz, other.rates_hz)


def test_best_of_the_restarts_counts(data, caplog):
    sessions = data[1][:8]
    counts = side_by_side(sessions)
    starts = [random_start(counts, 6, Stream(0, "hidden_markov", (6, restart))) for restart in range(3)]
    each = [fitted(counts, start).log_likelihood for start in starts]
    assert len(set(each)) > 1
    found = model_of(sessions, BIN, 6, n_restarts=3)
    assert found.log_likelihood == max(each)
    scores = found.scores.iloc[0]
    n_best = sum(max(each) - one < 1e-4 * sum(map(len, sessions)) for one in each)
    assert scores["log_likelihoods"] == tuple(each)
    assert (scores["lowest_log_likelihood"], scores["n_starts"], scores["n_best"]) == (min(each), 3, n_best)
    assert ("from one start only" in caplog.text) == (n_best == 1)


@pytest.mark.parametrize(("n_states", "n_starts"), [(4, 5), (5, 6)])
def test_starts_continue_until_the_best_fit_is_found_twice(data, caplog, n_states, n_starts):
    """With 4 states starts 2 and 5 find the same best fit; with 5 no two of 6 starts do."""
    sessions = data[1][:3]
    counts = side_by_side(sessions)
    each = [
        fitted(counts, random_start(counts, n_states, Stream(0, "hidden_markov", (n_states, restart)))).log_likelihood
        for restart in range(6)
    ]
    twice = [n for n in range(2, 7) if np.diff(sorted(each[:n])[-2:]) < 1e-4 * 3 * 130]
    assert (twice or [6])[0] == n_starts
    scores = model_of(sessions, BIN, n_states, n_restarts=2, max_restarts=6).scores.iloc[0]
    assert scores["log_likelihoods"] == tuple(each[:n_starts])
    assert ("one start only" in caplog.text) == (not twice)


def test_equal_fits_end_the_starts(data):
    """A single state has one fit, whatever the start."""
    reports = []
    found = model_of(data[1][:2], BIN, (1, 1), n_restarts=1, max_restarts=9, report=lambda *each: reports.append(each))
    assert found.scores["n_starts"].tolist() == found.scores["n_best"].tolist() == [2, 2]
    assert reports == [(1, 18), (9, 18), (10, 18), (18, 18)]


def test_bins_that_are_all_alike():
    sessions = [np.full((9, 2), 3), np.full((4, 2), 3)]
    np.testing.assert_allclose(random_start(side_by_side(sessions), 4, Stream(0, "start")).means, 3)
    np.testing.assert_allclose(model_of(sessions, BIN, 1).rates_hz, 3 / BIN)
    assert model_of(sessions, BIN, 4, n_restarts=1).n_states == 0  # no telling which of four equal states


def test_rates_are_per_neuron(data):
    """The same counts of twice and of ten times as many neurons; the mean is over all neurons, not over units."""
    sizes = np.array([2, 10, 2, 10])
    alone = model_of(data[1][:4], BIN, 3, n_restarts=1)
    found = model_of(data[1][:4], BIN, 3, n_restarts=1, unit_sizes=sizes, unit_labels=np.array([7, 9, 11, 40]))
    np.testing.assert_allclose(found.rates_hz, alone.rates_hz / sizes, rtol=1e-12)
    np.testing.assert_allclose(found.visits["mean_rate"], alone.visits["mean_rate"] * 4 / 24, rtol=1e-12)
    assert found.unit_labels.tolist() == [7, 9, 11, 40] and alone.unit_labels.tolist() == [0, 1, 2, 3]
    first = found.visits.iloc[0]
    begin, end = round(first["start"] / BIN), round(first["end"] / BIN)
    assert first["mean_rate"] == pytest.approx(data[1][0][begin:end].sum() / 24 / first["duration"])


def test_answers_the_questions_of_all_states(data, chosen):
    """Against the table of visits, one by one."""
    visits = chosen.occurrences()
    assert visits.equals(chosen.visits) and visits is not chosen.visits
    assert chosen.get_unique_attractors() == [0, 1, 2] and chosen.get_num_states() == 3
    assert chosen.n_sessions == 42 and chosen.durations.sum() == pytest.approx(5450 * BIN)
    assert chosen.assigned == pytest.approx(visits["duration"].sum() / (5450 * BIN)) and 0.7 < chosen.assigned < 1
    for state in (1, np.int64(1), np.uint8(1)):
        own = visits.loc[visits["state"] == 1]
        assert chosen.get_attractor_idx(state) == 1 and chosen.get_occurrences(state) == len(own)
        assert chosen.get_attractor_prob(state) == pytest.approx(own["duration"].sum() / (5450 * BIN))
        seen = own.loc[~own["censored"], "duration"]
        np.testing.assert_array_equal(chosen.get_life_spans(state), seen)
        assert chosen.get_mean_lifespan(state) == pytest.approx(seen.mean())
    pairs = [
        (a.state, b.state)
        for a, b in zip(visits.itertuples(), visits.iloc[1:].itertuples(), strict=False)
        if a.session == b.session
    ]
    moves = chosen.transitions()
    assert list(zip(moves["from_state"], moves["to_state"], strict=True)) == pairs
    share = pairs.count((2, 0)) / sum(source == 2 for source, _ in pairs)
    assert chosen.get_transition_prob(2, 0) == pytest.approx(share) == chosen.get_transition_matrix()[2, 0]
    assert chosen.get_sequence_probability([2, 0, 0]) == pytest.approx(share * chosen.get_transition_prob(0, 0))
    assert chosen.get_attractors_data()["total_duration"].is_monotonic_decreasing
    entered = [set(visits.loc[(visits["session"] == s) & (visits["start"] <= 2.0), "state"]) for s in range(42)]
    assert chosen.get_unique_attractors_count_until_time(2.0).tolist() == [len(states) for states in entered]
    until = chosen.occurrences(t_to=-1.0)
    assert until["end"].max() == 1.6 and until.loc[until["session"] == 41, "end"].max() <= 1.4
    assert 0 <= chosen.shuffle_test(20).p_value <= 1 and chosen.jump_statistics().entropy_rate > 0


@pytest.mark.parametrize("state", [3, -1, 1.0, True, (), (1,), "S3", None, np.float64(1)])
def test_other_states_are_refused(chosen, state):
    with pytest.raises(ValueError, match=r"state: .* found; expected 0 to 2"):
        chosen.get_attractor_prob(state)


def test_states_of_a_model_without_visits(data):
    found = model_of([data[1][0][:100]], BIN, 2, least_duration=3.0, n_restarts=1)
    assert found.get_unique_attractors() == [] and found.assigned == 0 and np.isnan(found.get_mean_lifespan())
    with pytest.raises(ValueError, match="no hidden state was visited"):
        found.get_occurrences(0)
    with pytest.raises(ValueError, match="expected a set of active clusters"):
        model_of([data[1][0][:100]], BIN, 1, n_restarts=1).get_num_clusters(0)


def test_the_largest_of_several_numbers_is_noted(data, caplog):
    sessions = data[1][:18]
    assert model_of(sessions, BIN, (1, 2), n_restarts=1).most_was_chosen
    assert "the largest was chosen, 2" in caplog.text
    caplog.clear()
    assert not model_of(sessions, BIN, (2, 3, 4), n_restarts=2).most_was_chosen
    assert not model_of(sessions, BIN, 2, n_restarts=1).most_was_chosen
    assert not caplog.text


def test_numbers_to_try():
    assert numbers_to_try(None, 10**6)[-1] == 96 and numbers_to_try(None, 10) == (2, 3, 4, 6, 8)
    assert numbers_to_try(None, 1) == (1,)
    assert numbers_to_try(np.int32(5), 3) == (5,) and numbers_to_try(range(2, 4), 3) == (2, 3)
    with pytest.raises(ValueError, match="whole number"):
        numbers_to_try(2.5, 10)


def test_interruption_passes_through(data):
    def interrupted(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model_of(data[1], BIN, 2, report=interrupted)


def test_counts_of_spikes_by_hand():
    """Bins of 20 steps; the last 10 steps make no bin."""
    spikes = SpikeEvents(np.array([0, 19, 20, 39, 45], np.int32), np.array([0, 1, 2, 0, 0], np.int32), 50, 3, 1e-3)
    counts = unit_counts(spikes, np.array([0, 0, 2]), 3, BIN)
    assert counts.tolist() == [[2, 0, 0], [1, 0, 1]]
    assert unit_counts(spikes, np.array([0, 1, 1]), 1, BIN).tolist() == [[1], [1]]  # neurons that do not count
    for width in (0.5e-3, 20.5e-3, 0.0, -20e-3, 60e-3):
        with pytest.raises(ValueError, match="bin_width"):
            unit_counts(spikes, np.array([0, 0, 2]), 3, width)


ONE = [np.ones((10, 2), int)]


@pytest.mark.parametrize(
    ("counts", "n_states", "options", "message"),
    [
        ([], 2, {}, r"counts: \[\] found; expected at least one session"),
        ([np.zeros((10, 2), int)], 2, {}, "no spike"),
        ([np.ones((0, 2), int)], 1, {}, "expected at least one bin"),
        ([np.ones((5, 2), int), np.ones((5, 3), int)], 1, {}, r"shape of counts\[1\]"),
        ([np.ones((5, 0), int)], 1, {}, "shape"),
        ([np.ones((5, 2))], 1, {}, "float64"),
        ([-np.ones((5, 2), int)], 1, {}, "minimum -1"),
        (ONE, 0, {}, r"n_states: \[0\] found"),
        (ONE, (2, 11), {}, "from 1 to 10"),
        (ONE, (), {}, "n_states"),
        (ONE, 2, {"criterion": "aic"}, "bic, cross_validation"),
        (ONE, 2, {"criterion": "cross_validation"}, "only 1 session"),
        (ONE * 2, 2, {"criterion": "cross_validation", "n_folds": 1}, "n_folds"),
        (ONE, 2, {"n_restarts": 0}, "n_restarts"),
        (ONE, 2, {"least_posterior": 0.3}, "least_posterior"),
        (ONE, 2, {"bin_width": 0.0}, "bin_width"),
        (ONE, 2, {"least_duration": -1.0}, "least_duration"),
        (ONE, 2, {"seed": -1}, "seed: -1 found"),
        (ONE, 2, {"seed": 1.5}, "seed: 1.5 found; expected a whole number"),
        (ONE, 2, {"n_restarts": 1.5}, "n_restarts: 1.5 found"),
        (ONE, 2, {"n_restarts": 3, "max_restarts": 2}, "max_restarts: 2 found; expected a whole number of at least 3"),
        (ONE, 2, {"units": "columns"}, "clusters, neurons"),
        (ONE, 2, {"unit_sizes": np.array([1, 0])}, "unit_sizes: 0 found"),
        (ONE, 2, {"unit_sizes": np.array([1])}, "unit_sizes"),
        (ONE, 2, {"unit_labels": np.array([0.5, 1])}, "unit_labels: float64"),
    ],
)
def test_refuses(counts, n_states, options, message):
    with pytest.raises(ValueError, match=message):
        model_of(counts, n_states=n_states, **{"bin_width": BIN, **options})
