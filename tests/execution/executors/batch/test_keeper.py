"""The keeper of batch jobs, with a batch system that is a dictionary."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from itertools import count

import pytest

from neuro_mod.config.cluster import load_cluster
from neuro_mod.execution.executors.batch import keeper as keeping
from neuro_mod.execution.executors.batch.keeper import Keeper
from neuro_mod.execution.executors.batch.queue import Ended, QueuedJob, QueueSilentError
from neuro_mod.execution.executors.batch.submission import SubmissionError
from tests.helpers.processes import wait_until


class BatchSystem:
    """Submission and queue in one: jobs run at once, with one worker for each core, which reports when told."""

    program, answers, cancelling_command = "submit", True, ("cancel-all",)

    def __init__(self):
        self.numbers, self.queued, self.ends, self.asked = count(1), {}, {}, []
        self.cancelled, self.refusals, self.printed, self.silent = [], [], {}, False
        self.submitted, self.seconds_left, self.state = [], 1000.0, "RUNNING"
        self.hold = threading.Event()
        self.hold.set()

    def submit(self, worker):
        self.hold.wait(10)
        if self.refusals:
            raise self.refusals.pop(0)
        number = str(next(self.numbers))
        self.submitted.append((number, worker))
        self.queued[number] = QueuedJob(self.state, "", self.seconds_left if self.state == "RUNNING" else None)
        return number

    def cancel(self, numbers):
        self.cancelled += numbers
        for number in numbers:
            self.end(number, "CANCELLED")

    def give_up(self):
        self.hold.set()

    def output(self, number):
        return self.printed.get(number, "")

    def jobs(self, name):
        assert name == "name"
        if self.silent:
            raise QueueSilentError("squeue: error: Unable to contact slurm controller")
        return dict(self.queued)

    def ended(self, number):
        self.asked.append(number)
        if self.silent:
            raise QueueSilentError("scontrol: no answer")
        return self.ends.get(number, Ended("RUNNING", f"job {number} runs", 500.0))

    def cancelling(self, name):
        return (*self.cancelling_command, name) if self.cancelling_command else ()

    def end(self, number, state, run_seconds=500.0):
        self.queued.pop(number, None)
        self.ends.setdefault(number, Ended(state, f"job {number} ended: {state}", run_seconds))

    def worker(self, number):
        return next(worker for submitted, worker in self.submitted if submitted == number)

    def workers(self):
        """Those of all jobs that run, as the Dask scheduler would know them."""
        return {f"at {number}": self.worker(number) for number, job in self.queued.items() if job.state == "RUNNING"}


@pytest.fixture
def system():
    return BatchSystem()


@pytest.fixture
def keep(monkeypatch, system):
    """Starts a keeper that looks at the queue all the time."""
    for name, seconds in (("_WAITING_INTERVAL", 0.01), ("_WORKING_INTERVAL", 0.01), ("_PAUSE", 0.02), ("_FRESH", 0.05)):
        monkeypatch.setattr(keeping, name, seconds)
    ran, keepers = [], []
    monkeypatch.setattr(keeping.left_jobs, "run", lambda command: ran.append(list(command)) or True)

    def start(n_left=100, **changes):
        cluster = {"scheduler": "slurm", "walltime": 600, "cores": 1, "memory": "1 GB", "jobs": 2} | changes
        cluster = load_cluster({key: value for key, value in cluster.items() if value is not None})
        keepers.append(Keeper(cluster, system, system, "name", lambda command: ran.append(list(command))))
        keepers[-1].update({}, (), n_left, 1.0)
        return keepers[-1]

    start.ran = ran
    yield start
    for keeper in keepers:
        keeper.close()


@contextmanager
def stays(condition, seconds=0.15):
    yield
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition()
        time.sleep(0.01)


def turns(n=5):
    """Let the keeper look some times."""
    time.sleep(0.02 * n)


def test_a_job_that_ended_is_replaced_whatever_its_end(keep, system):
    keeper = keep()
    wait_until(lambda: len(system.submitted) == 2)
    keeper.update(system.workers(), (), 100, 1.0)
    for n, state in enumerate(("CANCELLED", "TIMEOUT", "COMPLETED", "NODE_FAIL", "FAILED"), 3):
        number = next(iter(system.queued))
        assert keeper.begin(f"at {number}", system.worker(number))
        system.end(number, state)
        wait_until(lambda n=n: len(system.submitted) == n)
        keeper.update(system.workers(), (), 100, 1.0)
    assert keeper.failure is None and len({worker for _, worker in system.submitted}) == len(system.submitted)


def test_three_jobs_in_a_row_that_do_nothing_end_the_study_with_what_the_last_printed(keep, system):
    keeper = keep(jobs=1)
    for n in (1, 2, 3):
        wait_until(lambda n=n: len(system.submitted) == n)
        system.printed[str(n)] = f"module {n} not found"
        system.end(str(n), "FAILED")
    wait_until(lambda: keeper.failure)
    assert keeper.failure == (
        "3 jobs in a row ended before a worker began an item: job 3 ended: FAILED; it printed:\nmodule 3 not found"
    )
    with stays(lambda: len(system.submitted) == 3):
        pass


@pytest.mark.parametrize("state", ["CANCELLED", "NODE_FAIL", "PREEMPTED"])
def test_jobs_that_others_end_are_no_failures(keep, system, state):
    keeper = keep(jobs=1)
    for n in range(1, 7):
        wait_until(lambda n=n: len(system.submitted) == n)
        system.end(str(n), state)
    wait_until(lambda: len(system.submitted) == 7)
    assert keeper.failure is None


def test_an_item_in_between_begins_the_row_anew(keep, system):
    keeper = keep(jobs=1)
    for n in range(1, 7):
        wait_until(lambda n=n: len(system.submitted) == n)
        keeper.update(system.workers(), (), 100, 1.0)
        if n % 2:
            assert keeper.begin(f"at {n}", f"job_{n - 1}")
        system.end(str(n), "FAILED")
    wait_until(lambda: len(system.submitted) == 7)
    assert keeper.failure is None


def test_jobs_whose_time_is_nearly_over_take_no_item_and_are_cancelled_once_idle(keep, system):
    keeper = keep(jobs=1)
    wait_until(lambda: system.queued)
    keeper.update(system.workers(), (), 100, 1.0)
    assert keeper.begin("at 1", "job_0") and keeper.may_begin("at 1", "job_0")
    keeper.update(system.workers(), ["at 1"], 100, 1.0)
    system.queued["1"] = QueuedJob("RUNNING", "", 9.0)
    wait_until(lambda: not keeper.may_begin("at 1", "job_0"))
    wait_until(lambda: len(system.submitted) == 2)
    with stays(lambda: system.cancelled == []):  # it still does its item
        pass
    keeper.update(system.workers(), (), 100, 1.0)
    wait_until(lambda: system.cancelled == ["1"])
    assert keeper.may_begin("at 2", "job_1") and keeper.failure is None


def test_items_that_take_long_begin_only_with_time_enough_or_in_the_first_half(keep, system):
    keeper = keep(jobs=1)
    wait_until(lambda: system.queued)
    for left, longest, may in ((80, 50, True), (70, 50, False), (310, 400, True), (290, 400, False)):
        system.queued["1"] = QueuedJob("RUNNING", "", left)
        keeper.update(system.workers(), ["at 1"], 100, longest)
        wait_until(lambda may=may: keeper.may_begin("at 1", "job_0") == may)


def test_jobs_do_not_all_stop_at_the_same_time(keep, system):
    keeper = keep(jobs=4)
    wait_until(lambda: len(system.queued) == 4)
    for number in system.queued:
        system.queued[number] = QueuedJob("RUNNING", "", 20.0)  # 10 s, and up to 5 % of 600 s
    keeper.update(system.workers(), system.workers(), 100, 1.0)
    turns()
    assert [keeper.may_begin(f"at {n}", f"job_{n - 1}") for n in (1, 2, 3, 4)] == [True, True, False, False]


def test_jobs_that_come_too_late_for_any_item_end_the_study(keep, system):
    """As on a file system that needs half a minute to load Python, with a walltime of a minute."""
    system.seconds_left = 25.0
    keeper = keep(jobs=1, walltime=60)

    def reports():
        keeper.update(system.workers(), (), 100, 45.0)
        return keeper.failure

    assert "too little time was left (of its walltime of 60 s, 25 s are left)" in wait_until(reports)
    assert len(system.submitted) == 3


def test_surplus_jobs_are_cancelled_at_the_end_waiting_ones_first(keep, system):
    keeper = keep(jobs=4)
    wait_until(lambda: len(system.queued) == 4)
    system.queued["2"] = QueuedJob("PENDING", "Resources", None)
    turns()
    workers = system.workers()
    for left, cancelled in ((3, ["2"]), (2, ["2", "4"]), (1, ["2", "4", "3"])):
        keeper.update(workers, ["at 1"], left, 1.0)
        wait_until(lambda cancelled=cancelled: system.cancelled == cancelled)
    with stays(lambda: system.cancelled == ["2", "4", "3"] and len(system.submitted) == 4):
        pass


def test_a_job_of_several_cores_is_kept_while_one_of_its_workers_is_busy(keep, system):
    keeper = keep(jobs=2, cores=2)
    wait_until(lambda: len(system.queued) == 2)
    workers = {"a": "job_0-0", "b": "job_0-1", "c": "job_1-0", "d": "job_1-1"}
    assert [keeper.begin(at, name) for at, name in workers.items()] == [True] * 4
    keeper.update(workers, ["b", "d"], 2, 1.0)
    with stays(lambda: not system.cancelled):
        pass
    keeper.update(workers, ["b"], 1, 1.0)
    wait_until(lambda: system.cancelled == ["2"])


def test_no_more_jobs_than_items_and_no_fewer_than_the_least_while_any_is_left(keep, system):
    keeper = keep(n_left=3, jobs=None, min_jobs=2, max_jobs=9, cores=1)
    wait_until(lambda: len(system.submitted) == 3)
    keeper.update(system.workers(), ["at 1"], 1, 1.0)
    wait_until(lambda: system.cancelled == ["3"])
    with stays(lambda: len(system.queued) == 2):
        pass
    keeper.update(system.workers(), (), 0, 1.0)
    wait_until(lambda: not system.queued)


def test_a_worker_that_has_an_item_is_not_cancelled_as_surplus(keep, system):
    keeper = keep(jobs=2)
    wait_until(lambda: len(system.queued) == 2)
    keeper.update(system.workers(), (), 100, 1.0)
    assert keeper.begin("at 2", "job_1")
    with keeper._lock:
        keeper._n_left = 1  # as it is until the next look at the workers
    wait_until(lambda: system.cancelled == ["1"])
    assert not keeper.begin("at 1", "job_0") and keeper.may_begin("at 2", "job_1")


def test_a_busy_controller_is_asked_again_and_that_is_said(keep, system, caplog):
    system.refusals = [SubmissionError("sbatch: Socket timed out", is_busy=True)] * 5
    keeper = keep(jobs=1)
    wait_until(lambda: "no job is queued; sbatch: Socket timed out" in keeper.waits_for or system.submitted)
    wait_until(lambda: system.submitted)
    wait_until(lambda: "timed out" not in keeper.waits_for)
    assert keeper.failure is None and caplog.text.count("no job is submitted: sbatch: Socket timed out") == 1


def test_a_refusal_ends_the_study_only_while_there_is_no_job(keep, system):
    keeper = keep(jobs=1)
    wait_until(lambda: system.submitted)
    system.refusals = [SubmissionError("sbatch: too many jobs", is_busy=False)] * 1000
    system.queued["1"] = QueuedJob("RUNNING", "", 5.0)
    keeper.update(system.workers(), ["at 1"], 100, 1.0)
    wait_until(lambda: "sbatch: too many jobs" in keeper.waits_for)
    assert keeper.failure is None
    system.end("1", "CANCELLED")
    assert wait_until(lambda: keeper.failure) == "slurm does not accept a job: sbatch: too many jobs"


def test_a_queue_that_does_not_answer_changes_nothing(keep, system):
    keeper = keep()
    wait_until(lambda: len(system.queued) == 2)
    system.silent = True
    wait_until(lambda: "Unable to contact" in keeper.waits_for)
    system.end("1", "FAILED")
    with stays(lambda: len(system.submitted) == 2 and keeper.failure is None):
        pass
    assert keeper.end_of("job_0", 3.0) == ("scontrol: no answer", False)
    assert keeper.end_of("job_0", 3.0)[1] is False and len(system.asked) == 1  # not asked for each of its workers
    system.silent = False
    wait_until(lambda: len(system.submitted) == 3 and "contact" not in keeper.waits_for)


def test_a_job_that_was_accepted_although_its_number_was_lost_is_cancelled(keep, system):
    keep(jobs=1)
    wait_until(lambda: system.queued)
    system.queued["77"] = QueuedJob("PENDING", "", None)
    wait_until(lambda: system.cancelled == ["77"])


def test_a_requeued_job_is_used_again(keep, system):
    keeper = keep(jobs=1)
    wait_until(lambda: system.queued)
    keeper.update(system.workers(), (), 100, 1.0)
    assert keeper.begin("at 1", "job_0")
    system.queued["1"] = QueuedJob("COMPLETING", "", None)  # its last processes end
    wait_until(lambda: not keeper.may_begin("at 1", "job_0"))
    system.ends["1"] = Ended("PENDING", "job 1 was requeued")
    keeper.update({}, (), 100, 1.0)
    assert keeper.end_of("job_0", 3.0) == ("job 1 was requeued", False)
    wait_until(lambda: len(system.submitted) == 2)
    system.queued["1"] = QueuedJob("PENDING", "BeginTime", None)
    wait_until(lambda: system.cancelled == ["1"])  # the other has replaced it
    assert keeper.failure is None


@pytest.mark.parametrize(
    ("state", "seconds", "its_own"),
    [
        ("CANCELLED", 400, False),
        ("COMPLETED", 1, False),
        ("COMPLETING", 1, False),
        ("NODE_FAIL", 1, False),
        ("PENDING", 1, False),
        ("PREEMPTED", 1, False),
        ("REQUEUED", 1, False),
        ("REVOKED", 1, False),
        ("SUSPENDED", 1, False),
        ("TIMEOUT", 299, False),
        ("TIMEOUT", 301, True),
        ("OUT_OF_MEMORY", 1, True),
        ("FAILED", 1, True),
        ("BOOT_FAIL", 1, True),
        ("DEADLINE", 1, True),
        ("ENDED", 1, True),
        ("RUNNING", 499, True),
        ("RUNNING", 501, False),  # it was requeued and has started again since
    ],
)
def test_whether_an_item_is_the_cause_of_the_end_of_its_worker(keep, system, state, seconds, its_own):
    keeper = keep(jobs=1)
    wait_until(lambda: system.queued)
    system.ends["1"] = Ended(state, f"job 1 ended: {state}", 500.0)
    said, found = keeper.end_of("job_0-3", seconds)
    assert found is its_own and state in (said or "RUNNING")
    if state == "TIMEOUT":
        assert ("301 s of the walltime of 600 s: choose a longer walltime" in said) is its_own


def test_workers_of_a_job_that_lost_one_begin_nothing(keep, system):
    keeper = keep(jobs=1, cores=2)
    wait_until(lambda: system.queued)
    keeper.update({"a": "job_0-0", "b": "job_0-1"}, ["a", "b"], 100, 1.0)
    system.ends["1"] = Ended("CANCELLED", "job 1 ended: CANCELLED")
    keeper.end_of("job_0-0", 3.0)
    assert not keeper.may_begin("b", "job_0-1") and keeper.end_of("nobody", 1.0) == ("", True)


def test_what_the_jobs_wait_for(keep, system):
    system.state = "PENDING"
    keeper = keep(jobs=3)
    wait_until(lambda: len(system.queued) == 3)
    assert keeper.waits_for == "3 jobs pending"
    system.queued["1"] = QueuedJob("PENDING", "Resources", None)
    system.queued["2"] = QueuedJob("RUNNING", "", 500.0)
    wait_until(
        lambda: (
            keeper.waits_for
            == "1 job pending (Resources); 1 job running, of which no worker has reported; 1 job pending"
        )
    )


def test_a_submission_that_takes_long_is_said_and_given_up_at_the_end(keep, system, monkeypatch):
    monkeypatch.setattr(keeping, "_SLOW", 0.05)
    monkeypatch.setattr(keeping, "_GRACE", 0.1)
    system.hold.clear()
    keeper = keep(jobs=1)
    wait_until(lambda: "no job is queued; submit has not answered for 0 s" in keeper.waits_for)
    keeper.close()
    assert keep.ran[-1] == ["cancel-all", "name"] and not keeper._thread.is_alive()


def test_all_jobs_are_cancelled_at_the_end_and_how_is_noted_before_the_first(keep, system, caplog, monkeypatch):
    keeper = keep()
    assert keep.ran == [["cancel-all", "name"]]
    wait_until(lambda: len(system.queued) == 2)
    monkeypatch.setattr(keeping.left_jobs, "run", lambda _: False)
    keeper.close()
    assert "batch jobs may be left in the queue; cancel-all name cancels them" in caplog.text


class Mute(BatchSystem):
    """A batch system of which nothing is known."""

    answers, cancelling_command, cancelling_program = False, (), ("qdel",)

    def jobs(self, name):
        return {}

    @property
    def cancelling(self):
        return _Both(self.cancelling_program)


class _Both(tuple):
    """The attribute of a submission, and the method of a queue."""

    def __call__(self, name):
        return ()


class TestWhereTheQueueTellsNothing:
    @pytest.fixture
    def system(self):
        return Mute()

    def test_numbers_are_noted_with_each_job_and_cancelled(self, keep, system):
        keeper = keep()
        wait_until(lambda: keep.ran[-1:] == [["qdel", "1", "2"]])
        assert keeper.waits_for == "2 jobs submitted, of which no worker has reported"
        keeper.close()
        assert keep.ran[-1] == ["qdel", "1", "2"]

    def test_a_job_without_workers_for_long_has_ended(self, keep, system, monkeypatch):
        monkeypatch.setattr(keeping, "_GONE", 0.05)
        keeper = keep(jobs=1)
        wait_until(lambda: system.submitted)
        with stays(lambda: len(system.submitted) == 1):  # it may still wait
            pass
        keeper.update({"a": "job_0"}, (), 100, 1.0)
        keeper.update({}, (), 100, 1.0)
        wait_until(lambda: len(system.submitted) == 2)

    def test_the_time_of_a_job_counts_from_its_first_worker(self, keep, system, monkeypatch):
        keeper = keep(jobs=1, walltime=60)
        wait_until(lambda: system.submitted)
        keeper.update({"a": "job_0"}, ["a"], 100, 1.0)
        assert keeper.begin("a", "job_0") and keeper.end_of("job_0", 3.0) == ("", True)
        monkeypatch.setattr(keeping, "_STARTING", 60.0)
        keeper._jobs[0].first_seen = None
        keeper.update({"a": "job_0"}, ["a"], 100, 1.0)
        assert not keeper.may_begin("a", "job_0")
        assert keeper.end_of("job_0", 3.0) == ("the time of job 1 was over", False)
