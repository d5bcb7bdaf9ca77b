"""``neuro-mod explore``: a page on which a person turns the knobs of a network while it runs."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from html import escape
from pathlib import Path
from typing import Annotated

import typer

from neuro_mod.cli.long_work import long_work
from neuro_mod.cli.options import Config, Overrides, Seed, folder, load, print_text


def explore(
    config: Config = "default",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", parser=folder, help="Folder that Save writes to [simulations/explored]."),
    ] = None,
    seed: Seed = None,
    overrides: Overrides = None,
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="Port of the page; 0 is a free one.")] = 0,
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST",
            help="Address to listen on; with another one, other machines can reach the page, unencrypted.",
        ),
    ] = "127.0.0.1",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
    max_networks: Annotated[
        int, typer.Option(metavar="N", min=1, help="Pages that simulate at once, at most; each has its own network.")
    ] = 4,
) -> None:
    """Turn the knobs of a network while it runs, on a page in the browser; Ctrl-C ends it.

    The first line printed is the address of the page, with a token that it needs.
    """
    from neuro_mod.errors import InputError
    from neuro_mod.explorer.start import FOLDER, start

    experiment = load(config, overrides, seed)
    try:
        served = start(experiment, folder=out or FOLDER, host=host, port=port, max_networks=max_networks)
    except ImportError as error:
        raise InputError(str(error)) from error
    try:
        with long_work(), ExitStack() as until_the_end:
            typer.echo(served.address)
            sys.stdout.flush()
            if not served.only_here:
                _warn(host)
            if browser:
                _open(served.address_here, until_the_end)
            served.wait()
    finally:
        served.close()


def _warn(host: str) -> None:
    print_text(
        f"--host {host}: other machines can reach this page. Whoever has the token may simulate here and save results, "
        "and as nothing is encrypted, the network in between can read the token. A tunnel by ssh is safer: leave out "
        "--host, and give ssh the option -L PORT:127.0.0.1:PORT.",
        err=True,
    )


def _open(address: str, until_the_end: ExitStack) -> None:
    """Open the page in a browser, in a thread.

    Other users see with which arguments a browser is started: it gets a file that leads to the address, and that only
    this user can read.
    """
    with suppress(OSError):  # without a temporary folder there is the address that was printed
        file = until_the_end.enter_context(_leading_to(address))
        threading.Thread(target=_show, args=(file.as_uri(),), daemon=True).start()


@contextmanager
def _leading_to(address: str) -> Iterator[Path]:
    """A file for a browser, which is there until the end."""
    link = escape(address)
    folder = Path(tempfile.mkdtemp(prefix="neuro_mod-explore-"))  # nobody else may enter it
    file = folder / "open.html"
    try:
        with open(file, "x", encoding="utf-8", opener=_for_this_user) as out:
            out.write(
                '<!doctype html>\n<meta charset="utf-8">\n<meta name="referrer" content="no-referrer">\n'
                f'<meta http-equiv="refresh" content="0; url={link}">\n<title>neuro-mod explore</title>\n'
                f'<a href="{link}">neuro-mod explore</a>\n'
            )
        yield file
    finally:
        with suppress(OSError):
            file.unlink(missing_ok=True)
            folder.rmdir()


def _for_this_user(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _show(address: str) -> None:
    """Open a browser, but not one that would take over the terminal, unless the user chose it."""
    with suppress(webbrowser.Error, OSError):
        browser = webbrowser.get()
        if type(browser) is not webbrowser.GenericBrowser or "BROWSER" in os.environ:
            browser.open(address, new=2)
