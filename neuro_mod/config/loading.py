"""Where configurations come from: files, text, dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from neuro_mod.config.document import MAX_BYTES, DocumentError, read_document
from neuro_mod.config.errors import ConfigError, KeyPath, Problem, show
from neuro_mod.config.experiment import Experiment, build_experiment
from neuro_mod.config.overrides import Overrides

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
        return _from_yaml(_read(Path(source)), str(source), overrides)
    raise ConfigError([Problem((), f"found {show(source)}", "a path, YAML text or bytes, or a mapping of sections")])


def _from_yaml(content: bytes | str, name: str, overrides: Overrides) -> Experiment:
    try:
        document = read_document(content)
    except DocumentError as error:
        raise ConfigError(Problem(p.path, p.found, p.expected, p.hint, name, p.line) for p in error.problems) from None
    if not isinstance(document.data, dict):
        found = "the file is empty" if document.data is None else f"the file holds {_kind(document.data)}"
        raise ConfigError(
            [Problem((), found, f"a mapping of sections ({', '.join(Experiment.model_fields)})", "", name)]
        )

    def place(path: KeyPath) -> dict[str, Any]:
        known = [path[:length] for length in range(len(path), 0, -1) if path[:length] in document.lines]
        return {"source": name, "line": document.lines[known[0]] if known else None}

    return build_experiment(document.data, overrides, place)


def _kind(data: object) -> str:
    return "a list" if isinstance(data, list) else show(data)


def _read(path: Path) -> bytes:
    """Read a file, never more than a little above the limit."""
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
