"""Reads configurations from files, text and mappings."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from neuro_mod.checks import user_path
from neuro_mod.config.document import MAX_BYTES, read_document
from neuro_mod.config.experiment import Experiment, build_experiment
from neuro_mod.config.older import is_older
from neuro_mod.config.overrides import Overrides
from neuro_mod.config.shipped import shipped_as, shipped_files
from neuro_mod.config.validation import nearest
from neuro_mod.errors import ConfigError, KeyPath, Problem, show

#: Keys of a file of which a sweep needs at least one, and no configuration has any.
SWEPT = frozenset({"parameters", "conditions", "n_directions"})

Source = str | Path | bytes | Mapping[str, Any] | Experiment


def load_experiment(source: Source, overrides: Overrides = ()) -> Experiment:
    """Read and validate a configuration.

    Args:
        source: Path of a YAML file, or as text the name of a shipped one; YAML as bytes, or as text (a string with a
            line break or ``": "`` in it); a mapping of sections; or an experiment.
        overrides: Values that replace those of `source`, as strings ``"external_currents.nu_ext_baseline[0]=7.5"`` or
            as a mapping from key to value. A value that is a mapping sets only the keys that it names.

    Returns:
        The experiment, with defaults for everything that `source` leaves out.

    Raises:
        ConfigError: Every problem, with file and line.

    Examples:
        >>> from neuro_mod import load_experiment
        >>> experiment = load_experiment("small", ["arousal.level=0.4", "init_params.duration_sec=500 ms"])
        >>> experiment.arousal.level, experiment.init_params.duration_sec
        (0.4, 0.5)
        >>> load_experiment({"arousal": {"level": 2}})
        Traceback (most recent call last):
            ...
        neuro_mod.errors.ConfigError: arousal.level: 2 found; expected a number >= 0 and <= 1
    """
    if isinstance(source, Experiment):
        return source.replace(overrides) if overrides else source
    if isinstance(source, Mapping):
        return build_experiment(dict(source), overrides)
    name = ""
    if isinstance(source, Path) or (isinstance(source, str) and "\n" not in source and ": " not in source):
        name, source = str(source), read_file(located(source))
    if not isinstance(source, str | bytes):
        found, valid = f"{show(source)} found", "a path, YAML text or bytes, or a mapping of sections"
        raise ConfigError([Problem((), found, valid)])
    data, place = read_mapping(source, name, Experiment.model_fields, "sections")
    if "config" in data and data.keys() & SWEPT:
        hint = "neuro-mod sweep takes this file"
        raise ConfigError([Problem((), "a sweep found", "a configuration", hint, name)])
    try:
        return build_experiment(data, overrides, place)
    except ConfigError as error:
        if not (name and is_older(error.problems)):
            raise
        hint = f"neuro-mod convert {shlex.quote(name)} --out NEW.yaml writes the present one"
        raise ConfigError([Problem((), "older layout", hint=hint, source=name), *error.problems]) from None


def read_mapping(
    content: bytes | str, name: str, keys: Iterable[str], noun: str
) -> tuple[dict[str, Any], Callable[[KeyPath], dict[str, Any]]]:
    """Read YAML whose top level is a mapping.

    Args:
        content: The text.
        name: The file, for messages; may be empty.
        keys: Valid keys, for messages.
        noun: What messages call these keys.

    Returns:
        The mapping, and a function from a key path to its source and line, as keyword arguments of `Problem`.

    Raises:
        ConfigError: The text is not valid YAML, or its top level is not a mapping.
    """
    try:
        document = read_document(content)
    except ConfigError as error:
        raise ConfigError(replace(problem, source=name) for problem in error.problems) from None
    if not isinstance(document.data, dict):
        held = "a list" if isinstance(document.data, list) else show(document.data)
        found = "the file is empty" if document.data is None else f"the file holds {held}"
        raise ConfigError([Problem((), found, f"a mapping of {noun} ({', '.join(keys)})", "", name)])

    def place(path: KeyPath) -> dict[str, Any]:
        return {"source": name, "line": nearest(path, document.lines)}

    return document.data, place


def located(source: str | Path, folder: Path = Path(), *, or_folder: bool = False) -> Path:
    """The file that is meant by its path or, as text, by the name of a shipped configuration or sweep.

    Args:
        source: The path, or the name; a `Path` is never a name.
        folder: What a path is relative to.
        or_folder: Whether the path of a folder is valid, too.

    Raises:
        ConfigError: A file, or a folder where it is valid, has the name of a shipped one.
    """
    shipped = shipped_files().get(source) if isinstance(source, str) else None
    if shipped is None:  # what is wrong with a path is said where it is read
        return folder / user_path(source) if folder.parts else Path(source)
    path = folder / str(source)
    if os.path.lexists(path) and (or_folder or not path.is_dir()):
        kind = "folder" if path.is_dir() else "file"
        found = f"both a shipped configuration and a {kind} have this name"
        hint = f"or a copy of the shipped one: neuro-mod configs --copy {source} --to NEW.yaml"
        raise ConfigError([Problem((), found, f"./{source}, which is the {kind}", hint, str(source))])
    return shipped.path


def read_file(path: Path) -> bytes:
    """Read a YAML file, no further than just beyond the limit of its size.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        path = user_path(path)
        if path.is_fifo():  # opening one waits for a writer
            raise OSError("a pipe found, expected a file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        problem = Problem((), "no such file", hint=_neighbours(path), source=str(path))
    except IsADirectoryError:
        problem = Problem((), "a folder found", "a YAML file", _neighbours(path / "x"), str(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problem = Problem((), f"cannot be read: {reason}", source=show(str(path))[1:-1])
    raise ConfigError([problem])


def _neighbours(path: Path) -> str:
    """Suggest a shipped file, or files of the same folder."""
    if name := shipped_as(path):
        return f"it is shipped under the name {name}"
    folder, shipped = path.parent, {} if path.suffix else shipped_files()  # without an ending, a name may be meant
    names: list[str] | None = None
    with suppress(OSError):
        names = sorted(entry.name for entry in folder.iterdir() if entry.suffix in {".yaml", ".yml"})
    close = [str(folder / each) for each in get_close_matches(path.name, names or (), n=1)]
    close += [f"the shipped {each}" for each in get_close_matches(str(path), shipped, n=1)]
    if close:
        return f"did you mean {' or '.join(close)}?"
    if names is None:
        return f"folder {folder} does not exist"
    listed = f"{folder} contains {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}" if names else ""
    return "; ".join(filter(None, (listed, "neuro-mod configs lists what is shipped" if shipped else "")))
