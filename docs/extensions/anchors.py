"""Everything on a page that has an id can be linked to as a heading can: keys, options, terms."""

from __future__ import annotations

from typing import Any

from docutils import nodes


def _collect(app: Any, doctree: nodes.document) -> None:
    slugs = app.env.metadata[app.env.current_document.docname].setdefault("myst_slugs", {})
    for node in doctree.findall(nodes.Element):
        text = "" if isinstance(node, nodes.section) else node.astext()
        ids = node.get("ids", ())
        for name in (*ids, *(node.get("names", ()) if ids else ())):
            found = node.line or 0, name if name in ids else ids[0], text
            slugs.setdefault(name, found)
            slugs.setdefault(name.removeprefix("term-"), found)
            if text and name.endswith(text.lower()):  # docutils has names in lower case; keys such as arousal.L are not
                slugs.setdefault(name.removesuffix(text.lower()) + text, found)


def setup(app: Any) -> dict[str, bool]:
    """Collect the ids once a page is read."""
    app.connect("doctree-read", _collect)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
