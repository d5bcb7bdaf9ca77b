"""Measure the explorer in a browser without a window: frames a second, delay of a slider, speed held, memory.

Run ``python -m benchmarks.exploring`` from the root of the repository; it needs the extra ``explore``, Playwright, and
Chromium, which draws in software.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.report import describe_machine, describe_versions, markdown_table, publish

_PACKAGES = ("numpy", "numba", "starlette", "uvicorn", "websockets", "playwright")
#: Seconds for which each speed is watched, between two looks at the memory, and how often the slider is moved.
_WATCHED, _LOOK, _MOVES = 15.0, 20.0, 30
_MEGA = 2**20


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.exploring", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--config", default="default", help="the network (default: default)")
    parser.add_argument(
        "--hour", type=float, default=3600.0, help="simulated seconds at the highest speed (default 3600)"
    )
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    options = parser.parse_args(arguments)
    machine = describe_machine()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    command = [sys.executable, "-m", "neuro_mod", "explore", options.config, "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as playwright:
        assert server.stdout is not None
        try:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--enable-precise-memory-info"]
            )
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(server.stdout.readline().strip())
            _until(page, "window.explorer?.frames > 30")
            time.sleep(20)  # the theory of the first parameters is known, and statistics are shown
            rows = [_speed(page, each) for each in (1.0, 5.0, 20.0)]
            delays = _delays(page)
            rows.append(
                ["slider to pixels at 1 x", f"{median(delays):.0f} ms, at most {max(delays):.0f} ms of {len(delays)}"]
            )
            rows += _hour(page, server.pid, options.hour)
            browser.close()
        finally:
            server.send_signal(signal.SIGINT)
    browser_version = subprocess.check_output([chromium, "--version"], text=True).strip()
    notes = [
        f"Machine: {machine}. {describe_versions(_PACKAGES)}; {browser_version}.",
        f"Network {options.config}, page of 1280 by 900 pixels; server, theory and browser share the cores.",
    ]
    publish(markdown_table(("", "measured"), rows) + "\n\n" + "\n".join(f"- {note}" for note in notes), options.out)


def _until(page: Any, expression: str) -> None:
    while not page.evaluate(expression):
        time.sleep(0.05)


def _set_speed(page: Any, speed: float) -> None:
    _slide(page.locator("#speed"), math.log10(speed))


def _slide(slider: Any, value: float) -> None:
    script = """(input, value) => {
        input.value = value;
        for (const name of ['input', 'change']) input.dispatchEvent(new Event(name, {bubbles: true}));
    }"""
    slider.evaluate(script, str(value))


def _clock(page: Any) -> float:
    return float(re.findall(r"[\d.]+", page.inner_text("#clock"))[0])


def _speed(page: Any, speed: float) -> list[str]:
    _set_speed(page, speed)
    time.sleep(3)
    begin, at, drawn = time.perf_counter(), _clock(page), []
    while time.perf_counter() < begin + _WATCHED:
        time.sleep(1)
        drawn.append(page.evaluate("explorer.fps"))
    held = (_clock(page) - at) / (time.perf_counter() - begin)
    return [f"at {speed:g} x real time", f"{median(drawn):.0f} frames a second, {held:.2f} x held"]


def _delays(page: Any) -> list[float]:
    """Milliseconds from moving the slider of a cluster to the first frame drawn under its new value."""
    _set_speed(page, 1.0)
    slider, found = page.get_by_label("Cluster 0", exact=True).first, []
    for k in range(_MOVES):
        before = page.evaluate("explorer.latency()")
        _slide(slider, 0.5 + k % 5 / 10)
        time.sleep(0.7)
        after = page.evaluate("explorer.latency()")
        if after is not None and after != before:
            found.append(float(after))
    return found


def _hour(page: Any, pid: int, seconds: float) -> list[list[str]]:
    _set_speed(page, 20.0)
    begin, at, server, heap = time.perf_counter(), _clock(page), [], []
    while _clock(page) - at < seconds:
        time.sleep(_LOOK)
        server.append(_resident(pid) / _MEGA)
        heap.append(page.evaluate("performance.memory.usedJSHeapSize") / _MEGA)
    n = max(len(server) // 3, 1)
    name = f"{_clock(page) - at:.0f} simulated s in {time.perf_counter() - begin:.0f} s"
    return [
        [
            f"memory of the server, {name}",
            f"{median(server[:n]):.0f} MB in the first third, {median(server[-n:]):.0f} MB in the last",
        ],
        [
            "memory of the page's objects",
            f"{median(heap[:n]):.0f} MB in the first third, {median(heap[-n:]):.0f} MB in the last",
        ],
    ]


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
