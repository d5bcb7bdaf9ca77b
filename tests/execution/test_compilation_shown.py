"""Compilation is announced on stderr, once, and only where something is compiled."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace

import pytest
from numba.core.errors import NumbaError

from neuro_mod.core.compilation import kernel
from neuro_mod.core.compilation_watch import STOPPED, compilation_watched, tell
from neuro_mod.execution import compilation_shown as module
from neuro_mod.execution.compilation_shown import GROUPS, TEXT, compilation_shown
from neuro_mod.execution.progress import items_shown, progress_shown
from tests.helpers.processes import NEURO_MOD
from tests.helpers.shared import ROOT


def on_terminal(monkeypatch):
    """Let stderr be a terminal, and return it."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    return terminal


def compile_kernels(*names):
    for name in names or ("advance", "respond"):
        tell(name)
        tell(None)


SIMULATION = ("sample_bits", "count_in_bits", "list_from_bits", "advance")


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (SIMULATION, ["4 parts", "compiled"]),
        (SIMULATION[2:], ["2 parts", "compiled"]),
        (("sample_bits", "advance"), ["4 parts", "compiled"]),  # others were in the cache
        (("sample_bits",), ["4 parts", "compiled"]),
        (("sample_bits", "respond", "_respond_all"), ["4 parts", *["compiled", "1 part"] * 2, "compiled"]),
        (("draw_counts",), ["1 part", "compiled"]),
    ],
)
def test_a_line_at_the_start_and_one_at_the_end_in_a_log(capsys, names, lines):
    with compilation_shown(), progress_shown(1.0), items_shown("runs", 2, 0, 1.0):
        compile_kernels(*names)
    expected = ["compiled in less than 1 s" if line == "compiled" else f"{TEXT}: {line}" for line in lines]
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == ("", expected)


def test_progress_from_python_shows_it(capsys):
    with progress_shown(1.0):
        compile_kernels("advance")
    assert capsys.readouterr().err == f"{TEXT}: 1 part\ncompiled in less than 1 s\n"


def test_it_is_not_said_to_be_compiled_if_it_was_interrupted(capsys):
    with suppress(SystemExit), compilation_shown():
        compile_kernels("sample_bits")
        tell("advance")
        tell(STOPPED)
        sys.exit(130)
    assert capsys.readouterr().err == f"{TEXT}: 4 parts\n"


def test_the_time_is_that_of_the_kernels_alone_and_is_said_at_the_end_of_a_command(capsys, monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    with suppress(SystemExit), compilation_shown():
        tell("sample_bits")
        clock.now += 3
        tell(None)
        clock.now += 60
        sys.exit(0)
    assert capsys.readouterr().err == f"{TEXT}: 4 parts\ncompiled in 3 s\n"


def test_groups_name_kernels_that_exist():
    """Each name is that of a kernel."""
    sources = "\n".join(file.read_text() for file in (ROOT / "neuro_mod/core").rglob("*.py"))
    kernels = set(re.findall(r"^@kernel\ndef (\w+)", sources, re.MULTILINE))
    assert {name for group in GROUPS for name in group} <= kernels


@pytest.mark.parametrize("stderr", [None, "kept"])
def test_nothing_is_shown_where_nobody_looks(capsys, monkeypatch, stderr):
    if stderr is None:
        monkeypatch.setattr(sys, "stderr", None)
    with compilation_shown(shown=stderr is None), progress_shown(1.0, shown=False):
        compile_kernels()
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
        compile_kernels(*SIMULATION)
    for number in range(1, 5):
        assert f"{TEXT}: part {number} of 4 (0 s)" in terminal.getvalue()


def test_on_a_terminal_it_is_a_second_bar_beside_the_progress(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with progress_shown(2.0) as report:
        compile_kernels()
        report(1.0)
    assert f"{TEXT}: part 1 of 1 (0 s)" in terminal.getvalue()
    assert "simulated 1.00 of 2 s" in terminal.getvalue()
    frames = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", terminal.getvalue()).splitlines()
    assert not any(re.fullmatch(r"[━╸╺]+\s*", line) for frame in frames for line in frame.split("\r"))


def test_the_bar_moves_while_a_part_is_compiled(monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    parts = module._Parts()
    parts.begin("sample_bits")
    seen = [parts.seconds_done()]
    for _ in range(3):
        clock.now += 0.5
        seen.append(parts.seconds_done())
    assert seen == sorted(seen) and seen[0] == 0 and seen[-1] < 1.4
    parts.end()
    parts.begin("advance")
    assert parts.seconds_done() == 1.4  # the others were in the cache
    clock.now += 1000
    assert 0.9 * parts.seconds < parts.seconds_done() < parts.seconds


@pytest.mark.slow
def test_the_first_command_on_a_terminal_says_what_it_waits_for(config, tmp_path):
    """In a process of its own, on a pseudo-terminal; the second one has nothing to say."""
    command = [
        sys.executable,
        *NEURO_MOD,
        "run",
        config,
        "--duration",
        "0.01",
        "--plot",
        "none",
        "--force",
        "--out",
        tmp_path / "out",
    ]
    environment = os.environ | {"NEURO_MOD_CACHE_DIR": str(tmp_path / "cache"), "TERM": "xterm", "COLUMNS": "120"}
    for said in (True, False):
        ours, terminal = pty.openpty()
        with subprocess.Popen(command, stderr=terminal, stdout=subprocess.DEVNULL, env=environment) as process:
            os.close(terminal)
            shown = b""
            with suppress(OSError):  # the end of what a terminal shows
                while more := os.read(ours, 1024):
                    shown += more
        os.close(ours)
        assert process.returncode == 0
        assert (f"{TEXT}: part 4 of 4".encode() in shown) == said


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
    with compilation_watched(names.append), suppress(NumbaError):
        double({})
    assert names[2:] == ["double", STOPPED]
    try:
        raise OSError
    except OSError:  # it is no error of the compilation
        with compilation_watched(names.append):
            double(2 + 1j)
    assert names[4:] == ["double", None]
