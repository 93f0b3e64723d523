"""A book's plans into what publishing them would bring its folders to, before anything of it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from inputs.book import Book
from outputs.encode import Codec, Format
from outputs.errors import NoSuchBook
from outputs.ffmpeg import Ffmpeg
from outputs.finish import part_digest
from outputs.finished import finished_book
from outputs.library import folder_of
from outputs.manifest import Narration, origin_of
from outputs.names import listener_titles
from outputs.plan import ChapterPlan
from outputs.publish import Volume, chapter_file, entry_of, tracks_in_all, whole_book_file
from outputs.tags import TrackTags


@dataclass(frozen=True, slots=True)
class PlannedTrack:
    """A chapter as `outputs.manifest.Track` has it, before anything of it is made."""

    number: int
    title: str
    parents: tuple[str, ...]
    plan: ChapterPlan


@dataclass(frozen=True, slots=True)
class ForeseenFolder:
    """A book's folder in one format, as `publish` would leave it.

    parts, files: for each chapter, the digest of its part and the name of the file that it is heard in.
    digests: of each of those files.
    """

    format: str
    folder: Path
    parts: tuple[str, ...]
    files: tuple[str, ...]
    digests: Mapping[str, str]


def foresee(
    book: Book,
    narration: Narration,
    tracks: Sequence[PlannedTrack],
    formats: Sequence[Format],
    library: Path,
    ffmpeg: Ffmpeg,
    label: str | None = None,
    *,
    in_volumes: bool = False,
) -> tuple[ForeseenFolder, ...]:
    """What `publish` would make of the same book and chapters, audio alone; nothing is written.

    in_volumes: as `publish` has it; a book is taken to be divided as it is now, since sizes are not known.
    """
    tags, shelf, _ = entry_of(book, narration, label)
    titles = listener_titles([(track.number, track.title, track.parents) for track in tracks], book.title)
    total = tracks_in_all(book, [track.number for track in tracks])
    foreseen = []
    for wanted in formats:
        parts = tuple(part_digest(track.plan, wanted.codec, ffmpeg) for track in tracks)
        folder = folder_of(library / wanted.name, shelf, origin_of(book))
        bound = [range(number, number + 1) for number in range(len(tracks))]
        if wanted.whole_book:
            bound = _volumes(folder, len(tracks)) if in_volumes else [range(len(tracks))]
            files = [
                whole_book_file(
                    shelf,
                    wanted,
                    tags,
                    titles[own.start : own.stop],
                    parts[own.start : own.stop],
                    ffmpeg,
                    Volume(number, len(bound)),
                )
                for number, own in enumerate(bound, 1)
            ]
        else:
            files = [
                chapter_file(wanted, tags, TrackTags(title, track.number, total), part)
                for track, title, part in zip(tracks, titles, parts, strict=True)
            ]
        names = tuple(name for (name, _), own in zip(files, bound, strict=True) for _ in own)
        foreseen.append(ForeseenFolder(wanted.name, folder, parts, names, dict(files)))
    return tuple(foreseen)


def _volumes(folder: Path, chapters: int) -> list[range]:
    """The chapters of each file in a book's folder, if it has as many chapters; else all in one."""
    try:
        files = [chapter.file for chapter in finished_book(folder).chapters]
    except NoSuchBook:
        files = []
    if len(files) != chapters:
        return [range(chapters)]
    groups = [list(group) for _, group in groupby(range(chapters), key=lambda place: files[place])]
    return [range(group[0], group[-1] + 1) for group in groups]


def parts_are_there(plan: ChapterPlan, codecs: Sequence[Codec], parts: Path, ffmpeg: Ffmpeg) -> bool:
    """Whether a chapter need not be mastered: its parts lie among those that are kept, by their names."""
    names = (f"{part_digest(plan, codec, ffmpeg)}{codec.suffix}" for codec in codecs)
    return all((parts / name).is_file() for name in names)
