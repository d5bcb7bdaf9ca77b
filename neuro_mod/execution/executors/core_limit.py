"""One core for each item, so that results are the same bytes everywhere and workers do not compete for cores."""

from __future__ import annotations

import sys
import threading

from threadpoolctl import threadpool_limits

#: Environment of worker processes, which libraries read when they are loaded.
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMBA_NUM_THREADS",
    ),
    "1",
)


class CoreLimit:
    """Limits BLAS and OpenMP in this process to one thread, until `lift`."""

    def __init__(self) -> None:
        self._thread = threading.local()
        self._limits = [threadpool_limits(1)]

    def renew(self) -> None:
        """Limit this thread too, as OpenMP counts by thread, and libraries that were loaded since."""
        n_modules = len(sys.modules)
        if getattr(self._thread, "n_modules", None) != n_modules:
            self._thread.n_modules = n_modules
            self._limits.append(threadpool_limits(1))

    def lift(self) -> None:
        """Restore the earlier limits."""
        while self._limits:
            self._limits.pop().restore_original_limits()
