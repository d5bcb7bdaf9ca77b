"""Every code block of README and docs marked bash, python or yaml, tried in order in a copy of the repository."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.helpers.processes import run_command
from tests.helpers.shared import ROOT, copy_checkout

DOCS = sorted((ROOT / "docs").glob("*.md"))


def blocks_of(document: Path) -> list[tuple[str, str]]:
    return re.findall(r"^```(bash|python|yaml)\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)


PAGES = [ROOT / "README.md", *DOCS]
#: The Python blocks of a page of the docs build on one another; all other blocks stand alone.
SCRIPTS = {
    page.name: script
    for page in DOCS
    if (script := "\n".join(code for language, code in blocks_of(page) if language == "python"))
}
BLOCKS = [
    (language, code)
    for page in PAGES
    for language, code in blocks_of(page)
    if page.name not in SCRIPTS or language != "python"
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return copy_checkout(tmp_path_factory.mktemp("checkout"))


def test_there_are_blocks():
    assert {language for language, _ in BLOCKS} == {"bash", "python", "yaml"}


@pytest.mark.parametrize(("language", "code"), BLOCKS, ids=[code.split("\n", 1)[0][:40] for _, code in BLOCKS])
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


@pytest.mark.parametrize("page", SCRIPTS)
def test_page_runs(page, checkout, run_code):
    run_code(SCRIPTS[page], checkout)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing
