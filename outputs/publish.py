"""A book's finished chapters into its folder of tagged files, one folder for each format."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from inputs.book import Book
from outputs.audio_file import AudioFile
from outputs.beside import Folder, recipes_beside
from outputs.companions import Companion, Companions, read_along_codec
from outputs.cover import drawn_cover
from outputs.encode import Format
from outputs.errors import NotAsPlanned
from outputs.ffmpeg import Ffmpeg
from outputs.finish import Part
from outputs.library import Package, Recipe, Shelved, copy_of, digest_of, folder_of, shelf_of, shelve
from outputs.listen import packets_sha256
from outputs.m4b import BIND_VERSION, bind, check_bound
from outputs.manifest import Narration, Track, describe, heard_where, origin_of, player_metadata
from outputs.names import file_name, listener_titles, one_line
from outputs.read_along import SpokenChapter, read_along_digest, write_read_along
from outputs.remarks import Remark
from outputs.report import REPORT_NAME, Account, report_page
from outputs.tags import BookTags, TrackTags, check_tags, tags_digest, write_tags
from outputs.volumes import volumes_of

METADATA_NAME: Final = "metadata.json"
TIMELINE_NAME: Final = "timeline.json"
_COVERS: Final = {
    "image/jpeg": ("cover.jpg", b"\xff\xd8\xff"),
    "image/png": ("cover.png", b"\x89PNG\r\n\x1a\n"),
}
_NUMBER_DIGITS: Final = 3
NOTHING_BESIDE: Final = Companions()
NOTHING_MORE: Final = Account()


@dataclass(frozen=True, slots=True)
class Volume:
    """Which of a book's volumes; most books are their only one."""

    number: int
    total: int

    @property
    def mark(self) -> str:
        """What tells it from the others, in titles and names; nothing where there are no others."""
        return f", Vol {self.number}" if self.total > 1 else ""


THE_ONLY_ONE: Final = Volume(1, 1)


@dataclass(frozen=True, slots=True)
class Published:
    """A book in one format, as it now is in the library."""

    format: str
    shelved: Shelved
    audio: tuple[Path, ...]  # in order; one M4B or read-along, or one file for each chapter
    remarks: tuple[Remark, ...] = ()  # what was odd about making its files

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
    beside: Companions = NOTHING_BESIDE,
    account: Account = NOTHING_MORE,
    *,
    in_volumes: bool = False,
) -> tuple[Published, ...]:
    """Put a book into the library in each of the formats: `library/<format>/Author/Title/`.

    Formats have trees of their own because Audiobookshelf takes all audio below a book's folder for one book.
    Where a folder is already as planned, hashes included, no work is done and nothing is touched.

    tracks: in order, each with a part in every codec that the formats need. label: what sets this narration
    apart, in titles and names: "draft voice" makes "Title (draft voice)". beside: what is wanted beside the
    audio; a read-along is last of what is published, and has a tree of its own. account: what the report is
    to say besides. in_volumes: a book that is too long or too large for one file becomes several.

    Raises:
        NotAsPlanned: a file was read back and is not what it should be; the library is as it was before.
        EncoderFailed: ffmpeg did not join the chapters, or a file does not decode.
        BadSource: the EPUB was changed since it was read, and a read-along is wanted of it.
        DiskFull: there is no room left.
        OutputError: the library cannot be written to.
    """
    assert tracks, "a book without chapters has no files"
    tags, shelf, remarks = entry_of(book, narration, label)
    account = replace(account, remarks=(*account.remarks, *remarks))
    edition = _Edition(book, narration, tags, library, shelf, tuple(tracks), ffmpeg, in_volumes)
    published = [
        replace(_publish_as(wanted, edition, beside, account), remarks=remarks) for wanted in formats
    ]
    if Companion.READALONG in beside and book.format == "epub":
        published.append(_publish_read_along(edition))
    return tuple(published)


def entry_of(
    book: Book, narration: Narration, label: str | None
) -> tuple[BookTags, Path, tuple[Remark, ...]]:
    """The book's tags, its folder below each tree, and what was odd about them."""
    tags, remarks = _with_cover(BookTags.of(book, narration.narrator, narration.disclosure))
    shelf = shelf_of(tags.authors, tags.title, label)
    return (replace(tags, title=f"{tags.title} ({one_line(label)})") if label else tags), shelf, remarks


