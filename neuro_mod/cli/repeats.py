"""What scripts that repeat a configuration have in common: flags, logging, exit codes."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from neuro_mod.cli.failures import INTERRUPTED, plain_failures

if TYPE_CHECKING:
    from neuro_mod.config import Experiment

_LOG = logging.getLogger(__name__)


def run_repeats(
    description: str | None,
    arguments: Sequence[str] | None = None,
    check: Callable[[Experiment], None] = lambda _: None,
) -> None:
    """Parse the command line, repeat the configuration, and end the process with an exit code where something is wrong.

    Args:
        description: What the script does, for ``--help``.
        arguments: The command line without the name of the script; that of the process by default.
        check: Looks at the experiment before it is run.
    """
    options = _parser(description).parse_args(arguments)
    handler = _Stderr()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    try:
        with plain_failures():
            _run(options, check)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _run(options: argparse.Namespace, check: Callable[[Experiment], None]) -> None:
    # not imported above: --help needs none of it
    from neuro_mod.execution import Repeater

    repeater = Repeater(options.config, options.n_repeats, random_seed=options.seed)
    folder, executor = _folder(options, repeater.experiment), _executor(options)
    check(repeater.experiment)
    repeater.execute(folder, executor=executor, max_workers=options.max_workers, progress=True)


def _folder(options: argparse.Namespace, experiment: Experiment) -> Path:
    """``--save-dir``, in it ``--sim-name`` if that is given; without ``--save-dir``, what the settings say."""
    from neuro_mod.config import InputError

    settings = experiment.settings
    if options.sim_name is not None:
        settings = experiment.replace({"settings.sim_name": options.sim_name}).settings
    if options.save_dir is not None:
        return options.save_dir / (settings.sim_name if options.sim_name is not None else "")
    if not settings.save:
        raise InputError("settings.save is false: nothing would be kept; say where with --save-dir")
    return Path(settings.save_dir).expanduser() / settings.sim_name


def _executor(options: argparse.Namespace) -> str:
    from neuro_mod.config import InputError
    from neuro_mod.execution.executors import PARALLEL, choose_workers

    chosen = options.executor or (PARALLEL if options.parallel else "serial")
    if options.parallel and chosen == "serial":
        raise InputError("--parallel contradicts --executor serial")
    choose_workers(chosen, options.max_workers, options.n_repeats)
    return chosen


def _parser(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the configuration")
    parser.add_argument(
        "--save-dir", type=Path, metavar="DIR", help="folder for results [save_dir/sim_name of settings]"
    )
    parser.add_argument("--sim-name", metavar="NAME", help="a folder in save-dir for this run [settings.sim_name]")
    parser.add_argument("--n-repeats", type=int, default=1, metavar="N", help="how many runs [1]")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of all runs [settings.random_seed]")
    parser.add_argument("--parallel", action="store_true", help="runs at once: in threads, or as --executor says")
    parser.add_argument("--executor", metavar="KIND", help="serial, thread or process [serial]")
    parser.add_argument("--max-workers", type=int, metavar="N", help="runs at once, at most [one for each core]")
    return parser


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what stderr is at the time, so that lines stand above a progress bar, not in it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The stream, anew for each line."""
        return sys.stderr

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, unless stderr is closed."""
        if sys.stderr is not None:
            super().emit(record)
