"""Keeps jobs of a batch system going while there is work: those that end are replaced, the last ones cancelled."""

from __future__ import annotations

import logging
import math
import re
import shlex
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neuro_mod.execution.executors import left_jobs
from neuro_mod.execution.executors.batch.queue import Ended, Queue, QueuedJob, QueueSilentError
from neuro_mod.execution.executors.batch.submission import Submission, SubmissionError

if TYPE_CHECKING:
    from neuro_mod.config.cluster import Cluster

#: Seconds between two looks at the queue: while jobs wait or end, and while all of them work.
_WAITING_INTERVAL, _WORKING_INTERVAL = 5.0, 20.0
#: Seconds until the next try to submit, after the batch system did not accept a job.
_PAUSE = 10.0
#: So many jobs in a row whose workers begin no item stop the study.
MAX_FAILED = 3
#: A worker begins no item with fewer seconds left than this, or than the longest of the latest items took times a
#: factor, but always one in the first half of its time.
_LEAST_LEFT, _FACTOR = 10.0, 1.5
#: Jobs stop taking items at different times, up to this share of the time limit apart, so as not to end together.
_STAGGER, _N_STAGGERED = 0.05, 4
#: Seconds without any worker after which a job has ended, and those it needs to begin, where the queue tells nothing.
_GONE, _STARTING = 60.0, 30.0
#: Seconds for which an answer about a job holds: all its workers may end at once.
_FRESH = 5.0
#: Seconds after which a call that submits a job is said to take long, and those it has to end once it is not wanted.
_SLOW, _GRACE = 5.0, 5.0
#: Ends that are no fault of what a job was doing.
_NO_FAULT = frozenset(
    {"CANCELLED", "COMPLETED", "COMPLETING", "NODE_FAIL", "PENDING", "PREEMPTED", "REQUEUED", "REVOKED", "SUSPENDED"}
)

#: State of a job whose processes are about to end; if it is requeued, it waits again afterwards.
_ENDING = "COMPLETING"

_LOG = logging.getLogger(__name__)


