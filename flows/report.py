"""What was made of a document, or why nothing was, as plain facts for programs and people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from outputs.companions import Companion
from outputs.manifest import Track
from outputs.publish import Published
from outputs.remarks import remarks_on
from synth.audio import SAMPLE_RATE_HZ
from tasks.failures import Failure
from tasks.job import Job


@dataclass(frozen=True, slots=True)
class NarratedChapter:
    """One chapter, finished; loudness and peak are those of its first file, decoded."""

    number: int
    title: str
    audio_s: float
    files: tuple[str, ...]
    lufs: float
    true_peak_dbtp: float


@dataclass(frozen=True, slots=True)
class Narrated:
    """One document, finished. The names are those of `bindery convert --json`."""

    file: str
    book_dir: str  # the folder of the first format
    chapters: tuple[NarratedChapter, ...]
    m4b: str | None
    audio_s: float
    compute_s: float  # from the order to the finished files, by the clock
    rtfx: float  # audio_s / compute_s
    engine: str
    voice: str
    chunks: int
    spoken_from_cache: int  # of those chunks, how many were in the store already
    warnings: tuple[str, ...]
    book_toml: str | None = None  # the producer's file that was applied
    readalong: str | None = None  # the EPUB with its audio, where it was asked for

    def as_json(self) -> dict[str, Any]:
        """The facts as JSON knows them."""
        return asdict(self)


def narrated(job: Job, tracks: Sequence[Track], published: Sequence[Published], compute_s: float) -> Narrated:
    """Put together what is told of a finished book."""
    m4b = next((str(one.audio[0]) for one in published if one.format == "m4b"), None)
    readalong = next((str(one.audio[0]) for one in published if one.format == Companion.READALONG), None)
    by_chapter = [one for one in published if one.format not in ("m4b", Companion.READALONG)]
    chapters = tuple(
        NarratedChapter(
            number=track.number,
            title=track.title,
            audio_s=round(track.parts[0].samples / SAMPLE_RATE_HZ, 3),
            files=tuple(str(one.audio[place]) for one in by_chapter),
            lufs=round(track.parts[0].lufs, 2),
            true_peak_dbtp=round(max(part.true_peak_dbtp for part in track.parts), 2),
        )
        for place, track in enumerate(tracks)
    )
    audio_s = sum(track.parts[0].samples for track in tracks) / SAMPLE_RATE_HZ
    return Narrated(
        file=str(job.order.document),
        book_dir=str(published[0].folder),
        chapters=chapters,
        m4b=m4b,
        audio_s=round(audio_s, 3),
        compute_s=round(compute_s, 3),
        rtfx=round(audio_s / compute_s, 1),
        engine=job.order.engine,
        voice=job.voice,
        chunks=job.chunks,
        spoken_from_cache=job.chunks_in_store,
        warnings=(*job.warnings, *map(str, (*remarks_on(tracks), *published[0].remarks))),
        book_toml=str(job.book_toml) if job.book_toml else None,
        readalong=readalong,
    )


def folders_of(book: Narrated) -> tuple[str, ...]:
    """The book's folders, one for each format."""
    files = (book.m4b, *(file for chapter in book.chapters for file in chapter.files))
    return tuple(dict.fromkeys((book.book_dir, *(str(Path(file).parent) for file in files if file))))


def failure_json(file: str, failure: Failure) -> dict[str, Any]:
    """A failed document as `--json` has it."""
    return {
        "file": file,
        "error": {"code": failure.code, "message": failure.message, "hint": failure.hint},
    }
