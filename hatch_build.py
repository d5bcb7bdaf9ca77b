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

_TARGET = r"(?P<target>(?:[^()\s]|\([^()\s]*\))+)(?P<title>\s+\"[^\"]*\")?"
#: Fences and code in a line, which are kept; or a link or picture, whose text may hold another one, as badges do.
_CODE_OR_LINK = re.compile(
    r"^\s*(?P<fence>`{3,}|~{3,}).*?^\s*(?P=fence)"
    r"|(?P<ticks>(?<!`)`+(?!`))(?:(?!\n\n).)+?(?<!`)(?P=ticks)(?!`)"
    r"|(?<!\\)(?P<picture>!?)\[(?P<text>(?:!?\[[^\[\]]*\](?:\([^()]*\))?|[^\[\]])*)\]\(" + _TARGET + r"\)",
    re.MULTILINE | re.DOTALL,
)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


def description(readme: str, urls: Mapping[str, str], version: str) -> str:
    """The README as a package index can show it.

    Args:
        readme: Text in Markdown. Links are written as ``[text](target)``, with or without a title; those by
            reference and in HTML are left as they are, and a test refuses them.
        urls: ``[project.urls]``. ``Repository`` is the page of a repository whose files are at ``blob/TAG/FILE``, and
            pictures at ``raw/TAG/FILE``; ``Documentation`` is the page of the site.
        version: Version of the package; its tag is the version after ``v``.
    """

    def absolute(found: re.Match[str]) -> str:
        target, is_picture = found["target"], bool(found["picture"])
        if target is None:
            return found[0]
        text = _CODE_OR_LINK.sub(absolute, found["text"])
        address = target if _ABSOLUTE.match(target) else _address(target, urls, version, is_picture=is_picture)
        if address is None:
            return "" if is_picture else text
        if found["text"] and not text:  # a picture that is left out
            return ""
        return f"{found['picture']}[{text}]({address}{found['title'] or ''})"

    return _CODE_OR_LINK.sub(absolute, readme)


def _address(target: str, urls: Mapping[str, str], version: str, *, is_picture: bool) -> str | None:
    file, mark, fragment = target.partition("#")
    path = PurePosixPath((file or "README.md").removeprefix("/"))
    if "Documentation" in urls and path.is_relative_to("docs") and path.suffix in (".md", ".png", ".svg"):
        shown = path.relative_to("docs").with_suffix(".html" if path.suffix == ".md" else path.suffix)
        return f"{urls['Documentation'].rstrip('/')}/{shown}{mark}{fragment}"
    if "Repository" in urls:
        return f"{urls['Repository'].rstrip('/')}/{'raw' if is_picture else 'blob'}/v{version}/{path}{mark}{fragment}"
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
