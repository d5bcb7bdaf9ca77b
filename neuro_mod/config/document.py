"""From YAML text to plain data, with the line of every key."""

from __future__ import annotations

import re
import unicodedata
import warnings
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import ComposerError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from neuro_mod.checks import DECIMAL_COMMA
from neuro_mod.config.quantities import units_of
from neuro_mod.errors import ConfigError, KeyPath, Problem

MAX_BYTES = 1_000_000
MAX_VALUES = 100_000
MAX_DEPTH = 50

TOO_DEEP = Problem((), "nested too deeply", "a few levels of keys and lists")
_TOO_MANY = Problem((), "too many values", f"at most {MAX_VALUES:,}, counting each use of an alias")
_BRACKETS = re.compile(r"[\[\]{}]")
_TAG = "tag:yaml.org,2002:"
_INVISIBLE = re.compile(r"[\t\u00a0\u00ad\u2000-\u200f\u202a-\u202f\u205f-\u206f\u3000\ufeff]")
_UNITS = "|".join((*units_of("s"), *units_of("Hz")))
_DECIMAL_COMMA = re.compile(rf"{DECIMAL_COMMA.pattern}(\s*({_UNITS}))?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
_TYPED = {_TAG + name for name in ("null", "bool", "int", "float")}
_TEXT = {_TAG + name for name in ("str", "timestamp", "value", "merge")}


@dataclass
class Document:
    """The content of a file.

    Attributes:
        data: Mappings, lists, strings, numbers, booleans and None.
        lines: Line of each key and list entry, from 1.
    """

    data: Any
    lines: dict[KeyPath, int] = field(default_factory=dict)


def read_document(content: bytes | str) -> Document:
    """Read one YAML 1.2 document, whatever its top level is.

    Args:
        content: The text, as UTF-8 if bytes.

    Raises:
        ConfigError: Too large, not UTF-8, not YAML, duplicate keys, tags, or too many aliases; without a file name.
    """
    text = _decode(content)
    try:
        node = _compose(text)
        builder = _Builder()
        data = None if node is None else builder.build(node, ())
    except RecursionError:
        raise ConfigError([TOO_DEEP]) from None
    if builder.problems:
        raise ConfigError(builder.problems)
    return Document(data, builder.lines)


def _decode(content: bytes | str) -> str:
    if len(content) > MAX_BYTES:
        raise ConfigError([Problem((), "file too large", f"at most {MAX_BYTES // 1_000_000} MB")])
    if isinstance(content, bytes):
        try:
            content = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise ConfigError([Problem((), "not UTF-8 text", "a YAML file in UTF-8", line=line)]) from None
    if sum(map(content.count, ",\n[{")) > MAX_VALUES:  # reading them all would take half a minute
        raise ConfigError([_TOO_MANY])
    depth = accumulate(1 if bracket in "[{" else -1 for bracket in _BRACKETS.findall(content))
    if max(depth, default=0) > 10 * MAX_DEPTH:  # ruamel's time grows with the square of the depth
        raise ConfigError([TOO_DEEP])
    return content


def _compose(text: str) -> Node | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor may be reused
            return YAML(typ="safe", pure=True).compose(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found = f"not text: character {error.character!r}"
        raise ConfigError([Problem((), found, "a YAML file in UTF-8", line=line)]) from None
    except MarkedYAMLError as error:
        raise ConfigError([_syntax_problem(error, text)]) from None
    except (YAMLError, ValueError, AttributeError) as error:
        raise ConfigError([Problem((), f"not valid YAML: {error}")]) from None


def _syntax_problem(error: MarkedYAMLError, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else None
    content = text.split("\n")[mark.line] if mark and mark.line < text.count("\n") + 1 else ""
    if mark and content[: mark.column].strip() and content[mark.column : mark.column + 1] == "\t":
        return Problem((), *_in_text("\t", content.strip()), line=line)
    if isinstance(error, ComposerError) and error.context and "single document" in error.context:
        return Problem((), "a second document starts here (---)", "one document per file", line=line)
    hint = "indent with spaces, not tabs" if error.problem and "\\t" in error.problem else ""
    reason = ", ".join(part for part in (error.context, error.problem) if part)
    return Problem((), f"not valid YAML: {reason}", hint=hint, line=line)


def _in_text(character: str, text: str) -> tuple[str, str, str]:
    """What is found, expected and to be done where a text has a character that looks like a space, or like nothing."""
    found = f"the character U+{ord(character):04X} ({unicodedata.name(character, 'TAB')}) in {text[:40]!a}"
    return found, "plain spaces", "put text in quotes where the character is meant"


class _Builder:
    """Turns a graph of YAML nodes into plain data, and collects problems."""

    def __init__(self) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []
        self._count = 0
        self._open: set[int] = set()
        self._scalars = YAML(typ="safe", pure=True).constructor

    def build(self, node: Node, path: KeyPath) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            raise ConfigError([_TOO_MANY])
        if len(self._open) > MAX_DEPTH:
            raise RecursionError
        self.lines.setdefault(path, _line(node))
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._open:
            self._report(node, path, "an alias within its own anchor", "an alias that does not contain itself")
            raise ConfigError(self.problems)
        self._open.add(id(node))
        try:
            return self._collection(node, path)
        finally:
            self._open.remove(id(node))

    def _collection(self, node: Node, path: KeyPath) -> Any:
        if isinstance(node, MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, path)
        if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._refuse_tag(node, path)

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        first_line: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = _line(key_node)
            if not isinstance(key_node, ScalarNode):
                self._report(key_node, path, "a key that is not plain text", "key: value")
                continue
            self._check_characters(key_node, path)
            key = key_node.value
            if key_node.tag == _TAG + "merge":
                merged |= self._merge(value_node, path)
                continue
            if key in first_line:
                hint = f"it is also on line {first_line[key]}"
                self._report(key_node, (*path, key), "duplicate key", hint=hint)
            first_line.setdefault(key, line)
            self.lines[(*path, key)] = line
            data[key] = self.build(value_node, (*path, key))
        return merged | data

    def _merge(self, node: Node, path: KeyPath) -> dict[str, Any]:
        """``<<: *anchor``: the keys of another mapping, for which keys beside it take precedence."""
        data = self.build(node, path)
        if not isinstance(data, dict):
            self._report(node, (*path, "<<"), "not a mapping", "<<: *anchor")
            return {}
        return data

    def _scalar(self, node: ScalarNode, path: KeyPath) -> Any:
        if node.tag in _TYPED:
            if _LEADING_ZERO.fullmatch(node.value):
                hint = f"some programs read such numbers as octal; did you mean {node.value.lstrip('+-0') or 0}?"
                self._report(node, path, f"{node.value} found", "a number without a leading zero", hint)
            try:
                return self._scalars.construct_object(node)
            except (YAMLError, ValueError, LookupError):
                found = f'cannot read "{node.value[:40]}" as {node.tag.removeprefix(_TAG)}'
                self._report(node, path, found, hint="text like this is in quotes" if ":" in node.value else "")
                return None
        self._check_characters(node, path)
        return node.value if node.tag in _TEXT else self._refuse_tag(node, path)

    def _check_characters(self, node: ScalarNode, path: KeyPath) -> None:
        if node.style is not None:  # in quotes, any text is meant
            return
        if character := _INVISIBLE.search(node.value):
            self._report(node, path, *_in_text(character[0], node.value))
        elif _DECIMAL_COMMA.fullmatch(node.value):
            hint = f"numbers have a decimal point ({node.value.replace(',', '.')}), and text like this is in quotes"
            self._report(node, path, f"{node.value} found, with a comma", "a number or text in quotes", hint)

    def _refuse_tag(self, node: Node, path: KeyPath) -> None:
        tag = "!!" + node.tag.removeprefix(_TAG) if node.tag.startswith(_TAG) else node.tag
        self._report(node, path, f"the tag {tag} is not allowed", "plain values, lists and keys")

    def _report(self, node: Node, path: KeyPath, found: str, expected: str = "", hint: str = "") -> None:
        self.problems.append(Problem(path, found, expected, hint, line=_line(node)))


def _line(node: Node) -> int:
    return node.start_mark.line + 1
