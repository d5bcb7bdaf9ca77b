"""What the files of MATLAB and NWB have in common: they are HDF5 files."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def lies_in(file: Path, dataset: Any) -> bool:
    """Whether the numbers of a dataset lie in the file itself; HDF5 can send its reader to any file of the machine."""
    return not dataset.external and not dataset.is_virtual and file.samefile(dataset.file.filename)
