"""Every picture needs an alternative text; one without is a warning, and so ends the build."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.util import logging

_LOG = logging.getLogger(__name__)


def _check(app: Any, doctree: nodes.document, name: str) -> None:
    for image in doctree.findall(nodes.image):
        if not image.get("alt", "").strip() and "/thumb/" not in image["uri"]:  # beside their titles
            _LOG.warning("picture without alternative text: %s", image["uri"], location=image)


def setup(app: Any) -> dict[str, bool]:
    """Check pages as they are written."""
    app.connect("doctree-resolved", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
