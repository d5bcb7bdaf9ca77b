"""The ratios of time constants on which a response table depends, and for which the exact response can be computed."""

from __future__ import annotations

from typing import NamedTuple

from neuro_mod.errors import InputError

#: Smallest and largest ratio of the synaptic to the membrane time constant, and largest one of the refractory period.
MIN_RATIO, MAX_RATIO, MAX_REFRACTORY = 1e-4, 10.0, 20.0
#: What can be computed, as a phrase.
VALID = (
    f"tau_synaptic/tau_membrane from {MIN_RATIO:g} to {MAX_RATIO:g} or 0, and tau_refractory/tau_membrane up to "
    f"{MAX_REFRACTORY:g}"
)


class Ratios(NamedTuple):
    """The pair of ratios on which a table depends.

    Attributes:
        synaptic: Synaptic over membrane time constant.
        refractory: Refractory period over membrane time constant.
    """

    synaptic: float
    refractory: float

    def __str__(self) -> str:
        return f"tau_synaptic/tau_membrane {self.synaptic:g}, tau_refractory/tau_membrane {self.refractory:g}"

    @property
    def synaptic_in_range(self) -> bool:
        """Whether the response can be computed for this synaptic ratio."""
        return MIN_RATIO <= self.synaptic <= MAX_RATIO

    @property
    def in_range(self) -> bool:
        """Whether the response can be computed for both."""
        return self.synaptic_in_range and self.refractory <= MAX_REFRACTORY

    @property
    def instead(self) -> str:
        """What to do where it cannot, as a phrase."""
        if self.synaptic < MIN_RATIO:
            return "use the shifted response, which is accurate to about 1 % there"
        if self.synaptic > MAX_RATIO:
            return "simulate, or use the shifted response, which is far off there"
        return "simulate, or use the shifted response"

    def check(self) -> None:
        """Check that the response can be computed.

        Raises:
            InputError: It cannot.
        """
        if not self.in_range:
            raise InputError(f"exact response: {self} found; expected {VALID} ({self.instead})")
