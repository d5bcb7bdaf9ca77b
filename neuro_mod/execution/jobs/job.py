"""A job: many items, each computed independently and saved as soon as it is finished."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Any, Self

import neuro_mod
from neuro_mod.checks import check_choice, check_positive
from neuro_mod.choices import OnError
from neuro_mod.execution.executors.base import Task
from neuro_mod.execution.jobs.shard import Shard
from neuro_mod.execution.jobs.updating import Updating

if TYPE_CHECKING:
    from neuro_mod.config import Experiment
    from neuro_mod.config.cluster import Cluster
    from neuro_mod.execution.jobs.folder import JobFolder
    from neuro_mod.execution.jobs.outcome import Outcome
    from neuro_mod.storage.files import Files


@dataclass(frozen=True)
class Item:
    """One of many things to do.

    Args:
        key: Identifies it in its folder, whatever other items there are.
        name: What messages call it, such as ``repeat 3``.
        argument: Argument of the task.
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
    """How a job is done; the results do not depend on it.

    Args:
        executor: ``serial``, ``thread``, ``process``, ``dask``, or a batch system: ``slurm``, ``pbs``,
            ``lsf``, ``sge`` or ``htcondor``.
        max_workers: How many items are done at once, at most; None for one for each core.
        address: Of a Dask scheduler; None for a cluster on this machine.
        on_error: ``continue`` with the other items once one has failed three times, or ``stop``.
        force: Remove results of another job from the folder, instead of refusing to begin.
        progress: Show the progress on stderr.
        cluster: From `load_cluster`: the batch jobs that have the workers, if `executor` is a batch system.
        wait_for_workers: Seconds for which all may stand still because a cluster has no workers; None for any time.
        shard: Which items are done, such as ``3/20``: every twentieth from the third on, in a folder of its own below
            the given one, where `neuro_mod.gather` joins all shards; None for all items.
    """

    executor: str = "serial"
    max_workers: int | None = None
    address: str | None = None
    on_error: OnError = "continue"
    force: bool = False
    progress: bool = False
    cluster: Cluster | None = None
    wait_for_workers: float | None = None
    shard: str | None = None

    def __post_init__(self) -> None:
        if self.shard is not None:
            Shard.parse(self.shard)
        check_choice("on_error", self.on_error, OnError)
        if self.wait_for_workers is not None:
            check_positive("wait_for_workers", self.wait_for_workers)


class Job(ABC):
    """Items of one kind, and what becomes of their results; `neuro_mod.execution.jobs.run` runs it.

    The task runs in workers, all else in the process that runs the job: `save` in any of its threads, what follows in
    the main one.

    Args:
        what: The kind of job.
        experiment: The configuration of all items.
        items: The items.
        task: Computes the result of an item, given its argument.
        determining: Plain data on which the results depend, other than configuration and items.
        description: Plain data about the job for ``run.json``, known from its beginning.
    """

    #: What an item is called, and several of them.
    nouns: tuple[str, str] = ("item", "items")
    #: Whether a folder may hold finished items that are no longer asked for.
    keeps_others: bool = True
    #: Types of what `save` returns, by name, as far as `conclude` needs it.
    kinds: Mapping[str, type | UnionType] = {}
    #: How finished items are brought up to date when more is asked for about them; None if they are done again then.
    updating: Updating | None = None
    #: What the message says if a folder holds results of a job that differs in a part of the `identity`, by its name.
    hints: Mapping[str, str] = {}
    #: Plain data from which `again` makes the same job; none if only the program of the user can make it.
    arguments: Mapping[str, Any] = {}

    def __init__(
        self,
        what: str,
        experiment: Experiment,
        items: Sequence[Item],
        task: Task,
        determining: Mapping[str, Any],
        description: Mapping[str, Any] | None = None,
    ):
        #: The items in order; a sequence that makes each on request where there are many.
        self.items = items
        self.task = task
        #: The resolved configuration, YAML.
        self.config = experiment.to_yaml()
        #: What the results depend on, other than the items; a folder holds results of one identity.
        self.identity: Mapping[str, Any] = {
            "what": what,
            "version": neuro_mod.__version__,
            **determining,
            "config": experiment.determining(),
        }
        self.description = description or {}

    @classmethod
    def again(cls, arguments: Mapping[str, Any]) -> Self:
        """The job with these `arguments`, which may have been read from a file; to conclude it, not to do items.

        Raises:
            Exception: They are not what they should be.
        """
        raise NotImplementedError(f"{cls.__name__} has no arguments: {arguments}")

    def remarks(self) -> Sequence[str]:
        """Lines for the beginning of the log."""
        return ()

    @abstractmethod
    def prepare(self, folder: JobFolder) -> None:
        """Save what does not depend on any result."""

    def compile(self) -> None:  # noqa: B027 -- optional
        """Compile what the task needs, once for all workers, which are about to start on this machine."""

    @abstractmethod
    def save(self, files: Files, item: Item, result: Any) -> Mapping[str, Any]:
        """Save the files of one result, with the same bytes each time.

        Returns:
            Other plain data to keep about it.
        """

    def is_drawn(self, item: Item) -> bool:
        """Whether `draw` is called for an item, whose result then is kept for a while."""
        del item
        return False

    def draw(self, files: Files, item: Item, result: Any) -> None:  # noqa: B027 -- optional
        """Save figures of one result, once it is saved and the workers are busy."""

    def summary(self, about: Mapping[str, Any]) -> str:
        """What the log says about a finished item, given what `save` returned."""
        del about
        return ""

    @abstractmethod
    def conclude(self, folder: JobFolder, outcome: Outcome) -> Mapping[str, Any]:
        """Save what follows from the finished items, of which some may be missing.

        Returns:
            Plain data about the results for ``run.json``.
        """
