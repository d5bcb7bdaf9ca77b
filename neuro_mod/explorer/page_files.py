"""The files of the page, as they are sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

#: The page itself.
INDEX = "index.html"
PAGE = Path(__file__).parent / "page"
_MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class PageFile(NamedTuple):
    """A file of the page.

    Args:
        content: What it holds.
        media_type: What the browser takes it for.
    """

    content: bytes
    media_type: str


def page_files(folder: Path, token: str) -> Mapping[str, PageFile]:
    """The files of a folder by name, read once: what a request asks for is looked up here, never on the disk.

    The token stands in place of ``{{token}}``, and is added where files name one another in quotation marks, as
    ``"./plot.js"`` or ``"/page/plot.js"``: imports of modules have no other way to it.

    Args:
        folder: The folder.
        token: The token, which every request needs.
    """
    files = [file for file in sorted(folder.iterdir()) if file.suffix in _MEDIA_TYPES]
    names = "|".join(re.escape(file.name) for file in files if file.name != INDEX)
    reference = re.compile(rf"""(?P<quote>["'])(?P<path>(?:\./|/?page/)(?:{names}))(?P=quote)""")

    def read(file: Path) -> PageFile:
        text = file.read_text(encoding="utf-8").replace("{{token}}", token)
        if names:
            text = reference.sub(rf"\g<quote>\g<path>?token={token}\g<quote>", text)
        return PageFile(text.encode(), _MEDIA_TYPES[file.suffix])

    return {file.name: read(file) for file in files}
