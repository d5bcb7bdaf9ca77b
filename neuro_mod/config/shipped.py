"""Configurations and sweeps that come with the package, and the names by which commands and Python take them."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from neuro_mod.errors import invalid

#: In an installed package the files are beside its modules, in a checkout in the folder that holds the package.
_FOLDERS = (Path(__file__).parents[1] / "configs", Path(__file__).parents[2] / "configs")
#: Names of files that are longer by themselves; all others are named by their path without its ending.
_NAMES = {
    "default_snn_params": "default",
    "published_snn_params": "published",
    "homogeneous_snn_params": "homogeneous",
    "snn_test_run": "test",
    "default_mf_params": "mean_field",
    "2_cluster_mf": "two_clusters",
    "perturbed/default_snn_params_with_perturbation": "perturbed",
    "templates/spiking_net_template": "templates/spiking_net",
    "templates/mean_field_template": "templates/mean_field",
}
_SUFFIX = ".yaml"
#: Where paths in documentation begin.
_ROOT = "configs"


@dataclass(frozen=True)
class Shipped:
    """A file that comes with the package.

    Args:
        name: Its name.
        path: Where it is.
    """

    name: str
    path: Path

    @property
    def text(self) -> str:
        """Its content."""
        return self.path.read_text(encoding="utf-8")

    @property
    def description(self) -> str:
        """The first line of its comments."""
        return self.text.partition("\n")[0].removeprefix("# ").removesuffix(".")

    @property
    def is_sweep(self) -> bool:
        """Whether it is a sweep rather than a configuration."""
        return self.name.startswith("sweeps/")


def shipped_folder() -> Path:
    """The folder of the shipped files."""
    return next((folder for folder in _FOLDERS if folder.is_dir()), _FOLDERS[0])


def shipped_files() -> dict[str, Shipped]:
    """All shipped files by their names: configurations, sweeps, templates."""
    folder = shipped_folder()
    names = {_name(path.relative_to(folder)): path for path in sorted(folder.rglob(f"*{_SUFFIX}"))}
    order = list(_NAMES.values())
    ranked = sorted(names, key=lambda name: ("/" in name, order.index(name) if name in order else len(order), name))
    return {name: Shipped(name, names[name]) for name in ranked}


def shipped_file(name: str, place: str) -> Shipped:
    """The shipped file of a name.

    Args:
        name: The name.
        place: The argument that has it, for the message.

    Raises:
        InputError: There is none; the message suggests close ones.
    """
    files = shipped_files()
    if name in files:
        return files[name]
    close = " or ".join(get_close_matches(name, files))
    raise invalid(place, name, "a name that neuro-mod configs lists", f"did you mean {close}?" if close else "")


def shipped_as(path: Path) -> str:
    """The name of the shipped file that a path such as ``configs/snn_test_run.yaml`` means; empty if it means none."""
    if path.suffix != _SUFFIX or _ROOT not in path.parts:
        return ""
    name = _name(Path(*path.parts[len(path.parts) - path.parts[::-1].index(_ROOT) :]))
    return name if name in shipped_files() else ""


def _name(within: Path) -> str:
    stem = within.with_suffix("").as_posix()
    return _NAMES.get(stem, stem)
