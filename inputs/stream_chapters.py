"""The reading order of a document and its table of contents to chapters.

A chapter is a range of the stream of passages, from where one chosen entry leads to where the next one leads.
Files have no say in it: a chapter of an EPUB may run over many of them, and a file may hold many chapters.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from inputs import matter
from inputs.book import Block, BlockKind, Chapter, Matter, ReadingWarning, SkipReason
from inputs.contents import LONG_CHAPTER_CHARACTERS, PART, Cut, Node, chosen
from inputs.epub_package import SpineItem
from inputs.matter import Standing
from inputs.navigation import Entry
from inputs.wording import one_line
from inputs.xhtml import Passage, skipped_block

# A document of which this share is links, and that is not longer than this, lists contents.
CONTENTS_LINK_SHARE = 0.7
CONTENTS_CHARACTERS = 30_000
# Below this, a document that the table of contents leaves out in front is a cover or title page.
UNLISTED_CHARACTERS = 1_500

# On a title page no line is longer and there are not many.
TITLE_PAGE_CHARACTERS = 100
TITLE_PAGE_BLOCKS = 15
# Headings that stand closer than this, on average, are sections and not chapters: five minutes of listening.
REFINED_CHARACTERS = 5_000
# What conversion programs call the text when they list nothing but the places to jump to
_SAYS_NOTHING = re.compile(
    r"(?:start|begin)(?: (?:reading|of (?:text|content|book)))?|beginning|text|main text|body(?: ?matter)?"
    r"|document|untitled|unnamed|commencer la lecture|lire|début|text ?beginn|beginn|anfang|inizio|comienzo"
    r"|comenzar a leer",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Document:
    """A content document's stretch of the stream."""

    item: SpineItem
    title: str  # of its <head>
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stream:
    """All passages in reading order: linear documents first, the others behind them."""

    passages: tuple[Passage, ...]
    documents: tuple[Document, ...]
    anchors: dict[tuple[str, str], int]  # (href, id) -> passage
    linear_end: int  # passages from here on belong to documents outside the linear order


def chapters_of(
    stream: Stream, toc: Sequence[Entry], titles: tuple[str, ...], warnings: list[ReadingWarning]
) -> tuple[Chapter, ...]:
    """Cut the stream into chapters; every passage is in exactly one of them, in order.

    toc: the table of contents. titles: the book's. warnings: what is wrong with the contents is added.
    """
    return _Cutter(stream, toc, titles, warnings).chapters()


