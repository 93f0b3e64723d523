"""A book's finished chapters into its folder of tagged files, one folder for each format."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from inputs.book import Book
from outputs.encode import Format
from outputs.errors import NotAsPlanned
from outputs.ffmpeg import Ffmpeg
from outputs.finish import Part
from outputs.library import Recipe, Shelved, shelf_of, shelve
from outputs.listen import packets_sha256
from outputs.m4b import BIND_VERSION, bind, check_bound
from outputs.manifest import Narration, Track, describe, heard_where, origin_of, player_metadata
from outputs.names import file_name, listener_titles, one_line
from outputs.tags import BookTags, TrackTags, check_tags, tags_digest, write_tags

METADATA_NAME: Final = "metadata.json"
TIMELINE_NAME: Final = "timeline.json"
_COVERS: Final = {
    "image/jpeg": ("cover.jpg", b"\xff\xd8\xff"),
    "image/png": ("cover.png", b"\x89PNG\r\n\x1a\n"),
}
_NUMBER_DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class Published:
    """A book in one format, as it now is in the library."""

    format: str
    shelved: Shelved
    audio: tuple[Path, ...]  # in order; one M4B, or one file for each chapter

    @property
    def folder(self) -> Path:
        """The book's folder."""
        return self.shelved.folder


def publish(
    book: Book,
    narration: Narration,
    tracks: Sequence[Track],
    formats: Sequence[Format],
    library: Path,
    ffmpeg: Ffmpeg,
    label: str | None = None,
) -> tuple[Published, ...]:
    """Put a book into the library in each of the formats: `library/<format>/Author/Title/`.

    Formats have trees of their own because Audiobookshelf takes all audio below a book's folder for one book.
    Where a folder is already as planned, hashes included, no work is done and nothing is touched.

    tracks: in order, each with a part in every codec that the formats need. label: what sets this narration
    apart, in titles and names: "draft voice" makes "Title (draft voice)".

    Raises:
        NotAsPlanned: a file was read back and is not what it should be; the library is as it was before.
        EncoderFailed: ffmpeg did not join the chapters, or a file does not decode.
        DiskFull: there is no room left.
        OutputError: the library cannot be written to.
    """
    assert tracks, "a book without chapters has no files"
    tags = BookTags.of(book, narration.narrator, narration.disclosure)
    shelf = shelf_of(tags.authors, tags.title, label)
    if label:
        tags = replace(tags, title=f"{tags.title} ({one_line(label)})")
    titles = listener_titles([(track.number, track.title, track.parents) for track in tracks], book.title)
    total = max(len(book.spoken_chapters), tracks[-1].number)
    published = []
    for wanted in formats:
        parts = [track.part(wanted.codec.name) for track in tracks]
        marks: list[tuple[str, int]] = []
        if wanted.whole_book:
            marks = [(name, part.samples) for name, part in zip(titles, parts, strict=True)]
            audio = [_whole_book(f"{shelf.name}.{wanted.name}", tags, titles, parts, ffmpeg)]
        else:
            audio = [
                _chapter(wanted, tags, TrackTags(name, track.number, total), part, ffmpeg)
                for name, track, part in zip(titles, tracks, parts, strict=True)
            ]
        names = [recipe.name for recipe in audio] * (len(tracks) if wanted.whole_book else 1)
        chapters = list(zip(tracks, parts, names, strict=True))
        recipes = [
            *audio,
            *_companions(tags, player_metadata(tags, narration, marks)),
            _copy_of(TIMELINE_NAME, heard_where(chapters, one_file=wanted.whole_book)),
        ]
        shelved = shelve(
            library / wanted.name,
            shelf,
            origin_of(book),
            recipes,
            partial(
                describe,
                book,
                narration,
                tags,
                wanted.name,
                chapters,
                ffmpeg_version=ffmpeg.version_line,
            ),
        )
        published.append(
            Published(wanted.name, shelved, tuple(shelved.folder / recipe.name for recipe in audio))
        )
    return tuple(published)


def _whole_book(
    name: str, tags: BookTags, titles: Sequence[str], parts: Sequence[Part], ffmpeg: Ffmpeg
) -> Recipe:
    track = TrackTags(tags.title, 1, 1)

    def make(path: Path) -> None:
        bind(parts, titles, path, ffmpeg)
        write_tags(path, tags, track)
        check_tags(path, tags, track)
        check_bound(path, parts, titles, ffmpeg)

    digests = [part.digest for part in parts]
    digest = _digest(BIND_VERSION, ffmpeg.version_line, digests, titles, tags_digest(tags, track))
    return Recipe(name, digest, make)


def _chapter(wanted: Format, tags: BookTags, track: TrackTags, part: Part, ffmpeg: Ffmpeg) -> Recipe:
    def make(path: Path) -> None:
        shutil.copyfile(part.path, path)
        write_tags(path, tags, track)
        check_tags(path, tags, track)
        if packets_sha256(path, ffmpeg) != packets_sha256(part.path, ffmpeg):
            raise NotAsPlanned(f"{path}: tagging changed its sound", "Run again")

    number = f"{track.number:0{max(_NUMBER_DIGITS, len(str(track.total)))}d}"
    stem = file_name(f"{number} - {track.title}", number)
    return Recipe(f"{stem}{wanted.codec.suffix}", _digest(part.digest, tags_digest(tags, track)), make)


def _companions(tags: BookTags, metadata: bytes) -> list[Recipe]:
    """The files beside the audio that listeners and Audiobookshelf edit: their edits stay."""
    companions = [_copy_of(METADATA_NAME, metadata, _is_json_object)]
    if tags.cover and tags.cover.media_type in _COVERS:
        name, magic = _COVERS[tags.cover.media_type]
        companions.append(_copy_of(name, tags.cover.data, lambda data: data.startswith(magic)))
    return companions


def _copy_of(name: str, data: bytes, is_sound: Callable[[bytes], bool] | None = None) -> Recipe:
    def make(path: Path) -> None:
        path.write_bytes(data)

    return Recipe(name, hashlib.sha256(data).hexdigest(), make, is_sound)


def _is_json_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False


def _digest(*recipe: object) -> str:
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()
