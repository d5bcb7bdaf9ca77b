"""What is said, and when, while no worker takes an item."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from neuro_mod.errors import NoWorkersError
from neuro_mod.execution import progress as progress_module
from neuro_mod.execution.executors import Completion, WorkerDied, WorkerLost
from neuro_mod.execution.jobs.job import Item
from neuro_mod.execution.jobs.loop import Loop
from neuro_mod.execution.progress import ItemProgress


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on with each look of the loop."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(progress_module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


class Script:
    """An executor whose capacity and completions are those of a list, a second apart.

    Args:
        clock: Put forward by a second at each `wait`.
        steps: In order: how many workers there are, or an error with which the item under way ends (None: it is done).
    """

    waits_for, n_left = "2 jobs pending (Resources)", 0

    def __init__(self, clock, steps):
        self.clock, self.steps, self.under_way, self.capacity, self.begun, self.left = clock, steps, [], 0, [], []

    def submit(self, index, argument, name):
        del argument, name
        self.under_way.append(index)
        self.begun.append(index)

    def wait(self, _):
        self.clock.now += 1
        step = self.steps.pop(0)
        self.left.append(self.n_left)
        if isinstance(step, int):
            self.capacity = step
            return []
        if self.steps and isinstance(self.steps[0], int):
            self.capacity = self.steps[0]
        return [Completion(self.under_way.pop(0), error=step if isinstance(step, Exception) else None)]

    def stop(self):
        return []


class Recorder(Loop):
    def __init__(self, n_items, patience=None, max_tries=3):
        items = [Item(f"item {index}", f"item {index}", index) for index in range(n_items)]
        super().__init__(items, range(n_items), max_tries, "continue", patience)
        self.said, self.lost, self.failed = [], [], []

    def _take(self, item, completion):
        return completion

    def _lost(self, item, completion):
        self.lost.append(item.argument)

    def _failed(self, item, error, completion, n_tries, final):
        self.failed.append((item.argument, n_tries, final))

    def _stands_still(self, seconds, reason):
        self.said.append((seconds, reason))


DONE = None


def test_standing_still_is_said_after_thirty_seconds_and_again(clock):
    loop, shown = Recorder(2), ItemProgress("items", 2, 0, 0.0)
    loop.run(Script(clock, [*[0] * 70, 1, DONE, *[0] * 35, 1, DONE]), shown)
    reason = "2 jobs pending (Resources)"
    assert loop.said == [(30.0, reason), (60.0, reason), (30.0, reason)]


def test_the_bar_says_why_instead_of_the_time_left_which_leaves_the_pause_out(clock):
    lines = []
    shown = ItemProgress("items", 3, 0, 0.0, lambda _, text: lines.append(text()))
    Recorder(3).run(Script(clock, [1, 1, DONE, *[0] * 50, 1, 1, DONE, DONE]), shown)
    assert lines[0] == "0 of 3 items done"
    still = [line for line in lines if "no worker" in line]
    assert still[0] == "1 of 3 items done, no worker for 0 s: 2 jobs pending (Resources)"
    assert "no worker for 40 s" in still[40] and not any("left" in line for line in still)
    after = [line for line in lines[lines.index(still[-1]) + 1 :] if "left" in line]
    assert all(float(line.split("about ")[1].split()[0]) <= 10 for line in after) and after


def test_patience_ends(clock):
    executor = Script(clock, [0] * 100)
    with pytest.raises(NoWorkersError, match=r"^no worker for 13 s: 2 jobs pending \(Resources\)$") as ended:
        Recorder(2, patience=12.5).run(executor, ItemProgress("items", 2, 0, 0.0))
    assert ended.value.exit_code == 4


def test_patience_begins_anew_with_each_item(clock):
    loop = Recorder(2, patience=12.5)
    loop.run(Script(clock, [*[0] * 10, 1, DONE, *[0] * 10, 1, DONE]), ItemProgress("items", 2, 0, 0.0))
    assert not loop.said


def test_a_lost_worker_counts_as_no_try_and_its_item_is_the_next(clock):
    loop, lost, died = Recorder(2), WorkerLost("its job was cancelled"), WorkerDied("killed")
    executor = Script(clock, [1, *[lost] * 7, died, DONE, died, lost, died])
    loop.run(executor, ItemProgress("items", 2, 0, 0.0))
    assert executor.begun == [0] * 8 + [1] + [0] * 3
    assert loop.lost == [0] * 8
    assert loop.failed == [(0, 1, False), (0, 2, False), (0, 3, True)]


def test_the_executor_knows_how_many_items_are_left(clock):
    executor = Script(clock, [1, DONE, DONE, WorkerDied("killed"), DONE])
    Recorder(3).run(executor, ItemProgress("items", 3, 0, 0.0))
    assert executor.left == [3, 3, 2, 1, 1]
