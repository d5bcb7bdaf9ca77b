from __future__ import annotations

import random
import time

import pytest

from tests.helpers.disturbing import assert_all_end, assert_complete, children, drive, driver, tries, undisturbed
from tests.helpers.folders import n_finished
from tests.helpers.processes import wait_until

N_WORKERS = 2


@pytest.mark.parametrize(
    ("executor", "n_kills"),
    [
        ("process", 2),
        *(pytest.param(*case, marks=pytest.mark.large) for case in (("process", 100), ("thread", 100), ("dask", 2))),
    ],
)
def test_a_killed_driver_costs_no_more_items_than_were_under_way(tmp_path, executor, n_kills):
    choice, n_items = random.Random(n_kills), 20 * n_kills
    under_way = N_WORKERS + (executor == "thread")  # one that waits for a thread
    trace, folder = tmp_path / "trace", tmp_path / "killed"
    what = {"n_items": n_items, "seconds": 0.004, "trace": str(trace)}
    for _ in range(n_kills):
        before, tried = n_finished(folder), len(tries(trace))
        with driver(folder, what, executor=executor, max_workers=N_WORKERS) as process:
            enough = before + choice.randrange(5)
            wait_until(lambda: n_finished(folder) >= enough or process.poll() is not None)  # noqa: B023
            time.sleep(choice.uniform(0.0, 0.02))  # anywhere between two items
            below = children(process.pid)
            process.kill()
            process.wait()
            assert_all_end(below)
        assert n_finished(folder) < n_items, "too few items for so many kills"
        assert len(tries(trace)) - tried - (n_finished(folder) - before) <= under_way
    code, said = drive(folder, what, executor=executor, max_workers=N_WORKERS)
    assert code == 0, said
    assert len(tries(trace)) <= n_items + n_kills * under_way
    assert_complete(folder, undisturbed(tmp_path / "undisturbed", n_items), n_items)


def test_the_folder_of_a_killed_driver_is_free_and_its_partial_files_go(tmp_path):
    what = {"n_items": 2, "fates": {1: "sleeps"}}
    with driver(tmp_path, what, executor="process", max_workers=2) as process:
        wait_until(lambda: n_finished(tmp_path) == 1)
        process.kill()
    for name in ("data/.item_1.json.1.partial", "configs/.a.yaml.1.partial", "metadata/.run.json.1.partial"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"half")
    code, said = drive(tmp_path, what | {"fates": {}})
    assert code == 0, said
    assert not list(tmp_path.rglob("*.partial")) and not list(tmp_path.rglob(".lock"))
