"""The description of the package, as a package index shows it: there, relative links and pictures lead nowhere."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from markdown_it import MarkdownIt
from markdown_it.token import Token

import hatch_build
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


@pytest.mark.parametrize(
    ("written", "without", "site", "repository"),
    [
        ("[a](docs/b.md#c)", "a", "[a](SITE/b.html#c)", "[a](REPO/blob/v1/docs/b.md#c)"),
        ("[a](#b)", "a", "a", "[a](REPO/blob/v1/README.md#b)"),
        ("[a](/LICENSE)", "a", "a", "[a](REPO/blob/v1/LICENSE)"),
        ('[a](docs/b.md "c d")', "a", '[a](SITE/b.html "c d")', '[a](REPO/blob/v1/docs/b.md "c d")'),
        ('![a](docs/b.png "c")', "", '![a](SITE/b.png "c")', '![a](REPO/raw/v1/docs/b.png "c")'),
        ("[![a](docs/b.svg)](docs/c.md)", "", "[![a](SITE/b.svg)](SITE/c.html)", None),
        ("[![a](https://x/b.svg)](docs/c.md)", "![a](https://x/b.svg)", "[![a](https://x/b.svg)](SITE/c.html)", None),
        ("[![a](docs/b.svg)](https://x)", "", "[![a](SITE/b.svg)](https://x)", None),
        ("[a [b]](docs/c.md)", "a [b]", "[a [b]](SITE/c.html)", None),
        ("[`a`](docs/b(1).md)", "`a`", "[`a`](SITE/b(1).html)", None),
        ("[two\nlines](docs/b.md)", "two\nlines", "[two\nlines](SITE/b.html)", None),
        *(
            (kept, kept, kept, kept)
            for kept in (
                "[a](https://x) [b](mailto:x@y) [c](//x/y)",
                "`[a](b.md)` and ``[a](b`c.md)``",
                "````\n```\n[a](b.md)\n````",
                "~~~\n[a](b.md)\n~~~",
                "- a\n  ```\n  [a](b.md)\n  ```",
                r"\[a](b.md)",
            )
        ),
    ],
)
def test_links_in_every_form(written, without, site, repository):
    urls = {"Documentation": "https://s.example/"}, {"Repository": "https://r.example"}
    assert hatch_build.description(written, {}, "1") == without
    assert hatch_build.description(written, urls[0], "1") == site.replace("SITE", "https://s.example")
    if repository is not None:
        assert hatch_build.description(written, urls[1], "1") == repository.replace("REPO", "https://r.example")
