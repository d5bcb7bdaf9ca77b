"""Joins the shards of a study in its folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from neuro_mod.checks import user_path
from neuro_mod.errors import InputError
from neuro_mod.execution.comparison.job import ComparisonJob
from neuro_mod.execution.control.capacity.job import VerificationJob
from neuro_mod.execution.control.response.job import ResponseJob
from neuro_mod.execution.jobs import Execution, Job, run
from neuro_mod.execution.jobs.shards import check_totals, found_shards
from neuro_mod.execution.pairs.job import PairJob
from neuro_mod.execution.repeats.job import RepeatJob
from neuro_mod.execution.sweep.from_file import FileSweepJob
from neuro_mod.storage.differences import differences, in_lines
from neuro_mod.storage.names import JOB, RUN, SHARDS
from neuro_mod.storage.reading import naming, read_json
from neuro_mod.storage.run_folder import read_plan

#: Jobs that can be made again from their `Job.arguments`, by what their plans call them.
_KINDS: dict[str, type[Job]] = {
    "repeats": RepeatJob,
    "pairs": PairJob,
    "comparison": ComparisonJob,
    "responses": ResponseJob,
    "sweep": FileSweepJob,
    "verification": VerificationJob,
}


def gather(folder: str | os.PathLike[str], *, progress: bool = False) -> dict[str, Any]:
    """Join the shards of a study: its folder then is as if there had been none, and the shards are removed.

    Nothing is computed, and nothing is joined that is damaged or belongs to another job. Call it again to continue
    after an interruption.

    Args:
        folder: The folder of the study.
        progress: Show the progress on stderr.

    Returns:
        The content of ``metadata/run.json``, and under ``files`` the files that belong to no single item.

    Raises:
        InputError: There are no shards; they belong to different jobs; or a program of yours began them.
        MissingItemsError: Items are missing; the message says which, and how to do them. Finished ones are kept.
        DataError: A file that describes the shards is damaged.
        StorageError: The folder is in use or cannot be written to, or the disk is full.
        Interrupted: Ctrl-C or SIGTERM.

    Examples:
        >>> from neuro_mod import Repeater, gather
        >>> repeater = Repeater("small", n_repeats=2, overrides=["init_params.duration_sec=0.1"])
        >>> for shard in ("1/2", "2/2"):  # each may run on another machine that sees the folder
        ...     _ = repeater.execute("repeats", shard=shard, plot_arg="none")
        >>> gather("repeats")["n_finished"]
        2
    """
    study = user_path(folder)
    job = job_of_shards(study)
    return gathered(study) if job is None else gather_job(job, study, progress=progress)


def gather_job(job: Job, study: Path, *, progress: bool = False) -> dict[str, Any]:
    """What `gather` does, given the job."""
    return run(job, study, Execution(progress=progress), only_join=True)


def job_of_shards(study: Path) -> Job | None:
    """The job of the shards of a study, from what these say about it; None if all were joined before.

    Raises:
        InputError: There are no shards and never were, or they are not of one job that can be made again.
        DataError: A file is damaged.
    """
    shards = found_shards(study)
    check_totals(study, shards)
    files = [file for shard in shards if (file := shard.within(study) / JOB).is_file()]
    if not files:
        gathered(study)
        return None
    first, *others = (_arguments(file) for file in files)
    for file, arguments in zip(files[1:], others, strict=True):
        if found := differences(first, arguments):
            raise InputError(f"{file} differs from {files[0]}; rerun one of these shards:\n{in_lines(found)}")
    what = (read_plan(files[0].parents[1]) or read_plan(study) or {}).get("what")
    kind = _KINDS.get(what) if isinstance(what, str) else None
    if kind is None or not first:
        raise InputError(
            f"{study}: shards of a program found; expected those of neuro-mod repeat, sweep, perturb, compare or "
            "control response; run the program without shard to join them"
        )
    with naming(files[0]):
        return kind.again(first)


def _arguments(file: Path) -> dict[str, Any]:
    with naming(file):
        return dict(read_json(file))


def gathered(study: Path) -> dict[str, Any]:
    """The metadata of a study whose shards were all joined before.

    Raises:
        InputError: It is none.
    """
    metadata = {}
    if (study / RUN).exists():
        with naming(study / RUN):
            metadata = dict(read_json(study / RUN))
    incomplete = metadata.get("interrupted") or metadata.get("failures") or not metadata.get("concluded")
    if incomplete or "shard" in metadata:
        raise InputError(f"{study}: no shards found; expected the folder of a study with finished items in {SHARDS}/")
    return metadata | {"files": []}
