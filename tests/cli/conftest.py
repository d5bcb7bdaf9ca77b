from __future__ import annotations

import pytest

from neuro_mod.cli.failures import plain_failures
from neuro_mod.cli.main import app


@pytest.fixture
def neuro_mod(capsys):
    """``neuro-mod analyze`` in this process: exit code, what is printed, and errors on one line."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended, plain_failures():
            app(["analyze", *map(str, arguments)])
        printed = capsys.readouterr()
        return ended.value.code, printed.out, " ".join(printed.err.split())

    return run
