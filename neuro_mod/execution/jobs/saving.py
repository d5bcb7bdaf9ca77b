"""Saving the result of an item: in the thread that computed it, or where results of other processes arrive."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from neuro_mod.errors import StorageError
from neuro_mod.execution.jobs.folder import JobFolder
from neuro_mod.execution.jobs.job import Item, Job
from neuro_mod.execution.jobs.ledger import Entry
from neuro_mod.execution.progress import Progress


class Saved(NamedTuple):
    """A saved item.

    Args:
        entry: For the ledger.
        result: Its result, if it is still to be drawn.
    """

    entry: Entry
    result: Any


@dataclass(frozen=True)
class Saver:
    """Saves results of a job in its folder.

    Args:
        job: The job.
        folder: Its folder.
    """

    job: Job
    folder: JobFolder

    def compute(self, item: Item, report: Progress) -> Saved | StorageError:
        """The task of workers that are threads: they save what they have computed.

        Returns:
            What `save` returns; or the error, if nothing can be saved: it is not one of the item.
        """
        result = self.job.task(item.argument, report)
        try:
            return self.save(item, result)
        except StorageError as error:
            return error

    def save(self, item: Item, result: Any) -> Saved:
        """Save a result, in any thread.

        Raises:
            StorageError: The disk is full, say.
        """
        files = self.folder.files_of_item()
        about = self.job.save(files, item, result)
        return Saved(Entry(item.key, files.records, about), result if self.job.is_drawn(item) else None)

    def draw(self, item: Item, saved: Saved) -> Entry:
        """Save the figures of a saved item, in the main thread.

        Raises:
            StorageError: The disk is full, say.
        """
        entry = saved.entry
        if not self.job.is_drawn(item):
            return entry
        files = self.folder.files_of_item()
        self.job.draw(files, item, saved.result)
        return replace(entry, files={**entry.files, **files.records})
