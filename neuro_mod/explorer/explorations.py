"""The explorations of all pages: one for each, which outlives a connection that breaks, but nobody who has left."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from neuro_mod.errors import NeuroModError

#: Messages that say how things are: who comes back is told the latest of each.
_LASTING = ("status", "statistics", "theory", "failed")
#: Commands that let a network run, or stop it.
_RUNS = {"play": True, "pause": False, "step": False}
#: Commands after which a simulation that failed goes on.
_ANEW = ("restart", "network", "reset")
#: Where a frame has its number.
_NUMBER = slice(4, 8)
#: Seconds that explorations and connections have to end.
_ENDING = 1.0


class PageExploration(Protocol):
    """What an exploration is to those who connect pages to it."""

    hello: dict[str, Any]
    on_output: Any

    def command(self, message: Mapping[str, Any]) -> None: ...  # noqa: D102

    def outgoing(self) -> list[dict[str, Any] | bytes]: ...  # noqa: D102

    def close(self) -> None: ...  # noqa: D102


class NoRoomError(Exception):
    """There are as many explorations as there may be."""


class Connection:
    """One connection of a page to its exploration.

    Args:
        kept: The exploration.
    """

    def __init__(self, kept: KeptExploration):
        self.kept = kept
        #: Why it is to end.
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def end(self, why: str) -> None:
        """Ask it to end."""
        if not self.ended.done():
            self.ended.set_result(why)


class KeptExploration:
    """An exploration, begun in its own thread, and who looks at it. All methods are for the thread of the event loop.

    Args:
        new_exploration: Makes the exploration.
    """

    def __init__(self, new_exploration: Callable[[], PageExploration]):
        self.exploration: PageExploration | None = None
        #: Why there is no exploration.
        self.failure: str | None = None
        self.begun, self.output = asyncio.Event(), asyncio.Event()
        self.connection: Connection | None = None
        self.timer: asyncio.TimerHandle | None = None
        self._latest: dict[str, dict[str, Any]] = {}
        self._frame: int | None = None
        #: Whether the network is to run, until a status says that it does as it was told.
        self._asked: bool | None = None
        self._resting = self._resumes = self._told = self._released = False
        self._lock, self._loop = threading.Lock(), asyncio.get_running_loop()
        threading.Thread(target=self._begin, args=(new_exploration,), name="explorer-begin", daemon=True).start()

    def _begin(self, new_exploration: Callable[[], PageExploration]) -> None:
        """In a thread: drawing a network may take seconds."""
        try:
            exploration = new_exploration()
        except (NeuroModError, MemoryError) as error:
            self.failure = str(error) or "not enough memory"
        except BaseException as error:
            self.failure = f"{type(error).__name__}: {error}"
            raise
        else:
            with self._lock:
                released = self._released
                if not released:
                    self.exploration, exploration.on_output = exploration, self._heard
            if released:
                exploration.close()
        finally:
            self._in_loop(self._has_begun)

    def _has_begun(self) -> None:
        self.begun.set()
        if self.connection is None:
            self.rest()

    def _heard(self) -> None:
        """In a thread of the exploration: something waits. The event loop is told once until it has looked."""
        if not self._told:
            self._told = True
            self._in_loop(self.output.set)

    def _in_loop(self, function: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the event loop has ended
            self._loop.call_soon_threadsafe(function)

    def command(self, message: Mapping[str, Any]) -> None:
        """Pass a command on.

        Raises:
            NeuroModError: It is refused.
        """
        if self.exploration is None:
            return
        self.exploration.command(message)
        done = message["do"]
        if done in _RUNS:
            self._asked = _RUNS[done]
        elif done in _ANEW:
            self._latest.pop("failed", None)

    def outgoing(self) -> list[dict[str, Any] | bytes]:
        """What waits to be sent."""
        self.output.clear()
        self._told = False
        messages = [] if self.exploration is None else self.exploration.outgoing()
        for message in messages:
            if isinstance(message, bytes):
                self._frame = int.from_bytes(message[_NUMBER], "little")
            elif message["type"] in _LASTING:
                self._latest[message["type"]] = message
                if message["type"] == "failed" or message.get("running") == self._asked:
                    self._asked = None
        return messages

    def resume(self) -> list[dict[str, Any]]:
        """Go on where the last connection ended; returns what a new one is told first.

        Frames on their way to the last one count as seen: they will never arrive.
        """
        if self._frame is not None:
            self._tell({"do": "seen", "frame": self._frame})
        if self._resting:
            self._resting, self._asked = False, self._resumes
            if self._resumes:
                self._tell({"do": "play"})
        return [*self._latest.values()]

    def rest(self) -> None:
        """Pause while nobody looks."""
        if self.exploration is None or self._resting:
            return
        self._resting, self._resumes = True, self._runs
        self._tell({"do": "pause"})

    @property
    def _runs(self) -> bool:
        """Whether the network runs, as it does from the beginning, once all that it was asked for is done."""
        return self._latest.get("status", {}).get("running", True) if self._asked is None else self._asked

    def _tell(self, message: Mapping[str, Any]) -> None:
        with suppress(NeuroModError):  # a simulation that failed, for example
            if self.exploration is not None:
                self.exploration.command(message)

    def release(self, why: str) -> threading.Thread:
        """Close the exploration, in a thread, which is returned, and end the connection."""
        with self._lock:
            self._released, exploration = True, self.exploration
        if self.timer is not None:
            self.timer.cancel()
        if self.connection is not None:
            self.connection.end(why)
        closing = threading.Thread(target=exploration.close if exploration else int, name="explorer-close", daemon=True)
        closing.start()
        return closing


class Explorations:
    """All explorations, by the names that pages have given themselves.

    Args:
        new_exploration: Makes an exploration.
        most: How many there may be.
        keep: Seconds for which an exploration is kept after its page has left.
    """

    def __init__(self, new_exploration: Callable[[], PageExploration], *, most: int, keep: float):
        self._new_exploration, self._most, self._keep = new_exploration, most, keep
        self._kept: dict[str, KeptExploration] = {}
        self._connections: set[Connection] = set()
        self._ended = ""

    def __len__(self) -> int:
        return len(self._kept)

    def enter(self, name: str) -> Connection:
        """A connection of a page to its exploration, a new one where there was none; an earlier one ends.

        Raises:
            NoRoomError: The message is for the page.
        """
        kept = self._kept.get(name)
        if self._ended:
            raise NoRoomError(self._ended)
        if kept is None:
            if len(self._kept) >= self._most:
                raise NoRoomError(
                    f"{self._most} networks are being explored, as many as --max-networks allows. Close the tab of "
                    f"one, wait {self._keep:g} s, and load this page again."
                )
            kept = self._kept[name] = KeptExploration(self._new_exploration)
        if kept.timer is not None:
            kept.timer.cancel()
            kept.timer = None
        if kept.connection is not None:
            kept.connection.end("Another tab shows this network now.")
        connection = kept.connection = Connection(kept)
        self._connections.add(connection)
        return connection

    def leave(self, name: str, connection: Connection) -> None:
        """A connection has ended: the network pauses, and is given up unless its page comes back."""
        self._connections.discard(connection)
        kept = connection.kept
        if kept.connection is not connection:
            return
        kept.connection = None
        if self._kept.get(name) is not kept:
            return
        if kept.failure is not None:
            self._release(name)
            return
        kept.rest()
        kept.timer = asyncio.get_running_loop().call_later(self._keep, self._release, name)

    def _release(self, name: str) -> None:
        self._kept.pop(name).release("")

    async def close(self, why: str) -> None:
        """End all connections and explorations."""
        self._ended = why
        closing = [kept.release(why) for kept in self._kept.values()]
        self._kept.clear()
        deadline = time.monotonic() + _ENDING
        while (self._connections or any(thread.is_alive() for thread in closing)) and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
