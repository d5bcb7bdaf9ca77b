"""Which group, network and trial each session belongs to: from the command line, names of files, or a sweep."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from neuro_mod.core.spiking_net.analysis.groups.grouping import Grouping, grouping
from neuro_mod.errors import invalid
from neuro_mod.execution.run_seeds import RunSeeds, run_metadata, run_seeds
from neuro_mod.execution.sweep_columns import NETWORK, SEED, SPIKES, TRIAL
from neuro_mod.execution.sweep_runs import kept_rows, varied_columns
from neuro_mod.recordings.sessions import matching
from neuro_mod.recordings.written import run_folder
from neuro_mod.storage.names import RESULTS_TABLE

if TYPE_CHECKING:
    from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
    from neuro_mod.core.spiking_net.analysis.groups.groups import Groups

_LOG = logging.getLogger(__name__)

_OPTION = "--groups"
#: Parts of names of files that `--groups` may read, and what stands for any text.
_FIELDS = ("group", "network")
_IN_PATTERN = re.compile(r"\{([^{}]*)\}|(\*)")


class Member(NamedTuple):
    """A file or folder, all sessions of which belong to one group.

    Args:
        path: The file or folder.
        group: The group.
        network: The network of its sessions; None to find it in the metadata of their runs.
        trial: What its session has in common with one of another group; None for nothing, or as for `network`.
    """

    path: Path
    group: str
    network: str | None = None
    trial: str | None = None


def members_of(paths: Sequence[Path], groups: str) -> list[Member]:
    """The files and folders that are analysed, with their groups.

    Args:
        paths: As given to the command.
        groups: Names of groups, one for each path; or, for one folder, columns of the table of its sweep, or the names
            of its files with ``{group}`` and, if they have it, ``{network}`` in place of these, and ``*`` for any text.

    Raises:
        InputError: They are none of these.
        DataError: The table of the sweep is damaged.
    """
    if "{" in groups:
        return [member for path in paths for member in _by_names(path, groups)]
    if len(paths) == 1 and (paths[0] / RESULTS_TABLE).is_file():
        return _of_sweep(paths[0], groups)
    names = [name.strip() for name in groups.split(",")]
    if len(names) != len(paths) or not all(names):
        hint = "for one folder, columns of the table of its sweep, or names of files such as '{group}_{network}_*.npz'"
        raise invalid(_OPTION, groups, f"a name for each of the {len(paths)} files and folders", hint)
    given = dict.fromkeys(zip(map(str, paths), names, strict=True))
    if len({path for path, _ in given}) < len(paths):
        raise invalid(_OPTION, groups, "each file or folder once")
    return [Member(file, name) for path, name in zip(paths, names, strict=True) for file in matching(path)]


def grouped(
    analyzer: Analyzer, members: Iterable[Member], reference: str | None = None
) -> tuple[Grouping, Callable[[], Groups]]:
    """The group of each session, and a function that returns the groups once they are needed.

    All that can be known before is checked.

    Args:
        analyzer: The sessions of the members.
        members: Their files and folders.
        reference: The group that the others are compared with; None for the first.

    Raises:
        InputError: The sessions make no groups, see `Grouping`, or none is the reference.
        DataError: The metadata of a run are damaged.
    """
    found = _grouping(analyzer, members)
    if reference is not None and reference not in found.names:
        raise invalid("--reference", reference, f"one of {', '.join(found.names)}")
    return found, cache(lambda: analyzer.groups(found.groups, found.networks, found.trials, reference=reference))


def warn_of_points(paths: Iterable[Path]) -> None:
    """Log a warning for each folder of a sweep of several points, whose sessions are not alike."""
    for path in paths:
        if (path / RESULTS_TABLE).is_file() and (n := run_metadata(path).get("n_points", 1)) > 1:
            _LOG.warning("%s: the sessions of %d points of a sweep count as one experiment; see --groups", path, n)


def _grouping(analyzer: Analyzer, members: Iterable[Member]) -> Grouping:
    """Group, network and trial of each session of an analyzer of these members."""
    of_path = {member.path.absolute(): member for member in members}
    runs: dict[Path, dict[str, RunSeeds]] = {}
    groups, networks, trials = [], [], []
    for number, file in enumerate(analyzer.files):
        assert file is not None  # members are files
        path = file.absolute()
        member = next(of_path[each] for each in (path, *path.parents) if each in of_path)
        run = run_folder(file)
        if run not in runs:
            runs[run] = run_seeds(run)
        seeds = runs[run].get(file.name)
        network, trial = (str(member.path), None) if seeds is None else map(str, seeds)
        groups.append(member.group)
        networks.append(network if member.network is None else member.network)
        trials.append(trial if member.trial is None else member.trial)
        if trials[-1] is None:
            trials[-1] = f"session {number}"
    return grouping(groups, networks, trials)


def _by_names(folder: Path, pattern: str) -> list[Member]:
    """The files in a folder whose names have the parts of a pattern."""
    fields = [field for field, any_text in _IN_PATTERN.findall(pattern) if not any_text]
    if "group" not in fields or len(set(fields)) < len(fields) or not set(fields) <= set(_FIELDS):
        raise invalid(_OPTION, pattern, "names of files with {group}, and perhaps {network}, once each")
    if not folder.is_dir():
        raise invalid(_OPTION, pattern, f"a folder with such files instead of {folder}")
    parts, end = [], 0
    for found in _IN_PATTERN.finditer(pattern):
        parts += [re.escape(pattern[end : found.start()]), f"(?P<{found[1]}>[^/]+?)" if found[1] else "[^/]*"]
        end = found.end()
    expression = re.compile("".join(parts) + re.escape(pattern[end:]))
    files = matching(folder / _IN_PATTERN.sub("*", pattern))
    members = []
    for file in files:
        read = expression.fullmatch(file.relative_to(folder).as_posix())
        if read is None:
            raise invalid(_OPTION, pattern, f"names of files such as {file}")
        members.append(Member(file, read["group"], read["network"] if "network" in fields else None))
    return members


def _of_sweep(folder: Path, columns: str) -> list[Member]:
    """The runs of a sweep, grouped by columns of its table."""
    table, place = kept_rows(folder), folder / RESULTS_TABLE
    varied = varied_columns(list(table))
    chosen = [column.strip() for column in columns.split(",")]
    for column in chosen:
        if column not in varied:
            raise invalid(_OPTION, column, f"one or more of {', '.join(varied)}", f"columns of {place}")
    others = [column for column in (*varied, TRIAL if TRIAL in table else SEED) if column not in chosen]
    return [
        Member(folder / row[SPIKES], _named(row, chosen), _network(row, folder), _named(row, others))
        for row in table.to_dict("records")
    ]


def _named(row: dict[str, str], columns: Sequence[str]) -> str:
    """A name for the values of some columns; those of several have the names of the columns too."""
    return row[columns[0]] if len(columns) == 1 else ", ".join(f"{column}={row[column]}" for column in columns)


def _network(row: dict[str, str], folder: Path) -> str:
    if NETWORK in row:
        return row[NETWORK]
    return "one" if run_metadata(folder).get("fix_network") else row[SEED]
