"""How commands and scripts end when something is wrong."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from neuro_mod.errors import NeuroModError

INTERRUPTED = 130


@contextmanager
def plain_failures() -> Iterator[None]:
    """An error that the user can correct ends the process with its message and exit code, Ctrl-C with code 130.

    So does a full disk that standard output goes to.
    """
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:  # closed, as under a daemon
                sys.stdout.flush()
    except NeuroModError as error:
        _end(error, str(error), error.exit_code)
    except MemoryError as error:
        _end(error, f"not enough memory: {error}", NeuroModError.exit_code)
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left is flushed at the end
        _end(error, f"cannot write to standard output: {error.strerror}", NeuroModError.exit_code)
    except KeyboardInterrupt as error:
        _end(error, str(error) or "interrupted", INTERRUPTED)


def _end(error: BaseException, message: str, exit_code: int) -> None:
    """Print a message, and below it what was noted about the error on its way, and exit."""
    typer.echo("\n".join([message, *getattr(error, "__notes__", ())]), err=True)
    sys.exit(exit_code)
