"""The cluster file: what a batch job asks a computing cluster for, and how many batch jobs there are."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from neuro_mod.checks import user_path
from neuro_mod.choices import BatchSystem
from neuro_mod.config.fields import JobCount, LeftOut, PositiveCount, Section, parameter
from neuro_mod.config.loading import read_file, read_mapping
from neuro_mod.config.plain import plain
from neuro_mod.config.quantities import number_and_unit
from neuro_mod.config.validation import locate, validate
from neuro_mod.errors import ConfigError, KeyPath, Problem, show

#: Bounds of a batch job: seconds and bytes.
MIN_WALLTIME, MAX_WALLTIME = 60, 365 * 24 * 3600
MIN_BYTES, MAX_BYTES = 100 * 10**6, 10**15

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 24 * 3600}
_BYTES = {"B": 1} | {
    f"{prefix}{binary}B": (1024 if binary else 1000) ** power
    for power, prefix in enumerate("KMGT", start=1)
    for binary in ("i", "")
}
_CLOCK = re.compile(r"(?:(\d{1,3})-)?(\d{1,4}):(\d\d):(\d\d)")
_HALF_A_CLOCK = re.compile(r"\d{1,2}:\d\d")

#: Options of batch systems that keys of the file set.
_OPTIONS: dict[str, dict[str, str]] = {
    "slurm": {
        **dict.fromkeys(("-p", "--partition"), "queue"),
        **dict.fromkeys(("-A", "--account"), "account"),
        **dict.fromkeys(("-t", "--time"), "walltime"),
        **dict.fromkeys(("-c", "--cpus-per-task"), "cores"),
        **dict.fromkeys(("--mem", "--mem-per-cpu"), "memory"),
        **dict.fromkeys(("-a", "--array"), "jobs"),
    },
    "pbs": {"-q": "queue", "-A": "account", "-J": "jobs"},
    "lsf": {"-q": "queue", "-P": "account", "-W": "walltime", "-n": "cores", "-M": "memory"},
    "sge": {"-q": "queue", "-P": "account", "-t": "jobs"},
}


def _walltime(value: Any) -> int:
    seconds, hint = _seconds(value)
    if seconds is None or not MIN_WALLTIME <= seconds <= MAX_WALLTIME:
        raise PydanticCustomError("walltime", "no time", {"hint": hint})
    return math.floor(seconds)


def _seconds(value: Any) -> tuple[Any, str]:
    """The seconds of a time as it is written, None if it is not one; and a hint."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (value if math.isfinite(value) else None), "a number without a unit is in seconds"
    if quantity := number_and_unit(value):
        number, unit = quantity
        return (number * _SECONDS[unit], "") if unit in _SECONDS else (None, f"units are {', '.join(_SECONDS)}")
    text = value.strip() if isinstance(value, str) else ""
    if _HALF_A_CLOCK.fullmatch(text):
        return None, f"hours and minutes are {text}:00, minutes and seconds are 00:{text:0>5}"
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        return None, ""
    days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
    if max(minutes, seconds) > 59 or (clock[1] and hours > 23):
        return None, "at most 59 minutes and 59 seconds, and 23 hours beside days"
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds, ""


def _bytes(value: Any) -> int:
    number, unit = number_and_unit(value) or (None, "")
    size = {name.lower(): size for name, size in _BYTES.items()}.get(unit.lower())
    if number is not None and size is not None and MIN_BYTES <= number * size <= MAX_BYTES:
        return math.floor(number * size)
    hint = ""
    if unit.upper() in {"K", "M", "G", "T"}:
        hint = f"{unit} is {unit.upper()}B for some programs and {unit.upper()}iB for others"
    elif number is None and isinstance(value, int | float | str) and re.fullmatch(r"[0-9.]+", str(value)):
        hint = "a number without a unit is bytes for some programs and megabytes for others"
    raise PydanticCustomError("bytes", "no number of bytes", {"hint": hint})


def _one_line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise PydanticCustomError("line", "not a line")
    return text


def _word(text: str) -> str:
    if not text.isprintable() or text.split() != [text] or text.startswith("-"):
        raise PydanticCustomError("word", "not a word")
    return text


def _directive(text: str) -> str:
    if text.lstrip().startswith("#"):
        hint = f"leave out {text.split(maxsplit=1)[0]}, which is written before each of these lines"
        raise PydanticCustomError("directive", "a comment", {"hint": hint})
    return text


