"""Settings for finding states in spikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from neuro_mod.checks import check_choice
from neuro_mod.choices import DetectionMethod, Kernel
from neuro_mod.core.spiking_net.analysis.detection import Detector, detector
from neuro_mod.core.spiking_net.analysis.rates.rates import KERNEL_WIDTH, SAMPLING
from neuro_mod.errors import invalid

#: Default method for detecting active clusters.
DEFAULT_METHOD: DetectionMethod = "two_state"
#: Shortest visit that counts, in ms.
MINIMAL_LIFESPAN_MS = 50.0


@dataclass(frozen=True)
class AnalysisSettings:
    """Settings for finding states in spikes.

    Args:
        method: Method for detecting active clusters.
        parameters: Parameters of the method; defaults are added, so that a saved analysis contains all of them.
        kernel: Shape of the smoothing kernel of rates.
        kernel_width_ms: Its width in ms: standard deviation, full width, time constant, sigma.
        sampling_ms: Sampling interval of rates in ms, rounded to whole steps.
        minimal_lifespan_ms: Shortest visit that counts, in ms; others are removed.

    Raises:
        InputError: A setting is not valid.
    """

    method: DetectionMethod = DEFAULT_METHOD
    parameters: Mapping[str, float] = field(default_factory=dict)
    kernel: Kernel = "gaussian"
    kernel_width_ms: float = KERNEL_WIDTH * 1e3
    sampling_ms: float = SAMPLING * 1e3
    minimal_lifespan_ms: float = MINIMAL_LIFESPAN_MS

    def __post_init__(self) -> None:
        check_choice("kernel", self.kernel, Kernel)
        for name in ("kernel_width_ms", "sampling_ms", "minimal_lifespan_ms"):
            value = _number(name, getattr(self, name))
            positive = name == "sampling_ms"
            if not 0 <= value < np.inf or (positive and not value):
                raise invalid(name, value, "ms above 0" if positive else "ms of at least 0")
            object.__setattr__(self, name, value)
        numbers = {name: value if value is None else _number(name, value) for name, value in self.parameters.items()}
        object.__setattr__(self, "parameters", dict(vars(detector(self.method, **numbers))))

    @cached_property
    def detector(self) -> Detector:
        """Detects active clusters."""
        return detector(self.method, **self.parameters)


def _number(name: str, value: object) -> float:
    if not isinstance(value, int | float | np.number) or isinstance(value, bool):
        raise invalid(name, value, "a number")
    return float(value)
