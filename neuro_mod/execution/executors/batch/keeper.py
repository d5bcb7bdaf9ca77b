"""Keeps jobs of a batch system going while there is work: those that end are replaced, the last ones cancelled."""

from __future__ import annotations

import logging
import math
import re
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neuro_mod.execution.executors.batch.queue import Ended, Queue, QueueSilentError
from neuro_mod.execution.executors.batch.submission import Submission, SubmissionError

if TYPE_CHECKING:
    from neuro_mod.config.cluster import Cluster

#: Seconds between two looks at the queue: while jobs wait or end, and while all of them work.
_WAITING_INTERVAL, _WORKING_INTERVAL = 5.0, 20.0
#: Seconds until the next try to submit, after the batch system did not accept a job.
_PAUSE = 10.0
#: So many jobs in a row that end before any worker of them reports stop the study.
MAX_FAILED = 3
#: A worker begins no item with fewer seconds left than this, or than the longest of the latest items took times a
#: factor, but always one in the first half of its time.
_LEAST_LEFT, _FACTOR = 10.0, 1.5
#: Jobs stop taking items at different times, up to this share of the time limit apart, so as not to end together.
_STAGGER, _N_STAGGERED = 0.05, 4
#: Seconds without any worker after which a job has ended, and those it needs to begin, where the queue tells nothing.
_GONE, _STARTING = 60.0, 30.0
#: Ends that are no fault of what a job was doing.
_NO_FAULT = frozenset(
    {"CANCELLED", "COMPLETED", "COMPLETING", "NODE_FAIL", "PENDING", "PREEMPTED", "REQUEUED", "REVOKED", "SUSPENDED"}
)

_LOG = logging.getLogger(__name__)


@dataclass
class _Job:
    """A job.

    Args:
        number: Its number in the queue.
        index: How many were submitted before.
        state: As the queue says.
        reason: Why it waits.
        ends_at: When its time is over, by the monotonic clock; None if that is not known.
        workers: Addresses of its workers that are there now.
        lost: Addresses of workers of which some is gone, so that the others soon are, too.
        first_seen: When its first worker reported; None before.
        last_seen: When it last had a worker.
        retired: Whether we have cancelled it.
        end: How it ended; None before.
    """

    number: str
    index: int
    state: str = "PENDING"
    reason: str = ""
    ends_at: float | None = None
    workers: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    first_seen: float | None = None
    last_seen: float = 0.0
    retired: bool = False
    end: Ended | None = None


