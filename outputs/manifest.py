"""What was published into the files beside the audio: book.json for us, metadata.json for players."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from inputs.book import Book
from outputs.acx import acx_table
from outputs.findings import Finding
from outputs.finish import Part
from outputs.plan import ChapterPlan
from outputs.tags import GENRE, BookTags
from outputs.timeline import HeardSentence
from synth.audio import SAMPLE_RATE_HZ

MANIFEST_NAME: Final = "book.json"
MANIFEST_VERSION: Final = 1
_LEVELS: Final = ("lufs", "range_lu", "rms_dbfs", "noise_floor_dbfs", "peak_dbfs", "true_peak_dbtp")


@dataclass(frozen=True, slots=True)
class Narration:
    """How a book was spoken."""

    engine: str  # "Kokoro-82M"
    voice: str  # "af_heart": the book's; some chapters may have one of their own
    speed: float  # the book's
    tool: str  # "audiobindery 0.1.0"
    settings: Mapping[str, Any] = field(default_factory=dict)  # what else was chosen; JSON
    voices: tuple[str, ...] = ()  # all that are heard, in order; empty: the book's alone
    name: str | None = None  # who is to be named as the narrator; None: the voices

    @property
    def heard(self) -> tuple[str, ...]:
        """The voices that are heard, each once."""
        return self.voices or (self.voice,)

    @property
    def narrator(self) -> str:
        """Who players say reads the book; without commas, where Audiobookshelf would split it."""
        name = self.name or f"{self.engine} {' / '.join(self.heard)}"
        return f"{name} ({self._kind})"

    @property
    def disclosure(self) -> str:
        """The sentence that says so; without the tool's version, or each upgrade would change every file."""
        article = "" if len(self.heard) > 1 else "a "
        by = ", ".join((self.engine, *self.heard))
        return f"Read by {article}{self._kind} ({by}). Made with audiobindery."

    @property
    def _kind(self) -> str:
        return "synthetic voices" if len(self.heard) > 1 else "synthetic voice"


@dataclass(frozen=True, slots=True)
class Track:
    """One chapter, finished: its place among the book's spoken chapters (1 is the first), parts, timeline."""

    number: int
    title: str
    parents: tuple[str, ...]
    plan: ChapterPlan
    parts: tuple[Part, ...]
    voice: str
    speed: float
    timeline: tuple[HeardSentence, ...] = ()
    waveform: tuple[int, ...] = ()  # as `outputs.waveform` has it
    spoken_again: int = 0  # segments that were damaged when they were read
    findings: tuple[Finding, ...] = ()  # what somebody should listen to
    took_s: float = 0.0  # to master, encode and check it; 0.0: it was done already

    def part(self, codec: str) -> Part:
        """The part in this codec, which must have been made."""
        parts = {part.codec: part for part in self.parts}
        assert codec in parts, f"chapter {self.number} has parts in {', '.join(parts)}, not in {codec}"
        return parts[codec]


@dataclass(frozen=True, slots=True)
class Origin:
    """Which document a folder belongs to."""

    path: str  # absolute
    sha256: str

    def is_same_document(self, other: Origin) -> bool:
        """The same bytes, wherever they lie; or the same place, if they were edited."""
        return self.sha256 == other.sha256 or self.path == other.path


@dataclass(frozen=True, slots=True)
class Written:
    """A file in a folder: the hash of its bytes, and the digest of its recipe."""

    sha256: str
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder's book.json says, as far as publishing into it again needs to know."""

    data: bytes
    origin: Origin
    files: Mapping[str, Written]
    incoming: frozenset[str]  # names that a run which did not end had begun to add


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a book's folder; None if it has none that can be read."""
    try:
        data = (folder / MANIFEST_NAME).read_bytes()
        facts = json.loads(data)
        return Manifest(
            data=data,
            origin=Origin(facts["source"]["path"], facts["source"]["sha256"]),
            files={
                _plain(name): Written(file["sha256"], file["digest"]) for name, file in facts["files"].items()
            },
            incoming=frozenset(map(_plain, facts.get("incoming", ()))),
        )
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, AttributeError):
        return None


def with_incoming(manifest: Manifest, names: Iterable[str]) -> bytes:
    """The manifest as it is, with the names of files that are about to be added."""
    facts = json.loads(manifest.data)
    return _json(facts | {"incoming": sorted({*manifest.incoming, *names})})


def short_key(key: str) -> str:
    """Enough of a segment's key to tell it from all others of a book, 17 bytes with the space after it."""
    return key[:16]


def origin_of(book: Book) -> Origin:
    """Which document this is."""
    return Origin(str((book.kept_at or book.source).absolute()), book.sha256)


