"""A chapter whose segments are damaged on the disk is healed by speaking again, and says so."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tasks.finish
import tasks.speak
from outputs.errors import SegmentDamaged
from outputs.ffmpeg import find_ffmpeg
from outputs.manifest import Track
from outputs.places import Folder
from outputs.plan import ChapterPlan, Utterance
from outputs.store import SegmentStore
from synth.audio import SAMPLE_RATE_HZ, AudioSegment
from synth.chunks import Chunk, Part
from synth.script import Passage, Pause, script
from synth.written import written
from tasks.finish import HEALINGS, finish_track
from tasks.job import Job, Order, PlannedChapter
from tasks.scripts import ChapterScript
from tasks.speak import speak_shard
from tasks.speaking import Request, SpeakingService

TEXT = "One. Two. Three."


class Speaker:
    """Hums each chunk for two seconds, the same every time."""

    engine = "draft"
    narrator = "Hum"

    def __init__(self) -> None:
        self.spoken: list[str] = []

    def key(self, one: Chunk) -> str:
        return hashlib.sha256(one.text.encode()).hexdigest()

    def speak(self, chunks: Iterable[Chunk]) -> Iterator[AudioSegment]:
        t = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
        for one in chunks:
            self.spoken.append(one.text)
            hum = 0.1 * np.sin(2 * np.pi * 60 * len(one.text) * t) * (1 + np.sin(6 * np.pi * t))
            yield AudioSegment(self.key(one), hum.astype(np.float32))


@pytest.fixture
def speaker() -> Speaker:
    return Speaker()


@pytest.fixture
def service(speaker: Speaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SpeakingService]:
    monkeypatch.setattr(tasks.finish, "get_run_logger", lambda: logging.getLogger("finish"))
    with SpeakingService(speaker, SegmentStore(tmp_path / "segments")) as service:  # type: ignore[arg-type]
        yield service


@pytest.fixture
def job(speaker: Speaker, service: SpeakingService, tmp_path: Path) -> Job:
    """One chapter of three sentences, each a chunk; all of them are in the store."""
    passage = Passage(TEXT)
    sentences = script([passage], "en").sentences
    chunks = tuple(
        Chunk(one.spoken, "a", "af_heart", 1.0, "en-us", Pause.SENTENCE, (Part(number, 0, len(one.spoken)),))
        for number, one in enumerate(sentences)
    )
    keys = tuple(speaker.key(one) for one in chunks)
    plan = ChapterPlan(tuple(Utterance(key, 1000) for key in keys), 2000, 2000)
    words = ChapterScript(
        1, "One", (), (None,), sentences, ((),) * 3, (), tuple(written(passage, one) for one in sentences)
    )
    job = Job(
        tmp_path / "job",
        Order(Path("a.epub"), "draft", None, None, None, ("flac",), Path("l")),
        "v",
        1.0,
        (),
        1,
        3,
        0,
        (),
    )
    job.write_chapter(PlannedChapter(words, chunks, keys, plan))
    service.speak(chunks)
    speaker.spoken.clear()
    return job


def finish(job: Job, service: SpeakingService, parts: Path) -> Track:
    return finish_track.fn(job, 1, service, parts, find_ffmpeg())


def damage(place: Folder, number: int) -> None:
    path = sorted(place.root.rglob("*.flac"))[number]
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def test_damaged_segments_are_spoken_again_once_each_and_counted(
    job: Job, service: SpeakingService, speaker: Speaker, tmp_path: Path
) -> None:
    whole = finish(job, service, tmp_path / "whole")
    assert (whole.spoken_again, speaker.spoken) == (0, [])
    assert isinstance(service.store.place, Folder)
    for number in (0, 2):
        damage(service.store.place, number)
    healed = finish(job, service, tmp_path / "healed")
    assert healed.spoken_again == len(speaker.spoken) == 2
    assert healed.parts[0].sha256 == whole.parts[0].sha256
    assert healed.waveform == whole.waveform != ()


def test_a_segment_that_vanishes_after_it_was_spoken_is_spoken_again(
    job: Job, service: SpeakingService, speaker: Speaker, tmp_path: Path
) -> None:
    service.store.discard(job.chapter(1).keys[1])
    assert finish(job, service, tmp_path / "parts").spoken_again == 1
    service.store.discard(job.chapter(1).keys[1])  # its part is whole, but its words are asked for
    assert finish(job, service, tmp_path / "parts").spoken_again == 1


def test_damage_that_only_the_checks_meet_is_healed_too(
    job: Job, service: SpeakingService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(job, service, tmp_path / "parts")
    assert isinstance(service.store.place, Folder)
    damage(service.store.place, 1)

    def read_all(_number: int, _part: object, _chunks: object, facts: Any, read: Any) -> list[Any]:
        assert all(len(read(key)) for key in facts)
        return []

    monkeypatch.setattr(tasks.finish, "check_segments", read_all)
    assert finish(job, service, tmp_path / "parts").spoken_again == 1, "the encoded chapter was there already"


def test_a_disk_that_keeps_damaging_segments_fails_the_chapter_and_not_for_ever(
    job: Job, service: SpeakingService, speaker: Speaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Folder.write

    def rot(place: Folder, name: str, data: bytes) -> None:
        write(place, name, data[:-1] + b"!" if name.endswith(".flac") else data)

    assert isinstance(service.store.place, Folder)
    damage(service.store.place, 1)
    monkeypatch.setattr(Folder, "write", rot)
    with pytest.raises(SegmentDamaged):
        finish(job, service, tmp_path / "parts")
    assert len(speaker.spoken) == HEALINGS


def test_a_jobs_priority_reaches_its_chunks_also_when_they_are_spoken_again(
    job: Job, service: SpeakingService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.speak, "get_run_logger", lambda: logging.getLogger("speak"))
    ranks: list[int] = []
    ask = service.ask

    def asked(chunks: Iterable[Chunk], priority: int = 0) -> list[Request]:
        ranks.append(priority)
        return ask(chunks, priority)

    monkeypatch.setattr(service, "ask", asked)
    urgent = replace(job, priority=1)
    urgent.write_shard(0, urgent.chapter(1).chunks)
    speak_shard.fn(urgent, 0, service)
    service.store.discard(urgent.chapter(1).keys[1])
    finish(urgent, service, tmp_path / "parts")
    assert ranks == [1, 1]
