"""The page of the explorer: it asks for nothing from elsewhere, and decodes frames as the protocol says."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import neuro_mod

PAGE = Path(neuro_mod.__file__).parent / "explorer" / "page"
SCRIPTS = sorted(PAGE.glob("*.js"))
INDEX = (PAGE / "index.html").read_text(encoding="utf-8")


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.scripts = ""
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self._open = tag

    def handle_endtag(self, tag):
        self._open = ""

    def handle_data(self, data):
        if self._open in ("script", "style"):
            self.scripts += data.strip()


TAGS = Tags(INDEX)


def test_nothing_within_the_page_is_run_or_styled_in_line():
    assert not TAGS.scripts
    assert [tag for tag, has in TAGS.found if "style" in has or any(name.startswith("on") for name in has)] == []
    assert all("src" in has for tag, has in TAGS.found if tag == "script")


def test_every_address_is_a_file_of_the_page_with_the_token():
    addresses = [has[name] for _, has in TAGS.found for name in ("src", "href") if name in has]
    ours = [address for address in addresses if not address.startswith("data:image/svg+xml,")]
    assert len(ours) == 2
    for address in ours:
        name = re.fullmatch(r"page/([a-z.]+)\?token=\{\{token\}\}", address)
        assert name and (PAGE / name[1]).is_file(), address


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_load_only_one_another_and_never_write_html(script):
    text = script.read_text(encoding="utf-8")
    loaded = re.findall(r"import\(`\./([a-z]+)\.js\$\{", text)
    assert all((PAGE / f"{name}.js").is_file() for name in loaded)
    assert not re.search(r"https?://|innerHTML|insertAdjacentHTML|document\.write|eval\(|fetch\(|XMLHttpRequest", text)


def test_scripts_name_elements_that_exist():
    ids = {has["id"] for _, has in TAGS.found if "id" in has}
    named = {
        name
        for path in SCRIPTS
        for name in re.findall(r"(?:(?<![.\w])get|getElementById)\('([a-z-]+)'\)", path.read_text())
    }
    assert named
    assert named - ids == set()


def test_style_asks_for_nothing():
    assert not re.search(r"url\(|@import|@font-face", (PAGE / "explorer.css").read_text(encoding="utf-8"))


def in_node(name, code, data=b""):
    """What code with `m`, a module of the page, and `input`, a buffer, evaluates to."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js")
    text = json.dumps((PAGE / f"{name}.js").read_text(encoding="utf-8"))
    program = f"""
    import {{ readFileSync }} from 'node:fs';
    const m = await import('data:text/javascript,' + encodeURIComponent({text}));
    const bytes = readFileSync(0), input = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    const plain = (key, value) => ArrayBuffer.isView(value) ? Array.from(value) : value;
    console.log(JSON.stringify((() => {{ {code} }})(), plain));
    """
    run = subprocess.run(
        [node, "--input-type=module", "-e", program], input=data, capture_output=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr.decode()
    return json.loads(run.stdout)


def padded(data):
    return data + bytes(-len(data) % 4)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
@pytest.mark.parametrize("twin", [False, True])
def test_frames_are_decoded(n, twin):
    rng = np.random.default_rng(n)
    p, clusters, bins = 5, 3, n + 1
    times, places = rng.random(n).astype("<f4"), np.arange(n, dtype="<u2") + 65000
    rates, active = rng.random(bins * p).astype("<f4"), rng.integers(0, 2, bins * clusters).astype(np.uint8)
    voltage = rng.random(4).astype("<f4")
    header = struct.pack("<4sIddIIIIII", b"NMX1", 7, 12.25, 12.5, n, bins, 2, n if twin else 0, bins if twin else 0, 4)
    network = padded(times.tobytes()) + padded(places.tobytes()) + struct.pack("<d", 12.24) + rates.tobytes()
    data = header + network + padded(active.tobytes()) + voltage.tobytes() + (network if twin else b"")
    found = in_node("frames", f"return m.decode(input, {{ nPopulations: {p}, nClusters: {clusters} }});", data)
    assert (found["number"], found["from"], found["to"], found["thinned"]) == (7, 12.25, 12.5, 4)
    parts = [found, found["twin"]] if twin else [found]
    for part in parts:
        np.testing.assert_array_equal(np.float32(part["spikes"]["times"]), times)
        assert part["spikes"]["positions"] == places.tolist()
        assert (part["rates"]["begin"], part["rates"]["n"]) == (12.24, bins)
        np.testing.assert_array_equal(np.float32(part["rates"]["values"]), rates)
    assert found["active"] == active.tolist()
    np.testing.assert_array_equal(np.float32(found["voltage"]), voltage)
    assert (found["twin"] is None) is not twin


def test_typed_numbers_are_refused_where_they_are_out_of_range():
    found = in_node(
        "words",
        "return [['7', {min: 0, max: 1}], ['-1', {min: '0.01', max: '10'}], ['', {}], [' ', {}], ['x', {}],"
        "['1', {min: 0, max: 1}], ['-5', {min: '', max: ''}]].map((each) => m.refusal(...each));",
    )
    assert found == ["7 is above 1", "-1 is below 0.01", *["a number is needed"] * 3, "", ""]


def test_errors_are_shown_without_the_option_of_the_command_line():
    found = in_node(
        "words",
        "return ['--set arousal.level=0.5: arousal.level: 7 found', '--set a.b=[1, 2]: c: d', 'rate: --set']"
        ".map(m.withoutOption);",
    )
    assert found == ["arousal.level: 7 found", "c: d", "rate: --set"]


def test_differences_from_the_configuration_are_listed():
    found = in_node(
        "words",
        "const knobs = [{key: 'a', label: 'arousal level', value: 0.6}, {key: 'b', label: 'M', value: 2}];"
        "return [m.differences({a: 0.3}, knobs), m.differences({}, knobs), m.signed(-50, 'Hz'), m.signed(3, 'Hz')];",
    )
    differs = "Differs from the configuration in: arousal level (0.6 instead of 0.3)."
    assert found == [differs, "", "\N{MINUS SIGN}50 Hz", "+3 Hz"]


def test_earlier_spikes_are_missing_until_new_ones_come():
    found = in_node(
        "history",
        """
        const history = new m.History({ nPopulations: 0, nClusters: 0, bin: 0.01, longest: 1 });
        const none = { n: 0, begin: 0, values: [] };
        const missing = [history.missing(0)];
        history.resume(12);
        missing.push(history.missing(7));
        history.add({ to: 12.1, thinned: 1, from: 12, rates: none, voltage: [], twin: null,
          spikes: { from: 12, times: [0.05], positions: [3] } });
        missing.push(history.missing(7));
        return { missing, now: history.now, newest: history.newest };
        """,
    )
    assert found == {"missing": [False, True, False], "now": 12.1, "newest": 12.1}


def test_histories_keep_the_newest_and_know_what_is_missing():
    found = in_node(
        "history",
        """
        const bins = new m.Bins(2, 4, Float32Array, -1);
        bins.write(10, Float32Array.of(1, 2));
        bins.write(12, Float32Array.of(3, 4, 5, 6, 7, 8));
        const events = new m.Events(3, Uint16Array);
        for (let k = 0; k < 5; k++) events.add(k / 2, k);
        return { rows: [9, 10, 11, 12, 13, 14, 15].map((k) => bins.at(k, 1)), latest: bins.latest(),
          first: events.first, total: events.total, values: events.values };
        """,
    )
    assert found["rows"] == [-1, -1, -1, 4, 6, 8, -1]
    assert found["latest"] == [7, 8]
    assert (found["first"], found["total"], found["values"]) == (2, 5, [3, 4, 2])
