"""Submitting jobs to a batch system, and cancelling them, through dask-jobqueue."""

from __future__ import annotations

import asyncio
import re
import shlex
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import Security

from neuro_mod.config.cluster import size_text
from neuro_mod.errors import NeuroModError
from neuro_mod.execution.executors import dask_worker
from neuro_mod.execution.executors.core_limit import ONE_THREAD
from neuro_mod.execution.executors.dask_scheduler import python_path

if TYPE_CHECKING:
    from neuro_mod.config.cluster import Cluster

#: Module and class of dask-jobqueue for each batch system.
_JOBS = {
    "slurm": ("slurm", "SLURMJob"),
    "pbs": ("pbs", "PBSJob"),
    "lsf": ("lsf", "LSFJob"),
    "sge": ("sge", "SGEJob"),
    "htcondor": ("htcondor", "HTCondorJob"),
}
#: Seconds that a worker waits for its scheduler before it ends.
_DEATH_TIMEOUT = 60
#: What batch systems say while they are restarted or busy.
_BUSY = re.compile(r"contact|connect|timed? ?out|temporar|try again|unreachable|not responding", re.IGNORECASE)


class SubmissionError(NeuroModError, RuntimeError):
    """The batch system refuses a job; the message is its own.

    Args:
        message: What it said.
        is_busy: Whether it may accept the job later.
    """

    def __init__(self, message: str, is_busy: bool):
        super().__init__(message)
        self.is_busy = is_busy


class Submission:
    """Submits jobs that have workers of one core each.

    Args:
        cluster: What a job needs, and where to submit it.
        address: Of the Dask scheduler.
        security: Keys of its connections.
        name: Name of all jobs in the queue.
        logs: Folder for the output of jobs.
    """

    def __init__(self, cluster: Cluster, address: str, security: Security, name: str, logs: Path):
        self._cluster, self._address, self._security, self._name, self._logs = cluster, address, security, name, logs
        self._kind = _in_session_of_its_own(_load(cluster.scheduler))
        self._cancelling = shlex.split(str(self._kind.cancel_command))

    def submit(self, worker: str) -> str:
        """Submit a job.

        Args:
            worker: Beginning of the names of its workers.

        Returns:
            Its number.

        Raises:
            SubmissionError: The batch system does not accept it, or cannot be called.
        """
        job = self._job(worker)
        try:
            asyncio.run(_start(job))
        except (OSError, RuntimeError, ValueError) as error:
            said = _said(error)
            raise SubmissionError(f"{job.submit_command.split()[0]}: {said}", bool(_BUSY.search(said))) from error
        return str(job.job_id)

    def cancel(self, numbers: Sequence[str]) -> None:
        """Cancel jobs, some of which may have ended."""
        with suppress(OSError, RuntimeError):
            asyncio.run(self._kind._call([*self._cancelling, *numbers]))

    def output(self, number: str, n_lines: int = 12) -> str:
        """The end of what a job printed; empty if it is not known."""
        files = [file for file in self._logs.glob(f"{self._name}*") if re.search(rf"(?<!\d){number}(?!\d)", file.name)]
        with suppress(OSError):
            texts = [file.read_text(errors="replace").strip() for file in sorted(files)]
            return "\n".join("\n".join(texts).strip().splitlines()[-n_lines:])
        return ""

    def _job(self, worker: str) -> Any:
        cluster = self._cluster
        return self._kind(
            scheduler=self._address,
            name=worker,
            cores=cluster.cores,
            processes=cluster.cores,
            memory=cluster.memory_text,
            protocol="tls://",
            security=self._security,
            interface=cluster.interface,
            death_timeout=_DEATH_TIMEOUT,
            worker_extra_args=["--preload", dask_worker.__name__, "--no-dashboard"],
            job_script_prologue=[*cluster.setup, *self._exports()],
            job_extra_directives=_directives(cluster),
            log_directory=str(self._logs),
            python=cluster.python or sys.executable,
            job_name=self._name,
            **_resources(cluster),
        )

    def _exports(self) -> list[str]:
        ours = {} if self._cluster.python else {"PYTHONPATH": python_path()}
        return [f"export {name}={shlex.quote(value)}" for name, value in (ONE_THREAD | ours).items()]


def _load(scheduler: str) -> Any:
    module, kind = _JOBS[scheduler]
    handle = signal.signal
    signal.signal = lambda *_: None  # when dask-jobqueue 0.9 is imported, it would replace the handler of Ctrl-C
    try:
        return getattr(import_module(f"dask_jobqueue.{module}"), kind)
    finally:
        signal.signal = handle


def _in_session_of_its_own(kind: Any) -> Any:
    """The class with commands that Ctrl-C on the terminal does not reach: a job might be submitted, its number lost."""

    class Job(kind):
        @staticmethod
        async def _call(cmd: Any, *, shell: bool = False, **options: Any) -> Any:
            return await kind._call(cmd, shell=shell, start_new_session=True, **options)

    Job.__name__ = kind.__name__
    return Job


def _resources(cluster: Cluster) -> dict[str, Any]:
    """What a job asks for, in the words of dask-jobqueue, which differ between batch systems."""
    match cluster.scheduler:
        case "htcondor":
            return {"disk": size_text(cluster.disk or 0)}
        case "lsf" | "sge":
            account = "project"
        case _:
            account = "account"
    resources = {"queue": cluster.queue, account: cluster.account, "walltime": cluster.walltime_text}
    if cluster.scheduler == "slurm":
        resources["job_mem"] = f"{cluster.memory // 2**20}M"
    return resources


def _directives(cluster: Cluster) -> Any:
    if cluster.scheduler == "htcondor":
        return {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in cluster.directives)}
    return list(cluster.directives)


async def _start(job: Any) -> None:
    await job.start()


def _said(error: Exception) -> str:
    """What the batch system printed, without the words of dask-jobqueue around it."""
    found = re.search(r"stderr:\n(.*)", str(error), re.DOTALL)
    text = (found[1] if found else str(error)).strip()
    return " ".join((text or str(error)).split())
