"""Values and responses of observables, with standard errors by the jackknife over blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.control.moments import Moments
from neuro_mod.core.control.transforms import Transform, identity
from neuro_mod.core.jackknife import deviation_of_left_out


@dataclass(frozen=True, eq=False)
class Estimates:
    """Values of k observables and their responses to shifts of P populations, for W windows; NaN where undefined.

    Args:
        value: Shape ``(k,)``.
        value_error: Standard errors of the values, likewise.
        response: Derivatives of the values, per Hz of the shift, shape ``(W, k, P)``.
        error: Standard errors of the responses, likewise.
    """

    value: NDArray[np.float64]
    value_error: NDArray[np.float64]
    response: NDArray[np.float64]
    error: NDArray[np.float64]

    @property
    def z(self) -> NDArray[np.float64]:
        """Responses in units of their errors, shape ``(W, k, P)``."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.response / self.error

    def shifting(self, populations: NDArray[np.integer]) -> Estimates:
        """Those of shifts of some populations."""
        return replace(self, response=self.response[..., populations], error=self.error[..., populations])


def estimates(moments: Moments, transform: Transform = identity) -> Estimates:
    """Estimate values and responses.

    Args:
        moments: From `moments.moments_of`.
        transform: A function of the means, such as those of `transforms`.

    Returns:
        Values with standard errors by leaving out each block in turn; NaN for a single block, and where an estimate
        without one of them is not defined.

    References:
        Kuensch 1989, "The jackknife and the bootstrap for general stationary observations".
    """
    value, response = transform(*moments.means_and_responses())
    value_error, error = (deviation_of_left_out(each) for each in transform(*moments.leaving_out()))
    return Estimates(value, value_error, response, error)
