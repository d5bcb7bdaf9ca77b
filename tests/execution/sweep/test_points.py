"""Points of a sweep are identified by their values, and so are the seeds of their runs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from neuro_mod.execution.sweep.points import point_key, point_seed


def test_a_key_is_readable_and_in_alphabetical_order():
    key = point_key({"external_currents.nu_ext_baseline[0]": 7.5, "arousal.level": 0.25, "b.c": "d e"})
    assert key == 'arousal.level=0.25 b.c="d e" external_currents.nu_ext_baseline[0]=7.5'


@pytest.mark.parametrize("same", [5, 5.0, np.float64(5), np.int32(5), np.array(5.0)])
def test_equal_numbers_have_the_same_key(same):
    assert point_key({"a": same}) == "a=5"
    assert point_key({"a": [same, (same,)]}) == "a=[5, [5]]"


def test_different_values_have_different_keys():
    values = [0, -1, 1e-300, 0.1, 0.1 + 2**-54, 2**60, 2.0**61, True, False, None, "1", "true", [1], [], {"b": 1}]
    assert len({point_key({"a": value}) for value in values}) == len(values)
    assert point_key({"a": -0.0}) == point_key({"a": 0})


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), [1, float("-inf")], object(), {1: {2}}])
def test_values_that_are_not_plain_and_finite_are_refused(bad):
    with pytest.raises(ValueError, match=r"not JSON compliant|not JSON serializable"):
        point_key({"a": bad})


def test_seeds_differ_and_depend_on_nothing_else():
    runs = list(product((0, 1), ("a=1", "a=2", "a=1 b=1"), range(20)))
    seeds = [point_seed(*run) for run in runs]
    assert len(set(seeds)) == len(runs)
    assert seeds == [point_seed(*run) for run in reversed(runs)][::-1]


def test_seeds_stay_what_they_are():
    """Later versions resume a saved sweep with the same seeds; this one was computed from BLAKE2b by hand."""
    assert point_seed(1, "arousal.level=0.25", 0) == 2875244446189215643
