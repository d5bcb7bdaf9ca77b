"""Starts the explorer of a configuration: from the command, or from a stager in a notebook."""

from __future__ import annotations

import os
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from neuro_mod.checks import output_path, whole_number
from neuro_mod.config import Experiment
from neuro_mod.optional import optional

if TYPE_CHECKING:
    from neuro_mod.execution.stagers.base import Stager
    from neuro_mod.explorer.server import Served

#: Where Save writes.
FOLDER = Path("simulations", "explored")
#: What comes with the extra.
_LIBRARIES = ("starlette", "uvicorn", "websockets")
#: Explorers of stagers, which are copied and sent to other processes without them.
_OF_STAGERS: WeakKeyDictionary[Stager, Served] = WeakKeyDictionary()


def start(experiment: Experiment, *, folder: str | os.PathLike[str] = FOLDER, **options: Any) -> Served:
    """Serve the page of a configuration from a thread.

    Args:
        experiment: The configuration.
        folder: Where Save writes.
        **options: ``host``, ``port`` and ``max_networks`` of `neuro_mod.explorer.server.serve`.

    Raises:
        ImportError: A library is missing; the message says how to install it.
        InputError: A folder, a host or a port is not valid.
    """
    for library in _LIBRARIES:
        optional(library, "explore")
    path = output_path(folder)
    exploration = import_module("neuro_mod.explorer.exploration")
    server = import_module("neuro_mod.explorer.server")
    return server.serve(lambda: exploration.Exploration(experiment, folder=path), **options)


class ExplorerView:
    """The explorer of a stager, which shows itself in a notebook.

    Args:
        served: The server.
        height: The height of the frame, in pixels.
    """

    def __init__(self, served: Served, height: int):
        self._served, self.height = served, height

    @property
    def address(self) -> str:
        """The address of the page, with the token that it needs."""
        return self._served.address

    def close(self) -> None:
        """End it."""
        self._served.close()

    def __repr__(self) -> str:
        return f"ExplorerView({'closed' if self._served.closed else self.address})"

    def _repr_html_(self) -> str:
        if self._served.closed:
            return "<p>This explorer was closed.</p>"
        frame = f'<iframe src="{escape(self.address)}" width="100%" height="{self.height}" style="border: 0"></iframe>'
        return f"<div>{frame}</div>"


def explore(stager: Stager, *, out: str | os.PathLike[str] = FOLDER, height: int = 900) -> ExplorerView:
    """The explorer of a stager, which is started unless it runs; see `StageSNNSimulation.explore`."""
    whole_number("height", height, 1)
    served = _OF_STAGERS.get(stager)
    if served is None or served.closed:
        served = _OF_STAGERS[stager] = start(stager.experiment, folder=out)
    return ExplorerView(served, height)
