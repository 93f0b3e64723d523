"""Lines that a page stores across its columns to lines in the order in which columns are read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from inputs.pdf_pages import Line, Page

GAP = 0.8  # font sizes; gutters of narrow columns are that wide, spaces between words narrower
LEAST_ROWS = 6
GUTTERS = 4
APART = 2.2  # font sizes between baselines; what is further off does not belong to the columns
# What tells running text from the cells of a table: lines that fill their column and begin inside a sentence
FULL, FULL_LINES = 0.7, 0.6
CELL_CHARACTERS = 14
INSIDE_SENTENCE = 0.3


@dataclass(frozen=True, slots=True)
class _Joint:
    """A step to the right within a row: from one column to the next, or from cell to cell."""

    left: float  # where the text before ends
    right: float  # where the text behind begins
    baseline: float


@dataclass(frozen=True, slots=True)
class _Band:
    """A height of the page over which a gutter stays free."""

    gutter: float
    top: float
    bottom: float
    rows: int  # that have text on both sides


def put_in_columns(page: Page) -> None:
    """Read columns one after the other where the page stores them row by row; tables stay as they are."""
    joints = _joints([line for line in page.lines if line.skip is None])
    if len(joints) < LEAST_ROWS:
        return
    found = [band for gutter in _gutters(joints) for band in _bands(gutter, joints, page.lines)]
    sure: set[float] = set()
    for gutters, top, bottom in _heights([band for band in found if band.rows >= LEAST_ROWS]):
        columns = _columns(page.lines, gutters, top, bottom)
        if _reads(columns):
            sure.update(gutters)
    # where text stands in columns it does so above and below a picture, too, if only for some lines
    for gutters, top, bottom in _heights([band for band in found if band.gutter in sure]):
        page.lines = _reordered(page.lines, gutters, top, bottom)


def _heights(bands: list[_Band]) -> list[tuple[list[float], float, float]]:
    """Heights over which the same gutters stay free, downwards: (gutters, top, bottom)."""
    edges = sorted({edge for band in bands for edge in (band.top, band.bottom)}, reverse=True)
    found = [
        (sorted(band.gutter for band in bands if band.bottom <= bottom and top <= band.top), top, bottom)
        for top, bottom in pairwise(edges)
    ]
    return [height for height in found if height[0]]


def _joints(lines: Sequence[Line]) -> list[_Joint]:
    found: list[_Joint] = []
    before: Line | None = None
    for line in lines:
        for one, other in pairwise(line.runs):
            if other.left - one.right > GAP * line.size:
                found.append(_Joint(one.right, other.left, line.baseline))
        if before is not None and abs(before.baseline - line.baseline) < 0.9 * line.size:
            left, right = (before, line) if before.left < line.left else (line, before)
            if right.left - left.right > GAP * line.size:
                found.append(_Joint(left.right, right.left, line.baseline))
        before = line
    return found


def _gutters(joints: list[_Joint]) -> list[float]:
    """Places (points) that the most joints have in common."""
    found: list[float] = []
    left = list(joints)
    while len(left) >= LEAST_ROWS and len(found) < GUTTERS:
        # the best place is where some joint begins: right before the column behind it
        lefts, rights = sorted(joint.left for joint in left), sorted(joint.right for joint in left)
        counts = {start: bisect_left(lefts, start) - bisect_left(rights, start) for start in rights}
        best = max(counts, key=lambda start: counts[start])
        if counts[best] < LEAST_ROWS:
            break
        place = best - 0.1
        found.append(place)
        left = [joint for joint in left if not joint.left < place < joint.right]
    return found


def _bands(gutter: float, joints: list[_Joint], lines: Sequence[Line]) -> list[_Band]:
    """The heights between lines that cross the gutter, as far as columns stand there."""
    rows = sorted((joint.baseline for joint in joints if joint.left < gutter < joint.right), reverse=True)
    downwards = sorted(lines, key=lambda line: -line.baseline)
    bands: list[_Band] = []
    free: list[Line] = []
    for line in [*downwards, None]:
        if (
            line is not None
            and not _crosses(line, gutter)
            and (not free or free[-1].baseline - line.baseline < APART * max(line.size, free[-1].size))
        ):
            free.append(line)
            continue
        if free:
            top, bottom = free[0].baseline, free[-1].baseline
            count = len({round(row) for row in rows if bottom <= row <= top})
            if count:
                bands.append(_Band(gutter, top + 0.1, bottom - 0.1, count))
        free = [line] if line is not None and not _crosses(line, gutter) else []
    return bands


def _crosses(line: Line, gutter: float) -> bool:
    return any(run.left < gutter - 1 and run.right > gutter + 1 for run in line.runs) or any(
        one.right <= gutter + 1 and other.left >= gutter - 1 and other.left - one.right <= GAP * line.size
        for one, other in pairwise(line.runs)
    )


def _columns(lines: list[Line], gutters: list[float], top: float, bottom: float) -> list[list[Line]]:
    """The lines between two heights, cut at the gutters, by column."""
    columns: list[list[Line]] = [[] for _ in range(len(gutters) + 1)]
    for line in lines:
        if bottom <= line.baseline <= top:
            for part in _cut(line, gutters):
                columns[sum(part.left > gutter - 1 for gutter in gutters)].append(part)
    return columns


def _reads(columns: list[list[Line]]) -> bool:
    *full, last = columns
    if len(last) < LEAST_ROWS:  # the text ends there
        return bool(last) and all(map(_is_running_text, full))
    return all(map(_is_running_text, columns))


def _reordered(lines: list[Line], gutters: list[float], top: float, bottom: float) -> list[Line]:
    """The lines between two heights column by column, in the place of the first."""
    columns = _columns(lines, gutters, top, bottom)
    for column in columns:
        rises = any(two.baseline > one.baseline + APART * two.size for one, two in pairwise(column))
        if rises:  # stored in an order of its own
            column.sort(key=lambda line: -line.baseline)
    inside = [place for place, line in enumerate(lines) if bottom <= line.baseline <= top]
    if not inside:  # between the heights of two gutters there may be none
        return lines
    taken = set(inside)
    before = lines[: inside[0]]
    behind = [line for place, line in enumerate(lines) if place > inside[0] and place not in taken]
    return [*before, *(line for column in columns for line in column), *behind]


def _cut(line: Line, gutters: list[float]) -> list[Line]:
    parts: list[list[int]] = []
    columns = [sum(run.left > gutter - 1 for gutter in gutters) for run in line.runs]
    for place, column in enumerate(columns):
        if not parts or column != columns[place - 1]:
            parts.append([])
        parts[-1].append(place)
    if len(parts) == 1:
        return [line]
    cut = []
    for part in parts:
        first, *rest = (line.runs[place] for place in part)
        cut.append(Line(line.page, (replace(first, text=first.text.lstrip()), *rest), line.skip))
    return [part for part in cut if part.text]


def _is_running_text(column: list[Line]) -> bool:
    if len(column) < LEAST_ROWS:
        return False
    widths = sorted(line.right - line.left for line in column)
    width = widths[int(0.9 * (len(widths) - 1))]
    starts = [line.text[0] for line in column]
    cased = [start for start in starts if start.isupper() or start.islower()]
    return (
        sum(line.right - line.left >= FULL * width for line in column) >= FULL_LINES * len(column)
        and median(len(line.text) for line in column) >= CELL_CHARACTERS
        and sum(start.islower() for start in cased) >= INSIDE_SENTENCE * len(cased)
        and sum(start.isdigit() for start in starts) < 0.5 * len(starts)
    )
