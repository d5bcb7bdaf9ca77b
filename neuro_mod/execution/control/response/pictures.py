"""The figures of responses. Matplotlib is loaded only to draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from neuro_mod.execution.control.response.observed import ObservedResponses
from neuro_mod.execution.figures import Drawings, drawn
from neuro_mod.populations import Populations

#: Pooled occupancies against the window, and their covariances with later scores.
StepResponses: TypeAlias = tuple[ObservedResponses, ObservedResponses | None]


def drawings_of_responses(
    populations: Populations,
    occupancy: Callable[[], ObservedResponses],
    states: Callable[[], ObservedResponses],
    steps: Callable[[], StepResponses],
) -> Drawings:
    """Responses of occupancies and states as heat maps, and the step response.

    Args:
        populations: The layout of cluster space.
        occupancy: Estimates those of the occupancy of each cluster, once they are drawn.
        states: Those of the probabilities of states.
        steps: The step response.
    """

    def of_occupancy(**place: Any) -> Any:
        clusters = [str(c) for c in range(populations.n_clusters)]
        return _map(occupancy(), -1, clusters, populations, "occupancy of cluster", **place)

    def of_states(**place: Any) -> Any:
        found = states()
        window = int(np.argmax(found.resolved.sum(axis=(1, 2))))
        names = [each.removeprefix("state ") for each in found.names]
        return _map(found, window, names, populations, "log probability of state", **place)

    def of_steps(**place: Any) -> Any:
        from neuro_mod.plotting.control.responses import step_response  # noqa: PLC0415

        step, later = steps()
        acausal = None if later is None else (later.response[:, 0], later.error[:, 0])
        return step_response(step.windows, step.populations, step.response[:, 0], step.error[:, 0], acausal, **place)

    return drawn({"occupancy_responses": of_occupancy, "state_responses": of_states, "step_response": of_steps})


def _map(
    found: ObservedResponses, window: int, names: Sequence[str], populations: Populations, label: str, **place: Any
) -> Any:
    from neuro_mod.plotting.control.responses import response_map  # noqa: PLC0415

    values = f"response after {found.windows[window]:g} s ({found.unit_of_response})"
    return response_map(found.response[window], found.error[window], names, populations, label, values, **place)
