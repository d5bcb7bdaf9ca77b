"""Who did work when and on what, also where it took several attempts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from neuro_mod.errors import DataError
from neuro_mod.execution.jobs.folder import JobFolder
from neuro_mod.execution.jobs.job import Job
from neuro_mod.execution.jobs.outcome import Outcome
from neuro_mod.execution.provenance import provenance
from neuro_mod.storage.names import RUN
from neuro_mod.storage.reading import read_json


class Attempt:
    """One attempt at a job, as ``run.json`` shows it beside the earlier ones.

    Args:
        job: The job.
        folder: Its folder.
        outcome: What becomes of the items.
        how: How they are done.
    """

    def __init__(self, job: Job, folder: JobFolder, outcome: Outcome, how: Mapping[str, Any]):
        self._job, self._folder, self._outcome, self._how = job, folder, outcome, how
        self._begin = time.time()
        self._earlier = _sessions(folder)

    def save(self, about: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Write ``run.json``: at the beginning, and with what is known about the results at the end; returns it.

        Raises:
            StorageError: The disk is full, say.
        """
        earlier = list(self._earlier)
        session = {
            **self._how,
            "n_finished_before": self._outcome.n_before,
            "wall_seconds": time.time() - self._begin,
            **provenance(self._job.config, self._begin),
        }
        did_nothing = about is not None and not (self._outcome.n_now or self._outcome.failures)
        if did_nothing and earlier and earlier[-1].get("concluded"):
            session = earlier.pop()  # whoever only looked is no session
        metadata = {
            **session,
            **self._outcome.describe(),
            "concluded": about is not None,
            **self._job.describe(),
            **(about or {}),
            "earlier_sessions": earlier,
        }
        self._folder.save_json(RUN, metadata)
        return metadata


def _sessions(folder: JobFolder) -> list[dict[str, Any]]:
    """Of earlier attempts, oldest first."""
    try:
        before = read_json(folder.path / RUN)
        *earlier, latest = [*before["earlier_sessions"], before]
    except (FileNotFoundError, DataError, TypeError, KeyError):
        return []
    sessions = [*earlier, {key: latest[key] for key in _KEPT if key in latest}]
    return [session for session in sessions if isinstance(session, dict) and "started" in session]


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
