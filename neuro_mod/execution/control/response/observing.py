"""What is estimated from scored trials; none of it needs another simulation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from neuro_mod.checks import check_choice
from neuro_mod.choices import ScoreTarget
from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings
from neuro_mod.core.spiking_net.analysis.rates.rates import SAMPLING
from neuro_mod.errors import invalid

#: Seconds from the beginning of a shift to the observation.
WINDOWS = (0.2, 0.5, 1.0, 1.6)
#: Seconds at the beginning of a trial in which nothing is observed: the network forgets its initial state in less.
SETTLE = 1.0


@dataclass(frozen=True, eq=False)
class Observing:
    """Windows, states and detection method of responses.

    Args:
        windows: In seconds.
        settle: Seconds at the beginning of each trial in which nothing is observed.
        target: What is shifted: ``rate``, or ``arousal_rate``, the external rate that arousal adds, times the z of each
            neuron.
        settings: How active clusters are detected.

    Raises:
        InputError: A value is out of bounds.

    Examples:
        >>> from neuro_mod import Observing
        >>> observing = Observing(windows=(0.2, 0.5), settle=0.5)
        >>> observing.target, observing.settings.method
        ('rate', 'two_state')
    """

    windows: tuple[float, ...] = WINDOWS
    settle: float = SETTLE
    target: ScoreTarget = "rate"
    settings: AnalysisSettings = field(default_factory=AnalysisSettings)

    def __post_init__(self) -> None:
        check_choice("target", self.target, ScoreTarget)
        if not self.windows:
            raise invalid("windows", [], "at least one window in seconds, such as 0.5")
        for window in self.windows:
            if not SAMPLING / 2 <= window < np.inf:
                raise invalid("window", window, f"seconds, from {SAMPLING:g} s on, the width of a bin")
        if not 0 <= self.settle < np.inf:
            raise invalid("settle", self.settle, "seconds from 0")
        object.__setattr__(self, "windows", tuple(sorted({float(window) for window in self.windows})))

    def check_duration(self, duration: float) -> None:
        """Refuse windows that do not fit into a trial of so many seconds.

        Raises:
            InputError: The message says how long a trial has to be.
        """
        longest = max(self.windows)
        if duration <= longest:
            shorter = f"less than {duration:g} s, the duration of a trial"
            raise invalid(
                "window", longest, shorter, "simulate longer trials with --duration (init_params.duration_sec)"
            )
        if duration <= self.settle:
            raise invalid("settle", self.settle, f"less than {duration:g} s, the duration of a trial")

    def describe(self) -> dict[str, Any]:
        """As plain data."""
        settings = self.settings
        return {
            "windows": list(self.windows),
            "settle": self.settle,
            "target": self.target,
            "method": settings.method,
            "parameters": dict(settings.parameters),
            "kernel": settings.kernel,
            "kernel_width_ms": settings.kernel_width_ms,
        }

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Self:
        """What `describe` describes.

        Raises:
            InputError: A value is not valid.
        """
        names = ("method", "parameters", "kernel", "kernel_width_ms")
        settings = AnalysisSettings(
            **{name: described[name] for name in names if name in described}, sampling_ms=SAMPLING * 1e3
        )
        for name in described:
            if name not in (*names, "windows", "settle", "target"):
                raise invalid("observing", name, f"one of windows, settle, target, {', '.join(names)}")
        others = {name: described[name] for name in ("settle", "target") if name in described}
        return cls(tuple(described.get("windows", WINDOWS)), settings=settings, **others)
