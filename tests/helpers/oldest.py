"""Prints pins of the oldest versions that pyproject.toml allows, for `make test-versions`; needs nothing installed."""

import tomllib
from pathlib import Path

#: Libraries on which the numbers depend.
LIBRARIES = ("numpy", "scipy", "numba", "pandas")


def oldest() -> list[str]:
    """Lines like ``numpy==2.0``.

    Raises:
        KeyError: A library is no dependency with ``>=`` and a version.
    """
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounds = dict(each.split(">=") for each in project["dependencies"] if ">=" in each)
    return [f"{library}=={bounds[library]}" for library in LIBRARIES]


if __name__ == "__main__":
    print("\n".join(oldest()))  # noqa: T201
