from __future__ import annotations

import random
from contextlib import suppress

import psutil
import pytest
from disturbing import assert_complete, drive, driver, n_finished, undisturbed, wait_until, workers


@pytest.mark.parametrize(
    ("executor", "n_kills"), [("process", 20), pytest.param("process", 200, marks=pytest.mark.large), ("dask", 3)]
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
