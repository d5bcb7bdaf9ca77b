"""Checks of arguments; the messages say what is valid."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike

from neuro_mod.errors import InputError, invalid

#: Bytes of the name of a file or folder, at most.
MAX_NAME = 255
#: A number with a comma where its decimal point belongs.
DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")
DECIMAL_POINT = "numbers have a decimal point, not a comma"
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


def check_choice(name: str, value: object, choices: object) -> None:
    """Check that a value is one of the named alternatives.

    Args:
        name: The argument, for the message.
        value: Its value.
        choices: One of the types of `neuro_mod.choices`.

    Raises:
        InputError: It is not; the message lists the alternatives.
    """
    if value not in get_args(choices):
        raise invalid(name, value, f"one of {', '.join(get_args(choices))}")


def check_positive(name: str, value: float) -> None:
    """Check that a number is above 0.

    Raises:
        InputError: It is 0, negative or NaN.
    """
    if not value > 0:
        raise invalid(name, float(value), "above 0")


def whole_number(name: str, value: Any, minimum: int, maximum: int | None = None, hint: str = "") -> int:
    """An argument as a whole number within bounds.

    Args:
        name: The argument, for the message.
        value: Its value.
        minimum: Smallest valid value.
        maximum: Largest valid value; None for no limit.
        hint: Added to the message.

    Raises:
        InputError: It is not a whole number, or out of bounds.
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if whole and minimum <= value and (maximum is None or value <= maximum):
        return int(value)
    bounds = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
    raise invalid(name, int(value) if whole else value, f"a whole number {bounds}", hint)


def check_shape(name: str, values: ArrayLike | None, shape: tuple[int | str, ...]) -> None:
    """Refuse an array of another shape.

    Args:
        name: The argument, for the message.
        values: The array; None is an optional one that is not given.
        shape: Its valid shape; a dimension of any length has a name.

    Raises:
        InputError: The message shows both shapes.
    """
    found = np.shape(values) if values is not None else shape
    if len(found) != len(shape) or any(isinstance(n, int) and n != m for n, m in zip(shape, found, strict=True)):
        expected = str(shape).replace("'", "")
        raise InputError(f"{name}: shape {found} found; expected {expected}")


def user_path(path: str | os.PathLike[str]) -> Path:
    """A path that a user gives, ``~`` at its start being the home folder.

    Raises:
        InputError: There is no such user as in ``~name``, or no file system has such names.
    """
    if (name := impossible_name(Path(path))) is not None:
        raise invalid("path", name, f"names of at most {MAX_NAME} bytes")
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise invalid("path", str(path), "~ or ~NAME of a user of this machine") from None


def impossible_name(path: Path) -> str | None:
    """The first name in a path that no file can have, as it is too long or has a zero byte; None if all are fine."""
    return next((name for name in path.parts if len(os.fsencode(name)) > MAX_NAME or "\0" in name), None)


def output_path(path: str | os.PathLike[str]) -> Path:
    """The same for results, which may not go to a folder named after a variable that nobody has expanded.

    Raises:
        InputError: There is a ``$`` in it, or no such user.
    """
    if "$" in os.fspath(path):
        raise invalid("path", str(path), "a path without $", "variables are not expanded in quotes or by Python")
    return user_path(path)


def output_file(path: str | os.PathLike[str]) -> Path:
    """The same for a file, which may replace a regular file and nothing else.

    Raises:
        InputError: As for `output_path`, or it is a folder, a link, a pipe or a device.
    """
    path = output_path(path)
    kind = _KINDS.get(stat.S_IFMT(path.lstat().st_mode)) if os.path.lexists(path) else None
    if kind is not None:
        raise invalid("path", str(path), "the name of a new file or of a regular one", f"this is {kind}")
    return path
