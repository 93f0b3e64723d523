"""One warm speaker for all runs of a machine: chunks come in by a socket, word of stored ones goes out."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from flows.child import end_with_parent
from flows.rates import note_speaking
from flows.settings import Settings
from flows.speakers import Engine, Hardware, embedded_service
from flows.speaking_wire import CHUNKS, DONE, OPENED, PULSE_S, Opened, error_line
from synth.errors import SpeechError
from tasks.failures import BINDERY_ERRORS
from tasks.speaking import STALL_LIMIT_S, Figures, SpeakingService
from tasks.speaking import Request as Wanted

MOST_WAITING_CHUNKS: Final = 20_000  # about 80 hours of audio, and 200 MB; more is refused for now
MOST_FAULTS_IN_A_ROW: Final = 3  # after so many, a process that begins anew may do better: a card can hang
_LOOK_S: Final = 1.0
_NOTED_AUDIO_S: Final = 600.0  # the speed is noted after so much audio

OpenService = Callable[[Engine], SpeakingService]


def speaking_app(open_service: OpenService, most_waiting: int = MOST_WAITING_CHUNKS) -> Starlette:
    """The service as a web application.

    open_service: the speaker of an engine, the same one every time.
    """
    return _App(open_service, most_waiting).starlette()


class _App:
    def __init__(self, open_service: OpenService, most_waiting: int) -> None:
        self._open_service = open_service
        self._most_waiting = most_waiting
        self._opened: dict[Engine, SpeakingService] = {}

    def starlette(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/health", self._health),
                Route("/{engine}", self._facts),
                Route("/{engine}/speak", self._speak, methods=["POST"]),
                Route("/{engine}/ahead", self._ahead, methods=["POST"]),
            ]
        )

    async def _health(self, _: Request) -> Response:
        engines = {engine: service.figures() for engine, service in self._opened.items()}
        told = {engine: {**asdict(figures), "rtfx": figures.rtfx} for engine, figures in engines.items()}
        return JSONResponse({"pid": os.getpid(), "engines": told})

    async def _facts(self, request: Request) -> Response:
        try:
            service = await self._service(request)
        except BINDERY_ERRORS as error:
            return Response(error_line(error), media_type="application/json")
        speaker: Any = service.speaker  # the draft voice has no weights
        weights = getattr(speaker, "weights", None)
        opened = Opened(
            segments=service.store.where,
            digest=getattr(speaker, "digest", None),
            precision=getattr(speaker, "precision", None),
            weights=str(weights) if weights else None,
        )
        return Response(OPENED.dump_json(opened), media_type="application/json")

    async def _speak(self, request: Request) -> Response:
        try:
            service = await self._service(request)
            chunks = CHUNKS.validate_json(await request.body())
            if self._is_full(service, len(chunks)):
                return Response(status_code=429)
            wanted = await run_in_threadpool(service.ask, chunks, _priority(request))
        except ValidationError as error:
            return Response(str(error), status_code=422)
        except (*BINDERY_ERRORS, OSError) as error:
            return Response(error_line(error), media_type="application/x-ndjson")
        return StreamingResponse(_lines(service, wanted), media_type="application/x-ndjson")

    async def _ahead(self, request: Request) -> Response:
        """Speak what comes for as long as the request lasts; each line of it is a list of chunks."""
        service = await self._service(request)
        wanted: list[Wanted] = []
        rest = b""
        try:
            async for data in request.stream():
                *lines, rest = (rest + data).split(b"\n")
                for chunks in map(CHUNKS.validate_json, lines):
                    if not self._is_full(service, len(chunks)):
                        wanted += await run_in_threadpool(service.ask, chunks, _priority(request))
        except ClientDisconnect:
            pass  # which ends it as well
        finally:
            service.withdraw(wanted)
        return Response(status_code=204)

    async def _service(self, request: Request) -> SpeakingService:
        engine = Engine(request.path_params["engine"])
        if engine not in self._opened:
            self._opened[engine] = await run_in_threadpool(self._open_service, engine)
        return self._opened[engine]

    def _is_full(self, service: SpeakingService, more: int) -> bool:
        waiting = service.figures().waiting
        return waiting > 0 and waiting + more > self._most_waiting


async def _lines(service: SpeakingService, wanted: Sequence[Wanted]) -> AsyncIterator[bytes]:
    """A line for each chunk that is stored; ends without the last line when the service does.

    When the client goes away this is closed, and what it waited for is withdrawn.
    """
    try:
        for one in wanted:
            stored = asyncio.wrap_future(one.done)
            while not (await asyncio.wait([stored], timeout=PULSE_S))[0]:
                yield b"\n"
            if stored.cancelled():
                return
            error = stored.exception()
            if error is not None:
                yield error_line(error)
                return
            yield json.dumps({"key": one.key, "audio_s": stored.result()}).encode() + b"\n"
        yield DONE
    finally:
        service.withdraw(wanted)


def _priority(request: Request) -> int:
    return int(request.query_params.get("priority", 0))


def _serve(socket: Path, weights: Path | None, hardware: Hardware) -> None:
    """Serve at a socket until the parent ends."""
    settings = Settings.read()
    services: list[SpeakingService] = []

    def open_service(engine: Engine) -> SpeakingService:
        service = embedded_service(engine, weights or settings.weights, hardware, settings.segments)
        services.append(service)
        return service

    config = uvicorn.Config(
        speaking_app(open_service), uds=str(socket), log_level="warning", timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)

    def end() -> None:
        server.should_exit = True

    def warm_up() -> None:
        try:
            open_service(Engine.KOKORO)
        except SpeechError as error:
            print(f"Kokoro is not ready: {error}", file=sys.stderr)  # noqa: T201  # the log of this process

    def look_after() -> None:
        """Note how fast it is; end this process when it can do no better, so that it is started again."""
        wait = threading.Event()
        noted: dict[SpeakingService, Figures] = {}
        while not wait.wait(_LOOK_S):
            for service in tuple(services):
                figures = service.figures()
                if figures.faults_in_a_row >= MOST_FAULTS_IN_A_ROW:
                    print(f"{figures.faults_in_a_row} faults in a row", file=sys.stderr)  # noqa: T201
                    os._exit(1)
                if figures.silent_s > STALL_LIMIT_S:
                    print(f"nothing for {figures.silent_s:.0f} s: the speaker hangs", file=sys.stderr)  # noqa: T201
                    os._exit(1)
                before = noted.get(service)
                audio_s = figures.audio_s - (before.audio_s if before else 0.0)
                speaking_s = figures.speaking_s - (before.speaking_s if before else 0.0)
                if audio_s > _NOTED_AUDIO_S:
                    noted[service] = figures
                    note_speaking(settings.home, service.speaker.engine, audio_s, speaking_s)

    end_with_parent(end)
    for work in (warm_up, look_after):
        threading.Thread(target=work, daemon=True).start()
    server.run()


if __name__ == "__main__":
    _serve(
        Path(sys.argv[1]),
        Path(sys.argv[2]) if sys.argv[2] else None,
        Hardware(*(value or None for value in sys.argv[3:6])),
    )
