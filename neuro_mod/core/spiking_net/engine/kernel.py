"""The compiled time loop: the order of events of one step, for all neurons.

Neurons whose parameters are the same, now and later, form a segment; within a segment parameters are scalars.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuro_mod.core.compilation import inlined, kernel
from neuro_mod.core.spiking_net.engine import arrivals, delivery, dynamics, scoring
from neuro_mod.core.spiking_net.engine.arguments import Drive, Noise, Parameters, Scores, Scratch, Traces, Wiring
from neuro_mod.core.spiking_net.engine.arrivals import WORDS


@kernel
def advance(
    begin: int,
    n_steps: int,
    first_step: int,
    counted: int,
    voltage: Any,
    current: Any,
    refractory: Any,
    parameters: Parameters,
    noise: Noise,
    drive: Drive,
    wiring: Wiring,
    scratch: Scratch,
    traces: Traces,
    scores: Scores,
    spike_steps: Any,
    spike_neurons: Any,
) -> tuple[int, int, int, bool]:
    """Advance the state (in place) by up to ``n_steps`` steps, until a step's spikes might not fit.

    Args:
        begin: First of these steps, counted from the start of the run.
        n_steps: Number of steps.
        first_step: Step, counted from the start of the noise, at which the run started.
        counted: Step of the run up to which `noise` holds the external counts under these rates, from the previous call
            on; ``begin`` or less if it does not.
        voltage: V, shape ``(n,)``; float32 or float64 throughout.
        current: I, shape ``(n,)``.
        refractory: Steps left in the refractory period, shape ``(n,)``, int32.
        parameters: See `Parameters`; the first piece begins at ``begin`` or before.
        noise: See `Noise`.
        drive: See `Drive`; no spike is injected before ``begin``.
        wiring: See `Wiring`.
        scratch: See `Scratch`.
        traces: See `Traces`.
        scores: See `Scores`; its bins, empty, cover these steps.
        spike_steps: Filled with the steps of the spikes, counted from the start of the run; at least n long.
        spike_neurons: Filled with the neurons of the spikes, as long.

    Returns:
        Steps done, spikes written, the step up to which there are external counts, and whether the state is finite.
    """
    n, n_sources, left, above = voltage.shape[0], noise.front.shape[0], scratch.left, scratch.above
    for i in range(n):
        scratch.release[i] = refractory[i]
    longer = dynamics.any_longer(scratch.release, parameters)
    dynamics.count_down(left, scratch.release, 0)
    injected, n_spikes, done, drawn = 0, 0, np.int64(0), np.int64(max(begin, counted))
    k, r = np.int64(-1), np.int64(0 if counted > begin else -1)
    while done < n_steps and n_spikes + n <= spike_steps.shape[0]:
        run_step = begin + done
        step = first_step + run_step
        if k < 0 or (k + 1 < parameters.begins.shape[0] and run_step == parameters.begins[k + 1]):
            k += 1
        if longer and done % dynamics.RENEW == 0:
            dynamics.count_down(left, scratch.release, done)

        if run_step == drawn:
            r, drawn = _draw(noise, parameters, scores, r, run_step, first_step, done == 0)
        scoring.add(scores, noise, step % WORDS, run_step)
        received, arrived = 0, scratch.silence
        if n_sources and not noise.shifted[0]:
            received, arrived = 1, noise.counts[0, step % WORDS]

        strength = drive.course[min(run_step, drive.course.shape[0] - 1)]
        for g in range(parameters.edges.shape[0] - 1):
            segment = slice(parameters.edges[g], parameters.edges[g + 1])
            v, i, gain, count = voltage[segment], current[segment], drive.gain[segment], arrived[segment]
            weight = parameters.external_weight[k, 0, g] if received else voltage.dtype.type(0)
            dynamics.integrate(v, i, left[segment], above[segment], gain, strength, count, weight, parameters, k, g)
        n_fired = dynamics.fire(voltage, scratch, parameters, k, done)
        fired = scratch.fired[:n_fired]

        for s in range(received, n_sources):
            arrivals.receive(current, noise.counts[s, step % WORDS], noise, parameters, k, s)
        delivery.deliver(current, fired, scratch, parameters, k, wiring)
        while injected < drive.steps.shape[0] and drive.steps[injected] == run_step:
            current[drive.neurons[injected]] += drive.jumps[injected]
            injected += 1

        for neuron in fired:
            spike_steps[n_spikes] = run_step
            spike_neurons[n_spikes] = neuron
            n_spikes += 1
        _trace(traces, run_step, voltage, current)
        done += 1
    scoring.flush(scores, noise, (first_step + begin + done - 1) % WORDS, begin + done - 1)
    finite = True
    for i in range(n):
        refractory[i] = np.int32(max(scratch.release[i] - done, 0))
        finite &= np.isfinite(voltage[i]) and np.isfinite(current[i])
    return int(done), n_spikes, int(drawn), finite


@inlined
def _draw(
    noise: Noise, parameters: Parameters, scores: Scores, r: int, run_step: int, first_step: int, new_words: bool
) -> tuple[int, int]:
    """Draw external counts from a step on until rates change or the block of words ends.

    Args:
        noise: See `Noise`.
        parameters: See `Parameters`.
        scores: See `Scores`.
        r: Latest piece of constant rates, -1 before the first one.
        run_step: The step, counted from the start of the run.
        first_step: As for `advance`.
        new_words: Whether words are drawn within a block, too.

    Returns:
        The piece of constant rates, and the step up to which there are counts.
    """
    begins, step = parameters.rate_begins, first_step + run_step
    end = run_step - step % WORDS + WORDS
    again = r < 0 or (r + 1 < begins.shape[0] and run_step == begins[r + 1])
    if again:
        scoring.flush(scores, noise, (step - 1) % WORDS, run_step - 1)
        r += 1
    if r + 1 < begins.shape[0]:
        end = min(end, begins[r + 1])
    for s in range(noise.front.shape[0]):
        if again:
            arrivals.tabulate(noise, s, parameters.mean[r, s], parameters.slope[r, s])
        arrivals.draw_counts(noise, s, step, first_step + end, new_words or step % WORDS == 0)
    if again:
        scoring.renew(scores, noise)
    return r, end


@inlined
def _trace(traces: Any, run_step: Any, voltage: Any, current: Any) -> None:
    if run_step % traces.every == 0:
        sample = run_step // traces.every - traces.first
        for i, neuron in enumerate(traces.voltage_neurons):
            traces.voltage[sample, i] = voltage[neuron]
        for i, neuron in enumerate(traces.current_neurons):
            traces.current[sample, i] = current[neuron]


@kernel
def draw_counts(first_step: int, mean: Any, slope: Any, noise: Noise, counts: Any) -> None:
    """External spike counts of all neurons.

    Args:
        first_step: First step.
        mean: As in `Parameters`, shape ``(S, P)``.
        slope: Likewise.
        noise: See `Noise`.
        counts: Filled with the counts in these steps, shape ``(n_steps, S, n)``.
    """
    for s in range(noise.front.shape[0]):
        arrivals.tabulate(noise, s, mean[s], slope[s])
        for done in range(counts.shape[0]):
            step = first_step + done
            if done == 0 or step % WORDS == 0:
                arrivals.draw_counts(noise, s, step, step - step % WORDS + WORDS, True)
            for i in range(counts.shape[2]):
                counts[done, s, i] = noise.counts[s, step % WORDS, i] + noise.first[s, i]
