"""What became of the items of a job."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from neuro_mod.errors import FailedItemsError, Interrupted
from neuro_mod.storage.names import LOG

#: How many of the slowest items are named.
_SLOWEST = 3
#: Failed items that a message lists, at most.
_LISTED = 20


@dataclass(frozen=True)
class Failure:
    """An item that failed in all its tries.

    Args:
        key: Of the item.
        name: Of the item, for messages.
        seed: Of its random numbers.
        tries: How often it was tried.
        error: The last error, on one line; its traceback is in the log.
    """

    key: str
    name: str
    seed: int | None
    tries: int
    error: str

    def summary(self) -> str:
        """Name, seed and error."""
        seed = "" if self.seed is None else f" (seed {self.seed})"
        return f"{self.name}{seed}: {self.error}"


@dataclass
class Outcome:
    """What became of the items, in this attempt and earlier ones.

    Args:
        folder: Where results are saved.
        nouns: What an item is called, and several of them.
        n_items: How many there are.
        n_before: How many of them were finished when this attempt began.
    """

    folder: Path
    nouns: tuple[str, str]
    n_items: int
    n_before: int
    #: How many this attempt finished.
    n_now: int = 0
    failures: list[Failure] = field(default_factory=list)
    #: Seconds and names of the slowest items, fastest first.
    slowest: list[tuple[float, str]] = field(default_factory=list)
    interrupted: bool = False

    @property
    def n_finished(self) -> int:
        """How many are finished."""
        return self.n_before + self.n_now

    @property
    def complete(self) -> bool:
        """Whether all are finished."""
        return self.n_finished == self.n_items

    def took(self, name: str, seconds: float) -> None:
        """Note how long an item took."""
        heapq.heappush(self.slowest, (seconds, name))
        if len(self.slowest) > _SLOWEST:
            heapq.heappop(self.slowest)

    def describe(self) -> dict[str, Any]:
        """The outcome as plain data."""
        return {
            f"n_{self.nouns[1]}": self.n_items,
            "n_finished": self.n_finished,
            "interrupted": self.interrupted,
            "failures": [asdict(failure) for failure in self.failures],
            "slowest": [{"name": name, "wall_seconds": seconds} for seconds, name in sorted(self.slowest)[::-1]],
        }

    def summary(self) -> str:
        """How many items are finished."""
        return f"{self.n_finished} of {self.n_items} {self.nouns[self.n_items != 1]} finished"

    def raise_if_incomplete(self, metadata: Mapping[str, Any]) -> None:
        """Raise an error if items are missing.

        Args:
            metadata: Of the job, for those who use what is finished.

        Raises:
            Interrupted: The job was interrupted.
            FailedItemsError: Items failed.
        """
        saved = f"{self.summary()} and saved in {self.folder}"
        if self.interrupted:
            raise Interrupted(f"interrupted; {saved}; rerun the command to resume", self, metadata)
        if self.failures:
            n_failed = len(self.failures)
            listed = [f"  {failure.summary()}" for failure in self.failures[:_LISTED]]
            more = [f"  and {n_failed - _LISTED} more"] if n_failed > _LISTED else []
            title = f"{n_failed} {self.nouns[n_failed != 1]} failed:"
            message = "\n".join([title, *listed, *more, f"{saved}; tracebacks are in {LOG}"])
            raise FailedItemsError(message, self, metadata)
