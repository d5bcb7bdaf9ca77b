"""The server of the explorer: who may connect, what may be said, and when explorations begin and end."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("starlette")
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from neuro_mod.errors import InputError
from neuro_mod.explorer import explorations, messages, server, start
from neuro_mod.explorer.access import Access
from neuro_mod.explorer.messages import UnreadableError, read_message
from tests.helpers.explorer import ENDLESS, PAGE, FakeExploration, frame, write_page
from tests.helpers.processes import start_python, wait_until

NAME = "page-0001"
#: What turns a request into a WebSocket (RFC 6455).
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(autouse=True)
def no_explorations():
    FakeExploration.made.clear()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("page"))


@pytest.fixture
def served(page):
    """Starts servers, which end with the test."""
    started = []

    def begin(new_exploration=FakeExploration, **options):
        started.append(server.serve(new_exploration, page=page, **options))
        return started[-1]

    yield begin
    for each in started:
        each.close()
        assert each.closed


@pytest.fixture(scope="module")
def running(page):
    """A server to which nobody gets through."""
    server_of_all = server.serve(FakeExploration, page=page)
    yield server_of_all
    assert server_of_all.n_explorations == 0
    server_of_all.close()


def place(served):
    """Host with port, and token."""
    parts = urlsplit(served.address)
    return parts.netloc, parts.query.removeprefix("token=")


def get(served, path, **headers):
    host, _ = place(served)
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


@contextmanager
def connected_to(address, name, **options):
    there = urlsplit(address)
    url = f"ws://{there.netloc}/exploration?{there.query}&exploration={name}"
    with connect(url, origin=f"http://{there.netloc}", proxy=None, close_timeout=0.2, **options) as page:
        yield page


@contextmanager
def connected(served, name=NAME, *, token=None, origin=None, **options):
    there, known = place(served)
    url = f"ws://{there}/exploration?token={known if token is None else token}&exploration={name}"
    origin = f"http://{there}" if origin is None else origin or None
    with connect(url, origin=origin, proxy=None, close_timeout=0.2, **options) as page:
        yield page


def receive(page):
    message = page.recv(timeout=10)
    return message if isinstance(message, bytes) else json.loads(message)


def ask(page, **message):
    page.send(json.dumps(message))


def end_of(page):
    """How a connection was closed."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            page.recv(timeout=10)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def only():
    (exploration,) = FakeExploration.made
    return exploration


def test_the_page_and_its_files(running):
    host, token = place(running)
    assert len(token) >= 43 and host.startswith("127.0.0.1:")  # 32 bytes in base 64
    status, headers, text = get(running, f"/?token={token}")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Referrer-Policy"] == "no-referrer" and headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store" and "Server" not in headers
    policy = dict(each.split(" ", 1) for each in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'" and policy["connect-src"] == f"'self' ws://{host}"
    assert "unsafe" not in headers["Content-Security-Policy"]
    ancestors = policy["frame-ancestors"].split()
    assert "http://localhost:*" in ancestors and all(
        each == "'self'" or urlsplit(each.removesuffix(":*")).hostname in ("127.0.0.1", "localhost")
        for each in ancestors
    )
    paths = re.findall(r'(?:href|src)="([^"]+)"', text)
    assert paths == [f"page/explorer.css?token={token}", f"/page/main.js?token={token}"]
    status, headers, text = get(running, f"/page/main.js?token={token}")
    assert status == 200 and headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert text == f'import {{ draw }} from "./draw.js?token={token}";\nimport other from "./not_there.js";'
    assert get(running, f"/page/explorer.css?token={token}")[2] == PAGE["explorer.css"]


@pytest.mark.parametrize("path", ["/page/notes.md", "/page/..%2f..%2fserver.py", "/page/", "/page/a/b", "/other"])
def test_no_other_file(running, path):
    status, headers, _ = get(running, f"{path}?token={place(running)[1]}")
    assert status == 404 and "Content-Security-Policy" in headers


@pytest.mark.parametrize("path", ["/", "/page/main.js", "/other", "/?a=b"])
def test_without_the_token_there_is_nothing(running, path):
    glue = "&" if "?" in path else "?"
    for token in ("", "x", "%C3%A9", "x" * 43):
        status, headers, text = get(running, f"{path}{glue}token={token}")
        assert status == 403 and headers["Referrer-Policy"] == "no-referrer"
        assert place(running)[1] not in text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:1", ""])
def test_another_host_is_refused(served, host):
    running = served()
    there, token = place(running)
    host = host.format(port=there.split(":")[1])
    assert get(running, f"/?token={token}", Host=host)[0] == 403
    path = f"/exploration?token={token}&exploration={NAME}"
    assert get(running, path, Host=there, Origin=f"http://{there}", **UPGRADE)[0] == 101
    wait_until(lambda: running.n_explorations == 1)
    for origin in (f"http://{host}", f"http://{there}"):
        assert get(running, path, Host=host, Origin=origin, **UPGRADE)[0] == 403


def test_localhost_is_the_same_host(running):
    there, token = place(running)
    other = there.replace("127.0.0.1", "localhost")
    status, headers, _ = get(running, f"/?token={token}", Host=other)
    assert status == 200 and f"ws://{other}" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "null"},
        {"origin": ""},  # none
        {"token": ""},
        {"token": "x" * 43},
        {"name": ""},
        {"name": "short"},
        {"name": "x" * 65},
        {"name": "../../etc"},
    ],
)
def test_sockets_are_refused_before_they_open(running, wrong):
    with pytest.raises(InvalidStatus, match="403"), connected(running, **wrong):
        pass
    assert not FakeExploration.made