class _Cutter:
    """One book's cutting."""

    def __init__(
        self, stream: Stream, toc: Sequence[Entry], titles: tuple[str, ...], warnings: list[ReadingWarning]
    ) -> None:
        self._stream = stream
        self._toc = toc
        self._titles = titles
        self._warnings = warnings
        self._has_contents = False
        self._by_folded_href = {
            document.item.href.casefold(): document for document in reversed(stream.documents)
        }  # a document that comes again is where it came first
        self._starts = [document.start for document in stream.documents]
        self._characters = [0]  # before each passage
        for passage in stream.passages:
            self._characters.append(self._characters[-1] + len(passage.block.text))

    def chapters(self) -> tuple[Chapter, ...]:
        cuts = self._cuts()
        ends = [cut.position for cut in cuts[1:]] + [self._stream.linear_end]
        standings = [self._standing(cut, end) for cut, end in zip(cuts, ends, strict=True)]
        if len(cuts) > 2 and self._is_title_page(cuts[0], ends[0]):
            standings[0] = Standing(Matter.FRONT, SkipReason.FRONT_MATTER)
        elif len(cuts) > 2 and standings[0].skip and self._is_title_page(cuts[1], ends[1]):
            standings[1] = Standing(Matter.FRONT, SkipReason.FRONT_MATTER)
        standings = _ordered(cuts, standings)
        chapters = [
            self._chapter(cut, end, standing)
            for cut, end, standing in zip(cuts, ends, standings, strict=True)
            if end > cut.position
        ]
        return tuple(chapters) + tuple(self._outside())

    def _cuts(self) -> list[Cut]:
        """Chapter beginnings over the linear stream, in order, each position once, the first at 0."""
        nodes = self._nodes()
        self._has_contents = bool(nodes)
        cuts = chosen(nodes, self._stream.linear_end, self._size, self._apart, self._titles)
        if not cuts:
            cuts = self._cuts_by_document()
        by_position: dict[int, Cut] = {}
        for cut in sorted(cuts, key=lambda cut: cut.position):
            by_position.setdefault(cut.position, cut)
        for cut in self._cuts_of_matter(min(by_position, default=self._stream.linear_end)):
            by_position.setdefault(cut.position, cut)
        ordered = [
            by_position[position] for position in sorted(by_position) if position < self._stream.linear_end
        ]
        return self._refined(self._without_part_pages(ordered))

    def _refined(self, cuts: list[Cut]) -> list[Cut]:
        """Where one entry stands for hours of text, the headings below it are chapters."""
        refined: list[Cut] = []
        headings: list[Cut] | None = None
        ends = [cut.position for cut in cuts[1:]] + [self._stream.linear_end]
        for cut, end in zip(cuts, ends, strict=True):
            refined.append(cut)
            heard = self._heard(cut.position, end)
            if not cut.listed or heard <= LONG_CHAPTER_CHARACTERS:
                continue
            headings = self._cuts_by_document() if headings is None else headings
            inner = [one for one in headings if cut.position < one.position < end and one.title]
            if len(inner) > 1 and heard / (len(inner) + 1) > REFINED_CHARACTERS:
                named = () if _SAYS_NOTHING.fullmatch(cut.title) else (cut.title,)
                refined += [replace(one, parents=(*cut.parents, *named), listed=True) for one in inner]
        return refined

    def _nodes(self) -> list[Node]:
        """The table of contents as a tree with places; lines that lead nowhere stay as parents."""
        raw = [self._place(entry) for entry in self._toc]
        taken = sorted({position for position, _ in raw if position is not None})
        roots: list[Node] = []
        path: list[tuple[int, Node]] = []
        for entry, (position, by_fragment) in zip(self._toc, raw, strict=True):
            if position is not None and by_fragment:
                position = self._above_headings(position, taken)
            node = Node(entry.title, position)
            while path and path[-1][0] >= entry.level:
                path.pop()
            (path[-1][1].children if path else roots).append(node)
            path.append((entry.level, node))
        return [node for node in roots if node.first() is not None]

    def _place(self, entry: Entry) -> tuple[int | None, bool]:
        """The passage that an entry leads to, and whether its fragment was found."""
        if entry.href is None:
            return None, False
        document = self._by_folded_href.get(entry.href.casefold())
        if document is None or not document.item.linear:
            if document is None:
                self._warn(
                    "outside-reading-order", f"“{entry.title}” leads to {entry.href}, which is not read"
                )
            return None, False
        if entry.fragment is None:
            return document.start, False
        position = self._stream.anchors.get((document.item.href, entry.fragment))
        if position is None:
            self._warn("missing-fragment", f"“{entry.title}” leads to #{entry.fragment}, which is not there")
            return document.start, False
        return position, True

    def _above_headings(self, position: int, taken: list[int]) -> int:
        """Headings right above an anchor belong to it: “Chapter 1” over the title that carries the id."""
        document = self._document(position)
        before = bisect_right(taken, position - 1)
        floor = max(document.start, taken[before - 1] + 1 if before else 0)
        level = self._level(position)
        while position > floor:
            above = self._stream.passages[position - 1]
            if above.block.kind is not BlockKind.HEADING or (level and (above.level or 0) > level):
                break
            position -= 1
        return position

    def _level(self, position: int) -> int | None:
        passages = self._stream.passages
        return passages[position].level if position < len(passages) else None

    def _apart(self, start: int, below: list[int]) -> bool:
        """Chapters of a part are files of their own."""
        home = self._document(start)
        return any(self._document(position) is not home for position in below)

    def _cuts_by_document(self) -> list[Cut]:
        """Without a usable table of contents: every document with a heading, and its own top headings."""
        cuts: list[Cut] = []
        head_titles = [one_line(document.title) for document in self._linear_documents()]
        for document in self._linear_documents():
            headings = [
                (index, self._stream.passages[index].level or 6)
                for index in range(document.start, document.end)
                if self._stream.passages[index].block.kind is BlockKind.HEADING
            ]
            tops = _chapter_headings(headings)
            size = self._size(document.start, document.end)
            if len(tops) > 1 and size / len(tops) > UNLISTED_CHARACTERS:
                if self._size(document.start, tops[0]) > 0:
                    cuts.append(Cut(document.start, one_line(document.title), listed=False))
                cuts += [Cut(index, self._heading(index, document.end), listed=False) for index in tops]
            elif headings or not cuts:
                title = self._heading(headings[0][0], document.end) if headings else ""
                cuts.append(Cut(document.start, title or one_line(document.title), listed=False))
            elif document.title and head_titles.count(one_line(document.title)) == 1:
                cuts.append(Cut(document.start, one_line(document.title), listed=False))
        return cuts

    def _cuts_of_matter(self, first_listed: int) -> list[Cut]:
        """Documents that no entry lists and that stand for themselves: covers, colophons, contents."""
        cuts: list[Cut] = []
        for document in self._linear_documents():
            if document.start == document.end:
                continue
            title = self._heading(document.start, document.end)
            if document.start < first_listed or self._own_standing(document, title) is not None:
                cuts.append(Cut(document.start, title or one_line(document.title), listed=False))
        if first_listed > 0 and not any(cut.position == 0 for cut in cuts):
            cuts.append(Cut(0, "", listed=False))
        return cuts

    def _own_standing(self, document: Document, title: str) -> Standing | None:
        types = document.item.types | self._types(document.start, document.end)
        if self._lists_contents(document.start, document.end):
            return Standing(Matter.FRONT, SkipReason.CONTENTS)
        standing = matter.by_types(types)
        if standing is None and title:
            standing = matter.by_title(title)
        if standing is not None and standing.skip is None:
            return None
        return standing

    def _without_part_pages(self, cuts: list[Cut]) -> list[Cut]:
        """A flat list's “Part One” line that leads to a bare heading becomes the parent of what follows."""
        kept: list[Cut] = []
        part: str | None = None
        start: int | None = None
        for index, cut in enumerate(cuts):
            end = cuts[index + 1].position if index + 1 < len(cuts) else self._stream.linear_end
            bare = all(
                passage.block.kind in (BlockKind.HEADING, BlockKind.SEPARATOR, BlockKind.IMAGE_ALT)
                for passage in self._stream.passages[cut.position : end]
            )
            if (
                cut.listed
                and bare
                and PART.match(cut.title)
                and index + 1 < len(cuts)
                and cuts[index + 1].listed
            ):
                part, start = cut.title, cut.position if start is None else start
                continue
            if cut.listed and PART.match(cut.title):
                part = None
            parents = (*cut.parents, part) if part and cut.listed and part not in cut.parents else cut.parents
            kept.append(replace(cut, position=cut.position if start is None else start, parents=parents))
            start = None
        return kept

    def _standing(self, cut: Cut, end: int) -> Standing:
        """Front, body or back, by what is known about the document first, then by the title."""
        document = self._document(cut.position)
        whole = document.start == cut.position
        types = self._types(cut.position, end) | (document.item.types if whole else frozenset())
        if self._lists_contents(cut.position, end):
            return Standing(Matter.FRONT, SkipReason.CONTENTS)
        standing = matter.by_types(types)
        if standing is None:
            standing = matter.by_title(cut.title) or matter.by_title(self._heading(cut.position, end))
        if standing is None:
            region = matter.region(types)
            if region in (Matter.FRONT, Matter.BACK):
                return Standing(region)
            if not cut.listed and self._has_contents and self._heard(cut.position, end) < UNLISTED_CHARACTERS:
                return Standing(Matter.FRONT, SkipReason.FRONT_MATTER)
            standing = matter.BODY
        return standing

    def _is_title_page(self, cut: Cut, end: int) -> bool:
        """An entry of the book's own name that holds names and dates, and nothing to read."""
        names = {_letters(title) for title in self._titles}
        blocks = [passage.block for passage in self._stream.passages[cut.position : end]]
        heard = [block for block in blocks if block.skip is None and block.kind is not BlockKind.HEADING]
        prose = any(
            len(block.text) > TITLE_PAGE_CHARACTERS
            or (len(block.text) > TITLE_PAGE_CHARACTERS // 3 and block.text[-1] in '.!?”"')
            for block in heard
        )
        return not prose and len(blocks) < TITLE_PAGE_BLOCKS and _letters(cut.title) in names

    def _chapter(self, cut: Cut, end: int, standing: Standing) -> Chapter:
        passages = self._stream.passages[cut.position : end]
        blocks = tuple(passage.block for passage in passages)
        if standing.skip is not None:
            blocks = tuple(skipped_block(block, standing.skip) for block in blocks)
        title = "" if _SAYS_NOTHING.fullmatch(cut.title) else cut.title
        title = title or self._heading(cut.position, end) or (cut.title and next(iter(self._titles), ""))
        title = title or _opening(blocks)
        return Chapter(title, blocks, cut.parents, standing.matter)

    def _outside(self) -> list[Chapter]:
        """Documents outside the linear order: kept whole, behind the book, unspoken."""
        chapters: list[Chapter] = []
        for document in self._stream.documents:
            if document.item.linear or document.start == document.end:
                continue
            blocks = tuple(
                skipped_block(passage.block, SkipReason.BACK_MATTER)
                for passage in self._stream.passages[document.start : document.end]
            )
            title = (
                self._heading(document.start, document.end) or one_line(document.title) or _opening(blocks)
            )
            chapters.append(Chapter(title, blocks, (), Matter.BACK))
        return chapters

    def _types(self, start: int, end: int) -> frozenset[str]:
        """The types that hold for every passage with text in the range."""
        common: frozenset[str] | None = None
        for passage in self._stream.passages[start:end]:
            if passage.block.text:
                common = passage.types if common is None else common & passage.types
                if not common:
                    break
        return common or frozenset()

    def _lists_contents(self, start: int, end: int) -> bool:
        """True for a range that is nearly all links, and several of them."""
        passages = [p for p in self._stream.passages[start:end] if p.block.text]
        characters = sum(len(passage.block.text) for passage in passages)
        linked = sum(min(passage.linked_characters, len(passage.block.text)) for passage in passages)
        with_links = sum(passage.linked_characters > 0 for passage in passages)
        if passages and all(passage.block.skip is SkipReason.CONTENTS for passage in passages):
            return True
        return (
            with_links >= 3 and characters < CONTENTS_CHARACTERS and linked > CONTENTS_LINK_SHARE * characters
        )

    def _heading(self, start: int, end: int) -> str:
        """The first heading of the range, joined with headings right below it; "" where none is near."""
        titles: list[str] = []
        for passage in self._stream.passages[start : min(end, start + 12)]:
            if passage.block.kind is BlockKind.HEADING:
                titles.append(heard_text(passage.block))
            elif titles and passage.block.text:
                break
        return one_line(": ".join(title for title in titles[:3] if title))

    def _document(self, position: int) -> Document:
        index = bisect_right(self._starts, position) - 1
        # empty documents start where the next one starts: take the one that has the passage
        return self._stream.documents[max(index, 0)]

    def _linear_documents(self) -> list[Document]:
        return [document for document in self._stream.documents if document.item.linear]

    def _size(self, start: int, end: int) -> int:
        last = len(self._characters) - 1
        return self._characters[min(max(start, end), last)] - self._characters[min(start, last)]

    def _heard(self, start: int, end: int) -> int:
        """Characters that are not skipped already."""
        blocks = (passage.block for passage in self._stream.passages[start:end])
        return sum(len(block.text) for block in blocks if block.skip is None)

    def _warn(self, code: str, message: str) -> None:
        self._warnings.append(ReadingWarning(code, message))


def _chapter_headings(headings: list[tuple[int, int]]) -> list[int]:
    """Of (passage, level): those of the highest level that occurs more than once, one per run of headings."""
    for level in range(1, 4):
        tops = [index for index, own in headings if own == level]
        apart = [index for place, index in enumerate(tops) if not place or index > tops[place - 1] + 1]
        if len(apart) > 1:
            return apart
    return []


def _ordered(cuts: list[Cut], standings: list[Standing]) -> list[Standing]:
    """An introduction behind the first body chapter is body; front matter does not follow the body."""
    body_seen = False
    ordered: list[Standing] = []
    for cut, standing in zip(cuts, standings, strict=True):
        if standing.matter is Matter.FRONT and body_seen:
            if standing.skip is None:
                standing = matter.BODY
            elif standing.skip is SkipReason.FRONT_MATTER:
                standing = Standing(Matter.BACK, SkipReason.BACK_MATTER)
        if standing.matter is Matter.BACK and standing.skip is None and not body_seen:
            standing = Standing(Matter.FRONT)
        body_seen = body_seen or (standing.matter is Matter.BODY and cut.listed)
        ordered.append(standing)
    return ordered


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def heard_text(block: Block) -> str:
    """A block's text without the marks inside it."""
    text, end = "", 0
    for skip in block.skips:
        text += block.text[end : skip.start]
        end = skip.end
    return (text + block.text[end:]).strip()


def _opening(blocks: tuple[Block, ...]) -> str:
    """The first words of a chapter that nobody named."""
    text = next((block.text for block in blocks if block.text), "")
    words = text.split()
    return one_line(" ".join(words[:8])[:60]) + ("…" if len(words) > 8 else "")
