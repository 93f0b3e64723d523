"""One document into an audiobook: read, speak, finish the chapters, bind."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, Final

from prefect import flow
from prefect.context import FlowRunContext
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel, Field

from flows.book_page import show_book_page
from flows.endings import Ending
from flows.lanes import make_way
from flows.lexicon import standing_lexicon
from flows.news import tell_of_run
from flows.priorities import rank_of
from flows.progress_page import progress_page
from flows.rates import note_binding, note_finishing, note_speaking
from flows.report import Narrated, narrated
from flows.served import end_with_serve, let_go_when_ended, noted
from flows.settings import Settings
from flows.speakers import Engine, Hardware, open_diction, open_service
from inputs.book import FASTEST, SLOWEST
from inputs.book_toml import MatterChoice
from inputs.choosing import CHOICE_PATTERN
from outputs.companions import Companion
from outputs.encode import FORMATS
from outputs.ffmpeg import Ffmpeg, find_ffmpeg
from outputs.manifest import Track
from outputs.presets import Preset
from synth.audio import SAMPLE_RATE_HZ
from synth.lexicon import Lexicon, read_lexicon
from synth.reading import ReadingPreferences
from synth.speaker import Diction
from tasks.bind import bind_book
from tasks.checking import compared
from tasks.finish import finish_track
from tasks.job import Job, Order
from tasks.prepare import prepare_book
from tasks.speak import speak_shard
from tasks.speaking import Speaking, SpeakingService
from tasks.upkeep import keep_within


def _usual_formats(chosen: dict[str, Any]) -> list[str]:
    return [wanted.name for wanted in Preset(chosen["preset"]).formats()]


class NarrationOptions(BaseModel):
    """How a document is to be spoken, and what is to be made of it."""

    engine: Engine = Field(
        Engine.KOKORO, description="kokoro, or draft: a robot voice to check a book by ear"
    )
    voice: str | None = Field(
        default=None, description="a name that `bindery voices` lists; empty: the best one"
    )
    speed: Annotated[float, Field(ge=SLOWEST, le=FASTEST)] | None = Field(
        default=None, description="1 is the voice's own pace; empty: what book.toml says, else 1"
    )
    chapters: Annotated[str, Field(pattern=CHOICE_PATTERN)] | None = Field(
        default=None, description="numbers and ranges, such as 2-4,7; empty: all"
    )
    matter: MatterChoice | None = Field(
        default=None, description="body, or all: front and back matter too; empty: what book.toml says"
    )
    preset: Preset = Field(
        Preset.AUDIOBOOK,
        description="what the files are for: audiobook (-19 LUFS), acx, podcast (-16 LUFS), archive (FLAC)",
    )
    formats: list[Annotated[str, Field(json_schema_extra={"enum": list(FORMATS)})]] = Field(
        default_factory=_usual_formats,
        min_length=1,
        description=f"any of {', '.join(FORMATS)}; empty: what the preset is for",
    )
    beside: list[str] = Field(
        default=[], description=f"files beside the audio, any of {', '.join(Companion)}"
    )
    base_url: str | None = Field(
        default=None, description="where the library will be found on the web, for the feeds of `rss`"
    )
    read: dict[str, str] = Field(
        default={},
        description="urls, citations, images, notes, tables, code, formulas: usual, skip, announce or read",
    )
    ocr: bool = Field(
        default=False, description="recognise a PDF's pages that are pictures or garbled, with ocrmypdf"
    )
    lexicon: list[str] = Field(
        default=[], description="TOML files with pronunciations for this book; the last one goes first"
    )
    volumes: bool = Field(
        default=False, description="split an M4B of more than 13 hours or 1 GB into volumes"
    )
    verify: bool = Field(
        default=False, description="listen to every segment whether it says its text (English alone)"
    )
    library: str | None = Field(default=None, description="the folder that finished books go to")
    weights: str | None = Field(default=None, description="a folder with Kokoro's published files")
    device: str | None = Field(default=None, description="cpu, cuda, cuda:1 or mps; empty: the fastest")
    precision: str | None = Field(
        default=None, description="float32, bfloat16, float16 or int8; empty: what suits the device"
    )
    memory: str | None = Field(
        default=None, description="what Kokoro may take of the device: 2GB or 50%; empty: most of it"
    )

    def preferences(self) -> ReadingPreferences:
        """What the listener prefers of the things that are written for the eye.

        Raises:
            UnknownPreference: one that does not exist.
        """
        return ReadingPreferences().but(self.read)

    def lexicons(self) -> tuple[Lexicon, ...]:
        """The pronunciations for this book, the best first.

        Raises:
            BadLexicon: a file cannot be used.
        """
        return tuple(read_lexicon(Path(name)) for name in reversed(self.lexicon))

    def of_the_book(self) -> dict[str, Any]:
        """What of it a finished book is made with again, as JSON; the rest is this machine's."""
        chosen = self.model_dump(mode="json", exclude={"library", "weights", "device", "memory"})
        return chosen | {"lexicon": [str(Path(name).absolute()) for name in self.lexicon]}

    def service(self, settings: Settings) -> Speaking:
        """The speaker that was asked for, behind the queue that all runs of this process or machine share.

        Raises:
            SpeechError: it cannot be opened.
        """
        weights = self._weights(settings)
        return open_service(self.engine, weights, self._hardware, settings.segments, settings.speaking)

    def diction(self, settings: Settings) -> Diction:
        """How that speaker says things, without its model.

        Raises:
            SpeechError: it cannot be opened.
        """
        weights = self._weights(settings)
        return open_diction(self.engine, weights, self._hardware, settings.segments, settings.speaking)

    def _weights(self, settings: Settings) -> Path | None:
        return Path(self.weights) if self.weights else settings.weights

    @property
    def _hardware(self) -> Hardware:
        return Hardware(self.device, self.precision, self.memory)


