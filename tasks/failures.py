"""What is a failure, what is worth another try and how it is told: the whole failure policy, in one place."""

from __future__ import annotations

import errno
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import httpx

from inputs.errors import DocumentError
from outputs.errors import (
    BadCompanion,
    DiskFull,
    EncoderFailed,
    FfmpegMissing,
    FinisherLost,
    OutputError,
    StoreUnreachable,
    UnknownFormat,
)
from synth.errors import (
    BadCompute,
    BadLexicon,
    ChunkDoesNotFit,
    SpeakerLost,
    SpeechError,
    UnknownPreference,
    WeightsDoNotFit,
    WeightsMissing,
)

if TYPE_CHECKING:
    from prefect import Task
    from prefect.client.schemas.objects import State, TaskRun

BINDERY_ERRORS: Final = (DocumentError, SpeechError, OutputError)
RETRIES: Final = 2
RETRY_DELAYS_S: Final = [1.0, 5.0]

# No task lasts for ever. Prefect raises a TimeoutError in the task's thread, which may pass. What hangs in a
# library is found sooner by whoever called it: ffmpeg, the reader of PDFs and the speaker have limits of
# their own. A part of a book may wait for days behind others that go first.
# (Prefect warns each time that this interrupts no library; that is known, and no news of any run.)
logging.getLogger("prefect.task_runs").addFilter(
    lambda record: not str(record.msg).startswith("Timeout of %s seconds configured for this task")
)
READ_LIMIT_S: Final = 6 * 3600.0  # recognising the pages of a thick scan takes an hour or two
SPEAK_LIMIT_S: Final = 7 * 24 * 3600.0
FINISH_LIMIT_S: Final = SPEAK_LIMIT_S  # segments that are damaged are spoken again
BIND_LIMIT_S: Final = 2 * 3600.0

# What may be gone at the next try: a killed encoder, a disk, pipe or server that did not answer, memory that
# somebody else held.
_PASSING: Final = (
    EncoderFailed,
    FinisherLost,
    SpeakerLost,
    ChunkDoesNotFit,
    OSError,
    MemoryError,
    httpx.HTTPError,
)
# after seconds; the others take longer
_TASK_TRIES_AGAIN: Final = (EncoderFailed, FinisherLost, SpeakerLost, OSError)
# What every other document would fail by, too.
_MACHINE: Final = (
    BadCompanion,
    BadCompute,
    BadLexicon,
    DiskFull,
    FfmpegMissing,
    StoreUnreachable,
    UnknownFormat,
    UnknownPreference,
    WeightsDoNotFit,
    WeightsMissing,
)
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)


class Fault(StrEnum):
    """Where the reason of a failure lies, and so what becomes of the document."""

    DOCUMENT = "document"  # it will fail again, however often it is tried; so will what is our own fault
    PASSING = "passing"  # it may go well at the next try
    MACHINE = "machine"  # nothing is wrong with it, and no other document would do better


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a document was not converted, in words for a person and a code for programs."""

    code: str
    message: str
    hint: str
    fault: Fault = Fault.DOCUMENT

    @property
    def line(self) -> str:
        """The failure as one line."""
        return f"{self.message}. {self.hint}"


def failure_of(error: BaseException) -> Failure:
    """The failure behind an exception; one that is not ours is a fault of the program and says so."""
    if isinstance(error, BINDERY_ERRORS):
        return Failure(error.code, error.message, error.hint, _fault_of(error))
    return Failure(
        "unexpected",
        f"{type(error).__name__}: {error}".rstrip(": "),
        "This is a fault in audiobindery; run again with -v and report what it prints",
        _fault_of(error),
    )


def worth_another_try(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry what may pass in seconds: a killed encoder, a disk that failed. Never a bad document."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, TimeoutError):  # after hours, seconds change nothing
        return False
    return _fault_of(error) is Fault.PASSING and isinstance(error, _TASK_TRIES_AGAIN)


def _fault_of(error: object) -> Fault:
    if isinstance(error, _MACHINE) or type(error) is OutputError:  # which is a folder that cannot be written
        return Fault.MACHINE
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return Fault.MACHINE
    return Fault.PASSING if isinstance(error, _PASSING) else Fault.DOCUMENT
