"""The wheel by itself: built, installed into an environment of its own, and used in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.helpers.shared import CONFIGS, ROOT, blocks_of

pytestmark = [pytest.mark.wheel, pytest.mark.timeout(1800)]

#: What the wheel may require but is not installed here: it is larger than everything else together.
LEFT_OUT = {"torch"}
#: Lines of the README that need a checkout.
NEEDS_MORE = re.compile(r"^python |scripts/|configs/")
#: What a user may type next, each with files that come with the package.
COMMANDS = """
neuro-mod run test --out simulations/aroused --duration 0.5 --seed 7 --set arousal.level=0.6
neuro-mod configs --copy templates/spiking_net --to my_sim.yaml
neuro-mod validate my_sim.yaml
neuro-mod init my_study/
neuro-mod sweep my_study/sweep.yaml --dry-run
neuro-mod run perturbed --out simulations/perturbed
neuro-mod perturb perturbed --out simulations/pairs --trials 4
neuro-mod repeat --config test --save-dir simulations/repeats --n-repeats 2 --parallel
neuro-mod sweep sweeps/arousal --out simulations/arousal_sweep
neuro-mod control response test --trials 4 --duration 10 --out simulations/shifts
neuro-mod mean-field fixed-points mean_field --out simulations/states
neuro-mod mean-field landscape two_clusters --focus E0,E1 --out simulations/landscape
neuro-mod mean-field bifurcation default --parameter arousal.level --from 0 --to 1 --active 0,1,3 --out simulations/bif
neuro-mod compare two_clusters --trials 2 --out simulations/compared
"""


def run(*command: object, cwd: Path | None = None, **environment: str) -> str:
    """Run a command as in a shell that knows nothing of this checkout."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd, env=inherited | environment, capture_output=True, text=True, timeout=1200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def new_environment(folder: Path) -> Path:
    """A virtual environment; returns its Python."""
    venv.create(folder, with_pip=True)
    return folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the sdist, of the wheel built from it, and of that built from the checkout in `direct`."""
    folder = tmp_path_factory.mktemp("dist")
    python = new_environment(tmp_path_factory.mktemp("build"))
    run(python, "-m", "pip", "install", "-q", "build")
    run(python, "-m", "build", "--outdir", folder, ROOT)
    run(python, "-m", "build", "--wheel", "--outdir", folder / "direct", ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def requirements(wheel: Path) -> list[str]:
    """What the wheel needs without any extra."""
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = Parser().parsestr(archive.read(metadata).decode()).get_all("Requires-Dist", [])
    return [line for line in lines if ";" not in line]


@pytest.fixture(scope="module")
def installed(wheel: Path, requirements: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment with the wheel and what it needs, and nothing else."""
    python = new_environment(tmp_path_factory.mktemp("installed"))
    needed = [line for line in requirements if re.split(r"[^\w.-]", line)[0] not in LEFT_OUT]
    run(python, "-m", "pip", "install", "-q", "-c", ROOT / "requirements.txt", *needed)
    run(python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel)
    return python


def names_in(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_has_configurations_and_tables_and_no_tests(wheel: Path) -> None:
    names = names_in(wheel)
    for path in CONFIGS.rglob("*.yaml"):
        assert names[f"neuro_mod/configs/{path.relative_to(CONFIGS).as_posix()}"] == path.read_bytes()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"neuro_mod"}
    assert not [name for name in names if "/tests/" in name or name.endswith((".pyc", ".md"))]
    tables = (ROOT / "neuro_mod/core/mean_field/core/exact/tables").glob("*.npz")
    assert {f"{path.relative_to(ROOT).as_posix()}" for path in tables} == {each for each in names if ".npz" in each}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "neuro_mod").rglob("*.py")}
    assert modules == {name for name in names if name.endswith(".py")}


def test_the_sdist_builds_the_same_wheel(built: Path, wheel: Path) -> None:
    assert names_in(wheel) == names_in(built / "direct" / wheel.name)
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"configs/default_snn_params.yaml", "tests/contract/test_wheel.py", "LICENSE", "README.md"} <= inside
    assert "hatch_build.py" in inside


def test_commands_work_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    """Those of the README that need no checkout, and what a user may type next."""
    blocks = [code.replace("\\\n", " ") for language, code in blocks_of(ROOT / "README.md") if language == "bash"]
    lines = [line for block in blocks for line in block.splitlines() if not NEEDS_MORE.search(line)]
    assert lines[0].startswith("neuro-mod run test --out simulations/first")
    lines += COMMANDS.strip().splitlines()
    folder = tmp_path / "empty"
    folder.mkdir()
    path = f"{installed.parent}{os.pathsep}{os.environ['PATH']}"
    for line in lines:
        run("bash", "-c", line, cwd=folder, PATH=path, NEURO_MOD_CACHE_DIR=str(tmp_path / "cache"))
    for name in ("data/spikes.npz", "plots/raster.png", "metadata/manifest.json"):
        assert (folder / "simulations/first" / name).is_file()
    assert (folder / "simulations/arousal_sweep/results.csv").is_file()
    assert (folder / "my_study/study.ipynb").is_file()


def test_configurations_are_those_of_the_package(installed: Path, tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
import neuro_mod
from neuro_mod.config.shipped import shipped_files
package = Path(neuro_mod.__file__).parent
assert Path(sys.prefix) in package.parents
assert {package in file.path.parents for file in shipped_files().values()} == {True}
print(len(shipped_files()))
"""
    assert run(installed, "-c", code, cwd=tmp_path) == f"{len(list(CONFIGS.rglob('*.yaml')))}\n"


def test_a_package_that_cannot_be_written_to(installed: Path, tmp_path: Path) -> None:
    """As on a cluster, where someone else installed it: nothing is written into it, not even compiled modules."""
    (package,) = installed.parents[1].glob("lib/python*/site-packages/neuro_mod")
    before = {path: path.stat().st_mtime_ns for path in package.rglob("*")}
    folders = [package, *(path for path in package.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        command = [installed.with_name("neuro-mod"), "run", "test", "--duration", "0.05", "--out", "run"]
        run(*command, cwd=tmp_path, NEURO_MOD_CACHE_DIR=str(tmp_path / "cache"), PYTHONDONTWRITEBYTECODE="1")
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert {path: path.stat().st_mtime_ns for path in package.rglob("*")} == before