_Walltime = Annotated[int, BeforeValidator(_walltime), WithJsonSchema({"type": ["number", "string"]})]
_Bytes = Annotated[int, BeforeValidator(_bytes), WithJsonSchema({"type": "string"})]
_Word = Annotated[str, Field(strict=True), AfterValidator(_word)]
_Line = Annotated[
    str, Field(strict=True, json_schema_extra={"expected": "one line of text"}), AfterValidator(_one_line)
]

_NAME = "a name without spaces"
_TIME = "a time such as 04:00:00, 1-12:00:00 (a day and 12 hours), 90 min or 4 h, or seconds; from 1 minute to 365 days"
_SIZE = "a size such as 4 GB (billions of bytes) or 8 GiB (of 2^30 bytes), at least 100 MB"


class Cluster(Section):
    """What a batch job asks a computing cluster for, and how many batch jobs there are.

    Times are in seconds, sizes in bytes.

    Examples:
        >>> from neuro_mod import load_cluster
        >>> cluster = load_cluster({"scheduler": "slurm", "walltime": "4 h", "cores": 16, "memory": "32 GB"})
        >>> cluster.walltime, cluster.walltime_text, cluster.memory_text
        (14400, '4:00:00', '32 GB')
    """

    scheduler: BatchSystem = parameter(..., "batch system that starts the jobs")
    queue: LeftOut[_Word] = parameter(
        None, "queue of the jobs, in SLURM a partition; if left out, the default one", expected=_NAME
    )
    account: LeftOut[_Word] = parameter(
        None, "account or project that the jobs are charged to; if left out, the default one", expected=_NAME
    )
    walltime: _Walltime = parameter(..., "time limit of a job; the next job continues the study", expected=_TIME)
    cores: PositiveCount = parameter(..., "cores of a job, each for a worker")
    memory: _Bytes = parameter(..., "memory of a job, for all its cores together", expected=_SIZE)
    disk: LeftOut[_Bytes] = parameter(None, "disk space of a job; only for htcondor, which needs it", expected=_SIZE)
    jobs: LeftOut[JobCount] = parameter(None, "jobs at the same time; 1 if no number is set")
    min_jobs: LeftOut[JobCount] = parameter(None, "fewest jobs at the same time, instead of jobs")
    max_jobs: LeftOut[JobCount] = parameter(None, "most jobs at the same time, instead of jobs")
    directives: tuple[Annotated[_Line, AfterValidator(_directive)], ...] = parameter(
        (), "more options for the batch system, one a line", expected="a list of lines such as --requeue"
    )
    setup: tuple[_Line, ...] = parameter(
        (),
        "shell commands that a job begins with, to enter the environment",
        expected="a list of lines such as module load python",
    )
    python: LeftOut[_Line] = parameter(
        None,
        "Python interpreter of the workers; if left out, the one that neuro-mod runs in",
        expected="the path of an interpreter",
    )
    interface: LeftOut[_Word] = parameter(
        None,
        "network interface of the workers; if left out, Dask chooses one",
        expected="a name such as ib0",
    )

    @property
    def job_limits(self) -> tuple[int, int]:
        """Fewest and most batch jobs at the same time."""
        if self.min_jobs is not None and self.max_jobs is not None:
            return self.min_jobs, self.max_jobs
        fixed = self.jobs or 1
        return fixed, fixed

    @property
    def walltime_text(self) -> str:
        """The walltime as the batch system reads it: H:MM:SS, for LSF H:MM, rounded up."""
        if self.scheduler == "lsf":
            minutes = math.ceil(self.walltime / 60)
            return f"{minutes // 60}:{minutes % 60:02}"
        return clock_text(self.walltime)

    @property
    def memory_text(self) -> str:
        """The memory with its unit: ``4 GB``."""
        return size_text(self.memory)

    @model_validator(mode="after")
    def _check_together(self, info: ValidationInfo) -> Self:
        invalid: Collection[KeyPath] = (info.context or {}).get("invalid", ())
        if problems := list(_check(self, {str(path[0]) for path in invalid if path})):
            raise ConfigError(problems)
        return self


