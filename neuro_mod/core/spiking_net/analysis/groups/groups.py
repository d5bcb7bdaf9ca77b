"""Sessions under several conditions: quantities of each, their differences, their survival curves and states."""

from __future__ import annotations

import logging
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.groups.grouping import Grouping
from neuro_mod.core.spiking_net.analysis.groups.tables import (
    GroupValues,
    Key,
    difference_table,
    group_table,
    replicate_table,
    values_of_groups,
)
from neuro_mod.core.spiking_net.analysis.states import transitions as chains
from neuro_mod.core.spiking_net.analysis.states.lifetimes import Survival, survival
from neuro_mod.core.spiking_net.analysis.states.names import State
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables
from neuro_mod.errors import InputError, invalid

if TYPE_CHECKING:
    from neuro_mod.core.spiking_net.analysis.hidden_markov.model import HiddenMarkov

_LOG = logging.getLogger(__name__)

#: Lengths of recordings are compared without a warning up to this ratio.
_SAME_LENGTH = 1.1


class Groups:
    """Sessions under several conditions; from `Analyzer.groups`.

    A warning is logged if sessions, or whole recordings, of a group are longer than those of the reference by more than
    a tenth, or shorter, as some quantities depend on these lengths.

    Args:
        tables: Visits and activations of all sessions.
        grouping: Group and network of each session.
        reference: The group that the others are compared with; by default the first.
        hidden_markov: A model that was fitted to all sessions.
        analyzer: The `Analyzer` of these sessions, which figures need.

    Raises:
        InputError: There is no such group.
    """

    def __init__(
        self,
        tables: SessionTables,
        grouping: Grouping,
        reference: object = None,
        hidden_markov: HiddenMarkov | None = None,
        analyzer: Any = None,
    ):
        #: Group and network of each session.
        self.grouping = grouping
        #: The group that the others are compared with.
        self.reference = grouping.names[0] if reference is None else str(reference)
        grouping.sessions(self.reference)
        self._tables, self._hidden_markov, self._analyzer = tables, hidden_markov, analyzer
        self._differences: dict[int, pd.DataFrame] = {}
        if len(grouping.groups) == tables.n_sessions:  # else refused once quantities are computed
            _warn_of_lengths(tables.durations, grouping, self.reference)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}: {len(self.grouping.sessions(name))} sessions" for name in self.names)
        return f"Groups({shown}; uncertainty over {self.grouping.over})"

    @property
    def names(self) -> tuple[str, ...]:
        """The groups."""
        return self.grouping.names

    @cached_property
    def values(self) -> tuple[list[Key], dict[str, GroupValues]]:
        """What each quantity is, and the values of each group and its replicates."""
        return values_of_groups(self._tables, self.grouping, self._hidden)

    @property
    def _hidden(self) -> SessionTables | None:
        model = self._hidden_markov
        if model is None:
            return None
        unknown = np.full(model.n_sessions, np.nan)
        return SessionTables(model.visits, model.durations, np.empty(0, np.int64), None, unknown)

    def table(self) -> pd.DataFrame:
        """Every quantity of each group with its standard error.

        Returns:
            One row per quantity and group: ``quantity``; ``of``, a cluster, a number of active clusters, the hidden
            states, or empty; ``group``; ``value``; ``standard_error``; ``n``, the networks or sessions in which it is
            defined; ``over``, which of these.
        """
        return group_table(*self.values, self.grouping)

    def replicates(self) -> pd.DataFrame:
        """Every quantity of each network, or session: ``quantity, of, group, network`` or ``session``, ``value``."""
        return replicate_table(*self.values, self.grouping)

    def differences(self, seed: int = 0) -> pd.DataFrame:
        """Differences of each group from the reference, with permutation tests.

        The standard error of a difference of paired groups is that of the differences within pairs. The p value is not
        corrected for the number of quantities; those of single clusters and numbers of active clusters are not tested.

        Args:
            seed: Of random permutations, where there are too many to try all.

        Returns:
            One row per quantity and group other than the reference: ``quantity`` and ``of``, as in `table`; ``group``,
            ``reference``; ``difference`` and ``standard_error``; ``n`` and ``n_reference``, the networks or sessions;
            ``paired``; ``p_value``, and ``least_p``, the smallest possible one.
        """
        if seed not in self._differences:
            self._differences[seed] = difference_table(*self.values, self.grouping, self.reference, seed)
        return self._differences[seed].copy()

    def survival(self, of: str = "states") -> dict[str, Survival]:
        """Survival curves by group.

        Args:
            of: ``states`` (visits), ``activations``, ``intervals`` between activations, or ``hidden`` (visits of the
                states of the hidden Markov model).

        Raises:
            InputError: There is no such thing, or no model was fitted.
        """
        table = self._spans(of)
        session = table["session"].to_numpy()
        return {name: survival(table.loc[np.isin(session, self.grouping.sessions(name))]) for name in self.names}

    def states(self) -> pd.DataFrame:
        """Probability of each state in each group, one row per state of any group, in the same order for all.

        Returns:
            ``state``, ``n_active``, and a column for each group.
        """
        visits = self._tables.visits
        codes, n = self._tables.state_codes, len(self.shared_states)
        columns = {}
        for name in self.names:
            inside = np.isin(visits["session"].to_numpy(), self.grouping.sessions(name))
            time = np.bincount(codes[inside], visits["duration"].to_numpy()[inside], n)
            columns[name] = time / self._tables.durations[self.grouping.sessions(name)].sum()
        n_active = [len(state) if isinstance(state, tuple) else -1 for state in self.shared_states]
        return pd.DataFrame({"state": pd.Series(self.shared_states, dtype=object), "n_active": n_active} | columns)

    @property
    def shared_states(self) -> list[State]:
        """All states of all groups, in the order of the rows of `states` and of transition matrices."""
        return self._tables.states

    def transition_counts(self, group: str) -> NDArray[np.int64]:
        """How often each of `shared_states` (row) was followed by each (column) in a group."""
        part = self._tables.select(self.grouping.sessions(group))
        return chains.transition_counts(chains.transition_table(part.visits), self.shared_states)

    def plot(
        self,
        name: str | None = None,
        *,
        ax: Any = None,
        t_from: float | None = None,
        t_to: float | None = None,
        style: str | None = None,
    ) -> Any:
        """Draw a figure.

        Args:
            name: ``group_values``, ``group_rasters``, ``group_lifetimes``, ``group_activations``, ``group_intervals``,
                or, with a hidden Markov model, ``group_hidden_lifetimes``. By default the first of them that there is.
            ax: As for `Analyzer.plot`, as are ``t_from`` and ``t_to`` (of ``group_rasters``) and ``style``.
            t_from: See ``ax``.
            t_to: See ``ax``.
            style: See ``ax``.

        Returns:
            The new figure, which shows itself in a notebook; None if it was drawn in ``ax``.

        Raises:
            InputError: There is no such figure, or the groups are not those of an analyzer.
        """
        if self._analyzer is None:
            raise InputError("figures of groups need their analyzer: make the groups by Analyzer.groups")
        # figures are drawn on a layer above, which is loaded by its name as public names are
        pictures = import_module("neuro_mod.execution.analysis.groups")
        return pictures.plot_groups(self, self._analyzer, name, ax=ax, window=(t_from, t_to), style=style)

    def _spans(self, of: str) -> pd.DataFrame:
        if of == "hidden":
            if self._hidden_markov is None:
                raise invalid("of", of, "another", "call fit_hidden_markov() of the analyzer first")
            return self._hidden_markov.visits
        if of not in ("states", "activations", "intervals"):
            raise invalid("of", of, "states, activations, intervals, or hidden")
        tables = self._tables
        return (
            tables.visits if of == "states" else tables.known_activations if of == "activations" else tables.intervals
        )


