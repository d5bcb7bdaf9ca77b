from __future__ import annotations

import gc
import re
import runpy
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import chdir
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest
import typer.main
from hypothesis import HealthCheck, settings

from neuro_mod.cli import layout, options
from neuro_mod.cli.main import app
from neuro_mod.config import load_experiment
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.spiking_net.network import SpikingNetwork, draw_network
from neuro_mod.execution import notices, provenance
from neuro_mod.execution.stagers.assembly import build_circuit
from neuro_mod.plotting import style
from tests.helpers.shared import CONFIGS, REFERENCE_OVERRIDES, write_config

#: Comparisons with other simulators have LIFNet beside them.
collect_ignore = [] if find_spec("torch") else ["peers"]
#: Seconds for a test that is marked as taking minutes; see pyproject.toml for all others.
SLOW_TIMEOUT = 1800


def pytest_configure() -> None:
    # background jobs of scripts start with Ctrl-C ignored, and so would the processes that tests start
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # the limit of time for a test is enough; an example may take long on a busy machine
    settings.register_profile("neuro_mod", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("neuro_mod")


def pytest_collection_finish() -> None:
    # what is imported by now stays; the collector need not look through it during all tests, a fifth of their time
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.get_closest_marker(name) for name in ("slow", "large", "peers", "slurm")):
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT))


@pytest.fixture(autouse=True)
def no_warning_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "_logged", set())


@pytest.fixture(autouse=True, scope="session")
def git_is_asked_once() -> Iterator[None]:
    """Of each folder, not at the end of each of some thousand runs."""
    asked = cache(provenance.git_state)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provenance, "git_state", lambda folder: asked(folder.resolve()))
        yield


@pytest.fixture(scope="session")
def reference_circuit() -> Circuit:
    return build_circuit(load_experiment(CONFIGS / "default_snn_params.yaml", REFERENCE_OVERRIDES))


@pytest.fixture(scope="session")
def reference_network(reference_circuit: Circuit) -> SpikingNetwork:
    return draw_network(reference_circuit, seed=1)


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of the small configuration."""
    return write_config(tmp_path_factory.mktemp("configs") / "small.yaml")


@pytest.fixture
def figures_are_drafts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are saved small and not laid out, in less than half the time; tests in `tests/plotting` do that."""
    save = style.save_figure

    def save_draft(figure: style.AnyFigure, file: IO[bytes], file_format: str) -> None:
        figure.set_layout_engine("none")
        figure.set_dpi(30)
        save(figure, file, file_format)

    monkeypatch.setattr(style, "save_figure", save_draft)


class Done(NamedTuple):
    """How a command ended, as `subprocess.CompletedProcess` has it."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def ended(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Calls what ends as a process would, in a folder."""

    def call(function: Callable[[], object], cwd: Path | None) -> Done:
        with pytest.raises(SystemExit) as end, chdir(cwd or Path.cwd()):
            function()
        return Done(end.value.code or 0, *capsys.readouterr())

    return call


@pytest.fixture(autouse=True, scope="session")
def printed_lines_fit() -> Iterator[None]:
    """What commands print fits lines of 80 and of 60 characters, but for paths; tests see it in long lines."""

    def checked(lines_of: Callable[..., Iterable[str]], *content: Any, width: int, **how: Any) -> list[str]:
        for narrow in (layout.PIPE_WIDTH, layout.MIN_WIDTH):
            assert not [line for line in lines_of(*content, width=narrow, **how) if too_long(line, narrow)], width
        return [*lines_of(*content, width=10**6, **how)]

    with pytest.MonkeyPatch.context() as patch:
        for name in ("table_lines", "labelled_lines", "text_lines"):
            patch.setattr(options, name, partial(checked, getattr(layout, name)))
        yield


def too_long(line: str, width: int) -> bool:
    """Whether a line is longer than that for another reason than a path."""
    return len(re.sub(r"\S*/\S*", "", line)) > width


@pytest.fixture(scope="session")
def built_app() -> Callable[[list[str]], object]:
    """The commands, which a call of `app` builds anew each time from the annotations of all of them."""
    return typer.main.get_command(app)


@pytest.fixture
def neuro_mod(ended: Callable[..., Done], built_app: Callable[[list[str]], object]) -> Callable[..., Done]:
    """``neuro-mod`` in this process."""
    return lambda *arguments, cwd=None: ended(lambda: built_app([*map(str, arguments)]), cwd)


@pytest.fixture
def run_script(ended: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """A script in this process."""

    def run(script: Path, *arguments: object, cwd: Path | None = None) -> Done:
        monkeypatch.setattr(sys, "argv", [str(script), *map(str, arguments)])
        return ended(lambda: runpy.run_path(str(script), run_name="__main__"), cwd)

    return run


@pytest.fixture
def run_code(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """A script of the user in this process and in a folder; returns what it prints."""

    def run(code: str, folder: Path) -> str:
        script = folder / "script.py"
        script.write_text(code)
        with chdir(folder):
            runpy.run_path(str(script), run_name="__main__")
        return capsys.readouterr().out

    return run
