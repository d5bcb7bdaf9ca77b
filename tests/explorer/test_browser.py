"""The page in a browser: Chromium without a window, driven by Playwright; skipped where either is missing."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from neuro_mod import load_experiment, load_journal, load_spikes
from neuro_mod.execution.stagers.compiling import compile_for_workers
from neuro_mod.explorer.start import start
from tests.helpers.browser import chromium

pytest.importorskip("uvicorn")
#: Milliseconds that anything on the page may take, on a busy machine.
PATIENCE = 120_000


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explored")
    experiment = load_experiment("small")
    compile_for_workers(experiment)  # which no test waits for
    server = start(experiment, folder=folder, max_networks=20)
    yield server, folder
    server.close()


@pytest.fixture(scope="module")
def opened(browser, served):
    """The page, what it asked for or complained about, and which commands it sent."""
    server, _ = served
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE)
    complaints, requests, commands = [], [], []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.on("websocket", lambda socket: socket.on("framesent", lambda sent: commands.append(json.loads(sent)["do"])))
    page.goto(server.address)
    until(page, "window.explorer?.frames > 3")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    yield page, complaints, requests, commands
    page.close()


@pytest.fixture
def page(opened):
    page, complaints, *_ = opened
    yield page
    assert not complaints


def until(page, condition):
    """Wait until an expression of the page, or a function here, is true.

    The policy of the page lets Playwright not wait by itself.
    """

    def happened():
        if isinstance(condition, str):
            return page.evaluate(condition)
        page.evaluate("0")  # what its sockets did is known here only after something was asked of the page
        return condition()

    end = time.monotonic() + PATIENCE / 1000
    while not happened():
        assert time.monotonic() < end, condition
        time.sleep(0.03)


def clock(page):
    return float(page.inner_text("#clock").removesuffix("s"))


def standing_clock(page):
    """The clock of a paused page, once it stays: what was under way may still arrive."""
    until(page, "document.getElementById('connection').textContent === 'paused'")
    times = [clock(page)]

    def stays():
        time.sleep(0.3)  # more than from one status to the next
        times.append(clock(page))
        return times[-2] == times[-1]

    until(page, stays)
    return times[-1]


def mean_rate(page, population, seconds=1.0):
    """Mean over what the page shows in a while."""
    rates, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        rates.append(page.evaluate(f"explorer.rates()[{population}]"))
        time.sleep(0.03)
    return float(np.mean(rates))


def slide(page, slider, value):
    """Move a slider as a hand does."""
    slider.evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', {bubbles: true})) }", value
    )
    slider.evaluate("(input) => input.dispatchEvent(new Event('change', {bubbles: true}))")


def test_it_loads_without_a_request_elsewhere(opened, served):
    page, complaints, requests, _ = opened
    origin = served[0].address.split("/?")[0]
    elsewhere = [url for url in requests if not url.startswith((origin, "data:"))]
    assert requests and not elsewhere and not complaints
    assert "small" in page.inner_text("h1")
    unnamed = "[...document.querySelectorAll('canvas')].filter(c => !c.ariaLabel && !c.ariaHidden).map(c => c.id)"
    assert page.evaluate(unnamed) == []


def test_spikes_are_drawn(page):
    until(
        page,
        """() => {
            const canvas = document.getElementById('raster');
            const copy = document.createElement('canvas');
            copy.width = canvas.width; copy.height = canvas.height;
            const context = copy.getContext('2d');
            context.drawImage(canvas, 0, 0);
            const colours = new Set(new Uint32Array(context.getImageData(0, 0, copy.width, copy.height).data.buffer));
            return colours.size > 6;
        }""",
    )


def test_a_slider_of_a_cluster_raises_its_rate(page):
    slider = page.get_by_label("Cluster 3", exact=True).first
    page.select_option("#target", "rate")
    slide(page, slider, "-5")
    until(page, "explorer.rates()[3] < 10")
    low = mean_rate(page, 3)
    slide(page, slider, "5")
    until(page, "explorer.rates()[3] > 30")
    assert mean_rate(page, 3) > 20 > 3 * low
    page.click("#zero")


def test_pause_step_and_pulse(page):
    page.click("#play")
    until(page, "document.getElementById('play').textContent === 'Play'")
    stopped = standing_clock(page)
    page.click("#step")
    until(page, f"parseFloat(document.getElementById('clock').textContent) > {stopped}")
    assert standing_clock(page) == pytest.approx(stopped + 0.1, abs=0.011)  # of rounded times
    page.fill("#pulse-strength", "8")
    page.fill("#pulse-seconds", "2")
    page.click("#play")
    page.locator("#pulse-buttons button").nth(4).click()
    until(page, "explorer.rates()[4] > 30")


def test_what_is_refused_is_said_and_the_slider_returns(page):
    threshold = page.get_by_role("slider", name="threshold of E neurons")
    slide(page, threshold, "0.1")
    page.select_option("#target", "threshold")
    slide(page, page.get_by_label("Cluster 0", exact=True).first, "-0.2")
    page.wait_for_selector(".problem:not([hidden]):has-text('threshold becomes')")
    until(page, "parseFloat(document.querySelector('#vector-sliders input[type=number]').value) === 0")
    page.keyboard.press("Escape")
    page.select_option("#target", "rate")


def test_typed_numbers_are_refused_beside_their_field(page, opened):
    *_, commands = opened
    n = len(commands)
    for selector, typed, words in (
        ("#vector-sliders input[type=number]", "900", "900 is above 5"),
        ("#knobs .slider input[type=number]", "7", "7 is above"),
    ):
        field = page.locator(selector).first
        before = field.input_value()
        field.fill(typed)
        field.press("Enter")
        page.wait_for_selector(f".problem:has-text('{words}')")
        assert field.input_value() == before
    page.fill("#pulse-strength", "")
    page.locator("#pulse-buttons button").first.click()
    page.wait_for_selector(".problem:has-text('Strength: a number is needed')")
    page.fill("#pulse-strength", "3")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert set(commands[n:]) <= {"seen"}  # within two frames, what waits is sent


def test_the_space_bar_pauses_after_a_click(page):
    page.click("#zero")
    for words in ("Play", "Pause"):
        page.keyboard.press("Space")
        until(page, f"document.getElementById('play').textContent === '{words}'")


def test_the_first_visit_is_greeted_once(page):
    page.click("#welcome-close")
    page.reload()
    until(page, "window.explorer?.frames > 3")
    assert page.evaluate("document.getElementById('welcome').hidden")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")


def test_save_and_replay(page, served):
    page.click("#save")
    page.wait_for_selector("#saved:has-text('small')")
    folder = next(Path(served[1]).glob("*-1"))
    journal, spikes = load_journal(folder), load_spikes(folder)
    about = folder.joinpath("metadata/run.json").read_text()
    assert '"explored"' in about and journal.changes
    end = int(np.round(spikes.duration / spikes.delta_t)) + _first_step(folder)
    again = journal.spikes(end)
    later = again.steps >= _first_step(folder)
    assert (again.steps[later] - _first_step(folder)).tolist() == spikes.steps.tolist()
    assert again.neurons[later].tolist() == spikes.neurons.tolist()


def _first_step(folder):
    return json.loads(folder.joinpath("metadata/explored.json").read_text())["from_step"]


def test_restart(page):
    page.click("#restart-other")
    until(page, "parseFloat(document.getElementById('clock').textContent) < 2")


def test_a_page_that_is_loaded_again_goes_on(page):
    before = clock(page)
    page.reload()
    until(page, "window.explorer?.frames > 3")
    assert clock(page) > before


def test_a_page_that_is_loaded_again_after_a_step_stands_still(page):
    page.click("#step")
    stopped = standing_clock(page)
    page.reload()
    until(page, "document.getElementById('connection').textContent === 'paused'")
    for _ in range(4):
        time.sleep(0.05)
        assert clock(page) == stopped > 0 and page.inner_text("#connection") == "paused"
    page.click("#play")
    until(page, "window.explorer?.frames > 1")


def test_a_page_without_a_network_says_why(browser, tmp_path):
    server = start(load_experiment("small"), folder=tmp_path, max_networks=1)
    first, second = browser.new_page(), browser.new_page()
    try:
        first.goto(server.address)
        until(first, "window.explorer?.frames > 0")
        second.goto(server.address)
        until(second, "document.getElementById('banner').textContent.includes('--max-networks')")
        assert second.inner_text("#connection") == "ended"
    finally:
        first.close()
        second.close()
        server.close()


def test_a_file_leads_to_the_page(browser, served):
    from neuro_mod.cli.explore import _leading_to

    page = browser.new_page()
    with _leading_to(served[0].address_here) as file:
        page.goto(file.as_uri())
        page.wait_for_url(served[0].address)
        until(page, "window.explorer?.frames > 0")
    assert not file.parent.exists()
    page.close()


def test_narrow_and_dark_pages_have_no_scroll_bar_at_the_side(browser, served):
    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.set_default_timeout(PATIENCE)
    page.goto(served[0].address)
    until(page, "window.explorer?.frames > 3")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    luminance = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(new RegExp('[0-9]+', 'g')).slice(0, 3).map(Number)"
    )
    assert max(luminance) < 80
    page.close()


@pytest.fixture
def other(browser):
    """A page whose socket tests answer or change."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE)
    yield page
    page.close()


