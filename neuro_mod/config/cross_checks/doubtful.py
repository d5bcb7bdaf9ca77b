"""What is valid but probably not meant: times that are rounded, a coarse time step, times beyond the end of the run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config.cross_checks.draft import Draft
from neuro_mod.config.cross_checks.perturbation import perturbed_times
from neuro_mod.core.spiking_net.time_step import EULER_OSCILLATES, euler_ratio, refractory_steps

_ROUNDING = 1e-12
#: Times of a time course that milliseconds read as seconds make longer than a run.
_LASTING = ("peak_time", "rise_time", "tau_rise", "tau_decay", "width", "interval")


def warnings_of(draft: Draft) -> Iterator[str]:
    """What a simulation does other than a valid configuration says, one line each."""
    yield from _time_step(draft)
    yield from rounded_thresholds(draft)
    yield from _stimulus(draft)
    yield from _time_courses(draft)


def _time_step(draft: Draft) -> Iterator[str]:
    """Rounded refractory periods, and a time step that is coarse."""
    times, perturbed = draft["init_params"], dict(perturbed_times(draft))
    changed = [values for target, values in perturbed.items() if target != "tau_refractory"]
    shortest = min(map(np.min, (times.tau_membrane, times.tau_synaptic, *changed)))
    if euler_ratio(times.mechanism, times.delta_t, shortest) > EULER_OSCILLATES:
        yield (
            f"init_params.delta_t = {times.delta_t:g} s is longer than a time constant of {shortest:g} s, where Euler "
            "steps oscillate; use a shorter step, or mechanism: analytic"
        )
    simulated = round(times.duration_sec / times.delta_t) * times.delta_t
    if abs(simulated - times.duration_sec) > 1e-6 * times.delta_t:
        yield (
            f"init_params.duration_sec = {times.duration_sec:g} s is no multiple of delta_t = {times.delta_t:g} s; "
            f"{simulated:g} s are simulated"
        )
    yield from _rounded("init_params.tau_refractory", np.unique(times.tau_refractory), times.delta_t)
    if "tau_refractory" in perturbed:
        periods = np.setdiff1d(perturbed["tau_refractory"], times.tau_refractory)
        yield from islice(_rounded("perturbed tau_refractory", periods, times.delta_t), 1)


def _rounded(name: str, periods: NDArray[np.float64], delta_t: float) -> Iterator[str]:
    for period in periods:
        applied = refractory_steps(period, delta_t) * delta_t
        if abs(applied - period) > _ROUNDING + 1e-6 * delta_t:
            yield f"{name} = {period:g} s is no multiple of delta_t = {delta_t:g} s; {applied:g} s is applied"


def rounded_thresholds(draft: Draft) -> Iterator[str]:
    """Thresholds that round to the reset voltage in single precision, which is the default."""
    neurons, populations = draft["init_params"], draft.populations
    values = (populations.expand(each) for each in (neurons.threshold, neurons.reset_voltage))
    threshold, reset = (np.asarray(value, np.float32) for value in values)
    for index in np.flatnonzero(threshold <= reset)[:1]:
        yield (
            f"init_params.threshold of {populations.names[index]} equals init_params.reset_voltage in single precision "
            "(float32); only a run with dtype float64 can tell them apart"
        )


def _stimulus(draft: Draft) -> Iterator[str]:
    """Onsets and offsets beyond the end of the run, and choices of neurons that have no effect."""
    stimulus, end = draft["stimulus"], draft["init_params.duration_sec"]
    is_meant = bool(stimulus.onsets) and "amplitude" in stimulus.model_fields_set  # a condition without stimulus, say
    for key in ("clusters", "neurons", "seed"):
        if stimulus.off and not is_meant and getattr(stimulus, key) is not None:
            yield f"stimulus.{key} has no effect, as {stimulus.off}"
    if stimulus.seed is not None and not stimulus.off and stimulus.is_fixed:
        yield "stimulus.seed has no effect, as no cluster and no neuron is drawn"
    if stimulus.amplitude == 0:
        return
    for index, onset in enumerate(stimulus.onsets):
        if onset >= end:
            yield f"stimulus.onsets[{index}] = {onset:g} s has no effect, as {_run(end)}{_milliseconds(onset, end)}"
    if stimulus.onsets and stimulus.stimulus_shape != "diff2exp":
        yield from _longer("stimulus.duration_sec", stimulus.duration_sec, end)


def _time_courses(draft: Draft) -> Iterator[str]:
    """Times of perturbations that are longer than the run."""
    end = draft["init_params.duration_sec"]
    for target, block in draft["perturbation"].blocks.items():
        for key, value in block.times.given().items():
            if key in _LASTING:
                yield from _longer(f"perturbation.{target}.time_dependence.{key}", value, end)


def _longer(key: str, time: float, end: float) -> Iterator[str]:
    if time > max(end, 1.0):
        yield f"{key} = {time:g} s is beyond the end of the run: {_run(end)}{_milliseconds(time, end)}"


def _run(end: float) -> str:
    return f"init_params.duration_sec = {end:g} s"


def _milliseconds(time: float, end: float) -> str:
    """A question, if the time in milliseconds would be within the run."""
    return f"; did you mean {time / 1e3:g}, or {time:g} ms?" if time / 1e3 < end else ""
