"""Pages of lines to a run of blocks: furniture marked, lines joined to paragraphs, headings told apart."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from inputs.book import Block, BlockKind, PdfPlace, ReadingWarning, SkipReason
from inputs.pdf_furniture import mark_contents, mark_footnotes, mark_furniture
from inputs.pdf_pages import LINE_HYPHEN, Line, Page
from inputs.wording import Piece, is_ornament, one_line, word

SMALL_SHARE = 0.93  # notes are set smaller than this share of the body
LARGE_SHARE = 1.09  # headings are set larger than this
HEADING_CHARACTERS = 180
TABLE_ROWS = 3
PROSE_CELL_CHARACTERS = 22  # the median cell of real tables at hand has 4-15
CODE_LINES = 3
_SENTENCE_END = re.compile(r"[.!?:;…][\"'”’»)\]]*$")
_CAPTION = re.compile(
    r"(?:Figure|Fig\.|Table|Tab\.|Abbildung|Abb\.|Tabelle|Algorithm|Listing)\s*\d+(?:\.\d+)*\s*[.:]", re.I
)
# bullets of the Symbol and Wingdings fonts come out as private-use characters
_BULLET = "[•◦▪▫■□●○‣⁃∙·–—\uf020-\uf0ff-]"
_LIST_MARK = re.compile(rf"(?:{_BULLET}|\(?\d{{1,2}}[.)]|\(?[a-z][.)])\s+\S")
_BULLETED = re.compile(rf"{_BULLET}\s+\S")
_NUMBERED_HEADING = re.compile(r"(?:\d{1,2}(?:\.\d{1,2}){0,3}\.?|[IVXLC]{1,6}\.|[A-Z]\.)\s+[A-ZÀ-Þ“\"]")
_MONOSPACED = re.compile(
    r"mono|courier|consol|typewriter|cmtt|menlo|inconsol|fixed|nimbusmon|lettergothic", re.I
)
_WORD = re.compile(r"[^\W\d_]+(?:[-‐][^\W\d_]+)*")
_TENS = frozenset(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])
_UNITS = frozenset(
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "first", "second", "third",
     "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"]
)  # fmt: skip
_HYPHENATING = frozenset(["self", "well", "ex", "quasi", "half"])  # English prefixes that keep theirs


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A document as one run of blocks, in reading order."""

    blocks: tuple[Block, ...]
    styles: tuple[Style, ...]  # of each block
    title: str  # the largest text of the first page
    body_size: float  # points


@dataclass(frozen=True, slots=True)
class Style:
    """How a block is set."""

    size: float  # points
    bold: bool
    font: str
    page: int  # 0 is the first
    top: float  # points from the page's foot


def laid_out(pages: list[Page], warnings: list[ReadingWarning]) -> LaidOut:
    """Lay out a whole document; every line of every page is in exactly one block.

    warnings: pages whose columns cannot be told from tables are added to it.
    """
    body_size, body_font = _body_style(pages)
    mark_furniture(pages)
    mark_contents(pages)
    mark_footnotes(pages, body_size * SMALL_SHARE)
    hyphens = _Hyphens(pages)
    paragraphs: list[_Paragraph] = []
    for page in pages:
        on_page = _paragraphs(page, body_size)
        _mark_lettering(on_page, body_size, body_font)
        paragraphs += on_page
    _warn_of_columns(paragraphs, warnings)
    paragraphs = _joined_over_breaks(paragraphs)
    blocks = [(paragraph.block(hyphens), paragraph.style()) for paragraph in paragraphs]
    filled = [(block, style) for block, style in blocks if block.text]
    return LaidOut(
        tuple(block for block, _ in filled),
        tuple(style for _, style in filled),
        _title(pages, body_size),
        body_size,
    )