def tracks_in_all(book: Book, numbers: Sequence[int]) -> int:
    """How many tracks the tags say that there are: a sample of a book has the whole book's number."""
    return max(len(book.spoken_chapters), numbers[-1])


def whole_book_file(
    shelf: Path,
    wanted: Format,
    tags: BookTags,
    titles: Sequence[str],
    parts: Sequence[str],
    ffmpeg: Ffmpeg,
    volume: Volume = THE_ONLY_ONE,
) -> tuple[str, str]:
    """Name and digest of a whole book's file, or a volume's. parts: the digests of its chapters' parts."""
    tagged = tags_digest(tags, _whole(tags, volume))
    return f"{shelf.name}{volume.mark}.{wanted.name}", digest_of(
        BIND_VERSION, ffmpeg.version_line, list(parts), titles, tagged
    )


def chapter_file(wanted: Format, tags: BookTags, track: TrackTags, part: str) -> tuple[str, str]:
    """Name and digest of a chapter's file. part: the digest of its part."""
    number = f"{track.number:0{max(_NUMBER_DIGITS, len(str(track.total)))}d}"
    stem = file_name(f"{number} - {track.title}", number)
    return f"{stem}{wanted.codec.suffix}", digest_of(part, tags_digest(tags, track))


@dataclass(frozen=True, slots=True)
class _Edition:
    """A book, narrated, and where it goes; `shelf` is its folder in each tree."""

    book: Book
    narration: Narration
    tags: BookTags
    library: Path
    shelf: Path
    tracks: tuple[Track, ...]
    ffmpeg: Ffmpeg
    in_volumes: bool

    @property
    def titles(self) -> tuple[str, ...]:
        """The chapters' titles, as players list them."""
        named = [(track.number, track.title, track.parents) for track in self.tracks]
        return listener_titles(named, self.book.title)

    def shelve(
        self,
        tree: str,
        recipes_for: Callable[[Path], Sequence[Recipe | Package]],
        chapters: Sequence[tuple[Track, Part, str]],
    ) -> Shelved:
        """Bring the folder in a tree to what the recipes for it say. They get its place below the library."""
        root, origin = self.library / tree, origin_of(self.book)
        described = partial(
            describe,
            self.book,
            self.narration,
            self.tags,
            tree,
            chapters,
            ffmpeg_version=self.ffmpeg.version_line,
        )
        folder = folder_of(root, self.shelf, origin)
        while True:  # again if another run took that name for another book meanwhile
            recipes = recipes_for(folder.relative_to(self.library))
            shelved = shelve(root, self.shelf, origin, recipes, described)
            if shelved.folder == folder:
                return shelved
            folder = shelved.folder


def _with_cover(tags: BookTags) -> tuple[BookTags, tuple[Remark, ...]]:
    """The tags with a cover: the document's, else one that is drawn; and what could not be drawn."""
    if tags.cover is not None:
        return tags, ()
    drawn = drawn_cover(tags.title, tags.authors, tags.language)
    remarks: tuple[Remark, ...] = ()
    if drawn.missing:
        letters = "".join(drawn.missing)
        remarks = (Remark(f"the cover was drawn without {letters}: no font of this machine has them"),)
    return replace(tags, cover=drawn.cover), remarks


