"""Every error that a user can meet, and how messages show keys and values.

A message has the form ``PLACE: VALUE found; expected WHAT``, with a hint after it where there is one. The command line
catches `NeuroModError` in one place, prints the message and exits with its code: 2, or 3 if items of a job failed or
are missing, or 4 if a cluster had no workers for them. Interruptions exit with 130.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Position of a value in a configuration: keys, and indices into lists.
KeyPath = tuple[str | int, ...]


#: Characters of a text that are looked at to show it on a line.
_MAX_READ = 1000


class NeuroModError(Exception):
    """Base of all errors that a user can correct.

    Examples:
        >>> from neuro_mod import NeuroModError, load_experiment
        >>> try:
        ...     load_experiment("no_such_name")
        ... except NeuroModError as error:
        ...     print(error.exit_code, type(error).__name__)
        2 ConfigError
    """

    exit_code = 2


class InputError(NeuroModError, ValueError):
    """An argument, option or configuration is not valid; raised by all layers.

    Examples:
        >>> from neuro_mod import InputError, StageSNNSimulation
        >>> try:
        ...     StageSNNSimulation("small").run(record=["spike"])
        ... except InputError as error:
        ...     print(error)
        record: spike found; expected a list of spikes, voltage, current; spike counts and rates are always recorded
    """


def invalid(place: str, value: object, expected: str, hint: str = "") -> InputError:
    """An error about one value: ``PLACE: VALUE found; expected WHAT``.

    Args:
        place: Argument, key, file or option.
        value: The value found there.
        expected: What is valid, as a phrase.
        hint: How to correct it; may be empty.
    """
    return InputError(_message((place,), f"{show(value)} found", expected, hint))


@dataclass(frozen=True)
class Problem:
    """One thing to correct in a configuration.

    Args:
        path: Key path of the value, empty for the file as a whole.
        found: What is wrong, as a phrase: ``"abc" found``, ``missing value``, ``unknown key``.
        expected: What is valid, as a phrase; may be empty.
        hint: How to correct it; may be empty.
        source: File that was read; empty if it has no name.
        line: Line in the file, from 1.
        override: The override that set the value; empty if the file did.
    """

    path: KeyPath
    found: str
    expected: str = ""
    hint: str = ""
    source: str = ""
    line: int | None = None
    override: str = ""

    @property
    def key(self) -> str:
        """The key path as written in overrides: ``external_currents.nu_ext_baseline[0]``."""
        return format_path(self.path)

    def __str__(self) -> str:
        place = self.source
        if self.line and not self.override:
            place = f"{self.source}:{self.line}" if self.source else f"line {self.line}"
        return _message((place, self.override, self.key), self.found, self.expected, self.hint)


class ConfigError(InputError):
    """A configuration is not valid; the message has one line per problem.

    Args:
        problems: All problems, at least one.

    Examples:
        >>> from neuro_mod import ConfigError, load_experiment
        >>> try:
        ...     load_experiment({"arousal": {"level": 2, "lvel": 0.5}})
        ... except ConfigError as error:
        ...     print([problem.key for problem in error.problems])
        ...     print(error.problems[0])
        ['arousal.level', 'arousal.lvel']
        arousal.level: 2 found; expected a number >= 0 and <= 1
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class DataError(NeuroModError, OSError, ValueError):
    """A file or object with data cannot be read or does not hold what it should; raised by recordings and storage.

    Examples:
        >>> from pathlib import Path
        >>> from neuro_mod import DataError, load_spikes
        >>> _ = Path("spikes.npz").write_text("no spikes")
        >>> try:
        ...     load_spikes("spikes.npz")
        ... except DataError as error:
        ...     print(error)
        spikes.npz is damaged or not what it should be: File is not a zip file
    """


class MissingFileError(DataError, FileNotFoundError):
    """A file with data does not exist; the message says where it was looked for, and what is there instead.

    Examples:
        >>> from neuro_mod import MissingFileError, load_spikes
        >>> try:
        ...     load_spikes("nowhere")
        ... except MissingFileError as error:
        ...     print(error)
        nowhere: no such file
    """


class StorageError(NeuroModError, OSError):
    """A file or folder could not be written; the message says which and why, and how much space a full disk has."""


class FolderInUseError(StorageError):
    """Another process is writing to the folder."""


class NumericalError(NeuroModError, FloatingPointError):
    """The state of a simulation became infinite or NaN; the message says where and when."""


class ClusterLostError(NeuroModError, RuntimeError):
    """The connection to the scheduler of a cluster is lost, and with it the items that were running."""


