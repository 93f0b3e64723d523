from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import tasks.speaking
from outputs.errors import DiskFull
from outputs.store import SegmentStore
from synth.audio import AudioSegment
from synth.chunks import Chunk
from synth.errors import ChunkDoesNotFit, SpeakerLost
from synth.script import Pause
from tasks.speaking import SpeakingService


def chunk(text: str) -> Chunk:
    return Chunk(text, "a", "af_heart", 1.0, "en-us", Pause.SENTENCE)


class Recorder:
    """Says each chunk as a tenth of a second of noise; keeps what it was given together."""

    engine = "recorder"
    narrator = "Recorder"

    def __init__(self) -> None:
        self.windows: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.streams = False  # takes each chunk when the one before is said, as a CPU does

    def batch_efficiency(self) -> float:
        return 1.0

    def device_memory(self) -> None:
        return None

    def key(self, one: Chunk) -> str:
        return hashlib.sha256(one.text.encode()).hexdigest()

    def speak(self, chunks: Iterable[Chunk]) -> Iterator[AudioSegment]:
        texts: Iterable[str] = (one.text for one in chunks)
        window: list[str] = []
        self.windows.append(window)
        if not self.streams:
            texts = list(texts)
            window += texts
            self.gate.wait(20)
        for text in texts:
            if self.streams:
                window.append(text)
                self.gate.wait(20)
            if "huge" in text:
                raise ChunkDoesNotFit(f"{text!r} does not fit", "Allow more")
            if "broken" in text:
                raise ZeroDivisionError(text)
            noise = np.random.default_rng(len(text)).normal(0, 0.1, 2400)
            yield AudioSegment(self.key(chunk(text)), noise.astype(np.float32))

    def default_voice(self, language: str) -> str:
        raise NotImplementedError

    language_of = pronounce = default_voice

    def warnings(self, voice: str, language: str) -> tuple[str, ...]:
        raise NotImplementedError


@pytest.fixture
def speaker() -> Recorder:
    return Recorder()


@pytest.fixture
def service(speaker: Recorder, tmp_path: Path) -> Iterator[SpeakingService]:
    with SpeakingService(speaker, SegmentStore(tmp_path / "segments")) as service:  # type: ignore[arg-type]
        yield service


def test_what_was_asked_for_is_in_the_store_and_is_spoken_once(
    service: SpeakingService, speaker: Recorder
) -> None:
    told: list[str] = []
    texts = ["ab", "cd", "ab"]
    audio_s = service.speak(map(chunk, texts), lambda one, _: told.append(one.text))
    assert audio_s == pytest.approx(0.2)
    assert told == ["ab", "cd"]
    assert service.store.missing(speaker.key(chunk(text)) for text in texts) == []
    assert service.speak(map(chunk, texts)) == 0
    assert speaker.windows == [["ab", "cd"]]


def test_callers_share_batches_and_a_chunk_that_two_want_is_spoken_once(
    service: SpeakingService, speaker: Recorder
) -> None:
    speaker.gate.clear()
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(service.speak, [chunk("a")])
        _until(lambda: len(speaker.windows) == 1)
        others = [
            pool.submit(service.speak, [chunk("a"), chunk("b"), chunk("c" * n)], None, 5) for n in (1, 2)
        ]
        _until(lambda: len(service._waiting) == 3)
        urgent = pool.submit(service.speak, [chunk("d")], None, 1)
        _until(lambda: len(service._waiting) == 4)
        speaker.gate.set()
        for future in (first, *others, urgent):
            future.result(20)
    assert speaker.windows[0] == ["a"]
    assert speaker.windows[1][0] == "d", "the lowest number comes first"
    assert sorted(speaker.windows[1]) == ["b", "c", "cc", "d"]
    assert len(speaker.windows) == 2


