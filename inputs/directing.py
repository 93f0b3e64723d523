"""A Book and a producer's Directions into the Book that the producer wants; no character of it is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from rapidfuzz import fuzz

from inputs.book import Block, BlockKind, Book, Chapter, ReadingWarning, SkipReason
from inputs.book_toml import BookToml, ChapterDirections, MatterChoice, Split
from inputs.matching import Entry, letters, matches
from inputs.wording import one_line

_MATTER: Final = frozenset((SkipReason.FRONT_MATTER, SkipReason.BACK_MATTER))
_WHOLE_CHAPTERS: Final = _MATTER | {SkipReason.NOTE}  # what makes a chapter silent, lists for the eye apart
_LISTS: Final = frozenset((SkipReason.CONTENTS, SkipReason.INDEX))
_MANY: Final = 20  # letters; fewer are the same or not: Chapter 2 is not Chapter 3
_ALIKE: Final = 90.0  # of 100: a letter in ten may be another
_NAMED: Final = 5  # entries that one warning names
_TITLE_WORDS: Final = 8


def directed(book: Book, toml: BookToml | None, matter: MatterChoice | None = None) -> Book:
    """The book as its book.toml wants it: chapters renamed, left out, reinstated, merged, split; metadata.

    The blocks stay, in their order: what is left out is marked so. Warnings name the entries that could not
    be followed because their chapter is not there, or is not the only one.

    matter: how much is spoken, whatever the book.toml says; None: as it says, else the body.
    """
    if matter is None and toml is not None:
        matter = toml.directions.book.matter
    if matter is MatterChoice.ALL:
        book = replace(book, chapters=tuple(_with_matter(chapter) for chapter in book.chapters))
    if toml is None:
        return book
    return _with_metadata(_Direction(book, toml).directed(), toml)


class _Direction:
    """One book's chapters on their way through one book.toml."""

    def __init__(self, book: Book, toml: BookToml) -> None:
        self._book = book
        self._file = toml.path.name
        self._entries = toml.directions.chapter
        self._warnings: list[ReadingWarning] = []

    def directed(self) -> Book:
        done: list[Chapter] = []
        wanted = self._matched()
        for place, chapter in enumerate(self._book.chapters):
            entry = wanted.get(place)
            if entry is None:
                done.append(chapter)
                continue
            first, *others = self._split(self._spoken_or_not(chapter, entry), entry)
            if entry.merge:
                self._merge(done, first, entry)
            else:
                done.append(first)
            done += others
        warnings = (*self._book.warnings, *self._warnings)
        return replace(self._book, chapters=tuple(done), warnings=warnings)

    def _matched(self) -> Mapping[int, ChapterDirections]:
        """What is wanted of each chapter, by its place among all chapters of the document."""
        entries = self._entries
        found = matches(
            [Entry(entry.name or "", entry.begins or "") for entry in entries], self._book.chapters
        )
        lost = set(range(len(entries))) - set(found.chapters) - found.ambiguous - found.doubled
        self._warn("no-such-chapter", "no chapter of the document fits {}", lost)
        self._warn(
            "ambiguous-chapter", "several chapters fit {}: add the words they begin with", found.ambiguous
        )
        self._warn("chapter-named-twice", "the chapter of {} has another entry already", found.doubled)
        self._warn(
            "chapter-begins-otherwise",
            "{} was found by name alone: the chapter begins with other words now",
            found.by_name_alone,
        )
        return {chapter: entries[place] for place, chapter in found.chapters.items()}

    def _warn(self, code: str, message: str, places: Iterable[int]) -> None:
        """One warning for all entries that share a problem; an entry that asks for nothing is no problem."""
        names = [str(self._entries[at]) for at in sorted(places) if self._entries[at].asks_for_something]
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            self._say(code, message.format(", ".join(names[:_NAMED]) + more))

    def _say(self, code: str, message: str) -> None:
        self._warnings.append(ReadingWarning(code, f"{self._file}: {message}"))

    def _spoken_or_not(self, chapter: Chapter, entry: ChapterDirections) -> Chapter:
        chapter = replace(
            chapter,
            title=one_line(entry.title or "") or chapter.title,
            voice=entry.voice or chapter.voice,
            speed=entry.speed or chapter.speed,
        )
        if entry.speak is False:
            return replace(chapter, blocks=tuple(_dropped(block) for block in chapter.blocks))
        if entry.speak and not chapter.is_spoken:
            chapter = _without(chapter, _WHOLE_CHAPTERS | _LISTS)
            if not chapter.is_spoken:
                self._say("nothing-to-speak", f"{entry} is to be spoken, but has no text to speak")
        return chapter

    def _merge(self, done: list[Chapter], chapter: Chapter, entry: ChapterDirections) -> None:
        """Join a chapter, and what is silent before it, to the last chapter that is heard."""
        host = next((at for at in reversed(range(len(done))) if done[at].is_spoken), None)
        if host is None or not chapter.is_spoken:
            why = "it is not spoken" if host is not None else "no chapter is spoken before it"
            self._say("cannot-merge", f"{entry} was not merged: {why}")
            done.append(chapter)
            return
        blocks = [block for one in (*done[host:], chapter) for block in one.blocks]
        done[host:] = [replace(done[host], blocks=tuple(blocks))]

    def _split(self, chapter: Chapter, entry: ChapterDirections) -> list[Chapter]:
        cuts: dict[int, Split] = {}
        for split in entry.split:
            at = self._beginning(chapter.blocks, split, entry)
            if at is not None:
                cuts.setdefault(at, split)
        starts = sorted(cuts)
        parts = [replace(chapter, blocks=chapter.blocks[: starts[0]])] if starts else [chapter]
        for start, end in zip(starts, [*starts[1:], len(chapter.blocks)], strict=True) if starts else ():
            title = one_line(cuts[start].title or "") or _title_at(chapter.blocks[start])
            parts.append(replace(chapter, title=title, blocks=chapter.blocks[start:end]))
        return parts

    def _beginning(self, blocks: Sequence[Block], split: Split, entry: ChapterDirections) -> int | None:
        """Where the block is that begins with a split's words; None, with a warning, if that is unclear."""
        words = letters(split.at)
        starts = {
            at: letters(block.text[: 4 * len(split.at)])
            for at, block in enumerate(blocks)
            if block.skip is None and letters(block.text[: 4 * len(split.at)])
        }
        first = min(starts, default=None)
        fitting = [at for at, start in starts.items() if words and start.startswith(words)]
        if not fitting:
            fitting = [at for at, start in starts.items() if _are_alike(words, start[: len(words)])]
        if len(fitting) == 1 and fitting[0] != first:
            return fitting[0]
        where = f"{entry} was not split at “{split.at}”"
        if len(fitting) > 1:
            self._say("ambiguous-split", f"{where}: {len(fitting)} paragraphs begin so; write more of one")
        elif fitting:
            self._say("no-such-split", f"{where}: the chapter itself begins there")
        elif any(words in letters(blocks[at].text) for at in starts):
            self._say("no-such-split", f"{where}: a chapter begins with a paragraph, not inside one")
        else:
            self._say("no-such-split", f"{where}: no paragraph of it begins so")
        return None


