from __future__ import annotations

import random
from contextlib import suppress

import psutil
import pytest

from neuro_mod.execution import jobs
from tests.helpers.disturbing import (
    assert_all_end,
    assert_complete,
    children,
    drive,
    driver,
    schedulers,
    undisturbed,
    workers,
)
from tests.helpers.folders import n_finished
from tests.helpers.processes import wait_until
from tests.helpers.tiny_job import TinyJob


@pytest.mark.parametrize(
    ("executor", "n_kills"),
    [
        ("process", 2),
        pytest.param("process", 200, marks=pytest.mark.large),
        pytest.param("dask", 3, marks=pytest.mark.large),
    ],
)
def test_workers_that_are_killed_lose_nothing_and_double_nothing(tmp_path, executor, n_kills):
    choice, n_items = random.Random(n_kills), 3 * n_kills
    what = {"n_items": n_items, "seconds": 0.02}
    folder, n_killed = tmp_path / "killed", 0
    while n_killed < n_kills:
        with driver(folder, what, executor=executor, max_workers=3) as process:
            while n_killed < n_kills and process.poll() is None:
                enough = n_finished(folder) + choice.randrange(3)
                wait_until(lambda: n_finished(folder) >= enough or process.poll() is not None)  # noqa: B023
                found = workers(process.pid)
                with suppress(psutil.NoSuchProcess):
                    if found:
                        choice.choice(found).kill()
                        n_killed += 1
            code = process.wait(120)
            assert code in {0, 3}, process.stderr.read()
            assert n_finished(folder) < n_items or n_killed == n_kills, "too few items for so many kills"
    while code == 3:  # an item that was hit three times
        code, _ = drive(folder, what, executor=executor, max_workers=3)
    assert code == 0
    assert_complete(folder, undisturbed(tmp_path / "undisturbed", n_items), n_items)


def test_a_lost_scheduler_is_said_and_what_is_finished_stays(tmp_path):
    folder, what = tmp_path / "run", {"n_items": 3, "fates": {1: "sleeps"}}
    with driver(folder, what, executor="dask", max_workers=2) as process:
        wait_until(lambda: n_finished(folder) == 2)
        below = children(process.pid)
        schedulers(process.pid)[0].kill()
        _, said = process.communicate(timeout=60)
        assert process.returncode == 2 and "connection to the Dask scheduler at" in said
        assert_all_end(below)
    assert "ClusterLostError: the connection" in (folder / "metadata/run.log").read_text()
    jobs.run(TinyJob(3), folder)
    assert_complete(folder, undisturbed(tmp_path / "undisturbed", 3), 3)
