"""Code of the user on which results depend: functions named as ``module:function``, and classes of sweeps.

Code is identified by the source of its module; other modules that it imports are not looked at.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from neuro_mod.errors import InputError
from neuro_mod.execution.in_plan import data_or_hash
from neuro_mod.storage.values import NotPlainError

_LOCK = RLock()
#: Modules that were made from sources, by file and source.
_MADE: dict[tuple[str, bytes], ModuleType] = {}
#: Classes of these modules are not written by the user.
_NOT_THE_USERS = {"abc", "builtins", "typing"}
#: Functions of a module that a message names, at most.
_SHOWN = 20
#: Attributes of classes that count where there is no source.
_DATA = (bool, int, float, str, tuple)


@dataclass(frozen=True)
class UserFunction:
    """A function that can be sent to workers, which import it themselves.

    Args:
        name: ``module:function``.
        file: File of the module, if it is in the folder of the sweep; empty if the module is imported by its name.
        source: Content of the file of the module, if it has one.
    """

    name: str
    file: str
    source: bytes

    @property
    def sha256(self) -> str:
        """Hash of the source."""
        return _hash(self.source)

    def __call__(self, *arguments: Any) -> Any:
        """Call it.

        Raises:
            InputError: It does not exist.
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
            more = ", ..." if len(known) > _SHOWN else ""
            hint = f"; it has {', '.join(known[:_SHOWN])}{more}" if known else ""
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
        """Let the module import modules of its folder."""
        folder = str(Path(self.file).parent)
        if self.file:
            sys.path.insert(0, folder)
        try:
            yield
        finally:
            if self.file:
                sys.path.remove(folder)


def find_function(name: str, folder: Path) -> UserFunction:
    """Find a function, and check that it can be imported.

    Args:
        name: ``module:function``.
        folder: Folder in which the file of the module is looked for first.

    Raises:
        InputError: There is no such function, or its module raises an error.
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
        except (Exception, SystemExit) as error:  # raised by the package that contains it
            raise InputError(f"{name}: {type(error).__name__}: {error}") from error
        if found is None:
            raise InputError(f"{name}: there is no {beside}, and no module {module_name} is installed")
        function = UserFunction(name, "", _content(found.origin))
    function.load()
    return function


def code_version(part: type | FunctionType) -> str:
    """A hash of the source of the module in which a class or function is written.

    In ``__main__`` and where the module has no file, as in a notebook, it is that of the class or function alone.
    """
    file = getattr(sys.modules.get(part.__module__), "__file__", None)
    source = b"" if part.__module__ == "__main__" else _content(file)
    return _hash(source or _own_source(part).encode(errors="backslashreplace"))


def versions_of(owner: object, hooks: Collection[str]) -> dict[str, Any]:
    """The code of an object, and its attributes.

    Args:
        owner: An object of a class of the user.
        hooks: Methods on which results do not depend; attributes that only these use are left out.

    Returns:
        Under ``code`` the versions of its class and of the user's base classes; and under ``CLASS.ATTRIBUTE`` the
        values of its attributes, see `described`.

    Raises:
        InputError: An attribute is not plain data, a function or a class.
    """
    kinds = [kind for kind in type(owner).__mro__ if _is_of_user(kind)]
    methods = [method for kind in kinds for name, method in _methods(kind).items() if name not in hooks]
    used = set(re.findall(r"\w+", " ".join(map(_own_source, methods))))
    attributes = {f"{type(owner).__name__}.{name}": value for name, value in vars(owner).items() if name in used}
    return {
        "code": {f"{kind.__module__}.{kind.__qualname__}": code_version(kind) for kind in kinds},
        **{name: described(value, name) for name, value in attributes.items()},
    }


def described(value: Any, name: str) -> Any:
    """A value, function or class as data for JSON, see `data_or_hash`.

    Args:
        value: Plain data and arrays; or a function or class, see `code_version`.
        name: Its name in messages.

    Raises:
        InputError: It is something else.
    """
    code = value if isinstance(value, MethodType) else inspect.unwrap(value)
    if isinstance(code, type | FunctionType):
        return f"{code.__module__}.{code.__qualname__} {code_version(code)}"
    try:
        return data_or_hash(value, name)
    except NotPlainError as error:
        found = str(error).partition(";")[0]
        raise InputError(f"{found}; expected plain values, NumPy arrays, a function or a class") from None


def _is_of_user(kind: type) -> bool:
    return kind.__module__ not in _NOT_THE_USERS and not kind.__module__.startswith("neuro_mod.")


def _methods(kind: type) -> dict[str, FunctionType]:
    """The functions that a class defines, those of properties and of decorated methods included."""
    found = {}
    for name, value in vars(kind).items():
        function = getattr(value, "fget", None) or getattr(value, "func", None) or getattr(value, "__func__", value)
        if isinstance(function := inspect.unwrap(function), FunctionType):
            found[name] = function
    return found


def _own_source(part: type | FunctionType) -> str:
    """The source of a class or function; the methods of a class, or compiled code, where there is none."""
    try:
        if part.__name__ != "<lambda>":  # its source is the whole statement
            return inspect.getsource(part)
    except (OSError, TypeError):
        pass
    if isinstance(part, FunctionType):
        return _compiled(part.__code__)
    data = {name: value for name, value in vars(part).items() if isinstance(value, _DATA) and not name.startswith("__")}
    return "\n".join([repr(data), *(f"{name} {_own_source(each)}" for name, each in _methods(part).items())])


def _compiled(code: CodeType) -> str:
    """What compiled code does, without its file and lines; the same in every process."""
    constants = [_compiled(each) if isinstance(each, CodeType) else each for each in code.co_consts]
    shown = [sorted(map(repr, each)) if isinstance(each, frozenset) else repr(each) for each in constants]
    return repr((code.co_code, code.co_names, code.co_varnames, code.co_freevars, shown))


def _content(file: str | None) -> bytes:
    """The content of a file; empty if there is none."""
    return Path(file).read_bytes() if file and Path(file).is_file() else b""


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
