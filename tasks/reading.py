"""What the listener prefers of tables, notes, pictures, code and formulas, put into effect on a book."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Final

from inputs.book import Block, BlockKind, Book, Chapter, Skip, SkipReason
from synth.announcements import announcements
from synth.reading import Reading, ReadingPreferences
from synth.script import Gap, Passage


def as_preferred(book: Book, preferences: ReadingPreferences) -> Book:
    """The book with the skips that the preferences ask for: what is to be read has none.

    A chapter in which nothing was to be spoken stays silent, unless it is one of notes that are to be read.
    """
    if preferences == ReadingPreferences():
        return book
    chapters = tuple(_chapter_as_preferred(chapter, preferences) for chapter in book.chapters)
    return replace(book, chapters=chapters)


def announced(block: Block, language: str, preferences: ReadingPreferences) -> Passage | None:
    """What is said instead of a block that is skipped; None: nothing."""
    if _choice(block, preferences) is not Reading.ANNOUNCE or not block.text.strip():
        return None
    words = announcements(language)
    if block.skip is SkipReason.TABLE:
        rows = block.text.splitlines()
        said = words.table_of(max(row.count(" | ") for row in rows) + 1, len(rows))
    elif block.skip is SkipReason.CODE:
        said = words.code
    elif block.skip is SkipReason.IMAGE:
        said = words.picture
    elif block.skip is SkipReason.FORMULA:
        said = words.formula
    else:  # a note is announced where its mark stands
        return None
    return Passage(block.text, gaps=(Gap(0, len(block.text)),), announcement=said)


def gaps_of(
    block: Block, language: str, preferences: ReadingPreferences
) -> tuple[tuple[Gap, ...], tuple[Skip, ...]]:
    """The parts of a block that are not spoken, with what is said instead, and again with their reasons."""
    skips = _with_leading_mark(block)
    return tuple(Gap(s.start, s.end, _instead(block, s, language, preferences)) for s in skips), skips


def lead_of(block: Block, preceding: Block | None, language: str) -> str:
    """What is said before a block, so that a listener knows that it is no running text: "Note 3", "Table"."""
    words = announcements(language)
    if block.kind is BlockKind.NOTE:
        mark = _leading_mark(block)
        goes_on = preceding is not None and preceding.kind is BlockKind.NOTE
        return f"{words.note} {_figures(mark)}".strip() if mark or not goes_on else ""
    leads = {
        BlockKind.TABLE: words.table,
        BlockKind.CODE: words.code,
        BlockKind.IMAGE_ALT: words.picture,
    }
    return leads.get(block.kind, "")


def _chapter_as_preferred(chapter: Chapter, preferences: ReadingPreferences) -> Chapter:
    heard = chapter.is_spoken
    blocks = tuple(
        _block_as_preferred(block, preferences) if heard or block.skip is SkipReason.NOTE else block
        for block in chapter.blocks
    )
    return replace(chapter, blocks=blocks)


def _block_as_preferred(block: Block, preferences: ReadingPreferences) -> Block:
    choice = _choice(block, preferences)
    if choice is Reading.READ:
        kind = block.kind
        if block.skip is SkipReason.NOTE and kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
            kind = BlockKind.NOTE
        block = replace(block, skip=None, kind=kind)
    elif choice in (Reading.SKIP, Reading.ANNOUNCE) and block.skip is None:
        block = replace(block, skip=SkipReason.IMAGE)
    if preferences.formulas is Reading.READ:
        block = replace(block, skips=tuple(s for s in block.skips if s.reason is not SkipReason.FORMULA))
    return block


def _choice(block: Block, preferences: ReadingPreferences) -> Reading | None:
    """The preference that a block falls under."""
    if block.skip is None:
        return preferences.images if block.kind is BlockKind.IMAGE_ALT else None
    if (block.skip, block.kind) == (SkipReason.TABLE, BlockKind.CAPTION):  # it is heard before its table
        return Reading.READ if preferences.tables is Reading.ANNOUNCE else preferences.tables
    return {
        SkipReason.NOTE: preferences.notes,
        SkipReason.TABLE: preferences.tables,
        SkipReason.CODE: preferences.code,
        SkipReason.IMAGE: preferences.images,
        SkipReason.FORMULA: preferences.formulas,
    }.get(block.skip)


def _instead(block: Block, skip: Skip, language: str, preferences: ReadingPreferences) -> str:
    """What is said where a part of a block is skipped, as a sentence of its own if it follows one."""
    words = announcements(language)
    if skip.reason is SkipReason.FORMULA and preferences.formulas is Reading.ANNOUNCE:
        return f" {words.formula} "
    if skip.reason is not SkipReason.NOTE_MARK or preferences.notes is not Reading.ANNOUNCE:
        return ""
    if block.kind is BlockKind.NOTE:
        return ""
    note = f"{words.note} {_figures(block.text[skip.start : skip.end])}".strip()
    if _SENTENCE_ENDS.search(block.text, max(0, skip.start - 8), skip.start):
        return f" {note}."
    return f" ({note.lower()})"


_SENTENCE_ENDS: Final = re.compile(r"[.!?…。！？।][\"'”’»)\]]*\s*\Z")


def _figures(mark: str) -> str:
    """The number or letter of a note mark; a star has none."""
    return "".join(c for c in unicodedata.normalize("NFKC", mark) if c.isalnum())


def _leading_mark(block: Block) -> str:
    skips = _with_leading_mark(block)
    return (
        block.text[skips[0].start : skips[0].end]
        if skips and not block.text[: skips[0].start].strip()
        else ""
    )


def _with_leading_mark(block: Block) -> tuple[Skip, ...]:
    """The skips of a block; of a note also the mark that it begins with."""
    if block.kind is not BlockKind.NOTE:
        return block.skips
    mark = _MARK.match(block.text, 0, block.skips[0].start if block.skips else len(block.text))
    return (Skip(0, mark.end(), SkipReason.NOTE_MARK), *block.skips) if mark else block.skips


_MARK: Final = re.compile(r"[\[(]?(?:\d{1,3}|[*†‡§¶∗]{1,3}|[¹²³⁰-⁹]{1,3})[\])]?[.:]?(?=\s|[A-Z“])")
