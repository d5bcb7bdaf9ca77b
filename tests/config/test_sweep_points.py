"""The points of a sweep."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from neuro_mod.config.sweep.points import Points, range_values
from neuro_mod.config.sweep.sections import Range, SweepFile

A, B, C = "arousal.level", "external_currents.nu_ext_baseline[0]", "init_params.mechanism"
FINITE = st.floats(-1e150, 1e150)
POSITIVE = st.floats(1e-300, 1e300)
LISTS = st.lists(st.integers(-50, 50), min_size=1, max_size=6, unique=True)


def points(parameters, seed=1, **rest):
    return Points(SweepFile.model_validate({"config": {}, "parameters": parameters} | rest), seed)


def values(found):
    return [dict(point.values) for point in found]


@given(LISTS, LISTS, LISTS)
def test_a_grid_is_in_the_order_of_nested_loops(a, b, c):
    grid = points({A: a, B: b, C: c})
    assert values(grid) == [{A: x, B: y, C: z} for x, y, z in product(a, b, c)]
    assert [point.index for point in grid] == list(range(len(grid)))
    assert grid[-1] == list(grid)[-1] and grid[1:3] == list(grid)[1:3]
    with pytest.raises(IndexError):
        grid[len(grid)]


@given(st.lists(st.tuples(st.integers(), st.text()), min_size=1, max_size=6, unique=True))
def test_zipped_values_go_together(pairs):
    a, b = map(list, zip(*pairs, strict=True))
    assert values(points({A: a, B: b}, combine="zipped")) == [{A: x, B: y} for x, y in pairs]


@given(FINITE, FINITE, st.integers(2, 40))
def test_a_range_has_both_ends_and_equal_differences(start, end, n):
    assume(start != end)
    found = range_values(Range.model_validate({"from": start, "to": end, "n": n}))
    assert (len(found), found[0], found[-1]) == (n, start, end)
    exact = [
        Fraction(repr(start)) + (Fraction(repr(end)) - Fraction(repr(start))) * Fraction(k, n - 1) for k in range(n)
    ]
    assert list(found) == [float(value) for value in exact]


@given(POSITIVE, POSITIVE, st.integers(2, 40))
def test_a_logarithmic_range_has_both_ends_and_equal_ratios(start, end, n):
    assume(start != end)
    found = range_values(Range.model_validate({"from": start, "to": end, "n": n, "spacing": "log"}))
    assert (len(found), found[0], found[-1]) == (n, start, end)
    # 12 digits, and the rounding of logarithms of up to 700
    assert np.allclose(np.log(found), np.linspace(math.log(start), math.log(end), n), rtol=0, atol=1e-11)


def test_ranges_hold_the_decimal_numbers_one_would_write():
    assert (
        range_values(Range.model_validate({"from": 0, "to": 1, "n": 11}))[3] == 0.3
    )  # np.linspace: 0.30000000000000004
    log = range_values(Range.model_validate({"from": 0.001, "to": 1000, "n": 7, "spacing": "log"}))
    assert log == (0.001, 0.01, 0.1, 1, 10, 100, 1000)
    down = range_values(Range.model_validate({"from": 10, "to": 1, "n": 4}))
    assert down == (10, 7, 4, 1)


@settings(max_examples=50)
@given(st.integers(0, 2**64), st.integers(1, 20), st.integers(0, 20))
def test_more_samples_change_no_earlier_one(seed, n, more):
    parameters = {A: {"from": 0, "to": 1}, B: {"from": 1, "to": 100, "spacing": "log"}}
    few = points(parameters, seed, combine="sampled", n_samples=n)
    many = points(parameters, seed, combine="sampled", n_samples=n + more)
    assert values(many)[:n] == values(few) and len(many) == n + more


def test_samples_of_a_parameter_do_not_depend_on_the_others():
    alone = points({A: {"from": 0, "to": 1}}, combine="sampled", n_samples=20)
    both = points({B: [1, 2], A: {"from": 0, "to": 1}}, combine="sampled", n_samples=20)
    assert [point.values[A] for point in both] == [point.values[A] for point in alone]
    assert values(alone) != values(points({A: {"from": 0, "to": 1}}, 2, combine="sampled", n_samples=20))


@given(FINITE, FINITE, POSITIVE, POSITIVE, st.integers(0, 1000))
@example(0.0, 1.0, 1.0000000000000002e-300, 1e-300, 1)
def test_samples_lie_within_their_ranges(a, b, c, d, seed):
    assume(a != b and c != d)
    parameters = {A: {"from": a, "to": b}, B: {"from": c, "to": d, "spacing": "log"}}
    for point in points(parameters, seed, combine="sampled", n_samples=5):
        assert min(a, b) <= point.values[A] <= max(a, b)
        assert min(c, d) <= point.values[B] <= max(c, d)


def test_samples_fill_their_ranges_evenly():
    """Kolmogorov-Smirnov: the distance of n numbers stays below 1.95/sqrt(n) but in one of 1000 cases."""
    n = 500
    parameters = {A: {"from": -3, "to": 5}, B: {"from": 0.01, "to": 100, "spacing": "log"}, C: ["x", "y", "z"]}
    found = values(points(parameters, combine="sampled", n_samples=n))
    shares = {A: [(v[A] + 3) / 8 for v in found], B: [(math.log10(v[B]) + 2) / 4 for v in found]}
    for each in shares.values():
        assert np.abs(np.sort(each) - (np.arange(n) + 0.5) / n).max() < 1.95 / math.sqrt(n)
    counts = [sum(v[C] == each for v in found) for each in "xyz"]
    assert np.abs(np.array(counts) - n / 3).max() < 4 * math.sqrt(n * 2 / 9)
    assert abs(np.corrcoef(shares[A], shares[B])[0, 1]) < 4 / math.sqrt(n)


def test_combinations_drawn_before_are_left_out():
    few = points({A: [1, 2], B: [3, 4]}, combine="sampled", n_samples=3)
    many = points({A: [1, 2], B: [3, 4]}, combine="sampled", n_samples=200)
    found = values(many)
    assert sorted(found, key=str) == [{A: a, B: b} for a, b in product((1, 2), (3, 4))]
    assert found[: len(few)] == values(few)
    assert not list(many.repeated())


def test_points_that_are_equal_are_found():
    doubled = points({A: [1, 2, 1.0], B: [0, 5, 0]}, combine="zipped")
    assert [(point.index, first.index) for point, first in doubled.repeated()] == [(2, 0)]


def test_falling_ranges_are_in_their_order():
    found = [point.values[A] for point in points({A: {"from": 3, "to": 1, "n": 9}})]
    assert all(a > b for a, b in pairwise(found))