class NoWorkersError(NeuroModError, RuntimeError):
    """No worker of a cluster took an item for as long as the user would wait; the message says what is known why."""

    exit_code = 4


class FailedItemsError(NeuroModError, RuntimeError):
    """Some items of a job failed; the others are saved.

    Args:
        message: Which items failed, and why.
        outcome: The `Outcome` of the job.
        metadata: The content of ``run.json``.

    Examples:
        >>> from neuro_mod import FailedItemsError, SNNBaseSweepRunner
        >>> class Fails(SNNBaseSweepRunner):
        ...     def _step(self, param, idx, sweep_param, **kwargs):
        ...         return 1 / sweep_param
        ...
        ...     def summary(self, results, sweep_params): ...
        >>> try:
        ...     _ = Fails().execute("fails", "small", "arousal.level", [0.0, 0.5])
        ... except FailedItemsError as error:
        ...     print(error)
        1 step failed:
          point 0 (arousal.level=0), repeat 0 (seed 9679106326672125361): ZeroDivisionError: float division by zero
        1 of 2 steps finished and saved in fails; tracebacks are in metadata/run.log
    """

    exit_code = 3

    def __init__(self, message: str, outcome: Any = None, metadata: Mapping[str, Any] | None = None):
        super().__init__(message)
        self.outcome, self.metadata = outcome, metadata or {}


class MissingItemsError(NeuroModError, RuntimeError):
    """Shards of a study have not finished all items, so that it cannot be completed; finished items stay.

    Args:
        message: Which shards and items are missing, and how to do them.
        missing: Names of the missing items by shard, written ``3/20``.

    Examples:
        >>> from neuro_mod import MissingItemsError, Repeater, gather
        >>> repeater = Repeater("small", n_repeats=2, overrides=["init_params.duration_sec=0.1"])
        >>> _ = repeater.execute("repeats", shard="1/2", plot_arg="none")
        >>> try:
        ...     gather("repeats")
        ... except MissingItemsError as error:
        ...     print(error.missing)
        {'2/2': ['repeat 1']}
    """

    exit_code = 3

    def __init__(self, message: str, missing: Mapping[str, Sequence[str]] | None = None):
        super().__init__(message)
        self.missing = missing or {}


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM; everything finished by then is kept. It is not a `NeuroModError`: the exit code is 130.

    Args:
        message: How far it got.
        finished: What was finished, None for nothing: the `Simulation` so far of `simulate`, the results by index that
            `simulate_batch` had not yet returned, the `PairedRuns` of `run_pairs`, the `Outcome` of a job.
        metadata: The content of the ``run.json`` of a job.
    """

    def __init__(self, message: str, finished: Any = None, metadata: Mapping[str, Any] | None = None):
        super().__init__(message)
        self.finished, self.metadata = finished, metadata or {}


def _message(places: Sequence[str], found: str, expected: str, hint: str) -> str:
    """``PLACE: PLACE: FOUND; expected WHAT; HINT`` on one line, without the parts that are empty."""
    where = ": ".join(filter(None, (*places, found)))
    return " ".join("; ".join(filter(None, (where, expected and f"expected {expected}", hint))).split())


def format_path(path: KeyPath) -> str:
    """Write a key path with dots and square brackets."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def show(value: object) -> str:
    """Describe a value on one short line, the way YAML writes it."""
    if hasattr(value, "dtype") and getattr(value, "shape", None) == ():  # a number of NumPy, which is not imported here
        value = value.item()  # type: ignore[union-attr]
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f'"{_shorten("".join(map(_visible, value[:_MAX_READ])))}"'
    if isinstance(value, int | float):
        return _show_number(value)
    if isinstance(value, list | tuple):
        return _show_list(value)
    return "a mapping" if isinstance(value, dict) else f"a Python {type(value).__name__}"


def _show_list(value: Sequence[object]) -> str:
    long = len(value) > 8 or any(isinstance(item, list | tuple) for item in value)
    text = "" if long else f"[{', '.join(map(show, value))}]"
    return text if text and len(text) <= 60 else f"a list of {len(value)} entries"


def _visible(character: str) -> str:
    """A character, or its code where it looks like a space or like nothing."""
    return character if character.isprintable() or character in "\r\n" else ascii(character)[1:-1]


def _show_number(value: float) -> str:
    try:
        return _shorten(repr(value))
    except ValueError:  # Python refuses to print integers of thousands of digits
        return "a huge number"


def _shorten(text: str, limit: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
