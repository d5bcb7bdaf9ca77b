"""What shells offer for half a command, asked in the way that the scripts of typer ask."""

from __future__ import annotations

import sys

import pytest

from neuro_mod.cli.main import app
from neuro_mod.config.shipped import shipped_files
from tests.helpers.platforms import POSIX_ONLY
from tests.helpers.processes import run_python


@pytest.fixture
def offers(monkeypatch, ended, tmp_path):
    """Offers of bash for the last word, in a folder with some files."""
    for name in ("studies", "studies/old", ".hidden", "results"):
        (tmp_path / name).mkdir()
    for name in ("mine.yaml", "my own.yaml", "notes.txt", "studies/one.yaml", "studies/two.yml", ".hidden/x.yaml"):
        (tmp_path / name).touch()

    def ask(line: str) -> list[str]:
        monkeypatch.setenv("_NEURO_MOD_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - (not line.endswith(" "))))
        done = ended(lambda: app(prog_name="neuro-mod"), tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.split()

    return ask


def test_commands(offers) -> None:
    assert offers("neuro-mod con") == ["configs", "convert", "control"]
    assert offers("neuro-mod mean-field fix") == ["fixed-points"]


def test_shipped_configurations_and_files(offers, tmp_path) -> None:
    configurations = [name for name, file in shipped_files().items() if not file.is_sweep]
    here = ["mine.yaml", "results/", "studies/"]
    assert offers("neuro-mod run ") == [*configurations, *here]
    assert offers("neuro-mod run m") == ["mean_field", "medium", "mine.yaml"]
    assert offers("neuro-mod repeat --config pub") == ["published"]
    assert offers("neuro-mod sweep ") == [*[name for name, file in shipped_files().items() if file.is_sweep], *here]
    assert offers("neuro-mod configs --copy sweeps/a") == ["sweeps/arousal"]
    (tmp_path / "Übung.yaml").touch()
    assert offers("neuro-mod run Ü") == ["Übung.yaml"]


def test_the_only_folder_is_entered(offers) -> None:
    inside = ["studies/old/", "studies/one.yaml", "studies/two.yml"]
    assert offers("neuro-mod run stu") == inside
    assert offers("neuro-mod validate studies/o") == ["studies/old/", "studies/one.yaml"]
    assert offers("neuro-mod run .hid") == [".hidden/x.yaml"]
    assert offers("neuro-mod run nowhere/x") == []


def test_choices(offers) -> None:
    assert offers("neuro-mod run test --plot r") == ["rates"]
    assert offers("neuro-mod repeat test --executor s") == ["serial", "slurm", "sge"]


@pytest.mark.parametrize("shell", ["zsh", "fish", "powershell"])
def test_other_shells(monkeypatch, ended, shell) -> None:
    monkeypatch.setenv("_NEURO_MOD_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "neuro-mod run def")
    monkeypatch.setenv("_TYPER_COMPLETE_WORD_TO_COMPLETE", "def")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    done = ended(lambda: app(prog_name="neuro-mod"), None)
    assert "default" in done.stdout
    assert "2000 neurons in 18 clusters" in done.stdout


def test_loads_nothing_that_takes_long() -> None:
    """The time until the shell answers; NumPy is not needed either for what is offered most."""
    ask = """
import os, sys
os.environ |= {"_NEURO_MOD_COMPLETE": "complete_bash", "COMP_WORDS": "neuro-mod run de", "COMP_CWORD": "2"}
from neuro_mod.cli.main import main
try:
    main()
except SystemExit:
    slow = {"numba", "torch", "matplotlib", "numpy", "scipy", "pandas", "pydantic", "ruamel"}
    print(sorted(slow & set(sys.modules)))
"""
    assert run_python("-c", ask).stdout.split("\n")[-2] == "[]"


@POSIX_ONLY
def test_installs_and_shows(ended, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["neuro-mod"])
    done = ended(lambda: app(["--show-completion", "fish"], prog_name="neuro-mod"), None)
    assert "_NEURO_MOD_COMPLETE=complete_fish" in done.stdout
    done = ended(lambda: app(["--install-completion", "bash"], prog_name="neuro-mod"), None)
    assert done.stdout.startswith(f"bash completion installed in {tmp_path}")
    assert list(tmp_path.rglob("neuro-mod.sh"))
