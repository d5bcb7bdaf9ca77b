"""The description of the package, as a package index shows it: there, relative links and pictures lead nowhere."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from markdown_it import MarkdownIt
from markdown_it.token import Token

from neuro_mod import __version__
from tests.helpers.shared import ROOT

README = (ROOT / "README.md").read_text()
REPOSITORY = {"Repository": "https://host.example/owner/neuro_mod"}
SITE = {"Documentation": "https://site.example/neuro_mod/"}
FILES = f"https://host.example/owner/neuro_mod/blob/v{__version__}"
PICTURES = f"https://host.example/owner/neuro_mod/raw/v{__version__}"


def description(urls: dict[str, str]) -> str:
    """What Hatchling writes into the metadata of the package."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    config["project"]["urls"].pop("Repository", None)
    config["project"]["urls"].pop("Documentation", None)
    config["project"]["urls"] |= urls
    core = ProjectMetadata(str(ROOT), PluginManager(), config).core
    assert core.readme_content_type == "text/markdown"
    return core.readme


def targets(markdown: str, kind: str) -> list[str]:
    """Targets of all links (`link_open`) or pictures (`image`), by a parser of Markdown."""

    def walk(tokens: list[Token]) -> Iterator[Token]:
        for token in tokens:
            yield token
            yield from walk(token.children or [])

    found = [token for token in walk(MarkdownIt("commonmark").parse(markdown)) if token.type == kind]
    return [str(token.attrs["href" if kind == "link_open" else "src"]) for token in found]


def test_as_it_is_built_now():
    """Whatever addresses pyproject.toml has."""
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    text = description({name: urls[name] for name in ("Repository", "Documentation") if name in urls})
    assert all(target.startswith("https://") for kind in ("link_open", "image") for target in targets(text, kind))


def test_without_an_address_links_are_text_and_pictures_are_left_out():
    text = description({})
    assert targets(text, "link_open") == ["https://arxiv.org/abs/2404.03902"] and not targets(text, "image")
    assert "begin with a first network" in text and "MIT license." in text
    assert "](" not in text.replace("](https://arxiv.org/abs/2404.03902)", "")


@pytest.mark.parametrize("urls", [REPOSITORY, REPOSITORY | SITE])
def test_with_an_address_every_link_and_picture_is_there(urls):
    text = description(urls)
    for kind in ("link_open", "image"):
        absolute, relative = targets(text, kind), targets(README, kind)
        assert len(absolute) == len(relative) and all(target.startswith("https://") for target in absolute)
    assert f"{FILES}/LICENSE" in targets(text, "link_open")


def test_pages_are_those_of_the_site_where_there_is_one():
    assert f"{FILES}/docs/about/citing.md" in targets(description(REPOSITORY), "link_open")
    assert targets(description(REPOSITORY), "image") == [f"{PICTURES}/docs/_static/switching.png"]
    for urls in (SITE, SITE | REPOSITORY):
        text = description(urls)
        assert "https://site.example/neuro_mod/about/citing.html" in targets(text, "link_open")
        assert targets(text, "image") == ["https://site.example/neuro_mod/_static/switching.png"]
    assert "[security]" not in description(SITE) and "security" in description(SITE)


def test_code_stays_as_it_is():
    def code(markdown: str) -> list[str]:
        return [token.content for token in MarkdownIt("commonmark").parse(markdown) if token.type == "fence"]

    assert code(description({})) == code(description(REPOSITORY)) == code(README)
