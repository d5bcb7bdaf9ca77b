"""Times in floating point and the steps in which they lie."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.readings import reading_of_times
from tests.helpers.processes import run_python

DELTA_T = st.sampled_from([0.1e-3, 0.5e-3, 1e-3])
UNITS = st.sampled_from([("s", 1.0), ("ms", 1e3)])


@given(st.integers(0, 10**8), DELTA_T, UNITS)
def test_a_multiple_of_the_step_begins_that_step(step, delta_t, unit):
    name, per_second = unit
    conventions = Conventions(delta_t, time_unit=name)
    times = [step * delta_t * per_second, step * (delta_t * per_second), step / round(1 / delta_t) * per_second]
    for time in times:
        assert reading_of_times([time], [0], conventions, "").spikes.steps.tolist() == [step]


@given(st.integers(0, 10**8), st.floats(0, 0.999), DELTA_T)
def test_any_other_time_lies_in_the_step_before_it(step, fraction, delta_t):
    assert reading_of_times([(step + fraction) * delta_t], [0], Conventions(delta_t), "").spikes.steps.tolist() == [
        step
    ]


@given(st.integers(0, 10**6), DELTA_T)
def test_single_precision_counts_as_rounded_too(step, delta_t):
    time = np.array([step * delta_t], np.float32)
    assert reading_of_times(time, [0], Conventions(delta_t), "").spikes.steps.tolist() == [step]


@given(st.integers(1, 10**6), DELTA_T, st.sampled_from([np.float32, np.float64]))
def test_a_spike_at_the_very_end_lies_in_the_last_step(n_steps, delta_t, dtype):
    for duration in (n_steps * delta_t, n_steps / round(1 / delta_t), (n_steps - 0.4) * delta_t):
        spikes = reading_of_times(np.array([0, duration], dtype), [0, 0], Conventions(delta_t, duration), "").spikes
        assert spikes.steps.tolist() == [0, n_steps - 1] and spikes.n_steps == n_steps


@given(st.integers(1, 10**8), DELTA_T)
def test_sessions_have_as_many_steps_as_fit(n_steps, delta_t):
    for duration, expected in (
        (n_steps * delta_t, n_steps),
        (n_steps / round(1 / delta_t), n_steps),
        ((n_steps + 0.3) * delta_t, n_steps + 1),
    ):
        assert reading_of_times([], [], Conventions(delta_t, duration), "").spikes.n_steps == expected


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=60), st.booleans())
def test_spikes_of_a_step_are_in_the_order_of_their_neurons(spikes, drop_duplicates):
    """Times in quarters of steps; several spikes of a neuron in a step, or at a time."""
    spikes = sorted(spikes, key=lambda spike: spike[0])
    times, neurons = (np.array([spike[column] for spike in spikes], np.int64) for column in (0, 1))
    found = reading_of_times(times * 0.25e-3, neurons, Conventions(1e-3, drop_duplicates=drop_duplicates), "here")
    kept = list(dict.fromkeys(spikes)) if drop_duplicates else spikes
    expected = sorted((time // 4, neuron) for time, neuron in kept)
    assert list(zip(found.spikes.steps.tolist(), found.spikes.neurons.tolist(), strict=True)) == expected
    assert found.n_copies == len(kept) - len(set(kept))


def test_scipy_io_is_left_alone_until_a_file_of_matlab_is_read():
    code = "import sys, neuro_mod.core.spiking_net.analysis.analyzer; assert 'scipy.io' not in sys.modules"
    run_python("-c", code).check_returncode()
