import subprocess
import sys
from pathlib import Path

import pytest

from neuro_mod.cli.main import main

ROOT = Path(__file__).parents[2]
DEFAULT = ROOT / "configs" / "default_snn_params.yaml"


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["neuro-mod", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main()
    out, err = capsys.readouterr()
    code = caught.value.code
    return (code if isinstance(code, int) else 0), out, err


def test_valid(monkeypatch, capsys) -> None:
    other = ROOT / "configs" / "2_cluster_mf.yaml"
    code, out, err = run(monkeypatch, capsys, "validate", DEFAULT, other)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"{DEFAULT}: valid (18 clusters, 2000 neurons, 2.5 s)",
        f"{other}: valid (2 clusters, 800 neurons, 2.5 s)",
    ]


def test_all_problems_of_all_files(monkeypatch, capsys, tmp_path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("arousal:\n  level: 3\n  L: x\n")
    second.write_text("- 1\n")
    code, out, err = run(monkeypatch, capsys, "validate", first, DEFAULT, second, tmp_path / "third.yaml")
    assert code == 2
    assert out == f"{DEFAULT}: valid (18 clusters, 2000 neurons, 2.5 s)\n"
    lines = err.splitlines()
    assert lines[0] == f"{first}:2: arousal.level: 3 found; expected a number >= 0 and <= 1"
    assert lines[1] == f'{first}:3: arousal.L: "x" found; expected a number >= 0 and <= 1'
    assert lines[2].startswith(f"{second}: the file holds a list; expected a mapping of sections")
    assert lines[3].startswith(f"{tmp_path / 'third.yaml'}: no such file; did you mean ")
    assert len(lines) == 4


def test_overrides(monkeypatch, capsys) -> None:
    arguments = (
        "--set",
        "architecture.clusters={n_clusters: 9, depress: false}",
        "--set",
        "init_params.duration_sec=1",
    )
    code, out, _ = run(monkeypatch, capsys, "validate", DEFAULT, *arguments)
    assert (code, out) == (0, f"{DEFAULT}: valid (9 clusters, 2000 neurons, 1 s)\n")
    code, _, err = run(monkeypatch, capsys, "validate", DEFAULT, "--set", "arousal.level=high")
    assert code == 2
    assert err.startswith(f'{DEFAULT}: --set arousal.level=high: arousal.level: "high" found')


def test_unknown_command_is_bad_input(monkeypatch, capsys) -> None:
    code, _, err = run(monkeypatch, capsys, "valdate")
    assert code == 2
    assert "valdate" in err


def test_version(monkeypatch, capsys) -> None:
    from neuro_mod import __version__

    assert run(monkeypatch, capsys, "--version") == (0, f"neuro-mod {__version__}\n", "")


def test_help_lists_commands(monkeypatch, capsys) -> None:
    code, out, _ = run(monkeypatch, capsys, "--help")
    assert code == 0
    assert "validate" in out
    assert "schema" in out


@pytest.mark.parametrize(
    ("arguments", "forbidden"),
    [
        (["validate", str(DEFAULT)], "numba torch matplotlib scipy"),
        (["validate", "/nowhere.yaml"], "numba torch matplotlib scipy"),
        (["schema"], "numba torch matplotlib scipy"),
        (["--help"], "numba torch matplotlib scipy numpy pydantic ruamel"),
    ],
    ids=["valid", "invalid", "schema", "help"],
)
def test_imports_little(arguments: list[str], forbidden: str) -> None:
    program = f"""
import sys
from neuro_mod.cli.main import main
sys.argv = ["neuro-mod"] + {arguments!r}
try:
    main()
except SystemExit:
    pass
print("loaded:", *(set({forbidden!r}.split()) & set(sys.modules)))
"""
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert "Traceback" not in result.stderr
    assert result.stdout.splitlines()[-1] == "loaded:"


def test_sweeps(monkeypatch, capsys, tmp_path) -> None:
    file = ROOT / "configs" / "sweeps" / "arousal.yaml"
    (wrong := tmp_path / "wrong.yaml").write_text(f"config: {DEFAULT}\nparameters:\n  arousal.level: [0.1, 3]\n")
    code, out, err = run(monkeypatch, capsys, "validate", file, wrong)
    assert code == 2 and out == f"{file}: valid (5 points, 15 runs)\n"
    assert f"{wrong}:3" in err and "arousal.level" in err and "point 1" in err
