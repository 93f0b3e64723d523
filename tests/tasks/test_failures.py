from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from prefect import Task

from inputs.errors import PasswordNeeded
from outputs.errors import DiskFull, EncoderFailed, FinisherLost
from synth.errors import SpeakerLost, UnknownVoice
from tasks.bind import bind_book
from tasks.failures import RETRIES, failure_of, worth_another_try
from tasks.finish import finish_track
from tasks.prepare import prepare_book
from tasks.speak import speak_shard


class EndedWith:
    """The end of a task, as far as the retry policy looks at it."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def result(self, *, raise_on_failure: bool) -> BaseException:
        assert not raise_on_failure
        return self._error


def test_our_errors_keep_their_code_words_and_hint() -> None:
    failure = failure_of(PasswordNeeded(Path("a.pdf"), "it is locked", "Unlock it"))
    assert (failure.code, failure.line) == ("password-needed", "it is locked. Unlock it")


def test_an_error_that_is_not_ours_says_that_the_program_is_at_fault() -> None:
    failure = failure_of(ZeroDivisionError("division by zero"))
    assert failure.code == "unexpected"
    assert failure.message == "ZeroDivisionError: division by zero"
    assert "-v" in failure.hint


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (EncoderFailed("ffmpeg was killed", ""), True),
        (FinisherLost("a process was killed", ""), True),
        (TimeoutError("the task took too long"), False),
        (SpeakerLost("the speaking service ended", ""), True),
        (OSError(errno.EIO, "input/output error"), True),
        (DiskFull("no room", ""), False),
        (PasswordNeeded(Path("a.pdf"), "", ""), False),
        (UnknownVoice("", ""), False),
        (ZeroDivisionError(), False),
    ],
)
def test_only_what_may_pass_by_itself_is_tried_again(error: BaseException, again: bool) -> None:
    ended: Any = EndedWith(error)
    nothing: Any = None
    assert worth_another_try(nothing, nothing, ended) is again


@pytest.mark.parametrize("task", [prepare_book, speak_shard, finish_track, bind_book])
def test_no_task_lasts_for_ever(task: Task[..., Any]) -> None:
    assert task.timeout_seconds is not None
    assert task.retries == RETRIES
