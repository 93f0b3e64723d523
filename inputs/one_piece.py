"""A document in one piece, without a table of contents, to a Book: its headings serve as one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inputs import language as languages
from inputs import matter
from inputs.book import Block, BlockKind, Book, Chapter, Matter, Place, ReadingWarning, SkipReason
from inputs.contents import CHAPTER, LONG_CHAPTER_CHARACTERS, PART
from inputs.epub_package import SpineItem
from inputs.errors import EmptyDocument
from inputs.gutenberg import Stated, licence_marked, stated
from inputs.navigation import Entry
from inputs.notes import notes_marked
from inputs.stream_chapters import Document, Stream, chapters_of, heard_text
from inputs.text_headings import is_bare_label
from inputs.wording import one_line
from inputs.xhtml import ContentDocument, Passage

# A paragraph in front of the first heading that is longer than a line is text, not a title page.
LEAD_CHARACTERS = 80
# Under the title's heading a shorter one is text too if it is a full sentence of so many words.
SENTENCE_WORDS = 5
# Without any heading, a long text is cut at the paragraphs' ends about every half hour.
STRETCH_CHARACTERS = 30_000


@dataclass(frozen=True, slots=True)
class Facts:
    """What a document says about itself."""

    title: str = ""
    authors: tuple[str, ...] = ()
    language: str | None = None  # as stated
    publisher: str | None = None
    published: str | None = None
    description: str | None = None
    identifier: str | None = None


def book_of(
    path: Path,
    sha256: str,
    kind: str,
    content: ContentDocument,
    facts: Facts,
    warnings: Sequence[ReadingWarning] = (),
) -> Book:
    """Cut a document that was read in one piece into chapters.

    kind: the book's format. content: all passages; `facts` overrule its title.

    Raises:
        EmptyDocument: there is nothing to speak in it.
    """
    noted = list(warnings)
    anchors = {(content.href, key): index for key, index in content.anchors.items()}
    links = [(index, content.href, link) for index, link in content.note_links]
    passages = licence_marked(notes_marked(content.passages, anchors, links))
    heard = [passage.block for passage in passages if passage.block.skip is None and passage.block.text]
    if not heard:
        raise EmptyDocument(path, "there is nothing to speak in it", "Look into it with an editor")
    facts = _with_stated(facts, stated(passages))
    title = facts.title or _title_heading(passages) or one_line(content.title) or path.stem
    language = languages.declared(facts.language)
    if language is None:
        guessed = languages.guess(" ".join(block.text for block in heard[:3000]))
        language = guessed or "en"
        verb = "recognised" if guessed else "assumed"
        noted.append(
            ReadingWarning("language-guessed", f"the file does not state its language; {language} was {verb}")
        )
    toc = []
    for position, label, level in _contents(passages, title):
        anchors[content.href, f" {position}"] = position  # a name that no id can have
        toc.append(Entry(label, content.href, f" {position}", level))
    document = Document(SpineItem(content.href, True, frozenset()), title, 0, len(passages))
    stream = Stream(tuple(passages), (document,), anchors, len(passages))
    chapters = chapters_of(stream, toc, (title,), noted)
    if not toc:  # a name that is the file's, such as "notes" or "index", says nothing of the matter
        silent = frozenset(passage.block.place for passage in passages if passage.block.skip is not None)
        chapters = tuple(_as_body(chapter, silent) for chapter in chapters)
    return Book(
        source=path,
        sha256=sha256,
        format=kind,
        title=title,
        authors=facts.authors,
        language=language,
        chapters=chapters,
        publisher=facts.publisher,
        published=facts.published,
        description=facts.description,
        identifier=facts.identifier,
        warnings=tuple(dict.fromkeys(noted)),
    )


def _as_body(chapter: Chapter, silent: frozenset[Place]) -> Chapter:
    blocks = (block if block.place in silent else replace(block, skip=None) for block in chapter.blocks)
    return replace(chapter, matter=Matter.BODY, blocks=tuple(blocks))


def _with_stated(facts: Facts, gutenberg: Stated | None) -> Facts:
    if gutenberg is None:
        return facts
    return replace(
        facts,
        title=gutenberg.title or facts.title,
        authors=gutenberg.authors or facts.authors,
        language=gutenberg.language or facts.language,
    )


def _title_heading(passages: Sequence[Passage]) -> str:
    """The one heading of the highest level, where the document opens with it."""
    index = _title_at(passages)
    return one_line(passages[index].block.text) if index is not None else ""


def _title_at(passages: Sequence[Passage]) -> int | None:
    headings = _headings(passages)
    if len(headings) < 2:
        return None
    first = headings[0]
    levels = [passages[index].level or 6 for index in headings]
    text = passages[first].block.text
    named = PART.match(text) or CHAPTER.match(text) or matter.by_title(text)
    return first if levels[0] < min(levels[1:]) and not named else None


def _headings(passages: Sequence[Passage]) -> list[int]:
    return [
        index
        for index, passage in enumerate(passages)
        if passage.block.kind is BlockKind.HEADING and passage.block.skip is None
    ]


def _contents(passages: Sequence[Passage], title: str) -> list[tuple[int, str, int]]:
    """A table of contents from the headings: (passage, title, level), in order."""
    headings = _headings(passages)
    if not headings:
        return _stretches(passages)
    title_at = _title_at(passages)
    if title_at is None and one_line(passages[headings[0]].block.text).casefold() == title.casefold():
        title_at = headings[0] if len(headings) > 1 else None
    entries: list[tuple[int, str, int]] = []
    merged = -1
    text_seen = False
    for number, index in enumerate(headings):
        following = headings[number + 1] if number + 1 < len(headings) else len(passages)
        text_seen = text_seen or (number > 0 and _has_prose(passages[headings[number - 1] + 1 : index]))
        if index in (merged, title_at):
            continue
        label, level = one_line(passages[index].block.text), passages[index].level or 6
        bare = not _has_prose(passages[index + 1 : following])
        if following == index + 1 < len(passages) and _continues(passages[index], passages[following]):
            merged = following
            label = f"{label.rstrip('.: ')}: {one_line(passages[following].block.text)}"
        elif (
            bare
            and not text_seen
            and following < len(passages)
            and not (
                is_bare_label(label) or PART.match(label) or CHAPTER.match(label) or matter.by_title(label)
            )
        ):
            continue  # a line of the title page: the author, the subtitle
        entries.append((index, label, level))
        if _lists_contents(label):
            # a list of contents ends where sentences begin, whether or not a heading says so
            text = next((i for i in range(index + 1, following) if _is_long(passages[i].block)), None)
            if text is not None:
                entries.append((text, "", level))
                text_seen = True
    entries = [
        (index, label, max(level, entries[number + 1][2]) if _is_furnishing(label) else level)
        for number, (index, label, level) in enumerate(entries[:-1])
    ] + entries[-1:]
    top = min((level for _, _, level in entries), default=1)
    first = entries[0][0] if entries else len(passages)
    lead = [passage.block for passage in passages[:first]]
    under_title = [passage.block for passage in passages[title_at:first]] if title_at is not None else []
    if any(_is_lead(block) for block in lead) or any(_is_sentence(block) for block in under_title):
        label = title if title_at is not None else ""
        entries.insert(0, (0, label, top))
    return entries


def _stretches(passages: Sequence[Passage]) -> list[tuple[int, str, int]]:
    """A long text without headings in stretches; what is shorter stays one chapter."""
    sizes = [len(passage.block.text) for passage in passages]
    if sum(sizes) <= LONG_CHAPTER_CHARACTERS:
        return []
    entries, size = [(0, "", 1)], 0
    for index, own in enumerate(sizes):
        if size >= STRETCH_CHARACTERS and passages[index].block.kind is not BlockKind.SEPARATOR:
            entries.append((index, "", 1))
            size = 0
        size += own
    return entries


def _continues(heading: Passage, following: Passage) -> bool:
    """“Chapter I” over the title of the chapter, both set as headings."""
    own, next_one = heading.block.text, following.block.text
    if (following.level or 6) < (heading.level or 6) or CHAPTER.match(next_one) or PART.match(next_one):
        return False
    return is_bare_label(one_line(own)) and not is_bare_label(one_line(next_one))


def _is_furnishing(label: str) -> bool:
    """A heading such as “Contents”: what follows it is not below it, however large it was set."""
    standing = matter.by_title(label)
    return standing is not None and standing.skip is not None


def _lists_contents(label: str) -> bool:
    standing = matter.by_title(label)
    return standing is not None and standing.skip is SkipReason.CONTENTS


def _has_prose(passages: Sequence[Passage]) -> bool:
    return any(_is_prose(passage.block) for passage in passages)


def _is_prose(block: Block) -> bool:
    """A sentence to be heard, or verse; not a name or a date on a title page."""
    if block.skip is not None or block.kind not in _TEXT_KINDS:
        return False
    text = heard_text(block)
    return text[-1:] in _SENTENCE_ENDS or len(text) >= LEAD_CHARACTERS or "\n" in text


def _is_long(block: Block) -> bool:
    return block.kind is BlockKind.PARAGRAPH and _is_prose(block) and len(block.text) >= 3 * LEAD_CHARACTERS


def _is_lead(block: Block) -> bool:
    is_verse = block.kind is BlockKind.VERSE
    return not is_verse and _is_prose(block) and len(block.text) >= LEAD_CHARACTERS


def _is_sentence(block: Block) -> bool:
    """A short paragraph that says something, unlike a line of a title page or an imprint."""
    text = heard_text(block).rstrip("”’\"'»」』")
    words = text.split()
    small = sum(word[:1].islower() for word in words)
    return (
        block.skip is None
        and block.kind is BlockKind.PARAGRAPH
        and text[-1:] in _FULL_STOPS
        and len(words) >= SENTENCE_WORDS
        and small >= 0.5 * len(words)
        and not _IMPRINT.match(text)
    )


_TEXT_KINDS = (BlockKind.PARAGRAPH, BlockKind.QUOTE, BlockKind.LIST_ITEM, BlockKind.VERSE)
_SENTENCE_ENDS = tuple(".!?…:;”’\"'»。！？」』")
_FULL_STOPS = tuple(".!?…")
_IMPRINT = re.compile(
    r"(?:by|for|to|with|from|written|translated|edited|adapted|illustrated|printed|published|produced|first"
    r"|copyright|all rights|©|\(c\))(?!\w)",
    re.I,
)
