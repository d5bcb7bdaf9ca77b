from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def commands_draw_drafts(figures_are_drafts: None) -> None:
    """In all tests of commands, as what they test is that there are figures."""
