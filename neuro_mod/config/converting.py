"""From the older layout of configurations to the present one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from operator import itemgetter
from pathlib import Path
from typing import Any

from neuro_mod.config.commented import Entry, flow, read_commented, walk, write_commented
from neuro_mod.config.document import read_document
from neuro_mod.config.experiment import Experiment, build_experiment
from neuro_mod.config.loading import read_file, read_mapping
from neuro_mod.config.older import BACKGROUND, BACKGROUNDS, CLUSTERS, HOMES, RENAMED, SECTIONS, home
from neuro_mod.config.schema import json_schema, key_paths, subschema
from neuro_mod.config.sections import ExternalCurrents
from neuro_mod.config.validation import nearest
from neuro_mod.errors import ConfigError, KeyPath, Problem, format_path, show
from neuro_mod.populations import PATHWAYS


@dataclass
class Conversion:
    """A configuration in the present layout.

    Attributes:
        text: The configuration, with its comments.
        changes: What was moved from where to where, joined, or left out; one line each, in the order of the file.
    """

    text: str
    changes: list[str]


def convert(file: str | Path) -> Conversion:
    """Convert a configuration of the older layout; one of the present layout keeps its keys where they are.

    Args:
        file: Path of the configuration.

    Raises:
        ConfigError: Everything that has no place in the present layout or is not valid, with its line.
    """
    content = read_file(Path(file))
    read_mapping(content, str(file), Experiment.model_fields, "sections")
    text = content.decode("utf-8-sig")
    converter = _Converter(read_commented(text))
    converter.convert()
    if converter.changes:
        text = write_commented(converter.tree)
    lines = {path: entry.line for path, entry in walk(converter.tree)}

    def place(path: KeyPath) -> dict[str, Any]:
        return {"source": str(file), "line": nearest(path, lines)}

    problems = [replace(problem, source=str(file)) for problem in converter.problems]
    try:
        build_experiment(read_document(text).data or {}, place=place)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: problem.line or 0))
    changes = sorted(converter.changes, key=itemgetter(0))
    return Conversion(text, [f"{file}:{line}: {change}" for line, change in changes])


@dataclass
class _Converter:
    tree: Entry
    changes: list[tuple[int, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def convert(self) -> None:
        self._leave_out_empty()
        self._join_backgrounds()
        for path in [(*section, key) for section in SECTIONS for key in self._keys(section)]:
            if (target := home(path)) and path not in BACKGROUNDS:
                self._move(path, target)
        self._leave_out_inhibitory_source()
        self._leave_out_population_count()
        self._remove_empty_sections()

    def _keys(self, section: KeyPath) -> dict[str, Entry]:
        keys = self.tree.keys
        for part in section:
            keys = keys[str(part)].keys if part in keys else {}
        return keys

    def _open(self, section: KeyPath) -> dict[str, Entry] | None:
        """The keys of a section, which is made if it is missing; None if something else is in its place."""
        keys = self.tree.keys
        for part in map(str, section):
            entry = keys.setdefault(part, Entry({}))
            if not isinstance(entry.value, dict):
                return None
            keys = entry.value
        return keys

    def _value(self, path: KeyPath) -> Any:
        entry = self._keys(path[:-1]).get(str(path[-1]))
        return None if entry is None else read_document(flow(entry)).data

    def _leave_out_empty(self) -> None:
        """An empty value means the default."""
        schema = json_schema(Experiment)
        known = {path: path for path in key_paths(schema) if path[0] != "perturbation"}
        older = [(*section, key) for section in SECTIONS for key in HOMES] + [*BACKGROUNDS, *RENAMED]
        known |= {path: target for path in older if (target := home(path))}
        for path, present in known.items():
            keys = self._keys(path[:-1])
            entry = keys.get(str(path[-1]))
            if entry is None or not (entry.value == "" or (entry.value == [] and path != ("stimulus", "onsets"))):
                continue
            default = (subschema(schema, present) or {}).get("default")
            self._remove(path, "empty; left out" + (f", which means {show(default)}" if default is not None else ""))

    def _remove(self, path: KeyPath, change: str) -> None:
        """Leave out a key. If it has a comment, it stays as a comment itself."""
        siblings, key = self._keys(path[:-1]), str(path[-1])
        entry = siblings.pop(key)
        self.changes.append((entry.line, f"{format_path(path)}: {change}"))
        kept = [line for line in entry.above if line]
        if beside := _comments(entry)[len(kept) :]:
            kept.append(" ".join([f"# {key}: {flow(entry) if entry.value else ''}".rstrip(), *beside]))
        later = [each for each in siblings.values() if each.line > entry.line]
        owner = next(iter([*later, *reversed(siblings.values())]), self.tree)
        owner.above = [*kept, *owner.above]

    def _move(self, path: KeyPath, target: KeyPath) -> None:
        entry = self._keys(path[:-1])[str(path[-1])]
        destination = self._open(target[:-1])
        if destination is None:
            return
        if other := destination.get(str(target[-1])):
            hint = f"{format_path(target)} on line {other.line} is there too"
            self.problems.append(Problem(path, "a key of the older layout", "one of the two", hint, line=entry.line))
            return
        del self._keys(path[:-1])[str(path[-1])]
        self._report_move(path, entry)
        self._insert(target, entry)

    def _report_move(self, path: KeyPath, entry: Entry) -> None:
        self.changes.append((entry.line, f"{format_path(path)} -> {format_path(home(path) or path)}"))
        entry.above = [line for line in entry.above if line]

    def _insert(self, target: KeyPath, entry: Entry) -> None:
        """Add a key where the present layout has it: before the keys that follow it there."""
        keys = self._open(target[:-1])
        assert keys is not None
        order = list(SECTIONS[target[:-1]].model_fields)
        place = order.index(str(target[-1]))
        later = {key: keys.pop(key) for key in list(keys) if key in order[place + 1 :]}
        keys |= {str(target[-1]): entry} | later

    def _join_backgrounds(self) -> None:
        keys = self._keys(CLUSTERS)
        given = {path: keys[str(path[-1])] for path in BACKGROUNDS if path[-1] in keys}
        if given and (len(given) == 1 or BACKGROUND[-1] in keys):
            path, entry = next(iter(given.items()))
            both = f"both {' and '.join(map(format_path, BACKGROUNDS))}, or {format_path(BACKGROUND)} alone"
            self.problems.append(Problem(path, "a key of the older layout", both, line=entry.line))
        elif given:
            for path, entry in given.items():
                del keys[str(path[-1])]
                self._report_move(path, entry)
            self._insert(BACKGROUND, Entry(list(given.values()), min(entry.line for entry in given.values())))

    def _leave_out_inhibitory_source(self) -> None:
        """Four entries that end in zeros in all lists describe no external inhibitory source."""
        keys = self._keys(("external_currents",))
        four = {
            key: keys[key].value
            for key in ExternalCurrents.model_fields
            if key in keys and len(keys[key].value) == len(PATHWAYS)
        }
        lists = {key: value for key, value in four.items() if isinstance(value, list)}
        values = {key: self._value(("external_currents", key)) for key in lists}
        if any(value[2:] != [0, 0] for value in values.values()):
            return
        for key, entries in lists.items():
            entry = keys[key]
            change = f"external_currents.{key}: {flow(entry)} -> {show(values[key][:2])}, without an inhibitory source"
            self.changes.append((entry.line, change))
            entry.above += [comment for gone in entries[2:] for comment in _comments(gone)]
            entry.value = entries[:2]

    def _leave_out_population_count(self) -> None:
        """The older layout did not count clusters of I neurons where all I neurons are background."""
        path = (*CLUSTERS, "total_pops")
        found, n_clusters = self._value(path), self._value((*CLUSTERS, "n_clusters"))
        sizes = [self._value(("architecture", "network", key)) for key in ("n_neurons", "n_excitatory")]
        with suppress(TypeError, IndexError):  # validation reports values that are no numbers
            all_background = self._value(BACKGROUND)[1] == sizes[0] - sizes[1]
            if found == n_clusters + 2 and all_background and "perturbation" not in self.tree.keys:
                self._remove(path, f"{found}; left out, since I clusters without neurons are counted now")

    def _remove_empty_sections(self) -> None:
        for section in [*SECTIONS, ("architecture",), *((key,) for key in Experiment.model_fields)]:
            parent = self._keys(section[:-1])
            if section[-1] in parent and parent[str(section[-1])].value == {}:
                entry = parent.pop(str(section[-1]))
                later = [each for each in parent.values() if each.line > entry.line]
                owner = next(iter(later), self.tree)
                owner.above = [*_comments(entry), *owner.above]


def _comments(entry: Entry) -> list[str]:
    """All comments of an entry: above it, beside it, and within it."""
    parts = [entry, *(part for _, part in walk(entry))]
    return [line for part in parts for line in (*part.above, part.beside) if line]
