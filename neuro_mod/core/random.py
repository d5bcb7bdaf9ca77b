"""Counter-based random numbers: (seed, purpose, index) name a stream, a counter names a number in it.

A number depends on nothing but its stream and its counter, so it is the same whatever the order, thread, batch or
block in which it is requested. `philox4x32` runs on NumPy arrays here, and the engine compiles the same code.

References:
    Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3" (Philox 4x32, 7 rounds).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Largest root seed: the entropy that operating systems and NumPy give has 128 bits.
MAX_SEED = 2**128 - 1
WORDS_PER_COUNTER = 4
#: Half the distance of two numbers of `Stream.uniform`; added to them, it keeps them off 0.
HALF_A_STEP = 2.0**-54
ROUNDS = 7

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


def philox4x32(counter: Any, key: Any, rounds: int = ROUNDS) -> Any:
    """Four random 32-bit words for one counter.

    Args:
        counter: Four 32-bit words, each a uint64 scalar or array (broadcastable).
        key: Two 32-bit words as uint64.
        rounds: Number of rounds; 7 is the fewest that pass BigCrush.

    Returns:
        Four uint64 scalars or arrays below 2**32.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(rounds):
        product_0 = _MULTIPLIERS[0] * c0
        product_1 = _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (
            (product_1 >> _HALF) ^ c1 ^ k0,
            product_1 & _LOW,
            (product_0 >> _HALF) ^ c3 ^ k1,
            product_0 & _LOW,
        )
        k0 = (k0 + _WEYL[0]) & _LOW
        k1 = (k1 + _WEYL[1]) & _LOW
    return c0, c1, c2, c3


@dataclass(frozen=True)
class Stream:
    """One stream of random numbers.

    Args:
        seed: The root seed, any non-negative integer.
        purpose: Use of the numbers, such as ``"adjacency"``.
        index: Position within the purpose (trial, repeat, source ...).
    """

    seed: int
    purpose: str
    index: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[np.uint64, np.uint64]:
        """The Philox key: two 32-bit words hashed (BLAKE2b) from seed, purpose and index."""
        name = "/".join(map(str, (self.seed, self.purpose, *self.index)))
        digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
        words = np.frombuffer(digest, dtype="<u4").astype(np.uint64)
        return words[0], words[1]

    @property
    def derived_seed(self) -> int:
        """A root seed derived from the stream, below 2**64."""
        low, high = self.key
        return int(low) | int(high) << 32

    def words(self, rows: ArrayLike, n: int, first: int = 0) -> NDArray[np.uint32]:
        """Random 32-bit words.

        Args:
            rows: Which sequences of the stream (neurons, say), each below 2**32, shape ``(n_rows,)``.
            n: How many words of each sequence.
            first: Place of the first word in its sequence, below 2**66.

        Returns:
            Words of shape ``(n_rows, n)``.
        """
        row = np.atleast_1d(np.asarray(rows, np.uint64))[:, None]
        first_block, skipped = divmod(first, WORDS_PER_COUNTER)
        block = np.uint64(first_block) + np.arange(-(-(skipped + n) // WORDS_PER_COUNTER), dtype=np.uint64)
        words = philox4x32((row, block & _LOW, block >> _HALF, np.uint64(0)), self.key)
        sequence = np.stack(np.broadcast_arrays(*words), axis=-1).reshape(len(row), WORDS_PER_COUNTER * len(block))
        return sequence[:, skipped : skipped + n].astype(np.uint32)

    def uniform(self, rows: ArrayLike, n: int, first: int = 0) -> NDArray[np.floating]:
        """Uniform numbers in [0, 1) with 53 random bits, two words each; arguments as for `words`."""
        words = self.words(rows, 2 * n, 2 * first).astype(np.uint64)
        return ((words[:, ::2] >> np.uint64(5)) * 2.0**26 + (words[:, 1::2] >> np.uint64(6))) * 2.0**-53

    def permutation(self, n: int) -> NDArray[np.int64]:
        """A random order of ``0..n-1`` (the ranks of n uniform numbers)."""
        return np.argsort(self.uniform(np.arange(n), 1)[:, 0], kind="stable")
