"""Functions of the user, named in a file as ``module:function``."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any

from neuro_mod.config import InputError

_LOCK = RLock()
#: Modules that were read from files, by file and SHA-256.
_READ: dict[tuple[str, str], ModuleType] = {}


@dataclass(frozen=True)
class UserFunction:
    """A function that can be sent to workers by name; each imports it for itself.

    Args:
        name: ``module:function``.
        file: The file of the module, if it lies beside what names it; empty if the module is imported by its name.
        sha256: Of the module's file; empty if it has none.
    """

    name: str
    file: str
    sha256: str

    def __call__(self, *arguments: Any) -> Any:
        """Call it.

        Raises:
            InputError: It is not there, or its file has changed meanwhile.
        """
        return self.load()(*arguments)

    def load(self) -> Any:
        """Import it; errors as for a call."""
        module_name, _, function_name = self.name.partition(":")
        try:
            module = self._read(module_name) if self.file else importlib.import_module(module_name)
        except InputError:
            raise
        except Exception as error:
            where = f" in {self.file}" if self.file else ""
            raise InputError(f"{self.name}: {type(error).__name__}{where}: {error}") from error
        function = getattr(module, function_name, None)
        if not callable(function):
            known = [name for name, each in vars(module).items() if callable(each) and not name.startswith("_")]
            raise InputError(f"{self.name}: no such function; {self.file or module_name} has {', '.join(known)}")
        return function

    def _read(self, module_name: str) -> ModuleType:
        """Read the file; while that happens it may import its neighbours."""
        with _LOCK:
            if (module := _READ.get((self.file, self.sha256))) is not None:
                return module
            source = Path(self.file).read_bytes()
            if hashlib.sha256(source).hexdigest() != self.sha256:
                raise InputError(f"{self.name}: {self.file} has changed since the beginning")
            spec = importlib.util.spec_from_file_location(module_name, self.file)
            assert spec is not None  # a file that ends with .py has one
            module = importlib.util.module_from_spec(spec)
            with _on_path(str(Path(self.file).parent)):
                exec(compile(source, self.file, "exec"), vars(module))
            _READ[self.file, self.sha256] = module
            return module


def find_function(name: str, folder: Path) -> UserFunction:
    """Find a function, and make sure that it can be imported.

    Args:
        name: ``module:function``.
        folder: Where the file of the module is looked for first.

    Raises:
        InputError: There is none, or its module raises an error.
    """
    module_name = name.partition(":")[0]
    beside = folder.absolute().joinpath(*module_name.split(".")).with_suffix(".py")
    if beside.is_file():
        function = UserFunction(name, str(beside), _hash_of(beside))
    else:
        try:
            file = getattr(importlib.import_module(module_name), "__file__", None)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
                raise InputError(f"{name}: {error}") from error
            raise InputError(f"{name}: there is no {beside}, and no module {module_name} is installed") from None
        except Exception as error:
            raise InputError(f"{name}: {type(error).__name__}: {error}") from error
        function = UserFunction(name, "", _hash_of(Path(file)) if file else "")
    function.load()
    return function


def _hash_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@contextmanager
def _on_path(folder: str) -> Iterator[None]:
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
