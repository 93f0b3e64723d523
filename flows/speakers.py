"""The name of an engine into its speaker."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path

from synth.speaker import Speaker


class Engine(StrEnum):
    """What speaks."""

    KOKORO = "kokoro"  # the real voice: Kokoro-82M
    DRAFT = "draft"  # a robot voice that makes a book audible in seconds


@cache
def open_speaker(engine: Engine, weights: Path | None) -> Speaker:
    """The speaker of an engine, opened once per process, so that a model stays warm from book to book.

    Raises:
        SpeechError: it cannot be opened; says what is missing.
    """
    if engine is Engine.DRAFT:
        from synth.draft import DraftSpeaker

        return DraftSpeaker()
    from synth.kokoro.speaker import open_kokoro

    return open_kokoro(weights)
