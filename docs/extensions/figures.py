"""The figures of a script of the gallery: those it has as variables, not those of pyplot."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst


def figures_of_script(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figures that a script has bound to names since the block before; a scraper of sphinx-gallery."""
    known = block_vars["example_globals"].setdefault("__figures_shown__", [])
    paths = []
    for value in list(block_vars["example_globals"].values()):
        if isinstance(value, Figure) and not any(value is figure for figure in known):
            known.append(value)
            paths.append(next(block_vars["image_path_iterator"]))
            value.savefig(paths[-1], dpi=150)
    return figure_rst(paths, gallery_conf["src_dir"], _alternative(block_vars["src_file"]))


def _alternative(script: str) -> str:
    """The first paragraph below the title of a script, which says what the picture shows."""
    text = ast.get_docstring(ast.parse(Path(script).read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[1].split())
