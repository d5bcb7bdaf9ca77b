"""The linear response of a mean field about a stable steady state."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.mean_field.core.coefficients import Moments
from neuro_mod.core.mean_field.core.fixed_points import FixedPoint
from neuro_mod.core.mean_field.core.linear_response import LinearResponse
from neuro_mod.core.mean_field.core.modulated_neurons import ModulatedNeurons
from neuro_mod.core.mean_field.core.rate_equations import RateEquations
from neuro_mod.core.mean_field.core.sensitivity import STEADY
from neuro_mod.errors import NumericalError, invalid

_Array = NDArray[np.float64]
_Complex = NDArray[np.complex128]

#: Frequencies in Hz at which stability is examined, and of which a response is made by default.
FREQUENCIES = np.concatenate([[0.0], np.geomspace(0.05, 1000.0, 240)])


def linear_response(
    field: RateEquations,
    rates: _Array,
    external: Moments,
    sizes: NDArray[np.int64],
    *,
    frequencies: ArrayLike | None = None,
    delay: float = 0.0,
) -> LinearResponse:
    """The linear response about rates that have been found stable by their eigenvalues.

    Args:
        field: The mean field.
        rates: Of the steady state in Hz, shape ``(P,)``.
        external: Input per Hz of external rate of each population, shape ``(P,)`` each.
        sizes: Numbers of neurons, shape ``(P,)``.
        frequencies: In Hz, rising from 0 or more, shape ``(F,)``; `FREQUENCIES` by default.
        delay: Seconds from a spike to its effect on current.

    Raises:
        InputError: A population has no noise or an unfiltered input, or frequencies or delay are not valid.
        NumericalError: The state is unstable at some frequency.
    """
    wanted = FREQUENCIES if frequencies is None else _checked(frequencies)
    if not 0 <= delay < np.inf:
        raise invalid("delay", delay, "seconds from 0")
    every = np.union1d(FREQUENCIES, wanted)
    coefficients = field.coefficients
    neurons = ModulatedNeurons.solved(every, field.moments(rates), coefficients.neurons)
    neurons = neurons.averaged(coefficients.z_weights)
    by_mu, by_variance = neurons.by_mu, neurons.by_variance
    by_rate = field.moments_by_rate(rates)
    connectivity = by_mu[..., None] * by_rate.mu + by_variance[..., None] * by_rate.variance
    connectivity *= np.exp(-2j * np.pi * every * delay)[:, None, None]
    unstable = encirclements(connectivity)
    if unstable:
        raise NumericalError(
            f"state: {abs(unstable)} unstable modes found at a frequency above 0; expected a state that is stable when "
            "neurons respond to fast modulations as they do"
        )
    kept = np.searchsorted(every, wanted)
    by_external = by_mu * external.mu + by_variance * external.variance
    return LinearResponse(
        frequencies=wanted,
        rates=rates,
        sizes=sizes,
        by_mu=neurons.by_mu[kept],
        by_external_rate=by_external[kept],
        connectivity=connectivity[kept],
        spectrum_of_one=neurons.spectrum[kept],
    )


def encirclements(connectivity: _Complex) -> int:
    """How often ``det(1 - M)`` winds around 0 (Nyquist): the number of unstable modes.

    Args:
        connectivity: M from frequency 0 to one at which it is small, shape ``(F, P, P)``.
    """
    phases = np.unwrap(np.angle(np.linalg.det(np.eye(connectivity.shape[-1]) - connectivity)))
    return int(np.rint((phases[0] - phases[-1]) / np.pi))


def stable_rates(field: RateEquations, state: FixedPoint | ArrayLike) -> _Array:
    """Rates of a state that has been found steady and stable.

    Raises:
        InputError: It is not.
    """
    rates = field.rates(state.rates if isinstance(state, FixedPoint) else state)
    residual = float(np.abs(field.equations(rates) / np.maximum(rates, 1.0)).max(initial=0.0))
    if not residual <= STEADY:
        raise invalid("state", f"{residual:.2g} Hz from where its rates lead", "a steady state, see fixed_points")
    kind = field.determine_stability(rates)[0]
    if not kind.startswith("stable"):
        raise invalid("state", kind, "a stable steady state", "fluctuations about others grow")
    return rates


def checked_sizes(sizes: ArrayLike, n_populations: int) -> NDArray[np.int64]:
    """Numbers of neurons, shape ``(P,)``.

    Raises:
        InputError: They are not.
    """
    numbers = np.asarray(sizes)
    if numbers.shape != (n_populations,) or not (numbers >= 0).all() or not (numbers == np.rint(numbers)).all():
        raise invalid("sizes", numbers.tolist(), f"{n_populations} numbers of neurons")
    return numbers.astype(np.int64)


def _checked(frequencies: ArrayLike) -> _Array:
    wanted = np.asarray(frequencies, np.float64)
    valid = wanted.ndim == 1 and wanted.size and np.isfinite(wanted).all()
    if not valid or wanted[0] < 0 or (np.diff(wanted) <= 0).any():
        raise invalid("frequencies", wanted.tolist(), "numbers in Hz from 0 that rise")
    return wanted
