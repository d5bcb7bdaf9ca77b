"""Detection of active clusters, one module per method."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from neuro_mod.checks import check_choice
from neuro_mod.choices import DetectionMethod
from neuro_mod.core.spiking_net.analysis.detection.base import Detection, Detector
from neuro_mod.core.spiking_net.analysis.detection.gain import Gain
from neuro_mod.core.spiking_net.analysis.detection.network_gain import NetworkGain
from neuro_mod.core.spiking_net.analysis.detection.threshold import Threshold
from neuro_mod.core.spiking_net.analysis.detection.two_state import TwoState
from neuro_mod.errors import invalid

__all__ = ["DETECTORS", "Detection", "Detector", "Gain", "NetworkGain", "Threshold", "TwoState", "detector"]

DETECTORS: dict[DetectionMethod, type[Gain | NetworkGain | Threshold | TwoState]] = {
    "gain": Gain,
    "network_gain": NetworkGain,
    "threshold": Threshold,
    "two_state": TwoState,
}


def detector(method: DetectionMethod, **parameters: Any) -> Detector:
    """The detector of this name.

    Args:
        method: A key of `DETECTORS`.
        parameters: Those of its class; the others have their defaults.

    Raises:
        InputError: The method, a parameter or its value is not valid.
    """
    check_choice("method", method, DetectionMethod)
    chosen = DETECTORS[method]
    valid = [field.name for field in fields(chosen)]
    for name in parameters:
        if name not in valid:
            expected = f"one of {', '.join(valid)}, of the method {method}"
            raise invalid("parameters", name, expected, "help(Analyzer) lists the other arguments")
    return chosen(**parameters)
