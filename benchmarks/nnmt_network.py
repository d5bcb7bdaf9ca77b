"""The same rates and networks in NNMT, the neuronal network mean-field toolbox.

NNMT takes SI units. Its volts are our threshold units: equations and parameters are the same in both, and rates follow
from ratios of voltages alone. It takes one ``tau_synaptic`` for all, and one external rate for all receivers of a
source; here each population has a source of its own. It warns of ``sqrt(tau_s/tau_m)`` above 0.316, which our networks
have (0.5), and goes on; the warning is silenced.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.arousal import MEAN_Z
from neuro_mod.core.circuit import Circuit

_Array = NDArray[np.float64]


class WorkingPoint(NamedTuple):
    """A steady state: rates in Hz, mean and standard deviation of the input in threshold units, shape ``(P,)``."""

    rates: _Array
    mu: _Array
    sigma: _Array


def import_nnmt() -> Any | None:
    """The NNMT module, or None where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module("nnmt")
    except ImportError:
        return None


def nnmt_rate(
    nnmt: Any,
    mu: ArrayLike,
    sigma: ArrayLike,
    *,
    tau_membrane: float,
    tau_synaptic: float,
    tau_refractory: float,
    threshold: float,
    reset_voltage: float,
) -> _Array:
    """Rates in Hz as NNMT computes them: arguments as for `transfer.firing_rate`, sigma above 0."""
    neuron = {"V_0_rel": reset_voltage, "V_th_rel": threshold, "tau_m": tau_membrane, "tau_r": tau_refractory}
    given = np.asarray(mu, np.float64), np.asarray(sigma, np.float64)
    if tau_synaptic == 0:
        return np.atleast_1d(nnmt.lif.delta._firing_rates_for_given_input(*given, **neuron))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "k=sqrt")
        return np.atleast_1d(nnmt.lif.exp._firing_rate_shift(*given, **neuron, tau_s=tau_synaptic))


def nnmt_working_point(nnmt: Any, circuit: Circuit, start: ArrayLike, **options: Any) -> WorkingPoint:
    """A steady state of a network as NNMT finds it.

    Args:
        nnmt: The module.
        circuit: The network; one ``tau_synaptic`` for all populations.
        start: Rates in Hz to start from, shape ``(P,)``.
        **options: Of `nnmt._solvers._firing_rate_integration`; by default it follows the rates in time until they rest.

    Raises:
        ValueError: Populations have different ``tau_synaptic``.
        RuntimeError: NNMT found nothing.
    """
    network = nnmt.models.Plain(_parameters(circuit))
    theory = nnmt.lif.exp if network.network_params.get("tau_s") else nnmt.lif.delta
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "k=sqrt")
        rates = theory.firing_rates(network, nu_0=np.asarray(start, np.float64), **options)
    return WorkingPoint(rates, theory.mean_input(network), theory.std_input(network))


def _parameters(circuit: Circuit) -> dict[str, Any]:
    """Parameters of NNMT, in which each population has its own source of each kind."""
    (tau_synaptic, *others) = set(circuit.neurons.tau_synaptic.tolist())
    if others:
        raise ValueError("NNMT takes one tau_synaptic for all populations")
    sources = np.broadcast_arrays(circuit.external_weight, circuit.external_in_degree, circuit.external_rate)
    weight, in_degree, rate = map(np.atleast_2d, sources)
    parameters = {
        "J": circuit.block_weights,
        "K": circuit.connection_probability * circuit.populations.sizes,
        "J_ext": np.hstack([np.diag(each) for each in weight]),
        "K_ext": np.hstack([np.diag(each) for each in in_degree]),
        "nu_ext": (rate + MEAN_Z * circuit.arousal_rate).ravel(),
        "V_0_rel": circuit.neurons.reset_voltage,
        "V_th_rel": circuit.neurons.threshold,
        "tau_m": circuit.neurons.tau_membrane,
        "tau_r": circuit.neurons.tau_refractory,
    }
    return parameters | ({"tau_s": tau_synaptic} if tau_synaptic else {})