def _are_alike(words: str, start: str) -> bool:
    return len(words) >= _MANY and fuzz.ratio(words, start) >= _ALIKE


def _with_matter(chapter: Chapter) -> Chapter:
    """Front and back matter spoken; notes too, where they are a chapter of their own."""
    return _without(chapter, _MATTER if chapter.is_spoken else _WHOLE_CHAPTERS)


def _without(chapter: Chapter, reasons: frozenset[SkipReason]) -> Chapter:
    blocks = tuple(replace(block, skip=None) if block.skip in reasons else block for block in chapter.blocks)
    return replace(chapter, blocks=blocks)


def _dropped(block: Block) -> Block:
    """Notes are dropped outright too: otherwise a listener who has notes read would hear them alone."""
    if block.skip not in (None, SkipReason.NOTE) or not block.text.strip():
        return block
    return replace(block, skip=SkipReason.DROPPED)


def _title_at(block: Block) -> str:
    """A new chapter's title: the heading that it begins with, else its first words."""
    if block.kind is BlockKind.HEADING:
        return one_line(block.text)
    words = block.text.split()
    return one_line(" ".join(words[:_TITLE_WORDS])) + ("…" if len(words) > _TITLE_WORDS else "")


def _with_metadata(book: Book, toml: BookToml) -> Book:
    wanted = toml.directions.book
    authors = tuple(map(one_line, wanted.authors)) if wanted.authors is not None else book.authors
    return replace(
        book,
        title=one_line(wanted.title or "") or book.title,
        authors=authors,
        language=wanted.language or book.language,
        publisher=wanted.publisher or book.publisher,
        published=wanted.published or book.published,
        description=wanted.description or book.description,
        identifier=wanted.isbn or book.identifier,
        cover=toml.cover or book.cover,
        series=wanted.series,
        series_part=wanted.part,
        narrator=wanted.narrator,
    )