# a thread waits for each chapter that is being finished, one for each core; two more keep the speaker fed
THREADS: Final = (os.cpu_count() or 1) + 2
RUNNER: Final[ThreadPoolTaskRunner[Any]] = ThreadPoolTaskRunner(max_workers=THREADS)


@flow(
    name="narrate-book",
    flow_run_name=lambda: f"narrate {Path(flow_run.parameters['document']).name}",
    task_runner=RUNNER,  # type: ignore[arg-type]  # Prefect's own annotation is too narrow
    persist_result=False,
    on_completion=[tell_of_run],
    on_failure=[tell_of_run],
)
def narrate_book(
    document: str, options: NarrationOptions | None = None, kept_at: str | None = None
) -> Narrated:
    """Turn one document into an audiobook in the library.

    Each chapter is mastered and encoded as soon as its last part is spoken, while others are still being
    spoken. Run again after anything: what is done is found by its content and not done twice.

    Args:
        document: where it is, on the machine that the worker runs on
        options: how it is to be spoken, and what is to be made of it
        kept_at: where the document is put when all is done; empty: it stays where it is
    """
    options = options or NarrationOptions()
    settings = Settings.read()
    return narrate(
        order_of(document, options, settings, Path(kept_at) if kept_at else None), options, settings
    )


def narrate(order: Order, options: NarrationOptions, settings: Settings) -> Narrated:
    """The steps of a book, inside a flow run."""
    with Ending() as ending:
        book = ending.made = _steps(order, options, settings)
    return book


def _steps(order: Order, options: NarrationOptions, settings: Settings) -> Narrated:
    started_s = monotonic()
    end_with_serve(settings.served_by)
    _ = order.wanted, order.companions  # one that does not exist is told of before any work
    ffmpeg = find_ffmpeg(settings.ffmpeg)
    service = options.service(settings)

    with (
        noted(settings.served_by, str(flow_run.id), flow_run.run_count or 0),
        progress_page(),
        let_go_when_ended(service),
    ):
        job = prepare_book(order, service, settings.work, rank_of(_work_queue()))
        tracks = compared(job, _finished(job, service, settings, ffmpeg))
        bound_from_s = monotonic()
        published = bind_book(job, tracks, service.speaker, ffmpeg)
        bound_s = monotonic() - bound_from_s if any(one.shelved.written for one in published) else 0.0
        keep_within(settings.store_limit_bytes, service.store, settings.parts, settings.work)
        _note_rates(order, service, tracks, bound_s, settings)
        book = narrated(job, tracks, published, monotonic() - started_s)
    show_book_page(book)
    return book


def _work_queue() -> str | None:
    """The work queue that this run came from; None: it was called."""
    context = FlowRunContext.get()
    return context.flow_run.work_queue_name if context and context.flow_run else None


def _finished(job: Job, service: Speaking, settings: Settings, ffmpeg: Ffmpeg) -> list[Track]:
    """Each chapter as soon as its last part is spoken, while others are still being spoken."""
    spoken: dict[int, PrefectFuture[float]] = {}
    finished: list[PrefectFuture[Track]] = []
    for chapter in job.chapters:
        for shard in chapter.shards:
            if shard not in spoken:
                spoken[shard] = speak_shard.submit(job, shard, service)
        finished.append(
            finish_track.submit(
                job,
                chapter.number,
                service,
                settings.parts,
                ffmpeg,
                return_state=False,
                wait_for=[spoken[shard] for shard in chapter.shards],
            )
        )
    for part in spoken.values():  # a failure shows here as itself; a chapter would only say that it waited
        part.result()
    make_way()
    return [chapter_finished.result() for chapter_finished in finished]


def _note_rates(
    order: Order, service: Speaking, tracks: Sequence[Track], bound_s: float, settings: Settings
) -> None:
    """Remember how fast it went; a speaker in another process is measured there.

    bound_s: how long binding took; 0.0: there was nothing to be bound.
    """
    if isinstance(service, SpeakingService):
        figures = service.figures()
        note_speaking(settings.home, order.engine, figures.audio_s, figures.speaking_s)
    made = [track for track in tracks if track.took_s]
    finished_s = sum(track.took_s for track in made)
    note_finishing(settings.home, order.engine, _audio_s(made), finished_s)
    note_binding(settings.home, order.engine, _audio_s(tracks), bound_s)


def _audio_s(tracks: Sequence[Track]) -> float:
    return sum(track.parts[0].samples for track in tracks) / SAMPLE_RATE_HZ


def order_of(
    document: str, options: NarrationOptions, settings: Settings, kept_at: Path | None = None
) -> Order:
    """What these options ask for. kept_at: as `narrate_book` has it.

    Raises:
        BadLexicon: a lexicon cannot be used.
    """
    return Order(
        document=Path(document),
        engine=options.engine,
        voice=options.voice,
        speed=options.speed,
        chapters=options.chapters.replace(" ", "") if options.chapters else None,
        formats=tuple(options.formats),
        preset=options.preset,
        volumes=options.volumes,
        verify=options.verify,
        beside=tuple(sorted(set(options.beside))),
        base_url=options.base_url or settings.base_url,
        library=Path(options.library) if options.library else settings.library,
        reading=options.read,
        matter=options.matter,
        ocr=settings.ocr if options.ocr else None,
        lexicons=options.lexicons(),
        standing_lexicon=standing_lexicon(settings),
        kept_at=kept_at,
        least_free_bytes=settings.least_free_bytes,
        options=options.of_the_book(),
    )