def test_an_origin_that_does_not_fit_is_refused_for_files_too(running):
    there, token = place(running)
    assert get(running, f"/page/main.js?token={token}", Origin="http://evil.example")[0] == 403
    assert get(running, f"/page/main.js?token={token}", Origin=f"http://{there}")[0] == 200


def half_requests(served, begin, n):
    """Connections that begin to say something."""
    host, port = place(served)[0].split(":")
    for _ in range(n):
        sock = socket.create_connection((host, int(port)), timeout=10)
        sock.sendall(begin)
        yield sock


def until_closed(sock):
    """What is still read from a connection until the server closes it."""
    received = b""
    with suppress(ConnectionResetError):
        while more := sock.recv(4096):
            received += more
    return received


@pytest.mark.parametrize(
    "begin",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
    ],
    ids=["nothing", "half a line", "half a request", "no token", "half a body"],
)
def test_who_asks_for_nothing_keeps_nobody_out(served, begin):
    running = served()
    others = [*half_requests(running, begin, 200)]
    try:
        with connected(running) as page:
            assert receive(page)["type"] == "hello"
            assert get(running, f"/?token={place(running)[1]}")[0] == 200
    finally:
        for sock in others:
            sock.close()


def test_who_asks_for_nothing_is_closed(served, monkeypatch):
    monkeypatch.setattr(server, "_SILENCE", 0.2)
    running = served()
    with connected(running) as page:
        receive(page)
        for begin in (b"", b"GET / HT"):
            for sock in half_requests(running, begin, 2):
                assert until_closed(sock) == b""
                sock.close()
        (sock,) = half_requests(running, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1)
        answer = until_closed(sock).lower()
        assert b" 403 " in answer and b"connection: close" in answer
        sock.close()
        ask(page, do="speed", value=0)  # a page that stays is none of them
        assert receive(page)["type"] == "error"


def test_a_page_talks_to_its_exploration(served):
    with connected(served()) as page:
        assert receive(page) == {"type": "hello", "name": "fake", "exploration": NAME}
        ask(page, do="knob", key="arousal", value=0.5)
        ask(page, do="speed", value=100)
        refused = receive(page)
        assert refused["type"] == "error" and refused["about"] == "speed" and "100 found" in refused["message"]
        only().say({"type": "statistics", "seconds": 1.5, "occupancy": [None]}, frame(1))
        assert receive(page) == {"type": "statistics", "seconds": 1.5, "occupancy": [None]}
        assert receive(page) == frame(1)
        assert only().commands == [{"do": "knob", "key": "arousal", "value": 0.5}]


