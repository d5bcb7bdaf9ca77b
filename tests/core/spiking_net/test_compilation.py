"""The kernel cache: no old code, no crash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from neuro_mod.core import compilation
from tests.helpers.processes import run_python
from tests.helpers.shared import ROOT

#: The cache folder and the spikes of a run, in a process of its own.
COUNT = """
from pathlib import Path
from neuro_mod.core.compilation import cache_folder
from neuro_mod.core.spiking_net import engine
from neuro_mod.execution.stagers import StageSNNSimulation
print(cache_folder(Path(engine.__file__).parent), StageSNNSimulation({}).run(duration_sec=0.02)["spikes"].sum())
"""

#: The same with a kernel that takes no time to compile.
SMALL_KERNEL = """
from pathlib import Path
from neuro_mod.core.compilation import cache_folder, kernel
@kernel
def double(x):
    return 2 * x
print(cache_folder(Path(__file__).resolve().parent), double(21), sum(double.stats.cache_hits.values()))
"""


def start(code, cache, cwd=None, **environment):
    return subprocess.Popen(
        [sys.executable, *code],
        cwd=cwd,
        env=os.environ | {"NEURO_MOD_CACHE_DIR": str(cache)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, err = process.communicate(timeout=1500)
    assert process.returncode == 0, err
    return out.split()


@pytest.fixture
def small_kernel(tmp_path):
    file = tmp_path / "small_kernel.py"
    file.write_text(SMALL_KERNEL)
    return [str(file)]


def test_the_folder_is_named_by_what_is_compiled(monkeypatch, tmp_path):
    monkeypatch.setenv("NEURO_MOD_CACHE_DIR", str(tmp_path))
    before = compilation.cache_folder(tmp_path)
    assert before.parent == tmp_path
    source = tmp_path / "kernel.py"
    source.write_text("x = 1")
    added = compilation.cache_folder(tmp_path)
    source.write_text("x = 2")
    changed = compilation.cache_folder(tmp_path)
    shared = tmp_path / "shared.txt"
    shared.write_text("what all kernels share")
    monkeypatch.setattr(compilation, "_SHARED", (*compilation._SHARED, shared))
    assert len({before, added, changed, compilation.cache_folder(tmp_path)}) == 4


def test_shared_sources_count_for_every_kernel():
    assert {source.name for source in compilation._SHARED} == {"random.py", "compilation.py"}


def damage(folder):
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    assert files
    for file in files:
        file.write_bytes(file.read_bytes()[:100])


def test_damaged_or_unwritable_caches_are_no_obstacle(small_kernel, tmp_path):
    folder, *first = finish(start(small_kernel, tmp_path / "cache"))
    assert first == ["42", "0"]
    damage(folder)
    assert finish(start(small_kernel, tmp_path / "cache"))[1:] == ["42", "0"]
    assert finish(start(small_kernel, tmp_path / "cache"))[1:] == ["42", "1"]
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert finish(start(small_kernel, blocked))[1:] == ["42", "0"]


@pytest.mark.slow
def test_many_processes_fill_one_empty_cache(small_kernel, tmp_path):
    processes = [start(small_kernel, tmp_path / "cache") for _ in range(4)]
    assert {finish(process)[1] for process in processes} == {"42"}
    assert finish(start(small_kernel, tmp_path / "cache"))[2] == "1"


def test_threads_may_be_the_first_to_need_a_kernel(small_kernel, tmp_path):
    text = SMALL_KERNEL.replace("double(21)", "sum(ThreadPoolExecutor(8).map(double, range(8)))")
    Path(*small_kernel).write_text(f"from concurrent.futures import ThreadPoolExecutor\n{text}")
    assert finish(start(small_kernel, tmp_path / "cache"))[1] == "56"


@pytest.mark.slow
def test_fifty_simulations_start_at_once_with_an_empty_cache(tmp_path):
    processes = [start(["-c", COUNT], tmp_path) for _ in range(50)]
    assert len({finish(process)[1] for process in processes}) == 1


@pytest.mark.slow
def test_a_truncated_cache_is_no_obstacle_to_a_simulation(tmp_path):
    folder, count = finish(start(["-c", COUNT], tmp_path))
    damage(folder)
    assert finish(start(["-c", COUNT], tmp_path)) == [folder, count]


@pytest.mark.slow
def test_edited_code_is_never_run_as_it_was(tmp_path):
    package = tmp_path / "neuro_mod"
    shutil.copytree(ROOT / "neuro_mod", package, ignore=shutil.ignore_patterns("__pycache__"))
    run = partial(start, ["-c", COUNT], tmp_path / "cache", cwd=tmp_path, PYTHONDONTWRITEBYTECODE="1")
    folder, count = finish(run())
    edited = package / "core/spiking_net/engine/dynamics.py"
    source = edited.read_text()
    times = edited.stat().st_mtime_ns
    edited.write_text(source.replace("v >= threshold", "v <= threshold"))
    assert edited.read_text() != source
    os.utime(edited, ns=(times, times))  # what tells old from new by the date would not notice
    edited_folder, edited_count = finish(run())
    assert edited_folder != folder and int(edited_count) > 10 * int(count)


@pytest.mark.parametrize("module", ["numba", "torch"])
def test_importing_the_package_loads_neither(module):
    code = f"import sys, neuro_mod, neuro_mod.core.spiking_net, neuro_mod.config; assert {module!r} not in sys.modules"
    run_python("-c", code).check_returncode()


def test_an_empty_cache_variable_is_none(monkeypatch):
    monkeypatch.delenv("NEURO_MOD_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert compilation.cache_folder(Path(__file__).parent).is_absolute()


def test_ctrl_c_in_what_llvm_calls_ends_the_compilation(small_kernel, tmp_path):
    """Python ignores exceptions there; the kernel would be incomplete."""
    interrupted_once = """
