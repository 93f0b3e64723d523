"""The speaking service over its socket: to a caller the same as one in its own process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn

from flows.child import end_child, start_child
from flows.speakers import Engine, Hardware, open_service
from flows.speaking_client import RemoteSpeaking
from flows.speaking_server import speaking_app
from flows.speaking_wire import error_from, error_line
from outputs.errors import DiskFull
from outputs.store import SegmentStore
from synth.audio import AudioSegment
from synth.chunks import Chunk
from synth.draft import DraftSpeaker
from synth.errors import BadCompute, ChunkDoesNotFit, SpeakerLost, SpeechError, WeightsMissing
from synth.kokoro.diction import KokoroDiction
from synth.kokoro.precision import Precision
from synth.script import Pause
from tasks.speaking import SpeakingService

ROOT = Path(__file__).parents[2]


def chunk(text: str) -> Chunk:
    return Chunk(text, "a", "af_heart", 1.0, "en-us", Pause.SENTENCE)


class Recorder(DraftSpeaker):
    """Has the draft voice's keys; says each chunk as a tenth of a second of noise."""

    def __init__(self) -> None:
        self.windows: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()

    def speak(self, chunks: Iterable[Chunk]) -> Iterator[AudioSegment]:
        window = list(chunks)
        self.windows.append([one.text for one in window])
        assert self.gate.wait(60)
        for one in window:
            if "huge" in one.text:
                raise ChunkDoesNotFit(f"{one.text!r} does not fit", "Allow more")
            if "broken" in one.text:
                raise ZeroDivisionError(one.text)
            noise = np.random.default_rng(len(one.text)).normal(0, 0.1, 2400)
            yield AudioSegment(self.key(one), noise.astype(np.float32))


class Serving:
    """A service in this process, behind a socket of its own."""

    def __init__(self, folder: Path, most_waiting: int = 1000) -> None:
        self.socket = folder / "speaking.sock"
        self.speaker = Recorder()
        self.service = SpeakingService(self.speaker, SegmentStore(folder / "segments"))
        config = uvicorn.Config(
            speaking_app(self._open, most_waiting), uds=str(self.socket), log_level="error", lifespan="off"
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.clients: list[RemoteSpeaking] = []
        self.engines = {Engine.DRAFT}

    def _open(self, engine: Engine) -> SpeakingService:
        if engine not in self.engines:
            raise WeightsMissing("there are no weights", "Fetch them")
        return self.service

    def begin(self) -> None:
        self.thread.start()
        until(lambda: self.server.started)

    def end(self) -> None:
        self.speaker.gate.set()
        self.server.should_exit = True
        self.thread.join(20)
        self.service.close()
        for client in self.clients:
            client._http.close()

    def client(self) -> RemoteSpeaking:
        self.clients.append(RemoteSpeaking(self.socket, "draft", start_limit_s=5))
        return self.clients[-1]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as short:  # the path of a socket may have a hundred letters
        yield Path(short)


@pytest.fixture
def serving(folder: Path) -> Iterator[Serving]:
    serving = Serving(folder)
    serving.begin()
    yield serving
    serving.end()


def until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def test_what_was_asked_for_is_in_the_store_and_is_told_of_once(serving: Serving) -> None:
    client = serving.client()
    told: list[str] = []
    audio_s = client.speak(map(chunk, ["ab", "cd", "ab"]), lambda one, _: told.append(one.text))
    assert audio_s == pytest.approx(0.2)
    assert told == ["ab", "cd"]
    assert client.store.missing([client.speaker.key(chunk("ab")), client.speaker.key(chunk("cd"))]) == []
    assert client.speak([chunk("ab")]) == 0
    assert serving.speaker.windows == [["ab", "cd"]]


CALLER = """
import sys
from pathlib import Path
from flows.speaking_client import RemoteSpeaking
from synth.chunks import Chunk
from synth.kokoro.diction import KokoroDiction
from synth.kokoro.precision import Precision
from synth.script import Pause
client = RemoteSpeaking(Path(sys.argv[1]), "draft")
chunks = [Chunk(text, "a", "af_heart", 1.0, "en-us", Pause.SENTENCE) for text in sys.argv[2:]]
print("ready", flush=True)
sys.stdin.readline()
print(round(client.speak(chunks), 3), flush=True)
"""


def test_two_processes_share_a_batch(serving: Serving) -> None:
    callers = [
        subprocess.Popen(
            [sys.executable, "-c", CALLER, str(serving.socket), f"{name} one", f"{name} two"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")},
        )
        for name in ("first", "second")
    ]
    try:
        for caller in callers:
            assert caller.stdout is not None
            assert caller.stdout.readline() == "ready\n"
        serving.speaker.gate.clear()
        with ThreadPoolExecutor(1) as pool:
            opening = pool.submit(serving.client().speak, [chunk("opening")])
            until(lambda: len(serving.speaker.windows) == 1)
            for caller in callers:
                assert caller.stdin is not None
                caller.stdin.write("go\n")
                caller.stdin.flush()
            until(lambda: serving.service.figures().waiting == 4)
            serving.speaker.gate.set()
            opening.result(30)
        assert [caller.communicate(timeout=30)[0] for caller in callers] == ["0.2\n", "0.2\n"]
    finally:
        for caller in callers:
            caller.kill()
            caller.communicate()
    assert [sorted(window) for window in serving.speaker.windows] == [
        ["opening"],
        ["first one", "first two", "second one", "second two"],
    ]


def test_what_a_process_waited_for_is_withdrawn_when_it_is_killed(serving: Serving) -> None:
    serving.speaker.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(serving.client().speak, [chunk("opening")])
        until(lambda: len(serving.speaker.windows) == 1)
        caller = subprocess.Popen(
            [sys.executable, "-c", CALLER, str(serving.socket), "never", "ever"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
        )
        assert caller.stdin is not None
        caller.stdin.write(b"go\n")
        caller.stdin.flush()
        until(lambda: serving.service.figures().waiting == 2)
        caller.kill()
        caller.communicate()
        until(lambda: serving.service.figures().waiting == 0)
        serving.speaker.gate.set()
        opening.result(30)
    assert serving.speaker.windows == [["opening"]]


def test_closing_a_client_lets_go_of_what_it_waits_for(serving: Serving) -> None:
    serving.speaker.gate.clear()
    client = serving.client()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.speak, [chunk("a")])
        until(lambda: len(serving.speaker.windows) == 1)
        client.close()
        with pytest.raises(CancelledError):
            waiting.result(30)
    with pytest.raises(CancelledError):
        client.speak([chunk("b")])


def test_errors_keep_their_type_and_fail_nobody_else(serving: Serving) -> None:
    client = serving.client()
    with pytest.raises(ChunkDoesNotFit, match="huge") as caught:
        client.speak([chunk("huge")])
    assert caught.value.hint == "Allow more"
    with pytest.raises(RuntimeError, match="ZeroDivisionError: broken"):
        client.speak([chunk("broken")])
    assert client.speak([chunk("good")]) == pytest.approx(0.1)


def test_a_store_that_is_full_is_named_as_such(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: AudioSegment) -> None:
        raise DiskFull("the disk is full", "Make room")

    client = serving.client()
    monkeypatch.setattr(serving.service.store, "put", full)
    with pytest.raises(DiskFull):
        client.speak([chunk("a")])


@pytest.mark.parametrize(
    "error", [DiskFull("full", "hint"), SpeakerLost("lost", "hint"), OSError(5, "input/output error")]
)
def test_an_error_is_the_same_after_its_way_over_the_wire(error: Exception) -> None:
    line: Any = httpx.Response(200, content=error_line(error)).json()
    same = error_from(line["error"])
    assert type(same) is type(error)
    assert same.args == error.args


def test_a_speaker_that_cannot_be_opened_says_why(serving: Serving) -> None:
    with pytest.raises(WeightsMissing, match="there are no weights"):
        RemoteSpeaking(serving.socket, "kokoro")


def test_a_client_prepares_chunks_as_the_services_kokoro_wants_them(
    serving: Serving, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kokoro = KokoroDiction("of a checkpoint", folder, Precision.BFLOAT16)
    monkeypatch.setattr(serving.service, "speaker", kokoro)
    serving.engines = {Engine.KOKORO}
    client = RemoteSpeaking(serving.socket, "kokoro")
    serving.clients.append(client)
    assert isinstance(client.speaker, KokoroDiction)
    for name in ("digest", "weights", "precision"):
        assert getattr(client.speaker, name) == getattr(kokoro, name)


def test_what_is_asked_for_ahead_is_spoken_meanwhile_and_let_go_of_afterwards(serving: Serving) -> None:
    client = serving.client()
    with client.ahead() as ask:
        ask([chunk("a"), chunk("b")])
        until(lambda: client.store.missing([client.speaker.key(chunk("b"))]) == [])
        serving.speaker.gate.clear()
        ask([chunk("c")])
        until(lambda: len(serving.speaker.windows) == 2)
        ask([chunk("d")])
        until(lambda: serving.service.figures().waiting == 1)
    assert serving.service.figures().waiting == 0
    serving.speaker.gate.set()
    assert client.speak([chunk("a"), chunk("b")]) == 0


def test_when_the_queue_is_full_a_caller_waits_until_there_is_room(folder: Path) -> None:
    serving = Serving(folder, most_waiting=2)
    serving.begin()
    try:
        serving.speaker.gate.clear()
        with ThreadPoolExecutor(3) as pool:
            callers = [pool.submit(serving.client().speak, [chunk("opening")])]
            until(lambda: len(serving.speaker.windows) == 1)
            callers.append(pool.submit(serving.client().speak, [chunk("a"), chunk("b")]))
            until(lambda: serving.service.figures().waiting == 2)
            late = pool.submit(serving.client().speak, [chunk("c")])
            time.sleep(1)
            assert serving.service.figures().waiting == 2
            serving.speaker.gate.set()
            assert late.result(30) == pytest.approx(0.1)
            assert [caller.result(30) for caller in callers] == pytest.approx([0.1, 0.2])
    finally:
        serving.end()


def test_a_service_that_is_killed_is_a_loss_that_may_pass_and_is_found_when_it_is_back(
    folder: Path, environment: dict[str, str]
) -> None:
    socket = folder / "speaking.sock"
    chunks = [chunk(f"This is sentence number {number}.") for number in range(200)]

    def start() -> subprocess.Popen[bytes]:
        return start_child("flows.speaking_server", [str(socket), "", "", "", ""], environment)

    first = start()
    client = RemoteSpeaking(socket, "draft")
    told: list[str] = []

    def kill(one: Chunk, _: float) -> None:
        told.append(one.text)
        first.kill()

    with pytest.raises(SpeakerLost):
        client.speak(chunks, kill)
    assert 0 < len(told) < len(chunks)
    end_child(first)
    with ThreadPoolExecutor(1) as pool:
        again = pool.submit(client.speak, chunks, lambda one, _: told.append(one.text))
        second = start()
        assert again.result(60) > 0
    assert len(told) == len(set(told)), "what was stored is not spoken again"
    assert second.stdin is not None
    second.stdin.close()  # as if its parent had ended
    assert second.wait(20) == 0
    client._http.close()


def test_where_nobody_listens_the_error_names_the_command(folder: Path) -> None:
    with pytest.raises(SpeakerLost, match="bindery serve"):
        RemoteSpeaking(folder / "nobody.sock", "draft", start_limit_s=0)


def test_segments_that_are_not_where_the_service_says_are_an_error(serving: Serving, folder: Path) -> None:
    client = serving.client()
    client.store = SegmentStore(folder / "elsewhere")
    with pytest.raises(SpeechError, match="elsewhere"):
        client.speak([chunk("a")])


def test_the_hardware_is_the_services_to_choose(serving: Serving) -> None:
    with pytest.raises(BadCompute, match="the speaking service's"):
        open_service(Engine.DRAFT, None, Hardware(precision="float16"), "segments", serving.socket)
    service = open_service(Engine.DRAFT, None, Hardware(), "segments", serving.socket)
    assert isinstance(service, RemoteSpeaking)
    serving.clients.append(service)


def test_its_health_has_the_figures_of_each_speaker(serving: Serving) -> None:
    serving.client().speak([chunk("a")])
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(serving.socket))) as http:
        health = http.get("http://speaking/health").json()
    assert health["engines"]["draft"]["chunks"] == 1
    assert health["engines"]["draft"]["batch_efficiency"] == 1.0
    assert health["engines"]["draft"]["rtfx"] > 0
