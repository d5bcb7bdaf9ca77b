"""Where the states of a vocabulary come from: all of a size, a small covering set, a file, or an analysis of spikes."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import user_path
from neuro_mod.choices import Competitors
from neuro_mod.core.control.covering import covering_vocabulary
from neuro_mod.core.control.vocabulary import Vocabulary
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.states.names import clusters_of_state
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.progress import Counted, progress_shown
from neuro_mod.storage.names import ANALYSIS, ANALYSIS_DESCRIPTION

OPTION = "--states"
ALL, COVERING, OBSERVED = "all", "covering", "observed"
FORMS = "all:K, covering:K, observed:DIR, or a file with a state such as 0+3+7 on each line"
_PREFIXED = re.compile(rf"({ALL}|{COVERING}|{OBSERVED}):(.*)", re.DOTALL)
#: Number of clusters where a file of states is all that tells it, at most.
MAX_CLUSTERS = 10_000
#: Column of tables of an analysis.
_COLUMN = "state"


@dataclass(frozen=True)
class Source:
    """A vocabulary, and where it comes from.

    Attributes:
        vocabulary: The states.
        described: What they are, for people.
        competitors: What they are compared with where the user does not say.
    """

    vocabulary: Vocabulary
    described: str
    competitors: Competitors = "vocabulary"


def vocabulary_from(text: str, n_clusters: int | None, n_active: int | None = None, seed: int = 0) -> Source:
    """The vocabulary that an option names.

    Args:
        text: One of `FORMS`.
        n_clusters: Number of clusters; None if the file or the analysis tells.
        n_active: Number of active clusters of observed states; None for the number that takes most of the time.
        seed: Root seed of a covering vocabulary.

    Raises:
        InputError: It is none of these, a state is not valid, or the number of clusters is not known.
        DataError: The analysis cannot be read.
    """
    found = _PREFIXED.fullmatch(text)
    kind, rest = found.groups() if found else ("", text)
    if n_active is not None and kind != OBSERVED:
        raise invalid("--size", n_active, "no value, but with observed:DIR or states of --responses")
    if kind == OBSERVED:
        return _observed(rest, n_clusters, n_active)
    if not kind:
        return _of_file(text, n_clusters)
    if not rest.strip().isdecimal():
        raise invalid(OPTION, text, f"a number of active clusters, such as {kind}:3")
    if n_clusters is None:
        raise InputError(f"{OPTION} {text}: no number of clusters found; expected CONFIG, or --clusters N")
    size = int(rest)
    if not 1 <= size < n_clusters:
        raise invalid(OPTION, text, f"a number of active clusters from 1 to {n_clusters - 1}")
    if kind == COVERING:
        states = covering_vocabulary(n_clusters, size, seed)
        return Source(states, f"a small set that covers, of {size} clusters each", "all")
    return Source(Vocabulary.all_states(n_clusters, size), f"all of {size} out of {n_clusters} clusters")


def named_states(names: Sequence[str], n_clusters: int, places: Sequence[str]) -> Vocabulary:
    """The states of names such as ``0+3+7`` or ``E0+E3+E7``.

    Args:
        names: The names.
        n_clusters: Number of clusters.
        places: Where each name stands, for messages.

    Raises:
        InputError: A name is not valid.
    """
    states = [clusters_of_state(name, n_clusters, place) for name, place in zip(names, places, strict=True)]
    for state, place in zip(states, places, strict=True):
        if len(state) != len(states[0]):
            found = f"{len(states[0])} active clusters in the first state and {len(state)} in this one"
            raise InputError(f"{place}: {found} found; expected states of equal size, as the margin compares these")
    first: dict[tuple[int, ...], str] = {}
    for name, state, place in zip(names, states, places, strict=True):
        if (before := first.setdefault(state, place)) != place:
            raise invalid(place, name, "each state once", f"it is in {before}, too")
    return Vocabulary(n_clusters, states)


def _of_file(text: str, n_clusters: int | None) -> Source:
    """States from a text with one on each line, ``#`` beginning comments, or from the column of a table."""
    path = user_path(text)
    if not path.is_file():
        raise invalid(OPTION, text, FORMS, "there is no such file")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{OPTION}: {path} cannot be read: {error}") from None
    rows = [(number, line.partition("#")[0].strip()) for number, line in enumerate(lines, 1)]
    if rows and _COLUMN in (header := next(csv.reader([rows[0][1]]), [])):
        column = header.index(_COLUMN)
        rows = [(number, [*next(csv.reader([line])), *[""] * column][column]) for number, line in rows[1:] if line]
    rows = [(number, name) for number, name in rows if name]
    if not rows:
        raise InputError(f"{path}: no states found; expected {FORMS}")
    places = [f"{path}:{number}" for number, _ in rows]
    names = [name for _, name in rows]
    if n_clusters is None:
        states = [clusters_of_state(name, MAX_CLUSTERS, place) for name, place in zip(names, places, strict=True)]
        n_clusters = max(2, 1 + max(max(state, default=0) for state in states))
        described = f"of {path}; {n_clusters} clusters, as the largest number says (--clusters N says otherwise)"
    else:
        described = f"of {path}"
    return Source(named_states(names, n_clusters, places), described)


