import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.folders import run_json
from tests.helpers.processes import ENVIRONMENT, NEURO_MOD, run_python
from tests.helpers.shared import CONFIGS, SMALL, write_config

DEFAULT = CONFIGS / "default_snn_params.yaml"


def test_valid(neuro_mod) -> None:
    other = CONFIGS / "2_cluster_mf.yaml"
    code, out, err = neuro_mod("validate", DEFAULT, other)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"{DEFAULT}: valid (18 clusters, 2000 neurons, 2.5 s)",
        f"{other}: valid (2 clusters, 800 neurons, 2.5 s)",
    ]


def test_all_problems_of_all_files(neuro_mod, tmp_path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("arousal:\n  level: 3\n  L: x\n")
    second.write_text("- 1\n")
    code, out, err = neuro_mod("validate", first, DEFAULT, second, tmp_path / "third.yaml")
    assert code == 2
    assert out == f"{DEFAULT}: valid (18 clusters, 2000 neurons, 2.5 s)\n"
    lines = err.splitlines()
    assert lines[0] == f"{first}:2: arousal.level: 3 found; expected a number >= 0 and <= 1"
    assert lines[1] == f'{first}:3: arousal.L: "x" found; expected a number >= 0 and <= 1'
    assert lines[2].startswith(f"{second}: the file holds a list; expected a mapping of sections")
    assert lines[3].startswith(f"{tmp_path / 'third.yaml'}: no such file; did you mean ")
    assert len(lines) == 4


def test_overrides(neuro_mod) -> None:
    arguments = (
        "--set",
        "architecture.clusters={n_clusters: 9, depress: false}",
        "--set",
        "init_params.duration_sec=1",
    )
    code, out, _ = neuro_mod("validate", DEFAULT, *arguments)
    assert (code, out) == (0, f"{DEFAULT}: valid (9 clusters, 2000 neurons, 1 s)\n")
    code, _, err = neuro_mod("validate", DEFAULT, "--set", "arousal.level=high")
    assert code == 2
    assert err.startswith(f'{DEFAULT}: --set arousal.level=high: arousal.level: "high" found')


def test_unknown_command_is_bad_input(neuro_mod) -> None:
    code, _, err = neuro_mod("valdate")
    assert code == 2
    assert "valdate" in err


def test_version(neuro_mod) -> None:
    from neuro_mod import __version__

    assert neuro_mod("--version") == (0, f"neuro-mod {__version__}\n", "")


def test_help_lists_commands(neuro_mod) -> None:
    code, out, _ = neuro_mod("--help")
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
    result = run_python("-c", program)
    assert "Traceback" not in result.stderr
    assert result.stdout.splitlines()[-1] == "loaded:"


def test_sweeps(neuro_mod, tmp_path) -> None:
    file = CONFIGS / "sweeps/arousal.yaml"
    (wrong := tmp_path / "wrong.yaml").write_text(f"config: {DEFAULT}\nparameters:\n  arousal.level: [0.1, 3]\n")
    code, out, err = neuro_mod("validate", file, wrong)
    assert code == 2 and out == f"{file}: valid (5 points, 15 runs)\n"
    assert f"{wrong}:3" in err and "arousal.level" in err and "point 1" in err


COARSE = ("init_params.tau_refractory=[5.25e-3, 5e-3]", "init_params.delta_t=2e-3")
QUICK = ("--no-analysis", "--plot", "none")
WARNINGS = (
    "init_params.tau_refractory = 0.005 s is no multiple of delta_t = 0.002 s; 0.004 s is applied",
    "init_params.tau_refractory = 0.00525 s is no multiple of delta_t = 0.002 s; 0.006 s is applied",
    "init_params.delta_t = 0.002 s is longer than a time constant of 0.0015 s, where Euler steps oscillate",
)


def test_what_is_simulated_otherwise_is_said(neuro_mod, tmp_path, caplog) -> None:
    """By `validate` and by `run`, and once by `repeat`; the metadata contain what was applied."""
    config = write_config(tmp_path / "coarse.yaml", SMALL, COARSE)
    overrides = [f"--set={each}" for each in ("init_params.mechanism=euler", "init_params.tau_synaptic=1.5e-3")]
    code, out, err = neuro_mod("validate", config, *overrides)
    assert code == 0 and "valid (3 clusters" in out
    assert all(f"{config}: WARNING {warning}" in err for warning in WARNINGS)
    code, *_ = neuro_mod("run", config, *overrides, "--out", tmp_path / "run", "--plot", "none")
    assert code == 0 and all(caplog.text.count(warning) == 1 for warning in WARNINGS)
    assert run_json(tmp_path / "run")["tau_refractory_applied"] == [0.006, 0.004]
    neuro_mod("repeat", config, *overrides, "--out", tmp_path / "repeats", "--n-repeats", 2, *QUICK)
    assert all(caplog.text.count(warning) == 1 for warning in WARNINGS)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_standard_output_is_one_clear_message() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, *NEURO_MOD, "validate", str(DEFAULT)],
            stdout=full, stderr=subprocess.PIPE, env=ENVIRONMENT, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "cannot write to standard output: No space left on device\n")


@pytest.mark.parametrize("seed", ["0x" + "f" * 4000, str(2**128)])
def test_endless_seeds_are_refused(neuro_mod, seed) -> None:
    code, _, err = neuro_mod("validate", DEFAULT, "--set", f"settings.random_seed={seed}")
    assert code == 2 and "settings.random_seed" in err and len(err) < 5000
    assert neuro_mod("validate", DEFAULT, "--set", f"settings.random_seed={2**128 - 1}")[0] == 0