@dataclass(slots=True)
class _Paragraph:
    """Lines that belong together."""

    kind: BlockKind
    lines: list[Line] = field(default_factory=list)

    @property
    def skip(self) -> SkipReason | None:
        return self.lines[0].skip

    @property
    def body(self) -> bool:
        """Running text, which floats may interrupt."""
        return self.kind is BlockKind.PARAGRAPH and self.skip is None

    def style(self) -> Style:
        first = self.lines[0]
        return Style(first.size, all(line.bold for line in self.lines), first.font, first.page, first.top)

    def block(self, hyphens: _Hyphens) -> Block:
        """The paragraph as a block, with words made whole."""
        first = self.lines[0]
        same_page = [line for line in self.lines if line.page == first.page]
        box = (
            round(min(line.left for line in same_page), 1),
            round(min(line.bottom for line in same_page), 1),
            round(max(line.right for line in same_page), 1),
            round(max(line.top for line in same_page), 1),
        )
        place = PdfPlace(first.page + 1, box)
        if self.kind is BlockKind.TABLE:
            rows = "\n".join(" | ".join(line.cells()).replace(LINE_HYPHEN, "-") for line in self.lines)
            text, _, _ = word([(rows, None)], keep_lines=True)
            return Block(self.kind, text, place, self.skip or SkipReason.TABLE)
        keep_lines = self.kind in (BlockKind.CODE, BlockKind.VERSE)
        pieces: list[Piece] = []
        for index, line in enumerate(self.lines):
            own = line.pieces()
            following = self.lines[index + 1].text if index + 1 < len(self.lines) else ""
            if following and not keep_lines:
                last, reason = own[-1]
                own[-1] = (hyphens.joined(last, following), reason)
            pieces += own
            if keep_lines:
                pieces.append(("\n", None))
        pieces = [(text.replace(LINE_HYPHEN, "-"), reason) for text, reason in pieces]
        text, whole, skips = word(pieces, keep_lines=keep_lines)
        kind, reason = self.kind, self.skip or whole
        if self.kind is BlockKind.CODE:
            reason = reason or SkipReason.CODE
        elif is_ornament(text) and kind in (BlockKind.PARAGRAPH, BlockKind.HEADING):
            kind, reason = BlockKind.SEPARATOR, reason or SkipReason.ORNAMENT
        return Block(kind, text, place, reason, () if reason else skips)


class _Hyphens:
    """What to do with a hyphen at a line's end, by how the document writes the word elsewhere."""

    def __init__(self, pages: list[Page]) -> None:
        self._seen: Counter[str] = Counter()
        for page in pages:
            for line in page.lines:
                inner = (
                    line.text.rsplit(None, 1)[0] if line.text.endswith(("-", LINE_HYPHEN, "‐")) else line.text
                )
                self._seen.update(found.lower() for found in _WORD.findall(inner))

    def joined(self, end: str, following: str) -> str:
        """A line's last piece, made ready to stand before `following`: with a space, a hyphen or nothing."""
        stripped = end.rstrip()
        if stripped.endswith("\u00ad"):
            return stripped[:-1]
        if not stripped.endswith((LINE_HYPHEN, "-", "‐")) or len(stripped) < 2 or not stripped[-2].isalpha():
            return stripped if stripped.endswith(("—", "–")) else stripped + " "
        tail = _WORD.findall(stripped[:-1])
        head = _WORD.match(following)
        if not tail or not head:
            return stripped[:-1] + "-"
        left, right = tail[-1].lower(), head.group().lower()
        hyphenated, whole = self._seen[f"{left}-{right}"], self._seen[left + right]
        prefixed = left in _HYPHENATING and not whole and (left != "ex" or self._seen[right] > 0)
        if (left in _TENS and right in _UNITS) or prefixed:
            return stripped[:-1] + "-"
        if not following[0].islower():
            keep = whole == 0
        elif stripped.endswith(LINE_HYPHEN):
            keep = hyphenated > whole
        else:  # a plain hyphen may be the author's own
            keep = hyphenated > whole or (hyphenated == whole == 0 and "-" in left)
        return stripped[:-1] + ("-" if keep else "")


