from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.recordings.windows import cut, from_start, whole_steps, window_of
from tests.helpers.trains import bernoulli


@pytest.mark.parametrize(
    ("t_from", "t_to", "window"),
    [
        (None, None, (0, 10)),
        (1, 9, (1, 9)),
        (-3, None, (7, 10)),
        (None, -3, (0, 7)),
        (-3, -1, (7, 9)),
        (-10, 10, (0, 10)),
        (None, 10 + 1e-10, (0, 10)),  # a sum of rounded steps is still the end of the session
    ],
)
def test_windows(t_from, t_to, window):
    assert window_of(10.0, t_from, t_to) == window


@pytest.mark.parametrize(
    ("t_from", "t_to", "message"),
    [
        (5, 5, "ends after it begins"),
        (-1, 3, "t_from, t_to: 9 s to 3 s of a session of 10 s found; expected a window that ends after it begins"),
        (None, 0, "ends after"),
        (0.3, 3 * 0.1, "ends after"),  # 0.30000000000000004
        (10, None, "ends after"),
        (10.1, None, "t_from: 10.1 found; expected -10 s to 10 s"),
        (-10.1, None, "t_from: -10.1 found"),
        (None, 11, "t_to: 11 found"),
        (None, -11, "t_to: -11 found"),
        (float("nan"), None, "t_from: nan found"),
        ("5 s", None, 't_from: "5 s" found; expected a number of seconds'),
    ],
)
def test_what_is_no_window(t_from, t_to, message):
    with pytest.raises(ValueError, match=message):
        window_of(10.0, t_from, t_to)


@pytest.mark.parametrize(("time", "inside"), [(0, 0), (3, 3), (-3, 7), (-10, 0), (10 + 1e-10, 10), (-10 - 1e-10, 0)])
def test_times_from_the_start(time, inside):
    assert from_start("time", time, 10.0) == inside


@pytest.mark.parametrize("time", [10.1, -10.1, float("nan"), float("inf"), -100])
def test_times_beyond_a_session(time):
    with pytest.raises(ValueError, match=rf"time: {time} found; expected -10 s to 10 s"):
        from_start("time", time, 10.0)


def test_a_session_without_a_step_has_no_window():
    with pytest.raises(ValueError, match="session of 0 s"):
        window_of(0.0)


@pytest.mark.parametrize(("t_from", "t_to", "rows"), [(0.1, 0.3, (100, 300)), (-0.2, None, (300, 500))])
def test_a_cut_is_the_same_rows_of_the_dense_array(t_from, t_to, rows):
    spikes = bernoulli(1, 500, 3, 0.1)
    np.testing.assert_array_equal(np.asarray(cut(spikes, t_from, t_to)), np.asarray(spikes)[slice(*rows)])


@pytest.mark.parametrize("n_steps", [0, 500])
def test_a_cut_of_the_whole_session_is_the_session(n_steps):
    spikes = bernoulli(1, n_steps, 3, 0.1)
    assert cut(spikes) is spikes


def test_a_cut_holds_a_step():
    with pytest.raises(ValueError, match=r"t_from, t_to: .* found; expected at least a time step, 0.001 s"):
        cut(bernoulli(1, 500, 3, 0.1), None, 0.2e-3)


def test_whole_steps():
    assert whole_steps("bin_width", 50e-3, 0.1e-3) == 500
    assert whole_steps("bin_width", 0.3e-3, 0.1e-3) == 3


@pytest.mark.parametrize("width", [0.25e-3, 0.04e-3, 0.0, -1e-3, float("inf"), float("nan")])
def test_what_is_not_whole_steps(width):
    with pytest.raises(ValueError, match=r"bin_width: .* ms found; expected whole multiples of the time step, 0.1 ms"):
        whole_steps("bin_width", width, 0.1e-3)
