"""Cells: what is shown of those that begin with a magic of IPython, and of what they print.

Below ``%%bash`` are commands, shown as such; below ``%%writefile NAME`` is a file, shown under its name.
"""

from __future__ import annotations

import re
import tempfile
from functools import partial
from pathlib import PurePath
from typing import Any

from docutils import nodes
from jupyter_cache.executors import utils as executing

#: The folder in which the cells of a page are executed; readers have one of their own.
_EXECUTED_IN = re.compile(re.escape(tempfile.gettempdir()) + r"/tmp\w+/")
#: Into so many parts pages are dealt out; about as many as Sphinx makes for two processes.
_HANDS = 8
_LANGUAGES = {".yaml": "yaml", ".py": "python", ".csv": "text", ".json": "json"}


def _show(app: Any, doctree: nodes.document) -> None:
    for block in list(doctree.findall(nodes.literal_block)):
        if _EXECUTED_IN.search(block.astext()):
            _replace(block, _EXECUTED_IN.sub("", block.astext()), block.get("language", "text"))
        magic, _, rest = block.astext().partition("\n")
        if magic.startswith("%%bash"):
            _replace(block, rest, "bash")
        elif magic.startswith("%%writefile "):
            name = magic.split()[1]
            _replace(block, rest, _LANGUAGES[PurePath(name).suffix])
            caption = nodes.caption("", "", nodes.literal(text=name))
            container = nodes.container("", literal_block=True, ids=[nodes.make_id(f"file {name}")])
            block.replace_self(container)
            container += [caption, block]
            _drop_output(container)


def _drop_output(node: nodes.Node) -> None:
    """Leave out "Writing NAME"."""
    while node.parent is not None and "cell" not in node.get("classes", ()):
        node = node.parent
    for output in [child for child in node.children if "cell_output" in child.get("classes", ())]:
        node.remove(output)


def _replace(block: nodes.literal_block, text: str, language: str) -> None:
    shown = text.strip("\n")
    block["language"], block.rawsource = language, shown
    block.children = [nodes.Text(shown)]
    block.children[0].parent = block


def _deal(app: Any, env: Any, names: list[str]) -> None:
    """Sphinx reads neighbours in one process: deal the pages out, so that all processes have some to execute."""
    names[:] = [name for first in range(_HANDS) for name in sorted(names)[first::_HANDS]]


def setup(app: Any) -> dict[str, bool]:
    """Keep lines whole that arrive in parts, and change pages once they are read."""
    app.connect("env-before-read-docs", _deal)
    executing.executenb = partial(executing.executenb, coalesce_streams=True)
    app.connect("doctree-read", _show)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
