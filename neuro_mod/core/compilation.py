"""Compilation of kernels, and the cache of the compiled code.

The name of the cache folder holds a hash of all sources of a kernel (its own folder, and the modules of `core` that
kernels share), of the versions, and of the processor, so that edited code, another Numba or another machine never loads
the wrong code.
"""

from __future__ import annotations

import atexit
import gc
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

import numba.core.config
import numpy as np
from llvmlite import binding
from numba.core import event as compiler_event
from numba.core.caching import FunctionCache
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.compiler_lock import global_compiler_lock
from numba.core.runtime.nrt import rtsys

from neuro_mod.core.compilation_watch import STOPPED, tell
from neuro_mod.core.kernel_folders import PREFIX, open_folder

_SHARED = tuple(Path(__file__).resolve().with_name(name) for name in ("random.py", "compilation.py"))

#: Everything `fastmath=True` allows, without the assumption that NaN and infinity do not occur.
_FAST_MATH = {"contract", "arcp", "nsz"}
#: Kernels are given all arrays they need: without counts of references (``_nrt``) there is less to compile.
_OPTIONS: dict[str, Any] = {"nogil": True, "_nrt": False, "fastmath": _FAST_MATH, "error_model": "numpy"}
_WITHOUT_WRAPPERS: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

_KERNELS: WeakSet[Any] = WeakSet()
#: Why compiled kernels could not be saved, in the words of the system.
KERNELS_NOT_SAVED: list[str] = []


def cache_base() -> Path:
    """Folder of the folders of kernels: ``$NEURO_MOD_CACHE_DIR`` or the user's cache folder."""
    chosen = os.environ.get("NEURO_MOD_CACHE_DIR")
    return Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neuro_mod"


def cache_folder(package: Path) -> Path:
    """Folder of the compiled kernels of a package, named by the hash, in `cache_base`.

    Args:
        package: The folder in which the kernels are written.
    """
    digest = hashlib.sha256()
    for source in (*_SHARED, *sorted(package.glob("*.py"))):
        digest.update(source.read_bytes())
    for version in (numba.__version__, np.__version__, sys.version, binding.get_host_cpu_name()):
        digest.update(version.encode())
    return cache_base() / f"{PREFIX}{digest.hexdigest()[:16]}"


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that is called from Python; the GIL is released while it runs.

    The compiled code is cached on disk; where no folder can be written, it is compiled again in each process.
    """
    options: dict[str, Any] = {**_OPTIONS, "pipeline_class": _Undisturbed}
    dispatcher: Any = numba.njit(**options)(function)
    settings: Any = numba.core.config
    previous = settings.CACHE_DIR
    try:
        folder = cache_folder(Path(function.__code__.co_filename).resolve().parent)
        open_folder(folder)
        settings.CACHE_DIR = str(folder)
        dispatcher._cache = _KernelCache(function)
    except (OSError, RuntimeError) as error:
        KERNELS_NOT_SAVED.append(str(error))
    settings.CACHE_DIR = previous
    _KERNELS.add(dispatcher)
    return dispatcher


def inlined(function: Callable[..., Any], *, contract: bool = True, reorder: bool = False) -> Any:
    """Compile a function that is only called from kernels, without an entry from Python.

    Args:
        function: The function.
        contract: Whether its products may become part of fused multiply-adds, unrounded.
        reorder: Whether the terms of its sums may be added in another order, several at once; it is the same each time.
    """
    known = all(hasattr(JITCodeLibrary, name) for name in vars(_Part) if not name.startswith("__"))
    linked: dict[str, Any] = {"pipeline_class": _Linked} if known else {}
    flags = (_FAST_MATH if contract else _FAST_MATH - {"contract"}) | ({"reassoc"} if reorder else set())
    return numba.njit(**{**_OPTIONS, "fastmath": flags}, **_WITHOUT_WRAPPERS, **linked)(function)


class _Undisturbed(Compiler):
    """Compiles without collecting garbage, of which there is hardly any among millions of objects."""

    def compile_extra(self, func: Any) -> Any:
        collecting = gc.isenabled()
        gc.disable()
        try:
            with _ignored_interrupts_raised():
                return super().compile_extra(func)
        finally:
            if collecting:
                gc.enable()


@contextmanager
def _ignored_interrupts_raised() -> Iterator[None]:
    """Let Ctrl-C end a compilation also in functions that LLVM calls, where Python ignores it and kernels are lost."""
    ignored: list[BaseException | None] = []
    before = sys.unraisablehook

    def receive(unraisable: sys.UnraisableHookArgs) -> None:
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            ignored.append(unraisable.exc_value)
        else:
            before(unraisable)

    sys.unraisablehook = receive
    try:
        yield
    finally:
        sys.unraisablehook = before
        if ignored:
            raise KeyboardInterrupt


class _Linked(Compiler):
    """Compiles a function that only becomes part of kernels: it is optimised there, once, and not made executable."""

    def compile_extra(self, func: Any) -> Any:
        codegen = self.state.targetctx.codegen()
        self.state.library = _Part(codegen, func.__qualname__)
        return super().compile_extra(func)


class _Part(JITCodeLibrary):
    """Code that is linked into kernels as it is; this overrides internals of Numba, where it has them."""

    @property
    def codegen(self) -> Any:
        return _Nowhere()

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        return 0


class _Nowhere:
    """Where code that is not executable is."""

    def set_env(self, name: str, env: Any) -> None:
        """There is nothing to set."""


class _KernelCache(FunctionCache):
    """A cache that survives damage and a full disk: the kernel is compiled again.

    To load a kernel takes Numba's run-time library, but not the quarter of a second in which Numba gathers all that its
    compiler may need; a compilation that follows does that itself.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            rtsys.initialize(target_context)
            return self._load_overload(sig, target_context)
        except Exception:  # a damaged file can make unpickling raise anything
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            KERNELS_NOT_SAVED.append(str(error))


class _Announcement(compiler_event.Listener):
    """Tells watchers that a kernel, and not some other function, is compiled.

    Whether an exception ends a compilation is seen here: `Event.is_failed` of some versions of Numba says the opposite.
    """

    _handled_before = id(None)

    def on_start(self, event: Any) -> None:
        if event.data["dispatcher"] in _KERNELS:
            self._handled_before = id(sys.exc_info()[1])
            tell(event.data["dispatcher"].py_func.__name__)

    def on_end(self, event: Any) -> None:
        if event.data["dispatcher"] in _KERNELS:
            tell(None if id(sys.exc_info()[1]) == self._handled_before else STOPPED)


compiler_event.register("numba:compile", _Announcement())
# The compiler crashes if the process ends while another thread is in it: the end waits for it, and no other compiles.
atexit.register(global_compiler_lock.acquire)
if sys.platform != "win32":  # a fork has no other thread, and would wait for ever if one was compiling
    os.register_at_fork(after_in_child=lambda: atexit.unregister(global_compiler_lock.acquire))
