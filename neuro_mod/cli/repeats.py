"""What scripts that repeat a configuration have in common: flags, logging, exit codes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from neuro_mod.cli.failures import plain_failures
from neuro_mod.cli.options import Seed, load

if TYPE_CHECKING:
    from neuro_mod.config import Experiment


def run_repeats(description: str, check: Callable[[Experiment], None] = lambda _: None) -> None:
    """Repeat a configuration as the command line of the process says, and end the process with an exit code.

    Args:
        description: What the script does, for ``--help``.
        check: Looks at the experiment before it is run.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

    @app.command(help=description)
    def _(
        config: Annotated[Path, typer.Option(metavar="FILE", help="The configuration.")],
        save_dir: Annotated[
            Path | None, typer.Option(metavar="DIR", help="Folder for results [save_dir/sim_name of settings].")
        ] = None,
        sim_name: Annotated[
            str | None, typer.Option(metavar="NAME", help="A folder in save-dir for this run [settings.sim_name].")
        ] = None,
        n_repeats: Annotated[int, typer.Option(metavar="N", help="How many runs.")] = 1,
        seed: Seed = None,
        executor: Annotated[
            str | None, typer.Option(metavar="KIND", help="serial, thread or process [serial].")
        ] = None,
        max_workers: Annotated[
            int | None, typer.Option(metavar="N", help="Runs at once, at most [one for each core].")
        ] = None,
        parallel: Annotated[
            bool, typer.Option("--parallel", help="Runs at once: in threads, or as --executor says.")
        ] = False,
    ) -> None:
        # not imported above: --help needs none of it
        from neuro_mod.config import InputError
        from neuro_mod.execution import Repeater

        experiment = load(config, None, seed, None)
        if sim_name is not None:
            experiment = experiment.replace({"settings.sim_name": sim_name})
        if parallel and executor == "serial":
            raise InputError("--parallel contradicts --executor serial")
        repeater, folder = Repeater(experiment, n_repeats), _folder(experiment, save_dir, sim_name)
        check(experiment)
        chosen = executor or ("thread" if parallel else "serial")
        repeater.execute(folder, executor=chosen, max_workers=max_workers, progress=True)

    handler = _Stderr()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    with plain_failures():
        app()


def _folder(experiment: Experiment, save_dir: Path | None, sim_name: str | None) -> Path:
    """``--save-dir``, in it ``--sim-name`` if that is given; without ``--save-dir``, what the settings say."""
    from neuro_mod.config import InputError

    settings = experiment.settings
    if save_dir is not None:
        return save_dir / (sim_name or "")
    if not settings.save:
        raise InputError("settings.save is false: nothing would be kept; say where with --save-dir")
    return Path(settings.save_dir).expanduser() / settings.sim_name


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what stderr is at the time: above a progress bar, not into it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.stream = sys.stderr
        super().emit(record)
