from pathlib import Path

import pytest

from tests.config.test_converting import MEAN_FIELD, OLDER, SPIKING
from tests.helpers.platforms import POSIX_ONLY, make_pipe


@pytest.fixture
def old(tmp_path):
    (file := tmp_path / "old.yaml").write_text(SPIKING)
    return file


@pytest.mark.parametrize("text", OLDER.values(), ids=OLDER)
def test_a_converted_file_is_valid_and_runs(neuro_mod, tmp_path, text) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(text)
    code, out, err = neuro_mod("convert", old, "--out", new)
    assert (code, err) == (0, "")
    assert "init_params.n_neurons -> architecture.network.n_neurons" in out
    assert out.splitlines()[-1] == f"{new}: written"
    assert neuro_mod("validate", new).returncode == 0
    code, out, err = neuro_mod("run", new, "--out", tmp_path / "run", "--plot", "none", "--set", "settings.save=true")
    assert code == 0, err
    assert (tmp_path / "run/data/spikes.npz").exists()


def test_without_a_file_the_text_goes_to_the_output_and_changes_to_the_errors(neuro_mod, old, tmp_path) -> None:
    code, out, err = neuro_mod("convert", old)
    assert code == 0
    assert out.startswith("# Network of the pilot study")
    assert err.startswith(f"{old}:9: init_params.n_neurons -> architecture.network.n_neurons\n")
    (new := tmp_path / "new.yaml").write_text(out)
    code, again, err = neuro_mod("convert", new)
    assert (code, again, err) == (0, out, f"{new}: nothing to move, the layout is the present one\n")


def test_a_file_is_replaced_only_with_force(neuro_mod, old, tmp_path) -> None:
    (new := tmp_path / "new.yaml").write_text("mine")
    code, out, err = neuro_mod("convert", old, "--out", new)
    assert (code, out) == (2, "") and "--force" in err and new.read_text() == "mine"
    assert neuro_mod("convert", old, "--out", new, "--force").returncode == 0
    assert new.read_text().startswith("# Network")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["new.yaml", "old.yaml"]


def linked(path):
    (path.parent / "target").write_text("mine")
    path.symlink_to("target")


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (make_pipe, "a named pipe"),
        (Path.mkdir, "a folder"),
        (linked, "a symbolic link"),
        (lambda path: path.symlink_to("nothing"), "a symbolic link"),
    ],
    ids=["pipe", "folder", "link", "dangling"],
)
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["", "force"])
@POSIX_ONLY
def test_only_regular_files_are_replaced(neuro_mod, old, tmp_path, make, kind, force) -> None:
    make(new := tmp_path / "new")
    mode, names = new.lstat().st_mode, sorted(tmp_path.iterdir())
    code, out, err = neuro_mod("convert", old, "--out", new.name, *force, cwd=tmp_path)
    said = f"""'--out': "new" found; expected the name of a new file or of a regular one; this is {kind}"""
    assert (code, out) == (2, "") and said in err and "--force" not in err
    assert (new.lstat().st_mode, sorted(tmp_path.iterdir())) == (mode, names)
    assert make is not linked or new.read_text() == "mine"


@pytest.mark.parametrize("name", ["", "$HOME/new.yaml", "~nobody-of-this-name/new.yaml"])
def test_names_that_are_no_paths_are_refused_by_the_option(neuro_mod, old, tmp_path, name) -> None:
    code, out, err = neuro_mod("convert", old, "--out", name, cwd=tmp_path)
    assert (code, out) == (2, "") and f"""'--out': "{name}" found; expected """ in err
    assert list(tmp_path.iterdir()) == [old]


def test_nothing_is_written_for_a_file_with_errors(neuro_mod, tmp_path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(MEAN_FIELD.replace("n_clusters: 2", "n_groups: 2"))
    code, out, err = neuro_mod("convert", old, "--out", new)
    assert (code, out) == (2, "") and f"{old}:8: architecture.clusters.n_groups: unknown key" in err
    assert not new.exists()


def test_validate_points_to_it(neuro_mod, old) -> None:
    code, _, err = neuro_mod("validate", old)
    assert code == 2
    assert err.startswith(f"{old}: older layout; neuro-mod convert {old} --out NEW.yaml writes the present one\n")