from numba.core.codegen import JITCodeLibrary
hook, times = JITCodeLibrary._object_compiled_hook, []
def interrupt(module, code):
    if module.name == "double" and not times:
        times.append(module)
        raise KeyboardInterrupt
    hook(module, code)
JITCodeLibrary._object_compiled_hook = interrupt
"""
    twice = "    return 2 * x\ntry:\n    double(21)\nexcept KeyboardInterrupt:\n    print('interrupted')\n"
    file = Path(small_kernel[0])
    file.write_text(interrupted_once + file.read_text().replace("    return 2 * x\n", twice))
    process = start(small_kernel, tmp_path / "cache")
    assert finish(process)[::2] == ["interrupted", "42"]


def test_the_end_of_a_process_waits_for_the_compiler():
    code = """
import threading, time
import neuro_mod.core.compilation
from numba.core.compiler_lock import global_compiler_lock
began = threading.Event()
def compile():
    with global_compiler_lock:
        began.set()
        time.sleep(0.5)
        print("compiled", flush=True)
    time.sleep(0.1)
    with global_compiler_lock:
        print("compiled another one", flush=True)
threading.Thread(target=compile, daemon=True).start()
began.wait()
"""
    assert run_python("-c", code).stdout == "compiled\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_fork_does_not_wait_for_the_compiler_of_a_thread_that_it_lacks():
    code = """
import os, signal, threading, time
import neuro_mod.core.compilation
from numba.core.compiler_lock import global_compiler_lock
began, ended = threading.Event(), threading.Event()
def compile():
    with global_compiler_lock:
        began.set(), ended.wait()
threading.Thread(target=compile, daemon=True).start()
began.wait()
if child := os.fork():
    until = time.monotonic() + 60
    while not (done := os.waitpid(child, os.WNOHANG)[0]) and time.monotonic() < until:
        time.sleep(0.05)
    if not done:
        os.kill(child, signal.SIGKILL)
    ended.set()
    print("ended" if done else "waits")
"""
    assert run_python("-c", code).stdout == "ended\n"