def test_a_chunk_that_is_stored_while_somebody_looks_for_it_is_spoken_once(
    service: SpeakingService, speaker: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(service.speak, [chunk("a")])
        _until(lambda: len(speaker.windows) == 1)
        look = service.store.missing

        def slowly(keys: Iterable[str]) -> list[str]:
            missing = look(keys)
            speaker.gate.set()
            first.result(20)
            return missing

        monkeypatch.setattr(service.store, "missing", slowly)
        assert service.speak([chunk("a")]) == 0
    assert speaker.windows == [["a"]]


def assert_fails_nobody_else(
    service: SpeakingService, speaker: Recorder, bad_text: str, error: type[Exception]
) -> None:
    """A chunk that shares a window with others."""
    speaker.gate.clear()
    with ThreadPoolExecutor(3) as pool:
        opening = pool.submit(service.speak, [chunk("a")])
        _until(lambda: len(speaker.windows) == 1)
        bad = pool.submit(service.speak, [chunk("bb"), chunk(bad_text), chunk("ccc")])
        good = pool.submit(service.speak, [chunk("dddd"), chunk("eeeee")])
        _until(lambda: len(service._waiting) == 5)
        speaker.gate.set()
        assert opening.result(20) > 0
        assert good.result(20) == pytest.approx(0.2)
        with pytest.raises(error, match=bad_text):
            bad.result(20)


def test_a_chunk_that_cannot_be_spoken_fails_nobody_else(service: SpeakingService, speaker: Recorder) -> None:
    assert_fails_nobody_else(service, speaker, "huge", ChunkDoesNotFit)


@pytest.mark.parametrize("streams", [True, False])
def test_a_fault_of_the_program_reaches_those_who_wait_for_its_chunk_and_the_service_goes_on(
    service: SpeakingService, speaker: Recorder, streams: bool
) -> None:
    speaker.streams = streams
    assert_fails_nobody_else(service, speaker, "broken", ZeroDivisionError)
    assert service.figures().faults_in_a_row == 0
    assert service.speak([chunk("ffffff")]) == pytest.approx(0.1)


def test_a_speaker_that_can_say_nothing_any_more_is_no_chunks_fault(
    service: SpeakingService, speaker: Recorder
) -> None:
    with pytest.raises(SpeakerLost, match="ZeroDivisionError: broken"):
        service.speak([chunk("broken"), chunk("broken, too")])
    assert service.figures().faults_in_a_row == 1
    with pytest.raises(SpeakerLost):
        service.speak([chunk("broken still")])
    assert service.figures().faults_in_a_row == 2
    assert service.speak([chunk("a")]) == pytest.approx(0.1)


def test_a_card_that_fails_is_told_at_once_as_what_may_pass(
    service: SpeakingService, speaker: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def fail(chunks: Iterable[Chunk]) -> Iterator[AudioSegment]:
        tries.append(len(list(chunks)))
        raise SpeakerLost("the card failed", "Run again")
        yield

    monkeypatch.setattr(speaker, "speak", fail)
    with pytest.raises(SpeakerLost, match="the card failed"):
        service.speak([chunk("a"), chunk("b"), chunk("c")])
    assert (tries, service.figures().faults_in_a_row) == ([3], 1)


def test_a_store_that_cannot_be_written_to_fails_those_who_wait(
    service: SpeakingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(segment: AudioSegment) -> None:
        raise DiskFull("the disk is full", "Make room")

    monkeypatch.setattr(service.store, "put", full)
    with pytest.raises(DiskFull):
        service.speak([chunk("a")])


class OneByOne(threading.Event):
    """A gate that closes behind each window."""

    def wait(self, timeout: float | None = None) -> bool:
        passed = super().wait(timeout)
        self.clear()
        return passed


def test_what_nobody_waits_for_any_more_is_not_spoken(
    service: SpeakingService, speaker: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.speaking, "WINDOW_CHUNKS", 1)
    speaker.gate = OneByOne()

    def give_up(_: Chunk, __: float) -> None:
        raise KeyboardInterrupt

    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(service.speak, [chunk("a"), chunk("bb"), chunk("ccc")], give_up)
        speaker.gate.set()
        with pytest.raises(KeyboardInterrupt):
            asked.result(20)
        _until(lambda: len(speaker.windows) == 2)
        speaker.gate.set()
        last = pool.submit(service.speak, [chunk("z")])
        _until(lambda: len(speaker.windows) == 3)
        speaker.gate.set()
        assert last.result(20) > 0
    assert speaker.windows == [["a"], ["bb"], ["z"]], "what waited is not begun"


def test_what_is_withdrawn_in_the_middle_of_a_window_is_not_spoken_either(
    service: SpeakingService, speaker: Recorder
) -> None:
    speaker.streams = True
    speaker.gate.clear()
    requests = service.ask([chunk("a"), chunk("bb"), chunk("ccc")])
    _until(lambda: speaker.windows == [["a"]])
    service.withdraw(requests[1:2])
    speaker.gate.set()
    requests[2].done.result(20)
    assert speaker.windows == [["a", "ccc"]]
    service.withdraw([requests[0], requests[2]])
    assert service.speak([chunk("bb")]) > 0, "it can be asked for again"


def test_the_figures_tell_what_waits_and_what_was_spoken(service: SpeakingService, speaker: Recorder) -> None:
    assert service.figures().rtfx is None
    speaker.gate.clear()
    first = service.ask([chunk("a")])
    _until(lambda: len(speaker.windows) == 1)
    second = service.ask([chunk("b"), chunk("c")])
    figures = service.figures()
    assert (figures.waiting, figures.under_way, figures.chunks) == (2, 1, 0)
    speaker.gate.set()
    for request in (*first, *second):
        request.done.result(20)
    figures = service.figures()
    assert (figures.waiting, figures.under_way, figures.chunks) == (0, 0, 3)
    assert figures.audio_s == pytest.approx(0.3)
    assert figures.rtfx is not None
    with pytest.raises(ZeroDivisionError):
        service.speak([chunk("broken")])
    assert service.figures().faults_in_a_row == 1
    service.speak([chunk("d")])
    assert service.figures().faults_in_a_row == 0


def test_what_is_asked_for_ahead_is_spoken_meanwhile_and_only_once(
    service: SpeakingService, speaker: Recorder
) -> None:
    with service.ahead() as ask:
        ask([chunk("a"), chunk("b")])
        _until(lambda: service.store.missing([speaker.key(chunk("a")), speaker.key(chunk("b"))]) == [])
    assert service.speak([chunk("a"), chunk("b"), chunk("c")]) == pytest.approx(0.1)
    assert [text for window in speaker.windows for text in window] == ["a", "b", "c"]


def test_what_was_asked_for_ahead_and_cannot_be_spoken_fails_those_who_wait_for_it(
    service: SpeakingService, speaker: Recorder
) -> None:
    with service.ahead() as ask:
        ask([chunk("huge")])
        _until(lambda: speaker.windows == [["huge"]])
    with pytest.raises(ChunkDoesNotFit):
        service.speak([chunk("huge")])


def test_a_closed_service_lets_go_of_those_who_wait(speaker: Recorder, tmp_path: Path) -> None:
    speaker.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        with SpeakingService(speaker, SegmentStore(tmp_path)) as service:  # type: ignore[arg-type]
            first = pool.submit(service.speak, [chunk("a")])
            _until(lambda: len(speaker.windows) == 1)
            waiting = pool.submit(service.speak, [chunk("b")])
            _until(lambda: len(service._waiting) == 1)
            threading.Timer(0.2, speaker.gate.set).start()
        assert first.result(20) > 0, "what was being spoken is finished"
        with pytest.raises(CancelledError):
            waiting.result(20)


def _until(condition: object) -> None:
    assert callable(condition)
    waited = threading.Event()
    for _ in range(2000):
        if condition():
            return
        waited.wait(0.01)
    raise AssertionError("it did not happen")


def test_a_speaker_that_hangs_is_lost_and_one_that_has_nothing_to_do_is_not(
    speaker: Recorder, tmp_path: Path
) -> None:
    speaker.gate.clear()
    with SpeakingService(speaker, SegmentStore(tmp_path / "s"), stall_limit_s=0.05) as service:  # type: ignore[arg-type]
        assert service.figures().silent_s == 0.0
        with pytest.raises(SpeakerLost, match="it hangs"):
            service.speak([chunk("one")])
        assert service.figures().silent_s > 0.05
        speaker.gate.set()
    assert service.figures().silent_s == 0.0, "it has given what it had, and was closed"
