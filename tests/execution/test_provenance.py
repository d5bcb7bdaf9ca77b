"""What the metadata say about git."""

from __future__ import annotations

import subprocess

import pytest

from neuro_mod.execution.provenance import git_state


def git(folder, *arguments):
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("1")
    git(tmp_path, "add", "file")
    return tmp_path


def test_the_commit_and_whether_files_differ_from_it(repository):
    git(repository, "commit", "--quiet", "-m", "first")
    commit = git(repository, "rev-parse", "HEAD")
    (repository / "folder").mkdir()
    assert git_state(repository / "folder") == {"commit": commit, "modified": False}
    (repository / "file").write_text("2")
    assert git_state(repository) == {"commit": commit, "modified": True}
    git(repository, "checkout", "--quiet", "--detach")
    git(repository, "checkout", "file")
    (repository / "new").write_text("")
    assert git_state(repository) == {"commit": commit, "modified": True}


def test_without_a_commit_or_a_repository_there_is_none(repository, monkeypatch, tmp_path_factory):
    assert git_state(repository) is None
    assert git_state(repository / "missing") is None
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path_factory.getbasetemp().parent))
    assert git_state(tmp_path_factory.mktemp("outside")) is None
    monkeypatch.setenv("PATH", "")
    assert git_state(repository) is None
