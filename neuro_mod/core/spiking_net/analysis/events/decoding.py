"""Decoding the condition of single epochs from spike counts of ensembles of neurons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.events.epoch_spikes import EpochSpikes, counts_in, windows_in
from neuro_mod.errors import InputError, invalid
from neuro_mod.optional import optional
from neuro_mod.summaries import ShownFields

#: Folds of cross-validation, and inverse strength of the regularisation of the classifier.
N_FOLDS, REGULARIZATION = 5, 1.0
#: Steps of the classifier at most; it ends far earlier.
_MAX_STEPS = 10_000


@dataclass(frozen=True, eq=False, repr=False)
class Decoding(ShownFields):
    """Cross-validated accuracy of a classifier of conditions.

    Attributes:
        times: Middle of each window in seconds from the event, shape ``(n_windows,)``.
        accuracy: Mean over folds, shape ``(n_ensembles, n_windows)``.
        neurons: Neurons of each ensemble, shape ``(n_ensembles, n_neurons)``.
        classes: The conditions.
        chance: Accuracy of always guessing the most frequent condition, one over their number if all are equally
            frequent.
        confusion: Share of the epochs of each condition (rows) that are taken for each (columns), over all ensembles,
            shape ``(n_windows, n_classes, n_classes)``.
    """

    times: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    neurons: NDArray[np.int64]
    classes: tuple[Any, ...]
    chance: float
    confusion: NDArray[np.float64]

    @property
    def table(self) -> pd.DataFrame:
        """Columns ``time``, ``accuracy`` (mean over ensembles), ``standard_error`` (NaN for one), ``chance``."""
        mean, error = mean_and_error(self.accuracy)
        columns = {"time": self.times, "accuracy": mean, "standard_error": error, "chance": self.chance}
        return pd.DataFrame(columns)

    @property
    def ensembles(self) -> pd.DataFrame:
        """Columns ``ensemble``, ``time``, ``accuracy`` (mean over folds)."""
        n_ensembles, n_windows = self.accuracy.shape
        columns = {
            "ensemble": np.repeat(np.arange(n_ensembles), n_windows),
            "time": np.tile(self.times, n_ensembles),
            "accuracy": self.accuracy.ravel(),
        }
        return pd.DataFrame(columns)


def mean_and_error(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean over the first axis, and its standard error; NaN for a single value."""
    n = len(values)
    spread = values.std(axis=0, ddof=1) if n > 1 else np.full(values.shape[1:], np.nan)
    return values.mean(axis=0), spread / np.sqrt(n)


def decode(
    spikes: EpochSpikes,
    conditions: Sequence[Any],
    candidates: NDArray[np.int64],
    n_all: int,
    *,
    n_neurons: int | None,
    window_ms: float,
    step_ms: float,
    n_ensembles: int,
    folds: int,
    seed: int,
    regularization: float,
    groups: Sequence[Any] | None,
    report: Callable[[int, int], None],
) -> Decoding:
    """Train and test a classifier in each window and ensemble, see `Epochs.decode`.

    Args:
        spikes: The epochs.
        conditions: Condition of each epoch.
        candidates: Neurons from which ensembles are drawn.
        n_all: Number of neurons of the network.
        n_neurons: Neurons of an ensemble; None for all candidates.
        window_ms: Length of a window.
        step_ms: From the start of a window to that of the next.
        n_ensembles: Number of ensembles.
        folds: Number of folds.
        seed: Root seed of ensembles and folds.
        regularization: Of the classifier.
        groups: Group of each epoch; epochs of a group are in the same fold. None if all are independent.
        report: Called with the number of ensembles done and their total.
    """
    classes, label = _labels(conditions)
    _check_classes(classes, np.bincount(label), whole_number("folds", folds, 2))
    if not 0 < regularization < np.inf:
        raise invalid("regularization", regularization, "a finite number above 0")
    size = len(candidates) if n_neurons is None else n_neurons
    size = whole_number("n_neurons", size, 1, len(candidates), "the neurons of the clusters that define states")
    ensembles = _ensembles(candidates, size, whole_number("n_ensembles", n_ensembles, 1), seed)
    members = None if groups is None else _groups(groups, len(label), folds)
    windows = windows_in(spikes, window_ms, step_ms, "window_ms")
    machine = _classifier(regularization)
    accuracy = np.zeros((len(ensembles), windows.n))
    confusion = np.zeros((windows.n, len(classes), len(classes)))
    for number, neurons in enumerate(ensembles):
        place = np.full(n_all, size)
        place[neurons] = np.arange(size)
        counts = counts_in(spikes, windows, place, size).astype(np.float64)
        splits = splits_of(label, folds, seed, number, members)
        _check_splits(classes, label, splits)
        for window in range(windows.n):
            accuracy[number, window] = _cross_validated(machine, counts[:, window], label, splits, confusion[window])
        report(number + 1, len(ensembles))
    chance = float(np.bincount(label).max() / len(label))
    shares = confusion / confusion.sum(axis=2, keepdims=True)
    return Decoding(windows.times(spikes), accuracy, ensembles, classes, chance, shares)