def _observed(text: str, n_clusters: int | None, n_active: int | None) -> Source:
    """The states that were visited, of one size."""
    analyzer = _analyzer(user_path(text), text, n_clusters)
    labels = analyzer.layout.state_labels.tolist()
    if labels != list(range(len(labels))):
        shown = ", ".join(map(str, labels))
        raise InputError(f"{OPTION} {OBSERVED}:{text}: clusters {shown} found; expected clusters 0, 1, ...")
    if n_clusters not in (None, len(labels)):
        raise invalid(f"{OPTION} {OBSERVED}:{text}", f"{len(labels)} clusters", f"{n_clusters} clusters")
    table = analyzer.get_attractors_data()
    sizes = np.array([len(state) for state in table["state"]], np.int64)
    time = np.bincount(sizes, table["total_duration"].to_numpy(np.float64), len(labels) + 1).astype(np.float64)
    size = size_of_most_time(time, n_active)
    chosen = [state for state, of_size in zip(table["state"], sizes == size, strict=True) if of_size]
    why = "" if n_active is not None else ", the number that takes most of the time"
    part, others = 100 * time[size] / time.sum(), len(table) - len(chosen)
    described = f"observed, of {size} clusters each{why} ({part:.0f} %); {others} of other sizes left out"
    return Source(Vocabulary(len(labels), chosen), described)


def _analyzer(path: Path, text: str, n_clusters: int | None) -> Analyzer:
    """A saved analysis, that of a run, or one of its spikes."""
    for folder in (path, path / ANALYSIS):
        if (folder / ANALYSIS_DESCRIPTION).is_file():
            return Analyzer.load_analysis(folder)
    try:
        analyzer = Analyzer(path, n_excitatory_clusters=n_clusters, report=lambda done, _: report(done))
    except FileNotFoundError as error:
        raise InputError(f"{OPTION} {OBSERVED}:{text}: {error}") from error
    with progress_shown(analyzer.n_sessions, quantity=Counted("analysed", "sessions")) as report:
        analyzer.occurrences()
    return analyzer


def size_of_most_time(time: NDArray[np.float64], n_active: int | None) -> int:
    """The number of active clusters in which a network spends most of the time.

    Args:
        time: Time with each number of active clusters, from none to all, shape ``(C + 1,)``.
        n_active: One that the user chose; None for that with most.

    Raises:
        InputError: It was not seen, or is none of 1 to C - 1.
    """
    possible = [size for size in range(1, len(time) - 1) if time[size] > 0]
    if not possible:
        raise InputError(f"{OPTION}: no observed state with some and not all clusters found; expected at least one")
    if n_active is not None and n_active not in possible:
        raise invalid("--size", n_active, f"a number of active clusters that was seen: {', '.join(map(str, possible))}")
    return max(possible, key=lambda size: time[size]) if n_active is None else n_active
