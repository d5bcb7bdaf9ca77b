"""``neuro-mod init``: the files with which a study begins."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from neuro_mod.config import load_experiment
from neuro_mod.config.study import NEXT_STEPS, study_files
from neuro_mod.config.sweep import load_sweep
from tests.helpers.processes import NEURO_MOD, run_command, start_python

NAMES = ["README.md", "network.yaml", "study.ipynb", "sweep.yaml"]


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def study(neuro_mod, tmp_path) -> Path:
    """A new study, in a folder whose name is not ASCII and has a space."""
    folder = tmp_path / "Übung Σ"
    assert neuro_mod("init", f"{folder}/").returncode == 0
    return folder


def test_says_what_it_wrote_and_what_to_type(neuro_mod, tmp_path) -> None:
    code, out, err = neuro_mod("init", "my study/", cwd=tmp_path)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "my study/network.yaml  the network",
        "my study/sweep.yaml    a sweep over it",
        "my study/study.ipynb   a notebook: simulation, figures, states, mean field",
        "my study/README.md     the commands to type next",
        "",
        "To begin, type:",
        "  cd 'my study'",
        "  neuro-mod run network.yaml",
    ]
    assert names_in(tmp_path / "my study") == NAMES
    here = tmp_path / "here"
    here.mkdir()
    (here / "notes.txt").touch()
    assert "cd " not in neuro_mod("init", ".", cwd=here).stdout


def test_the_configuration_is_the_default_one_with_every_key(study) -> None:
    experiment = load_experiment(study / "network.yaml")
    settings = {"settings.save_dir": "results", "settings.sim_name": "network"}
    assert experiment == load_experiment("default", settings)
    text = (study / "network.yaml").read_text(encoding="utf-8")
    assert all(f"\n{section}:" in text for section in type(experiment).model_fields)


def test_the_sweep_is_over_it(study) -> None:
    sweep = load_sweep(study / "sweep.yaml")
    assert sweep.parameters == ("arousal.level",)
    assert len(sweep.points) == 5
    assert sweep.out == Path("results/sweep")
    assert "\nconfig: network.yaml " in (study / "sweep.yaml").read_text()


def test_the_notebook_is_of_format_4_5(study) -> None:
    """Against https://nbformat.readthedocs.io/en/latest/format_description.html; `nbformat` itself in the slow test."""
    notebook = json.loads((study / "study.ipynb").read_text(encoding="utf-8"))
    assert set(notebook) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", each) for each in ids)
    for cell in notebook["cells"]:
        of_code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert set(cell) == {"cell_type", "id", "metadata", "source"} | of_code
    code = "\n".join(cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code")
    assert set(re.findall(r"from (\S+) import|^import (\S+)", code, re.MULTILINE)) == {("neuro_mod", "")}


def test_readme_names_files_and_commands(study, neuro_mod) -> None:
    text = (study / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\((.*?)\)", text)) == {"network.yaml", "sweep.yaml", "study.ipynb"}
    assert re.findall(r"^neuro-mod .*?(?=  #)", text, re.MULTILINE) == [command for command, _ in NEXT_STEPS]
    assert neuro_mod("sweep", "sweep.yaml", "--dry-run", cwd=study).returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_with_one_of_the_files_is_refused(neuro_mod, tmp_path, name) -> None:
    (tmp_path / name).write_text("mine\n")
    code, out, err = neuro_mod("init", ".", cwd=tmp_path)
    assert (code, out) == (2, "")
    expected = "a folder without network.yaml, sweep.yaml, study.ipynb, README.md"
    assert err.startswith(f'DIR: "." found; expected {expected}; it has {name}, which is not replaced')
    assert names_in(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "mine\n"


def test_a_file_is_refused(neuro_mod, tmp_path) -> None:
    (tmp_path / "study").touch()
    code, _, err = neuro_mod("init", tmp_path / "study")
    assert (code, err) == (2, f"cannot write to the folder {tmp_path / 'study'}: it is a file\n")


@pytest.mark.parametrize("call", ["mkdir", "open"])
def test_a_folder_that_cannot_be_written_to(neuro_mod, tmp_path, monkeypatch, call) -> None:
    """As an ordinary user meets it: the administrator can write anywhere."""
    allowed = getattr(Path, call)

    def refuse(path: Path, *arguments: object, **options: object) -> object:
        if tmp_path in path.parents:
            raise PermissionError(13, "Permission denied")
        return allowed(path, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, call, refuse)
        code, out, err = neuro_mod("init", tmp_path / "study")
    assert (code, out) == (2, "")
    assert err.startswith("cannot write ")
    assert "Permission denied" in err
    assert names_in(tmp_path) == []


@pytest.mark.slow
def test_two_at_once(tmp_path) -> None:
    """One writes all files, the other is refused."""
    for number in range(5):
        folder = tmp_path / str(number)
        processes = [start_python(*NEURO_MOD, "init", str(folder)) for _ in range(2)]
        outputs = [process.communicate() for process in processes]
        assert sorted(process.returncode for process in processes) == [0, 2], outputs
        assert names_in(folder) == NAMES
        assert {file.name: file.text for file in study_files()} == {
            name: (folder / name).read_text(encoding="utf-8") for name in NAMES
        }


@pytest.mark.slow
def test_all_commands_of_the_readme_run(study) -> None:
    for command, _ in NEXT_STEPS:
        done = run_command("bash", "-c", command, cwd=study)
        assert done.returncode == 0, done.stderr
    assert names_in(study / "results") == ["network", "network_fixed_points", "sweep"]


@pytest.mark.slow
def test_the_notebook_computes(study, run_code) -> None:
    """What its cells do but for the figures, in this process."""
    cells = json.loads((study / "study.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code" and ".plot(" not in cell["source"]]
    out = run_code("\n".join(code), study)
    assert re.search(r"^\d+ states; 0\.\d+ s per visit seen whole$", out, re.MULTILINE)
    assert re.search(r"^\d active clusters at \d+\.\d Hz, others at \d\.\d$", out, re.MULTILINE)


@pytest.mark.slow
def test_the_notebook_runs(study) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(study / "study.ipynb", as_version=4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(study)}}).execute()
    shown = {kind for cell in notebook.cells for output in cell.get("outputs", ()) for kind in output.get("data", ())}
    assert shown >= {"image/png", "text/html"}
