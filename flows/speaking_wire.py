"""What the speaking service and its clients say to each other: chunks and errors, as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter

from outputs.errors import OutputError
from synth.chunks import Chunk
from synth.errors import SpeechError
from tasks.failures import failure_of

CHUNKS: Final = TypeAdapter(tuple[Chunk, ...])
PULSE_S: Final = 1.0  # an empty line comes this often while there is nothing to tell
DONE: Final = b'{"done": true}\n'


@dataclass(frozen=True, slots=True)
class Opened:
    """What a client must know of an open speaker, to prepare chunks for it and to find its segments."""

    segments: str  # a folder or a URL
    digest: str | None = None  # of Kokoro's checkpoint
    precision: str | None = None
    weights: str | None = None


OPENED: Final = TypeAdapter(Opened)


def error_line(error: BaseException) -> bytes:
    """An error as a line."""
    failure = failure_of(error)
    told: dict[str, Any] = {"code": failure.code, "message": failure.message, "hint": failure.hint}
    if isinstance(error, OSError):
        told |= {"errno": error.errno, "strerror": error.strerror}
    return json.dumps({"error": told}).encode() + b"\n"


def error_from(told: dict[str, Any]) -> Exception:
    """The error that a line tells of, of the class that it had."""
    if told.get("errno") is not None:
        return OSError(told["errno"], told["strerror"])
    kind = _ERRORS.get(told["code"])
    if kind is None:
        return RuntimeError(f"in the speaking service: {told['message']}")
    return kind(told["message"], told["hint"])


def _kinds(kind: type[SpeechError] | type[OutputError]) -> Iterator[type[SpeechError] | type[OutputError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


_ERRORS: Final = {kind.code: kind for root in (SpeechError, OutputError) for kind in _kinds(root)}