def _warn_of_columns(paragraphs: list[_Paragraph], warnings: list[ReadingWarning]) -> None:
    """Say where a table holds what reads like prose: columns that the file stores row by row."""
    pages: list[int] = []
    for paragraph in paragraphs:
        if paragraph.kind is BlockKind.TABLE:
            lengths = [len(cell) for line in paragraph.lines for cell in line.cells()]
            if len(lengths) >= 9 and median(lengths) >= PROSE_CELL_CHARACTERS:
                pages.append(paragraph.lines[0].page + 1)
    if pages:
        named = ", ".join(map(str, sorted(set(pages))[:20])) + ("…" if len(set(pages)) > 20 else "")
        message = f"columns on pages {named} are stored row by row; they are kept as tables and not spoken"
        warnings.append(ReadingWarning("columns-as-tables", message))


def _body_style(pages: list[Page]) -> tuple[float, str]:
    """The size (points) and the font that most characters are set in."""
    sizes: Counter[float] = Counter()
    fonts: Counter[str] = Counter()
    for page in pages:
        for line in page.lines:
            if line.skip is None:
                sizes[round(line.size * 2) / 2] += len(line.text)
                fonts[line.font] += len(line.text)
    if not sizes:
        return 10.0, ""
    return max(sizes, key=lambda size: sizes[size]), max(fonts, key=lambda font: fonts[font])


def _mark_lettering(paragraphs: list[_Paragraph], body_size: float, body_font: str) -> None:
    """Mark the lettering of figures: short lines, set unlike the body, in a row right above a caption."""
    for index, paragraph in enumerate(paragraphs):
        if paragraph.kind is not BlockKind.CAPTION:
            continue
        above = index - 1
        while above >= 0 and _is_lettering(paragraphs[above], body_size, body_font):
            for line in paragraphs[above].lines:
                line.skip = line.skip or SkipReason.IMAGE
            above -= 1


def _is_lettering(paragraph: _Paragraph, body_size: float, body_font: str) -> bool:
    if paragraph.skip is not None:
        return paragraph.skip is SkipReason.IMAGE
    if paragraph.kind in (BlockKind.CAPTION, BlockKind.TABLE, BlockKind.CODE):
        return False
    unlike = all(
        line.font != body_font or abs(line.size - body_size) > 0.06 * body_size for line in paragraph.lines
    )
    text = " ".join(line.text for line in paragraph.lines)
    numbered = bool(_NUMBERED_HEADING.match(text)) and paragraph.lines[0].size >= body_size
    return unlike and not numbered and max(len(line.text) for line in paragraph.lines) < 60


def _paragraphs(page: Page, body_size: float) -> list[_Paragraph]:
    """A page's lines, in content order, as paragraphs; furniture first as blocks of its own."""
    lines = page.lines
    kinds = _line_kinds(lines, body_size)
    columns = _Columns([line for line, kind in zip(lines, kinds, strict=True) if kind is BlockKind.PARAGRAPH])
    found: list[_Paragraph] = []
    previous: Line | None = None
    for line, kind in zip(lines, kinds, strict=True):
        last = found[-1] if found else None
        if (
            last is not None
            and previous is not None
            and _continues(last, previous, line, kind, columns, body_size)
        ):
            last.lines.append(line)
        else:
            found.append(_Paragraph(kind, [line]))
        previous = line
    for paragraph in found:
        _settle(paragraph, columns, body_size)
    found += [_Paragraph(BlockKind.PARAGRAPH, [line]) for line in page.hidden]
    return found


