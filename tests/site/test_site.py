"""The site as `make docs` has built it, visited page by page; nothing outside this machine is asked for anything."""

from __future__ import annotations

import threading
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest

from tests.helpers.browser import chromium
from tests.helpers.shared import ROOT

pytestmark = [pytest.mark.site, pytest.mark.timeout(1200)]
SITE = ROOT / "docs/_build/html"
PAGES = sorted(
    page
    for page in (path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
    if not page.startswith("_static/")  # a template of the theme
)
#: Pages that Sphinx makes, which no other leads to.
UNLINKED = {"search.html", "genindex.html", "py-modindex.html"}
#: In so many parts pages are visited, by as many processes.
PARTS = 2

#: What fails because the next page is visited before.
LEFT = "net::ERR_ABORTED"
#: Thumbnails stand beside their titles.
PICTURES = """() => { const pictures = [...document.images], sources = wrong => pictures.filter(wrong).map(i => i.src);
    return {"no alternative text of": sources(i => !i.alt.trim() && !i.closest('.sphx-glr-thumbcontainer')),
            "cannot show": sources(i => i.complete && !i.naturalWidth && i.loading != 'lazy')}; }"""
FOCUSED = """() => { const of = document.activeElement, style = getComputedStyle(of.closest('.sd-card') ?? of);
    return [of.outerHTML.slice(0, 300), style.outlineStyle != 'none' && style.outlineWidth != '0px'
            || style.boxShadow != 'none']; }"""


class Parsed(HTMLParser):
    """Links, and what they may lead to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.ids: set[str] = set()
        self.feed((SITE / page).read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids |= {found[key] or "" for key in ("id", "name") if key in found}
        if tag == "a" and found.get("href"):
            self.links.add(found["href"] or "")


@pytest.fixture(scope="module")
def parsed() -> dict[str, Parsed]:
    return {page: Parsed(page) for page in PAGES}


@pytest.fixture(scope="module")
def address():
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_it_is_built():
    assert {"index.html", "tutorials/index.html", "gallery/index.html", "reference/index.html"} <= set(PAGES)


def test_links_lead_to_places(parsed):
    broken = []
    for page, content in parsed.items():
        for link in content.links:
            path, fragment = urldefrag(urljoin(f"https://site/{page}", link))
            if urlsplit(path).netloc != "site" or urlsplit(path).scheme != "https":
                continue
            target = unquote(urlsplit(path).path[1:]) or "index.html"
            if not (SITE / target).is_file() or (
                fragment and target in parsed and unquote(fragment) not in parsed[target].ids
            ):
                broken.append(f"{page}: {link}")
    assert not broken


def test_every_page_is_led_to(parsed):
    led_to = set()
    for page, content in parsed.items():
        led_to |= {urlsplit(urljoin(f"https://site/{page}", link)).path[1:] for link in content.links}
    assert not set(PAGES) - led_to - UNLINKED


@pytest.mark.parametrize("part", range(PARTS))
def test_pages_are_whole(address, part):
    """No failed request, none to another host, no complaint; alternatives of pictures; nothing too wide."""
    complaints: list[str] = []
    with chromium() as browser:
        shown = browser.new_page()
        now, here = "", (address, "data:")

        def complain(what: str) -> None:
            complaints.append(f"{now}: {what}")

        shown.on("request", lambda asked: None if asked.url.startswith(here) else complain(f"asks {asked.url}"))
        shown.on("response", lambda got: complain(f"{got.status} {got.url}") if got.status >= 400 else None)
        shown.on("requestfailed", lambda asked: None if asked.failure == LEFT else complain(f"failed {asked.url}"))
        shown.on("console", lambda said: complain(said.text) if said.type in ("error", "warning") else None)
        shown.on("pageerror", lambda error: complain(str(error)))
        for page in PAGES[part::PARTS]:
            now = page
            shown.set_viewport_size({"width": 1280, "height": 900})
            shown.goto(address + page)
            for wrong, sources in shown.evaluate(PICTURES).items():
                complaints += [f"{page}: {wrong} {source}" for source in sources]
            for width in (1280, 390):
                shown.set_viewport_size({"width": width, "height": 900})
                wider = shown.evaluate("document.documentElement.scrollWidth - innerWidth")
                complaints += [f"{page}: {wider} px wider than {width} px"] if wider > 0 else []
    assert not complaints


def test_the_keyboard_shows_where_it_is(address):
    """The first twenty stops of the Tab key on the home page, a tutorial and the reference have a visible outline."""
    unseen = []
    with chromium() as browser:
        shown = browser.new_page(viewport={"width": 1280, "height": 900})
        for page in ("index.html", "tutorials/first_network.html", "reference/index.html"):
            shown.goto(address + page)
            for _ in range(20):
                shown.keyboard.press("Tab")
                focused, seen = shown.evaluate(FOCUSED)
                unseen += [] if seen else [f"{page}: {focused}"]
    assert not unseen
