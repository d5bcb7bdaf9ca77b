"""Seeds of the runs of a folder, by their files of spikes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from neuro_mod.choices import SpikeFormat
from neuro_mod.errors import DataError
from neuro_mod.storage.names import RUN, SPIKES, repeat_spikes
from neuro_mod.storage.reading import naming, read_json


class RunSeeds(NamedTuple):
    """Seeds of one run: runs with the same seed of the network, or of the noise, have the same."""

    network: int
    noise: int


def run_seeds(run: Path) -> dict[str, RunSeeds]:
    """Seeds of a run, or of each of its repeats, by the name of the file of spikes; none of other folders.

    Raises:
        DataError: The metadata are damaged.
    """
    about = run_metadata(run)
    with naming(run / RUN):
        if "noise_seed" in about:
            return {Path(SPIKES).name: _seeds(about)}
        formats: tuple[SpikeFormat, ...] = ("dense", "events")
        repeats = about.get("repeats")
        return {
            Path(repeat_spikes(each["repeat"], kind)).name: _seeds(each)
            for each in (repeats if isinstance(repeats, list) else ())
            for kind in formats
        }


def run_metadata(run: Path) -> dict[str, Any]:
    """The metadata of a folder of results; none of other folders.

    Raises:
        DataError: They are damaged.
    """
    if not (run / RUN).is_file():
        return {}
    about = read_json(run / RUN)
    if not isinstance(about, dict):
        raise DataError(f"{run / RUN} is damaged; expected a mapping")
    return about


def _seeds(about: dict[str, Any]) -> RunSeeds:
    return RunSeeds(about["random_seed"], about["noise_seed"])
