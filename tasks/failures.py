"""What is a failure, what is worth another try and how it is told: the whole failure policy, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inputs.errors import DocumentError
from outputs.errors import EncoderFailed, OutputError
from synth.errors import SpeechError

if TYPE_CHECKING:
    from prefect import Task
    from prefect.client.schemas.objects import State, TaskRun

BINDERY_ERRORS: Final = (DocumentError, SpeechError, OutputError)
RETRIES: Final = 2
RETRY_DELAYS_S: Final = [1.0, 5.0]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a document was not converted, in words for a person and a code for programs."""

    code: str
    message: str
    hint: str

    @property
    def line(self) -> str:
        """The failure as one line."""
        return f"{self.message}. {self.hint}"


def failure_of(error: BaseException) -> Failure:
    """The failure behind an exception; one that is not ours is a fault of the program and says so."""
    if isinstance(error, BINDERY_ERRORS):
        return Failure(error.code, error.message, error.hint)
    return Failure(
        "unexpected",
        f"{type(error).__name__}: {error}".rstrip(": "),
        "This is a fault in audiobindery; run again with -v and report what it prints",
    )


def worth_another_try(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry what may pass: an encoder that was killed, a disk or pipe that failed. Never a bad document."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, BINDERY_ERRORS):
        return isinstance(error, EncoderFailed)
    return isinstance(error, OSError)
