"""One core for each item: results are the same bytes wherever it is done, and workers do not crowd each other out."""

from __future__ import annotations

import sys
import threading

from threadpoolctl import threadpool_limits

#: Environment of worker processes, read by libraries as they are loaded.
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
    """Holds BLAS and OpenMP of this process to one thread, until it is lifted."""

    def __init__(self) -> None:
        self._thread = threading.local()
        self._limits = [threadpool_limits(1)]

    def renew(self) -> None:
        """Hold this thread, and libraries that have been loaded since: OpenMP counts for each thread by itself."""
        n_modules = len(sys.modules)
        if getattr(self._thread, "n_modules", None) != n_modules:
            self._thread.n_modules = n_modules
            self._limits.append(threadpool_limits(1))

    def lift(self) -> None:
        """Give back what was found."""
        while self._limits:
            self._limits.pop().restore_original_limits()
