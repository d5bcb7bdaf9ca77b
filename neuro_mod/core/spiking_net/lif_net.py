"""The leaky integrate-and-fire network as a PyTorch module: the readable reference of the model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from neuro_mod.checks import check_choice, check_positive
from neuro_mod.choices import Mechanism
from neuro_mod.core.neurons import NEURON_PARAMETERS, SPIKING_BOUNDS, NeuronParameters
from neuro_mod.core.spiking_net.propagators import propagators
from neuro_mod.core.spiking_net.time_step import check_time_step
from neuro_mod.errors import InputError
from neuro_mod.optional import optional

optional("torch", "torch")  # without it, the error says what to install

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

Surrogate = Literal["fast_sigmoid", "arctan"]


class History(NamedTuple):
    """Voltages, currents and spikes of each step, all of shape ``(..., n_steps, n_neurons)``.

    Args:
        voltage: V at the end of each step, threshold units.
        current: I at the end of each step, threshold units per second.
        spikes: 1 where a neuron fired in the step, in the module's dtype.
    """

    voltage: Tensor
    current: Tensor
    spikes: Tensor


class LIFNet(nn.Module):
    """Recurrent network of leaky integrate-and-fire neurons with exponential synapses.

    ``dV/dt = -V/tau_m + I + s(t)``, ``dI/dt = -I/tau_s + sum_j (J_j / tau_s) delta(t - t_j)``. One step, in this order:
    (1) neurons in their refractory period stay at reset, the others integrate, and the current decays; (2) neurons
    with ``V >= threshold`` spike, are reset, and stay refractory for ``round(tau_refractory / delta_t)`` steps;
    (3) this step's recurrent and external spikes arrive.

    Every parameter is a buffer, or, if given as an `nn.Parameter`, a parameter to be trained. Parameters of neurons
    are scalars, lists or tensors of shape ``(n_neurons,)``.

    Args:
        synaptic_weights: Efficacies J ``[post, pre]`` in threshold units, shape ``(n_neurons, n_neurons)``.
        j_ext: Efficacy of an external spike in threshold units: a scalar, ``(n_neurons,)``, or
            ``(n_sources, n_neurons)`` for several external sources.
        tau_membrane: Membrane time constants in seconds.
        tau_synaptic: Synaptic time constants in seconds.
        tau_refractory: Absolute refractory periods in seconds.
        threshold: Spike thresholds in threshold units.
        reset_voltage: Reset voltages in threshold units.
        delta_t: Time step in seconds.
        mechanism: ``analytic`` (exact integration) or ``euler``.
        surrogate: Derivative used for the spike in the backward pass, ``fast_sigmoid`` (Zenke & Ganguli 2018) or
            ``arctan`` (Fang et al. 2021); without one, spikes pass no gradient.
        surrogate_slope: Steepness of the surrogate, per threshold unit.

    Raises:
        InputError: A shape does not match, an option is unknown, or a parameter is out of bounds.

    Examples:
        >>> import torch
        >>> from neuro_mod import LIFNet
        >>> neurons = dict(tau_membrane=20e-3, tau_synaptic=5e-3, tau_refractory=5e-3, threshold=1.0)
        >>> net = LIFNet(0.02 * torch.ones(10, 10), j_ext=0.03, **neurons, delta_t=1e-3, surrogate="fast_sigmoid")
        >>> external = torch.full((200, 10), 4.0)  # arriving spikes, (n_steps, n_neurons)
        >>> voltage, current, spikes = net(torch.zeros(10), torch.zeros(10), None, external)
        >>> tuple(spikes.shape), bool(spikes.any())
        ((200, 10), True)
    """

    synaptic_weights: Tensor
    j_ext: Tensor
    tau_membrane: Tensor
    tau_synaptic: Tensor
    tau_refractory: Tensor
    threshold: Tensor
    reset_voltage: Tensor

    def __init__(
        self,
        synaptic_weights: Any,
        j_ext: Any,
        tau_membrane: Any,
        tau_synaptic: Any,
        tau_refractory: Any,
        threshold: Any,
        reset_voltage: Any = 0.0,
        delta_t: float = 0.5e-3,
        *,
        mechanism: Mechanism = "analytic",
        surrogate: Surrogate | None = None,
        surrogate_slope: float = 10.0,
    ):
        super().__init__()
        weights = _as_tensor(synaptic_weights)
        if weights.ndim != 2 or weights.shape[0] != weights.shape[1]:
            raise _wrong_shape("synaptic_weights", weights, "a square matrix [post, pre]")
        check_positive("delta_t", delta_t)
        if surrogate is not None:
            check_choice("surrogate", surrogate, Surrogate)
        self.n_neurons = weights.shape[0]
        self.delta_t = delta_t
        self.mechanism: Mechanism = mechanism
        self.surrogate = surrogate
        self.surrogate_slope = surrogate_slope
        self._hold("synaptic_weights", weights)
        self._hold("j_ext", self._per_neuron("j_ext", j_ext, weights, sources=True))
        neuron = {
            "tau_membrane": tau_membrane,
            "tau_synaptic": tau_synaptic,
            "tau_refractory": tau_refractory,
            "threshold": threshold,
            "reset_voltage": reset_voltage,
        }
        for name, value in neuron.items():
            self._hold(name, self._per_neuron(name, value, weights))
        self._check_values(mechanism)

    def forward(
        self,
        voltage: Tensor,
        synaptic_current: Tensor,
        stimulus: Tensor | None,
        external_currents: Tensor | None = None,
        mechanism: Mechanism | None = None,
        *,
        batch_first: bool = False,
    ) -> History:
        """Simulate one step for each entry of the inputs.

        Batches come before time. Inputs ``(n_steps, batch, n_neurons)`` are refused by their batch, which is not that
        of the state. Where no shape tells the two orders apart, because there are as many steps as batches or the state
        has no batch, inputs with a batch are refused unless ``batch_first`` says which order it is.

        Args:
            voltage: V at the start, shape ``(..., n_neurons)``; ``...`` is an optional batch.
            synaptic_current: I at the start, likewise.
            stimulus: Deterministic current s in threshold units per second, shape ``(..., n_steps, n_neurons)``.
            external_currents: External spikes k of each step, weighted with ``j_ext``: shape ``(..., n_steps,
                n_neurons)``, with an axis of sources before the neurons if ``j_ext`` has one. None: no input.
            mechanism: Overrides the mechanism of the module.
            batch_first: Confirms that batches come before time, for shapes that do not tell.

        Returns:
            Voltage, current and spike histories, each of shape ``(..., n_steps, n_neurons)``.

        Raises:
            InputError: A shape or batch does not match, time may come before the batch, the mechanism is unknown, both
                inputs are None, or training has moved a parameter out of its bounds.
        """
        self._check_state(voltage, synaptic_current)
        arrivals = self._external_arrivals(external_currents)
        n_steps = self._check_inputs(stimulus, arrivals)
        states = {"voltage": voltage.shape[:-1], "synaptic_current": synaptic_current.shape[:-1]}
        inputs = {"stimulus": stimulus, "external_currents": arrivals}
        shapes = {name: each.shape[:-1] for name, each in inputs.items() if each is not None}
        _check_batches(states | {name: shape[:-1] for name, shape in shapes.items()})
        if not batch_first:
            _check_order(states, shapes)
        chosen = mechanism or self.mechanism
        self._check_values(chosen)
        step = propagators(torch, chosen, self.tau_membrane, self.tau_synaptic, self.delta_t)
        recurrent = (self.synaptic_weights / self.tau_synaptic.reshape(-1, 1)).transpose(0, 1)
        refractory_steps = torch.round(self.tau_refractory.double() / self.delta_t).to(torch.int32)
        refractory = torch.zeros_like(voltage, dtype=torch.int32)
        history: list[tuple[Tensor, Tensor, Tensor]] = []
        for t in range(n_steps):
            free = step.a * voltage + step.b * synaptic_current
            if stimulus is not None:
                free = free + step.c * stimulus[..., t, :]
            voltage = torch.where(refractory > 0, self.reset_voltage, free)
            refractory = torch.clamp(refractory - 1, min=0)
            spikes = self._spikes(voltage)
            fired = spikes.detach() > 0
            voltage = torch.where(fired, self.reset_voltage, voltage)
            refractory = torch.where(fired, refractory_steps, refractory)
            synaptic_current = step.d * synaptic_current + spikes @ recurrent
            if arrivals is not None:
                synaptic_current = synaptic_current + arrivals[..., t, :]
            history.append((voltage, synaptic_current, spikes))
        return History(
            *(torch.stack(torch.broadcast_tensors(*quantity), dim=-2) for quantity in zip(*history, strict=True))
        )

    def _check_values(self, mechanism: Mechanism) -> None:
        """Check the parameters of the neurons, which training may change."""
        check_choice("mechanism", mechanism, Mechanism)
        values = {name: getattr(self, name).detach().cpu().double().numpy() for name in NEURON_PARAMETERS}
        NeuronParameters(**values).check(SPIKING_BOUNDS)
        check_time_step(mechanism, self.delta_t, values)

    def _spikes(self, voltage: Tensor) -> Tensor:
        above = voltage - self.threshold
        if self.surrogate is None:
            return (above >= 0).to(voltage.dtype)
        return _SurrogateSpike.apply(above, self.surrogate, self.surrogate_slope)  # pyright: ignore[reportReturnType]

    def _external_arrivals(self, external: Tensor | None) -> Tensor | None:
        if external is None:
            return None
        if self.j_ext.ndim == 2 and external.shape[-2:] != self.j_ext.shape:
            n_sources = len(self.j_ext)
            expected = f"(..., n_steps, {n_sources}, {self.n_neurons}), as j_ext has {n_sources} sources"
            raise _wrong_shape("external_currents", external, expected)
        weighted = external * (self.j_ext / self.tau_synaptic)
        return weighted.sum(dim=-2) if self.j_ext.ndim == 2 else weighted

    def _check_state(self, voltage: Tensor, synaptic_current: Tensor) -> None:
        for name, tensor in (("voltage", voltage), ("synaptic_current", synaptic_current)):
            if tensor.shape[-1:] != (self.n_neurons,) or tensor.dtype != self.synaptic_weights.dtype:
                expected = f"(..., {self.n_neurons}) and {self.synaptic_weights.dtype}"
                raise _wrong_shape(f"{name} ({tensor.dtype})", tensor, expected)

    def _check_inputs(self, stimulus: Tensor | None, arrivals: Tensor | None) -> int:
        inputs = [tensor for tensor in (stimulus, arrivals) if tensor is not None]
        if not inputs:
            raise InputError("stimulus, external_currents: both are None; expected at least one of them")
        for tensor in inputs:
            if tensor.ndim < 2 or tensor.shape[-1] != self.n_neurons:
                raise _wrong_shape("input", tensor, f"(..., n_steps, {self.n_neurons})")
        lengths = {tensor.shape[-2] for tensor in inputs}
        if len(lengths) > 1 or 0 in lengths:
            raise InputError(f"stimulus, external_currents: {sorted(lengths)} steps found; expected one number above 0")
        return lengths.pop()

    def _per_neuron(self, name: str, value: Any, like: Tensor, *, sources: bool = False) -> Tensor:
        tensor = value if isinstance(value, nn.Parameter) else torch.as_tensor(value, dtype=like.dtype).to(like)
        shape = tuple(tensor.shape)
        if shape == (self.n_neurons,) or (sources and len(shape) == 2 and shape[1] == self.n_neurons):
            return tensor
        if shape in ((), (1,)) and not isinstance(tensor, nn.Parameter):
            return tensor.expand(self.n_neurons).clone()
        if shape in ((), (1,)):
            return tensor
        raise _wrong_shape(name, tensor, f"a scalar or ({self.n_neurons},)")

    def _hold(self, name: str, tensor: Tensor) -> None:
        if isinstance(tensor, nn.Parameter):
            self.register_parameter(name, tensor)
        else:
            self.register_buffer(name, tensor)


class _SurrogateSpike(torch.autograd.Function):
    """A step in the forward pass, a smooth bump as its derivative in the backward pass."""

    @staticmethod
    def forward(ctx: Any, above: Tensor, surrogate: Surrogate, slope: float) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx.save_for_backward(above)
        ctx.surrogate, ctx.slope = surrogate, slope
        return (above >= 0).to(above.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (above,) = ctx.saved_tensors
        scaled = ctx.slope * above
        bump = 1 / (1 + scaled.abs()) ** 2 if ctx.surrogate == "fast_sigmoid" else 1 / (1 + (torch.pi * scaled) ** 2)
        return gradient * ctx.slope * bump, None, None


def _check_batches(batches: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse quantities with different batches; those without a batch fit to all."""
    if len({batch for batch in map(tuple, batches.values()) if batch}) > 1:
        found = ", ".join(f"{name} {tuple(batch)}" for name, batch in batches.items())
        raise InputError(
            f"batches: {found} found; expected one and the same; time comes after the batch, (..., n_steps, n_neurons)"
        )


def _check_order(states: Mapping[str, tuple[int, ...]], inputs: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse inputs, of shapes without the neurons, that would fit as well if time came before the batch."""
    batches = {tuple(batch) for batch in (*states.values(), *(shape[1:] for shape in inputs.values())) if len(batch)}
    steps = {shape[0] for shape in inputs.values()}
    batched = [shape for shape in inputs.values() if len(shape) > 1 and math.prod(shape) > 1]
    if batched and len(batches) == len(steps) == 1:
        found = ", ".join(f"{name} {(*shape, '...')}".replace("'", "") for name, shape in inputs.items())
        raise InputError(
            f"batches: {found} found, with time first or last; expected shapes that tell; if batches come before time, "
            "(..., n_steps, n_neurons), say batch_first=True"
        )


def _wrong_shape(name: str, tensor: Tensor, expected: str) -> InputError:
    return InputError(f"{name}: shape {tuple(tensor.shape)} found; expected {expected}")


def _as_tensor(value: Any) -> Tensor:
    tensor = torch.as_tensor(value)
    return tensor if tensor.is_floating_point() else tensor.to(torch.get_default_dtype())