def splits_of(
    label: NDArray[np.int64], folds: int, seed: int, ensemble: int, groups: NDArray[np.int64] | None = None
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Epochs for training and testing in each fold, stratified by condition, over epochs in a random order.

    They are those of ``StratifiedKFold``, or of ``StratifiedGroupKFold`` if there are groups.
    """
    order = Stream(seed, "decoding_folds", (ensemble,)).permutation(len(label))
    selection, nothing = optional("sklearn.model_selection", "decoding"), np.zeros(len(label))
    if groups is None:
        found = selection.StratifiedKFold(folds).split(nothing, label[order])
    else:
        found = selection.StratifiedGroupKFold(folds).split(nothing, label[order], groups[order])
    return [(order[train], order[test]) for train, test in found]


def _groups(groups: Sequence[Any], n_epochs: int, folds: int) -> NDArray[np.int64] | None:
    """Number of the group of each epoch; None if each is alone."""
    if len(groups) != n_epochs:
        raise invalid("groups", list(groups), f"one for each of {n_epochs} epochs")
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    if len(numbers) < folds:
        raise InputError(
            f"folds: {folds} folds but {len(numbers)} groups of epochs found; expected at most as many folds"
        )
    return None if len(numbers) == n_epochs else np.array([numbers[group] for group in groups])


def _check_splits(
    classes: tuple[Any, ...],
    label: NDArray[np.int64],
    splits: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> None:
    """Refuse folds without epochs of a condition for training, as where each condition is a group of its own."""
    for train, test in splits:
        missing = [name for number, name in enumerate(classes) if not (label[train] == number).any()]
        if missing or not len(test):
            found = (
                f"a fold without training epochs of condition {missing[0]!r}" if missing else "a fold without epochs"
            )
            raise InputError(
                f"groups: {found} found; expected more groups with epochs of each condition, or fewer folds, as "
                "conditions are tested on groups that were not trained"
            )


def _ensembles(candidates: NDArray[np.int64], size: int, n_ensembles: int, seed: int) -> NDArray[np.int64]:
    """Neurons of each ensemble, drawn without replacement, in ascending order."""
    orders = [Stream(seed, "decoding_ensemble", (k,)).permutation(len(candidates)) for k in range(n_ensembles)]
    return np.sort(candidates[np.array([order[:size] for order in orders])], axis=1)


def _classifier(regularization: float) -> Any:
    """Standardised counts and a linear support vector machine, whose primal problem has one solution."""
    pipeline = optional("sklearn.pipeline", "decoding")
    scaler = optional("sklearn.preprocessing", "decoding").StandardScaler()
    machine = optional("sklearn.svm", "decoding").LinearSVC(C=regularization, dual=False, max_iter=_MAX_STEPS)
    return pipeline.make_pipeline(scaler, machine)


def _cross_validated(
    machine: Any,
    counts: NDArray[np.float64],
    label: NDArray[np.int64],
    splits: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
    confusion: NDArray[np.float64],
) -> float:
    """Mean accuracy over folds; predictions are added to the counts of `confusion`."""
    accuracies = []
    for train, test in splits:
        predicted = machine.fit(counts[train], label[train]).predict(counts[test])
        np.add.at(confusion, (label[test], predicted), 1)
        accuracies.append(np.mean(predicted == label[test]))
    return float(np.mean(accuracies))


def _labels(conditions: Sequence[Any]) -> tuple[tuple[Any, ...], NDArray[np.int64]]:
    """The conditions in the order of their appearance, and the number of that of each epoch."""
    if any(condition is None for condition in conditions):
        raise invalid("conditions", None, "a condition of each epoch", "give conditions=... to epochs()")
    classes = {condition: index for index, condition in enumerate(dict.fromkeys(conditions))}
    return tuple(classes), np.array([classes[condition] for condition in conditions])


def _check_classes(classes: tuple[Any, ...], numbers: NDArray[np.int64], folds: int) -> None:
    if len(classes) < 2:
        raise InputError(
            f"conditions: only {', '.join(map(repr, classes))} found; expected at least 2 conditions to decode"
        )
    if numbers.min() < folds:
        which = classes[int(numbers.argmin())]
        raise InputError(
            f"folds: {folds} folds but {numbers.min()} epochs of condition {which!r} found; expected at least as many "
            "epochs of each condition as folds"
        )
