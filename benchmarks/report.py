"""The parts of a report other than times: the machine, versions, a table."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from neuro_mod.execution.provenance import processor


def describe_machine() -> str:
    """Processor, cores this process may use, and load before the benchmark."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{processor()}, {cores} cores, load {os.getloadavg()[0]:.1f} at the start, {platform.system()}"


def describe_versions(packages: Iterable[str]) -> str:
    """Versions of Python and of the packages that are installed."""
    found = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with aligned columns, readable as plain text too."""
    cells = [list(header), *map(list, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    cells.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    )


def publish(report: str, out: Path | None) -> None:
    """Print a report and, if asked to, write it to a file."""
    print(report)
    if out is not None:
        out.write_text(report + "\n", encoding="utf-8")
