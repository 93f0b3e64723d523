"""Lines of a plain text to groups: what stands between blank lines, cut where lines are paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# A text whose longer lines pass this was not wrapped: each of its lines is a paragraph.
WRAPPED_COLUMNS: Final = 120
TAB_COLUMNS: Final = 8
UNDERLINE: Final = re.compile(r"([=\-~^*_#])\1{2,}$")
_RULE: Final = re.compile(r"[\s*=_~#•·.\-–—+]+$")


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that belong together, without the blank ones around them."""

    lines: tuple[str, ...]  # with their indentation, without what follows the last letter
    first_line: int  # 1 is the first line of the file
    blank_before: int  # blank lines right above
    underline: str | None = None  # the character that the first line is underlined with, taken out of `lines`
    rows: int = 0  # lines of the file that the group takes, its underline included

    @property
    def is_rule(self) -> bool:
        """A line of dashes or asterisks."""
        return all(_RULE.match(line) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Layout:
    """How the text was typed."""

    groups: tuple[Group, ...]
    width: int  # columns at which its lines were broken; 0 where each line is a paragraph


def laid_out(text: str) -> Layout:
    """Group the lines of a text."""
    lines = [line.rstrip().expandtabs(TAB_COLUMNS) for line in text.replace("\f", "\n\n\n").split("\n")]
    lengths = sorted(len(line) for line in lines if line)
    width = lengths[int(len(lengths) * 0.9)] if lengths else 0
    if width > WRAPPED_COLUMNS:
        width = 0
    blocks = list(_between_blanks(lines))
    indents = not width or _marks_paragraphs_by_indents(blocks)
    groups: list[Group] = []
    for block in blocks:
        groups += _cut(block, width=width, indents=indents)
    return Layout(tuple(groups), width)


def _between_blanks(lines: list[str]) -> Iterator[Group]:
    start, blank = 0, 0
    while start < len(lines):
        if not lines[start].strip():
            blank += 1
            start += 1
            continue
        end = start
        while end < len(lines) and lines[end].strip():
            end += 1
        yield Group(tuple(lines[start:end]), start + 1, blank)
        start, blank = end, 0


def _marks_paragraphs_by_indents(groups: list[Group]) -> bool:
    """Few blank lines, and lines that begin further in: every such line begins a paragraph."""
    lines = sum(len(group.lines) for group in groups)
    return lines > 12 and lines / len(groups) > 12


def _cut(group: Group, *, width: int, indents: bool) -> Iterator[Group]:
    """The group at its underlined titles and, where the text is typed so, at its paragraphs."""
    start = 0
    lines = group.lines
    for index in range(1, len(lines)):
        above, line = lines[index - 1], lines[index]
        underlined = (
            UNDERLINE.fullmatch(line.strip()) and _fits_under(above, line) and index - 1 == start == 0
        )
        if underlined:
            if index - 1 > start:
                yield _part(group, start, index - 1)
            yield Group(
                (above,), group.first_line + index - 1, _blank(group, index - 1), line.strip()[0], rows=2
            )
            start = index + 1
        elif index > start and indents and _begins_paragraph(above, line, width, len(lines)):
            yield _part(group, start, index)
            start = index
    if start < len(lines):
        yield _part(group, start, len(lines))


def _part(group: Group, start: int, end: int) -> Group:
    return Group(group.lines[start:end], group.first_line + start, _blank(group, start), rows=end - start)


def _blank(group: Group, start: int) -> int:
    return group.blank_before if start == 0 else 0


def _fits_under(title: str, line: str) -> bool:
    return abs(len(title.rstrip()) - len(line.rstrip())) <= 3 and not _RULE.match(title)


def _begins_paragraph(above: str, line: str, width: int, lines: int) -> bool:
    if not width:
        # lines that are all short are verse, or a list
        return True
    indent = len(line) - len(line.lstrip())
    above_indent = len(above) - len(above.lstrip())
    return lines > 12 and (
        (1 < indent - above_indent <= TAB_COLUMNS)
        or (len(above) < 0.7 * width and above.rstrip()[-1:] in ".!?”\"'»:")
    )
