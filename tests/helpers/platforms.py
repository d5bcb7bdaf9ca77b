"""What only some systems have."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

#: Marks tests of what Windows lacks, or allows administrators alone.
POSIX_ONLY = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no named pipes and no $HOME, and links are for administrators"
)


def make_pipe(path: Path) -> None:
    """Make a named pipe."""
    os.mkfifo(path)
