"""Time courses against their closed forms; windows and intervals against exact decimal arithmetic."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal
from math import erf, exp, inf, nan, pi, sin, sqrt

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from neuro_mod.core.perturbations import (
    Diff2Exp,
    Gaussian,
    Hat,
    Ramp,
    Sampled,
    Sine,
    TimedPerturbation,
    VectorialPerturbation,
)

ONSET = 0.3
#: A course of each shape with an onset, its value t seconds after the onset, and where that is to be looked at.
FORMS = {
    "hat": (Hat, {}, lambda t: 1.0),
    "ramp": (Ramp, {"rise_time": 0.2}, lambda t: t / 0.2 if t < 0.2 else 1.0),
    "sine": (Sine, {"frequency": 7.0, "phase": 0.4}, lambda t: sin(2 * pi * 7 * t + 0.4)),
    "diff2exp": (
        Diff2Exp,
        {"tau_rise": 0.02, "tau_decay": 0.1},
        # the peak lies at t = ln(5) 0.02 0.1 / 0.08, where the difference is 5^(-1/4) - 5^(-5/4)
        lambda t: (exp(-t / 0.1) - exp(-t / 0.02)) / (5**-0.25 - 5**-1.25),
    ),
    "gaussian": (Gaussian, {"peak_time": 0.5, "width": 0.07}, lambda t: exp(-((t + ONSET - 0.5) ** 2) / (2 * 0.07**2))),
    "sampled": (
        Sampled,
        {"values": [1.5, -2.0, 0.25], "interval": 0.125},
        lambda t: [1.5, -2.0, 0.25][min(int(t / 0.125), 2)],
    ),
}  # fmt: skip
every_shape = pytest.mark.parametrize(("shape", "parameters", "form"), FORMS.values(), ids=FORMS)
#: At 0.1 ms, in the middle of a step: no window or interval changes there.
TIMES = np.arange(0, 1.2, 1e-4) + 0.5e-4


@every_shape
@pytest.mark.parametrize("offset", [None, 0.8])
def test_closed_form(shape, parameters, form, offset):
    found = shape(onset_time=ONSET, offset_time=offset, **parameters)(TIMES)
    inside = [time > ONSET and (offset is None or time < offset) for time in TIMES]
    expected = [form(time - ONSET) if there else 0.0 for time, there in zip(TIMES, inside, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)  # rounding of times of 1 s times slopes of 50/s
    assert not found[~np.array(inside)].any() and found.any()


@every_shape
def test_numbers_and_arrays_of_any_shape(shape, parameters, form):
    course = shape(onset_time=ONSET, **parameters)
    assert float(course(ONSET + 0.06)) == pytest.approx(form(0.06), rel=1e-12)
    times = TIMES[:600].reshape(20, 5, 6)
    np.testing.assert_array_equal(course(times), course(TIMES[:600]).reshape(20, 5, 6))


@pytest.mark.parametrize("h", ["0.0005", "0.0001", "0.001", "0.00025", "0.0003", "0.01", "0.00000125"])
@pytest.mark.parametrize(
    ("onset", "length"),
    [("0", "0.1"), ("0.1", "0.2"), ("0.3", "0.6"), ("0.7", "0.1"), ("2.5", "0.0005"), ("1.1", "1"), ("9999.9", "0.7")],
)  # fmt: skip
def test_a_window_holds_the_very_steps_that_exact_arithmetic_puts_there(onset, length, h):
    """0.1 s is step 200 of 0.5 ms, not 199 or 201, whatever k h rounds to."""
    start, step = Decimal(onset), Decimal(h)
    end = start + Decimal(length)
    around = [int(start / step), int(end / step)]
    steps = np.unique(np.concatenate([np.arange(max(k - 5, 0), k + 6) for k in around]))
    expected = [start <= int(k) * step < end for k in steps]
    course = Hat(onset_time=float(start), offset_time=float(end))
    assert (course(steps * float(h)) > 0).tolist() == expected
    assert (Hat(onset_time=float(start))(steps * float(h)) > 0).tolist() == [start <= int(k) * step for k in steps]


@pytest.mark.parametrize("interval", ["0.0005", "0.01", "0.007", "0.1", "0.3", "0.00075"])
@pytest.mark.parametrize("onset", ["0", "0.1", "0.35"])
def test_an_interval_holds_each_value_for_the_very_steps(onset, interval):
    step, start, length = Decimal("0.0005"), Decimal(onset), Decimal(interval)
    held = [int((k * step - start) // length) for k in range(int(start / step), 2000)]
    times = np.arange(int(start / step), 2000) * 0.5e-3
    values = np.random.default_rng(1).normal(size=max(held) + 1)
    sampled = Sampled(onset_time=float(start), values=values, interval=float(length))
    np.testing.assert_array_equal(sampled(times), values[held])
    ramp = Ramp(onset_time=float(start), rise_time=0.5, interval=float(length))
    np.testing.assert_allclose(ramp(times), [min(n * float(length) / 0.5, 1) for n in held], rtol=1e-12)
    sine = Sine(onset_time=float(start), frequency=3.0, interval=float(length))
    np.testing.assert_allclose(sine(times), [sin(6 * pi * n * float(length)) for n in held], atol=1e-12)
    assert len(np.unique(sampled(times))) == len(set(held))


def test_an_interval_counts_from_the_onset():
    course = Ramp(onset_time=0.03, rise_time=1.0, interval=0.1)
    np.testing.assert_allclose(course([0.02, 0.03, 0.129, 0.131, 0.229, 0.231]), [0, 0, 0, 0.1, 0.1, 0.2], atol=1e-15)


def test_a_sampled_course_keeps_its_last_value_to_the_end_of_its_window():
    values = {"values": [1.0, 4.0], "interval": 0.1}
    assert Sampled(**values)([0.05, 0.15, 0.25, 1e6]).tolist() == [1, 4, 4, 4]
    assert Sampled(**values, offset_time=0.5)([0.05, 0.15, 0.49, 0.5, 7]).tolist() == [1, 4, 4, 0, 0]
    assert Sampled(**values, offset_time=0.1)([0.05, 0.1]).tolist() == [1, 0]


def test_a_ramp_without_a_rise_time_ends_with_its_window():
    course = Ramp(onset_time=0.1, offset_time=0.3)
    np.testing.assert_allclose(course([0.05, 0.1, 0.15, 0.2, 0.2999, 0.3]), [0, 0, 0.25, 0.5, 0.9995, 0], atol=1e-12)


@pytest.mark.parametrize("rise", [1e-4, 0.02, 0.0999, 0.1 * (1 - 1e-9)])
def test_the_peak_of_diff2exp_is_one(rise):
    course = Diff2Exp(onset_time=0.5, tau_rise=rise, tau_decay=0.1)
    found = minimize_scalar(lambda t: -float(course(t)), bounds=(0.5, 1.0), method="bounded", options={"xatol": 1e-7})
    assert -found.fun == pytest.approx(1, abs=1e-9)


def test_the_area_of_a_gaussian():
    course = Gaussian(onset_time=0.2, offset_time=0.9, peak_time=0.6, width=0.1)
    area = quad(lambda t: float(course(t)), 0.2, 0.9, epsabs=1e-12)[0]
    expected = 0.1 * sqrt(2 * pi) * (erf(4 / sqrt(2)) + erf(3 / sqrt(2))) / 2
    assert area == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Hat(onset_time=0.5, offset_time=0.5),
            r"offset_time: 0\.5 found; expected a time after onset_time, 0\.5 s",
        ),
        (lambda: Hat(onset_time=0.5, offset_time=0.1), "expected a time after onset_time"),
        (lambda: Hat(onset_time=nan), "onset_time: nan found"),
        (lambda: Hat(onset_time=inf), "onset_time: inf found"),
        (lambda: Hat(offset_time=nan), "offset_time: nan found"),
        (Ramp, "rise_time: missing; expected rise_time or offset_time"),
        (lambda: Ramp(rise_time=0.0), "rise_time: 0.0 found; expected above 0"),
        (lambda: Ramp(rise_time=1.0, interval=-0.1), r"interval: -0\.1 found; expected above 0"),
        (lambda: Sine(frequency=0.0), "frequency: 0.0 found"),
        (lambda: Sine(frequency=nan), "frequency: nan found"),
        (lambda: Sine(frequency=1.0, phase=nan), "phase: nan found"),
        (lambda: Sine(frequency=1.0, interval=0.0), "interval: 0.0 found"),
        (
            lambda: Diff2Exp(tau_rise=0.1, tau_decay=0.1),
            r"tau_rise: 0\.1 found; expected a time between 0 and tau_decay",
        ),
        (lambda: Diff2Exp(tau_rise=0.0, tau_decay=0.1), "tau_rise: 0.0 found"),
        (lambda: Diff2Exp(tau_rise=0.1, tau_decay=inf), "tau_decay: inf found; expected finite"),
        (lambda: Gaussian(peak_time=0.1, width=0.0), "width: 0.0 found"),
        (lambda: Gaussian(peak_time=nan, width=0.1), "peak_time: nan found"),
        (lambda: Sampled(values=[1.0], interval=0.0), "interval: 0.0 found"),
        (lambda: Sampled(values=[], interval=1.0), "list of one or more finite values"),
        (lambda: Sampled(values=[1.0, nan], interval=1.0), "list of one or more finite values"),
        (lambda: Sampled(values=[[1.0]], interval=1.0), "list of one or more finite values"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def timed(course):
    return TimedPerturbation(VectorialPerturbation([1.0, -2.0], [0.0, 4.0]), (3.0, 0.5), course)


def test_a_perturbation_at_a_time_and_at_its_onset():
    about = timed(Ramp(onset_time=0.1, offset_time=0.5))
    assert about.vector.tolist() == [3.0, -4.0]
    np.testing.assert_allclose(about.at(0.3), [1.5, -2.0], rtol=1e-12)
    assert not about.at().any()  # a ramp begins at 0
    assert timed(Hat(onset_time=0.1)).at().tolist() == [3.0, -4.0]
    assert not timed(Hat(onset_time=0.1)).at(0.05).any()


@pytest.mark.parametrize("first", [0, 150, 700])
def test_a_perturbation_in_the_steps_of_a_run_that_begins_anywhere(first):
    about = timed(Sine(onset_time=0.1, offset_time=0.3, frequency=4.0, interval=0.01))
    factor = about.factor(400, 0.5e-3, first)
    course = about.times(factor)
    for step in range(400):
        k = first + step
        inside = 200 <= k < 600  # 0.1 s and 0.3 s
        expected = sin(8 * pi * ((k - 200) // 20) * 0.01) if inside else 0.0
        np.testing.assert_allclose(course.at([step])[0], [3 * expected, -4 * expected], atol=1e-12)
    assert len(factor.steps) <= 22


@pytest.mark.parametrize("first", [0, 65_500])
def test_a_long_run_is_one_course(first):
    factor = timed(Sine(onset_time=1.0, frequency=0.01)).factor(140_000, 0.5e-3, first)
    expected = [sin(2 * pi * 0.01 * (k * 0.5e-3 - 1)) if k >= 2000 else 0.0 for k in range(first, first + 140_000)]
    np.testing.assert_allclose(factor.at(np.arange(140_000)), expected, atol=1e-12)


def test_memory_follows_the_changes_and_not_the_steps():
    tracemalloc.start()
    factor = timed(Hat(onset_time=0.5, offset_time=2000.0)).factor(5_000_000, 0.5e-3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert factor.steps.tolist() == [0, 1000, 4_000_000] and factor.values.tolist() == [0, 1, 0]
    assert peak < 10e6  # one number for each step would be 40 MB
