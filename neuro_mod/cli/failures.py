"""How commands and scripts end when something is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

BAD_INPUT = 2
SOME_FAILED = 3
INTERRUPTED = 130


@contextmanager
def plain_failures() -> Iterator[None]:
    """What the user can mend ends the process with a plain message and exit code 2, failed items with code 3."""
    try:
        yield
    except MemoryError as error:
        typer.echo(with_notes(error, f"not enough memory: {error}"), err=True)
        sys.exit(BAD_INPUT)
    except (ValueError, OSError, FloatingPointError) as error:
        # not imported above: --help needs neither
        from neuro_mod.config.errors import InputError
        from neuro_mod.storage.reading import DataError
        from neuro_mod.storage.writing import StorageError

        if not isinstance(error, InputError | StorageError | DataError | FloatingPointError):
            raise
        typer.echo(with_notes(error, str(error)), err=True)
        sys.exit(BAD_INPUT)
    except RuntimeError as error:
        from neuro_mod.execution.executors.base import ClusterLostError
        from neuro_mod.execution.jobs.outcome import FailedItemsError

        if not isinstance(error, FailedItemsError | ClusterLostError):
            raise
        typer.echo(with_notes(error, str(error)), err=True)
        sys.exit(SOME_FAILED if isinstance(error, FailedItemsError) else BAD_INPUT)


def with_notes(error: BaseException, message: str) -> str:
    """A message, and below it what was noted about an error on its way."""
    return "\n".join([message, *getattr(error, "__notes__", ())])
