"""Attempts at a job: who ran it when, on which machine, and how far it got."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neuro_mod.errors import DataError
from neuro_mod.execution.jobs.folder import JobFolder
from neuro_mod.execution.jobs.job import Job
from neuro_mod.execution.jobs.outcome import Outcome
from neuro_mod.execution.provenance import now_in_utc, provenance
from neuro_mod.storage.names import RUN
from neuro_mod.storage.reading import read_json


class Attempt:
    """One attempt at a job, as ``run.json`` shows it beside earlier ones.

    Args:
        job: The job.
        folder: Its folder.
        outcome: What becomes of its items.
        how: How they are done, plain data.
        of_shards: Attempts at shards that are joined here.
    """

    def __init__(
        self,
        job: Job,
        folder: JobFolder,
        outcome: Outcome,
        how: Mapping[str, Any],
        of_shards: Sequence[Mapping[str, Any]] = (),
    ):
        self._job, self._folder, self._outcome, self._how = job, folder, outcome, how
        self._begin = time.time()
        self._provenance = provenance(job.config, self._begin)
        present = {attempt["shard"] for attempt in of_shards}
        own = [attempt for attempt in attempts_in(folder.path) if attempt.get("shard") not in present]
        self._earlier = [*of_shards, *own]

    def save(self, about: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Write ``run.json``, and return its content.

        Args:
            about: What `Job.conclude` returned; None at the beginning.

        Raises:
            StorageError: The disk is full, say.
        """
        earlier = list(self._earlier)
        attempt = {
            **self._how,
            "n_finished_before": self._outcome.n_before,
            "wall_seconds": time.time() - self._begin,
            **self._provenance,
            "ended": now_in_utc(),
        }
        did_nothing = about is not None and not (self._outcome.n_now or self._outcome.failures)
        if did_nothing and earlier and earlier[-1].get("concluded"):
            attempt = earlier.pop()  # which found nothing to do is not counted
        metadata = {
            **attempt,
            **self._outcome.describe(),
            "concluded": about is not None,
            **self._job.description,
            **(about or {}),
            "earlier_attempts": earlier,
        }
        self._folder.save_json(RUN, metadata)
        return metadata


def attempts_in(folder: Path) -> list[dict[str, Any]]:
    """Attempts that a folder lists, oldest first; version 0.1 called them sessions."""
    try:
        before = read_json(folder / RUN)
        name = "earlier_attempts" if "earlier_attempts" in before else "earlier_sessions"
        *earlier, latest = [*before[name], before]
    except (FileNotFoundError, DataError, TypeError, KeyError):
        return []
    attempts = [*earlier, {key: latest[key] for key in _KEPT if key in latest}]
    return [attempt for attempt in attempts if isinstance(attempt, dict) and "started" in attempt]


#: What is kept of an earlier attempt.
_KEPT = (
    "executor",
    "max_workers",
    "threads_per_worker",
    "n_finished_before",
    "n_finished",
    "concluded",
    "wall_seconds",
    "started",
    "ended",
    "command",
    "config_sha256",
    "versions",
    "git",
    "git_of_current_folder",
    "machine",
    "slurm",
)
