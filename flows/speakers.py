"""The name of an engine into its speaker, and into the service that speaks for a process or a machine."""

from __future__ import annotations

import gc
import threading
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from outputs.store import SegmentStore
from synth.errors import BadCompute
from synth.speaker import Diction, Speaker
from tasks.speaking import Speaking, SpeakingService


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


def open_diction(
    engine: Engine, weights: Path | None, hardware: Hardware, segments: Path | str, speaking: Path | None
) -> Diction:
    """How the speaker that `open_service` would open says things; no model is loaded for it.

    Raises:
        SpeechError: it cannot be opened; says what is missing.
    """
    if engine is Engine.DRAFT or speaking is not None:
        return open_service(engine, weights, hardware, segments, speaking).speaker
    from synth.kokoro.compute import choose_compute
    from synth.kokoro.diction import open_diction as open_kokoros

    compute = choose_compute(hardware.device, hardware.precision, hardware.memory)
    return open_kokoros(weights, compute)


def open_service(
    engine: Engine, weights: Path | None, hardware: Hardware, segments: Path | str, speaking: Path | None
) -> Speaking:
    """The one service of this process for a speaker, so that all runs in it share batches.

    speaking: the socket of the machine's speaking service; None: the speaker is opened in this process.

    Raises:
        SpeechError: the speaker cannot be opened; says what is missing.
    """
    if speaking is None:
        return embedded_service(engine, weights, hardware, segments)
    if hardware != Hardware():
        raise BadCompute(
            "device, precision and memory are the speaking service's",
            "Choose them for `bindery serve`, or unset BINDERY_SPEAKING",
        )
    with _OPENING:
        return _remote(engine, speaking)


def embedded_service(
    engine: Engine, weights: Path | None, hardware: Hardware, segments: Path | str
) -> SpeakingService:
    """The same with the speaker in this process.

    Raises:
        SpeechError: the speaker cannot be opened; says what is missing.
    """
    with _OPENING:
        return _embedded(engine, weights, hardware, segments)


@cache
def _embedded(
    engine: Engine, weights: Path | None, hardware: Hardware, segments: Path | str
) -> SpeakingService:
    speaker = open_speaker(engine, weights, hardware)
    # What is loaded stays for good. A full collection that looks through it stops every thread for 0.2 s,
    # the one that feeds the card among them.
    gc.collect()
    gc.freeze()
    return SpeakingService(speaker, SegmentStore(segments))


@cache
def _remote(engine: Engine, speaking: Path) -> Speaking:
    from flows.speaking_client import RemoteSpeaking

    return RemoteSpeaking(speaking, engine)


_OPENING: Final = threading.Lock()  # or two runs that begin together would each load the model