def _line_kinds(lines: list[Line], body_size: float) -> list[BlockKind]:
    """Tables and code by runs of lines; everything else is a paragraph for now."""
    kinds = [BlockKind.NOTE if line.skip is SkipReason.NOTE else BlockKind.PARAGRAPH for line in lines]
    cells = [len(line.cells()) for line in lines]
    for first, last in _stretches([count >= 3 for count in cells], TABLE_ROWS):
        start, end = _grown(first, last, cells, lines)
        kinds[start:end] = [BlockKind.TABLE] * (end - start)
    numeric = [
        count >= 2 and sum(c.isdigit() for c in line.text) > 0.4 * len(line.text.replace(" ", ""))
        for count, line in zip(cells, lines, strict=True)
    ]
    for start, end in _stretches(numeric, TABLE_ROWS):
        kinds[start:end] = [BlockKind.TABLE] * (end - start)
    monospaced = [bool(_MONOSPACED.search(line.font)) for line in lines]
    if sum(monospaced) < 0.6 * max(len(lines), 1):  # a typewritten document is no listing
        for start, end in _stretches(monospaced, CODE_LINES):
            kinds[start:end] = [BlockKind.CODE] * (end - start)
    return [BlockKind.PARAGRAPH if line.skip not in (None, SkipReason.NOTE) else kind
            for line, kind in zip(lines, kinds, strict=True)]  # fmt: skip


def _grown(start: int, end: int, cells: list[int], lines: list[Line]) -> tuple[int, int]:
    """A table goes on over rows of two cells, and over single ones that lie between such rows."""
    while start > 0 and cells[start - 1] >= 2 and lines[start - 1].skip is None:
        start -= 1
    while end < len(cells) and lines[end].skip is None:
        beyond = end + 1 < len(cells) and cells[end + 1] >= 2 and len(lines[end].text) < 40
        if cells[end] < 2 and not beyond:
            break
        end += 1
    return start, end


def _stretches(flags: list[bool], least: int) -> list[tuple[int, int]]:
    """Runs of True of at least that length, as `[start, end)`."""
    found: list[tuple[int, int]] = []
    start = 0
    for index, flag in enumerate([*flags, False]):
        if not flag:
            if index - start >= least:
                found.append((start, index))
            start = index + 1
    return found


