from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest

from neuro_mod.execution import progress as module
from neuro_mod.execution.progress import ItemProgress, items_shown


@pytest.fixture
def clock(monkeypatch):
    """A clock that is put forward by hand."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_the_time_left_follows_from_items_finished_now_alone(clock):
    progress = ItemProgress("repeats", 9, 4, 10.0)
    clock.now += 10
    progress.advanced(4, 1.9)
    assert progress.seconds_left is None
    assert progress.describe() == "4 of 9 repeats done, 1.90 of 10 s simulated"
    progress.finished(4, 2.0)
    assert progress.seconds_left == 40.0  # the four from before took none of these ten seconds
    progress.advanced(5, 1.0)
    assert progress.seconds_left == 40.0
    clock.now += 30
    progress.finished(5, 2.0)
    assert progress.seconds_left == 60.0
    assert progress.describe() == "6 of 9 repeats done, 4.00 of 10 s simulated, about 60 s left"
    for index in range(6, 9):
        progress.under_way(1)
        progress.finished(index, 2.0)
    assert progress.describe() == "9 of 9 repeats done in 40 s, 10 s simulated"


def test_an_item_that_begins_anew_takes_back_its_seconds(clock):
    progress = ItemProgress("items", 2, 0, 4.0)
    progress.advanced(0, 1.5)
    progress.advanced(0, 0.0)
    assert (progress.seconds_done, progress.n_done) == (0.0, 0)
    for index in range(2):
        progress.finished(index, 2.5)
    assert (progress.seconds_done, progress.seconds_left) == (4.0, 0.0)


def test_in_a_log_there_is_a_line_in_each_interval_also_while_nothing_is_finished(clock, capsys):
    with items_shown("items", 3, 0, 0.0, log_interval=10.0) as progress:
        for _ in range(25):
            clock.now += 1
            progress.refresh()
        progress.finished(0, 0.0)
        clock.now += 5
        progress.finished(1, 0.0)
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "0 of 3 items done",
        "0 of 3 items done",
        "2 of 3 items done, about 15 s left",
    ]
    assert said.out == ""


def test_it_says_what_it_waits_for_before_the_first_result(clock):
    progress = ItemProgress("repeats", 4, 0, 2.0)
    progress.prepares("starting 2 workers")
    assert progress.describe() == "0 of 4 repeats done, starting 2 workers"
    progress.under_way(2)
    assert progress.describe() == "0 of 4 repeats done, 2 under way, 0.00 of 2 s simulated"
    progress.advanced(0, 0.25)  # workers that say how far they are
    assert progress.describe() == "0 of 4 repeats done, 0.25 of 2 s simulated"


@pytest.mark.parametrize("stderr", [None, "kept"])
def test_nothing_is_shown_where_nobody_looks(clock, capsys, monkeypatch, stderr):
    if stderr is None:
        monkeypatch.setattr(sys, "stderr", None)
    with items_shown("items", 2, 0, 0.0, shown=stderr is None, log_interval=0.0) as progress:
        progress.finished(0, 0.0)
        assert progress.n_done == 1
    monkeypatch.undo()
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_there_is_a_bar(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with items_shown("repeats", 4, 2, 6.0) as progress:
        progress.finished(2, 3.0)
    assert "3 of 4 repeats done, 3.00 of 6 s simulated, about 0 s left" in terminal.getvalue()
    assert "━" in terminal.getvalue()
