"""Chapters into scripts: what will be said of each, and what will not, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from inputs.book import BlockKind, Book, Chapter, Place, Pronunciation, SkipReason
from synth.reading import ReadingPreferences
from synth.script import Passage, PassageKind, Sentence, script
from synth.written import Written, written
from tasks.pronouncing import placed
from tasks.reading import announced, gaps_of, lead_of

_KINDS: Final = {
    BlockKind.HEADING: PassageKind.HEADING,
    BlockKind.VERSE: PassageKind.VERSE,
    BlockKind.LIST_ITEM: PassageKind.LIST_ITEM,
    BlockKind.TABLE: PassageKind.VERSE,  # a row is a line
    BlockKind.CODE: PassageKind.VERSE,
}
USUAL: Final = ReadingPreferences()
_WORDS_PER_MINUTE: Final = 165  # what Kokoro's golden passages come to, pauses included


@dataclass(frozen=True, slots=True)
class Skipped:
    """A piece of the document that nobody will hear."""

    reason: str
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class ChapterScript:
    """One chapter as it will be said.

    places: for each passage that a sentence names, where it lies in the document; None for a title that is
    announced though it does not stand in the text. pronunciations: for each sentence, those that the
    publisher gives for characters of its spoken text. written: for each sentence, what a reader sees of it.
    """

    number: int  # 1-based, among the chapters that are spoken
    title: str
    parents: tuple[str, ...]
    places: tuple[Place | None, ...]
    sentences: tuple[Sentence, ...]
    pronunciations: tuple[tuple[Pronunciation, ...], ...]
    skipped: tuple[Skipped, ...]
    written: tuple[Written, ...]

    @property
    def estimated_audio_s(self) -> float:
        """How long it will take to say, from its words."""
        return sum(len(sentence.spoken.split()) for sentence in self.sentences) * 60 / _WORDS_PER_MINUTE


def chapter_script(
    number: int, chapter: Chapter, language: str, preferences: ReadingPreferences = USUAL
) -> ChapterScript:
    """What will be said of a chapter in its book's language; its title is announced if it does not say it.

    The chapter is one of a book that is `as_preferred`.
    """
    passages: list[Passage] = []
    places: list[Place | None] = []
    wanted: dict[int, tuple[Pronunciation, ...]] = {}  # by passage
    if chapter.title and not _says_its_title(chapter):
        passages.append(Passage(chapter.title, PassageKind.HEADING))
        places.append(None)
    skipped = list(skipped_blocks(chapter))
    around = zip((None, *chapter.blocks), chapter.blocks, (*chapter.blocks[1:], None), strict=False)
    for preceding, block, following in around:
        if block.skip is not None or block.kind is BlockKind.SEPARATOR:
            announcement = announced(block, language, preferences)
            if announcement is not None:
                passages.append(announcement)
                places.append(block.place)
            continue
        gaps, marks = gaps_of(block, language, preferences)
        ends = following is not None and (
            following.kind is BlockKind.SEPARATOR or following.skip is SkipReason.ORNAMENT
        )
        kind = _KINDS.get(block.kind, PassageKind.PROSE)
        wanted[len(passages)] = block.pronunciations
        passages.append(Passage(block.text, kind, gaps, ends, lead_of(block, preceding, language)))
        places.append(block.place)
        skipped += [
            Skipped(skip.reason.value, str(block.place), block.text[skip.start : skip.end]) for skip in marks
        ]
    said = script(passages, language, preferences)
    unsaid = [
        *((one.passage, gone.start, gone.end, gone.reason) for one in said.sentences for gone in one.dropped),
        *((gone.passage, gone.start, gone.end, gone.reason) for gone in said.unspoken),
    ]
    for passage, start, end, reason in unsaid:
        where = str(places[passage] or "title")
        skipped.append(Skipped(reason, where, passages[passage].text[start:end]))
    return ChapterScript(
        number,
        chapter.title,
        chapter.parents,
        tuple(places),
        said.sentences,
        tuple(placed(one, passages[one.passage].text, wanted.get(one.passage, ())) for one in said.sentences),
        tuple(skipped),
        tuple(written(passages[one.passage], one) for one in said.sentences),
    )


def book_skipped(book: Book) -> tuple[Skipped, ...]:
    """What is skipped with the chapters that are not spoken at all: title pages, contents, indexes."""
    return tuple(
        skipped for chapter in book.chapters if not chapter.is_spoken for skipped in skipped_blocks(chapter)
    )


def skipped_blocks(chapter: Chapter) -> tuple[Skipped, ...]:
    """The blocks of a chapter that are skipped as a whole, and the ornaments between its scenes."""
    return tuple(
        Skipped(block.skip.value if block.skip else "scene break", str(block.place), block.text)
        for block in chapter.blocks
        if block.skip is not None or (block.kind is BlockKind.SEPARATOR and block.text.strip())
    )


def _says_its_title(chapter: Chapter) -> bool:
    """Whether one of the first blocks that are heard is a heading, or the title itself."""
    heard = [block for block in chapter.blocks if block.skip is None][:4]
    title = _letters(chapter.title)
    return any(block.kind is BlockKind.HEADING or _letters(block.text).startswith(title) for block in heard)


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