def _publish_as(wanted: Format, edition: _Edition, beside: Companions, account: Account) -> Published:
    tags, tracks, titles = edition.tags, edition.tracks, edition.titles
    total = tracks_in_all(edition.book, [track.number for track in tracks])
    parts = [track.part(wanted.codec.name) for track in tracks]
    marks: list[tuple[str, int]] = []
    if wanted.whole_book:
        marks = [(name, part.samples) for name, part in zip(titles, parts, strict=True)]
        bound = volumes_of(parts) if edition.in_volumes else (range(len(parts)),)
        audio, files = [], []
        for number, chosen in enumerate(bound, 1):
            own = slice(chosen.start, chosen.stop)
            volume = Volume(number, len(bound))
            audio.append(
                _whole_book(edition.shelf, wanted, tags, titles[own], parts[own], edition.ffmpeg, volume)
            )
            title = f"{tags.title}{volume.mark}"
            files.append(AudioFile(audio[-1].name, title, tracks[own], titles[own], tuple(parts[own])))
    else:
        audio = [
            _chapter(wanted, tags, TrackTags(name, track.number, total), part, edition.ffmpeg)
            for name, track, part in zip(titles, tracks, parts, strict=True)
        ]
        files = [
            AudioFile(recipe.name, title, (track,), (title,), (part,))
            for recipe, title, track, part in zip(audio, titles, tracks, parts, strict=True)
        ]
    names = [file.name for file in files for _ in file.tracks]
    chapters = list(zip(tracks, parts, names, strict=True))
    metadata = player_metadata(tags, edition.narration, marks)
    cover = _cover(tags)
    report = report_page(
        tags,
        edition.narration,
        chapters,
        titles,
        account,
        cover=cover.name if cover else None,
    )

    def recipes_for(place: Path) -> list[Recipe | Package]:
        return [
            *audio,
            copy_of(METADATA_NAME, metadata, _is_json_object),
            *filter(None, [cover]),
            copy_of(TIMELINE_NAME, heard_where(chapters)),
            copy_of(REPORT_NAME, report),
            *recipes_beside(
                beside, wanted, edition.book, tags, Folder(place, tuple(files), tuple(audio), cover)
            ),
        ]

    shelved = edition.shelve(wanted.name, recipes_for, chapters)
    return Published(wanted.name, shelved, tuple(shelved.folder / recipe.name for recipe in audio))


def _publish_read_along(edition: _Edition) -> Published:
    made = [part.codec for part in edition.tracks[0].parts]
    codec = read_along_codec(made)
    assert codec is not None, f"a read-along cannot hold {', '.join(made)}"
    chapters = [
        SpokenChapter(track.number, title, track.part(codec), track.timeline)
        for track, title in zip(edition.tracks, edition.titles, strict=True)
    ]
    book, tags, ffmpeg = edition.book, edition.tags, edition.ffmpeg

    def make(path: Path) -> None:
        write_read_along(path, book, tags, chapters, ffmpeg)

    digest = digest_of(*read_along_digest(book, tags, chapters), ffmpeg.version_line)
    recipe = Recipe(f"{edition.shelf.name}.epub", digest, make)
    described = [(track, track.part(codec), recipe.name) for track in edition.tracks]
    shelved = edition.shelve(Companion.READALONG, lambda _: [recipe], described)
    return Published(Companion.READALONG, shelved, (shelved.folder / recipe.name,))


def _whole_book(
    shelf: Path,
    wanted: Format,
    tags: BookTags,
    titles: Sequence[str],
    parts: Sequence[Part],
    ffmpeg: Ffmpeg,
    volume: Volume,
) -> Recipe:
    track = _whole(tags, volume)

    def make(path: Path) -> None:
        bind(parts, titles, path, ffmpeg)
        write_tags(path, tags, track)
        check_tags(path, tags, track)
        check_bound(path, parts, titles, ffmpeg)

    digests = [part.digest for part in parts]
    return Recipe(*whole_book_file(shelf, wanted, tags, titles, digests, ffmpeg, volume), make)


def _whole(tags: BookTags, volume: Volume) -> TrackTags:
    return TrackTags(f"{tags.title}{volume.mark}", volume.number, volume.total)


def _chapter(wanted: Format, tags: BookTags, track: TrackTags, part: Part, ffmpeg: Ffmpeg) -> Recipe:
    def make(path: Path) -> None:
        shutil.copyfile(part.path, path)
        write_tags(path, tags, track)
        check_tags(path, tags, track)
        if packets_sha256(path, ffmpeg) != packets_sha256(part.path, ffmpeg):
            raise NotAsPlanned(f"{path}: tagging changed its sound", "Run again")

    return Recipe(*chapter_file(wanted, tags, track, part.digest), make)


def _cover(tags: BookTags) -> Recipe | None:
    """The cover beside the audio; like metadata.json, it is the listener's to edit."""
    if tags.cover is None or tags.cover.media_type not in _COVERS:
        return None
    name, magic = _COVERS[tags.cover.media_type]
    return copy_of(name, tags.cover.data, lambda data: data.startswith(magic))


def _is_json_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False
