"""How what is kept about finished items is brought up to date when something more is asked for about them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from neuro_mod.execution.jobs.ledger import Entry


class Updating(ABC):
    """For jobs whose items keep files from which more can be computed than was asked for before.

    An item about which something is missing counts as unfinished; the task gets `argument` instead of that of the item.
    """

    #: Parts of the identity of a job in which it may differ from the plan of its folder.
    revisable: Collection[str]

    @abstractmethod
    def valid(self, about: Mapping[str, Any], before: Mapping[str, Any]) -> Mapping[str, Any]:
        """What of the data about an item is still what is asked for, if it was kept under another plan.

        Args:
            about: What `Job.save` returned; its types were checked, see `Job.kinds`.
            before: The plan.
        """

    @abstractmethod
    def is_complete(self, entry: Entry) -> bool:
        """Whether nothing is missing, given what is `valid`, and files that are not damaged."""

    @abstractmethod
    def needed(self, names: Collection[str]) -> list[str]:
        """Those of the files of an item from which it is brought up to date; none if that is impossible."""

    @abstractmethod
    def argument(self, argument: Any, entry: Entry, folder: Path) -> Any:
        """Argument of the task.

        Args:
            argument: That of the item.
            entry: What is kept about it: the files that are `needed`, undamaged, and what is `valid`.
            folder: The folder.

        Raises:
            DataError: A file cannot be read.
        """

    @abstractmethod
    def summary(self, n: int) -> str:
        """What the log says about this many items that are brought up to date."""