@dataclass
class _Job:
    """A job.

    Args:
        number: Its number in the queue.
        index: How often one was submitted before.
        state: As the queue says.
        reason: Why it waits.
        ends_at: When its time is over, by the monotonic clock; None if that is not known.
        workers: Addresses of its workers that are there now.
        lost: Addresses of workers of which some is gone, so that the others soon are, too.
        first_seen: When its first worker reported; None before.
        last_seen: When it last had a worker.
        worked: Whether a worker has begun an item.
        retired: Whether we have cancelled it.
        end: How it ended; None before.
        asked_at: When the batch system last was asked how it ended.
        answer: What it said then; None if nothing.
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
    worked: bool = False
    retired: bool = False
    end: Ended | None = None
    asked_at: float = float("-inf")
    answer: Ended | None = None


class Keeper:
    """Jobs, kept by a thread until `close`.

    Args:
        cluster: How many jobs, and what each needs.
        submission: Submits and cancels them.
        queue: What the batch system says.
        name: Of the jobs in the queue.
        note: Given the command that cancels all jobs, each time it changes.
        max_failed: So many jobs in a row whose workers begin no item are a failure.
    """

    def __init__(
        self,
        cluster: Cluster,
        submission: Submission,
        queue: Queue,
        name: str,
        note: Callable[[Sequence[str]], None] = lambda _: None,
        max_failed: int = MAX_FAILED,
    ):
        self._cluster, self._submission, self._queue, self._name, self._note = cluster, submission, queue, name, note
        self._lock, self._closing, self._wake = threading.Lock(), threading.Event(), threading.Event()
        self._jobs: list[_Job] = []
        self._busy: set[str] = set()
        self._n_left, self._longest = 1, 0.0
        self._n_failed, self._n_tries, self._not_before = 0, 0, 0.0
        self._submitting_since: float | None = None
        #: What the queue and the last submission have to say besides.
        self._silence = self._refusal = ""
        self._max_failed = max_failed
        #: Why no job does any work, once that is certain.
        self.failure: str | None = None
        if cancelling := queue.cancelling(name):
            note(cancelling)
        self._thread = threading.Thread(target=self._keep, name="keeper of batch jobs", daemon=True)
        self._thread.start()

    def update(self, workers: Mapping[str, str], busy: Collection[str], n_left: int, longest: float) -> None:
        """Note what the workers do.

        Args:
            workers: Names of all workers, by their address.
            busy: Addresses of those that do an item.
            n_left: Items that are not done yet, at most as many as may be under way.
            longest: Seconds that the longest of the latest items took.
        """
        now = time.monotonic()
        if n_left > self._n_left:
            self._wake.set()
        with self._lock:
            self._busy, self._n_left, self._longest = set(busy), n_left, longest
            for job in self._active():
                before, job.workers = job.workers, {at for at, name in workers.items() if _index(name) == job.index}
                if job.workers:
                    job.last_seen = now
                if job.workers and job.first_seen is None:
                    job.first_seen = now
                    if not self._queue.answers:
                        job.ends_at = now + self._cluster.walltime - _STARTING
                if before and not job.workers:
                    self._wake.set()

    def may_begin(self, address: str, worker: str) -> bool:
        """Whether a worker, given its address and name, has enough time left for another item."""
        with self._lock:
            return self._may_begin(address, worker) is not None

    def begin(self, address: str, worker: str) -> bool:
        """Give a worker an item, if it may begin one: its job is not cancelled meanwhile."""
        with self._lock:
            if (job := self._may_begin(address, worker)) is None:
                return False
            job.worked, self._n_failed = True, 0
            self._busy.add(address)
            return True

    def end_of(self, worker: str, seconds: float) -> tuple[str, bool]:
        """Why a worker is gone.

        Args:
            worker: Its name.
            seconds: How long it had been doing its item.

        Returns:
            What the batch system says of its job, and whether the item may be the cause.
        """
        job = self._job_of(worker)
        if job is None:
            return "", True
        try:
            end = self._ask(job)
        except QueueSilentError as error:
            return str(error), False
        started_again = end.run_seconds is not None and end.run_seconds < seconds
        if end.state == "RUNNING" and not started_again:
            return "", True
        with self._lock:
            job.lost = job.lost | job.workers
        self._wake.set()
        if end.state == "TIMEOUT" and seconds > self._cluster.walltime / 2:
            times = f"{seconds:.0f} s of the walltime of {self._cluster.walltime} s"
            return f"{end.summary}; the item had run for {times}: choose a longer walltime", True
        return end.summary, end.state not in _NO_FAULT | {"RUNNING", "TIMEOUT"}

    @property
    def waits_for(self) -> str:
        """Why no worker takes an item."""
        since = self._submitting_since
        with self._lock:
            states = Counter(map(self._describe, self._active()))
        said = [f"{n} {'job' if n == 1 else 'jobs'} {state}" for state, n in states.items()] or ["no job is queued"]
        seconds = 0.0 if since is None else time.monotonic() - since
        slow = f"{self._submission.program} has not answered for {seconds:.0f} s" if seconds > _SLOW else ""
        return "; ".join(filter(None, [*said, self._silence, slow or self._refusal]))

    def close(self) -> None:
        """Cancel all jobs; calling it again does nothing."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._wake.set()
        self._thread.join(_GRACE)
        self._submission.give_up()
        self._thread.join()
        command = self._cancelling()
        if not left_jobs.run(command) and self._queue.answers:
            _LOG.warning("batch jobs may be left in the queue; %s cancels them", shlex.join(command))

    def _active(self) -> Iterator[_Job]:
        return (job for job in self._jobs if job.end is None)

    def _job_of(self, worker: str) -> _Job | None:
        return next((job for job in self._jobs if job.index == _index(worker)), None)

    def _may_begin(self, address: str, worker: str) -> _Job | None:
        job = self._job_of(worker)
        if job is None or job.end is not None or address in job.lost or not self._takes_items(job, time.monotonic()):
            return None
        return job

    def _takes_items(self, job: _Job, now: float) -> bool:
        """Whether the workers of a job have enough time left at some moment."""
        if job.retired or job.state == _ENDING:
            return False
        if job.ends_at is None:
            return True
        stagger = _STAGGER * self._cluster.walltime * (job.index % _N_STAGGERED) / _N_STAGGERED
        needed = min(max(_LEAST_LEFT, _FACTOR * self._longest), self._cluster.walltime / 2)
        return job.ends_at - now > needed + stagger

    def _describe(self, job: _Job) -> str:
        if not self._takes_items(job, time.monotonic()):
            return "about to end"
        if job.state == "RUNNING" or not self._queue.answers:
            begun = "running" if job.state == "RUNNING" else "submitted"
            return begun if job.workers else f"{begun}, of which no worker has reported"
        return f"{job.state.lower()}{f' ({job.reason})' if job.reason else ''}"

    def _ask(self, job: _Job) -> Ended:
        """How a job ended.

        Raises:
            QueueSilentError: The batch system does not answer.
        """
        if job.end is not None:
            return job.end
        now = time.monotonic()
        if not self._queue.answers:
            over = job.ends_at is not None and now >= job.ends_at
            return Ended("TIMEOUT" if over else "RUNNING", f"the time of job {job.number} was over")
        if now - job.asked_at > _FRESH:
            job.answer, job.asked_at = None, now
            job.answer = self._queue.ended(job.number)
        if job.answer is None:
            raise QueueSilentError("the batch system does not answer")
        return job.answer

    def _keep(self) -> None:
        while not self._closing.is_set():
            try:
                self._look()
                self._retire()
                self._submit_missing()
            except Exception as error:  # nobody else would hear of it
                _LOG.exception("batch jobs")
                self.failure = f"{type(error).__name__}: {error}"
            now = time.monotonic()
            with self._lock:
                all_work = all(job.workers and self._takes_items(job, now) for job in self._active())
            self._wake.wait(_WORKING_INTERVAL if all_work else _WAITING_INTERVAL)
            self._wake.clear()

    def _look(self) -> None:
        """Ask the queue."""
        try:
            found = self._queue.jobs(self._name)
            for job in list(self._active()):
                if (queued := found.get(job.number)) is not None:
                    self._note_state(job, queued)
                elif self._queue.answers:
                    self._note_end(job, self._queue.ended(job.number))
                elif job.first_seen is not None and not job.workers and time.monotonic() - job.last_seen > _GONE:
                    self._note_end(job, Ended("ENDED", f"job {job.number} has no workers any more"))
            self._silence = ""
        except QueueSilentError as error:
            self._silence = str(error)
            return
        if strays := found.keys() - {job.number for job in self._jobs}:  # accepted, although the call has failed
            self._submission.cancel(sorted(strays))

    def _note_state(self, job: _Job, queued: QueuedJob) -> None:
        with self._lock:
            job.state, job.reason = queued.state, queued.reason
            job.ends_at = None if queued.seconds_left is None else time.monotonic() + queued.seconds_left

    def _note_end(self, job: _Job, end: Ended) -> None:
        with self._lock:
            job.end, job.workers = end, set()
        if job.retired:
            return
        _LOG.log(logging.INFO if end.state == "COMPLETED" else logging.WARNING, "%s", end.summary)
        if not job.worked and (end.state == "COMPLETED" or end.state not in _NO_FAULT):
            output = self._submission.output(job.number)
            said = f"; it printed:\n{output}" if output else ", without a message"
            self._note_failure(f"{end.summary}{said}")

    def _note_failure(self, why: str) -> None:
        """Note that the workers of a job began no item."""
        self._n_failed += 1
        if self._n_failed == self._max_failed:
            jobs = "a job" if self._n_failed == 1 else f"{self._n_failed} jobs in a row"
            self.failure = f"{jobs} ended before a worker began an item: {why}"

    def _retire(self) -> None:
        """Cancel jobs that take no more items, and those that are not needed."""
        now = time.monotonic()
        with self._lock:
            kept = [job for job in self._active() if not job.retired and job.state != _ENDING]
            idle = [job for job in kept if job.workers.isdisjoint(self._busy)]
            useful = [job for job in kept if self._takes_items(job, now)]
            over = [job for job in idle if job.workers and job not in useful]
            spare = sorted((job for job in idle if job in useful), key=_last_to_cancel)
            leaving = [*over, *spare[: max(len(useful) - self._n_wanted(), 0)]]
            late = [job for job in over if not job.worked and not self._takes_items(job, job.first_seen or now)]
            for job in leaving:
                job.retired = True
        for job in late:
            walltime = f"of its walltime of {self._cluster.walltime} s, {(job.ends_at or now) - now:.0f} s are left"
            _LOG.warning("job %s takes no item: %s", job.number, walltime)
            self._note_failure(f"when the workers of job {job.number} reported, too little time was left ({walltime})")
        if leaving:
            self._submission.cancel([job.number for job in leaving])

    def _n_wanted(self) -> int:
        """How many jobs there should be; the fewest of the cluster file are kept while any item is left."""
        needed = min(math.ceil(self._n_left / self._cluster.cores), self._cluster.job_limits[1])
        return max(needed, self._cluster.min_jobs or 0) if self._n_left else 0

    def _submit_missing(self) -> None:
        while not self._closing.is_set() and self.failure is None and time.monotonic() >= self._not_before:
            now = time.monotonic()
            with self._lock:
                n_useful = sum(1 for job in self._active() if self._takes_items(job, now))
                if n_useful >= self._n_wanted():
                    return
            try:
                self._submit()
            except SubmissionError as error:
                self._note_refusal(error)

    def _note_refusal(self, error: SubmissionError) -> None:
        if self._closing.is_set():
            return
        if not error.is_busy and not any(self._active()):
            self.failure = f"{self._cluster.scheduler} does not accept a job: {error}"
        elif str(error) != self._refusal:
            _LOG.warning("no job is submitted: %s; tried again every %.0f s", error, _PAUSE)
        self._not_before, self._refusal = time.monotonic() + _PAUSE, str(error)

    def _submit(self) -> None:
        index, self._n_tries = self._n_tries, self._n_tries + 1
        self._submitting_since = time.monotonic()
        try:
            job = _Job(self._submission.submit(f"job_{index}"), index)
        finally:
            self._submitting_since = None
        self._refusal = ""
        with self._lock:
            self._jobs.append(job)
        if not self._queue.cancelling(self._name):
            self._note(self._cancelling())
        _LOG.info("job %s submitted", job.number)

    def _cancelling(self) -> Sequence[str]:
        """The command that cancels all jobs; empty if there are none."""
        if by_name := self._queue.cancelling(self._name):
            return by_name
        numbers = [job.number for job in self._active()]
        return [*self._submission.cancelling, *numbers] if numbers else ()


def _last_to_cancel(job: _Job) -> tuple[bool, bool, int]:
    """A key that sorts jobs: those that wait first, then those that begin, then the latest."""
    return job.state == "RUNNING", bool(job.workers), -job.index


def _index(worker: str) -> int:
    """The index of the job of a worker, from its name, which may have the number of the worker at its end."""
    found = re.match(r"job_(\d+)", worker)
    return int(found[1]) if found else -1
