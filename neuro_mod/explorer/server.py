"""The web server of the explorer: the page, its files, and one WebSocket for each page.

Starlette, uvicorn and websockets come with the extra ``explore``; nothing else imports them.
"""

from __future__ import annotations

import asyncio
import atexit
import errno
import json
import math
import re
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.http.h11_impl import H11Protocol

from neuro_mod.errors import InputError, NeuroModError, invalid
from neuro_mod.explorer.access import Access
from neuro_mod.explorer.explorations import Connection, Explorations, NoRoomError, PageExploration
from neuro_mod.explorer.messages import MAX_BYTES, Rate, UnreadableError, read_message
from neuro_mod.explorer.page_files import INDEX, PAGE, PageFile, page_files

#: Seconds for which an exploration is kept after its page has left.
KEEP = 60.0
_EXPLORATION_NAME = re.compile(r"[A-Za-z0-9_-]{8,64}")
#: How a connection ends: as it was asked to, as it was lost, or as the other side broke the rules.
_ENDED, _LOST, _POLICY = 1000, 1006, 1008
#: Seconds that a slow page has to take its last message.
_LAST_MESSAGE = 0.5
#: Errors for a page that wait until it takes them; older ones are dropped.
_MAX_ERRORS = 8
#: Connections at once, those of files included, and those of them that have not asked for anything yet.
_MAX_CONNECTIONS, _MAX_SILENT = 64, 32
#: Seconds that a connection has to ask for something.
_SILENCE = 5.0
_ENDS = "neuro-mod explore has ended."


class Served:
    """An explorer that runs in a thread of its own.

    Args:
        new_exploration: Makes an exploration for a new page.
        listening: The socket.
        access: Its address.
        files: The files of the page.
        most: How many explorations there may be.
        keep: Seconds for which an exploration is kept after its page has left.
    """

    def __init__(
        self,
        new_exploration: Callable[[], PageExploration],
        listening: socket.socket,
        access: Access,
        files: Mapping[str, PageFile],
        *,
        most: int,
        keep: float,
    ):
        self._access = access
        self._begun, self._ended = threading.Event(), threading.Event()
        self._stop: Callable[[], object] = bool
        self._n_explorations: Callable[[], int] = int

        async def serve() -> None:
            loop, stopping = asyncio.get_running_loop(), asyncio.Event()
            explorations = Explorations(new_exploration, most=most, keep=keep)
            server = uvicorn.Server(_settings(_application(access, files, explorations)))
            self._stop = lambda: loop.call_soon_threadsafe(stopping.set)
            self._n_explorations = lambda: len(explorations)
            self._begun.set()
            serving, stopped = asyncio.ensure_future(server.serve([listening])), asyncio.ensure_future(stopping.wait())
            await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            await explorations.close(_ENDS)
            server.should_exit = server.force_exit = True
            await serving

        def run() -> None:
            try:
                asyncio.run(serve())
            finally:
                listening.close()
                self._begun.set()
                self._ended.set()

        self._thread = threading.Thread(target=run, name="explorer-server", daemon=True)
        self._thread.start()
        self._begun.wait()
        atexit.register(self.close)

    @property
    def address(self) -> str:
        """The address of the page, with the token that it needs."""
        return self._access.address

    @property
    def n_explorations(self) -> int:
        """How many explorations there are, with those whose page may yet come back."""
        return 0 if self.closed else self._n_explorations()

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._ended.is_set()

    @property
    def only_here(self) -> bool:
        """Whether nobody but this machine reaches it."""
        return self._access.only_here

    @property
    def address_here(self) -> str:
        """The address of the page for a browser on this machine, with the token."""
        return self._access.address_here

    def wait(self) -> None:
        """Wait until it ends."""
        self._ended.wait()

    def close(self) -> None:
        """End all explorations, and stop to listen; takes 2 s at most."""
        atexit.unregister(self.close)
        with suppress(RuntimeError):  # its event loop has ended
            self._stop()
        self._ended.wait(2.0)


