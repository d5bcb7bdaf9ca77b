"""The description of the package: the README, whose relative links a package index cannot follow.

They become links to the addresses of ``[project.urls]`` in ``pyproject.toml``: pages of ``docs`` to ``Documentation``,
and all other files, or all files where there is no ``Documentation``, to ``Repository``. Without an address the text of
a link stays, and a picture is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`(?!\]))", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def description(readme: str, urls: Mapping[str, str], version: str) -> str:
    """The README as a package index can show it.

    Args:
        readme: Text in Markdown, with links written as ``[text](target)``.
        urls: ``[project.urls]``. ``Repository`` is the page of a repository whose files are at ``blob/TAG/FILE``, and
            pictures at ``raw/TAG/FILE``; ``Documentation`` is the page of the site.
        version: Version of the package; its tag is the version after ``v``.
    """

    def absolute(found: re.Match[str]) -> str:
        text, target, is_picture = found["text"], found["target"], bool(found["picture"])
        if _ABSOLUTE.match(target):
            return found[0]
        address = _address(target, urls, version, is_picture=is_picture)
        if address is None:
            return "" if is_picture else text
        return f"{found['picture']}[{text}]({address})"

    # what stands at odd places is code, and kept
    parts = _CODE.split(readme)
    parts[::2] = [_LINK.sub(absolute, part) for part in parts[::2]]
    return "".join(parts)


def _address(target: str, urls: Mapping[str, str], version: str, *, is_picture: bool) -> str | None:
    file, mark, fragment = target.partition("#")
    path = PurePosixPath(file)
    if "Documentation" in urls and path.is_relative_to("docs") and path.suffix in (".md", ".png", ".svg"):
        shown = path.relative_to("docs").with_suffix(".html" if path.suffix == ".md" else path.suffix)
        return f"{urls['Documentation'].rstrip('/')}/{shown}{mark}{fragment}"
    if "Repository" in urls:
        return f"{urls['Repository'].rstrip('/')}/{'raw' if is_picture else 'blob'}/v{version}/{target}"
    return None


class DescriptionHook(MetadataHookInterface):
    """Called by Hatchling for every build, and for installations of a checkout."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set ``readme``."""
        root = Path(self.root)
        (version,) = re.findall(
            r'^__version__ = "(.+)"$', (root / "neuro_mod/__init__.py").read_text("utf-8"), re.MULTILINE
        )
        text = description((root / "README.md").read_text("utf-8"), metadata.get("urls", {}), version)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
