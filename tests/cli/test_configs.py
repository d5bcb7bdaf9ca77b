"""``neuro-mod configs``: shipped configurations, and commands that take their names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neuro_mod.config import shipped
from neuro_mod.config.shipped import shipped_files
from tests.helpers.shared import CONFIGS


def test_lists_names_and_descriptions(neuro_mod) -> None:
    code, out, err = neuro_mod("configs")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "default                The default network: 2000 neurons in 18 clusters" in lines
    assert [line.split()[0] for line in lines if line[:1].strip()][: len(shipped_files())] == [*shipped_files()]


def test_long_descriptions_are_wrapped(neuro_mod, tmp_path, monkeypatch) -> None:
    (tmp_path / "long.yaml").write_text(f"# {'many words ' * 12}.\n")
    monkeypatch.setattr(shipped, "_FOLDERS", (tmp_path,))
    lines = neuro_mod("configs").stdout.splitlines()
    assert lines[0].startswith("long  many words")
    assert lines[1].startswith("      ")
    assert max(map(len, lines)) <= 80


def test_a_package_without_configurations_says_so(neuro_mod, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(shipped, "_FOLDERS", (tmp_path / "neither", tmp_path / "nor"))
    code, _, err = neuro_mod("configs")
    assert code == 2
    assert err.startswith(f"{tmp_path / 'neither'}: no configurations found")


def test_json(neuro_mod) -> None:
    listed = json.loads(neuro_mod("configs", "--json").stdout)
    assert [each["name"] for each in listed] == list(shipped_files())
    assert {Path(each["path"]).parent for each in listed} >= {CONFIGS, CONFIGS / "sweeps"}
    assert all(each["description"] for each in listed)


def test_show(neuro_mod) -> None:
    assert neuro_mod("configs", "--show", "test").stdout == (CONFIGS / "snn_test_run.yaml").read_text()


def test_copy(neuro_mod, tmp_path) -> None:
    original = (CONFIGS / "sweeps" / "arousal.yaml").read_text()
    assert neuro_mod("configs", "--copy", "sweeps/arousal", cwd=tmp_path) == (0, "arousal.yaml: written\n", "")
    assert (tmp_path / "arousal.yaml").read_text() == original
    assert neuro_mod("sweep", "arousal.yaml", "--dry-run", cwd=tmp_path).returncode == 0
    path = tmp_path / "mine.yaml"
    path.write_text("mine\n")
    code, _, err = neuro_mod("configs", "--copy", "test", "--to", path.name, cwd=tmp_path)
    assert code == 2
    assert err == '--to: "mine.yaml" found; expected the name of a new file; --force replaces this one\n'
    assert path.read_text() == "mine\n"
    assert neuro_mod("configs", "--copy", "test", "--to", path, "--force").returncode == 0
    assert neuro_mod("validate", path).returncode == 0
    assert sorted(tmp_path.iterdir()) == [tmp_path / "arousal.yaml", path]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--copy", "tset"), '--copy: "tset" found; expected a name that neuro-mod configs lists; did you mean test?'),
        (("--show", "test", "--json"), "--show and --json found; expected one of them"),
        (("--to", "x.yaml"), "--to: found without --copy; expected both, or neither"),
        (("--copy", "test", "--to", "no/x.yaml"), "cannot write no/x.yaml: folder no does not exist"),
    ],
)
def test_what_is_refused(neuro_mod, tmp_path, arguments, message) -> None:
    code, out, err = neuro_mod("configs", *arguments, cwd=tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert not list(tmp_path.iterdir())


def test_commands_take_names(neuro_mod, tmp_path) -> None:
    code, out, err = neuro_mod("validate", "test", "sweeps/arousal", "templates/mean_field", cwd=tmp_path)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "test: valid (18 clusters, 2000 neurons, 1 s)",
        "sweeps/arousal: valid (5 points, 15 runs)",
        "templates/mean_field: valid (18 clusters, 2000 neurons, 2.5 s)",
    ]
    code, _, err = neuro_mod("run", "test", "--set", "arousal.level=high", cwd=tmp_path)
    assert err.startswith('test: --set arousal.level=high: arousal.level: "high" found')
    for command in (("repeat", "--config"), ("mean-field", "fixed-points"), ("control", "capacity")):
        code, _, err = neuro_mod(*command, "tset", cwd=tmp_path)
        assert (code, err) == (2, "tset: no such file; did you mean the shipped test?\n"), command


def test_a_file_or_a_shipped_configuration(neuro_mod, tmp_path) -> None:
    (tmp_path / "default").write_text("arousal: {level: 0.7}\n")
    code, _, err = neuro_mod("run", "default", cwd=tmp_path)
    assert code == 2
    assert err.startswith("default: both a shipped configuration and a file have this name; expected ./default")
    code, out, _ = neuro_mod("validate", "./default", cwd=tmp_path)
    assert (code, out) == (0, "./default: valid (18 clusters, 2000 neurons, 2.5 s)\n")
    assert "both a shipped" in neuro_mod("validate", "default", cwd=tmp_path).stderr


def test_a_design_takes_folders_too(neuro_mod, tmp_path) -> None:
    """So that a folder with the name of a shipped configuration has two readings."""
    (tmp_path / "default").mkdir()
    code, _, err = neuro_mod("control", "design", "default", "--budget", "1", cwd=tmp_path)
    assert code == 2
    assert err.startswith("default: both a shipped configuration and a folder have this name; expected ./default")
