"""Submitting jobs to a batch system, and cancelling them, through dask-jobqueue."""

from __future__ import annotations

import asyncio
import re
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import Security

from neuro_mod.config.cluster import size_text
from neuro_mod.errors import InputError, NeuroModError
from neuro_mod.execution.executors import dask_worker
from neuro_mod.execution.executors.batch.programs import ProgramError, output_of
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
#: Seconds that a batch system has to accept a job (sbatch itself tries for two minutes), and to cancel jobs.
_SUBMITTING, _CANCELLING = 150.0, 20.0
#: What batch systems say while they are restarted or busy.
_BUSY = re.compile(
    r"(unable to|cannot|failed to) (contact|connect)|connection|"
    r"timed? ?out|temporar|try again|unreachable|not responding",
    re.IGNORECASE,
)
#: What Dask does as memory fills: workers neither write results to disks nor pause, as an item has a worker for itself;
#: one that uses nearly all is killed, as before.
_MEMORY = {f"DASK_DISTRIBUTED__WORKER__MEMORY__{limit}": "False" for limit in ("TARGET", "SPILL", "PAUSE")}


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
        if cluster.scheduler != "slurm" and re.search(r"[\s%]", str(logs)):
            raise InputError(f"{logs}: {cluster.scheduler} needs a folder for results without spaces and % in its path")
        self._cluster, self._address, self._security, self._name, self._logs = cluster, address, security, name, logs
        self._unwanted = threading.Event()
        self._kind = _with_our_calls(_load(cluster.scheduler), self._unwanted)
        #: The program that submits jobs, and the one that cancels them, which is given their numbers.
        self.program: str = self._kind.submit_command.split()[0]
        self.cancelling: Sequence[str] = shlex.split(self._kind.cancel_command)

    def submit(self, worker: str) -> str:
        """Submit a job.

        Args:
            worker: Beginning of the names of its workers.

        Returns:
            Its number.

        Raises:
            SubmissionError: The batch system does not accept it, or cannot be called.
        """
        try:
            job = self._job(worker)
            asyncio.run(_start(job))
        except ProgramError as error:
            raise SubmissionError(str(error), not error.answered or bool(_BUSY.search(str(error)))) from error
        except (OSError, ValueError) as error:
            raise SubmissionError(f"{self.program}: {error}", False) from error
        return str(job.job_id)

    def give_up(self) -> None:
        """End a call of `submit` in another thread; the job may be in the queue nevertheless."""
        self._unwanted.set()

    def cancel(self, numbers: Sequence[str]) -> None:
        """Cancel jobs, some of which may have ended."""
        with suppress(ProgramError):
            output_of([*self.cancelling, *numbers], _CANCELLING)

    def output(self, number: str, n_lines: int = 12) -> str:
        """The end of what a job printed; empty if it is not known."""
        its_own = re.compile(rf"(?<!\w){re.escape(number)}(?!\d)")
        files = [file for file in self._logs.glob("*") if file.is_file() and its_own.search(file.name)]
        with suppress(OSError):
            texts = [file.read_text(errors="replace").strip() for file in sorted(files)]
            return "\n".join("\n".join(texts).strip().splitlines()[-n_lines:])
        return ""

    def _job(self, worker: str) -> Any:
        cluster = self._cluster
        job = self._kind(
            scheduler=self._address,
            name=worker,
            cores=cluster.cores,
            processes=cluster.cores,
            memory=cluster.memory_text,
            protocol="tls://",
            security=_Quoted(self._security),
            interface=cluster.interface,
            death_timeout=_DEATH_TIMEOUT,
            worker_extra_args=["--preload", dask_worker.__name__, "--no-dashboard"],
            job_script_prologue=[*cluster.setup, *self._exports()],
            job_extra_directives=_directives(cluster),
            log_directory=str(self._logs),
            python=cluster.python or shlex.quote(sys.executable),
            job_name=self._name,
            **_resources(cluster),
        )
        if cluster.scheduler == "slurm":
            job.job_header = re.sub(r"(?m)^(#SBATCH -[eo]) (.*)$", self._quoted_output, job.job_header)
        return job

    def _quoted_output(self, line: re.Match[str]) -> str:
        """A line with a file for output: SLURM replaces what follows a %."""
        folder, name = str(self._logs), line[2].removeprefix(str(self._logs))
        return f'{line[1]} "{folder.replace("%", "%%")}{name}"'

    def _exports(self) -> list[str]:
        ours = {} if self._cluster.python else {"PYTHONPATH": python_path()}
        return [f"export {name}={shlex.quote(value)}" for name, value in (ONE_THREAD | _MEMORY | ours).items()]


def _load(scheduler: str) -> Any:
    module, kind = _JOBS[scheduler]
    handle = signal.signal
    signal.signal = lambda *_: None  # when dask-jobqueue 0.9 is imported, it would replace the handler of Ctrl-C
    try:
        return getattr(import_module(f"dask_jobqueue.{module}"), kind)
    finally:
        signal.signal = handle


def _with_our_calls(kind: Any, unwanted: threading.Event) -> Any:
    """The class with programs that are called by `output_of`."""

    class Job(kind):
        @staticmethod
        async def _call(cmd: Any, *, shell: bool = False, **_: Any) -> Any:
            # the command for LSF hides why a job is refused
            command = ["sh", "-c", cmd[0].removesuffix(" 2> /dev/null")] if shell else cmd
            return output_of(command, _SUBMITTING, unwanted, kind.submit_command)

    Job.__name__ = kind.__name__
    return Job


class _Quoted:
    """Keys of connections, with their paths as a shell reads them."""

    def __init__(self, security: Security):
        self._security = security

    def get_tls_config_for_role(self, role: str) -> dict[str, str]:
        keys = self._security.get_tls_config_for_role(role)
        return {name: shlex.quote(value) for name, value in keys.items() if value and name != "ciphers"}


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
