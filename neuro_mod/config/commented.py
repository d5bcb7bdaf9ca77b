"""YAML with its comments: read into a tree of values as they are written, and written again from the tree."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from neuro_mod.errors import KeyPath

_COMMENT = re.compile(r"(?:^|\s)(#.*)$")
#: Text that needs no quotes, in a list either, where it needed none before.
_PLAIN = re.compile(r"[^\s,\[\]{}#:]([^,\[\]{}#:]*[^\s,\[\]{}#:])?")
_NULL, _MERGE = "tag:yaml.org,2002:null", "tag:yaml.org,2002:merge"


@dataclass
class Entry:
    """A value with the comments of its key.

    Attributes:
        value: Entries of a mapping, entries of a list, or a scalar as YAML writes it; an empty text is no value.
        line: Line of the key, or of the entry of a list, from 1.
        above: Lines of comments above it, without indentation; an empty text is a blank line.
        beside: The comment on its line; may be empty.
    """

    value: dict[str, Entry] | list[Entry] | str
    line: int = 0
    above: list[str] = field(default_factory=list)
    beside: str = ""

    @property
    def keys(self) -> dict[str, Entry]:
        """The entries of a mapping; none if it is something else."""
        return self.value if isinstance(self.value, dict) else {}


def read_commented(text: str) -> Entry:
    """Read a document; comments at its end are those above an entry without a key.

    Args:
        text: YAML whose top level is a mapping and that `read_document` accepts.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an anchor may be reused
        node = YAML(typ="safe", pure=True).compose(text)
    reader = _Reader(text.splitlines())
    tree = reader.entry(node, 0)
    tree.above = reader.attach(tree)
    return tree


def write_commented(tree: Entry) -> str:
    """Write a document: mappings as blocks, lists of numbers on one line."""
    return "\n".join([*_lines(tree.keys, ""), *tree.above]).strip("\n") + "\n"


def flow(entry: Entry) -> str:
    """A value on one line, without comments."""
    if isinstance(entry.value, dict):
        return f"{{{', '.join(f'{key}: {flow(each)}' for key, each in entry.value.items())}}}"
    if isinstance(entry.value, list):
        return f"[{', '.join(map(flow, entry.value))}]"
    return entry.value or "null"


def walk(entry: Entry, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Entry]]:
    """Everything within an entry, with its key path, in the order of the text."""
    children: Iterable[tuple[str | int, Entry]] = entry.keys.items()
    if isinstance(entry.value, list):
        children = enumerate(entry.value)
    for part, child in children:
        yield (*path, part), child
        yield from walk(child, (*path, part))


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        #: Column at which the content of a line ends; lines within a text of several lines have nothing but content.
        self._ends: dict[int, int] = {}

    def entry(self, node: Node, line: int) -> Entry:
        if isinstance(node, CollectionNode) and node.flow_style:
            self._ends[node.end_mark.line] = max(self._ends.get(node.end_mark.line, 0), node.end_mark.column)
        if isinstance(node, MappingNode):
            return Entry(self._mapping(node), line)
        if isinstance(node, SequenceNode):
            return Entry([self.entry(item, item.start_mark.line + 1) for item in node.value], line)
        assert isinstance(node, ScalarNode)
        self._mark(node)
        return Entry(_written(node), line)

    def _mapping(self, node: MappingNode) -> dict[str, Entry]:
        own: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for key, value in node.value:
            self._mark(key)
            entry = self.entry(value, key.start_mark.line + 1)
            if key.tag == _MERGE:
                merged |= entry.keys
            else:
                own[key.value] = entry
        return merged | own

    def _mark(self, node: Node) -> None:
        first, last = node.start_mark.line, node.end_mark.line
        for line in range(first, last):
            self._ends[line] = len(self._lines[line])
        if node.end_mark.column:  # a block of text ends where the next line begins
            self._ends[last] = max(self._ends.get(last, 0), node.end_mark.column)

    def attach(self, tree: Entry) -> list[str]:
        """Give each comment to the entry that begins on its line or, on a line of its own, to the next one.

        Returns:
            The comments after the last entry.
        """
        begins: dict[int, Entry] = {}
        for _, entry in walk(tree):
            begins.setdefault(entry.line - 1, entry)
        above: list[str] = []
        latest: Entry | None = None
        for number, line in enumerate(self._lines):
            found = _COMMENT.search(line, self._ends.get(number, 0))
            comment = found[1].rstrip() if found else ""
            if number in begins:
                latest = begins[number]
                latest.above, above, latest.beside = above, [], comment
            elif comment and number in self._ends and latest is not None:
                latest.beside = " ".join(filter(None, (latest.beside, comment)))
            elif comment or not line.strip():
                above.append(comment)
        return above


def _written(node: ScalarNode) -> str:
    if node.tag == _NULL:
        return ""
    return (
        node.value
        if node.style is None and _PLAIN.fullmatch(node.value)
        else json.dumps(node.value, ensure_ascii=False)
    )


def _lines(keys: dict[str, Entry], indent: str) -> Iterator[str]:
    for key, entry in keys.items():
        yield from _above(entry, indent)
        if entry.keys:
            yield _beside(f"{indent}{key}:", [entry])
            yield from _lines(entry.keys, indent + "  ")
        elif isinstance(entry.value, list) and any(not isinstance(item.value, str) for item in entry.value):
            yield _beside(f"{indent}{key}:", [entry])
            for item in entry.value:
                yield from _one(f"{indent}  - ", item, indent + "  ")
        else:
            yield from _one(f"{indent}{key}: ", entry, indent, above=False)


def _one(start: str, entry: Entry, indent: str, *, above: bool = True) -> Iterator[str]:
    """An entry on one line, beside it the comments of everything in it."""
    parts = [entry, *(part for _, part in walk(entry))]
    for part in parts if above else parts[1:]:
        yield from _above(part, indent)
    text = "" if entry.value == "" else flow(entry)
    yield _beside((start + text).rstrip(), parts)


def _above(entry: Entry, indent: str) -> Iterator[str]:
    return (indent + line if line else "" for line in entry.above)


def _beside(text: str, entries: list[Entry]) -> str:
    return "  ".join([text, *(entry.beside for entry in entries if entry.beside)])
