"""Files about the project that other programs read: how to cite it, its metadata, and what runs elsewhere."""

from __future__ import annotations

import re
import tomllib

import pytest
from ruamel.yaml import YAML

from neuro_mod import __version__
from tests.helpers.oldest import LIBRARIES, oldest
from tests.helpers.shared import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def read(file):
    return YAML(typ="safe", pure=True).load(file.read_text())


def test_the_citation_is_of_this_version_and_of_the_papers_of_the_model():
    cited = read(ROOT / "CITATION.cff")
    assert cited["cff-version"] == "1.2.0" and cited["version"] == __version__
    assert {"message", "title", "authors"} <= cited.keys()
    assert f"## {__version__} ({cited['date-released']})" in (ROOT / "CHANGELOG.md").read_text()
    families = [paper["authors"][0]["family-names"] for paper in cited["references"]]
    assert families == ["Papadopoulos", "Wyrick", "Litwin-Kumar"]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflows_are_yaml_and_pin_what_they_use(file):
    workflow = read(file)
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert {"name", "on", "jobs"} <= workflow.keys() and all(("uses" in step) != ("run" in step) for step in steps)
    used = [step["uses"] for step in steps if "uses" in step]
    assert used and all(re.fullmatch(r"[\w.-]+(/[\w.-]+)+@(release/)?v\d+", action) for action in used)
    for target in re.findall(r"\bmake (?!\.)([\w-]+)", file.read_text()):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target


def test_the_matrix_is_what_the_package_declares():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [each.rsplit(" ", 1)[1] for each in project["classifiers"] if re.search(r"Python :: 3\.\d", each)]
    assert read(ROOT / ".github/workflows/tests.yml")["jobs"]["light"]["strategy"]["matrix"]["python"] == declared
    assert project["requires-python"] == f">={declared[0]}"


def test_types_are_for_users_too():
    assert (ROOT / "neuro_mod/py.typed").exists()


def test_oldest_versions_are_those_of_the_lower_bounds():
    assert [pin.split("==")[0] for pin in oldest()] == list(LIBRARIES)


def test_the_page_about_installing_lists_the_extras():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    page = (ROOT / "docs/how_to/install.md").read_text()
    table = page.split("## Extras", 1)[1].split("\n## ", 1)[0]
    for_users = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    for_developers = re.findall(r"`(\w+)` \(", table.split("developers", 1)[1])
    assert for_users == sorted(for_users)
    assert {*for_users, *for_developers} == project["optional-dependencies"].keys()
    assert set(for_developers) == {"dev", "test", "docs", "peers"}
    for target in re.findall(r"^\| `make (\w+)`", page, re.MULTILINE):
        assert re.search(rf"^{target}:.*##", (ROOT / "Makefile").read_text(), re.MULTILINE), target


def test_files_that_contributors_are_sent_to_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`((?:neuro_mod|tests|docs|configs|benchmarks)/[\w/.]+)`|\]\((docs/[\w/.]+)", text)
    paths = {path for each in named for path in each if path and not re.search(r"NAME|FORMAT", path)}
    assert len(paths) > 15 and not sorted(path for path in paths if not (ROOT / path).exists())