@pytest.mark.parametrize(
    "garbage",
    [
        *("", "{", "[]", "1", "null", '"x"', "{}", '{"do": 1}', '{"do": null}'),
        *('{"do": "x", "v": NaN}', '{"do": "x", "v": Infinity}', '{"do": "x", "v": 1e999}', '{"do": "x", "v": {}}'),
        *('{"do": "x", "v": [[1]]}', '{"do": "x", "v": [{"a": 1}]}', '{"do": "x", "v": [1e999]}'),
        *('{"do": "x", "v": 1' + "0" * 400 + "}", '{"do": "x", "v": 1' + "0" * 5000 + "}"),
        *("[" * 60000, '{"do": "x", "v": ' + "[" * 60000, '{"a":' * 10000, '{"do": "x", "v": [' + "0," * 9000 + "0]}"),
    ],
    ids=lambda text: text[:16],
)
def test_garbage_is_not_read(garbage):
    with pytest.raises(UnreadableError):
        read_message(garbage)


@pytest.mark.parametrize("garbage", ["{", "[" * 60000, b"NMX1"])
def test_who_sends_garbage_is_closed(served, garbage, caplog):
    with connected(served()) as page:
        receive(page)
        page.send(garbage)
        assert end_of(page) == 1008
    assert only().done in ([], ["pause"]) and not caplog.records


def test_who_sends_too_much_is_closed(served):
    running = served()
    with connected(running) as page:
        receive(page)
        page.send("x" * (64 * 1024 + 1))
        assert end_of(page) == 1009  # "message too big" of RFC 6455
    assert running.n_explorations == 1


def test_who_sends_too_often_is_closed(served, monkeypatch):
    monkeypatch.setattr(messages, "BURST", 20.0)
    monkeypatch.setattr(messages, "RATE", 1.0)
    with connected(served()) as page:
        receive(page)
        with pytest.raises(ConnectionClosed):
            for _ in range(1000):
                ask(page, do="seen", frame=1)
                page.ping().wait(1)
        assert end_of(page) == 1008
    assert only().done.count("seen") in (20, 21)


def test_a_slider_may_send_as_fast_as_it_moves(served):
    with connected(served()) as page:
        receive(page)
        for value in range(600):  # ten seconds of 60 a second
            ask(page, do="knob", key="arousal", value=value)
        wait_until(lambda: len(only().commands) == 600)
        ask(page, do="speed", value=0)
        assert receive(page)["type"] == "error"


def test_who_comes_back_goes_on(served):
    running = served()
    with connected(running) as page:
        receive(page)
        ask(page, do="play")
        assert receive(page) == {"type": "status", "running": True}
        only().say({"type": "theory", "revision": 1}, frame(7))
        assert [receive(page)["type"], receive(page)] == ["theory", frame(7)]
    wait_until(lambda: only().done == ["play", "pause"])  # at once
    only().say({"type": "saved", "folder": "a"})
    with connected(running) as page:
        told = [receive(page) for _ in range(5)]
        assert told[0]["exploration"] == NAME
        # the latest status and theory of the last visit, then what happened since
        assert told[1:3] == [{"type": "status", "running": True}, {"type": "theory", "revision": 1}]
        assert {"type": "saved", "folder": "a"} in told[3:]
        # the frame that was on its way counts as seen
        assert only().commands[2:] == [{"do": "seen", "frame": 7}, {"do": "play"}]


def test_who_comes_back_goes_on_with_what_ran_by_itself(served):
    running = served()
    for _ in range(3):
        with connected(running) as page:
            receive(page)
            only().say({"type": "status", "running": True})
            while receive(page) != {"type": "status", "running": True}:
                pass
        wait_until(lambda: only().done[-1:] == ["pause"])
    assert only().done == ["pause", "play", "pause", "play", "pause"]


def test_who_comes_back_finds_a_network_paused_that_was(served):
    running = served()
    for n_visits in (1, 2):
        with connected(running) as page:
            receive(page)
            ask(page, do="pause")
            assert receive(page)["type"] == "status"
        wait_until(lambda n=2 * n_visits: len(only().done) == n)
    assert set(only().done) == {"pause"}


def told_on_return(running):
    """What a page that comes back is told after `hello`, up to the error that it provokes."""
    with connected(running) as page:
        assert receive(page)["type"] == "hello"
        ask(page, do="speed", value=0)
        told = []
        while (message := receive(page))["type"] != "error":
            told.append(message)
    return told


def test_who_comes_back_after_a_step_finds_a_network_paused(served):
    running = served()
    with connected(running) as page:
        receive(page)
        ask(page, do="play")
        assert receive(page) == {"type": "status", "running": True}
        ask(page, do="step", seconds=0.1)
        assert receive(page) == {"type": "status", "running": False}
    for n_visits in (1, 2):
        wait_until(lambda n=n_visits: only().done.count("pause") == n)
        assert told_on_return(running)[-1] == {"type": "status", "running": False}
    assert only().done.count("play") == 1


def test_who_leaves_before_a_command_acts_finds_that_it_did(served, monkeypatch):
    running = served()
    monkeypatch.setattr(FakeExploration, "say", lambda *_: None)  # no status comes in time
    expected = []

    def as_expected():
        return only().done == expected

    for command, begin in (({"do": "pause"}, []), ({"do": "play"}, []), ({"do": "step", "seconds": 0.1}, ["play"])):
        with connected(running) as page:
            receive(page)
            ask(page, **command)
            expected += [*begin, command["do"]]
            wait_until(as_expected, seconds=10)
        expected.append("pause")
        wait_until(as_expected, seconds=10)
    with connected(running) as page:
        receive(page)
        ask(page, do="neuron", index=0)
        wait_until(lambda: only().done == [*expected, "neuron"], seconds=10)


def test_who_leaves_while_a_network_is_drawn_finds_that_it_runs(served):
    drawn = threading.Event()

    def slow():
        drawn.wait(10)
        return FakeExploration()

    running = served(slow)
    with connected(running):
        pass
    wait_until(lambda: running.n_explorations == 1)
    drawn.set()
    wait_until(lambda: FakeExploration.made and only().done == ["pause"])
    assert told_on_return(running)[-1] == {"type": "status", "running": True}  # networks run from the beginning


def test_who_comes_back_to_a_network_that_failed(served):
    running = served()
    with connected(running) as page:
        receive(page)
        ask(page, do="play")
        assert receive(page) == {"type": "status", "running": True}
        only().fail("a rate is no number")
        assert [receive(page)["type"] for _ in range(2)] == ["failed", "status"]
    wait_until(lambda: only().done == ["play", "pause"])
    told = told_on_return(running)
    assert told[:2] == [{"type": "status", "running": False}, {"type": "failed", "message": "a rate is no number"}]
    assert all(message == told[0] for message in told[2:]) and only().done.count("play") == 1


@pytest.mark.parametrize(
    "anew",
    [{"do": "restart", "noise_seed": None}, {"do": "network", "seed": 1}, {"do": "reset"}],
    ids=lambda m: m["do"],
)
def test_a_network_that_failed_goes_on_when_it_is_started_anew(served, anew):
    running = served()
    with connected(running) as page:
        receive(page)
        only().fail("a rate is no number")
        assert [receive(page)["type"] for _ in range(2)] == ["failed", "status"]
        ask(page, **anew)
        assert receive(page) == {"type": "status", "running": False}
        ask(page, do="play")
        assert receive(page) == {"type": "status", "running": True}
    wait_until(lambda: only().done[-1] == "pause")
    told = told_on_return(running)
    assert {message["type"] for message in told} == {"status"} and told[-1]["running"] is True


def test_a_newer_tab_wins(served):
    running = served()
    with connected(running) as older:
        receive(older)
        ask(older, do="play")
        receive(older)
        with connected(running) as newer:
            assert receive(newer)["type"] == "hello"
            while (told := receive(older))["type"] != "bye":
                pass
            assert "Another tab" in told["message"] and end_of(older) == 1000
            ask(newer, do="landscape", clusters=[0, 1])
            wait_until(lambda: only().done == ["play", "landscape"])  # it did not pause
        assert running.n_explorations == 1


def test_reconnecting_leaves_nothing_behind(served):
    running = served()
    with connected(running) as page:
        receive(page)
        ask(page, do="play")
        receive(page)
    before = threading.active_count()
    for _ in range(100):
        with connected(running) as page:
            assert receive(page)["type"] == "hello"
    assert running.n_explorations == 1 and len(FakeExploration.made) == 1
    wait_until(lambda: threading.active_count() <= before)
    wait_until(lambda: only().done[-1] == "pause")
    assert only().done.count("play") in range(2, 102)  # as often as it was paused
    assert only().done.count("pause") == only().done.count("play")


