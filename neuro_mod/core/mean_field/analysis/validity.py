"""The assumptions of the mean field, and how well a network in one of its states meets them.

Where the literature gives no limit, quantities that should be small are limited to a tenth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.arousal import MEAN_Z
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.mean_field.core.theory import DEFAULT_THEORY, Theory

_Array = NDArray[np.float64]

#: Inputs that contribute less than this fraction of the variance of a population's input are neglected.
MATTERS = 0.05
SMALL = 0.1
#: Numbers with a smaller relative difference are equal; states have no higher precision.
_SAME = 1e-6
_OUR_RULE = "by our rule of a tenth"


@dataclass(frozen=True, eq=False)
class Assumption:
    """An assumption of the theory, judged by a number for each population.

    Args:
        name: What is assumed.
        quantity: The number by which it is judged.
        values: This number for each population, NaN where it has none, shape ``(P,)``.
        populations: Names of the populations.
        limit: Largest value for which the assumption holds; the smallest one if ``at_least``.
        at_least: Whether the number should be large.
        source: Where the limit comes from, as the end of a sentence.
        consequence: The effect where it does not hold.
    """

    name: str
    quantity: str
    values: _Array
    populations: tuple[str, ...]
    limit: float
    at_least: bool
    source: str
    consequence: str

    @property
    def beyond(self) -> NDArray[np.bool_]:
        """Populations in which it does not hold, shape ``(P,)``."""
        return self.values < self.limit if self.at_least else self.values > self.limit

    @property
    def kept(self) -> bool | None:
        """Whether it holds in all populations that have the number; None if none has."""
        return None if np.isnan(self.values).all() else not self.beyond.any()

    @property
    def worst(self) -> tuple[str, float] | None:
        """The worst number and the first population that has it; None where there are no numbers."""
        if np.isnan(self.values).all():
            return None
        value = float(np.nanmin(self.values) if self.at_least else np.nanmax(self.values))
        first = np.flatnonzero(np.isclose(self.values, value, rtol=_SAME, atol=0.0))[0]
        return self.populations[first], value

    def describe(self) -> str:
        """A description in one or two sentences."""
        if self.worst is None:
            return f"{self.quantity}: no population has one."
        where, value = self.worst
        known = self.values[~np.isnan(self.values)]
        best = float(known.max() if self.at_least else known.min())
        alike = f"{best:.3g}" == f"{value:.3g}"
        found = f"{value:.3g} everywhere" if alike else f"{value:.3g} in {where}, and {best:.3g} at best"
        bound = f"{'at least' if self.at_least else 'at most'} {self.limit:.3g}"
        sentence = f"{self.quantity} is {found}; it should be {bound}, {self.source}"
        if self.kept:
            return f"{sentence}."
        n = self.beyond.sum()
        extent = f"all {n}" if n == len(known) else f"{n} of {len(known)}"
        return f"{sentence}; it is beyond that in {extent} populations. {self.consequence}"


def assess(
    circuit: Circuit,
    rates: ArrayLike,
    mu: ArrayLike,
    sigma: ArrayLike,
    jacobian: ArrayLike | None = None,
    theory: Theory = DEFAULT_THEORY,
) -> tuple[Assumption, ...]:
    """Judge the assumptions of the theory for a network in a state.

    Assumptions that a theory does not make are left out: fast synapses with the exact response; irregular spikes and
    short refractory periods with the renewal closure, which takes both into account.

    Inputs matter to a population if they contribute at least the fraction `MATTERS` to the variance of its input.

    Args:
        circuit: The network, P populations.
        rates: The state in Hz, shape ``(P,)``.
        mu: Mean input in threshold units, shape ``(P,)``.
        sigma: Root of the variance of the input, in threshold units, shape ``(P,)``.
        jacobian: Total derivative of ``-nu + phi(nu)``, shape ``(P, P)``; without it, the amplification of
            errors is not judged.
        theory: The theory of which `rates` are a state.
    """
    rates, mu, sigma = (np.asarray(each, np.float64) for each in (rates, mu, sigma))
    state = _SteadyState(rates, mu, sigma, _inverse(jacobian, len(rates)))
    inputs = _inputs(circuit, rates)
    exist = circuit.populations.sizes > 0

    def assumption(rule: _Rule) -> Assumption:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = rule.values(circuit, inputs, state)
        judged = np.where(exist & np.isfinite(values), values, np.nan)
        of_rule = {key: value for key, value in rule._asdict().items() if key != "made_by"}
        return Assumption(**of_rule | {"values": judged, "populations": circuit.populations.names})

    made = (None, theory.response, theory.closure)
    rules = (rule for rule in _RULES if rule.made_by in made and (jacobian is not None or rule is not _ROBUST))
    return tuple(assumption(rule) for rule in rules)


class _SteadyState(NamedTuple):
    rates: _Array
    mu: _Array
    sigma: _Array
    inverse: _Array


def _inverse(jacobian: ArrayLike | None, n: int) -> _Array:
    """Inverse of the Jacobian, shape ``(P, P)``; NaN where there is none."""
    unknown = np.full((n, n), np.nan)
    try:
        return unknown if jacobian is None else np.asarray(np.linalg.inv(np.asarray(jacobian, np.float64)), np.float64)
    except np.linalg.LinAlgError:
        return unknown


class _Inputs(NamedTuple):
    """Inputs of each population ``[post, input]``, first from the P populations, then from the external sources."""

    in_degree: _Array
    weight: _Array
    matters: NDArray[np.bool_]

    def largest(self, values: _Array) -> _Array:
        """The largest among the inputs that matter, shape ``(P,)``; -inf where none does."""
        n = values.shape[1]
        return np.where(self.matters[:, :n], values, -np.inf).max(axis=1, initial=-np.inf)


def _inputs(circuit: Circuit, rates: _Array) -> _Inputs:
    external_rate = circuit.external_rate + MEAN_Z * circuit.arousal_rate
    in_degree = np.hstack([circuit.connection_probability * circuit.populations.sizes, circuit.external_in_degree.T])
    weight = np.hstack([circuit.block_weights, circuit.external_weight.T])
    rate = np.hstack([np.broadcast_to(rates, circuit.block_weights.shape), external_rate.T])
    variance = circuit.neurons.tau_membrane[:, None] * in_degree * weight**2 * rate
    total = variance.sum(axis=1, keepdims=True)
    return _Inputs(in_degree, weight, (variance >= MATTERS * total) & (variance > 0))


class _Rule(NamedTuple):
    """An assumption without its values.

    Attributes:
        made_by: The response or closure that makes it; None for all.
    """

    name: str
    quantity: str
    values: Callable[[Circuit, _Inputs, _SteadyState], _Array]
    limit: float
    at_least: bool
    source: str
    consequence: str
    made_by: str | None = None


def _smallest_in_degree(circuit: Circuit, inputs: _Inputs, _: _SteadyState) -> _Array:
    return -inputs.largest(-inputs.in_degree[:, : circuit.populations.total])


def _amplification(_: Circuit, __: _Inputs, state: _SteadyState) -> _Array:
    """Relative change of each rate per relative error of the responses, whose signs are the worst ones."""
    return np.abs(state.inverse) @ state.rates / state.rates


_ROBUST = _Rule(
    "robust rates",
    "the largest change of a rate in % when responses are off by 1 %",
    _amplification,
    1 / SMALL,
    False,
    _OUR_RULE,
    "Recurrent input amplifies other errors: a small error of the theory changes these rates strongly.",
)
_RULES = (
    _Rule(
        "fast synapses",
        "sqrt(tau_s/tau_m)",
        lambda circuit, _, __: np.sqrt(circuit.neurons.tau_synaptic / circuit.neurons.tau_membrane),
        np.sqrt(SMALL),
        False,
        "as NNMT warns above it",
        "The theory takes the filtering of synapses to first order in this number. At 0.5, it is within 1 to 2.5 % of "
        "neurons simulated under filtered noise for E populations of the published network, and 4 to 11 % too high for "
        "I populations of its clusters.",
        "shifted",
    ),
    _Rule(
        "small jumps beside the noise",
        "the largest |J|/sigma",
        lambda _, inputs, state: inputs.largest(np.abs(inputs.weight)) / state.sigma,
        SMALL,
        False,
        f"{_OUR_RULE} (100 jumps in a membrane time constant)",
        "The noise comes from fewer, larger jumps than the Gaussian noise of the theory.",
    ),
    _Rule(
        "small jumps beside the threshold",
        "the largest |J|/(theta - V_r)",
        lambda circuit, inputs, _: (
            inputs.largest(np.abs(inputs.weight)) / (circuit.neurons.threshold - circuit.neurons.reset_voltage)
        ),
        SMALL,
        False,
        _OUR_RULE,
        "A few spikes take a neuron to its threshold or far away from it, unlike the diffusion of the theory.",
    ),
    _Rule(
        "many synapses",
        "the smallest number of synapses C = P n from a population that matters",
        _smallest_in_degree,
        SMALL**-2,
        True,
        f"{_OUR_RULE} (C sources fluctuate by 1/sqrt(C) of their mean)",
        "The rate of so few neurons fluctuates, which the theory neglects: finite size makes states switch and changes "
        "their rates.",
    ),
    _Rule(
        "inputs not shared",
        "the largest connection probability P from a population that matters",
        lambda circuit, inputs, _: inputs.largest(circuit.connection_probability),
        SMALL,
        False,
        _OUR_RULE,
        "Two neurons share this part of their inputs from there: they are correlated, which the theory neglects.",
    ),
    _Rule(
        "irregular spikes",
        "(theta - mu)/sigma",
        lambda circuit, _, state: (circuit.neurons.threshold - state.mu) / state.sigma,
        0.0,
        True,
        "where neurons fire irregularly (Brunel 2000)",
        "The mean input alone makes these neurons fire, more regularly than the Poisson processes of the theory: their "
        "output is less noisy.",
        "poisson",
    ),
    _Rule(
        "short refractory periods",
        "nu tau_ref",
        lambda circuit, _, state: state.rates * circuit.neurons.tau_refractory,
        SMALL,
        False,
        f"{_OUR_RULE} (a dead time takes about twice this part from the variance of a Poisson process)",
        "Spikes are more regular than the Poisson processes of the theory, and rates begin to saturate.",
        "poisson",
    ),
    _ROBUST,
)
