"""Section ``settings``: seed, and where results go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from neuro_mod.config.fields import Count, Section, Switch, parameter


def _plain_folder_name(name: str) -> str:
    if name in {"", ".", ".."} or name != name.strip() or not name.isprintable() or set(name) & set('/\\:*?"<>|'):
        raise PydanticCustomError("folder_name", "not a plain folder name")
    return name


def _path(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise PydanticCustomError("path", "not a path")
    return text


#: A name for a folder, and what is valid.
FolderName = Annotated[str, Field(strict=True), AfterValidator(_plain_folder_name)]
FOLDER_NAME = 'a plain folder name (not empty, no / \\ : * ? " < > |, not . or ..)'


class Settings(Section):
    """Everything that does not change the model."""

    random_seed: Count = parameter(256, "root of all random numbers")
    save: Switch = parameter(True, "write results to disk")
    plot: Switch = parameter(True, "draw figures")
    save_dir: Annotated[str, Field(strict=True), AfterValidator(_path)] = parameter(
        "simulations", "folder for results", expected="the path of a folder"
    )
    sim_name: FolderName = parameter("default", "name of this run's folder in save_dir", expected=FOLDER_NAME)
    plot_format: Literal["png", "pdf", "svg"] = parameter("png", "file format of figures")

    @property
    def folder(self) -> Path:
        """Where results go: ``save_dir / sim_name``."""
        return Path(self.save_dir).expanduser() / self.sim_name
