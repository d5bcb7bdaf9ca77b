"""Errors that users meet: one base class, exit codes, and the way from a worker process back."""

from __future__ import annotations

import pickle

import pytest

from neuro_mod import errors
from neuro_mod.errors import ConfigError, FailedItemsError, Interrupted, NeuroModError, Problem, invalid

PROBLEM = Problem(("arousal", "level"), "2 found", "a number from 0 to 1")
ERRORS = [
    kind("message")
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, BaseException) and kind is not ConfigError
]


@pytest.mark.parametrize("error", [*ERRORS, ConfigError([PROBLEM])], ids=lambda error: type(error).__name__)
def test_errors_survive_pickling(error):
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error) and str(back) == str(error) and vars(back) == vars(error)


def test_failed_items_and_interruptions_keep_what_was_finished():
    failed = pickle.loads(pickle.dumps(FailedItemsError("1 failed", "outcome", {"n_finished": 2})))
    assert (failed.outcome, failed.metadata) == ("outcome", {"n_finished": 2})
    interrupted = pickle.loads(pickle.dumps(Interrupted("interrupted", [1], {"n_finished": 2})))
    assert (interrupted.finished, interrupted.metadata) == ([1], {"n_finished": 2})


def test_exit_codes():
    codes = {type(error).__name__: error.exit_code for error in ERRORS if isinstance(error, NeuroModError)}
    assert codes.pop("FailedItemsError") == codes.pop("MissingItemsError") == 3
    assert codes.pop("NoWorkersError") == 4
    assert set(codes.values()) == {2}


def test_ctrl_c_is_not_an_error_that_is_handled_as_such():
    assert not issubclass(Interrupted, Exception)


def test_form_of_messages():
    assert str(invalid("n_repeats", 0, "a whole number from 1")) == "n_repeats: 0 found; expected a whole number from 1"
    assert str(PROBLEM) == "arousal.level: 2 found; expected a number from 0 to 1"
