"""The pictures of a script of the gallery, which runs in an empty folder of its own."""

from __future__ import annotations

import ast
import re
import shutil
import tempfile
import warnings
from contextlib import chdir
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image
from sphinx_gallery import gen_rst
from sphinx_gallery.scrapers import figure_rst

from neuro_mod.plotting.style import DPI

#: Dots per inch of pictures, of which a page shows as many as it has room for.
_DPI = 150
#: A text of several lines in a script, which stands below ``# %%``.
_TEXT = re.compile(r"# %%\n((?:#.*\n)+)$")
#: Scripts that begin their sections; the others follow by name.
_FIRST = (
    *("raster", "perturbation", "state_raster", "detected_rates", "psth", "group_values", "one_parameter"),
    *("two_parameters", "fixed_points", "phase_plane", "potential", "bifurcation", "step_response"),
    *("occupancy_responses", "state_responses", "design"),
)
#: What sphinx-gallery says about downloads, but for that of the script itself.
_DOWNLOADS = re.compile(
    r"\.\. only:: html\n\n    \.\. note::\n        :class: sphx-glr-download-link-note\n(?:\n|        .*\n)+"
    r"|    \.\. container:: sphx-glr-download sphx-glr-download-zip\n\n.*\n"
)
_run = gen_rst._exec_and_get_memory
#: That of the script that runs.
_folders: list[tempfile.TemporaryDirectory[str]] = []


class FirstThenByName:
    """Order of the scripts of a section; a ``within_subsection_order`` of sphinx-gallery."""

    def __init__(self, folder: str):
        del folder

    def __call__(self, script: str) -> tuple[int, str]:
        """What to sort by."""
        name = Path(script).stem
        return (_FIRST.index(name) if name in _FIRST else len(_FIRST)), name

    def __repr__(self) -> str:
        return "<FirstThenByName>"


def in_empty_folder(gallery_conf: dict[str, Any], script: str) -> None:
    """Let the next script run in an empty folder instead of beside its file; a ``reset_modules`` of sphinx-gallery."""
    del gallery_conf, script
    while _folders:
        _folders.pop().cleanup()
    _folders.append(tempfile.TemporaryDirectory())
    gen_rst._exec_and_get_memory = _run_there


def _run_there(*arguments: Any, **options: Any) -> Any:
    with chdir(_folders[-1].name), mpl.rc_context():
        return _run(*arguments, **options)


def pictures_of_script(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the pictures that a script has bound to names since the block before; a scraper of sphinx-gallery.

    These are figures, not those of pyplot, and paths of PNG files that a command has written.
    """
    known = block_vars["example_globals"].setdefault("__pictures_shown__", [])
    paths = []
    for value in list(block_vars["example_globals"].values()):
        is_file = isinstance(value, Path) and value.suffix == ".png"
        if not (is_file or isinstance(value, Figure)) or any(value is picture for picture in known):
            continue
        known.append(value)
        paths.append(next(block_vars["image_path_iterator"]))
        if isinstance(value, Figure):
            value.savefig(paths[-1], dpi=_DPI * max(1.0, value.dpi / DPI))  # larger in the style for talks
        else:
            with Image.open(Path(_folders[-1].name, value)) as picture:
                picture.reduce(DPI // _DPI).save(paths[-1])
    return figure_rst(paths, gallery_conf["src_dir"], _alternative(block_vars["src_file"], block.lineno))


def _alternative(script: str, line: int) -> str:
    """What a picture shows: the first paragraph of the text above the code, or else of that below the title."""
    content = Path(script).read_text(encoding="utf-8")
    above = "".join(content.splitlines(keepends=True)[: line - 1]).rstrip() + "\n"
    if found := _TEXT.search(above):
        text = "\n".join(row.removeprefix("#").strip() for row in found[1].splitlines())
        return " ".join(_without_title(text).split())
    return " ".join((ast.get_docstring(ast.parse(content)) or "").split("\n\n")[1].split())


def _without_title(text: str) -> str:
    """The first paragraph that is no title."""
    return next(part for part in text.split("\n\n") if not re.search(r"^[-=~]{3,}$", part, re.MULTILINE))


def _one_download(app: Any, page: str, source: list[str]) -> None:
    """Keep of the downloads the script; a ZIP file would hold only that."""
    del app
    if page.startswith("gallery/"):
        source[0] = _DOWNLOADS.sub("", source[0])


def _forget_removed(app: Any, config: Any) -> None:
    """Remove pages of scripts that are no longer there; sphinx-gallery keeps them."""
    (scripts,), (gallery,) = (config.sphinx_gallery_conf[f"{what}_dirs"] for what in ("examples", "gallery"))
    for page in Path(app.srcdir, gallery).glob("*/*.py"):
        if not Path(scripts, page.parent.name, page.name).exists():
            for file in page.parent.glob(f"{page.stem}.*"):
                file.unlink()
            if not any(page.parent.glob("*.py")):
                shutil.rmtree(page.parent)


def setup(app: Any) -> dict[str, bool]:
    """Change pages of the gallery before they are read."""
    # processes that scripts run in are replaced once their memory has grown, and scripts lose nothing by that
    warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
    app.connect("config-inited", _forget_removed)
    app.connect("source-read", _one_download)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