SOCKET = re.compile(r"ws://.*/(session|exploration)\?")


def test_a_goodbye_before_anything_else_is_shown_and_ends_the_attempts(other, served):
    attempts = []

    def answer(socket):
        attempts.append(socket)
        socket.send(json.dumps({"type": "bye", "message": "there are 4 of them already"}))
        socket.close(code=1000)

    other.route_web_socket(SOCKET, answer)
    other.goto(served[0].address)
    until(other, "document.getElementById('connection').textContent === 'ended'")
    time.sleep(1.5)  # longer than to the next attempt
    assert len(attempts) == 1
    assert "there are 4 of them already" in other.inner_text("#banner")
    assert "reconnecting" not in other.inner_text("header")


def test_what_the_configuration_perturbs_is_said_and_zeroed(other, served):
    n = load_experiment("small").populations.total
    values, sent = [0.5] + [0.0] * (n - 1), []

    def told(socket):
        server = socket.connect_to_server()

        def from_page(message):
            sent.append(json.loads(message))
            server.send(message)

        def from_server(message):
            content = json.loads(message) if isinstance(message, str) else {}
            if content.get("type") == "status" and not any(each["do"] == "perturb" for each in sent):
                content["configured"] = {"threshold": True}
                content["perturbation"]["threshold"] = values
                content["changed"] = {next(iter(content["knobs"])): 1.25}
                message = json.dumps(content)
            socket.send(message)

        socket.on_message(from_page)
        server.on_message(from_server)

    other.route_web_socket(SOCKET, told)
    other.goto(served[0].address)
    until(other, "[...document.getElementById('target').options].some(each => /from the conf/.test(each.text))")
    assert other.locator("#configured").is_hidden()
    other.select_option("#target", "threshold")
    assert other.locator("#configured").is_visible()
    assert other.locator("#vector-sliders input[type=number]").first.input_value() == "0.5"
    assert "instead of 1.25" in other.locator("#changed").text_content()
    other.click("#zero-all")
    until(other, "document.getElementById('configured').hidden")
    # Sent at the next frame of the animation, after the page has changed.
    until(other, lambda: any(each["do"] == "perturb" for each in sent))
    (perturbed,) = [each for each in sent if each["do"] == "perturb"]
    assert perturbed == {"do": "perturb", "target": "threshold", "values": [0.0] * n}


def test_pages_that_are_loaded_again_leave_one_network(page, served):
    server, _ = served
    n, threads = server.n_explorations, threading.active_count()
    for _ in range(4):
        page.reload()
        until(page, "window.explorer?.frames > 1")
    assert server.n_explorations == n and threading.active_count() <= threads + 1