def _warn_of_lengths(durations: NDArray[np.float64], grouping: Grouping, reference: str) -> None:
    """Log a warning for each group that differs from the reference in what some quantities depend on.

    Args:
        durations: Length of each session in seconds.
        grouping: The grouping.
        reference: The group that the others are compared with.
    """
    whose, network = ("", "") if grouping.over == "sessions" else ("a network of ", ", each")
    of_session, of_estimate = {}, {}
    for name in grouping.names:
        own = durations[grouping.sessions(name)]
        of_session[name] = float(own.mean())
        of_estimate[name] = float(own.sum()) / (grouping.n_networks(name) if network else 1)
    for name in grouping.names:
        if _differ(of_session[name], of_session[reference]):
            _LOG.warning(
                "sessions of group %s last %.3g s, those of %s %.3g s: in shorter sessions fewer long activations, "
                "intervals and visits are seen from start to end, so that their mean durations and CV are too small; "
                "compare sessions of equal length",
                *(name, of_session[name], reference, of_session[reference]),
            )
        if _differ(of_estimate[name], of_estimate[reference]):
            _LOG.warning(
                "recordings of %sgroup %s last %.3g s in all, of %s %.3g s%s: the entropy and the number of states are "
                "too small in short recordings; compare recordings of equal length",
                *(whose, name, of_estimate[name], reference, of_estimate[reference], network),
            )


def _differ(length: float, other: float) -> bool:
    return max(length, other) > _SAME_LENGTH * min(length, other)
