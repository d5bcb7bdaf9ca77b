from __future__ import annotations

import pytest

from neuro_mod.execution.jobs.folder import differences, in_lines


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, ["a.c: 2 -> 3"]),
        ({"a": [1, 2]}, {"a": [1, 3, 4]}, ["a[1]: 2 -> 3", "a[2]: nothing -> 4"]),
        ({"a": {"b": 1}}, {}, ["a.b: 1 -> nothing"]),
        ({"a": {}}, {"a": {"b": 1}}, ["a: {} -> nothing", "a.b: nothing -> 1"]),
        ({"a": None}, {}, ["a: None -> nothing"]),
        ({"a": (1, 2)}, {"a": [1, 2]}, []),
        ({"a": ()}, {"a": []}, []),
        ({"a": "1"}, {"a": 1}, ["a: '1' -> 1"]),
        ({}, {"b": 1, "a": 2}, ["b: nothing -> 1", "a: nothing -> 2"]),
    ],
)
def test_differences(before, now, expected):
    assert differences(before, now) == expected


def test_many_differences_are_counted():
    lines = in_lines([f"key {k}" for k in range(15)]).splitlines()
    assert lines[0] == "  key 0" and lines[11:] == ["  key 11", "  and 3 more"]
    assert in_lines(["one"]) == "  one"
