"""Neurons in the compiled loop: voltage and current between two steps, refractory periods, and spikes."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuro_mod.core.compilation import inlined
from neuro_mod.core.spiking_net.engine.arguments import Parameters, Scratch

#: Remaining refractory steps are counted down from here at most, in 8 bits.
_MAX_LEFT = 127
#: Steps after which longer periods are looked at again.
RENEW = 64

_ONE = np.uint64(1)
#: Times the lowest bit of byte b of a word, this has b in its top byte.
_PLACES = np.uint64(0x0001020304050607)
_TOP_BYTE = np.uint64(56)


def _product(x: Any, y: Any) -> Any:
    return x * y


#: Rounded before anything is added, so that results are the same whether arrivals are added at once or later.
_rounded_product = inlined(_product, contract=False)


@inlined
def any_longer(release: Any, parameters: Parameters) -> bool:
    """Whether any refractory period is longer than 8 bits can count."""
    longer = False
    for i in range(release.shape[0]):
        longer |= release[i] > _MAX_LEFT
    for periods in parameters.refractory_steps:
        for period in periods:
            longer |= period > _MAX_LEFT
    return longer


@inlined
def count_down(left: Any, release: Any, done: int) -> None:
    """Set the remaining refractory steps from the steps at which neurons are released."""
    for i in range(left.shape[0]):
        left[i] = np.int8(min(max(release[i] - done, 0), _MAX_LEFT))


@inlined
def integrate(
    voltage: Any,
    current: Any,
    left: Any,
    above: Any,
    gain: Any,
    strength: Any,
    count: Any,
    weight: Any,
    parameters: Parameters,
    k: int,
    g: int,
) -> None:
    """Voltage, whether it is at threshold, then decay of the current and external arrivals from one source."""
    a, b, c, d = parameters.a[k, g], parameters.b[k, g], parameters.c[k, g], parameters.d[k, g]
    reset, threshold, push = parameters.reset_voltage[k, g], parameters.threshold[k, g], c * strength
    driven = strength != 0
    for i in range(voltage.shape[0]):
        held = left[i] > 0
        free = a * voltage[i] + b * current[i]
        if driven:
            free += push * gain[i]
        v = reset if held else free
        voltage[i] = v
        above[i] = v >= threshold
        current[i] = _rounded_product(d, current[i]) + weight * np.float32(count[i])
    for i in range(left.shape[0]):
        left[i] -= np.int8(left[i] > 0)


@inlined
def fire(voltage: Any, scratch: Scratch, parameters: Parameters, k: int, done: int) -> int:
    """Reset the neurons at threshold and put their indices into ``scratch.fired``; return their number."""
    n_fired, g, fired = 0, 0, scratch.fired
    for word in range(scratch.above_words.shape[0]):
        left = scratch.above_words[word]
        while left:
            lowest = left & (~left + _ONE)
            fired[n_fired] = np.uint64(8 * word) + (lowest * _PLACES >> _TOP_BYTE)
            n_fired += 1
            left ^= lowest
    for i in fired[:n_fired]:
        while i >= parameters.edges[g + 1]:
            g += 1
        steps = parameters.refractory_steps[k, g]
        voltage[i] = parameters.reset_voltage[k, g]
        scratch.left[i] = min(steps, _MAX_LEFT)
        scratch.release[i] = done + 1 + np.int64(steps)
    return n_fired
