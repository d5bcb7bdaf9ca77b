from __future__ import annotations

import pickle
import threading
import time

import pytest

from neuro_mod.core.latest import Latest


def test_only_the_latest_are_kept():
    latest, made = Latest(2), []

    def get(name):
        return latest.get(name, lambda: made.append(name) or name)

    assert [get(name) for name in (1, 2, 1, 3, 1, 2)] == [1, 2, 1, 3, 1, 2]
    assert made == [1, 2, 3, 2]


def test_threads_make_a_result_once():
    latest, made = Latest(2), []
    threads = [
        threading.Thread(target=latest.get, args=(0, lambda: time.sleep(0.05) or made.append(0))) for _ in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [0]


def test_an_error_is_not_kept():
    latest = Latest(2)
    with pytest.raises(ZeroDivisionError):
        latest.get(0, lambda: 1 / 0)
    assert latest.get(0, lambda: 5) == 5


def test_other_processes_begin_with_none():
    latest = Latest(2)
    latest.get(0, lambda: 1)
    assert pickle.loads(pickle.dumps(latest)).get(0, lambda: 2) == 2
