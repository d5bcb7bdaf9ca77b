"""A SLURM of one machine, with a configuration of its own in a temporary folder, on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.helpers.processes import wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol")
_FOLDERS = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])

_CONFIG = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
ReturnToService=2
MpiDefault=none
KillWait=5
MinJobAge=3600
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=4000 State=UNKNOWN
PartitionName=normal Nodes={host} Default=YES MaxTime=01:00:00 State=UP
PartitionName=closed Nodes={host} MaxTime=01:00:00 State=DOWN
"""


def missing() -> str:
    """Why there can be no SLURM here; empty if there can."""
    lacking = [name for name in PROGRAMS if shutil.which(name, path=_FOLDERS) is None]
    if lacking:
        return f"{', '.join(lacking)} not found: install the packages slurm-wlm and munge"
    return "" if os.geteuid() == 0 else "slurmd needs root"


class Slurm:
    """Its daemons.

    Args:
        folder: For configuration, state, and logs.
    """

    def __init__(self, folder: Path):
        self.folder, self._processes = folder, dict[str, subprocess.Popen[bytes]]()
        for name in ("state", "spool"):
            (folder / name).mkdir(parents=True)
        self.host = socket.gethostname().partition(".")[0]
        config = folder / "slurm.conf"
        ports = {"controller_port": _free_port(), "node_port": _free_port()}
        config.write_text(_CONFIG.format(folder=folder, host=self.host, cores=os.cpu_count(), **ports))
        #: For programs that are to use it.
        self.environment = {"SLURM_CONF": str(config), "PATH": _FOLDERS}
        try:
            self._start_munge()
            self.start("slurmctld")
            self.start("slurmd")
            wait_until(lambda: "idle" in self.ask("sinfo", "-h", "-o", "%T", check=False))
        except BaseException:
            self.close()
            raise

    def start(self, name: str) -> None:
        """Start a daemon: ``slurmctld``, the controller, or ``slurmd``, the node."""
        self._run(name, name, "-D", "-f", self.folder / "slurm.conf")

    def stop(self, name: str) -> None:
        """Stop a daemon; jobs of the node go on."""
        process = self._processes.pop(name)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)

    def ask(self, *command: str, check: bool = True) -> str:
        """What a program of SLURM prints."""
        ended = subprocess.run(
            command, env=os.environ | self.environment, capture_output=True, text=True, timeout=60, check=check
        )
        return ended.stdout.strip()

    def jobs(self, form: str = "%i %T") -> list[str]:
        """Jobs in the queue."""
        return self.ask("squeue", "-h", "-o", form).splitlines()

    def close(self) -> None:
        """Cancel all jobs and end the daemons."""
        with suppress(Exception):
            self.ask("scancel", "--user=root", check=False)
            wait_until(lambda: not self.jobs(), seconds=20)
        for name in ("slurmd", "slurmctld", "munged"):
            if name in self._processes:
                with suppress(Exception):
                    self.stop(name)

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        self.folder.chmod(0o755)
        places = [f"--{name}-file={self.folder / 'munge'}.{name}" for name in ("pid", "log", "seed")]
        self._run(
            "munged", "munged", "--foreground", "--force", f"--key-file={key}",
            f"--socket={self.folder / 'munge.socket'}", *places,
        )  # fmt: skip
        wait_until((self.folder / "munge.socket").exists)

    def _run(self, name: str, *command: object) -> None:
        with (self.folder / f"{name}.out").open("ab") as output:
            self._processes[name] = subprocess.Popen(
                [str(part) for part in command],
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        time.sleep(0.2)
        assert self._processes[name].poll() is None, (self.folder / f"{name}.out").read_text()


def _free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


if __name__ == "__main__":
    sys.exit(missing() or 0)