def describe(
    book: Book,
    narration: Narration,
    tags: BookTags,
    format_name: str,
    tracks: Sequence[tuple[Track, Part, str]],
    files: Mapping[str, Written],
    ffmpeg_version: str,
) -> bytes:
    """book.json: all that the files of a folder come from, and what was measured of them.

    tracks: each chapter with its part and the name of the file that it is heard in. It says nothing of when,
    so that the same book published again is the same bytes.
    """
    starts = accumulate((part.samples for _, part, _ in tracks), initial=0)
    samples = sum(part.samples for _, part, _ in tracks)
    origin = origin_of(book)
    return _json(
        {
            "version": MANIFEST_VERSION,
            "source": {
                "file": book.source.name,
                "path": origin.path,
                "sha256": origin.sha256,
                "format": book.format,
                "identifier": book.identifier,
            },
            "title": tags.title,
            "authors": tags.authors,
            "language": tags.language,
            "format": format_name,
            "synthetic_voice": True,
            "engine": narration.engine,
            "voice": narration.voice,
            "voices": narration.heard,
            "speed": narration.speed,
            "settings": narration.settings,
            "tool": narration.tool,
            "ffmpeg": ffmpeg_version,
            "samples": samples,
            "audio_s": _seconds(samples),
            "chapters": [
                {
                    "number": track.number,
                    "title": track.title,
                    "parents": track.parents,
                    "voice": track.voice,
                    "speed": track.speed,
                    "file": name,
                    "start_s": _seconds(start),
                    "samples": part.samples,
                    "audio_s": _seconds(part.samples),
                    **{level: round(getattr(part, level), 2) + 0.0 for level in _LEVELS},
                    "before_encoding": {
                        key: round(value, 2) + 0.0 if isinstance(value, float) else value
                        for key, value in asdict(part.measurement).items()
                    },
                    "acx": [asdict(requirement) for requirement in acx_table(part)],
                    "findings": [asdict(finding) for finding in track.findings],
                    "plan": track.plan.digest,
                    "part": part.digest,
                    "chunks": " ".join(short_key(one.key) for one in track.plan.utterances),
                }
                for (track, part, name), start in zip(tracks, starts, strict=False)
            ],
            "warnings": [asdict(warning) for warning in book.warnings],
            "files": {name: asdict(file) for name, file in files.items()},
        }
    )


def player_metadata(tags: BookTags, narration: Narration, marks: Sequence[tuple[str, int]]) -> bytes:
    """metadata.json as Audiobookshelf reads it, where it has the last word on titles and chapters.

    marks: title and samples of each chapter of a book in one file. None for a file to each chapter: there
    Audiobookshelf adds up the lengths that it reads from the files, and an MP3's is up to 0.1 s too long.
    """
    ends = accumulate(samples for _, samples in marks)
    return _json(
        {
            "tags": ["AI-generated narration"],
            "chapters": [
                {"id": number, "start": _seconds(end - samples), "end": _seconds(end), "title": title}
                for number, ((title, samples), end) in enumerate(zip(marks, ends, strict=True))
            ],
            "title": tags.title,
            "subtitle": None,
            "authors": tags.authors,
            "narrators": [narration.narrator],
            "series": [" #".join(filter(None, (tags.series, tags.series_part)))] if tags.series else [],
            "genres": [GENRE],
            "publishedYear": tags.published[:4] if tags.published else None,
            "publishedDate": tags.published,
            "publisher": tags.publisher,
            "description": tags.description,
            "isbn": tags.isbn,
            "asin": None,
            "language": tags.language,
            "explicit": False,
            "abridged": False,
        }
    )


def heard_where(tracks: Sequence[tuple[Track, Part, str]]) -> bytes:
    """timeline.json: when each sentence is heard in its file, and where it stands in the document.

    tracks: as `describe` has them. `characters` are those of the text at `where`.
    """
    return _json(
        {
            "chapters": [
                {
                    "number": track.number,
                    "title": track.title,
                    "file": name,
                    "sentences": [
                        {
                            "start_s": _seconds(start + heard.start_sample),
                            "end_s": _seconds(start + heard.end_sample),
                            "text": heard.text,
                            "where": str(heard.place) if heard.place else None,
                            "characters": [heard.start, heard.end],
                        }
                        for heard in track.timeline
                    ],
                }
                for (track, _, name), start in zip(tracks, starts_in_files(tracks), strict=True)
            ]
        }
    )


def starts_in_files(tracks: Sequence[tuple[Track, Part, str]]) -> Iterator[int]:
    """The sample of its file that each chapter begins with; the chapters of one file follow one another."""
    samples: Counter[str] = Counter()
    for _, part, name in tracks:
        yield samples[name]
        samples[name] += part.samples


def _plain(name: str) -> str:
    """A name from a manifest, which is removed one day: it must be that of a file in the folder itself."""
    if name in ("", ".", "..", MANIFEST_NAME) or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is not a name of a file in its own folder")
    return name


def _seconds(samples: int) -> float:
    return round(samples / SAMPLE_RATE_HZ, 6)


def _json(facts: Mapping[str, Any]) -> bytes:
    return (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode()
