"""What is wanted beside the audio into the recipes of its files, for one book's folder in one format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from inputs.book import BlockKind, Book
from outputs.audio_file import AudioFile
from outputs.audiobook_manifest import LPF_VERSION, MANIFEST_NAME, pack_lpf, publication
from outputs.captions import Caption, as_lrc, as_srt, as_vtt, by_sentence, by_word
from outputs.chapters_json import chapters_json
from outputs.companions import Companion, Companions
from outputs.encode import Format
from outputs.library import Package, Recipe, copy_of, digest_of
from outputs.names import file_name
from outputs.podcast import FEED_NAME, FEED_VERSION, Feed, feed_xml, folder_url
from outputs.tags import BookTags


@dataclass(frozen=True, slots=True)
class Folder:
    """A book's folder: where it is below the library, the audio in it, and the name of the cover's file."""

    place: Path
    files: tuple[AudioFile, ...]
    recipes: tuple[Recipe, ...]  # of the audio, one for each file
    cover: Recipe | None


def recipes_beside(
    wanted: Companions, form: Format, book: Book, tags: BookTags, folder: Folder
) -> Iterator[Recipe | Package]:
    """The files that were asked for and that go with this format."""
    feed = Companion.RSS in wanted and form.name == "mp3"
    yield from _captions(wanted, with_vtt=feed, folder=folder, tags=tags)
    if Companion.CHAPTERS in wanted or feed:
        headings = frozenset(
            block.place
            for chapter in book.spoken_chapters
            for block in chapter.blocks
            if block.kind is BlockKind.HEADING
        )
        for file in folder.files:
            data = chapters_json(file, tags.title, tags.author, headings)
            yield copy_of(file.beside(".chapters.json"), data)
    if Companion.W3C in wanted and not form.whole_book:
        yield from _w3c(book, tags, folder)
    if feed:
        yield _feed(wanted, book, tags, folder)


def _captions(wanted: Companions, *, with_vtt: bool, folder: Folder, tags: BookTags) -> Iterator[Recipe]:
    kinds = {Companion.VTT: as_vtt, Companion.SRT: as_srt}
    writers = [
        (f".{kind}", write)
        for kind, write in kinds.items()
        if kind in wanted or (with_vtt and write is as_vtt)
    ]
    if not writers and Companion.LRC not in wanted:
        return
    for file in folder.files:
        timeline = file.timeline
        if writers:
            sentences: list[Caption] = by_sentence(timeline)
            words = by_word(timeline) if any(sentence.words for sentence in timeline) else None
        for suffix, write in writers:
            yield copy_of(file.beside(suffix), write(sentences))
            if words is not None:
                yield copy_of(file.beside(f".words{suffix}"), write(words))
        if Companion.LRC in wanted:
            yield copy_of(file.beside(".lrc"), as_lrc(timeline, file.title, tags.author, tags.title))


def _w3c(book: Book, tags: BookTags, folder: Folder) -> Iterator[Recipe | Package]:
    cover = folder.cover.name if folder.cover else None
    manifest = copy_of(MANIFEST_NAME, publication(book, tags, folder.files, cover))
    contents = [manifest, *folder.recipes, *filter(None, [folder.cover])]
    yield manifest
    yield Package(
        file_name(tags.title, "audiobook") + ".lpf",
        digest_of(LPF_VERSION, [(one.name, one.digest) for one in contents]),
        tuple(one.name for one in contents),
        pack_lpf,
    )


def _feed(wanted: Companions, book: Book, tags: BookTags, folder: Folder) -> Package:
    assert wanted.base_url is not None, "a feed without addresses was refused before"
    feed = Feed(folder_url(wanted.base_url, folder.place.parts), folder.cover.name if folder.cover else None)

    def pack(path: Path, audio: Sequence[Path]) -> None:
        sizes = {file.name: file.stat().st_size for file in audio}
        path.write_bytes(feed_xml(book, tags, folder.files, sizes, feed))

    # all but the sizes, which are those of the files
    facts = feed_xml(book, tags, folder.files, {recipe.name: 0 for recipe in folder.recipes}, feed).decode()
    digests = [recipe.digest for recipe in folder.recipes]
    names = tuple(recipe.name for recipe in folder.recipes)
    return Package(FEED_NAME, digest_of(FEED_VERSION, facts, digests), names, pack)
