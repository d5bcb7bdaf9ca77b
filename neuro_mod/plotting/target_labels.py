"""Labels of the targets of perturbations, and checks of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.core.perturbations.targets import TARGETS, check_target
from neuro_mod.populations import Populations

#: Parameters by target, as an axis names them.
_PARAMETERS = {
    "rate": "external rate",
    "j_ext": "external weight",
    "threshold": "threshold",
    "j_baseline": "factor of weights\nreceived",
    "j_potentiated": "factor of weights\nwithin the cluster",
    "tau_membrane": "membrane time\nconstant",
    "tau_synaptic": "synaptic time\nconstant",
    "tau_refractory": "refractory period",
    "arousal_level": "arousal level",
    "arousal_L": "L of arousal",
    "arousal_x_0": "x₀ of arousal",
    "arousal_k": "k of arousal",
    "arousal_M": "M of arousal",
}


def parameter_label(target: str) -> str:
    """The parameter with its unit, ``external rate (Hz)``, in up to three lines."""
    name, unit = _PARAMETERS[target], TARGETS[target].unit
    return name + (f"\n({unit})" if len(unit) > 2 else f" ({unit})" if unit else "")


def change_label(target: str) -> str:
    """The perturbation of a target with its unit, ``Δ external rate (Hz)``, in up to three lines."""
    unit = _change_unit(target)
    return f"Δ {_PARAMETERS[target]}" + (f"\n({unit})" if len(unit) > 2 else f" ({unit})" if unit else "")


def parameter_name(target: str) -> str:
    """The parameter without its unit, in one line: ``external rate``."""
    return _PARAMETERS[target].replace("\n", " ")


def range_label(target: str, vector: NDArray[np.floating]) -> str:
    """The parameter and, in a last line, the largest absolute perturbation: ``external rate``, ``±3 Hz``."""
    largest, unit = float(np.abs(vector).max(initial=0.0)), _change_unit(target)
    return f"{_PARAMETERS[target]}\n" + "±" * (largest > 0) + f"{largest:.3g}" + (f" {unit}" if unit else "")


def check_by_target(values: Mapping[str, NDArray[np.floating]], populations: Populations) -> None:
    """Refuse unknown targets, and values that are not one for each population.

    Raises:
        InputError: The message names the target and the valid ones.
    """
    for target, of_population in values.items():
        check_target(target)
        check_shape(target, of_population, (populations.total,))


def _change_unit(target: str) -> str:
    return "relative" if TARGETS[target].relative else TARGETS[target].unit
