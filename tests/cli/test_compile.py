"""``neuro-mod compile``; small kernels take the place of those of the package, which take a minute to compile."""

from __future__ import annotations

import json
import re

import pytest

from neuro_mod.core.compilation import cache_base
from neuro_mod.core.compilation_watch import tell
from neuro_mod.errors import StorageError
from neuro_mod.execution import kernels
from tests.helpers.processes import run_python


@pytest.fixture
def in_cache(monkeypatch):
    """Precisions whose kernels are in the cache; runs of the stager compile those that are not."""
    known = set()

    def run(_, duration_sec, record, dtype):
        del duration_sec, record
        if dtype not in known:
            tell("advance")
            tell(None)
        known.add(dtype)

    monkeypatch.setattr(kernels.StageSNNSimulation, "run", run)
    monkeypatch.setattr(kernels, "THEORIES", {})
    return known


def test_what_was_compiled_and_where(neuro_mod, in_cache):
    code, out, _ = neuro_mod("compile")
    assert code == 0
    assert re.fullmatch(rf"2 kernels compiled in \d+\.\d s, saved in {re.escape(str(cache_base()))}\n", out)
    assert in_cache == {"float32", "float64"}
    assert neuro_mod("compile")[1] == f"nothing to compile: all kernels are in {cache_base()}\n"


def test_one_precision(neuro_mod, in_cache):
    code, out, _ = neuro_mod("compile", "--dtype", "float32", "--json")
    assert code == 0
    assert json.loads(out)["n_compiled"] == 1
    assert in_cache == {"float32"}


def test_a_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").write_text("")
    code = (
        f"import os; os.environ['NEURO_MOD_CACHE_DIR'] = {str(tmp_path / 'file')!r}\n"
        "import sys; sys.argv[1:] = ['compile']; from neuro_mod.cli.main import main; main()"
    )
    ended = run_python("-c", code)
    assert ended.returncode == StorageError.exit_code
    assert ended.stderr.startswith(f"cannot save kernels in {tmp_path / 'file'}: ")
    assert "NEURO_MOD_CACHE_DIR" in ended.stderr


@pytest.mark.slow
def test_nothing_is_left_to_compile(tmp_path):
    compile_all = "from neuro_mod.execution.kernels import compile_kernels; print(compile_kernels().n_compiled)"
    use = (
        "from neuro_mod import StageSNNSimulation, FullMeanFieldStager\n"
        "from neuro_mod.core.compilation_watch import compilation_watched\n"
        "names = []\n"
        "with compilation_watched(names.append):\n"
        "    for dtype in ('float32', 'float64'):\n"
        "        StageSNNSimulation({'stimulus': {'onsets': [0.0]}}).run(duration_sec=0.01, dtype=dtype, every=2)\n"
        "    for response in ('shifted', 'exact'):\n"
        "        for closure in ('poisson', 'renewal'):\n"
        "            FullMeanFieldStager({}, response=response, closure=closure).run(n_runs=1)\n"
        "print(names)"
    )
    setting = f"import os; os.environ['NEURO_MOD_CACHE_DIR'] = {str(tmp_path)!r}\n"
    assert int(run_python("-c", setting + compile_all).stdout) >= 3
    assert run_python("-c", setting + compile_all).stdout == "0\n"
    assert run_python("-c", setting + use).stdout == "[]\n"


def test_a_command_does_not_wait_for_the_compiler_of_another_thread():
    code = (
        "import sys, threading, time, neuro_mod.core.compilation\n"
        "from numba.core.compiler_lock import global_compiler_lock\n"
        "from neuro_mod.core.compilation_watch import tell\n"
        "from neuro_mod.cli.main import main\n"
        "began = threading.Event()\n"
        "def compile():\n"
        "    with global_compiler_lock:\n"
        "        tell('advance'), began.set(), time.sleep(250)\n"
        "threading.Thread(target=compile, daemon=True).start()\n"
        "began.wait()\n"
        "sys.argv[1:] = ['validate', '--no-such-option'] if len(sys.argv) > 1 else ['schema']\n"
        "main()"
    )
    ended = run_python("-c", code)
    assert ended.returncode == 0 and json.loads(ended.stdout)
    assert run_python("-c", code, "refused").returncode == 2
