"""Decoding of conditions: the same by hand with scikit-learn, chance, and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from neuro_mod import Analyzer, InputError
from neuro_mod.core.random import Stream
from tests.core.spiking_net.analysis.test_epochs import slow_counts
from tests.helpers.trains import events

N_NEURONS = 12


def tuned(n_epochs=30, n_classes=3, seed=0, strength=0.04, n_neurons=N_NEURONS):
    """Sessions with an event at 0.2 s, after which a third of the neurons fires more, depending on the condition."""
    random = np.random.default_rng(seed)
    conditions = [f"tone {k % n_classes}" for k in range(n_epochs)]
    chance = np.full((n_epochs, 400, n_neurons), 0.02)
    for k in range(n_epochs):
        chance[k, 200:, k % n_classes :: n_classes] += strength
    return [events(each) for each in random.random(chance.shape) < chance], conditions


def epochs_of(sessions, conditions, n_neurons=N_NEURONS):
    analyzer = Analyzer(sessions, clusters=np.arange(n_neurons) // 3)
    return analyzer.epochs(0.2, 0.2, 0.2, conditions=conditions)


def by_hand(counts, label, folds, seed, ensemble):
    """Accuracy in each window from counts ``(n_epochs, n_windows, n_neurons)``, with the same order of epochs."""
    order = Stream(seed, "decoding_folds", (ensemble,)).permutation(len(label))
    counts, label = counts[order], np.asarray(label)[order]
    accuracy = []
    for window in range(counts.shape[1]):
        scores = []
        for train, test in StratifiedKFold(folds).split(counts, label):
            machine = make_pipeline(StandardScaler(), LinearSVC(dual=False))
            machine.fit(counts[train, window].astype(float), label[train])
            scores.append(machine.score(counts[test, window].astype(float), label[test]))
        accuracy.append(np.mean(scores))
    return accuracy


def test_as_by_hand():
    sessions, conditions = tuned()
    done = []
    decoding = epochs_of(sessions, conditions).decode(
        5, 100, 50, n_ensembles=3, folds=5, seed=7, report=lambda n, total: done.append((n, total))
    )
    counts = slow_counts(sessions, [(k, 0.2) for k in range(30)], 0.2, 0.2, 100, 50)
    expected = [by_hand(counts[:, :, each], conditions, 5, 7, k) for k, each in enumerate(decoding.neurons)]
    found = decoding.ensembles.pivot(index="ensemble", columns="time", values="accuracy").to_numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(decoding.table["accuracy"], np.mean(expected, axis=0))
    np.testing.assert_allclose(decoding.table["standard_error"], np.std(expected, axis=0, ddof=1) / np.sqrt(3))
    np.testing.assert_allclose(decoding.table["time"], np.arange(-0.15, 0.16, 0.05), atol=1e-12)
    assert decoding.classes == ("tone 0", "tone 1", "tone 2") and decoding.chance == pytest.approx(1 / 3)
    assert done == [(1, 3), (2, 3), (3, 3)]
    assert all(len(set(each)) == 5 for each in decoding.neurons.tolist())
    assert len({tuple(each) for each in decoding.neurons.tolist()}) == 3
    of_windows = np.mean([np.diag(each) for each in decoding.confusion], axis=1)  # folds are equal here
    np.testing.assert_allclose(of_windows, decoding.table["accuracy"])
    np.testing.assert_allclose(decoding.confusion.sum(axis=2), 1)


def test_it_rises_after_the_event_and_not_before():
    sessions, conditions = tuned(60)
    table = epochs_of(sessions, conditions).decode(window_ms=200, step_ms=200).table
    deviation = np.sqrt(1 / 3 * 2 / 3 / 60)
    assert abs(table["accuracy"][0] - 1 / 3) < 3 * deviation
    assert table["accuracy"][1] > 1 / 3 + 6 * deviation
    assert np.isnan(table["standard_error"]).all()  # a single ensemble


def test_shuffled_conditions_are_decoded_at_chance():
    sessions, conditions = tuned(60)
    accuracy = []
    for seed in range(8):
        shuffled = np.random.default_rng(seed).permutation(conditions)
        decoding = epochs_of(sessions, shuffled).decode(6, 200, 200, n_ensembles=2, seed=seed)
        accuracy.append(decoding.table["accuracy"].mean())
    assert abs(np.mean(accuracy) - 1 / 3) < 4 * np.std(accuracy, ddof=1) / np.sqrt(8)


def test_the_chance_of_unequal_conditions_is_that_of_the_most_frequent():
    sessions, conditions = tuned()
    chosen = epochs_of(sessions, ["a" if each == "tone 0" else "b" for each in conditions])
    assert chosen.decode(window_ms=400, step_ms=400).chance == pytest.approx(2 / 3)


def test_the_same_seed_gives_the_same_numbers():
    sessions, conditions = tuned()
    epochs = epochs_of(sessions, conditions)
    first = epochs.decode(4, 200, 200, n_ensembles=2, seed=3)
    again = epochs.decode(4, 200, 200, n_ensembles=2, seed=3)
    pd.testing.assert_frame_equal(first.ensembles, again.ensembles, check_exact=True)
    more = epochs.decode(4, 200, 200, n_ensembles=3, seed=3)  # more ensembles change no other one
    pd.testing.assert_frame_equal(first.ensembles, more.ensembles[: len(first.ensembles)], check_exact=True)
    assert not np.array_equal(first.neurons, epochs.decode(4, 200, 200, n_ensembles=2, seed=4).neurons)


def test_some_neurons_are_drawn_from():
    sessions, conditions = tuned()
    decoding = epochs_of(sessions, conditions).decode(2, 200, 200, n_ensembles=5, neurons=[1, 4, 9])
    assert set(decoding.neurons.ravel().tolist()) == {1, 4, 9}


@pytest.mark.parametrize(
    ("conditions", "options", "message"),
    [
        (None, {}, "conditions: nothing found; expected a condition of each epoch"),
        (["a"] * 6, {}, "conditions: only 'a' found; expected at least 2 conditions"),
        (list("aaaabb"), {"folds": 3}, "folds: 3 folds but 2 epochs of condition 'b' found; expected at least as many"),
        (list("aaabbb"), {"folds": 1}, "folds: 1 found; expected a whole number of at least 2"),
        (list("aaabbb"), {"folds": 3, "n_neurons": 13}, "n_neurons: 13 found; expected a whole number from 1 to 12"),
        (list("aaabbb"), {"folds": 3, "n_ensembles": 0}, "n_ensembles: 0 found"),
        (list("aaabbb"), {"folds": 3, "regularization": 0}, "regularization: 0 found; expected a finite number above"),
        (
            list("aaabbbccc"),
            {"folds": 3, "groups": list("xxxyyyzzz")},
            "groups: a fold without training epochs of condition 'a' found; expected more groups",
        ),
        (list("aaabbb"), {"folds": 3, "window_ms": 500}, "window_ms: 500 found; expected at most 400 ms"),
    ],
)
def test_what_cannot_be_decoded(conditions, options, message):
    sessions, _ = tuned(len(conditions or "") or 6)
    with pytest.raises(InputError, match=message):
        epochs_of(sessions, conditions).decode(**options)


def test_without_scikit_learn(monkeypatch):
    import sys

    sessions, conditions = tuned()
    epochs = epochs_of(sessions, conditions)
    for name in [name for name in sys.modules if name.split(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r'pip install "neuro_mod\[decoding\]"'):
        epochs.decode()