def load_cluster(source: str | Path | Mapping[str, Any], scheduler: BatchSystem | None = None) -> Cluster:
    """Read and validate a cluster file.

    Args:
        source: Path of a YAML file, or a mapping of its keys.
        scheduler: The batch system that it has to be for; None for any.

    Raises:
        ConfigError: Everything that is wrong, with file and line.

    Examples:
        >>> from neuro_mod import load_cluster
        >>> cluster = load_cluster({"scheduler": "slurm", "walltime": "90 min", "cores": 16, "memory": "32 GB"})
        >>> cluster.walltime_text, cluster.memory, cluster.job_limits
        ('1:30:00', 32000000000, (1, 1))
    """
    if isinstance(source, str | Path):
        data, place = read_mapping(read_file(user_path(source)), str(source), Cluster.model_fields, "keys")
    elif isinstance(source, Mapping):
        data, place = plain(source), lambda _: {}
    else:
        raise ConfigError(
            [Problem((), f"{show(source)} found", "the path of a cluster file, or a mapping of its keys")]
        )
    cluster, problems = validate(Cluster, data)
    if cluster is not None and scheduler not in {None, cluster.scheduler}:
        hint = "that is the batch system that was asked for"
        problems = [Problem(("scheduler",), f"{show(cluster.scheduler)} found", str(scheduler), hint)]
    if cluster is None or problems:
        raise ConfigError(locate(problems, {}, place))
    return cluster


def is_cluster_file(file: str | Path) -> bool:
    """Whether a file is a cluster file, that is, has the key ``scheduler``."""
    try:
        data, _ = read_mapping(read_file(Path(file)), str(file), Cluster.model_fields, "keys")
    except ConfigError:
        return False
    return "scheduler" in data


def clock_text(seconds: int) -> str:
    """A time as H:MM:SS; hours may be more than 24."""
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def size_text(n_bytes: int) -> str:
    """A number of bytes in the largest unit of which it is a multiple: ``4 GB``, ``8 GiB``."""
    units = sorted(_BYTES.items(), key=lambda unit: -unit[1])
    return next(f"{n_bytes // size} {name}" for name, size in units if n_bytes % size == 0)


def _check(cluster: Cluster, invalid: Collection[str]) -> Iterator[Problem]:
    """Find values that do not fit together, given which keys are invalid in themselves."""
    if not {"jobs", "min_jobs", "max_jobs"} & set(invalid):
        yield from _check_jobs(cluster)
    if "scheduler" in invalid:
        return
    for index, line in enumerate(cluster.directives):
        yield from _check_directive(cluster.scheduler, index, line)
    if cluster.scheduler == "htcondor":
        if cluster.queue is not None:
            yield Problem(("queue",), "has no effect", hint="htcondor has no queues")
        if cluster.account is not None:
            hint = "htcondor reads accounting_group = NAME among the directives"
            yield Problem(("account",), "has no effect", hint=hint)
        if cluster.disk is None and "disk" not in invalid:
            yield Problem(("disk",), "missing", _SIZE, "htcondor needs the disk space of a job")
    elif cluster.disk is not None:
        yield Problem(("disk",), "has no effect", hint="only htcondor uses it")


def _check_jobs(cluster: Cluster) -> Iterator[Problem]:
    both = {"min_jobs": cluster.min_jobs, "max_jobs": cluster.max_jobs}
    if cluster.jobs is not None:
        for key in (key for key, value in both.items() if value is not None):
            yield Problem((key,), "found beside jobs", hint="either jobs, or min_jobs and max_jobs")
    elif cluster.min_jobs is not None and cluster.max_jobs is not None:
        if cluster.min_jobs > cluster.max_jobs:
            yield Problem(("min_jobs",), f"{cluster.min_jobs} found", f"at most max_jobs, {cluster.max_jobs}")
    elif any(both.values()):
        missing, given = sorted(both, key=lambda key: both[key] is not None)
        yield Problem((missing,), "missing", f"a whole number, as {given} is set", "a fixed number is jobs")


def _check_directive(scheduler: str, index: int, line: str) -> Iterator[Problem]:
    path: KeyPath = "directives", index
    if scheduler == "htcondor":
        if not all(part.strip() for part in line.partition("=")):
            yield Problem(path, f"{show(line)} found", "a line such as +WantFlocking = true")
        return
    options = _OPTIONS[scheduler]
    option = re.split(r"[\s=]", line.strip(), maxsplit=1)[0]
    if scheduler == "slurm" and not option.startswith("--"):
        option = option[:2]  # "-p normal" may be written as "-pnormal"
    if key := options.get(option):
        yield Problem(path, f"{show(line)} found", hint=f"the key {key} sets {option}")
