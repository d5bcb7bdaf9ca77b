"""One of the parts into which a job is divided, to be done independently of the others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from neuro_mod.errors import invalid
from neuro_mod.storage.names import shard_folder

MAX_SHARDS = 99_999
_TEXT = re.compile(f"([0-9]{{1,{len(str(MAX_SHARDS))}}})/([0-9]{{1,{len(str(MAX_SHARDS))}}})")
Each = TypeVar("Each")


@dataclass(frozen=True, order=True)
class Shard:
    """Every ``total``-th item, beginning with the one of the same number.

    Args:
        total: How many shards there are.
        number: Which of them, from 1.
    """

    total: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The shard that a text such as ``3/20`` names.

        Raises:
            InputError: It names none.
        """
        found = _TEXT.fullmatch(text) if isinstance(text, str) else None
        number, total = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= number <= total:
            hint = "shards are numbered from 1"
            raise invalid("shard", text, f"K/N with K from 1 to N, and N up to {MAX_SHARDS}, such as 3/20", hint)
        return cls(total, number)

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"

    def within(self, study: Path) -> Path:
        """Its folder in that of the study."""
        return study / shard_folder(self.number, self.total)

    def items(self, items: Sequence[Each]) -> Sequence[Each]:
        """Its items among those of a job, in order; each is made on request if these are."""
        return _Chosen(items, range(self.number - 1, len(items), self.total))


class _Chosen(Sequence[Each]):
    def __init__(self, items: Sequence[Each], indices: range):
        self._items, self._indices = items, indices

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: Any) -> Any:
        chosen = self._indices[index]
        return [self._items[i] for i in chosen] if isinstance(chosen, range) else self._items[chosen]
