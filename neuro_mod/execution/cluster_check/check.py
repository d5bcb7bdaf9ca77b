"""Submits a batch job as a cluster file says, and tells what it saw."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from neuro_mod.checks import check_positive
from neuro_mod.errors import ClusterLostError, NeuroModError, StorageError
from neuro_mod.execution.cluster_check import findings
from neuro_mod.execution.cluster_check.findings import Finding
from neuro_mod.execution.cluster_check.node import FROM_HERE, FROM_NODE, Seen, all_versions, look, simulate, when_seen
from neuro_mod.execution.executors import Completion, Executor, start_executor
from neuro_mod.execution.jobs.job import Item
from neuro_mod.execution.jobs.loop import Loop
from neuro_mod.execution.progress import items_shown

if TYPE_CHECKING:
    from neuro_mod.config.cluster import Cluster

#: Seconds between two lines in a log while the job waits.
_LOG_INTERVAL = 5.0
#: Seconds that the other workers of the job have after the first.
_OTHER_WORKERS = 10.0
#: Tries to remove the folder of a check, a second apart, while the job may still write to it.
_REMOVALS = 3


@dataclass
class Report:
    """What a check found.

    Args:
        findings: As far as it got.
        failure: Why it got no further; None if it did.
        queue_seconds: For how long the job waited in the queue.
        start_seconds: From then until a worker reported.
        n_workers: How many workers the job had.
        seen: What a worker saw.
    """

    findings: list[Finding] = field(default_factory=list)
    failure: NeuroModError | None = None
    queue_seconds: float | None = None
    start_seconds: float | None = None
    n_workers: int = 0
    seen: Seen | None = None

    @property
    def works(self) -> bool:
        """Whether a study would work."""
        return self.failure is None and not any(finding.level == "error" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        seen = None if self.seen is None else self.seen._asdict() | {"simulated": self.seen.simulated._asdict()}
        failure = self.failure and "\n".join([str(self.failure), *getattr(self.failure, "__notes__", ())])
        return {
            "works": self.works,
            "failure": failure,
            "findings": [finding._asdict() for finding in self.findings],
            "queue_seconds": self.queue_seconds,
            "start_seconds": self.start_seconds,
            "n_workers": self.n_workers,
            "seen": seen,
        }


def try_cluster(cluster: Cluster, out: Path, wait_for_workers: float | None, *, progress: bool = False) -> Report:
    """Submit one batch job, and find out whether a study would work; nothing is left in the queue.

    Args:
        cluster: The batch job.
        out: Folder for results of a study, which the node must see.
        wait_for_workers: Seconds that the job has to start; None for any time.
        progress: Show on stderr what the job waits for.

    Raises:
        StorageError: Nothing can be written in the folder.
        KeyboardInterrupt: Ctrl-C; the job is cancelled.
    """
    if wait_for_workers is not None:
        check_positive("wait_for_workers", wait_for_workers)
    out = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.is_dir())
    report, word = Report(), uuid4().hex
    with _folder_of_its_own(out) as folder:
        (folder / FROM_HERE).write_text(word)
        loop = _Check(cluster, (folder, word), wait_for_workers)
        try:
            loop.submit_job(folder / "logs", progress)
        except NeuroModError as error:
            report.failure = error
            _look_for_output(folder, out, error)
            return report
        from_node = when_seen(folder / FROM_NODE)
    seen = report.seen = loop.seen
    assert seen is not None
    total = loop.reported_at - loop.submitted_at
    report.n_workers, report.start_seconds = loop.n_workers, min(seen.job_seconds, total)
    report.queue_seconds = total - report.start_seconds
    waited = f"{report.queue_seconds:.0f} s in the queue, {report.start_seconds:.0f} s until a worker reported"
    report.findings = [
        Finding("job", f"accepted by {cluster.scheduler}; {waited}"),
        *findings.node_findings(cluster, seen, loop.n_workers),
        *findings.version_findings(seen.versions, all_versions()),
        findings.folder_finding(out, word, seen, from_node),
        findings.kernel_finding(seen),
        findings.clock_finding(seen.clock, loop.sent_at, loop.received_at),
        findings.simulation_finding(seen, simulate()),
    ]
    return report


class _Check(Loop):
    """Does the one item of a check in one batch job.

    Args:
        cluster: The batch job.
        asked: Argument of `look`.
        patience: As for `Loop`.
    """

    def __init__(self, cluster: Cluster, asked: tuple[Path, str], patience: float | None):
        super().__init__([Item("check", "check", asked)], [0], 1, "stop", patience)
        self._cluster = cluster.model_copy(update={"jobs": 1, "min_jobs": None, "max_jobs": None})
        self._executor: Executor | None = None
        self.seen: Seen | None = None
        self.n_workers = 0
        #: By the monotonic clock.
        self.submitted_at = self.reported_at = 0.0
        #: As `time.time` counts.
        self.sent_at = self.received_at = 0.0

    def submit_job(self, logs: Path, progress: bool) -> None:
        """Submit the job, and cancel it once the item is done."""
        one = self._cluster
        with items_shown("checks", 1, 0, 0.0, shown=progress, log_interval=_LOG_INTERVAL) as shown:
            start = (one.scheduler, look, one.cores, logs, shown.advanced)
            self._executor = start_executor(*start, cluster=one, max_failed_jobs=1)
            self.submitted_at = time.monotonic()
            self.run(self._executor, shown)

    def _argument(self, item: Item) -> Any:
        self.reported_at, self.sent_at = time.monotonic(), time.time()
        return item.argument

    def _take(self, item: Item, completion: Completion) -> Completion:
        self.seen, self.received_at = completion.result, time.time()
        assert self._executor is not None
        deadline = time.monotonic() + _OTHER_WORKERS
        while (n := self._executor.capacity) < self._cluster.cores and time.monotonic() < deadline:
            self._executor.wait(0.2)
        self.n_workers = n
        return completion

    def _failed(self, item: Item, error: Exception, completion: Completion, n_tries: int, final: bool) -> None:
        del item, n_tries, final
        if isinstance(error, NeuroModError):
            raise error
        raise ClusterLostError(f"failed on the node, in {completion.worker}: {type(error).__name__}: {error}")


@contextmanager
def _folder_of_its_own(base: Path) -> Iterator[Path]:
    try:
        folder = Path(tempfile.mkdtemp(prefix=".neuro_mod-check-", dir=base))
    except OSError as error:
        raise StorageError(f"cannot write {base}: {error.strerror}") from error
    try:
        yield folder
    finally:
        for _ in range(_REMOVALS):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(1)


def _look_for_output(folder: Path, out: Path, error: NeuroModError) -> None:
    """Note that a job has ended without any output, which it could not write where the node does not see the folder."""
    if isinstance(error, ClusterLostError) and not any(folder.glob("logs/*")):
        error.add_note(f"the job could not write its output: does the node see {out}, and may it write there?")
