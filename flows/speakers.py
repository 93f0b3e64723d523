"""The name of an engine into its speaker, and into the service that speaks for the whole process."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from outputs.store import SegmentStore
from synth.speaker import Speaker
from tasks.speaking import SpeakingService


class Engine(StrEnum):
    """What speaks."""

    KOKORO = "kokoro"  # the real voice: Kokoro-82M
    DRAFT = "draft"  # a robot voice that makes a book audible in seconds


@dataclass(frozen=True, slots=True)
class Hardware:
    """What Kokoro runs on, in a user's words; None leaves the choice to the machine."""

    device: str | None = None  # cpu, cuda, cuda:1, mps
    precision: str | None = None  # float32, bfloat16, float16, int8
    memory: str | None = None  # 2GB, 50%


@cache
def open_speaker(engine: Engine, weights: Path | None, hardware: Hardware) -> Speaker:
    """The speaker of an engine, opened once per process, so that a model stays warm from book to book.

    Raises:
        SpeechError: it cannot be opened; says what is missing.
    """
    if engine is Engine.DRAFT:
        from synth.draft import DraftSpeaker

        return DraftSpeaker()
    from synth.kokoro.compute import choose_compute
    from synth.kokoro.speaker import open_kokoro

    return open_kokoro(weights, choose_compute(hardware.device, hardware.precision, hardware.memory))


@cache
def _service(
    engine: Engine, weights: Path | None, hardware: Hardware, segments: Path | str
) -> SpeakingService:
    return SpeakingService(open_speaker(engine, weights, hardware), SegmentStore(segments))


def open_service(
    engine: Engine, weights: Path | None, hardware: Hardware, segments: Path | str
) -> SpeakingService:
    """The one service of this process for a speaker and a store, so that all runs in it share batches.

    Raises:
        SpeechError: the speaker cannot be opened; says what is missing.
    """
    with _OPENING:
        return _service(engine, weights, hardware, segments)


_OPENING: Final = threading.Lock()  # or two runs that begin together would each load the model
