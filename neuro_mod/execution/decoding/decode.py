"""Accuracies of decoding, over networks and values of a parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.events.decoding import N_FOLDS, REGULARIZATION, Decoding, mean_and_error
from neuro_mod.execution.decoding.trials import Trials
from neuro_mod.storage.json_values import json_row

if TYPE_CHECKING:
    import pandas as pd

#: Lengths in s: of an epoch before and after its event, of a window, and from the start of one to that of the next.
BEFORE, AFTER, WINDOW, STEP = 0.2, 0.5, 0.1, 0.05
N_ENSEMBLES = 10

#: Seconds by which times that are the same may differ.
_SAME = 1e-9


@dataclass(frozen=True)
class DecodingOptions:
    """How conditions are decoded; see `Epochs.decode`.

    Args:
        before: Seconds from the start of an epoch to its event.
        after: Seconds from the event to the end of the epoch.
        window: Length of the windows in seconds.
        step: From the start of a window to that of the next, in seconds.
        n_neurons: Neurons of an ensemble; None for all.
        n_ensembles: Number of ensembles.
        folds: Number of folds.
        seed: Root seed.
        regularization: Of the classifier.
    """

    before: float = BEFORE
    after: float = AFTER
    window: float = WINDOW
    step: float = STEP
    n_neurons: int | None = None
    n_ensembles: int = N_ENSEMBLES
    folds: int = N_FOLDS
    seed: int = 0
    regularization: float = REGULARIZATION


@dataclass(frozen=True, eq=False)
class Decodings:
    """Accuracies.

    Attributes:
        in_time: Columns ``by`` (if there is one), ``time``, ``accuracy``, ``standard_error``, ``chance``, ``n`` (of
            networks, or of ensembles if there is one network, over which mean and error are taken).
        after_event: The same over all windows after the event, without ``time``; and ``peak_accuracy``, the largest of
            ``in_time`` (which exceeds chance by chance), with its ``peak_time``.
        ensembles: Columns ``by``, ``network`` (if there are any), ``ensemble``, ``time``, ``accuracy``.
        by: Name of the column ``by``; None without.
        options: How they were computed.
        about: Conditions, numbers of sessions and epochs.
    """

    in_time: pd.DataFrame
    after_event: pd.DataFrame
    ensembles: pd.DataFrame
    by: str | None
    options: DecodingOptions
    about: dict[str, Any]

    def describe(self) -> dict[str, Any]:
        """A summary in numbers that JSON can hold."""
        rows = self.after_event.to_dict("records")
        return {
            **self.about,
            "by": self.by,
            "options": asdict(self.options),
            "accuracy": [json_row(row) for row in rows],
        }


def decode_trials(
    trials: Sequence[Trials],
    options: DecodingOptions,
    by: str | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Decodings:
    """Decode the condition in each network and at each value of a parameter.

    Args:
        trials: Sessions that are decoded together.
        options: How.
        by: Name of the parameter; None without.
        report: Called with the number of ensembles done and their total.

    Raises:
        InputError: As for `Epochs.decode` and `Analyzer.epochs`; the message names the network and the value.
    """
    total = len(trials) * options.n_ensembles
    decodings, n_epochs = [], 0
    for index, group in enumerate(trials):
        begun = index * options.n_ensembles
        decoding, n = _decoded(group, options, by, lambda done, _, begun=begun: report(begun + done, total))
        decodings.append(decoding)
        n_epochs += n
    about = {
        "conditions": [str(condition) for condition in decodings[0].classes],
        "n_neurons": int(decodings[0].neurons.shape[1]),
        "n_networks": len({group.network for group in trials}),
        "n_sessions": sum(group.analyzer.n_sessions for group in trials),
        "n_epochs": n_epochs,
    }
    found = _by_value(trials, decodings)
    in_time = [_row(value, by, _in_time(each, about["n_networks"] > 1)) for value, each in found.items()]
    after = [
        _row(value, by, _after_event(each, about["n_networks"] > 1, options.window)) for value, each in found.items()
    ]
    ensembles = [
        _row(group.by, by, ({} if group.network is None else {"network": group.network}) | dict(decoding.ensembles))
        for group, decoding in zip(trials, decodings, strict=True)
    ]
    return Decodings(_joined(in_time), _joined(after), _joined(ensembles), by, options, about)


def _decoded(
    group: Trials, options: DecodingOptions, by: str | None, report: Callable[[int, int], None]
) -> tuple[Decoding, int]:
    try:
        epochs = group.analyzer.epochs(group.events, options.before, options.after, conditions=group.conditions)
        if group.network is not None:  # the folder of the sweep tells only that it has several
            epochs = replace(epochs, own_networks=False)
        decoding = epochs.decode(
            options.n_neurons,
            options.window * 1e3,
            options.step * 1e3,
            n_ensembles=options.n_ensembles,
            folds=options.folds,
            seed=options.seed,
            regularization=options.regularization,
            groups=[group.noise[session] for session in epochs.events["session"]] if _shared(group.noise) else None,
            report=report,
        )
    except ValueError as error:
        names = ((by, group.by), ("network", group.network))
        if where := ", ".join(f"{name} {value}" for name, value in names if name is not None and value is not None):
            error.add_note(f"at {where}")
        raise
    return decoding, len(epochs)


def _shared(noise: Sequence[Any]) -> bool:
    """Whether sessions have the same noise, so that they must be trained or tested together."""
    return len(set(noise)) < len(noise)


def _by_value(trials: Sequence[Trials], decodings: Sequence[Decoding]) -> dict[Any, list[Decoding]]:
    """The decodings of all networks at each value of the parameter."""
    found: dict[Any, list[Decoding]] = {}
    for group, decoding in zip(trials, decodings, strict=True):
        found.setdefault(group.by, []).append(decoding)
    return found


def _samples(decodings: Sequence[Decoding], networks: bool) -> NDArray[np.float64]:
    """Accuracies over which means are taken: of networks, or of the ensembles of one, shape ``(n, n_windows)``."""
    return np.array([each.accuracy.mean(axis=0) for each in decodings]) if networks else decodings[0].accuracy


def _chance(decodings: Sequence[Decoding]) -> float:
    return float(np.mean([each.chance for each in decodings]))


def _in_time(decodings: Sequence[Decoding], networks: bool) -> dict[str, Any]:
    samples = _samples(decodings, networks)
    mean, error = mean_and_error(samples)
    numbers = {"accuracy": mean, "standard_error": error, "chance": _chance(decodings), "n": len(samples)}
    return {"time": decodings[0].times} | numbers


def _after_event(decodings: Sequence[Decoding], networks: bool, window: float) -> dict[str, Any]:
    """Mean over the windows that begin at the event or later (NaN without any), and the largest of all windows."""
    samples, times = _samples(decodings, networks), decodings[0].times
    late = times - window / 2 > -_SAME
    of_late = samples[:, late].mean(axis=1) if late.any() else np.full(len(samples), np.nan)
    mean, error = mean_and_error(of_late)
    course = samples.mean(axis=0)
    numbers = {"accuracy": mean, "standard_error": error, "chance": _chance(decodings), "n": len(samples)}
    return numbers | {"peak_accuracy": course.max(), "peak_time": times[course.argmax()]}


def _row(value: Any, by: str | None, columns: Mapping[str, Any]) -> dict[str, Any]:
    return ({} if by is None else {by: value}) | dict(columns)


def _joined(parts: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 -- importing takes half a second

    def table(part: Mapping[str, Any]) -> pd.DataFrame:
        n = max(np.size(values) for values in part.values())
        return pd.DataFrame({name: np.broadcast_to(values, n) for name, values in part.items()})

    return pd.concat([table(part) for part in parts], ignore_index=True)
