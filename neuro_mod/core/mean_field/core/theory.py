"""The choices that make a mean-field theory: how neurons respond, and how regular their spike trains are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from neuro_mod.choices import Closure, ResponseKind
from neuro_mod.errors import invalid


@dataclass(frozen=True)
class Theory:
    """A mean-field theory.

    Args:
        response: ``shifted``: synaptic filtering to first order in ``sqrt(tau_s/tau_m)``; ``exact``: the stationary
            response to an Ornstein-Uhlenbeck current of any time constant, see `transfer.response`.
        closure: ``poisson``: spike trains of the network are Poisson processes; ``renewal``: they are renewal processes
            with the rate and the interval CV that the neurons themselves have, found together.

    Raises:
        InputError: A name is unknown.
    """

    response: ResponseKind = "shifted"
    closure: Closure = "poisson"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("response", self.response, get_args(ResponseKind)),
            ("closure", self.closure, get_args(Closure)),
        ):
            if value not in known:
                raise invalid(name, value, " or ".join(known))

    def __str__(self) -> str:
        """``exact/renewal``, say."""
        return f"{self.response}/{self.closure}"


#: Poisson input, and the response to first order in ``sqrt(tau_s/tau_m)``.
DEFAULT_THEORY = Theory()
#: All theories, the default one first, by their names.
THEORIES = {
    str(theory): theory
    for theory in (Theory(response, closure) for response in get_args(ResponseKind) for closure in get_args(Closure))
}
