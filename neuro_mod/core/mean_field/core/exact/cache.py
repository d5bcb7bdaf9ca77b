"""Response tables in memory, in the package, and in the cache folder: computed where there is none yet."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.compilation import cache_base
from neuro_mod.core.mean_field.core.exact.coordinates import LOG_RHO, W
from neuro_mod.core.mean_field.core.exact.table import Ratios, ResponseTable, compute
from neuro_mod.core.table_watch import HOW_LONG, say

_Array = NDArray[np.float64]

#: Raised by one when the solver or the coordinates change, so that older tables are computed again.
VERSION = 1
#: The tables of the configurations that ship.
_PACKAGED = Path(__file__).resolve().parent / "tables"
#: Files that a user's cache folder may hold are read up to this size in bytes.
_MAX_BYTES = 1_000_000

#: Numbers of tables that are computed without a word about their number.
_FEW = 2
#: Seconds after which a table is computed although another process seems to do so.
_MAX_WAIT = 600.0

_LOCK = threading.Lock()


def table_for(ratios: Ratios) -> ResponseTable:
    """The table of a pair of ratios, from memory, from the package, from the cache folder, or computed.

    Raises:
        InputError: The ratios are out of range.
        NumericalError: The table cannot be computed.
    """
    with _LOCK:  # one table at a time, which uses all cores
        return _table(_rounded(ratios))


@cache
def say_if_many(every: tuple[Ratios, ...]) -> None:
    """Say so, once, if more than two tables of these have to be computed."""
    n_missing = sum(place_of(ratios) is None for ratios in every)
    if n_missing > _FEW:
        say(
            f"{n_missing} response tables have to be computed, one for each pair of ratios of time constants: "
            f"{HOW_LONG} for each; the shifted response needs none"
        )


def place_of(ratios: Ratios) -> Path | None:
    """The file of a table: one that comes with the package, or one in the cache folder; None if there is neither."""
    name = file_name(_rounded(ratios))
    return next((path for path in (_PACKAGED / name, cache_base() / name) if path.exists()), None)


def _rounded(ratios: Ratios) -> Ratios:
    """Ratios without the rounding errors of divisions."""
    return Ratios(*(float(f"{each:.12g}") for each in ratios))


@cache
def _table(ratios: Ratios) -> ResponseTable:
    name = file_name(ratios)
    path = cache_base() / name
    found = _saved(_PACKAGED / name, ratios) or _saved(path, ratios)
    if found is not None:
        return found
    with _alone(path):
        return _saved(path, ratios) or _computed(path, ratios)


def _saved(path: Path, ratios: Ratios) -> ResponseTable | None:
    """The table of a file; None where there is none or a damaged one."""
    if not path.exists():
        return None
    try:
        return read(path, ratios)
    except (OSError, ValueError) as error:
        say(f"{path}: damaged response table found ({error}); it is computed again")
        return None


def _computed(path: Path, ratios: Ratios) -> ResponseTable:
    table = compute(ratios)
    try:
        write(path, table)
    except OSError as error:
        say(f"{path}: response table could not be saved ({error}); it is kept in memory only")
    return table


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait while another process computes the same table, as workers of a sweep do; not where nothing can be locked."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 -- costs 50 ms, and hardly ever is there a table to compute

    lock = FileLock(path.with_suffix(".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(f"another process computes the response table {path}; waiting for it")
            lock.acquire(timeout=_MAX_WAIT)
    except (OSError, NotImplementedError):  # of which Timeout is one
        yield
        return
    try:
        yield
    finally:
        lock.release()


def file_name(ratios: Ratios) -> str:
    """Name of the file of a table."""
    pair = hashlib.sha256(np.array(ratios, "<f8").tobytes()).hexdigest()[:16]
    return f"response-{VERSION}-{pair}.npz"


def write(path: Path, table: ResponseTable) -> None:
    """Write a table; the file is complete or not there.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {"log_mean": table.log_mean, "log_spread": table.log_spread, "error": table.error}
    stored: dict[str, Any] = {"ratios": np.array(table.ratios), "digest": _digest(table.ratios, values), **values}
    temporary = path.with_name(f"{path.name}.{os.getpid()}")  # with the usual permissions: caches may be shared
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **stored)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def read(path: Path, ratios: Ratios) -> ResponseTable:
    """Read a table, and check that it is complete and the one that is wanted.

    Raises:
        OSError: It cannot be read.
        ValueError: It is damaged, or another table.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError("it is too large")
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = {name: file[name] for name in ("ratios", "digest", "log_mean", "log_spread", "error")}
    except OSError:
        raise
    except Exception as error:  # a damaged archive can raise anything
        raise ValueError("it is not a complete file of arrays") from error
    shape = (len(W), len(LOG_RHO))
    values = {name: found[name] for name in ("log_mean", "log_spread", "error")}
    shapes = {name: each.shape for name, each in values.items()}
    if shapes != {"log_mean": shape, "log_spread": shape, "error": (2,)}:
        raise ValueError("its shape is another one")
    if any(each.dtype != np.float64 or not np.isfinite(each).all() for each in values.values()):
        raise ValueError("it holds values that are not numbers")
    if found["ratios"].tolist() != list(ratios) or str(found["digest"]) != _digest(ratios, values):
        raise ValueError("its contents do not match their digest")
    return ResponseTable(ratios, values["log_mean"], values["log_spread"], values["error"])


def _digest(ratios: Ratios, values: dict[str, _Array]) -> str:
    digest = hashlib.sha256(np.array([VERSION, *ratios], "<f8").tobytes())
    for name in sorted(values):
        digest.update(np.ascontiguousarray(values[name], "<f8").tobytes())
    return digest.hexdigest()
