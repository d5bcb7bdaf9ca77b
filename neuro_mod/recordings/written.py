"""Whether the files of a run are those that it wrote."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.readings import Reading
from neuro_mod.storage.files import Record, fault_of
from neuro_mod.storage.names import CLUSTERS, CONFIG, DATA, IN_ROOT, LOG, MANIFEST, METADATA, REPEATED_CLUSTERS, RUN
from neuro_mod.storage.run_folder import is_unfinished, read_manifest

_LOG = logging.getLogger(__name__)

#: Small files that say what the spikes are.
_ABOUT = (RUN, CONFIG, CLUSTERS, REPEATED_CLUSTERS)
#: Folders whose files are results; figures and logs may be edited.
_RESULTS = (DATA, METADATA)


def check_written(run: Path, files: Sequence[Path], *, whole: bool) -> dict[Path, Record]:
    """Refuse the spikes of a folder whose files are not those in its manifest; sizes alone where files are large.

    Args:
        run: The folder of a run; others have no manifest, and pass.
        files: Files of spikes in it.
        whole: Whether these are all of its files, and the others must be there too.

    Returns:
        Size and hash of each file that the run wrote, for `intact`.

    Raises:
        DataError: A file is missing, has changed, or was not written by the run; or the manifest is damaged.
    """
    records = read_manifest(run)
    if records is None:
        if is_unfinished(run):
            _LOG.warning("%s: the run was cut short, or goes on: results may be missing; rerun it to complete it", run)
        return {}
    for name, record in records.items():
        about = name in _ABOUT
        if (about or (whole and _is_result(name))) and (fault := fault_of(run / name, record, content=about)):
            raise _not_as_written(run / name, fault, run)
    written = {run / name: record for name, record in records.items()}
    own = {file: written[file.absolute()] for file in files if file.absolute() in written}
    for file in (file for file in files if file not in own):
        if whole:
            raise _not_as_written(file, "is not one of the files of the run", run)
        _LOG.warning("%s: the run beside it did not write it; its time step and clusters are used all the same", file)
    return own


def intact(
    file: Path, records: Mapping[Path, Record], read: Callable[[Conventions], Reading]
) -> Callable[[Conventions], Reading]:
    """A reader that first makes sure that the file is the one that the run wrote."""
    if file not in records:
        return read
    unchecked = [records[file]]

    def checked(conventions: Conventions) -> Reading:
        if unchecked:
            if fault := fault_of(file, unchecked[0]):
                raise _not_as_written(file, fault, file.parents[1])
            unchecked.clear()
        return read(conventions)

    return checked


def _is_result(name: str) -> bool:
    return name != LOG and (str(Path(name).parent) in _RESULTS or name in IN_ROOT)


def _not_as_written(file: Path, fault: str, run: Path) -> DataError:
    hint = "rerun what made the folder, or name files of spikes to read only these"
    return DataError(f"{file} {fault}, as {run / MANIFEST} shows; {hint}")
