"""Blocks of a PDF to chapters: by its outline, else by the headings that stand out, else as one."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from inputs import matter
from inputs.book import Block, BlockKind, Chapter, Matter, ReadingWarning, SkipReason
from inputs.contents import Cut, Node, chosen
from inputs.matter import Standing
from inputs.pdf_layout import LaidOut
from inputs.wording import one_line

# A block is the one an outline line means when the titles are this alike; 1 is equal.
ALIKE = 0.72
# Fewer spoken words between headings on average make a glossary, not chapters.
WORDS_BETWEEN = 60
FRONT_CHARACTERS = 2_500
_NAMED = re.compile(
    r"(?:chapter|part|book|letter|section|lecture|act|canto|kapitel|teil|chapitre|partie|capítulo|capitolo)"
    r"\s+(?:\d+|[ivxlc]+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b",
    re.I,
)
_NUMBERED = re.compile(r"(?:\d{1,2}|[IVXLC]{1,6})\.?\s+\S")
_UNNUMBERED_SECTIONS = re.compile(
    r"(?:abstract|introduction|conclusions?|references|bibliography|acknowledge?ments?|appendix.*|preface"
    r"|foreword|prologue|epilogue|index|notes|glossary)[.:]?",
    re.I,
)


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """One line of a PDF's outline (its bookmarks)."""

    title: str
    level: int  # 0 is outermost
    page: int | None  # 0 is the first
    top: float | None  # points from the page's foot


def chapters_of(
    document: LaidOut, outline: tuple[OutlineEntry, ...], title: str, warnings: list[ReadingWarning]
) -> tuple[Chapter, ...]:
    """Cut a document into chapters; every block is in exactly one of them, in order.

    title: the book's, for a document that has no chapters. warnings: what is wrong with the outline is added.
    """
    sizes = [0]
    for block in document.blocks:
        sizes.append(sizes[-1] + (len(block.text) if block.skip is None else 0))

    def size(start: int, end: int) -> int:
        return sizes[min(max(start, end), len(sizes) - 1)] - sizes[min(start, len(sizes) - 1)]

    end = len(document.blocks)
    nodes = _outline_nodes(document, outline, warnings)
    cuts = chosen(nodes, end, size, lambda start, below: _on_pages_apart(document, start, below), (title,))
    cuts = _usable(cuts, end)
    if not cuts:
        cuts = _heading_cuts(document, title)
    if not cuts:
        cuts = [Cut(0, title)]
    elif cuts[0].position > 0:
        cuts = [Cut(0, "", listed=False), *cuts]
    ends = [cut.position for cut in cuts[1:]] + [end]
    chapters: list[Chapter] = []
    body_seen = False
    for cut, stop in zip(cuts, ends, strict=True):
        blocks = document.blocks[cut.position : stop]
        standing = _standing(cut, body_seen, size(cut.position, stop))
        body_seen = body_seen or standing.matter is Matter.BODY
        chapters.append(_chapter(cut, blocks, standing))
    return tuple(chapters)


def _outline_nodes(
    document: LaidOut, outline: tuple[OutlineEntry, ...], warnings: list[ReadingWarning]
) -> list[Node]:
    by_page: dict[int, list[int]] = defaultdict(list)
    for index, style in enumerate(document.styles):
        by_page[style.page].append(index)
    roots: list[Node] = []
    path: list[tuple[int, Node]] = []
    lost = 0
    for entry in outline:
        if len(entry.title) > 200:
            lost += 1
            continue
        position = _position(document, entry, by_page)
        lost += position is None
        node = Node(_full_title(document, entry.title, position), position)
        while path and path[-1][0] >= entry.level:
            path.pop()
        (path[-1][1].children if path else roots).append(node)
        path.append((entry.level, node))
    if lost:
        warnings.append(
            ReadingWarning("outline-lies", f"{lost} of {len(outline)} outline entries lead nowhere")
        )
    return [node for node in roots if node.first() is not None]


