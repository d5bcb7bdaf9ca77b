"""What users import: everything in README and documentation comes from `neuro_mod` itself."""

from __future__ import annotations

import ast
import pkgutil
import re
from importlib.util import find_spec

import pytest

from tests.helpers.shared import ROOT

#: Without what building the site writes.
PAGES = [
    ROOT / "README.md",
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if not {"_build", "gallery", "generated"} & {*page.parts}),
]
#: Pages with the import paths that the first users were given.
OLDER = {"stability.md"}
#: Import paths that the first users were given; they stay.
PROMISED = {
    "neuro_mod.execution.stagers": ["StageSNNSimulation"],
    "neuro_mod.execution.stagers.mean_field": ["FullMeanFieldStager", "ReducedMeanFieldStager"],
    "neuro_mod.execution.sweep.spiking_net": ["SNNBaseSweepRunner"],
    "neuro_mod.core.spiking_net.analysis.analyzer": ["Analyzer"],
    "neuro_mod.core.mean_field.core": ["LIFMeanField"],
}


def imported_modules(code: str) -> set[str]:
    """Modules of this package from which code imports."""
    nodes = list(ast.walk(ast.parse(code)))
    found = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    found |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {module for module in found if module.split(".")[0] == "neuro_mod"}


def python_of(page: str) -> list[str]:
    """Blocks of Python that readers see, without options of cells and commands of IPython."""
    blocks = []
    for block in re.findall(r"^```(?:python|\{code-cell\}[^\n]*)\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        options, code = re.fullmatch(r"(---\n.*?\n---\n|(?::[\w-]+:[^\n]*\n)*)(.*)", block, re.DOTALL).groups()
        if "remove-input" not in options and not code.lstrip().startswith("%%"):
            blocks.append(re.sub(r"^[%!].*$", "", code, flags=re.MULTILINE))
    return blocks


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_import_from_the_package_itself(page):
    blocks = python_of(page.read_text())
    promised = PROMISED if page.name in OLDER else ()
    assert set().union(*map(imported_modules, blocks)) <= {"neuro_mod", "neuro_mod.plotting", *promised}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_dotted_names_in_the_text_exist(page):
    for name in re.findall(r"`(neuro_mod(?:\.\w+)+)", page.read_text()):
        pkgutil.resolve_name(name)


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_examples_import_from_the_package_itself(example):
    assert imported_modules(example.read_text()) <= {"neuro_mod"}


def test_everything_can_be_imported_at_once():
    names: dict[str, object] = {}
    exec("from neuro_mod import *", names)
    assert {"StageSNNSimulation", "simulate", "__version__"} <= names.keys()
    assert ("LIFNet" in names) == (find_spec("torch") is not None)


@pytest.mark.parametrize("module", PROMISED)
def test_promised_paths_lead_to_the_same_objects(module):
    import importlib

    import neuro_mod

    for name in PROMISED[module]:
        assert getattr(importlib.import_module(module), name) is getattr(neuro_mod, name)