def serve(
    new_exploration: Callable[[], PageExploration],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    max_networks: int = 4,
    keep: float = KEEP,
    page: Path = PAGE,
) -> Served:
    """Serve the page from a thread.

    Args:
        new_exploration: Makes an exploration for a new page, in a thread.
        host: The host to listen on; by default only this machine reaches it. 0.0.0.0, ::, 0 and none at all are all
            addresses of this machine.
        port: The port; 0 for a free one.
        max_networks: How many pages may have an exploration at once.
        keep: Seconds for which an exploration is kept after its page has left.
        page: Folder of the page.

    Raises:
        InputError: The port is taken, or the host is not of this machine.
    """
    listening = _listen(host, port)
    access = Access(*listening.getsockname()[:2], name=host)
    return Served(new_exploration, listening, access, page_files(page, access.token), most=max_networks, keep=keep)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        InputError: It cannot.
    """
    try:
        given = host or "0.0.0.0"  # as sockets have it: no host is all addresses
        family, _, _, _, address = socket.getaddrinfo(given, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise _no_host(host) from None
    try:
        both = address[0] == "::" and socket.has_dualstack_ipv6()  # all addresses, of either kind
        return socket.create_server(address[:2], family=family, dualstack_ipv6=both)
    except OSError as error:
        if port and isinstance(error, PermissionError):
            raise invalid("port", port, "one that you may listen on, from 1024", "0 takes a free one") from None
        if port and error.errno == errno.EADDRINUSE:
            raise invalid("port", port, "a port that is not in use", "0 takes a free one") from None
        raise _no_host(host) from None


def _no_host(host: str) -> InputError:
    return invalid("host", host, "an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them")


class _Connection(H11Protocol):
    """A connection, which is given up if no request comes, or too many others wait for theirs.

    uvicorn waits for the first request for ever, and counts connections without one among those that there may be.
    """

    _silence: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Of uvicorn."""
        silent = [each for each in self.connections if isinstance(each, _Connection) and each._silence]
        if len(silent) >= _MAX_SILENT:
            min(silent, key=_Connection._ends).give_up()
        super().connection_made(transport)
        self._silence = self.loop.call_later(_SILENCE, self.give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Of uvicorn."""
        self._heard()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Of uvicorn."""
        super().handle_events()
        if self.cycle is not None:  # there was a request
            self._heard()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Of uvicorn."""
        self._heard()
        super().handle_websocket_upgrade(event)

    def give_up(self) -> None:
        """Close it at once."""
        self._heard()
        self.connections.discard(self)
        self.transport.abort()

    def _ends(self) -> float:
        return self._silence.when() if self._silence else math.inf

    def _heard(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None


def _settings(application: Callable[..., Awaitable[None]]) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=_Connection,
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        log_level="error",  # anyone can send what is no request
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws_max_size=MAX_BYTES,
        ws_per_message_deflate=False,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_graceful_shutdown=1,
    )


def _application(
    access: Access, files: Mapping[str, PageFile], explorations: Explorations
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """What answers requests; those that may not be asked are refused before any route is looked for."""

    async def page(_: Request) -> Response:
        return _response(files[INDEX])

    async def file(request: Request) -> Response:
        found = files.get(request.path_params["name"])
        return PlainTextResponse("no such file", 404) if found is None else _response(found)

    async def exploration(websocket: WebSocket) -> None:
        await _connect(websocket, explorations)

    routes = [
        Route("/", page),
        Route("/page/{name}", file),
        WebSocketRoute("/exploration", exploration),
    ]
    return _guarded(Starlette(routes=routes), access)


def _response(file: PageFile) -> Response:
    return Response(file.content, media_type=file.media_type)


def _guarded(
    application: Callable[[Scope, Receive, Send], Awaitable[None]], access: Access
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(access.headers(host))
            await send(message)

        refusal = _refusal(scope, access, host, origin)
        if not refusal:
            await application(scope, receive, with_headers)
        elif scope["type"] == "http":
            # who may ask for nothing holds no connection
            await PlainTextResponse(refusal, 403, {"Connection": "close"})(scope, receive, with_headers)
        else:
            await receive()
            await send({"type": "websocket.close", "code": _POLICY})

    return guarded


def _refusal(scope: Scope, access: Access, host: str, origin: str | None) -> str:
    """Why a request may not be asked; empty if it may."""
    of_socket = scope["type"] == "websocket"
    if not access.is_ours(host, origin) or (of_socket and origin is None):
        return f"this is no address of neuro-mod explore; a tunnel needs the port {access.port} on both ends"
    query = QueryParams(scope["query_string"])
    if not access.knows(query.get("token", "")):
        return "the token is missing or wrong; neuro-mod explore printed the address with it"
    if of_socket and not _EXPLORATION_NAME.fullmatch(query.get("exploration", "")):
        return "the name of an exploration is missing"
    return ""


async def _connect(websocket: WebSocket, explorations: Explorations) -> None:
    """One connection of a page, to its end."""
    name = websocket.query_params["exploration"]
    await websocket.accept()
    try:
        connection = explorations.enter(name)
    except NoRoomError as error:
        await _end(websocket, _ENDED, message={"type": "bye", "message": str(error)})
        return
    try:
        why = await _converse(websocket, name, connection)
        if why is not None:
            await _end(websocket, _ENDED, message={"type": "bye", "message": why})
    finally:
        explorations.leave(name, connection)


async def _converse(websocket: WebSocket, name: str, connection: Connection) -> str | None:
    """Read and write until one side ends it; returns why this side does, None if it is closed."""
    if not await _first(connection.kept.begun.wait(), connection.ended):
        return connection.ended.result()
    if connection.kept.exploration is None:
        await _end(websocket, _ENDED, message={"type": "failed", "message": connection.kept.failure})
        return None
    errors: deque[dict[str, Any]] = deque(maxlen=_MAX_ERRORS)
    try:
        if await _first(
            _read(websocket, connection, errors), _write(websocket, name, connection, errors), connection.ended
        ):
            return None
    except UnreadableError as error:
        await _end(websocket, _POLICY, str(error))
        return None
    return connection.ended.result()


async def _first(*awaited: Coroutine[Any, Any, object] | asyncio.Future[str]) -> bool:
    """Wait for the first of several to end; the others are cancelled, but for the last one. Whether it is another."""
    *others, last = (asyncio.ensure_future(each) for each in awaited)
    try:
        await asyncio.wait((*others, last), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in others:
            each.cancel()
        results = await asyncio.gather(*others, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
            raise result
    return not last.done()


async def _read(websocket: WebSocket, connection: Connection, errors: deque[dict[str, Any]]) -> None:
    """Take the commands of a page until it leaves.

    Raises:
        UnreadableError: It breaks the rules.
    """
    rate = Rate()
    while True:
        received = await websocket.receive()
        if received["type"] == "websocket.disconnect":
            return
        if not rate.allows():
            raise UnreadableError("too many messages")
        if received.get("text") is None:
            raise UnreadableError("no text")
        message = read_message(received["text"])
        try:
            connection.kept.command(message)
        except NeuroModError as error:
            errors.append({"type": "error", "message": str(error), "about": message["do"]})
            connection.kept.output.set()


async def _write(websocket: WebSocket, name: str, connection: Connection, errors: deque[dict[str, Any]]) -> None:
    """Send what the exploration has, as fast as the page takes it: nothing waits here but what is being sent."""
    kept = connection.kept
    assert kept.exploration is not None
    await _send(websocket, {**kept.exploration.hello, "exploration": name})
    for message in kept.resume():
        await _send(websocket, message)
    while True:
        for message in kept.outgoing():
            await _send(websocket, message)
        while errors:
            await _send(websocket, errors.popleft())
        await kept.output.wait()


async def _send(websocket: WebSocket, message: Mapping[str, Any] | bytes) -> None:
    """Send a message.

    Raises:
        WebSocketDisconnect: The connection was closed.
    """
    text = "" if isinstance(message, bytes) else json.dumps(message, allow_nan=False, separators=(",", ":"))
    with _closed_by_anyone():
        await (websocket.send_bytes(message) if isinstance(message, bytes) else websocket.send_text(text))


@contextmanager
def _closed_by_anyone() -> Iterator[None]:
    """What Starlette and uvicorn raise if a connection was closed on this side is a plain `RuntimeError`."""
    try:
        yield
    except RuntimeError as error:
        raise WebSocketDisconnect(_LOST) from error


async def _end(websocket: WebSocket, code: int, reason: str = "", *, message: Mapping[str, Any] | None = None) -> None:
    """Close a connection, after a last message, unless the page is too slow to hear."""
    with suppress(WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(_LAST_MESSAGE):
            if message is not None:
                await _send(websocket, message)
            with _closed_by_anyone():
                await websocket.close(code, reason)
