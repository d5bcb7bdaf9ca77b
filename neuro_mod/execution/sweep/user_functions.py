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

from neuro_mod.errors import InputError

_LOCK = RLock()
#: Modules that were made from sources, by file and source.
_MADE: dict[tuple[str, bytes], ModuleType] = {}


@dataclass(frozen=True)
class UserFunction:
    """A function that can be sent to workers, which import it for themselves.

    Args:
        name: ``module:function``.
        file: The file of the module, if it lies beside what names it; empty if the module is imported by its name.
        source: What the file says; of a module that is imported by its name, what its own file says, if it has one.
    """

    name: str
    file: str
    source: bytes

    @property
    def sha256(self) -> str:
        """Of the source."""
        return hashlib.sha256(self.source).hexdigest()

    def __call__(self, *arguments: Any) -> Any:
        """Call it.

        Raises:
            InputError: It is not there.
        """
        function = self.load()
        with self._neighbours():
            return function(*arguments)

    def load(self) -> Any:
        """Import it; errors as for a call."""
        module_name, _, function_name = self.name.partition(":")
        try:
            module = self._execute(module_name) if self.file else importlib.import_module(module_name)
        except (Exception, SystemExit) as error:
            where = f" in {self.file}" if self.file else ""
            raise InputError(f"{self.name}: {type(error).__name__}{where}: {error}") from error
        function = getattr(module, function_name, None)
        if not callable(function):
            known = [name for name, each in vars(module).items() if callable(each) and not name.startswith("_")]
            hint = f"; it has {', '.join(known)}" if known else ""
            raise InputError(f"{self.name}: {self.file or module_name} has no function {function_name}{hint}")
        return function

    def _execute(self, module_name: str) -> ModuleType:
        """Make the module from the source."""
        with _LOCK:
            if (module := _MADE.get((self.file, self.source))) is not None:
                return module
            module = ModuleType(f"{module_name} of {self.sha256}")
            module.__file__ = self.file
            sys.modules[module.__name__] = module  # where dataclasses look for it
            with self._neighbours():
                exec(compile(self.source, self.file, "exec"), vars(module))
            _MADE[self.file, self.source] = module
            return module

    @contextmanager
    def _neighbours(self) -> Iterator[None]:
        """Let the module import what lies beside it."""
        folder = str(Path(self.file).parent)
        if self.file:
            sys.path.insert(0, folder)
        try:
            yield
        finally:
            if self.file:
                sys.path.remove(folder)


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
        function = UserFunction(name, str(beside), beside.read_bytes())
    else:
        try:
            found = importlib.util.find_spec(module_name)
        except (ImportError, ValueError):
            found = None
        except (Exception, SystemExit) as error:  # of the package around it
            raise InputError(f"{name}: {type(error).__name__}: {error}") from error
        if found is None:
            raise InputError(f"{name}: there is no {beside}, and no module {module_name} is installed")
        own = found.origin and Path(found.origin)
        function = UserFunction(name, "", own.read_bytes() if own and own.is_file() else b"")
    function.load()
    return function
