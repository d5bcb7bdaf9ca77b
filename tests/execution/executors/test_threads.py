from __future__ import annotations

import threading

from neuro_mod.execution.executors import threads


def test_a_thread_that_never_reports_is_left_behind(started, monkeypatch):
    monkeypatch.setattr(threads, "_PATIENCE", 0.05)
    begun, end = threading.Event(), threading.Event()

    def task(_, __):
        begun.set()
        end.wait()

    executor = started("thread", task)
    executor.submit(0, None, "item")
    begun.wait()
    assert executor.stop() == []
    (left,) = (thread for thread in threading.enumerate() if thread.name == "worker_0")
    assert left.daemon  # Python does not wait for it at its end
    end.set()
    left.join()
