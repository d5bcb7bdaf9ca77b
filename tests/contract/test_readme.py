"""Every code block of the README marked bash, python or yaml, tried in order in a copy of the repository.

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
#: How the block begins that takes longest: it starts processes of Dask.
SLOW = "neuro-mod sweep sweeps/arousal --out simulations/arousal_dask"
CASES = [
    pytest.param(
        *(language, code),
        id=code.split("\n", 1)[0][:40],
        marks=[pytest.mark.slow] if code.startswith(SLOW) else [],
    )
    for language, code in BLOCKS
]
#: Files that the tests themselves write.
OWN = ("block.yaml", "script.py", "__pycache__/")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    folder = copy_checkout(tmp_path_factory.mktemp("checkout"))
    shutil.copy(ROOT / ".gitignore", folder)
    git(folder, "init", "--quiet")
    (folder / ".git/info/exclude").write_text("\n".join(OWN))
    git(folder, "add", "--all")
    return folder


@pytest.fixture(autouse=True)
def nothing_is_left(request):
    """Blocks write to simulations/, and what users name as their own, which git ignores; nothing else changes."""
    yield
    if "checkout" in request.fixturenames:
        changes = git(request.getfixturevalue("checkout"), "status", "--porcelain")
        assert not [line for line in changes.splitlines() if not line.startswith("A  ")]


@pytest.fixture(autouse=True)
def figures_have_no_pixels(monkeypatch):
    """Figures are drawn, but not laid out and saved, which takes a third of the time; other tests do that."""
    monkeypatch.setattr(style, "save_figure", lambda _, file, __: file.write(b"a figure"))


def git(folder, *arguments):
    done = run_command("git", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_blocks():
    assert {language for language, _ in BLOCKS} == {"bash", "python", "yaml"}


@pytest.mark.parametrize(("language", "code"), CASES)
def test_block_runs(language, code, checkout, neuro_mod, run_script, run_code):
    if language == "python":
        if "import torch\n" in code:
            pytest.importorskip("torch")
        run_code(code, checkout)
        return
    if language == "yaml":
        (checkout / "block.yaml").write_text(code)
        code = "neuro-mod validate block.yaml"
    for line in [code] if "<<" in code else code.replace("\\\n", " ").splitlines():
        program, *arguments = shlex.split(line)
        if program == "neuro-mod":
            done = neuro_mod(*arguments, cwd=checkout)
        elif program == "python" and arguments[0].startswith("scripts/"):
            done = run_script(*arguments, cwd=checkout)
        else:
            done = run_command("bash", "-euo", "pipefail", "-c", line, cwd=checkout)
        assert done.returncode == 0, done.stderr


def test_links_lead_somewhere():
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text())
    assert not [target for target in targets if not (ROOT / target).exists()]
