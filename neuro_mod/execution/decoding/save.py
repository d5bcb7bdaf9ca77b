"""The folder of a decoding: tables, figures, and a description, each file replaced whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from neuro_mod.errors import InputError, Interrupted
from neuro_mod.execution.decoding.decode import DecodingOptions, Decodings, decode_trials
from neuro_mod.execution.decoding.pictures import drawings_of_decoding
from neuro_mod.execution.decoding.trials import Trials
from neuro_mod.execution.figures import PAPER, Look, save_figures
from neuro_mod.execution.progress import Counted, progress_shown
from neuro_mod.execution.provenance import now_in_utc, versions
from neuro_mod.optional import optional
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import (
    DECODING,
    DECODING_AFTER_EVENT,
    DECODING_DESCRIPTION,
    DECODING_ENSEMBLES,
    DECODING_FIGURES,
    DECODING_TABLE,
    PLOTS,
)
from neuro_mod.storage.run_folder import holds_run
from neuro_mod.storage.writing import write_whole


def default_folder(sweep: Path) -> Path:
    """Folder of the decoding of a sweep, in its folder."""
    return sweep / DECODING


def decode_and_save(
    trials: Sequence[Trials],
    folder: Path,
    options: DecodingOptions,
    by: str | None = None,
    *,
    sources: Mapping[str, Any],
    look: Look | None = PAPER,
) -> dict[str, Any]:
    """Decode, and save tables and figures, in place of an earlier decoding.

    Args:
        trials: Sessions that are decoded together.
        folder: The folder to save into.
        options: How conditions are decoded.
        by: Name of the parameter over which accuracies are compared; None without.
        sources: Where the spikes are, and which columns or conditions were chosen, for the description.
        look: How figures are drawn; None for no figures.

    Returns:
        The metadata of `Decodings.describe`, and ``files``.

    Raises:
        InputError: The folder is that of a run, scikit-learn is missing, or as for `decode_trials`.
        StorageError: It cannot be written to.
        Interrupted: On Ctrl-C; an earlier decoding stays.
    """
    if holds_run(folder):
        raise InputError(f"{folder} holds the results of a run; choose another folder, such as {folder / 'decoding'}")
    try:
        optional("sklearn", "decoding")
        total = len(trials) * options.n_ensembles
        with progress_shown(total, quantity=Counted("decoded", "ensembles")) as report:
            found = decode_trials(trials, options, by, lambda done, _: report(done))
    except ImportError as error:
        raise InputError(str(error)) from error
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; no new decoding in {folder}") from None
    with locked(folder):
        files = _save(folder, found, sources, look)
    return found.describe() | {"files": [str(file) for file in files]}


def _save(folder: Path, found: Decodings, sources: Mapping[str, Any], look: Look | None) -> list[Path]:
    """Write all files; the description, which says that they belong together, last."""

    def save(name: str, write: Callable[[IO[bytes]], object]) -> Path:
        return write_whole(folder / name, write)

    (folder / DECODING_DESCRIPTION).unlink(missing_ok=True)
    tables = {
        DECODING_TABLE: found.in_time,
        DECODING_AFTER_EVENT: found.after_event,
        DECODING_ENSEMBLES: found.ensembles,
    }
    files = []
    for name, table in tables.items():
        text = table.to_csv(index=False, lineterminator="\n").encode()
        files.append(save(name, lambda file, text=text: file.write(text)))
    drawings = drawings_of_decoding(found)
    for name in DECODING_FIGURES:
        for earlier in (folder / PLOTS).glob(f"{name}.*"):
            earlier.unlink()
    if look is not None:
        (folder / PLOTS).mkdir(exist_ok=True)
        files += save_figures(save, drawings, look)
    about = {"written": now_in_utc(), "versions": versions(), "sources": dict(sources)} | found.describe()
    text = json.dumps(about, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return [*files, save(DECODING_DESCRIPTION, lambda file: file.write(text.encode()))]
