"""How kernels are compiled, and where the compiled code is kept.

The folder is named by a hash of every source a kernel is made of and of the versions and processor it is compiled
with, so that edited code, another Numba or another machine never meets code that is not its own.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba.core.config
import numpy as np
from llvmlite import binding

_CORE = Path(__file__).resolve().parents[2]
_SOURCES = (_CORE / "random.py", *sorted(Path(__file__).parent.glob("*.py")))

#: Everything `fastmath=True` allows, without the assumption that NaN and infinity do not occur.
_FAST_MATH = {"contract", "arcp", "nsz"}


def cache_folder() -> Path:
    """Folder of the compiled kernels: ``$NEURO_MOD_CACHE_DIR`` or the user's cache folder, then the hash."""
    chosen = os.environ.get("NEURO_MOD_CACHE_DIR")
    base = Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "neuro_mod"
    digest = hashlib.sha256()
    for source in _SOURCES:
        digest.update(source.read_bytes())
    for version in (numba.__version__, np.__version__, sys.version, binding.get_host_cpu_name()):
        digest.update(version.encode())
    return base / f"kernels-{digest.hexdigest()[:16]}"


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that is called from Python; the GIL is released while it runs."""
    settings: Any = numba.core.config
    previous, settings.CACHE_DIR = settings.CACHE_DIR, str(cache_folder())
    try:
        return _compile(function, cache=True)
    except RuntimeError:  # no folder can be written: compile anew in each process
        return _compile(function)
    finally:
        settings.CACHE_DIR = previous


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that is called from kernels."""
    return _compile(function)


def _compile(function: Callable[..., Any], *, cache: bool = False) -> Callable[..., Any]:
    return numba.njit(nogil=True, fastmath=_FAST_MATH, error_model="numpy", cache=cache)(function)
