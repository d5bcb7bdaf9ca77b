"""Folders of runs whose files are not those that were written."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from neuro_mod.errors import DataError
from neuro_mod.execution.repeats.repeater import Repeater
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.recordings import sessions, written
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.sessions import open_sessions
from neuro_mod.recordings.written import Unchanged, check_written
from neuro_mod.storage.files import fault_of
from neuro_mod.storage.reading import sha256_of
from tests.helpers.shared import SMALL

WITHOUT_PLOTS = ["settings.plot=false"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folders of a run and of repeats, and the same with another seed."""
    folder = tmp_path_factory.mktemp("made")
    for name, seed in (("", 1), ("_other", 2)):
        StageSNNSimulation(SMALL, seed, overrides=WITHOUT_PLOTS).execute(out=folder / f"run{name}")
        Repeater(SMALL, 1, random_seed=seed, overrides=WITHOUT_PLOTS).execute(folder / f"repeats{name}")
    return folder


def read(path):
    return [session.read(Conventions()) for session in open_sessions(path).sessions]


def replaced(run, other, spikes):
    shutil.copy(other / spikes, run / spikes)


def of_the_same_size(run, other, spikes):
    content = bytearray((run / spikes).read_bytes())
    content[-1] ^= 1
    (run / spikes).write_bytes(content)


def in_another_folder(run, other, spikes):
    for name in ("run.json", "manifest.json"):
        shutil.copy(other / "metadata" / name, run / "metadata")


@pytest.mark.parametrize("kind", ["run", "repeats"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            replaced,
            r"data/spikes.* has (changed since it was written|\d+ bytes; expected \d+), as .*manifest.json shows",
        ),
        (of_the_same_size, r"data/spikes.* has changed since it was written"),
        (in_another_folder, r"(config.yaml|spikes.npz|clusters.npy|seeds.txt) has "),
        (lambda run, *_: min((run / "data").glob("rates*")).unlink(), r"data/rates.* is missing"),
        (lambda run, *_: next(run.rglob("clusters.npy")).unlink(), r"clusters.npy is missing"),
        (lambda run, *_: (run / "metadata/run.json").write_text("{}"), r"run.json has 2 bytes; expected"),
        (
            lambda run, _, spikes: shutil.copy(run / spikes, (run / spikes).with_stem("spikes_9999")),
            r"spikes_9999.np. is not one of the files of the run",
        ),
        *(
            (lambda run, *_, text=text: (run / "metadata/manifest.json").write_text(text), r"manifest.json is damaged")
            for text in ("[" * 100_000, "[]", '{"files": {"data/spikes.npz": 3}}', '{"files": {"a": {"bytes": NaN}}}')
        ),
    ],
)
def test_they_are_refused(made, tmp_path, kind, damage, message):
    run = shutil.copytree(made / kind, tmp_path / "run")
    assert read(run) and read(run / "data")
    spikes = {"run": "data/spikes.npz", "repeats": "data/spikes_0000.npy"}[kind]
    damage(run, made / f"{kind}_other", spikes)
    for path in (run, run / "data"):
        with pytest.raises(DataError, match=message):
            read(path)


def test_a_file_by_its_name_needs_no_others(made, tmp_path, caplog):
    run = shutil.copytree(made / "run", tmp_path / "run")
    (run / "data/voltage.npz").unlink()
    with pytest.raises(DataError, match=r"voltage.npz is missing.*name files of spikes to read only these"):
        read(run)
    assert read(run / "data/spikes.npz") and not caplog.records
    shutil.copy(run / "data/spikes.npz", run / "data/mine.npz")
    assert read(run / "data/mine.npz")
    assert "data/mine.npz: the run beside it did not write it" in caplog.text
    shutil.copy(made / "run_other/data/spikes.npz", run / "data")
    with pytest.raises(DataError, match=r"spikes.npz has "):
        read(run / "data/spikes.npz")


def test_files_by_their_names_are_the_sessions_of_the_folder(made, tmp_path, caplog, monkeypatch):
    """What the run says about them is read once."""
    run = shutil.copytree(made / "repeats", tmp_path / "run")
    shutil.copy(made / "repeats_other/data/spikes_0000.npy", run / "data/spikes_0001.npy")
    files, loose = sorted((run / "data").glob("spikes*")), Path(shutil.copy(made / "run/data/spikes.npz", tmp_path))
    asked = []
    monkeypatch.setattr(sessions, "check_written", lambda *a, **k: asked.append(a[0]) or check_written(*a, **k))
    opened = open_sessions([files[0], str(files[1]), loose, files[0]])
    assert [session.file for session in opened.sessions] == [*files, loose, files[0]]
    assert asked == [run, tmp_path, run]
    assert len(opened.clusters) == 2 and opened.description is not None
    assert caplog.text.count("spikes_0001.npy: the run beside it did not write it") == 1


def test_the_next_file_is_examined_while_one_is_used(made, tmp_path, monkeypatch):
    """Each once, and again if it has changed since."""
    run = shutil.copytree(made / "repeats", tmp_path / "run")
    file = run / "data/spikes_0000.npy"
    records = check_written(run, [file], whole=True)
    examined = []
    monkeypatch.setattr(written, "fault_of", lambda path, *a, **k: examined.append(path) or fault_of(path, *a, **k))
    for content in (None, (made / "repeats_other/data/spikes_0000.npy").read_bytes()):
        unchanged = Unchanged(records)
        assert unchanged.sha256_of(file) is None
        with ThreadPoolExecutor(1) as executor:
            unchanged.begin([file, file], executor)
        assert examined == [file]
        if content is None:
            unchanged.reader([file], lambda _: None)(Conventions())
            assert examined == [file] and unchanged.sha256_of(file) == sha256_of(file)
        else:
            file.write_bytes(content)
            with pytest.raises(DataError, match=r"has changed since it was written|bytes; expected"):
                unchanged.reader([file], lambda _: None)(Conventions())
        examined.clear()


def test_figures_and_logs_may_change(made, tmp_path):
    run = shutil.copytree(made / "repeats", tmp_path / "run")
    (run / "metadata/run.log").write_text("mine")
    manifest = json.loads((run / "metadata/manifest.json").read_text())
    manifest["files"]["plots/raster.png"] = {"bytes": 3, "sha256": "0"}
    (run / "metadata/manifest.json").write_text(json.dumps(manifest))
    assert read(run)


def test_an_unfinished_run_is_read_with_a_warning(made, tmp_path, caplog):
    run = shutil.copytree(made / "repeats", tmp_path / "run")
    (run / "metadata/manifest.json").rename(run / "metadata/.unfinished")
    assert read(run)
    assert f"{run}: the run was cut short, or goes on" in caplog.text
