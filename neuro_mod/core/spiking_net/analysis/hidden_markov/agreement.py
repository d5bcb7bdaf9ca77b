"""How far two accounts of the same sessions agree about their states, whatever they call them.

References:
    Hubert & Arabie 1985, "Comparing partitions" (adjusted Rand index).
    Vinh, Epps & Bailey 2010, "Information theoretic measures for clusterings comparison" (adjusted mutual information).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.errors import invalid
from neuro_mod.optional import optional


@dataclass(frozen=True, eq=False)
class Agreement:
    """Agreement of states a with states b, over the time in which both assign one.

    The indices are 1 for the same partition of time under any names, and 0 on average for samples assigned at
    random. Samples of a session follow each other and are not independent: two unrelated sequences of few visits
    scatter around 0 more widely than so many samples would suggest.

    Args:
        adjusted_mutual_information: NaN if both assign nowhere.
        adjusted_rand_index: NaN if both assign nowhere.
        assigned: Fraction of the time in which both assign a state.
        seconds: Time spent in each pair, a row for each state of a, a column for each of b, each by its total time,
            the longest first.
    """

    adjusted_mutual_information: float
    adjusted_rand_index: float
    assigned: float
    seconds: pd.DataFrame

    @property
    def matches(self) -> pd.DataFrame:
        """For each state of a (the index) the ``state`` of b it mostly coincides with.

        ``seconds`` is the time of that, ``fraction`` its share of all the time counted in the state of a.
        """
        times = self.seconds.to_numpy()
        best = times.argmax(axis=1) if times.size else np.zeros(0, np.int64)
        most = times[np.arange(len(times)), best]
        columns = {"state": self.seconds.columns[best], "seconds": most, "fraction": most / times.sum(axis=1)}
        return pd.DataFrame(columns, index=self.seconds.index)


def agreement(
    occurrences_a: pd.DataFrame,
    occurrences_b: pd.DataFrame,
    durations: Sequence[float] | NDArray[np.float64],
    bin_width: float = 5e-3,
) -> Agreement:
    """Compare the states of two tables of visits to the same sessions, such as hidden and threshold states.

    Both are sampled in the middle of the bins of one grid. Bins that either leaves unassigned are left out.

    Args:
        occurrences_a: Visits with columns ``session``, ``state``, ``start`` and ``end`` in seconds.
        occurrences_b: The same of the other account.
        durations: Length of each session in seconds.
        bin_width: Of the grid in seconds.

    Raises:
        ValueError: The bin width is not positive, no session holds a bin, or a table names a session without duration.
        ImportError: scikit-learn is missing.
    """
    metrics = optional("sklearn.metrics", "hmm")
    n_bins = _bins(durations, bin_width)
    names_a, sampled_a = _sampled(occurrences_a, n_bins, bin_width)
    names_b, sampled_b = _sampled(occurrences_b, n_bins, bin_width)
    both = (sampled_a >= 0) & (sampled_b >= 0)
    a, b = sampled_a[both], sampled_b[both]
    return Agreement(
        float(metrics.adjusted_mutual_info_score(a, b)) if len(a) else np.nan,
        float(metrics.adjusted_rand_score(a, b)) if len(a) else np.nan,
        float(both.mean()),
        _contingency(a, names_a, b, names_b) * bin_width,
    )


def _bins(durations: Sequence[float] | NDArray[np.float64], bin_width: float) -> NDArray[np.int64]:
    if not bin_width > 0:
        raise invalid("bin_width", bin_width, "seconds above 0")
    n_bins = np.round(np.asarray(durations, np.float64) / bin_width).astype(np.int64)
    if not n_bins.sum():
        raise invalid("durations", list(durations), f"a session of at least bin_width, {bin_width:g} s")
    return n_bins


def _sampled(
    occurrences: pd.DataFrame, n_bins: NDArray[np.int64], bin_width: float
) -> tuple[list[Any], NDArray[np.int64]]:
    """The states, and the position among them of the state in each bin of all sessions, -1 where there is none."""
    strangers = set(occurrences["session"]) - set(range(len(n_bins)))
    if strangers:
        raise invalid("occurrences", sorted(strangers), f"sessions from 0 to {len(n_bins) - 1}, as in durations")
    names = list(dict.fromkeys(occurrences["state"]))
    position = {name: index for index, name in enumerate(names)}
    sampled = [np.full(n, -1) for n in n_bins]
    first, last = (np.ceil(occurrences[column].to_numpy() / bin_width - 0.5).astype(int) for column in ("start", "end"))
    for session, state, begin, end in zip(occurrences["session"], occurrences["state"], first, last, strict=True):
        sampled[session][begin:end] = position[state]
    return names, np.concatenate(sampled)


def _contingency(a: NDArray[np.int64], names_a: list[Any], b: NDArray[np.int64], names_b: list[Any]) -> pd.DataFrame:
    """Bins in each pair of states that occur, ordered by how often they do."""
    shape = len(names_a), len(names_b)
    cells = np.bincount(a * len(names_b) + b, minlength=math.prod(shape)).reshape(shape)
    rows, columns = (_by_total(cells.sum(axis=axis)) for axis in (1, 0))
    return pd.DataFrame(cells[np.ix_(rows, columns)], index=_index(names_a, rows), columns=_index(names_b, columns))


def _by_total(totals: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.argsort(-totals, kind="stable")[: np.count_nonzero(totals)]


def _index(names: list[Any], which: NDArray[np.int64]) -> pd.Index:
    chosen = np.empty(len(which), object)
    chosen[:] = [names[index] for index in which]
    return pd.Index(chosen, tupleize_cols=False)
