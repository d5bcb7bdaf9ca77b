"""Where configurations come from: files, text, dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from neuro_mod.config.document import MAX_BYTES, DocumentError, read_document
from neuro_mod.config.experiment import Experiment, build_experiment
from neuro_mod.config.overrides import Overrides
from neuro_mod.errors import ConfigError, KeyPath, Problem, show

Source = str | Path | bytes | Mapping[str, Any] | Experiment


def load_experiment(source: Source, overrides: Overrides = ()) -> Experiment:
    """Read and validate a configuration.

    Args:
        source: Path of a YAML file; YAML as bytes, or as text (a string with a line break or ``": "`` in it);
            a mapping of sections; or an experiment.
        overrides: Values that replace those of `source`, as strings ``"external_currents.nu_ext_baseline[0]=7.5"`` or
            as a mapping from key to value.

    Returns:
        The experiment, with defaults for all that `source` leaves out.

    Raises:
        ConfigError: All that is wrong, with file and line.
    """
    if isinstance(source, Experiment):
        return source.replace(overrides) if overrides else source
    if isinstance(source, Mapping):
        return build_experiment(dict(source), overrides)
    if isinstance(source, bytes):
        return _from_yaml(source, "", overrides)
    if isinstance(source, str) and ("\n" in source or ": " in source):
        return _from_yaml(source, "", overrides)
    if isinstance(source, str | Path):
        return _from_yaml(read_file(Path(source)), str(source), overrides)
    raise ConfigError([Problem((), f"{show(source)} found", "a path, YAML text or bytes, or a mapping of sections")])


def read_mapping(
    content: bytes | str, name: str, keys: Iterable[str], noun: str
) -> tuple[dict[str, Any], Callable[[KeyPath], dict[str, Any]]]:
    """Read YAML whose top level is a mapping.

    Args:
        content: The text.
        name: The file, for messages; may be empty.
        keys: What the mapping may hold, for messages.
        noun: What these are called there.

    Returns:
        The mapping; and source and line of a key path in it, as keyword arguments of `Problem`.

    Raises:
        ConfigError: It is not readable, or no mapping.
    """
    try:
        document = read_document(content)
    except DocumentError as error:
        raise ConfigError(Problem(p.path, p.found, p.expected, p.hint, name, p.line) for p in error.problems) from None
    if not isinstance(document.data, dict):
        found = "the file is empty" if document.data is None else f"the file holds {_kind(document.data)}"
        raise ConfigError([Problem((), found, f"a mapping of {noun} ({', '.join(keys)})", "", name)])

    def place(path: KeyPath) -> dict[str, Any]:
        known = [path[:length] for length in range(len(path), 0, -1) if path[:length] in document.lines]
        return {"source": name, "line": document.lines[known[0]] if known else None}

    return document.data, place


def _from_yaml(content: bytes | str, name: str, overrides: Overrides) -> Experiment:
    data, place = read_mapping(content, name, Experiment.model_fields, "sections")
    return build_experiment(data, overrides, place)


def _kind(data: object) -> str:
    return "a list" if isinstance(data, list) else show(data)


def read_file(path: Path) -> bytes:
    """Read a file of YAML, never more than a little above the limit.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        problem = Problem((), "no such file", hint=_neighbours(path), source=str(path))
    except IsADirectoryError:
        problem = Problem((), "a folder", "a YAML file", _neighbours(path / "x"), str(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problem = Problem((), f"cannot be read: {reason}", source=show(str(path))[1:-1])
    raise ConfigError([problem])


def _neighbours(path: Path) -> str:
    """Suggest files of the same folder."""
    folder = path.parent
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.suffix in {".yaml", ".yml"})
    except OSError:
        return f"there is no folder {folder}"
    if close := get_close_matches(path.name, names, n=1):
        return f"did you mean {folder / close[0]}?"
    return f"{folder} has {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}" if names else ""
