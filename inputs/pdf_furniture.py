"""Lines of pages to the reason they are not read: running heads, page numbers, contents lists, footnotes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from inputs.book import SkipReason
from inputs.pdf_pages import Line, Page

EDGE_SHARE = 0.14  # of the page's height, above and below
NUMBER_EDGE_SHARE = 0.25  # a lone number with nothing further out may stand this far in
NEAR_PAGES = 6  # chapter heads change; a head is one that recurs this near
SAME_HEIGHT = 4.0  # points
EDGE_LINES = 60  # heads and feet are among so many outermost lines
LEADER_LINES = 4
FULL_PAGE_LINES = 6
HEAD_CHARACTERS = 60  # what stands beside a head and is longer is text
_DIGITS = re.compile(r"\d+|\b[ivxlc]+\b", re.I)
_PAGE_NUMBER = re.compile(
    r"[\W_]*(?:page|seite|p\.)?\s*(\d{1,4}|[ivxlc]{1,7})[\W_]*(?:(?:of|von|/)\s*\d{1,4})?[\W_]*", re.I
)
_LEADERS = re.compile(r"(?:\.\s?){4,}\s*(?:\d{1,4}|[ivxlc]+)?\s*$|…{2,}\s*\d*\s*$|(?:\s[·•.]){4,}", re.I)
_ENDS_IN_NUMBER = re.compile(r"\s(?:\d{1,4}|[ivxlc]{1,6})$", re.I)
_CONTENTS = re.compile(
    r"(?:table of )?contents|inhalt(?:sverzeichnis)?|sommaire|table des matières|índice|indice", re.I
)
_NOTE_START = re.compile(r"\s*(?:\d{1,3}(?:[.)]\s|\s|(?=[A-Z“\"]))|[*†‡§¶∗]{1,3}\s?|\[\d{1,3}\]\s)")
_RIGHTS = re.compile(
    r"(?:permission to make|copyright|©|\(c\)\s|this work is licensed|supported by|all rights)", re.I
)


def mark_furniture(pages: list[Page]) -> None:
    """Mark running heads, running feet and page numbers in the outer parts of the pages.

    A head is a line that recurs within a few pages at the same height, its numbers aside, with no other kind
    of line further out; a page number is a number that keeps its distance to the page's own.
    """
    edges = {page.number: _outer_lines(page) for page in pages}
    keys: dict[int, list[tuple[str, float, Line]]] = {
        number: [(_key(line.text), line.baseline, line) for line in lines] for number, lines in edges.items()
    }
    offset = _number_offset(pages, edges)
    # pages nearby that have the same line; a page or two of text are no coincidence
    enough = 1 if len(pages) <= 3 and all(len(page.lines) >= FULL_PAGE_LINES for page in pages) else 2
    heights: Counter[int] = Counter()
    sure: set[int] = set()
    for page in pages:
        near = [n for n in range(page.number - NEAR_PAGES, page.number + NEAR_PAGES + 1) if n != page.number]
        for key, height, line in keys[page.number]:
            again = sum(
                any(other == key and abs(at - height) < SAME_HEIGHT for other, at, _ in keys.get(number, []))
                for number in near
            )
            lone = _PAGE_NUMBER.fullmatch(line.text)
            printed = _number(line.text)
            expected = offset is not None and printed == page.number + offset
            counted = printed is not None and again >= enough and _counts_on(page.number, line, near, keys)
            if (
                (lone and (expected or counted or (again >= enough and offset is None)))
                or (again >= enough and not lone and len(key) > 1)
                or (again >= 1 and expected)
            ):
                sure.add(id(line))
                heights[round(height)] += 1
    for page in pages:
        for key, height, line in keys[page.number]:
            # the head of a short chapter is seen once, but stands where heads stand, with the page's number
            at_head_height = sum(heights[round(height) + d] for d in (-2, -1, 0, 1, 2)) >= 3
            if (
                id(line) not in sure
                and at_head_height
                and (
                    _carries(line.text, page.number, offset)
                    or (len(key) < HEAD_CHARACTERS and _alone_outside(page, line))
                )
            ):
                sure.add(id(line))
    for page in pages:
        _mark_from_outside(page, edges[page.number], sure)


def mark_contents(pages: list[Page]) -> None:
    """Mark printed lists of contents: leaders, or numbers at line ends under “Contents”, prevail there."""
    going = False
    for page in pages:
        lines = [line for line in page.lines if line.skip is None]
        if not lines:
            continue
        leaders = [bool(_LEADERS.search(line.text)) for line in lines]
        numbered = [
            bool(_ENDS_IN_NUMBER.search(line.text)) or leader
            for line, leader in zip(lines, leaders, strict=True)
        ]
        heading = next(
            (i for i, line in enumerate(lines[:6]) if _CONTENTS.fullmatch(line.text.strip(" .:"))), None
        )
        if sum(leaders) < LEADER_LINES and not (
            (heading is not None or going) and sum(numbered) >= LEADER_LINES
        ):
            going = False
            continue
        marks = leaders if sum(leaders) >= LEADER_LINES else numbered
        first = marks.index(True)
        last = len(marks) - 1 - marks[::-1].index(True)
        dense = sum(numbered[first : last + 1]) > 0.35 * (last + 1 - first)
        going = dense and last >= len(lines) - 6
        if not dense:
            continue
        start = heading if heading is not None and heading < first else first
        for line in lines[start : last + 1]:
            line.skip = SkipReason.CONTENTS


def mark_footnotes(pages: list[Page], below_size: float) -> None:
    """Mark notes at the foot of pages and columns: small print that begins with a mark, nothing below it.

    below_size: notes are set smaller than this, points.
    """
    open_note = False  # the page before ended inside a note
    for page in pages:
        lines = [line for line in page.lines if line.skip is None]
        ended_in_note = False
        for start, end in _small_stretches(lines, below_size):
            stretch = lines[start:end]
            if stretch[0].top > 0.62 * page.height or not _nothing_below(stretch, lines):
                continue
            first = next(
                (i for i, line in enumerate(stretch) if _starts_note(line) or _RIGHTS.match(line.text)), None
            )
            if first is None and open_note:
                first = 0
            if first is not None:
                for line in stretch[first:]:
                    line.skip = SkipReason.NOTE
                ended_in_note = not re.search(r"[.!?)”\"]$", stretch[-1].text)
        open_note = ended_in_note
        _tell_numbers(page)


def _tell_numbers(page: Page) -> None:
    """Let the lines of the body know which note numbers to look for."""
    notes = [line.text for line in page.lines if line.skip is SkipReason.NOTE]
    numbers = frozenset(match[1] for text in notes if (match := re.match(r"(\d{1,3})\D", text)))
    for line in page.lines:
        if line.skip is None:
            line.notes = numbers


def _outer_lines(page: Page) -> list[Line]:
    reach = EDGE_SHARE * page.height
    far = NUMBER_EDGE_SHARE * page.height
    readable = [line for line in page.lines if line.skip is None]
    lowest = min(readable, key=lambda line: line.baseline, default=None)
    highest = max(readable, key=lambda line: line.baseline, default=None)
    outermost = sorted(readable, key=lambda line: line.baseline)
    candidates = {id(line) for line in (*outermost[:EDGE_LINES], *outermost[-EDGE_LINES:])}
    return [
        line
        for line in readable
        if id(line) in candidates
        and (
            line.baseline > page.height - reach
            or line.baseline < reach
            or (line is lowest and line.baseline < far and _PAGE_NUMBER.fullmatch(line.text))
            or (line is highest and line.baseline > page.height - far and _PAGE_NUMBER.fullmatch(line.text))
        )
    ]


def _counts_on(
    page: int, line: Line, near: list[int], keys: dict[int, list[tuple[str, float, Line]]]
) -> bool:
    """Whether numbers nearby, at the same height, count the pages as this one does: parts count anew."""
    printed = _number(line.text)
    return printed is not None and any(
        abs(height - line.baseline) < SAME_HEIGHT and _number(other.text) == printed + number - page
        for number in near
        for _, height, other in keys.get(number, [])
    )


def _key(text: str) -> str:
    return _DIGITS.sub("#", text).casefold().strip()


def _number(text: str) -> int | None:
    """The only number of a line, Arabic or, alone, Roman; None where there is none or several."""
    digits = re.findall(r"\d+", text)
    if len(digits) == 1 and len(digits[0]) <= 4:
        return int(digits[0])
    return None


def _carries(text: str, page: int, offset: int | None) -> bool:
    return offset is not None and str(page + offset) in re.findall(r"\d+", text)


def _number_offset(pages: list[Page], edges: dict[int, list[Line]]) -> int | None:
    """Printed page number minus page index, where most numbers in the margins agree on it."""
    votes: Counter[int] = Counter()
    for page in pages:
        found = {int(digits) - page.number for line in edges[page.number] if len(line.text) < 120
                 for digits in re.findall(r"\d{1,4}", line.text)}  # fmt: skip
        votes.update(found)
    if not votes:
        return None
    best, count = votes.most_common(1)[0]
    return best if count >= max(2, 0.3 * len(pages)) else None


def _alone_outside(page: Page, line: Line) -> bool:
    """Nothing lies further out, and there is a clear gap to the text inside."""
    others = [other for other in page.lines if other is not line]
    if line.baseline > page.height / 2:
        further = [other for other in others if other.baseline > line.baseline + 2]
        inner = [line.bottom - other.top for other in others if other.baseline < line.baseline - 2]
    else:
        further = [other for other in others if other.baseline < line.baseline - 2]
        inner = [other.bottom - line.top for other in others if other.baseline > line.baseline + 2]
    return not further and bool(inner) and min(inner) > 0.6 * line.size


def _mark_from_outside(page: Page, lines: list[Line], sure: set[int]) -> None:
    """Heads lie outermost: stop at the first line that is none."""
    for upper in (True, False):
        side = [line for line in lines if (line.baseline > page.height / 2) is upper]
        rows: dict[int, list[Line]] = defaultdict(list)
        for line in side:
            rows[round(line.baseline / 3)].append(line)
        for row in sorted(rows, reverse=upper):
            found = [line for line in rows[row] if id(line) in sure]
            if not found:
                break
            for line in rows[row]:
                beside = len(found) >= len(rows[row]) / 2 and len(line.text) < HEAD_CHARACTERS
                if line in found or beside:
                    lone = _PAGE_NUMBER.fullmatch(line.text)
                    line.skip = SkipReason.PAGE_NUMBER if lone else SkipReason.RUNNING_HEAD


def _small_stretches(lines: list[Line], below_size: float) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    start: int | None = None
    for index, line in enumerate([*lines, None]):
        small = line is not None and line.size < below_size
        moved_up = (
            start is not None and line is not None and index and line.baseline > lines[index - 1].baseline + 1
        )
        if start is not None and (not small or moved_up):
            found.append((start, index))
            start = None
        if small and start is None:
            start = index
    return found


def _nothing_below(stretch: list[Line], lines: list[Line]) -> bool:
    """No text of the body's size stands below the stretch in its own column."""
    foot = min(line.baseline for line in stretch)
    left, right = min(line.left for line in stretch), max(line.right for line in stretch)
    inside = {id(line) for line in stretch}
    return not any(
        other.baseline < foot - 1
        and other.size >= 1.04 * stretch[0].size
        and min(other.right, right) - max(other.left, left) > 10
        for other in lines
        if id(other) not in inside
    )


def _starts_note(line: Line) -> bool:
    first, reason = line.pieces()[0]
    return reason is SkipReason.NOTE_MARK or bool(_NOTE_START.match(first))
