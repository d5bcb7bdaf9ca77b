"""The stimulus that the metadata of a run describe: when it begins, and which clusters it reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import index
from typing import Any


@dataclass(frozen=True)
class RunStimulus:
    """The stimulus of a run.

    Args:
        onsets: In seconds from the start of the run; empty without a stimulus.
        clusters: Labels of the clusters with stimulated neurons; None where each session has its own.
    """

    onsets: tuple[float, ...]
    clusters: tuple[int, ...] | None


def stimulus_in(metadata: Mapping[str, Any]) -> RunStimulus | None:
    """The stimulus of a run from its metadata; None in those of earlier versions, which do not tell.

    Raises:
        KeyError: The metadata are damaged; likewise `TypeError` and `ValueError`.
    """
    if "stimulus" not in metadata:
        return None
    about = metadata["stimulus"]
    clusters = about["clusters"]
    return RunStimulus(
        tuple(map(float, about["onsets_sec"])), None if clusters is None else tuple(index(each) for each in clusters)
    )