def _full_title(document: LaidOut, title: str, position: int | None) -> str:
    """The heading itself where it is the outline's title with its number: “3 Methods” for “Methods”."""
    if position is None or document.blocks[position].kind is not BlockKind.HEADING:
        return title
    heading = one_line(_spoken(document.blocks[position]))
    longer = len(heading) < len(title) + 12 and _plain(heading) != _plain(title)
    return heading if longer and _plain(heading).endswith(_plain(title) or "-") else title


def _on_pages_apart(document: LaidOut, start: int, below: list[int]) -> bool:
    """A part has a page of its own: the first chapter below it begins at the head of a later page."""
    first = min(below)
    if first >= len(document.blocks) or document.styles[first].page == document.styles[start].page:
        return False
    page = document.styles[first].page
    before = (i for i in range(first - 1, start, -1) if document.styles[i].page == page)
    return all(document.blocks[i].skip is not None for i in before)


def _position(document: LaidOut, entry: OutlineEntry, by_page: dict[int, list[int]]) -> int | None:
    """The block that an outline entry means: the one of its name near its place, else the one right there."""
    if entry.page is None:
        return None
    near = by_page.get(entry.page, []) + by_page.get(entry.page + 1, [])[:3]
    candidates = [
        i for i in near if document.blocks[i].skip is None or document.blocks[i].skip is SkipReason.CONTENTS
    ]
    wanted = _plain(entry.title)
    best, likeness = None, 0.0
    for index in candidates:
        block = document.blocks[index]
        if block.skip is not None or not wanted:
            continue
        own = _plain(block.text)
        alike = _alike(wanted, own)
        if block.kind is not BlockKind.HEADING:
            alike -= 0.1
        if document.styles[index].page != entry.page:
            alike -= 0.3
        elif entry.top is not None:
            alike -= 0.25 * min(1.0, abs(document.styles[index].top - entry.top) / 400)
        if alike > likeness:
            best, likeness = index, alike
    if best is not None and likeness >= ALIKE - 0.15:
        return _with_heading_above(document, best)
    at_place = [
        i for i in candidates
        if document.styles[i].page > entry.page
        or entry.top is None
        or document.styles[i].top <= entry.top + 12  # points: tops of boxes differ by font
    ]  # fmt: skip
    if at_place:
        return at_place[0]
    later = [index for page, indices in by_page.items() if page > entry.page for index in indices]
    return min(later, default=None)


def _with_heading_above(document: LaidOut, index: int) -> int:
    """“CHAPTER I” on the line above the title belongs to it."""
    while index and (above := document.blocks[index - 1]).kind is BlockKind.HEADING and above.skip is None:
        styles = document.styles
        if styles[index - 1].page != styles[index].page or not _NAMED.match(above.text):
            break
        index -= 1
    return index


def _usable(cuts: list[Cut], end: int) -> list[Cut]:
    """One cut per place, in the book's order; nothing when an outline has fewer than two."""
    by_position: dict[int, Cut] = {}
    for cut in sorted(cuts, key=lambda cut: cut.position):
        by_position.setdefault(cut.position, cut)
    found = [by_position[position] for position in sorted(by_position) if position < end]
    return found if len(found) > 1 else []