class _Columns:
    """Left and right edges that the lines of a page keep to."""

    def __init__(self, lines: list[Line]) -> None:
        self._lines = [line for line in lines if line.skip is None]
        self._edges: dict[tuple[int, int, int], tuple[float, float]] = {}
        heights = [
            one.baseline - two.baseline
            for one, two in zip(self._lines, self._lines[1:], strict=False)
            if 0 < one.baseline - two.baseline < 3 * one.size and abs(one.size - two.size) < 0.5
        ]
        widths = Counter(round(line.right) for line in self._lines)
        # the right edge that most lines keep to; 0 where the page is set ragged or in several columns
        edge, times = widths.most_common(1)[0] if widths else (0, 0)
        self.widest = float(edge) if times >= 4 and edge >= max(widths) - 12 else 0.0
        self.leading = median(heights) if heights else 14.0

    def edges(self, line: Line) -> tuple[float, float]:
        """(left, right) of the column that the line stands in, points."""
        key = (round(line.left / 2), round(line.right / 2), round(line.size))
        if key not in self._edges:
            self._edges[key] = self._measured(line)
        return self._edges[key]

    def _measured(self, line: Line) -> tuple[float, float]:
        width = max(line.right - line.left, 1.0)
        mates = [
            other
            for other in self._lines
            if abs(other.size - line.size) < 0.15 * line.size
            and min(other.right, line.right) - max(other.left, line.left)
            > 0.5 * min(width, max(other.right - other.left, 1.0))
            and other.right - other.left < 1.6 * width + 200
        ]
        if len(mates) < 3:
            return line.left, line.right
        rights = sorted(other.right for other in mates)
        lefts = Counter(round(other.left) for other in mates)
        common, count = lefts.most_common(1)[0]
        # on a page of dialogue most lines are indented: the leftmost edge that recurs is the column's
        recurring = [left for left, times in lefts.items() if times >= max(2, count // 6)]
        return min(recurring, default=common), rights[int(0.9 * (len(rights) - 1))]


def _continues(
    last: _Paragraph, previous: Line, line: Line, kind: BlockKind, columns: _Columns, body_size: float
) -> bool:
    """Whether a line goes on with the paragraph that the line before it belongs to."""
    if line.skip is not previous.skip or kind is not last.kind:
        return False
    if kind in (BlockKind.TABLE, BlockKind.CODE):
        return True
    if line.skip is SkipReason.NOTE:
        return not _starts_note(line)
    if line.skip is not None:
        return line.skip in (SkipReason.UNREADABLE, SkipReason.CONTENTS)
    drop = previous.baseline - line.baseline
    same_column = drop > -0.3 * body_size and line.left < previous.right and previous.left < line.right
    bigger = max(line.size, previous.size)
    if abs(line.size - previous.size) > 0.08 * bigger and not _is_initial(previous, line):
        return False
    begun = last.lines[0].text
    if _BULLETED.match(begun) and _BULLETED.match(line.text) and line.text[0] == begun[0]:
        return False
    runs_on = previous.runs[-1].bold and line.runs[0].bold and line.text[:1].islower()
    if (
        line.bold != previous.bold
        and not runs_on
        and len(last.lines) == 1
        and previous.runs[-1].bold
        and not _CAPTION.match(previous.text)
    ):
        return False
    if line.bold and not previous.bold and _stands_alone(line):
        return False
    left, _ = columns.edges(line)
    previous_left, previous_right = columns.edges(previous)
    if not same_column:  # the next column: judge by the words
        return not _SENTENCE_END.search(previous.text) and not _looks_like_start(line, left)
    if drop > 1.45 * max(columns.leading, 1.1 * line.size):
        return False
    if (
        _LIST_MARK.match(line.text)
        and line.left >= left - 1
        and (_SENTENCE_END.search(previous.text) or previous.right < previous_right - 2 * line.size)
    ):
        return False
    indent = line.left - left
    previous_indent = previous.left - previous_left
    if (
        len(last.lines) == 1
        and 0.7 * line.size < indent < 3 * line.size
        and abs(indent - previous_indent) < 1
        and _SENTENCE_END.search(previous.text)
    ):
        return False  # two lines of dialogue
    if 0.7 * line.size < indent < 8 * line.size and previous_indent < 0.5 * line.size:
        hanging = len(last.lines) == 1 and not _SENTENCE_END.search(previous.text)
        return hanging and previous.right > previous_right - 3 * line.size
    short = previous.right < previous_right - 0.18 * max(previous_right - previous_left, 1)
    centred = indent > 2 * line.size and previous_indent > 2 * line.size
    return not (short and not centred and _SENTENCE_END.search(previous.text) and not line.text[:1].islower())


def _starts_note(line: Line) -> bool:
    first, reason = line.pieces()[0]
    return reason is SkipReason.NOTE_MARK or bool(re.match(r"\s*(?:\d{1,3}[.\s]|[*†‡§])", first))


def _is_initial(previous: Line, line: Line) -> bool:
    """A raised or dropped initial: one or two letters, set larger, right before its word."""
    return len(previous.text) <= 2 and previous.size > 1.3 * line.size and previous.text[:1].isupper()


def _stands_alone(line: Line) -> bool:
    return len(line.text) < 90 and not line.text.endswith((",", LINE_HYPHEN))


def _looks_like_start(line: Line, left: float) -> bool:
    return line.left - left > 0.7 * line.size and line.text[:1].isupper()


def _settle(paragraph: _Paragraph, columns: _Columns, body_size: float) -> None:
    """Say what a paragraph is, now that all of its lines are known."""
    if paragraph.kind is not BlockKind.PARAGRAPH or paragraph.skip is not None:
        return
    text = " ".join(line.text for line in paragraph.lines)
    if _CAPTION.match(text):
        paragraph.kind = BlockKind.CAPTION
    elif _is_heading(paragraph, text, columns, body_size):
        paragraph.kind = BlockKind.HEADING
    elif _LIST_MARK.match(text):
        paragraph.kind = BlockKind.LIST_ITEM
    elif _is_verse(paragraph, columns):
        paragraph.kind = BlockKind.VERSE


def _is_verse(paragraph: _Paragraph, columns: _Columns) -> bool:
    """At least three lines that all break off well inside the column, most of them with a capital first."""
    if len(paragraph.lines) < 3:
        return False
    capitals = 0
    for line in paragraph.lines:
        left, right = columns.edges(line)
        if columns.widest > right:
            right = columns.widest
        if line.right > right - 0.12 * (right - left):
            return False
        capitals += line.text.lstrip("“\"'‘(—")[:1].isupper()
    return capitals > 0.7 * len(paragraph.lines)


def _is_heading(paragraph: _Paragraph, text: str, columns: _Columns, body_size: float) -> bool:
    if (
        len(text) > HEADING_CHARACTERS
        or not any(c.isalpha() for c in text)
        or text.endswith((",", ";", LINE_HYPHEN))
    ):
        return False
    size = max(line.size for line in paragraph.lines)
    ends_sentence = text.endswith((".", "!", "?", ":")) and len(text) > 60
    if size > LARGE_SHARE * body_size and not (ends_sentence and size < 1.3 * body_size):
        return True
    bold = all(line.bold for line in paragraph.lines) and paragraph.lines[-1].runs[-1].bold
    if bold and size > 0.95 * body_size and not ends_sentence:
        return True
    capitals = text.isupper() and len(text) > 3 and size >= 0.98 * body_size
    return capitals and len(paragraph.lines) <= 3 and not ends_sentence


def _joined_over_breaks(paragraphs: list[_Paragraph]) -> list[_Paragraph]:
    """A paragraph that a page, a column or a float cuts goes on behind it; what cut it moves behind."""
    joined: list[_Paragraph] = []
    open_at: int | None = None  # the last running-text paragraph, while it may go on
    for paragraph in paragraphs:
        if open_at is not None and paragraph.body:
            before = joined[open_at]
            apart = paragraph.lines[0].page - before.lines[-1].page
            if apart <= 2 and _goes_on(before, paragraph):
                before.lines += paragraph.lines
                continue
        joined.append(paragraph)
        if paragraph.body:
            open_at = len(joined) - 1
        elif paragraph.kind is BlockKind.HEADING and paragraph.skip is None:
            open_at = None
    return joined


def _goes_on(before: _Paragraph, after: _Paragraph) -> bool:
    end, start = before.lines[-1], after.lines[0]
    same_page_below = end.page == start.page and 0 < end.baseline - start.baseline < 4 * end.size
    if abs(end.size - start.size) > 0.08 * end.size or end.bold != start.bold:
        return False
    if end.text.endswith((LINE_HYPHEN, "\u00ad")) or (end.text.endswith("-") and start.text[:1].islower()):
        return True
    if _SENTENCE_END.search(end.text):
        return False
    if same_page_below:
        return False  # broken here on purpose: verse, addresses, displayed lines
    first = start.text.lstrip("“\"'‘([")[:1]
    if first.islower():
        return True
    # a full line before the break, and a full first line behind it, without an indent: the sentence goes on
    return (
        len(before.lines) >= 2
        and len(after.lines) >= 2
        and after.lines[0].left <= after.lines[1].left + 0.3 * start.size
    )


def _title(pages: list[Page], body_size: float) -> str:
    """The largest text in the upper part of the first page that has text, when it is larger than the body."""
    for page in pages[:3]:
        lines = [line for line in page.lines if line.skip is None and any(c.isalpha() for c in line.text)]
        if not lines:
            continue
        largest = max(line.size for line in lines)
        if largest <= LARGE_SHARE * body_size:
            return ""
        parts = [line.text for line in lines if line.size > 0.97 * largest]
        if not parts[0][:1].isupper() and not parts[0][:1].isdigit() and parts[0][:1].isascii():
            return ""  # a line that recognition took for large
        return one_line(" ".join(parts).replace(LINE_HYPHEN, "-")) if len(parts) <= 5 else ""
    return ""
