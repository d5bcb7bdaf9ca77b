"""How commands and scripts end when something is wrong."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

import typer

from neuro_mod.errors import ConfigError, InputError, NeuroModError

INTERRUPTED = 130


class plain_failures:  # noqa: N801 -- a decorator
    """An error that the user can correct ends the process with its message and exit code, Ctrl-C with code 130.

    So does a full disk that standard output goes to. It decorates commands, whose options messages then name, and is a
    context manager.
    """

    def __init__(self) -> None:
        self._ending = _ending(None)

    def __call__(self, command: Callable[..., None]) -> Callable[..., None]:
        """The command, which ends so."""

        @wraps(command)
        def call(*arguments: Any, **options: Any) -> None:
            with _ending(command):
                command(*arguments, **options)

        return call

    def __enter__(self) -> None:
        self._ending.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._ending.__exit__(*error)


@contextmanager
def _ending(command: Callable[..., None] | None) -> Iterator[None]:
    _replace_closed_streams()
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except NeuroModError as error:
        _end(error, _message(error, command), error.exit_code)
    except MemoryError as error:
        _end(error, f"not enough memory: {error}", NeuroModError.exit_code)
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left is flushed at the end
        _end(error, f"cannot write to standard output: {error.strerror}", NeuroModError.exit_code)
    except KeyboardInterrupt as error:
        _end(error, str(error) or "interrupted", INTERRUPTED)


def _message(error: NeuroModError, command: Callable[..., None] | None) -> str:
    """What is printed: options stand for arguments, which errors about files and configurations do not name."""
    from neuro_mod.cli.flags import in_flags

    of_argument = isinstance(error, InputError) and not isinstance(error, ConfigError)
    return in_flags(str(error), command if of_argument else None, sys.argv[1:])


def _replace_closed_streams() -> None:
    """Let standard streams that are closed go nowhere: the next file to be opened would take the place of one.

    Worker processes write to it, too.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free, this one
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 -- as long as the process


def _end(error: BaseException, message: str, exit_code: int) -> None:
    """Print a message, and below it what was noted about the error on its way, and exit."""
    with suppress(OSError):  # what standard error goes to is full
        typer.echo("\n".join([message, *getattr(error, "__notes__", ())]), err=True)
    sys.exit(exit_code)