def test_no_more_explorations_than_allowed(served):
    running = served(max_networks=2)
    with connected(running, "page-0001") as first, connected(running, "page-0002") as second:
        assert receive(first)["exploration"] == "page-0001" and receive(second)["exploration"] == "page-0002"
        with connected(running, "page-0003") as third:
            told = receive(third)
            assert told["type"] == "bye" and "--max-networks" in told["message"] and end_of(third) == 1000
        with connected(running, "page-0001") as again:
            assert receive(again)["type"] == "hello"
    assert len(FakeExploration.made) == 2


def test_a_page_that_has_left_frees_its_exploration(served):
    running = served(keep=0.1, max_networks=1)
    with connected(running) as page:
        receive(page)
    assert only().closed.wait(5) and only().done == ["pause"]
    wait_until(lambda: running.n_explorations == 0)
    with connected(running) as page:
        assert receive(page)["type"] == "hello"
    assert len(FakeExploration.made) == 2


def test_a_slow_page_gets_fewer_frames(served):
    """A page that does not read stops the server from asking for more, however often the exploration calls."""
    with connected(served(), max_queue=1) as page:
        receive(page)
        exploration = only()
        exploration.endless = frame(1, 300_000)
        for _ in range(200):
            exploration.heard()
            time.sleep(2e-3)
        asked = exploration.n_asked
        assert asked < 40
        for _ in range(50):
            exploration.heard()
            time.sleep(2e-3)
        assert exploration.n_asked <= asked + 2
        exploration.endless = None
        page.socket.shutdown(socket.SHUT_RDWR)


def test_an_exploration_that_cannot_begin_says_why(served, monkeypatch):
    def refused():
        raise InputError("arousal.level: 2 found; expected at most 1")

    running = served(refused)
    with connected(running) as page:
        assert receive(page) == {"type": "failed", "message": "arousal.level: 2 found; expected at most 1"}
        assert end_of(page) == 1000
    wait_until(lambda: running.n_explorations == 0)


def test_who_leaves_while_a_network_is_drawn(served):
    drawn = threading.Event()

    def slow():
        drawn.wait(10)
        return FakeExploration()

    running = served(slow, keep=0.3)
    with connected(running):
        pass
    drawn.set()
    wait_until(lambda: FakeExploration.made and only().done == ["pause"])
    assert only().closed.wait(5)


def test_the_end_reaches_everyone(served):
    running = served()
    with connected(running, "page-0001") as first, connected(running, "page-0002") as second:
        receive(first), receive(second)
        began = time.monotonic()
        running.close()
        assert time.monotonic() - began < 2
        assert {receive(first)["type"], receive(second)["type"]} == {"bye"}
    assert all(exploration.closed.is_set() for exploration in FakeExploration.made) and running.closed
    with pytest.raises(OSError, match="refused"):
        get(running, "/")
    running.close()  # once more does nothing


def test_the_end_waits_for_no_exploration(served, monkeypatch):
    monkeypatch.setattr(explorations, "_ENDING", 0.2)
    drawn = threading.Event()

    def slow():
        drawn.wait(10)
        return FakeExploration()

    running = served(slow)
    with connected(running) as page:
        running.close()
        assert receive(page)["type"] == "bye"
    drawn.set()
    wait_until(lambda: FakeExploration.made and only().closed.is_set())  # it is closed as soon as it is there


def test_a_port_that_is_taken(served):
    port = int(place(served())[0].split(":")[1])
    with pytest.raises(InputError, match=f"^port: {port} found; expected a port that is not in use"):
        served(port=port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])  # the latter is of no machine (RFC 5737)
def test_a_host_of_another_machine(served, host):
    with pytest.raises(InputError, match=r"^host: .* found; expected an address of this machine"):
        served(host=host)


