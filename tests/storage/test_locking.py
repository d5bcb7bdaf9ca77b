from __future__ import annotations

import pytest

from neuro_mod.errors import StorageError
from neuro_mod.storage.locking import locked
from tests.helpers.processes import run_python, start_python

HOLD = """
import sys, time
from pathlib import Path
from neuro_mod.storage.locking import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
#: Takes the lock 200 times; whoever holds it makes a file that must not exist.
TAKE = """
import sys
from pathlib import Path
from neuro_mod.errors import StorageError
from neuro_mod.storage.locking import locked
folder, n_taken = Path(sys.argv[1]), 0
while n_taken < 200:
    try:
        with locked(folder):
            (folder / "holder").touch(exist_ok=False)
            (folder / "holder").unlink()
            n_taken += 1
    except StorageError as error:
        assert "another process" in str(error)
"""


def test_the_lock_ends_with_a_holder_that_is_killed(tmp_path):
    with start_python("-c", HOLD, tmp_path) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(StorageError, match=f"another process is writing to {tmp_path}"), locked(tmp_path):
            pass
        holder.kill()
        holder.wait()
    with locked(tmp_path):
        assert (tmp_path / ".lock").exists()
    assert not list(tmp_path.iterdir())


def test_there_are_never_two_holders_although_the_file_is_removed(tmp_path):
    with start_python("-c", TAKE, tmp_path) as other:
        assert run_python("-c", TAKE, tmp_path).stderr == ""
        assert other.wait(60) == 0
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_way_is_named(tmp_path):
    (path := tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write to the folder .*file: it is a file"), locked(path):
        pass
