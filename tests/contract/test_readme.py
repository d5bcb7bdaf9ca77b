"""Every code block of the README marked bash or python, executed in order in a copy of the repository.

Those of the documentation are executed when the site is built.
"""

from __future__ import annotations

import re
import shlex
import shutil

import pytest

from neuro_mod.plotting import style
from tests.helpers.processes import run_command
from tests.helpers.shared import ROOT, blocks_of, copy_checkout

README = ROOT / "README.md"
BLOCKS = blocks_of(README)
#: Files that the tests themselves write.
OWN = ("script.py", "__pycache__/")


@pytest.fixture
def checkout(tmp_path):
    folder = copy_checkout(tmp_path)
    shutil.copy(ROOT / ".gitignore", folder)
    git(folder, "init", "--quiet")
    (folder / ".git/info/exclude").write_text("\n".join(OWN))
    git(folder, "add", "--all")
    return folder


@pytest.fixture(autouse=True)
def figures_have_no_pixels(monkeypatch):
    """Figures are drawn, but not laid out and saved, which takes a third of the time; other tests do that."""
    monkeypatch.setattr(style, "save_figure", lambda _, file, __: file.write(b"a figure"))


def git(folder, *arguments):
    done = run_command("git", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_short():
    text = re.sub(r"^```.*?^```", "", README.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert len(re.sub(r"\]\([^)]*\)", "]", text).split()) < 500


def test_blocks_run(checkout, neuro_mod, run_script, run_code):
    assert {language for language, _ in BLOCKS} == {"bash", "python"}
    for language, code in BLOCKS:
        if language == "python":
            run_code(code, checkout)
            continue
        for line in code.replace("\\\n", " ").splitlines():
            program, *arguments = shlex.split(line)
            done = (neuro_mod if program == "neuro-mod" else run_script)(*arguments, cwd=checkout)
            assert done.returncode == 0, done.stderr
    # blocks write to simulations/, which git ignores; nothing else changes
    changes = git(checkout, "status", "--porcelain").splitlines()
    assert not [line for line in changes if not line.startswith("A  ")]


def test_links_lead_somewhere():
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text())
    assert not [target for target in targets if not (ROOT / target).exists()]
