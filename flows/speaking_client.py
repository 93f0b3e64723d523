"""Chunks into stored segments by the machine's speaking service; it looks like one in this process."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import httpx

from flows.speaking_wire import CHUNKS, OPENED, PULSE_S, Opened, error_from
from outputs.store import SegmentStore
from synth.chunks import Chunk
from synth.draft import DraftSpeaker
from synth.errors import SpeakerLost, SpeechError
from synth.speaker import Diction
from tasks.speaking import Listener

START_LIMIT_S: Final = 120.0  # a service that ended is started again and reads its model
OPENING_LIMIT_S: Final = 1800.0  # weights may have to be fetched first
_SILENCE_S: Final = 60 * PULSE_S  # it says something every second, unless the machine is very busy
_PAUSE_S: Final = 0.5
_HEALTH_LIMIT_S: Final = 5.0


class RemoteSpeaking:
    """The speaking service of this machine, to tasks the same as one in their own process."""

    def __init__(self, address: Path, engine: str, start_limit_s: float = START_LIMIT_S) -> None:
        """address: its socket.

        Raises:
            SpeakerLost: nobody answers there within `start_limit_s`.
            SpeechError: the speaker cannot be opened; says what is missing.
        """
        self._address = address
        self._engine = engine
        self._start_limit_s = start_limit_s
        self._closed = threading.Event()
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(address), limits=httpx.Limits(max_connections=None)),
            base_url="http://speaking",
            timeout=_SILENCE_S,
        )
        with ExitStack() as undo:
            undo.callback(self._http.close)
            opened = self._open()
            undo.pop_all()
        self.speaker = _diction(engine, opened)
        self.store = SegmentStore(opened.segments if "://" in opened.segments else Path(opened.segments))

    def speak(self, chunks: Iterable[Chunk], told: Listener | None = None, priority: int = 0) -> float:
        """Have the segments of all chunks in the store; the return value is the seconds that were spoken.

        told: is called in this thread, for each chunk that was not in the store yet.

        Raises:
            SpeechError: one of the chunks cannot be spoken; `SpeakerLost` when the service ended meanwhile.
            OutputError: the store cannot be written to.
        """
        by_key = {self.speaker.key(chunk): chunk for chunk in chunks}
        missing = self.store.missing(by_key)
        if not missing:
            return 0.0
        audio_s = 0.0
        for line in self._answers([by_key[key] for key in missing], priority):
            if line["key"] not in by_key:
                raise self._differs()
            audio_s += line["audio_s"]
            if told is not None:
                told(by_key[line["key"]], line["audio_s"])
        if self.store.missing(missing):
            raise self._differs()
        return audio_s

    @contextmanager
    def ahead(self, priority: int = 0) -> Iterator[Callable[[Sequence[Chunk]], None]]:
        """Let chunks be spoken while the next are being prepared: what is called with them does not wait.

        What is not under way when this ends is let go of; `speak` asks for it again and tells of failures.
        """
        lines: SimpleQueue[bytes | None] = SimpleQueue()

        def ask(chunks: Sequence[Chunk]) -> None:
            by_key = {self.speaker.key(chunk): chunk for chunk in chunks}
            missing = self.store.missing(by_key)
            if missing:
                lines.put(CHUNKS.dump_json(tuple(by_key[key] for key in missing)) + b"\n")

        def send() -> None:
            with suppress(httpx.TransportError):
                self._http.post(
                    f"/{self._engine}/ahead", params={"priority": priority}, content=iter(lines.get, None)
                )

        sender = threading.Thread(target=send, name="speaking ahead", daemon=True)
        sender.start()
        try:
            yield ask
        finally:
            lines.put(None)
            sender.join()

    def close(self) -> None:
        """Let go of all that waits, within a second; whoever waits for it gets a CancelledError."""
        self._closed.set()

    def _answers(self, chunks: Sequence[Chunk], priority: int) -> Iterator[dict[str, Any]]:
        """A line for each chunk as it is stored; asks again while the service has no room."""
        content = CHUNKS.dump_json(tuple(chunks))
        while True:
            self._wait_for_service()
            try:
                with self._http.stream(
                    "POST", f"/{self._engine}/speak", params={"priority": priority}, content=content
                ) as response:
                    if response.status_code == httpx.codes.OK:
                        yield from self._lines(response)
                        return
                    if response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                        raise self._differs()
            except httpx.TransportError as error:
                raise self._lost() from error
            self._closed.wait(_PAUSE_S)

    def _lines(self, response: httpx.Response) -> Iterator[dict[str, Any]]:
        for text in response.iter_lines():
            self._check_open()
            if not text:
                continue
            line = json.loads(text)
            if "error" in line:
                raise error_from(line["error"])
            if "done" in line:
                return
            yield line
        raise self._lost()

    def _open(self) -> Opened:
        """What must be known of the speaker; waits for it to open."""
        self._wait_for_service()
        try:
            answer = self._http.get(f"/{self._engine}", timeout=OPENING_LIMIT_S).json()
        except httpx.TransportError as error:
            raise self._lost() from error
        if "error" in answer:
            raise error_from(answer["error"])
        return OPENED.validate_python(answer)

    def _wait_for_service(self) -> None:
        """Wait until somebody listens: a service that ended is started again."""
        began_s = time.monotonic()
        while True:
            self._check_open()
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(str(self._address)) == 0:
                    return
            if time.monotonic() - began_s > self._start_limit_s:
                raise self._lost()
            self._closed.wait(_PAUSE_S)

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise CancelledError

    def _lost(self) -> SpeakerLost:
        return SpeakerLost(
            f"the speaking service at {self._address} ended or does not answer",
            "`bindery serve` runs it; its log says why it ended",
        )

    def _differs(self) -> SpeechError:
        return SpeechError(
            f"the speaking service at {self._address} is of another version, or its segments are elsewhere",
            "End `bindery serve` and start it again",
        )


def health_of(address: Path) -> dict[str, Any]:
    """The figures of each speaker that the service at a socket has open; empty when nobody answers there."""
    try:
        return figures_at(address)
    except httpx.TransportError:
        return {}


def figures_at(address: Path, limit_s: float = _HEALTH_LIMIT_S) -> dict[str, Any]:
    """The same, where a service that does not answer is an error.

    Raises:
        httpx.HTTPError: nobody answers there within `limit_s`, or it has a fault.
    """
    with socket.socket(socket.AF_UNIX) as probe:  # httpx forgets to close one that nobody listens at
        probe.settimeout(limit_s)
        if probe.connect_ex(str(address)) != 0:
            raise httpx.ConnectError(f"nobody answers at {address}")
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(address)), timeout=limit_s) as http:
        figures: dict[str, Any] = http.get("http://speaking/health").raise_for_status().json()["engines"]
    return figures


def _diction(engine: str, opened: Opened) -> Diction:
    """How the service's speaker says things, known here too: pronouncing runs beside speaking."""
    if engine == DraftSpeaker.engine:
        return DraftSpeaker()
    from synth.kokoro.diction import KokoroDiction
    from synth.kokoro.precision import Precision

    assert opened.digest is not None
    assert opened.precision is not None
    weights = Path(opened.weights) if opened.weights else None
    return KokoroDiction(opened.digest, weights, Precision(opened.precision))