def _heading_cuts(document: LaidOut, title: str) -> list[Cut]:
    """Chapters by headings: those that are named or numbered as such, else the largest style that recurs."""
    blocks, styles = document.blocks, document.styles
    headings = [i for i, block in enumerate(blocks) if block.kind is BlockKind.HEADING and block.skip is None]
    named = [i for i in headings if _NAMED.match(blocks[i].text)]
    if _spread(document, named):
        return [Cut(i, _heading_title(document, i)) for i in named]
    clusters: dict[tuple[float, bool, str], list[int]] = defaultdict(list)
    for index in headings:
        style = styles[index]
        clusters[round(style.size, 0), style.bold, style.font].append(index)
    best: list[int] = []
    best_score = 0.0
    for (size, bold, _), members in clusters.items():
        starts = [i for place, i in enumerate(members) if not place or i > members[place - 1] + 1]
        titles = {blocks[i].text for i in starts}
        if not _spread(document, starts) or len(titles) < 0.7 * len(starts):  # labels of a form recur
            continue
        numbered = sum(bool(_NUMBERED.match(blocks[i].text)) for i in starts) / len(starts)
        score = size / document.body_size + 0.15 * bold + 0.5 * numbered + 0.02 * min(len(starts), 10)
        if score > best_score:
            best, best_score = starts, score
    if not best:
        return []
    if sum(bool(_NUMBERED.match(blocks[i].text)) for i in best) > 0.5 * len(best):
        # author lines and subtitles are set like numbered sections, but are none
        best = [
            i for i in best
            if _NUMBERED.match(blocks[i].text) or _UNNUMBERED_SECTIONS.fullmatch(blocks[i].text.strip())
        ]  # fmt: skip
    style = styles[best[0]]
    extra = [
        i for i in headings
        if i not in best
        and (
            (_UNNUMBERED_SECTIONS.fullmatch(blocks[i].text.strip()) and styles[i].bold == style.bold)
            or (_NAMED.match(blocks[i].text) and styles[i].size > 0.98 * style.size)
        )
    ]  # fmt: skip
    return [Cut(i, _heading_title(document, i)) for i in sorted({*best, *extra})]


def _spread(document: LaidOut, starts: list[int]) -> bool:
    """Whether headings can be chapters: more than one, and enough to say between them."""
    if not 2 <= len(starts) <= 150:
        return False
    words = [
        sum(len(b.text.split()) for b in document.blocks[start:end] if b.skip is None)
        for start, end in zip(starts, [*starts[1:], len(document.blocks)], strict=True)
    ]
    return sum(words) / len(words) >= WORDS_BETWEEN and sum(count < 12 for count in words) <= 0.34 * len(
        words
    )


def _heading_title(document: LaidOut, index: int) -> str:
    """A heading's text; “Chapter 3” is joined with the title right below it."""
    text = _spoken(document.blocks[index])
    below = document.blocks[index + 1] if index + 1 < len(document.blocks) else None
    if (
        below is not None
        and below.kind is BlockKind.HEADING
        and re.fullmatch(_NAMED.pattern + r"[.:]?", text, re.I)
    ):
        text = f"{text} {_spoken(below)}"
    return one_line(text)[:200]


def _spoken(block: Block) -> str:
    text, end = "", 0
    for skip in block.skips:
        text += block.text[end : skip.start]
        end = skip.end
    return text + block.text[end:]


def _standing(cut: Cut, body_seen: bool, size: int) -> Standing:
    if not cut.listed:
        if size < FRONT_CHARACTERS:
            return Standing(Matter.FRONT, SkipReason.FRONT_MATTER)
        return Standing(Matter.FRONT)
    standing = matter.by_title(cut.title)
    if standing is None:
        return matter.BODY
    if standing.matter is Matter.FRONT and body_seen:
        return matter.BODY if standing.skip is None else Standing(Matter.BACK, standing.skip)
    if standing.matter is Matter.BACK and standing.skip is None and not body_seen:
        return Standing(Matter.FRONT)
    return standing


def _chapter(cut: Cut, blocks: tuple[Block, ...], standing: Standing) -> Chapter:
    if standing.skip is not None:
        blocks = tuple(
            block if block.skip is not None else replace(block, skip=standing.skip) for block in blocks
        )
    title = cut.title
    if not title:
        heading = next((b for b in blocks if b.kind is BlockKind.HEADING and b.skip is None), None)
        title = one_line(_spoken(heading))[:200] if heading else "Front matter"
    return Chapter(title, blocks, cut.parents, standing.matter)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in folded if character.isalnum())[:160]


def _alike(wanted: str, own: str) -> float:
    """0-1; a heading and an outline line that differ only by the number in front count as equal."""
    if not own:
        return 0.0
    if wanted == own or own.lstrip("0123456789ivxlc") == wanted.lstrip("0123456789ivxlc") != "":
        return 1.0
    if len(wanted) > 5 and own.startswith(wanted) and len(own) < 3 * len(wanted):
        return 0.95
    return SequenceMatcher(None, wanted, own, autojunk=False).ratio()
