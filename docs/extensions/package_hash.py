"""Outputs of cells and scripts are kept only for the package, configurations and libraries that they were made with."""

from __future__ import annotations

import hashlib
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1]
_ROOT = DOCS.parent
_MADE_FROM = (
    *("neuro_mod/**/*", "configs/**/*", "examples/papers/**/*.yaml"),
    *("requirements*.txt", "pyproject.toml", "CITATION.cff"),
)


@cache
def made_from() -> str:
    """SHA-256 of all files that outputs depend on, apart from the pages themselves."""
    content = hashlib.sha256(sys.version.encode())
    for file in sorted({file for pattern in _MADE_FROM for file in _ROOT.glob(pattern)}):
        if file.is_file() and "__pycache__" not in file.parts:
            content.update(f"{file.relative_to(_ROOT)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return content.hexdigest()[:16]


def _forget_other(app: Any, config: Any) -> None:
    """Remove outputs of another package; sphinx-gallery and myst-nb compare only scripts and pages."""
    build, gallery = DOCS / "_build", DOCS / "gallery"
    stamp = build / "gallery_made_from.txt"
    if stamp.exists() and stamp.read_text() != made_from():
        shutil.rmtree(gallery, ignore_errors=True)
    for executed in build.glob("executed/*"):
        if executed.name != made_from():
            shutil.rmtree(executed)
    build.mkdir(exist_ok=True)
    stamp.write_text(made_from())


def setup(app: Any) -> dict[str, bool]:
    """Read every page again once the package has changed."""
    app.add_config_value("package_made_from", made_from(), "env")
    app.connect("config-inited", _forget_other, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