def test_all_addresses_of_a_machine():
    access = Access("0.0.0.0", 8000)
    assert access.is_ours("192.168.1.2:8000", "http://192.168.1.2:8000")
    assert access.is_ours("[::1]:8000", None)
    assert access.is_ours(f"{socket.gethostname()}:8000", None)
    assert not access.is_ours("evil.example:8000", None)
    assert not access.is_ours("[fe80::1%x; script-src *]:8000", None)
    assert not access.is_ours("192.168.1.2:8000", "http://192.168.1.3:8000")
    assert socket.gethostname() in access.address and access.address_here.startswith("http://127.0.0.1:8000/?token=")
    assert Access("::1", 8000).address.startswith("http://[::1]:8000/")
    assert Access("127.0.0.1", 80).is_ours("127.0.0.1", "http://127.0.0.1")


def test_what_only_this_machine_reaches():
    assert Access("127.0.0.2", 1).only_here and Access("::1", 1).only_here
    assert not Access("0.0.0.0", 1).only_here and not Access("192.168.1.2", 1).only_here


@pytest.mark.parametrize("host", ["0", "0.0.0.0", "0x0", "00", "", "::", "0:0:0:0:0:0:0:0", "::0"])
def test_any_form_of_all_addresses(served, host):
    try:
        running = served(host=host)
    except InputError:
        assert ":" in host and not socket.has_dualstack_ipv6()
        pytest.skip("there is no IPv6")
    assert place(running)[0].startswith(f"{socket.gethostname()}:") and not running.only_here
    here = urlsplit(running.address_here)
    assert here.hostname == ("::1" if ":" in host else "127.0.0.1")
    for local in ("127.0.0.1", "[::1]") if ":" in host else ("127.0.0.1",):
        with connected_to(f"http://{local}:{here.port}/?{here.query}", f"page-{ord(local[0]):04d}") as page:
            assert receive(page)["type"] == "hello"


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "LOCALHOST"])
def test_any_form_of_this_machine(served, host):
    running = served(host=host)
    assert urlsplit(running.address).hostname in ("127.0.0.1", "::1") and running.only_here
    with connected(running) as page:  # a browser writes the address in its own way
        assert receive(page)["type"] == "hello"
    host_and_port = f"{host}:{urlsplit(running.address).port}"
    assert get(running, f"/?token={place(running)[1]}", Host=host_and_port)[0] == 200


@pytest.fixture
def fake(monkeypatch, page):
    """The explorer with explorations without a network."""
    monkeypatch.setattr(start, "import_module", lambda name: start_modules[name])
    monkeypatch.setitem(server.serve.__kwdefaults__, "page", page)
    exploration = type("Module", (), {"Exploration": FakeExploration})
    start_modules = {"neuro_mod.explorer.exploration": exploration, "neuro_mod.explorer.server": server}


def test_from_a_notebook(fake, config, tmp_path):
    from neuro_mod import StageSNNSimulation

    stager = StageSNNSimulation(config)
    view = stager.explore(out=tmp_path, height=700)
    again = stager.explore(out=tmp_path)
    assert view.address == again.address and 'height="700"' in view._repr_html_()
    assert f'src="{view.address}" width="100%"' in view._repr_html_()
    with connected_to(view.address, NAME) as page:
        assert receive(page)["type"] == "hello"
    assert only().experiment is stager.experiment and only().folder == tmp_path
    view.close()
    assert "closed" in again._repr_html_() and "closed" in repr(again)
    another = stager.explore(out=tmp_path)
    assert another.address != view.address
    another.close()


@pytest.fixture
def begun(page, config, tmp_path):
    """Starts the command in processes, which end with the test."""
    processes = []

    def begin(*options, **environment):
        code = f"from tests.helpers.explorer import main; main({str(page)!r})"
        processes.append(start_python("-c", code, "explore", config, "--out", tmp_path, *options, **environment))
        return processes[-1]

    yield begin
    for each in processes:
        each.kill()
        each.communicate()


@pytest.fixture
def command(begun):
    """The command in a process."""
    return begun("--no-browser")


def test_the_command_ends_with_ctrl_c(command):
    with connected_to(command.stdout.readline().strip(), NAME) as page:
        assert receive(page)["type"] == "hello"
        began = time.monotonic()
        command.send_signal(signal.SIGINT)
        printed, errors = command.communicate(timeout=10)
        assert time.monotonic() - began < 4
        assert receive(page)["type"] == "bye"
    assert command.returncode == 130 and printed == "" and errors == "interrupted\n"


