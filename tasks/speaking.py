"""Chunks of many tasks into stored segments: one warm speaker for all, so that they share batches."""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from types import TracebackType
from typing import Final, Protocol, Self

from outputs.store import SegmentFacts, SegmentStore
from synth.chunks import Chunk
from synth.errors import SpeakerLost, SpeechError
from synth.speaker import DeviceMemory, Diction, Speaker

WINDOW_CHUNKS: Final = 256  # taken from the queue at once: enough to fill the batches of a large GPU
# Threads that store what is spoken while the speaker goes on; each keeps up with about 600 times real time.
_WRITERS: Final = max(2, min(8, os.cpu_count() or 1))

# A speaker that gives nothing for so long hangs. A window takes a large card seconds and a small one minutes,
# and all of it may come at its end; a CPU gives one chunk after the other.
STALL_LIMIT_S: Final = 1800.0
_LOOK_S: Final = 5.0

Listener = Callable[[Chunk, float], None]  # is told of each chunk that was spoken, and its seconds of audio


class Speaking(Protocol):
    """What tasks have chunks spoken by: a service in this process, or one in another."""

    @property
    def speaker(self) -> Diction:
        """How chunks are to be prepared for it."""
        ...

    @property
    def store(self) -> SegmentStore:
        """Where the segments are."""
        ...

    def speak(self, chunks: Iterable[Chunk], told: Listener | None = None, priority: int = 0) -> float:
        """Have the segments of all chunks in the store; the return value is the seconds that were spoken."""
        ...

    def ahead(self, priority: int = 0) -> AbstractContextManager[Callable[[Sequence[Chunk]], None]]:
        """Let chunks be spoken while the next are being prepared: what is called with them does not wait."""
        ...

    def close(self) -> None:
        """Let go of all that waits; whoever waits for it gets an error."""
        ...


@dataclass(frozen=True, slots=True)
class Figures:
    """How a service fares, since it began."""

    waiting: int  # chunks
    under_way: int
    chunks: int  # that were spoken
    audio_s: float  # of those
    speaking_s: float  # that the speaker was busy
    batch_efficiency: float  # heard of what was computed
    faults_in_a_row: int  # windows that a fault of the program ended, since the last that went well
    silent_s: float  # for how long the speaker has been at something without giving anything
    device_memory: DeviceMemory | None  # None: it speaks on no CUDA device

    @property
    def rtfx(self) -> float | None:
        """Seconds of audio for a second of speaking; None before anything was spoken."""
        return self.audio_s / self.speaking_s if self.speaking_s and self.audio_s else None


@dataclass(eq=False, slots=True)
class Request:
    """One chunk that somebody waits for; `done` holds its seconds of audio once it is in the store."""

    key: str
    chunk: Chunk
    priority: int
    done: Future[float] = field(default_factory=Future)
    is_spoken: bool = False


