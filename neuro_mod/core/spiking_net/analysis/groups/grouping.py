"""Which condition and network each session belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neuro_mod.errors import InputError, invalid

#: Fewest sessions of a group, and fewest networks of each for an uncertainty over networks.
MIN_SESSIONS = MIN_NETWORKS = 2


@dataclass(frozen=True)
class Grouping:
    """Groups of sessions: sessions of one network, networks of one group.

    Uncertainty is over *replicates*. These are the networks if each group has at least two, as sessions of one network
    are more alike than those of several; otherwise the sessions. Two groups of the same replicates are paired.

    Args:
        groups: Group of each session, ``n_sessions`` entries.
        networks: Network of each session, likewise. The same network in two groups has the same name.
        trials: Name of each session within its group and network, likewise, for pairs of sessions; None if sessions of
            different groups have nothing in common. Sessions of a group with the same network and trial, such as runs
            of different conditions with the same noise, are one replicate.

    Raises:
        InputError: There are fewer than two groups, or fewer than two sessions, or trials of one network, in one.
    """

    groups: tuple[str, ...]
    networks: tuple[str, ...]
    trials: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name, given in (("networks", self.networks), ("trials", self.trials)):
            if given is not None and len(given) != len(self.groups):
                raise invalid(name, len(given), f"one for each of the {len(self.groups)} sessions")
        if len(self.names) < 2:
            raise invalid("groups", ", ".join(self.names) or "none", "at least two groups")
        for name in self.names:
            if len(self.sessions(name)) < MIN_SESSIONS:
                raise InputError(
                    f"group {name}: one session found; expected at least {MIN_SESSIONS}, without which differences "
                    "between groups have no uncertainty"
                )
            if len(self.replicates(name)) < MIN_SESSIONS:  # of one network
                raise InputError(
                    f"group {name}: {len(self.sessions(name))} sessions of one network and trial found; expected at "
                    f"least {MIN_SESSIONS} trials, as sessions of the same noise tell nothing about others"
                )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The groups, in the order in which they first occur."""
        return tuple(dict.fromkeys(self.groups))

    def sessions(self, group: str) -> NDArray[np.int64]:
        """Numbers of the sessions of a group.

        Raises:
            InputError: There is no such group.
        """
        if group not in self.names:
            raise invalid("group", group, f"one of {', '.join(self.names)}")
        return np.flatnonzero(np.array(self.groups, object) == group)

    def n_networks(self, group: str) -> int:
        """Number of networks of a group."""
        return len({self.networks[session] for session in self.sessions(group)})

    @cached_property
    def over(self) -> Literal["networks", "sessions"]:
        """What uncertainty is over."""
        fewest = min(map(self.n_networks, self.names))
        return "networks" if fewest >= MIN_NETWORKS else "sessions"

    def replicates(self, group: str) -> Mapping[str, list[int]]:
        """The sessions of each replicate of a group, by the name of the replicate, in the order of the names."""
        replicates: dict[str, list[int]] = {}
        for session in self.sessions(group).tolist():
            replicates.setdefault(self._replicate(session), []).append(session)
        return dict(sorted(replicates.items()))

    def are_paired(self, group: str, other: str) -> bool:
        """Whether two groups have the same replicates."""
        if self.over == "sessions" and self.trials is None:
            return False
        return self.replicates(group).keys() == self.replicates(other).keys()

    def partly_paired(self, group: str, other: str) -> bool:
        """Whether two groups have some of their replicates in common, but not all."""
        common = self.replicates(group).keys() & self.replicates(other).keys()
        return bool(common) and self.replicates(group).keys() != self.replicates(other).keys()

    def _replicate(self, session: int) -> str:
        if self.over == "networks":
            return self.networks[session]
        trial = f"session {session}" if self.trials is None else f"trial {self.trials[session]}"
        return f"{self.networks[session]}, {trial}"


def grouping(
    groups: Sequence[object], networks: Iterable[object] | None = None, trials: Iterable[object] | None = None
) -> Grouping:
    """The grouping of sessions from names of any type; each group is one network if `networks` is None."""
    names = tuple(map(str, groups))
    of_networks = names if networks is None else tuple(map(str, networks))
    return Grouping(names, of_networks, None if trials is None else tuple(map(str, trials)))