class Keeper:
    """Jobs, kept by a thread until `close`.

    Args:
        cluster: How many jobs, and what each needs.
        submission: Submits and cancels them.
        queue: What the batch system says.
        name: Of the jobs in the queue.
        max_failed: So many jobs in a row that end before any worker of them reports are a failure.

    Raises:
        SubmissionError: The batch system refuses the first job.
    """

    def __init__(self, cluster: Cluster, submission: Submission, queue: Queue, name: str, max_failed: int = MAX_FAILED):
        self._cluster, self._submission, self._queue, self._name = cluster, submission, queue, name
        self._lock, self._closing, self._wake = threading.Lock(), threading.Event(), threading.Event()
        self._jobs: list[_Job] = []
        self._busy: Collection[str] = ()
        self._n_left, self._longest = 1, 0.0
        self._max_failed = max_failed
        self._n_failed, self._not_before, self._trouble = 0, 0.0, ""
        #: Why no job does any work, once that is certain.
        self.failure: str | None = None
        self._submit()
        self._thread = threading.Thread(target=self._keep, name="keeper of batch jobs", daemon=True)
        self._thread.start()

    def update(self, workers: Mapping[str, str], busy: Collection[str], n_left: int, longest: float) -> None:
        """Note what the workers do.

        Args:
            workers: Names of all workers, by their address.
            busy: Addresses of those that do an item.
            n_left: Items that are not done yet.
            longest: Seconds that the longest of the latest items took.
        """
        now = time.monotonic()
        with self._lock:
            self._busy, self._n_left, self._longest = set(busy), n_left, longest
            for job in self._active():
                before, job.workers = job.workers, {at for at, name in workers.items() if _index(name) == job.index}
                if job.workers:
                    job.last_seen, self._n_failed = now, 0
                if job.workers and job.first_seen is None:
                    job.first_seen = now
                    if not self._queue.answers:
                        job.ends_at = now + self._cluster.walltime - _STARTING
                if before and not job.workers:
                    self._wake.set()

    def may_begin(self, address: str, worker: str) -> bool:
        """Whether a worker, given its address and name, has enough time left for another item."""
        with self._lock:
            job = self._job_of(worker)
            return job is not None and job.end is None and address not in job.lost and self._takes_items(job)

    def end_of(self, worker: str, seconds: float) -> tuple[str, bool]:
        """Why a worker is gone.

        Args:
            worker: Its name.
            seconds: How long it had been doing its item.

        Returns:
            What the batch system says of its job, and whether the item may be the cause.
        """
        with self._lock:
            job = self._job_of(worker)
        if job is None or not self._queue.answers:
            return "", True
        end = job.end or self._queue.ended(job.number)
        if end.state == "RUNNING":
            return "", True
        job.lost = job.lost | job.workers
        self._wake.set()
        too_long = end.state == "TIMEOUT" and seconds > self._cluster.walltime / 2
        return end.summary, too_long or end.state not in _NO_FAULT | {"TIMEOUT"}

    @property
    def waits_for(self) -> str:
        """Why no worker takes an item."""
        with self._lock:
            states = Counter(map(self._describe, self._active()))
            said = [f"{n} {'job' if n == 1 else 'jobs'} {state}" for state, n in states.items()] or ["no job is queued"]
            return "; ".join([*said, *filter(None, [self._trouble])])

    def close(self) -> None:
        """Cancel all jobs; calling it again does nothing."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._wake.set()
        self._thread.join()
        self._queue.cancel(self._name)
        if numbers := [job.number for job in self._active()]:
            self._submission.cancel(numbers)

    def _active(self) -> Iterator[_Job]:
        return (job for job in self._jobs if job.end is None)

    def _job_of(self, worker: str) -> _Job | None:
        return next((job for job in self._jobs if job.index == _index(worker)), None)

    def _takes_items(self, job: _Job) -> bool:
        if job.retired or job.ends_at is None:
            return not job.retired
        stagger = _STAGGER * self._cluster.walltime * (job.index % _N_STAGGERED) / _N_STAGGERED
        needed = min(max(_LEAST_LEFT, _FACTOR * self._longest), self._cluster.walltime / 2)
        return job.ends_at - time.monotonic() > needed + stagger

    def _describe(self, job: _Job) -> str:
        if job.retired or not self._takes_items(job):
            return "about to end"
        if job.state == "RUNNING" or not self._queue.answers:
            begun = "running" if job.state == "RUNNING" else "submitted"
            return begun if job.workers else f"{begun}, of which no worker has reported"
        return f"{job.state.lower()}{f' ({job.reason})' if job.reason else ''}"

    def _keep(self) -> None:
        while not self._closing.is_set():
            try:
                self._look()
                self._retire()
                self._submit_missing()
            except Exception as error:  # nobody else would hear of it
                _LOG.exception("batch jobs")
                self.failure = f"{type(error).__name__}: {error}"
            with self._lock:
                all_work = all(job.workers and self._takes_items(job) for job in self._active())
            self._wake.wait(_WORKING_INTERVAL if all_work else _WAITING_INTERVAL)
            self._wake.clear()

    def _look(self) -> None:
        """Ask the queue."""
        try:
            found = self._queue.jobs(self._name)
        except QueueSilentError as error:
            self._trouble = str(error)
            return
        self._trouble, now = "", time.monotonic()
        for job in list(self._active()):
            if (queued := found.get(job.number)) is not None:
                with self._lock:
                    job.state, job.reason = queued.state, queued.reason
                    job.ends_at = None if queued.seconds_left is None else now + queued.seconds_left
            elif self._queue.answers:
                self._note_end(job, self._queue.ended(job.number))
            elif job.first_seen is not None and not job.workers and now - job.last_seen > _GONE:
                self._note_end(job, Ended("ENDED", f"job {job.number} has no workers any more"))

    def _note_end(self, job: _Job, end: Ended) -> None:
        with self._lock:
            job.end, job.workers = end, set()
        if job.retired:
            return
        _LOG.log(logging.INFO if end.state == "COMPLETED" else logging.WARNING, "%s", end.summary)
        if job.first_seen is None and end.state != "CANCELLED":
            self._n_failed += 1
        if self._n_failed >= self._max_failed:
            output = self._submission.output(job.number)
            said = f"; it printed:\n{output}" if output else ", without a message"
            jobs = "a job" if self._n_failed == 1 else f"{self._n_failed} jobs in a row"
            self.failure = f"{jobs} ended before a worker reported: {end.summary}{said}"

    def _retire(self) -> None:
        """Cancel jobs that take no more items, and those that are not needed."""
        with self._lock:
            surplus = sum(1 for job in self._active() if not job.retired) - self._n_wanted()
            idle = [job for job in self._active() if not job.retired and job.workers.isdisjoint(self._busy)]
            over = [job for job in idle if job.workers and not self._takes_items(job)]
            # those that wait first, then the latest
            spare = sorted((job for job in idle if job not in over), key=lambda job: (bool(job.workers), -job.index))
            leaving = [*over, *spare[: max(surplus - len(over), 0)]]
            for job in leaving:
                job.retired = True
        if leaving:
            self._submission.cancel([job.number for job in leaving])

    def _n_wanted(self) -> int:
        needed = math.ceil(self._n_left / self._cluster.cores)
        return min(needed, self._cluster.job_limits[1])

    def _submit_missing(self) -> None:
        while not self._closing.is_set() and self.failure is None and time.monotonic() >= self._not_before:
            with self._lock:
                n_useful = sum(1 for job in self._active() if self._takes_items(job))
                if n_useful >= self._n_wanted():
                    return
            try:
                self._submit()
            except SubmissionError as error:
                self._not_before, self._trouble = time.monotonic() + _PAUSE, str(error)
                if not error.is_busy and not any(self._active()):
                    self.failure = str(error)

    def _submit(self) -> None:
        index = len(self._jobs)
        job = _Job(self._submission.submit(f"job_{index}"), index)
        with self._lock:
            self._jobs.append(job)
        _LOG.info("job %s submitted", job.number)


def _index(worker: str) -> int:
    """The index of the job of a worker, from its name, which may have the number of the worker at its end."""
    found = re.match(r"job_(\d+)", worker)
    return int(found[1]) if found else -1
