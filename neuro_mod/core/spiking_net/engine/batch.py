"""Many trials in parallel: threads over trials, each in the compiled loop with the GIL released."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

from neuro_mod.checks import whole_number
from neuro_mod.core.cores import n_cores
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.simulation import Simulation
from neuro_mod.core.spiking_net.engine.trial import SpikeSink, Trial
from neuro_mod.errors import InputError, Interrupted

#: Seconds between two reports of progress.
_REPORT_INTERVAL = 0.1


class Pair(NamedTuple):
    """Two runs from the same state with the same noise."""

    baseline: Simulation
    changed: Simulation


def simulate_batch(
    trials: Iterable[Trial],
    *,
    n_threads: int | None = None,
    on_result: Callable[[int, Simulation], None] | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[Simulation]:
    """Simulate trials in threads; they may share networks and differ in any field.

    Each trial gives the same bytes as on its own, whatever the other trials and the number of threads. Trials are taken
    from the iterable as needed: at most twice the number of threads exist at once. With ``on_result``, results are not
    kept either, so that a batch may exceed the memory.

    Args:
        trials: The trials.
        n_threads: Number of trials that run at once; by default one for each core.
        on_result: Receives the index and the result of each trial, in order, in the calling thread.
        progress: Called regularly with the simulated seconds done, over all trials.

    Returns:
        The results in order; empty with ``on_result``.

    Raises:
        InputError: ``n_threads`` is below 1.
        Interrupted: On Ctrl-C, with the results that `on_result` did not receive.
        Exception: Whatever a trial raises, with a note of its index; the other trials are stopped.

    Examples:
        >>> from dataclasses import replace
        >>> from neuro_mod import StageSNNSimulation, simulate_batch
        >>> trial = StageSNNSimulation("small").trial(duration_sec=0.1)
        >>> runs = simulate_batch([replace(trial, seed=seed) for seed in range(3)], n_threads=2)
        >>> len(runs), len({len(run.spikes) for run in runs})  # three runs that differ
        (3, 3)
    """
    n_threads = n_cores() if n_threads is None else whole_number("n_threads", n_threads, 1)
    results: list[Simulation] = []
    take = on_result or (lambda _, result: results.append(result))
    batch = _Batch(iter(trials), n_threads, progress or (lambda _: None))
    try:
        for index, result in batch:
            take(index, result)
    except KeyboardInterrupt:
        batch.stop()
        finished = dict(enumerate(results)) | batch.finished()
        raise Interrupted(f"interrupted; {len(finished)} finished trials were not handed over", finished) from None
    finally:
        batch.stop()
    return results


def simulate_pair(trial: Trial, **changes: Any) -> Pair:
    """Simulate a trial twice from the same state under the same random numbers: unchanged, and with changes.

    Args:
        trial: The baseline.
        **changes: Fields of the trial that differ in the second run, such as ``courses`` or ``stimulus``.

    Examples:
        >>> from neuro_mod import Course, StageSNNSimulation, simulate_pair
        >>> trial = StageSNNSimulation("small").trial(duration_sec=0.1)
        >>> usual = trial.network.threshold  # shape (n_pops,)
        >>> lower = Course([0, 100], [usual, 0.8 * usual])  # from step 100 on
        >>> pair = simulate_pair(trial, courses={"threshold": lower})
        >>> bool(pair.changed.spike_counts.sum() > pair.baseline.spike_counts.sum())
        True
    """
    return Pair(*simulate_batch([trial, replace(trial, **changes)]))


class _Stopped(Exception):  # noqa: N818 -- nothing went wrong
    """A trial that was stopped."""


class _Batch:
    """A running batch: iterates over indices and results, in order."""

    def __init__(self, trials: Iterator[Trial], n_threads: int, progress: Callable[[float], None]):
        self._trials = enumerate(trials)
        self._pool = ThreadPoolExecutor(n_threads, thread_name_prefix="trial")
        self._ahead = 2 * n_threads
        self._pending: deque[tuple[int, Future[Simulation]]] = deque()
        self._progress = progress
        self._stopped = threading.Event()
        self._under_way: dict[int, float] = {}
        self._seconds_done = 0.0
        self._sinks: dict[int, SpikeSink | None] = {}

    def __iter__(self) -> Iterator[tuple[int, Simulation]]:
        self._submit()
        while self._pending:
            index, first = self._pending[0]
            while not first.done():
                wait([first], timeout=_REPORT_INTERVAL)
                self._progress(self._done())
            try:
                result = first.result()
            except Exception as error:
                error.add_note(f"in trial {index} of the batch")
                raise
            yield index, result
            self._pending.popleft()
            self._under_way.pop(index, None)
            self._sinks.pop(index)
            self._seconds_done += result.duration
            self._progress(self._done())
            self._submit()

    def stop(self) -> None:
        """Stop the running trials and wait for them."""
        self._stopped.set()
        self._pool.shutdown(cancel_futures=True)

    def finished(self) -> dict[int, Simulation]:
        """Results of finished trials that have not been yielded yet."""
        ready = ((index, future) for index, future in self._pending if future.done() and not future.cancelled())
        return {index: future.result() for index, future in ready if future.exception() is None}

    def _done(self) -> float:
        return self._seconds_done + sum(list(self._under_way.values()))

    def _submit(self) -> None:
        for index, trial in islice(self._trials, self._ahead - len(self._pending)):
            sink = trial.recording.on_spikes
            if sink is not None and sink in self._sinks.values():
                raise InputError(f"on_spikes of trial {index}: used by another trial; expected one for each")
            self._sinks[index] = sink
            self._pending.append((index, self._pool.submit(self._simulate, index, trial)))

    def _simulate(self, index: int, trial: Trial) -> Simulation:
        def advanced(seconds: float) -> None:
            if self._stopped.is_set():
                raise _Stopped
            self._under_way[index] = seconds

        return simulate(trial, advanced)
