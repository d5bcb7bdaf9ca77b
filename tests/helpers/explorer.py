"""Explorations of the explorer without a network, and a page to show them."""

from __future__ import annotations

import os
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from neuro_mod.errors import invalid

PAGE = {
    "index.html": '<link href="page/explorer.css?token={{token}}"><script src="/page/main.js"></script>',
    "explorer.css": "body { margin: 0 }",
    "main.js": 'import { draw } from "./draw.js";\nimport other from "./not_there.js";',
    "draw.js": "export const draw = 1;",
}

#: With this variable, explorations of the command send one frame after the other.
ENDLESS = "NEURO_MOD_TEST_ENDLESS"


class FakeExploration:
    """An exploration that keeps its commands, and sends what it is told to."""

    made: list[FakeExploration] = []  # noqa: RUF012 -- all of them share it

    def __init__(self, experiment: Any = None, *, folder: Path | None = None):
        self.experiment, self.folder = experiment, folder
        self.hello = {"type": "hello", "name": "fake"}
        self.on_output: Callable[[], None] | None = None
        self.commands: list[dict[str, Any]] = []
        self.closed = threading.Event()
        self.n_asked = 0
        self._running = True
        self._waiting: list[dict[str, Any] | bytes] = []
        self._lock = threading.Lock()
        #: What is given whenever it is asked for, as a network that runs has another frame at any time.
        self.endless: bytes | None = None
        self.made.append(self)
        if ENDLESS in os.environ:
            self.endless = frame(1, 5000)
            threading.Thread(target=self._go_on, daemon=True).start()

    def _go_on(self) -> None:
        while not self.closed.wait(1e-4):
            self.heard()

    def command(self, message: Any) -> None:
        if message["do"] == "speed" and not 0.1 <= message["value"] <= 20:
            raise invalid("speed", message["value"], "a number from 0.1 to 20")
        self.commands.append(dict(message))
        if message["do"] in ("play", "pause", "step"):
            self._running = message["do"] == "play"
        if message["do"] in ("play", "pause", "step", "restart", "network", "reset"):
            self.say({"type": "status", "running": self._running})

    def fail(self, message: str) -> None:
        """Fail, as a network with a rate that is no number: it pauses, and takes commands as before."""
        self._running = False
        self.say({"type": "failed", "message": message}, {"type": "status", "running": False})

    def say(self, *messages: dict[str, Any] | bytes) -> None:
        """Let messages wait to be sent."""
        with self._lock:
            self._waiting += messages
        self.heard()

    def heard(self) -> None:
        if self.on_output is not None:
            self.on_output()

    def outgoing(self) -> list[dict[str, Any] | bytes]:
        self.n_asked += 1
        with self._lock:
            waiting, self._waiting = self._waiting, []
        return waiting + ([] if self.endless is None else [self.endless])

    def close(self) -> None:
        self.closed.set()

    @property
    def done(self) -> list[str]:
        """What it was told to do."""
        return [command["do"] for command in self.commands]


def frame(number: int, size: int = 56) -> bytes:
    """The begin of a frame."""
    return b"NMX1" + struct.pack("<I", number) + bytes(size - 8)


def write_page(folder: Path) -> Path:
    """A page of a few files."""
    for name, text in PAGE.items():
        (folder / name).write_text(text)
    (folder / "notes.md").write_text("no part of the page")
    return folder


def main(page: str) -> None:
    """The command, with these explorations and another page."""
    from neuro_mod.cli.main import main as command
    from neuro_mod.explorer import server

    fake = ModuleType("neuro_mod.explorer.exploration")
    vars(fake)["Exploration"] = FakeExploration
    sys.modules[fake.__name__] = fake
    server.serve.__kwdefaults__["page"] = Path(page)
    command()
