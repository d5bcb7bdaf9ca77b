"""What a folder of responses holds: tables, arrays, what to know about them, and pictures."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import neuro_mod
from neuro_mod.core.spiking_net.analysis.states.names import state_name
from neuro_mod.errors import InputError
from neuro_mod.execution.control.response.observed import COLUMNS, ObservedResponses
from neuro_mod.execution.control.response.observing import Observing
from neuro_mod.execution.control.response.pictures import drawings_of_responses
from neuro_mod.execution.control.response.responses import Responses
from neuro_mod.execution.control.response.sessions import ObservedSession
from neuro_mod.execution.control.response.simulate import SimulateTrial
from neuro_mod.execution.figures import Look, save_figures
from neuro_mod.execution.sweep.user_functions import UserFunction
from neuro_mod.storage.files import Files
from neuro_mod.storage.json_values import json_row
from neuro_mod.storage.names import (
    POOLED_RESPONSES_TABLE,
    RESPONSES,
    RESPONSES_TABLE,
    STEP_RESPONSE_TABLE,
)

if TYPE_CHECKING:
    from neuro_mod.config.sections import Settings

#: Responses that grow by more than this factor from half the longest window to the longest do not hold all.
_GROWING = 1.15
#: States that are listed.
_N_SEEN = 12
#: Blocks from which standard errors are known to 20 %.
_FEW_BLOCKS = 12
#: With fewer switches of clusters in all trials, blocks say little about how much longer trials would differ.
_FEW_SWITCHES = 50
#: Acausal responses beyond so many standard errors, as a root mean square, are a warning.
_MAX_ACAUSAL = 1.5


def describe_setup(task: SimulateTrial, observing: Observing) -> dict[str, Any]:
    """Metadata that are known before any trial, plain data."""
    init = task.stager.experiment.init_params
    return {
        "version": neuro_mod.__version__,
        "random_seed": task.stager.random_seed,
        "dtype": task.dtype,
        "duration_sec": init.duration_sec,
        "delta_t": init.delta_t,
        "bin_sec": task.bin_width,
        "observing": observing.describe(),
        "perturbed": sorted(task.stager.experiment.perturbation.blocks),
    }


def save_results(
    folder: Files,
    settings: Settings,
    responses: Responses,
    states: Sequence[str],
    functions: Mapping[str, UserFunction],
) -> dict[str, Any]:
    """Estimate, save and draw the responses.

    Args:
        folder: Where to.
        settings: Whether and how figures are drawn.
        responses: The trials.
        states: Names of the states; those seen most if there are none.
        functions: Observables of the user by ``module:function``.

    Returns:
        Plain data about them, for ``run.json``.
    """
    of_user = [_of_user(responses, name, function) for name, function in functions.items()]
    single = [*responses.all(states=states or None), *of_user]
    pooled = responses.all(pooled=True)
    step, acausal = responses.step_responses()
    folder.save_arrays(RESPONSES, **_arrays(single, responses))
    folder.save_table(RESPONSES_TABLE, _rows(single), COLUMNS)
    folder.save_table(POOLED_RESPONSES_TABLE, _rows(pooled), COLUMNS)
    folder.save_table(STEP_RESPONSE_TABLE, _step_rows(step, acausal), ())
    about = describe_results(responses, single, pooled, step)
    if settings.plot:
        seen = next(each for each in single if each.names[0].startswith("state "))
        drawings = drawings_of_responses(
            responses.populations, lambda: single[0], lambda: seen, lambda: (step, acausal)
        )
        save_figures(folder.save, drawings, Look.of(settings))
    return about


def describe_results(
    responses: Responses,
    single: Sequence[ObservedResponses],
    pooled: Sequence[ObservedResponses],
    step: ObservedResponses,
) -> dict[str, Any]:
    """What was found, plain data."""
    acausal = _acausal(responses)
    return {
        "observed_sec": responses.duration,
        "thresholds_hz": [float(each) for each in responses.thresholds],
        "two_states_found": responses.two_states_found,
        "reach_sec": responses.reach,
        "n_blocks": responses.n_blocks,
        "states": [
            {"state": state_name(state.members), "share": state.share, "visits": state.visits}
            for state in responses.seen_states[:_N_SEEN]
        ],
        "resolved": _resolved(single),
        "acausal": acausal,
        "notes": [*_notes(responses, acausal), *_growing(step, pooled)],
        "pooled": [row for row in _rows(pooled) if _is_listed(row)],
        "own": [row for row in _rows(single) if _is_own(row)],
    }


def _of_user(responses: Responses, name: str, function: UserFunction) -> ObservedResponses:
    """Responses of a function of the user, whose errors are told without the way to them."""

    def observed(session: ObservedSession) -> Any:
        try:
            return function(session)
        except InputError:
            raise
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}, line {place.lineno}"
            raise InputError(f"observable {name}: {type(error).__name__} in {where}: {error}") from error

    return responses.of(observed, name=name.partition(":")[2])


def _is_listed(row: Mapping[str, Any]) -> bool:
    """Responses that can be seen: backgrounds are left out, and log odds, which say the same."""
    return row["observable"] != "log odds" and not row["population"].endswith("background")


def _is_own(row: Mapping[str, Any]) -> bool:
    """Responses of the occupancy and the switching of a cluster to its own E and I shifts."""
    kind, _, cluster = row["observable"].rpartition(" ")
    return kind in ("occupancy", "switch on", "stay on") and row["population"][1:] == cluster


def _rows(found: Sequence[ObservedResponses]) -> list[dict[str, Any]]:
    return [json_row(row) for each in found for row in each.rows()]


def _arrays(found: Sequence[ObservedResponses], responses: Responses) -> dict[str, Any]:
    """All observables one after the other, shapes ``(W, k)`` and ``(W, k, P)``."""
    joined = {
        name: np.concatenate([getattr(each, name) for each in found], axis=1)
        for name in ("value", "value_error", "response", "error")
    }
    return {
        "observables": np.array([name for each in found for name in each.names]),
        "units": np.array([each.unit_of_response for each in found for _ in each.names]),
        "populations": np.array(found[0].populations),
        "windows": found[0].windows,
        "thresholds": responses.thresholds,
        **joined,
    }


def _resolved(found: Sequence[ObservedResponses]) -> list[dict[str, Any]]:
    """Which part of the responses of each kind of observable is larger than its error, by window."""
    rows: list[dict[str, Any]] = []
    for each in found:
        kinds = [name.rpartition(" ")[0] or name for name in each.names]
        for kind in dict.fromkeys(kinds):
            chosen = [k for k, other in enumerate(kinds) if other == kind]
            part = each.resolved[:, chosen]
            rows.append(
                {
                    "observable": kind,
                    "n": int(part[0].size),
                    "resolved": {f"{w:g}": float(part[i].mean()) for i, w in enumerate(each.windows)},
                }
            )
    return rows


def _acausal(responses: Responses) -> list[dict[str, float | None]]:
    """Root mean square of the covariances with later scores in units of their errors, by window: 1 but for chance."""
    if responses.reach is None:
        return []
    found = responses.occupancy(acausal=True)
    rows: list[dict[str, Any]] = []
    for window, each in zip(found.windows, found.z, strict=True):
        known = each[np.isfinite(each)]
        rms = float(np.sqrt(np.mean(known**2))) if known.size else np.nan
        rows.append(json_row({"window_sec": float(window), "rms_z": rms, "n": int(known.size)}))
    return rows


def _notes(responses: Responses, acausal: Sequence[Mapping[str, Any]]) -> list[str]:
    notes = [*_rounded_windows(responses)]
    n_switches = sum(int(np.abs(np.diff(each.active.astype(np.int8), axis=0)).sum()) for each in responses.sessions)
    if n_switches < _FEW_SWITCHES:
        notes.append(f"clusters switched {n_switches} times in all trials: too rarely for the standard errors to hold")
    occupancy = responses.occupancy().value[0]
    for value, what in ((0.0, "never"), (1.0, "always")):
        if clusters := [str(c) for c in np.flatnonzero(occupancy == value)]:
            notes.append(f"{what} active: clusters {', '.join(clusters)}; their responses are unknown, not 0")
    if responses.observing.settings.method == "two_state" and not responses.two_states_found:
        notes.append(
            f"no two states found in the rates; clusters count as active above {responses.thresholds[0]:g} Hz, and "
            "this network may not switch between states"
        )
    if responses.n_blocks < _FEW_BLOCKS:
        blocks = f"{responses.n_blocks} blocks" if responses.n_blocks != 1 else "one block"
        notes.append(f"standard errors need {_FEW_BLOCKS} blocks or more, not {blocks}; simulate more or longer trials")
    elif any((row["rms_z"] or 0) > _MAX_ACAUSAL for row in acausal):
        notes.append("covariances with later scores do not vanish within their errors, which are too small")
    if responses.reach is None:
        notes.append("no acausal check: with a low threshold, activity depends on all spikes after it")
    return notes


def _rounded_windows(responses: Responses) -> Iterator[str]:
    width = responses.bin_width
    for window in responses.observing.windows:
        taken = round(window / width) * width
        if abs(window - taken) > 1e-6 * width:
            yield f"windows are whole bins of {width * 1e3:g} ms: {taken:g} s instead of {window:g} s"


def _growing(step: ObservedResponses, pooled: Sequence[ObservedResponses]) -> list[str]:
    """A note if the response of a lasting shift is larger than what the longest window holds."""
    half = int(np.argmin(np.abs(step.windows - step.windows[-1] / 2)))
    before, last = step.response[[half, -1], 0, 0]
    if not abs(last) > max(_GROWING * abs(before), 2 * step.error[-1, 0, 0]):
        return []
    windows = [f"{step.windows[k]:.2g} s" for k in (half, -1)]
    chain = next(each for each in pooled if each.names[0] == "chain occupancy")
    value, error = (each[-1, 0, 0] for each in (chain.response, chain.error))
    return [
        f"the response of the occupancy still grows at the longest window ({before:.3g} per Hz at {windows[0]}, "
        f"{last:.3g} at {windows[1]}): a lasting shift does more, by the two-state chain {value:.3g} +- {error:.2g} "
        "or more, as a chain of one lag forgets what clusters remember"
    ]


def _step_rows(step: ObservedResponses, acausal: ObservedResponses | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for w, window in enumerate(step.windows):
        for a, population in enumerate(step.populations):
            later = (np.nan, np.nan) if acausal is None else (acausal.response[w, 0, a], acausal.error[w, 0, a])
            rows.append(
                json_row(
                    {
                        "window_sec": window,
                        "population": population,
                        "response": step.response[w, 0, a],
                        "standard_error": step.error[w, 0, a],
                        "acausal": later[0],
                        "acausal_standard_error": later[1],
                    }
                )
            )
    return rows
