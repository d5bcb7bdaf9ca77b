"""The mean field of the present parameters, computed in another process so that the simulation never waits."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # so that the process listens soon
    from neuro_mod.config import Experiment

_LOG = logging.getLogger(__name__)

#: Whole answers that are kept.
N_KEPT = 8
#: How much lower the priority of the process is: it shares the cores with the simulation.
_NICE = 10
#: Seconds until a process that is asked to end is ended.
_PATIENCE = 0.5
_WORKER = "from neuro_mod.explorer.theory import work; work()"
_NOTHING: dict[str, Any] = {
    "pending": False,
    "failed": None,
    "points": [],
    "landscape": None,
    "lifetime": None,
    "note": "",
    "accuracy": "",
    "seconds": None,
}


class Theory:
    """Answers questions about the mean field, the newest one only.

    The process starts at once, ends when this one does, and is started again if it died.

    Args:
        on_result: Called with each answer, the message ``theory``, from a thread of its own: first with states of a
            quick search, then with the landscape as well, and at last with ``pending`` False.
    """

    def __init__(self, on_result: Callable[[dict[str, Any]], None]):
        self._on_result = on_result
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._results: SimpleQueue[tuple[int, dict[str, Any]] | None] = SimpleQueue()
        self._number, self._revision, self._key = 0, 0, ""
        self._waiting = self._closed = False
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._deliverer = threading.Thread(target=self._deliver, name="theory", daemon=True)
        self._deliverer.start()
        with self._lock, contextlib.suppress(OSError):
            self._start()

    def ask(
        self,
        revision: int,
        experiment: Experiment,
        perturbations: Mapping[str, NDArray[np.float64]],
        clusters: tuple[int, int],
    ) -> None:
        """Ask, in place of what was asked before; returns at once.

        Args:
            revision: Number that the answers have.
            experiment: The configuration with the present parameters.
            perturbations: By target, in its unit, shape ``(P,)``: in place of that of the configuration; other targets
                keep theirs, at its onset.
            clusters: The two of the landscape; out of range or equal for none.
        """
        question = {
            "experiment": experiment.to_yaml(),
            "perturbations": {name: np.asarray(each, np.float64).tolist() for name, each in perturbations.items()},
            "clusters": [int(each) for each in clusters],
        }
        key = json.dumps(question, sort_keys=True)
        with self._lock:
            if self._closed:
                return
            self._number += 1
            self._revision, self._key = revision, key
            known = self._kept.get(key)
            self._waiting = known is None
            if known is not None:
                self._kept.move_to_end(key)
                self._results.put((self._number, known))
                with contextlib.suppress(OSError):  # it no longer needs to compute
                    self._send({"number": self._number})
                return
            try:
                self._send({"number": self._number, **question}, again=True)
            except OSError as error:
                self._fail(f"the process of the mean field cannot be started: {error}")

    def close(self) -> None:
        """End the process; no answer comes afterwards."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            process = self._process
        self._results.put(None)
        if process is not None:
            _end(process)
        for thread in (self._reader, self._deliverer):
            if thread not in (None, threading.current_thread()):
                thread.join(_PATIENCE)

    def _start(self) -> subprocess.Popen[str]:
        path = os.pathsep.join(each for each in sys.path if each)
        process = subprocess.Popen(
            [sys.executable, "-c", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        self._process = process
        self._reader = threading.Thread(target=self._read, args=(process,), name="theory-reader", daemon=True)
        self._reader.start()
        return process

    def _send(self, question: Mapping[str, Any], again: bool = False) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            if not again:
                return
            process = self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
        except OSError:
            if not again:
                raise
            _end(process)
            self._send(question)

    def _read(self, process: subprocess.Popen[str]) -> None:
        """Pass on what a process answers, and say if it died."""
        assert process.stdout is not None
        for line in process.stdout:
            try:
                answer = json.loads(line)
            except ValueError:  # the last line of one that died
                break
            with self._lock:
                if answer["number"] != self._number:
                    continue
                message = answer["message"]
                if not message["pending"]:
                    self._waiting = False
                    if message["failed"] is None:
                        self._kept[self._key] = message
                        while len(self._kept) > N_KEPT:
                            self._kept.popitem(last=False)
                self._results.put((self._number, message))
        process.stdout.close()
        _end(process)
        with self._lock:
            if process is self._process and self._waiting and not self._closed:
                self._fail(f"the process of the mean field ended with status {process.returncode}; ask again")

    def _fail(self, why: str) -> None:
        self._waiting = False
        self._results.put((self._number, _NOTHING | {"failed": why}))

    def _deliver(self) -> None:
        while (result := self._results.get()) is not None:
            number, message = result
            with self._lock:
                stale, revision = number != self._number or self._closed, self._revision
            if not stale:
                try:
                    self._on_result({"type": "theory", "revision": revision, **message})
                except Exception:
                    _LOG.exception("the answer of the mean field could not be passed on")


def _end(process: subprocess.Popen[str]) -> None:
    """End a process, which leaves at the end of its input, and take its status."""
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def work() -> None:
    """Answer questions from standard input until it ends; the newest one only."""
    answers_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what else prints does not come between
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to both; the other one ends this one
    if hasattr(os, "nice"):
        os.nice(_NICE)
    logging.getLogger("neuro_mod").addHandler(logging.NullHandler())  # notes say it
    questions: SimpleQueue[dict[str, Any]] = SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin, questions), daemon=True).start()
    # Slow to load, and not needed by the process that asks.
    from neuro_mod.explorer.predictions import Interrupted  # noqa: PLC0415

    def check() -> None:
        if not questions.empty():
            raise Interrupted

    known = [np.empty((0, 0))]
    while True:
        question = questions.get()
        with contextlib.suppress(Empty):
            while True:
                question = questions.get_nowait()
        if "experiment" in question:
            with contextlib.suppress(Interrupted):
                _answer(question, known, check, answers_to)


def _listen(lines: IO[str], questions: SimpleQueue[dict[str, Any]]) -> None:
    for line in lines:
        questions.put(json.loads(line))
    os._exit(0)  # who asks has ended; whatever is being computed


def _answer(
    question: Mapping[str, Any], known: list[NDArray[np.float64]], check: Callable[[], None], answers_to: IO[str]
) -> None:
    """Answer a question; replaces the states to follow by those found."""
    from neuro_mod.config import load_experiment  # noqa: PLC0415
    from neuro_mod.errors import NeuroModError  # noqa: PLC0415
    from neuro_mod.explorer.predictions import Question, answers  # noqa: PLC0415

    def send(message: Mapping[str, Any]) -> None:
        line = json.dumps({"number": question["number"], "message": message}, allow_nan=False)
        answers_to.write(line + "\n")
        answers_to.flush()

    message: dict[str, Any] = dict(_NOTHING)
    try:
        perturbations = {name: np.array(each, np.float64) for name, each in question["perturbations"].items()}
        first, second = question["clusters"]
        asked = Question(load_experiment(question["experiment"].encode()), perturbations, (first, second))
        for answer, states in answers(asked, known[0], check):
            message, known[0] = answer, states
            send(message)
    except (NeuroModError, ValueError, ArithmeticError, np.linalg.LinAlgError, MemoryError) as error:
        send(message | {"pending": False, "failed": str(error) or type(error).__name__})
