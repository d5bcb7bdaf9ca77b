"""How commands and scripts end when something is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

BAD_INPUT = 2
INTERRUPTED = 130


@contextmanager
def plain_failures() -> Iterator[None]:
    """What the user can mend ends the process with a plain message and exit code 2."""
    try:
        yield
    except MemoryError as error:
        typer.echo(_with_notes(error, f"not enough memory: {error}"), err=True)
        sys.exit(BAD_INPUT)
    except (ValueError, OSError, FloatingPointError) as error:
        # not imported above: --help needs neither
        from neuro_mod.config.errors import InputError
        from neuro_mod.storage.reading import DataError
        from neuro_mod.storage.writing import StorageError

        if not isinstance(error, InputError | StorageError | DataError | FloatingPointError):
            raise
        typer.echo(_with_notes(error, str(error)), err=True)
        sys.exit(BAD_INPUT)


def _with_notes(error: Exception, message: str) -> str:
    return "\n".join([message, *getattr(error, "__notes__", ())])
