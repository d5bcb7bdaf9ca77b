"""A configuration with other values, and with the comments of its file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from neuro_mod.config.commented import Entry, flow, read_commented, walk, write_commented
from neuro_mod.config.document import read_document
from neuro_mod.config.experiment import Experiment
from neuro_mod.config.loading import load_experiment, read_file
from neuro_mod.config.plain import plain
from neuro_mod.errors import ConfigError, KeyPath

#: Key path of a value, what it was, and what it is now; None for a value that is gone.
_Change = tuple[KeyPath, Any, Any]


def edited(file: str | Path, experiment: Experiment, header: Sequence[str] = ()) -> str:
    """The text of a configuration file in which the values of another experiment replace its own.

    Args:
        file: The file, as `load_experiment` accepts it.
        experiment: What the text means when it is loaded.
        header: Lines of comment, without ``#``, that are added to those at the beginning of the file.

    Returns:
        The text. Comments stay where they are; in the rare case that a value cannot be written in its place, the file
        is laid out anew, and the comments within a list are beside it. Only if that means something else, all values
        are written without comments.

    Raises:
        ConfigError: The file cannot be read.
    """
    content = read_file(Path(file))
    text, tree = content.decode("utf-8-sig"), read_commented(content.decode("utf-8-sig"))
    changes = list(_differences(_meaning(content), plain(experiment.resolved())))
    lines = [f"# {line}" for line in header]
    for written in (_in_lines, _in_tree):
        found = _with_header(written(text, tree, changes), lines)
        try:
            if load_experiment(found) == experiment:
                return found
        except ConfigError:  # the next way
            pass
    return _with_header(experiment.to_yaml(), lines)


def _meaning(content: bytes) -> dict[str, Any]:
    """The values of a file and the defaults of others; the text may only be valid with other values."""
    try:
        return plain(load_experiment(content).resolved())
    except ConfigError:
        return _merged(plain(Experiment().resolved()), plain(read_document(content).data or {}))


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    both = {key: (below[key], above[key]) for key in above if key in below}
    nested = {key: _merged(*pair) for key, pair in both.items() if all(isinstance(each, dict) for each in pair)}
    return below | above | nested


def _in_lines(text: str, tree: Entry, changes: Sequence[_Change]) -> str:
    """The text with the values replaced in their lines, as far as each is on one."""
    lines, entries = text.splitlines(), dict(walk(tree))
    for path, _, value in _on_lines(entries, changes):
        if value is None or path not in entries:
            continue
        number = entries[path].line - 1
        place = "-" if isinstance(path[-1], int) else rf"{re.escape(path[-1])}\s*:"
        found = re.fullmatch(rf"(\s*{place}\s+)(.*?)(\s+#.*)?", lines[number])
        if found:
            start = found[1] + flow(_written(value))
            comment = (found[3] or "").strip()
            column = len(lines[number]) - len(comment)
            lines[number] = f"{start:<{column - 2}}  {comment}" if comment else start
    return "\n".join(lines) + "\n"


def _on_lines(entries: Mapping[KeyPath, Entry], changes: Sequence[_Change]) -> Iterator[_Change]:
    """The changes; those of a list whose entries have lines of their own by entry."""
    for path, before, now in changes:
        entry = entries.get(path)
        lines = {each.line for each in _items(entry)} - {entry and entry.line}
        if isinstance(before, list) and isinstance(now, list) and len(lines) == len(before) == len(now):
            pairs = enumerate(zip(before, now, strict=True))
            yield from (((*path, index), old, new) for index, (old, new) in pairs if old != new)
        else:
            yield path, before, now


def _items(entry: Entry | None) -> list[Entry]:
    """The entries of a list; none of anything else."""
    return entry.value if entry and isinstance(entry.value, list) else []


def _in_tree(text: str, tree: Entry, changes: Sequence[_Change]) -> str:
    """The document written from its tree."""
    del text
    for path, _, value in changes:
        _set(tree, path, value)
    return write_commented(tree)


def _differences(old: dict[str, Any], new: dict[str, Any], path: KeyPath = ()) -> Iterator[_Change]:
    """The values that are new or different."""
    for key in [*old, *(key for key in new if key not in old)]:
        before, now = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(now, dict):
            yield from _differences(before, now, (*path, key))
        elif before != now:
            yield (*path, key), before, now


def _set(tree: Entry, path: KeyPath, value: Any) -> None:
    keys, names = tree.keys, list(map(str, path))
    for part in names[:-1]:
        entry = keys.setdefault(part, Entry({}))
        if not isinstance(entry.value, dict):
            entry.value = {}
        keys = entry.keys
    if value is None:
        keys.pop(names[-1], None)
        return
    entry, written = keys.setdefault(names[-1], Entry("")), _written(value)
    for before, now in zip(_items(entry), _items(written), strict=False):
        now.above, now.beside = before.above, before.beside
    entry.value = written.value


def _written(value: Any) -> Entry:
    """A value as an entry of the document."""
    if isinstance(value, dict):
        return Entry({key: _written(each) for key, each in value.items()})
    if isinstance(value, list | tuple):
        return Entry([_written(each) for each in value])
    return Entry("" if value is None else json.dumps(value, ensure_ascii=False))


def _with_header(text: str, header: Sequence[str]) -> str:
    """Below the first comment, which describes the configuration; at the beginning if there is none."""
    lines = text.splitlines()
    n_first = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "\n".join([*lines[:n_first], *header, *[""] * (bool(header) and not n_first), *lines[n_first:]]) + "\n"
