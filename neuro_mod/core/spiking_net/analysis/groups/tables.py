"""Tables of quantities by group, and of their differences, with uncertainty over networks or sessions."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.jackknife import deviation_of_left_out
from neuro_mod.core.spiking_net.analysis.groups.grouping import Grouping
from neuro_mod.core.spiking_net.analysis.groups.permutation import N_PERMUTATIONS, permutation_test
from neuro_mod.core.spiking_net.analysis.states.quantities import QUANTITIES, StateQuantity, time_by_number_active
from neuro_mod.core.spiking_net.analysis.states.quantity_tables import OF_CLUSTERS, OF_HIDDEN_STATES, OF_NUMBERS_ACTIVE
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables
from neuro_mod.errors import invalid

_LOG = logging.getLogger(__name__)

#: Types of the columns of a table of groups.
GROUP_COLUMNS = {
    "quantity": object,
    "of": object,
    "group": object,
    "value": np.float64,
    "standard_error": np.float64,
    "n": np.int64,
    "over": object,
}
#: Types of the columns of a table of differences.
DIFFERENCE_COLUMNS = {
    "quantity": object,
    "of": object,
    "group": object,
    "reference": object,
    "difference": np.float64,
    "standard_error": np.float64,
    "n": np.int64,
    "n_reference": np.int64,
    "paired": np.bool_,
    "p_value": np.float64,
    "least_p": np.float64,
}


#: What a row is about: the quantity, and the cluster, the number of active clusters or `HIDDEN` it is of; else empty.
Key = tuple[str, str]
HIDDEN = "hidden states"


@dataclass(frozen=True, eq=False)
class GroupValues:
    """Quantities of one group.

    Args:
        replicates: Names of its networks or sessions, see `Grouping.over`.
        of_replicates: Quantities of each replicate alone, shape ``(n_replicates, n_quantities)``; NaN where undefined.
        value: Quantities of the group, shape ``(n_quantities,)``.
        without: Quantities of the group without each replicate, shape ``(n_replicates, n_quantities)``; None over
            networks.
    """

    replicates: tuple[str, ...]
    of_replicates: NDArray[np.float64]
    value: NDArray[np.float64]
    without: NDArray[np.float64] | None

    def errors(self) -> NDArray[np.float64]:
        """Standard errors, shape ``(n_quantities,)``: of the mean over networks, or a jackknife over sessions."""
        return _errors_of_means(self.of_replicates) if self.without is None else deviation_of_left_out(self.without)

    def minus(self, other: GroupValues) -> GroupValues:
        """Differences from a group of the same replicates; over networks, of those in which both are defined."""
        of_replicates = self.of_replicates - other.of_replicates
        if self.without is None or other.without is None:
            return GroupValues(self.replicates, of_replicates, _means(of_replicates), None)
        return GroupValues(self.replicates, of_replicates, self.value - other.value, self.without - other.without)


def values_of_groups(
    tables: SessionTables, grouping: Grouping, hidden: SessionTables | None = None
) -> tuple[list[Key], dict[str, GroupValues]]:
    """All quantities of each group and of its replicates.

    Over networks, the value of a group is the mean of those of its networks, each from all its sessions. Over sessions,
    it comes from all sessions together, as those of single sessions may be undefined, or biased.

    Args:
        tables: Visits and activations of all sessions.
        grouping: Group and network of each session.
        hidden: Visits of hidden states of the same sessions, if a model was fitted.

    Returns:
        What each quantity is, and the values of each group.

    Raises:
        InputError: The grouping is of another number of sessions.
    """
    if len(grouping.groups) != tables.n_sessions:
        raise invalid("groups", len(grouping.groups), f"one for each of the {tables.n_sessions} sessions")
    keys: list[Key] = []
    groups = {}
    for name in grouping.names:
        replicates = grouping.replicates(name)
        members = np.zeros((len(replicates), tables.n_sessions))
        for row, sessions in zip(members, replicates.values(), strict=True):
            row[sessions] = 1.0
        everything = members.sum(axis=0)
        keys, of_replicates = item_values(tables, members, hidden)
        if grouping.over == "networks":
            value, without = _means(of_replicates), None
        else:
            value = item_values(tables, everything[None], hidden)[1][0]
            without = item_values(tables, everything - members, hidden)[1]
        groups[name] = GroupValues(tuple(replicates), of_replicates, value, without)
    return keys, groups


def group_table(keys: Sequence[Key], groups: Mapping[str, GroupValues], grouping: Grouping) -> pd.DataFrame:
    """One row for each quantity and group, `GROUP_COLUMNS`; ``n`` counts the replicates in which it is defined."""
    rows = []
    for name, values in groups.items():
        n = np.isfinite(values.of_replicates).sum(axis=0)
        for key, *numbers in zip(keys, values.value, values.errors(), n, strict=True):
            rows.append((*key, name, *numbers, grouping.over))
    place = {key: k for k, key in enumerate(keys)}
    rows.sort(key=lambda row: place[row[:2]])
    return pd.DataFrame(rows, columns=list(GROUP_COLUMNS)).astype(GROUP_COLUMNS)


def replicate_table(keys: Sequence[Key], groups: Mapping[str, GroupValues], grouping: Grouping) -> pd.DataFrame:
    """One row for each quantity and replicate: ``quantity, of, group``, ``network`` or ``session``, ``value``."""
    columns = ["quantity", "of", "group", grouping.over.removesuffix("s"), "value"]
    rows = [
        (*key, name, replicate, value)
        for name, values in groups.items()
        for replicate, of_replicate in zip(values.replicates, values.of_replicates, strict=True)
        for key, value in zip(keys, of_replicate, strict=True)
    ]
    return pd.DataFrame(rows, columns=columns)


def difference_table(
    keys: Sequence[Key], groups: Mapping[str, GroupValues], grouping: Grouping, reference: str, seed: int = 0
) -> pd.DataFrame:
    """One row for each quantity and group other than the reference, `DIFFERENCE_COLUMNS`.

    The standard error of a difference of paired groups is that of the differences within pairs; otherwise it is
    ``sqrt(se^2 + se_reference^2)``. The p value is that of `permutation_test`, over the values of replicates. It is not
    corrected for the number of quantities; those of single clusters and numbers of active clusters are many, and are
    not tested.

    Args:
        keys: As `values_of_groups` returns them.
        groups: Likewise.
        grouping: The grouping.
        reference: The group that the others are compared with.
        seed: Seed of random permutations.

    Raises:
        InputError: There is no such group.
    """
    grouping.sessions(reference)
    rows: list[tuple[Any, ...]] = []
    base = groups[reference]
    for name, values in groups.items():
        if name == reference:
            continue
        paired = grouping.are_paired(name, reference)
        if not paired and grouping.partly_paired(name, reference):
            _LOG.warning(
                "groups %s and %s have some %s in common, but not all; they are compared as if they had none",
                *(name, reference, grouping.over),
            )
        if paired:
            change = values.minus(base)
            difference, errors = change.value, change.errors()
        else:
            difference, errors = values.value - base.value, np.hypot(values.errors(), base.errors())
        for k, key in enumerate(keys):
            both = values.of_replicates[:, k], base.of_replicates[:, k]
            test = permutation_test(
                *both, paired=paired, seed=seed, n_permutations=N_PERMUTATIONS if key[1] in ("", HIDDEN) else 0
            )
            rows.append((*key, name, reference, difference[k], errors[k], *test[:2], paired, *test[2:]))
    place = {key: k for k, key in enumerate(keys)}
    rows.sort(key=lambda row: place[row[:2]])
    return pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS)).astype(DIFFERENCE_COLUMNS)


def item_values(
    tables: SessionTables, weights: NDArray[np.float64], hidden: SessionTables | None = None
) -> tuple[list[Key], NDArray[np.float64]]:
    """All quantities under weights of sessions: of everything, each cluster, each number active, and hidden states.

    Returns:
        What each is, and the estimates, shape ``(n_estimates, n_quantities)``.
    """
    numbers = range(tables.n_active.max(initial=-1) + 1)
    columns = _columns(tables, weights, "", QUANTITIES.values())
    for label in tables.labels.tolist():
        columns |= _columns(tables.of_cluster(label), weights, f"cluster {label}", OF_CLUSTERS)
    probabilities = time_by_number_active(len(numbers))(tables, weights)
    for n in numbers:
        of = f"{n} active"
        columns["probability", of] = probabilities[:, n]
        columns |= _columns(tables.of_number_active(n), weights, of, OF_NUMBERS_ACTIVE)
    if hidden is not None:
        columns |= _columns(hidden, weights, HIDDEN, OF_HIDDEN_STATES)
    return list(columns), np.column_stack(list(columns.values()))


def _columns(
    tables: SessionTables, weights: NDArray[np.float64], of: str, quantities: Iterable[StateQuantity]
) -> dict[Key, NDArray[np.float64]]:
    return {(each.name, of): each.of(tables, weights) for each in quantities if each.known(tables)}


def _means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over rows, of those that are defined; NaN where none is."""
    n = np.isfinite(values).sum(axis=0)
    return np.divide(np.nansum(values, axis=0), n, out=np.full(values.shape[1], np.nan), where=n > 0)


def _errors_of_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard errors of `_means`; NaN with fewer than two."""
    n = np.isfinite(values).sum(axis=0)
    squares = np.nansum((values - _means(values)) ** 2, axis=0)
    return np.sqrt(np.divide(squares, n * (n - 1), out=np.full(values.shape[1], np.nan), where=n > 1))
