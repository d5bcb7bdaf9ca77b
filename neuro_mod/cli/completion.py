"""What shells offer for an argument that is half written."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from neuro_mod.config.shipped import Shipped, shipped_files

#: A text that the shell inserts, and what it shows beside it.
Offer = tuple[str, str]

_ENDINGS = (".yaml", ".yml")
#: Names that need no quotes; others are left to the shell, which knows how to quote them.
_UNQUOTED = re.compile(r"[\w@%+=:,.-]+")


def configurations(incomplete: str) -> list[Offer]:
    """Shipped configurations, and YAML files."""
    return [*_shipped(incomplete, lambda file: not file.is_sweep), *_files(incomplete)]


def sweeps(incomplete: str) -> list[Offer]:
    """Shipped sweeps, and YAML files."""
    return [*_shipped(incomplete, lambda file: file.is_sweep), *_files(incomplete)]


def configurations_and_sweeps(incomplete: str) -> list[Offer]:
    """All that is shipped, and YAML files."""
    return [*shipped(incomplete), *_files(incomplete)]


def shipped(incomplete: str) -> list[Offer]:
    """All that is shipped."""
    return _shipped(incomplete, lambda _: True)


def executors(incomplete: str) -> list[str]:
    """Names of executors."""
    from neuro_mod.execution.executors.choice import EXECUTORS

    return [name for name in EXECUTORS if name.startswith(incomplete)]


def pictures(incomplete: str) -> list[str]:
    """Names of figures of runs."""
    from neuro_mod.execution.stagers.pictures import PICTURES

    return [name for name in (*PICTURES, "all", "none") if name.startswith(incomplete)]


def _shipped(incomplete: str, wanted: Callable[[Shipped], bool]) -> list[Offer]:
    return [
        (name, file.description)
        for name, file in shipped_files().items()
        if name.startswith(incomplete) and wanted(file)
    ]


def _files(incomplete: str) -> list[Offer]:
    """YAML files and folders; of a folder that is the only match, its content."""
    written, slash, start = incomplete.rpartition("/")
    offers: list[str] = []
    with suppress(OSError, RuntimeError):  # no such folder, or no such user
        for entry in sorted(Path(written + slash or ".").expanduser().iterdir()):
            hidden = entry.name.startswith(".") and not start
            if hidden or not entry.name.startswith(start) or not _UNQUOTED.fullmatch(entry.name):
                continue
            if entry.is_dir():
                offers.append(f"{written}{slash}{entry.name}/")
            elif entry.suffix in _ENDINGS:
                offers.append(f"{written}{slash}{entry.name}")
    if len(offers) == 1 and offers[0].endswith("/"):
        return _files(offers[0])
    return [(offer, "") for offer in offers]
