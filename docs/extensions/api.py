"""Pages of classes and functions: only members of this package, short signatures, types of results."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

from sphinx.ext.autosummary.generate import find_autosummary_in_files
from sphinx.util.nodes import make_refnode

_REFERENCE = Path(__file__).parents[1] / "reference"
#: Classes whose keys have a page of their own, so that their signatures would repeat it.
_DESCRIBED_BY_KEYS = {"neuro_mod.Experiment", "neuro_mod.Cluster"}

#: Defaults that are objects which describe themselves in several lines.
_DESCRIBED_DEFAULT = re.compile(r"=(\w+)\s{2,}.*?(?=, \w+=|\)$)", re.DOTALL)

#: Sections of docstrings that follow what is returned.
_LATER = re.compile(r"(Raises|References|Examples):$")
_RETURNS = re.compile(r"^Returns:\n((?: {4}.*\n?)+)", re.MULTILINE)
_SEE, _CONSTANT = re.compile(r"(?:[,;] )?see `([\w.]+)`"), re.compile(r"`([A-Z_]+)`")
_FUNCTION = re.compile(r"<function (?:\w+\.)*(?:(\w+)|<lambda>)>")
#: What a name alone may mean; attributes are called as arguments are.
_KINDS = {"class", "data", "exception", "function"}


def _skip(app: Any, what: str, name: str, member: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what is inherited from other libraries, and fields, which docstrings list with their meaning."""
    function = getattr(member, "fget", None) or getattr(member, "func", None) or inspect.unwrap(member)
    function = getattr(function, "__func__", function)
    if what in {"class", "exception"}:
        module = getattr(function, "__module__", None) or ""
        return skip or not module.startswith("neuro_mod") or not inspect.getdoc(function)
    return None


def _shorten(app: Any, what: str, name: str, member: Any, options: Any, signature: Any, returns: Any) -> Any:
    if name in _DESCRIBED_BY_KEYS:
        return "", None
    if not signature:
        return None
    signature = _DESCRIBED_DEFAULT.sub(r"=\1()", signature)
    signature = _FUNCTION.sub(lambda found: found[1] or "...", signature)
    return signature.replace("<factory>", "..."), returns


def _describe_quantities(app: Any, what: str, name: str, member: Any, options: Any, lines: list[str]) -> None:
    """Say what the quantities are, where autodoc would describe a dictionary."""
    if name.rpartition(".")[2] != "QUANTITIES":
        return
    lines[:] = ["Numbers that describe states and clusters, by name.", ""]
    lines += ["Each is a `StateQuantity` with `name`, `label` and `unit`; `Analyzer.quantities` computes them.", ""]
    for quantity in member.values():
        unit = f" ({quantity.unit})" if quantity.unit else ""
        lines += [f"`{quantity.name}`", f"   {quantity.label[0].upper()}{quantity.label[1:]}{unit}.", ""]


def _complete(app: Any, what: str, name: str, member: Any, options: Any, lines: list[str]) -> None:
    """Show the values of constants, and what is returned, if need be as the function says that a docstring names."""
    function = inspect.unwrap(getattr(member, "__func__", member))
    names = getattr(function, "__globals__", None) or vars(sys.modules.get(getattr(member, "__module__", ""), object))

    def value(found: re.Match[str]) -> str:
        constant = names.get(found[1])
        return f"{constant:,}" if isinstance(constant, int | float) else found[0]

    lines[:] = [_CONSTANT.sub(value, line) for line in lines]
    type_of_result = getattr(function, "__annotations__", {}).get("return")
    if what not in {"function", "method"} or type_of_result in {None, "None", "Any", "Self"}:
        return
    if not {"Returns:", "Yields:"} & set(lines):
        place = next((row for row, line in enumerate(lines) if _LATER.match(line)), len(lines))
        lines[place:place] = ["", "Returns:", *(_described_elsewhere(lines, names) or [_type(type_of_result)]), ""]


def _described_elsewhere(lines: list[str], names: dict[str, Any]) -> list[str]:
    """What is returned by the function to which a docstring leads; one in another module has no page to lead to."""
    if not (see := _SEE.search("\n".join(lines))):
        return []
    first, *others = see[1].split(".")
    function = names.get(first)
    for other in others:
        function = getattr(function, other, None)
    content = (inspect.getdoc(function) or "") if inspect.isfunction(function) else ""
    found = _RETURNS.search(content)
    if found and inspect.ismodule(names.get(first)):
        lines[:] = [line.replace(see[0], "") for line in lines]
    return found[1].splitlines() if found else []


def _type(annotation: str) -> str:
    return f"    `{annotation.replace('_Array', 'NDArray').replace('np.', 'numpy.').replace('pd.', 'pandas.')}`."


def _find(app: Any, env: Any, node: Any, content: Any) -> Any:
    """Lead a name in single backticks to what has it, whatever module that is in, if it is one thing alone."""
    if node.get("refdomain") != "py" or node.get("reftype") not in {"obj", "exc", "class"}:
        return None
    name, objects = node["reftarget"].removeprefix("."), env.domains["py"].objects
    found = [full for full in objects if full.endswith(f".{name}") and not objects[full].aliased]
    if len(found) != 1 or not ("." in name or objects[found[0]].objtype in _KINDS):
        return None
    page, anchor = objects[found[0]].docname, objects[found[0]].node_id
    return make_refnode(app.builder, node["refdoc"], page, anchor, content, found[0])


def _remove_former(app: Any) -> None:
    """Remove pages of names that are no longer listed, which nothing would lead to."""
    listed = {entry.name for entry in find_autosummary_in_files([_REFERENCE / "api.md", _REFERENCE / "plotting.md"])}
    for page in (_REFERENCE / "api").glob("*.rst"):
        if page.stem not in listed:
            page.unlink()


def setup(app: Any) -> dict[str, bool]:
    """Change what autodoc writes."""
    app.connect("builder-inited", _remove_former, priority=100)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-signature", _shorten)
    app.connect("autodoc-process-docstring", _describe_quantities)
    app.connect("autodoc-process-docstring", _complete, priority=400)  # before napoleon reads the sections
    app.connect("missing-reference", _find)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
