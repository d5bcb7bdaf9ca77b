"""Examples in docstrings: each runs and shows what it says, and whatever users call has one."""

from __future__ import annotations

import doctest
import inspect
import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import neuro_mod
from tests.helpers.shared import ROOT

PACKAGE = ROOT / "neuro_mod"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))
#: Libraries of extras that the examples of a module need.
NEEDS = {
    "core.control.capacity": ("cvxpy",),
    "core.control.semidefinite": ("cvxpy",),
    "core.spiking_net.lif_net": ("torch",),
    "recordings.neo_objects": ("neo",),
    "recordings.nwb": ("pynwb",),
    "recordings.pynapple_objects": ("pynapple",),
    "execution.labelled": ("xarray",),
}
#: Public names without an example, and why.
WITHOUT = {
    "__version__": "a text",
    "QUANTITIES": "a dictionary, which is listed in the reference",
    "transfer": "a module, whose functions have examples",
    "StorageError": "needs a full disk",
    "NumericalError": "needs a network that diverges",
    "ClusterLostError": "needs a computing cluster",
    "NoWorkersError": "needs a computing cluster",
    "Interrupted": "needs Ctrl-C",
}


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".")


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_examples_do_what_they_say(path, tmp_path, monkeypatch):
    name = _name(path)
    for library in NEEDS.get(name, ()):
        pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = doctest.testmod(
            import_module(f"neuro_mod.{name}"), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        )
    assert not result.failed
    assert result.attempted


@pytest.mark.parametrize("name", sorted({*neuro_mod.__all__, "LIFNet"} - WITHOUT.keys()))
def test_public_names_have_an_example(name):
    if name == "LIFNet" and find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    assert ">>> " in (inspect.getdoc(getattr(neuro_mod, name)) or "")


def test_exceptions_exist():
    assert WITHOUT.keys() <= {*neuro_mod.__all__}
    assert {f"neuro_mod/{name.replace('.', '/')}.py" for name in NEEDS} <= {
        path.relative_to(ROOT).as_posix() for path in MODULES
    }