def test_whatever_a_page_does_the_terminal_stays_quiet(begun):
    process = begun("--no-browser", **{ENDLESS: "1"})
    address = process.stdout.readline().strip()
    for garbage in ("{", b"NMX1", "x" * (64 * 1024 + 1)) * 10:
        with connected_to(address, NAME, max_size=None) as page:
            page.recv(timeout=10)
            page.send(garbage)
            with pytest.raises(ConnectionClosed):
                while True:
                    page.recv(timeout=10)
    for n in range(20):  # pages that vanish, or are replaced while they break the rules
        with connected_to(address, NAME) as page, connected_to(address, NAME) as newer:
            newer.recv(timeout=10)
            with suppress(ConnectionClosed):
                page.send("{")
                newer.send("{")
            with suppress(OSError):  # it was closed already
                (page if n % 2 else newer).socket.shutdown(socket.SHUT_RDWR)
    there = urlsplit(address)
    with socket.create_connection((there.hostname, there.port)) as other:
        other.sendall(b"NO REQUEST\r\n\r\n")
        assert b" 400 " in other.recv(1000)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=10)
    assert printed == "" and errors == "interrupted\n"


@pytest.mark.parametrize("library", ["starlette", "uvicorn", "websockets"])
def test_without_the_extra(neuro_mod, config, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    code, printed, errors = neuro_mod("explore", config, "--no-browser")
    assert code == 2 and printed == ""
    assert errors == f'this needs {library}, which is not installed: pip install "neuro_mod[explore]"\n'


def test_the_command_names_its_options(fake, neuro_mod, config, served, tmp_path):
    port = place(served())[0].split(":")[1]
    code, _, errors = neuro_mod("explore", config, "--no-browser", "--port", port, "--out", tmp_path)
    assert code == 2 and errors.startswith(f"--port: {port} found; expected a port that is not in use")
    code, _, errors = neuro_mod("explore", config, "--no-browser", "--host", "192.0.2.1")
    assert code == 2 and errors.startswith('--host: "192.0.2.1" found; expected an address of this machine')


@pytest.mark.parametrize("host", ["0.0.0.0", "0"])
def test_the_command_warns_of_other_machines(fake, neuro_mod, config, monkeypatch, host):
    monkeypatch.setattr(server.Served, "wait", lambda _: None)
    opened = []
    monkeypatch.setattr("neuro_mod.cli.explore._show", opened.append)
    code, printed, errors = neuro_mod("explore", config, "--host", host)
    assert code == 0 and re.fullmatch(rf"http://{socket.gethostname()}:\d+/\?token=\S+\n", printed)
    assert errors.startswith(f"--host {host}: other machines can reach this page.")
    wait_until(lambda: opened)
    assert opened[0].startswith("file:") and "token" not in opened[0]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_browser_gets_a_file_that_only_this_user_reads(begun, tmp_path, how):
    folder, browser, heard = (tmp_path / name for name in ("temporary", "browser", "heard"))
    folder.mkdir()
    browser.write_text(f'#!/bin/sh\necho "$@" > {heard}.part && mv {heard}.part {heard}\n')
    browser.chmod(0o755)
    process = begun(TMPDIR=str(folder), BROWSER=f"{browser} %s")
    address = process.stdout.readline().strip()
    wait_until(heard.exists, process)
    file = Path(unquote(urlsplit(heard.read_text().strip()).path))
    token = urlsplit(address).query.removeprefix("token=")
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
    assert f'content="0; url={address}"' in file.read_text() and token not in heard.read_text()
    assert folder in file.parents
    beside = file.with_name("of another")
    beside.touch()
    process.send_signal(how)
    process.communicate(timeout=10)
    assert not file.exists() and beside.exists()  # only what it wrote is removed


def test_nothing_is_left_of_a_file_for_a_browser(begun, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = begun(TMPDIR=str(folder), BROWSER="true")
    process.stdout.readline()
    wait_until(lambda: [*folder.glob("*/open.html")], process)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10)[1] == "interrupted\n"
    assert not [*folder.iterdir()]