class SpeakingService:
    """A speaker behind a queue, and the store that its segments go to.

    Whoever calls `speak` waits until its chunks are in the store; those of several callers are spoken in
    shared batches, the lowest number of `priority` first, a chunk that two want once. A chunk that cannot be
    spoken fails those who asked for it and nobody else. Where nothing can be spoken any more, all get a
    SpeakerLost. What nobody waits for any more is not spoken.
    """

    def __init__(self, speaker: Speaker, store: SegmentStore, stall_limit_s: float = STALL_LIMIT_S) -> None:
        """stall_limit_s: who waits for a speaker that gives nothing for so long gets a SpeakerLost."""
        self.speaker = speaker
        self.store = store
        self._waiting: dict[str, Request] = {}  # in the order that they came
        self._under_way: dict[str, Request] = {}
        self._wanted: Counter[str] = Counter()
        self._looks: list[set[str]] = []
        self._changed = threading.Condition()
        self._closed = False
        self._stall_limit_s = stall_limit_s
        self._gave_s: float | None = None  # when the speaker gave something last; None: it has nothing to do
        self._chunks = self._faults_in_a_row = 0
        self._audio_s = self._speaking_s = 0.0
        self._speaking = ThreadPoolExecutor(1, thread_name_prefix="speaking")
        self._writing = ThreadPoolExecutor(_WRITERS, thread_name_prefix="storing")
        self._thread = threading.Thread(target=self._run, name="speaking service", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish what the speaker has begun; what waits is not spoken."""
        with self._changed:
            self._closed = True
            for request in self._waiting.values():
                request.done.cancel()
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join()
        self._speaking.shutdown()
        self._writing.shutdown()

    def speak(self, chunks: Iterable[Chunk], told: Listener | None = None, priority: int = 0) -> float:
        """Have the segments of all chunks in the store; the return value is the seconds that were spoken.

        told: is called in this thread, for each chunk that was not in the store yet.

        Raises:
            SpeechError: one of the chunks cannot be spoken; `SpeakerLost` when the speaker hangs.
            OutputError: the store cannot be written to.
        """
        requests = self.ask(chunks, priority)
        audio_s = 0.0
        try:
            for request in requests:
                spoken_s = self._result_of(request)
                audio_s += spoken_s
                if told is not None:
                    told(request.chunk, spoken_s)
        finally:
            self.withdraw(requests)
        return audio_s

    def _result_of(self, request: Request) -> float:
        """Its seconds of audio, once it is in the store."""
        while True:
            try:
                return request.done.result(min(_LOOK_S, self._stall_limit_s))
            except TimeoutError:
                if request.done.done():  # it is what came of the request
                    raise
            silent_s = self.figures().silent_s
            if silent_s > self._stall_limit_s:
                raise SpeakerLost(
                    f"the speaker has given nothing for {silent_s / 60:.0f} minutes: it hangs",
                    "Run again; if it stays so, the device or its driver may need a restart",
                )

    @contextmanager
    def ahead(self, priority: int = 0) -> Iterator[Callable[[Sequence[Chunk]], None]]:
        """Let chunks be spoken while the next are being prepared: what is called with them does not wait.

        What is not under way when this ends is let go of; `speak` asks for it again.
        """
        asked: list[Request] = []
        try:
            yield lambda chunks: asked.extend(self.ask(chunks, priority))
        finally:
            self.withdraw(asked)

    def ask(self, chunks: Iterable[Chunk], priority: int = 0) -> list[Request]:
        """Ask for what is not in the store yet, each once, without waiting; `withdraw` must follow."""
        by_key = {self.speaker.key(chunk): chunk for chunk in chunks}
        requests = []
        with self._looking() as stored:
            missing = self.store.missing(by_key)
            with self._changed:
                assert not self._closed, "the speaking service is closed"
                for key in missing:
                    if key in stored:
                        continue
                    request = self._waiting.get(key) or self._under_way.get(key)
                    if request is None:
                        request = self._waiting[key] = Request(key, by_key[key], priority)
                    request.priority = min(request.priority, priority)
                    self._wanted[key] += 1
                    requests.append(request)
                self._changed.notify_all()
        return requests

    def withdraw(self, requests: Iterable[Request]) -> None:
        """Stop waiting for what was asked for; what nobody waits for any more is not spoken."""
        with self._changed:
            for request in requests:
                self._wanted[request.key] -= 1
                if self._wanted[request.key] <= 0:
                    del self._wanted[request.key]
                    self._waiting.pop(request.key, None)

    def figures(self) -> Figures:
        """How it fares."""
        with self._changed:
            return Figures(
                len(self._waiting),
                len(self._under_way),
                self._chunks,
                self._audio_s,
                self._speaking_s,
                self.speaker.batch_efficiency(),
                self._faults_in_a_row,
                monotonic() - self._gave_s if self._gave_s is not None else 0.0,
                self.speaker.device_memory(),
            )

    @contextmanager
    def _looking(self) -> Iterator[set[str]]:
        """The keys of what is stored while this lasts: whoever looks into the store may just miss them."""
        stored: set[str] = set()
        with self._changed:
            self._looks.append(stored)
        try:
            yield stored
        finally:
            with self._changed:
                self._looks = [look for look in self._looks if look is not stored]

    def _run(self) -> None:
        writes: list[Future[SegmentFacts]] = []
        while window := self._next_window():
            began_s = monotonic()
            spoken, faults = self._try(window)
            with self._changed:
                self._speaking_s += monotonic() - began_s
                in_vain = bool(faults) and not any(request.is_spoken for request in window)
                is_lost = in_vain and (len(window) > 1 or self._faults_in_a_row > 0)
                self._faults_in_a_row = self._faults_in_a_row + 1 if in_vain else 0
            for request, fault in faults:
                self._fail([request], _lost(fault) if is_lost else fault)
            wait(writes)  # of the window before: no more than two windows are held in memory
            writes = spoken
        wait(writes)

    def _try(
        self, window: Sequence[Request]
    ) -> tuple[list[Future[SegmentFacts]], list[tuple[Request, BaseException]]]:
        """What is being stored of a window, and the faults of the program that its other chunks meet.

        Which chunk meets one is found one by one. Errors of ours are given by `_speak` to their chunk.
        """
        self._gave_s = monotonic()
        speaking = self._speaking.submit(self._speak, window)
        fault = speaking.exception()  # waits
        self._gave_s = None
        if fault is None:
            return speaking.result(), []
        left = [request for request in window if not request.is_spoken and not request.done.done()]
        if len(window) == 1 or isinstance(fault, SpeakerLost):
            return [], [(request, fault) for request in left]
        writes: list[Future[SegmentFacts]] = []
        faults: list[tuple[Request, BaseException]] = []
        for request in left:
            one_writes, one_faults = self._try([request])
            writes += one_writes
            faults += one_faults
        return writes, faults

    def _next_window(self) -> list[Request]:
        """What is to be spoken next; waits for it. Empty when the service is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting)
            window = sorted(self._waiting.values(), key=lambda request: request.priority)[:WINDOW_CHUNKS]
            for request in window:
                self._under_way[request.key] = self._waiting.pop(request.key)
            return window

    def _speak(self, window: Sequence[Request]) -> list[Future[SegmentFacts]]:
        """Speak a window; where a chunk of it cannot be spoken, what is left one by one."""
        rest = iter(window)
        given: deque[Request] = deque()  # to the speaker, and not spoken yet
        writes: list[Future[SegmentFacts]] = []
        try:
            for segment in self.speaker.speak(self._still_wanted(rest, given)):
                request = given.popleft()
                request.is_spoken = True
                self._gave_s = monotonic()
                write = self._writing.submit(self.store.put, segment)
                write.add_done_callback(partial(self._finish, request, segment.duration_s))
                writes.append(write)
        except SpeakerLost:  # which is no chunk's fault
            raise
        except SpeechError as error:
            if len(window) == 1:
                self._fail(given, error)
            else:
                writes += [write for request in (*given, *rest) for write in self._speak([request])]
        return writes

    def _still_wanted(self, rest: Iterator[Request], given: deque[Request]) -> Iterator[Chunk]:
        """The chunks of a window as the speaker takes them, without those that were withdrawn meanwhile."""
        for request in rest:
            with self._changed:
                wanted = self._wanted[request.key] > 0 and not self._closed
                if not wanted:
                    self._under_way.pop(request.key, None)
                    request.done.cancel()
            if wanted:
                given.append(request)
                yield request.chunk

    def _finish(self, request: Request, audio_s: float, write: Future[SegmentFacts]) -> None:
        fault = write.exception()
        with self._changed:
            self._under_way.pop(request.key, None)
            if fault is None:
                for stored in self._looks:
                    stored.add(request.key)
                self._chunks += 1
                self._audio_s += audio_s
        if fault is None:
            request.done.set_result(audio_s)
        else:
            request.done.set_exception(fault)

    def _fail(self, requests: Iterable[Request], fault: BaseException) -> None:
        for request in requests:
            if not request.is_spoken and not request.done.done():
                with self._changed:
                    self._under_way.pop(request.key, None)
                request.done.set_exception(fault)


def _lost(fault: BaseException) -> SpeakerLost:
    """A fault that every chunk meets is none of a chunk; whoever asked may try again."""
    if isinstance(fault, SpeakerLost):
        return fault
    lost = SpeakerLost(
        f"the speaker can say nothing any more ({type(fault).__name__}: {fault})",
        "Run again; if it stays so, report it with what -v prints",
    )
    lost.__cause__ = fault
    return lost
