"""A job: many items, each computed independently and saved as soon as it is finished."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neuro_mod.checks import check_choice
from neuro_mod.choices import OnError
from neuro_mod.execution.executors.base import Task

if TYPE_CHECKING:
    from neuro_mod.execution.jobs.folder import JobFolder
    from neuro_mod.execution.jobs.outcome import Outcome
    from neuro_mod.storage.files import Files


@dataclass(frozen=True)
class Item:
    """One of many things to do.

    Args:
        key: What it is known by in its folder, the same whatever else is to be done.
        name: What messages call it, such as ``repeat 3``.
        argument: What the task gets.
        seed: Root of its random numbers, for messages; None if it has none of its own.
        simulated_seconds: How much it simulates.
    """

    key: str
    name: str
    argument: Any
    seed: int | None = None
    simulated_seconds: float = 0.0

    @property
    def label(self) -> str:
        """Name and seed."""
        return self.name if self.seed is None else f"{self.name} (seed {self.seed})"


@dataclass(frozen=True)
class Execution:
    """How work is done; what comes out does not depend on it.

    Args:
        executor: ``serial``, ``thread``, ``process`` or ``dask``.
        max_workers: How many items are done at once, at most; None for one for each core.
        address: Of a Dask scheduler; None for a cluster on this machine.
        on_error: Whether to go on with the other items once one has failed three times.
        force: Whether to remove what the folder holds of another job, instead of refusing to begin.
        progress: Show the progress on stderr.
    """

    executor: str = "serial"
    max_workers: int | None = None
    address: str | None = None
    on_error: OnError = "continue"
    force: bool = False
    progress: bool = False

    def __post_init__(self) -> None:
        check_choice("on_error", self.on_error, OnError)


class Job(ABC):
    """Items of one kind, and what becomes of their results. `neuro_mod.execution.jobs.run` does it.

    Everything is called in the process that does the work; the task alone runs in workers.
    """

    #: What an item is called, and many of them.
    nouns: tuple[str, str] = ("item", "items")
    #: Whether a folder may hold finished items that are no longer asked for.
    keeps_others: bool = True

    @property
    @abstractmethod
    def items(self) -> Sequence[Item]:
        """What is to be done, in this order; made when they are asked for where they are many."""

    @property
    @abstractmethod
    def task(self) -> Task:
        """Does an item, given its argument."""

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """Plain data on which the results depend; a folder never holds results of two of them.

        Neither the number of items nor how they are done belongs here.
        """

    @property
    @abstractmethod
    def config(self) -> str:
        """The resolved configuration, YAML."""

    def describe(self) -> Mapping[str, Any]:
        """What ``run.json`` says about the work from its beginning, plain data."""
        return {}

    def remarks(self) -> Sequence[str]:
        """Lines for the log at the beginning."""
        return ()

    @abstractmethod
    def prepare(self, folder: JobFolder) -> None:
        """Save what does not depend on any result."""

    @abstractmethod
    def save(self, files: Files, item: Item, result: Any) -> Mapping[str, Any]:
        """Save the files of one result, again with the same bytes if need be.

        Returns:
            What else is to be kept about it, plain data for JSON.
        """

    def in_words(self, about: Mapping[str, Any]) -> str:
        """What the log says about a finished item, given what `save` returned."""
        del about
        return ""

    @abstractmethod
    def conclude(self, folder: JobFolder, outcome: Outcome) -> Mapping[str, Any]:
        """Save what follows from all items that are finished, also where some are not.

        Returns:
            What ``run.json`` says about the results, plain data.
        """
