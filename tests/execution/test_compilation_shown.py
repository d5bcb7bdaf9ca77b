"""Compilation is announced on stderr, once, and only where something is compiled."""

from __future__ import annotations

import io
import sys

import pytest

from neuro_mod.core.compilation import kernel
from neuro_mod.core.compilation_watch import compilation_watched, tell
from neuro_mod.execution.compilation_shown import TEXT, compilation_shown
from neuro_mod.execution.progress import items_shown, progress_shown


def on_terminal(monkeypatch):
    """Let stderr be a terminal, and return it."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    return terminal


def compile_two_kernels():
    for name in ("advance", "respond"):
        tell(name)
        tell(None)


def test_one_line_in_a_log(capsys):
    with compilation_shown(), progress_shown(1.0), items_shown("runs", 2, 0, 1.0):
        compile_two_kernels()
    assert capsys.readouterr() == ("", f"{TEXT}\n")


def test_progress_from_python_shows_it(capsys):
    with progress_shown(1.0):
        compile_two_kernels()
    assert capsys.readouterr().err == f"{TEXT}\n"


@pytest.mark.parametrize("stderr", [None, "kept"])
def test_nothing_is_shown_where_nobody_looks(capsys, monkeypatch, stderr):
    if stderr is None:
        monkeypatch.setattr(sys, "stderr", None)
    with compilation_shown(shown=stderr is None), progress_shown(1.0, shown=False):
        compile_two_kernels()
    monkeypatch.undo()
    assert capsys.readouterr() == ("", "")


def test_nothing_is_shown_if_nothing_is_compiled(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with compilation_shown():
        pass
    assert not terminal.getvalue()


def test_on_a_terminal_there_is_the_elapsed_time(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with compilation_shown():
        compile_two_kernels()
    assert f"{TEXT} 0 s" in terminal.getvalue()


def test_on_a_terminal_it_is_a_second_bar_beside_the_progress(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with progress_shown(2.0) as report:
        compile_two_kernels()
        report(1.0)
    assert f"{TEXT} 0 s" in terminal.getvalue()
    assert "simulated 1.00 of 2 s" in terminal.getvalue()


def test_only_what_is_compiled_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("NEURO_MOD_CACHE_DIR", str(tmp_path))
    names: list[str | None] = []

    @kernel
    def double(x):
        return 2 * x

    with compilation_watched(names.append):
        assert double(21) == 42
        assert names == ["double", None]
        assert double(22) == 44
    double(1.5)
    assert names == ["double", None]
