"""A plain text to a Book: paragraphs, verse and headings by how its lines stand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from inputs.book import Block, BlockKind, Book, Skip, SkipReason, TextPlace
from inputs.gutenberg import begins_licence, ends_header, names_the_makers
from inputs.one_piece import Facts, book_of
from inputs.text_groups import Group, laid_out
from inputs.text_headings import Heading, headings_of, lists_contents
from inputs.wording import is_ornament, one_line, word
from inputs.xhtml import ContentDocument, Passage

# Lines that are all shorter than this share of the width were broken by the author, as verse is.
NARROW: Final = 0.75
_BY: Final = re.compile(r"(?:(?:written )?by|von|par|de|di|por|door|av)(?:\s+(\S.{1,60}))?:?", re.I)
_TITLE_BY: Final = re.compile(r"(.{2,100}?),? [Bb][Yy] ((?:[A-Z][\w.'’-]* ?){1,5})")
_NOTE: Final = re.compile(r"\[(?:foot|end)?note\b.*\]|\[(?:anmerkung|fußnote|note de)\b.*\]", re.I | re.S)
_PICTURE: Final = re.compile(
    r"\[(?:illustration|image|frontispiece)(?::\s*(?P<caption>.+?)\s*|\.)?\]", re.I | re.S
)
_HYPHENED: Final = re.compile(r"(\w+)-\n\s*(\w+)")
_WORDS: Final = re.compile(r"\w+(?:-\w+)*")
_OPENING_GROUPS: Final = 12
_HEADER_GROUPS: Final = 200


def read_plain_text(path: Path, sha256: str, text: str) -> Book:
    r"""Read a text that has no markup.

    text: with "\n" at its lines' ends.

    Raises:
        EmptyDocument: there is nothing to speak in it.
    """
    layout = laid_out(text)
    begin, end = _without_licence(layout.groups)
    found = headings_of(layout.groups[begin:end])
    headings = {begin + index: heading for index, heading in found.items()}
    facts, title_groups = _facts(layout.groups[:end], headings, begin)
    words = Counter(match.group().lower() for match in _WORDS.finditer(text))
    passages: list[Passage] = []
    for index, group in enumerate(layout.groups):
        heading = headings.get(index)
        if index in title_groups and heading is None:
            heading = Heading(1, "", len(group.lines), "")
        passages += _passages(group, heading, layout.width, words)
    content = ContentDocument(path.name, "", tuple(passages), {}, ())
    return book_of(path, sha256, "text", content, facts)


def _passages(group: Group, heading: Heading | None, width: int, words: Counter[str]) -> Iterator[Passage]:
    taken = heading.lines if heading is not None else 0
    if heading is not None:
        rows = group.rows if taken == len(group.lines) else taken
        yield _passage(
            BlockKind.HEADING, "\n".join(group.lines[:taken]), group, 0, rows, heading.level, words
        )
    rest = group.lines[taken:]
    if not rest:
        return
    text = "\n".join(rest)
    if group.is_rule or is_ornament(text):
        kind = BlockKind.SEPARATOR
    elif lists_contents(group) or _is_verse(rest, width):
        kind = BlockKind.VERSE
    else:
        kind = BlockKind.PARAGRAPH
    yield _passage(kind, text, group, taken, len(group.lines) - taken, None, words)


def _passage(
    kind: BlockKind, raw: str, group: Group, first: int, rows: int, level: int | None, words: Counter[str]
) -> Passage:
    """Text of the group from its line `first` on."""
    keeps_lines = kind is BlockKind.VERSE
    if not keeps_lines:
        raw = _HYPHENED.sub(lambda match: _rejoined(match, words), raw)
        raw = re.sub(r"(--|—)\n\s*", r"\1", raw)
    text, _, _ = word([(raw, None)], keep_lines=keeps_lines)
    start = group.first_line + first
    place = TextPlace(start, start + max(rows, 1) - 1)
    skip: SkipReason | None = None
    skips: tuple[Skip, ...] = ()
    picture = _PICTURE.fullmatch(text)
    if kind is BlockKind.SEPARATOR:
        skip = SkipReason.ORNAMENT
    elif _NOTE.fullmatch(text):
        kind, skip = BlockKind.NOTE, SkipReason.NOTE
    elif picture and picture["caption"]:
        kind = BlockKind.CAPTION
        bounds = (0, picture.start("caption")), (picture.end("caption"), len(text))
        skips = tuple(Skip(begin, end, SkipReason.IMAGE) for begin, end in bounds)
    elif picture:
        kind, skip = BlockKind.IMAGE_ALT, SkipReason.IMAGE
    elif keeps_lines and lists_contents(group):
        skip = SkipReason.CONTENTS
    return Passage(Block(kind, text, place, skip, skips), level, frozenset(), 0)


def _rejoined(match: re.Match[str], words: Counter[str]) -> str:
    """A word divided at the line's end: whole, or with its hyphen where it is written so elsewhere."""
    whole, hyphened = (match[1] + match[2]).lower(), f"{match[1]}-{match[2]}".lower()
    if words[whole]:
        return match[1] + match[2]
    parts = words[match[1].lower()] > 1 and words[match[2].lower()] > 1
    return f"{match[1]}-{match[2]}" if words[hyphened] or parts else match[1] + match[2]


def _is_verse(lines: Sequence[str], width: int) -> bool:
    """Lines that the author broke: short ones, on which the next line's first word would have had room."""
    if len(lines) < 2:
        return False
    longest = max(len(line.strip()) for line in lines)
    if longest > 70 or any(
        line.rstrip()[-2:-1].isalpha() and line.rstrip().endswith("-") for line in lines[:-1]
    ):
        return False
    if not width:
        return True
    if len(lines) <= 3:
        return longest < NARROW * width and all(_has_room(a, b, width) for a, b in pairwise(lines))
    roomy = sum(_has_room(above, below, longest) for above, below in pairwise(lines)) / (len(lines) - 1)
    return roomy >= (0.25 if longest < NARROW * width else 0.6)


def _has_room(above: str, below: str, width: int) -> bool:
    first_word = re.split(r"[\s—]|--", below.strip(), maxsplit=1)[0]
    return len(above.strip()) + 1 + len(first_word) <= width


def _facts(groups: Sequence[Group], headings: dict[int, Heading], begin: int) -> tuple[Facts, set[int]]:
    """Title and author as the title page has them, from group `begin` on; and which groups make the title."""
    first_heading = min(headings, default=len(groups))
    opening = [
        index
        for index in range(begin, min(first_heading, begin + _OPENING_GROUPS))
        if not groups[index].is_rule
    ]
    title: list[str] = []
    for place, index in enumerate(opening):
        lines = [line.strip() for line in groups[index].lines]
        if names_the_makers(lines[0]):
            continue
        by = next((place for place, line in enumerate(lines) if _BY.fullmatch(line)), None)
        if by is None:
            title += lines
            if not _is_title_line(groups[index]):
                break
            continue
        name = one_line(" ".join([_BY.sub(r"\1", lines[by]), *lines[by + 1 :]]))
        if not name and place + 1 < len(opening):
            name = one_line(" ".join(groups[opening[place + 1]].lines))
        named = one_line(" ".join(title + lines[:by]))
        if name and named and len(named) <= 160 and len(name) <= 80:
            return Facts(title=_uncapped(named), authors=(_uncapped(name),)), {opening[0]}
        break
    if opening and headings and _is_title_line(groups[opening[0]]):
        named = one_line(groups[opening[0]].lines[0])
        together = _TITLE_BY.fullmatch(named)
        authors = (_uncapped(together[2].strip()),) if together else ()
        return Facts(title=_uncapped(together[1] if together else named), authors=authors), {opening[0]}
    return Facts(), set()


def _without_licence(groups: Sequence[Group]) -> tuple[int, int]:
    """Where the book begins and ends: between Project Gutenberg's header and licence, where they are."""
    header = [i for i, group in enumerate(groups[:_HEADER_GROUPS]) if any(map(ends_header, group.lines))]
    begin = max(header, default=-1) + 1
    licence = (i for i in range(begin, len(groups)) if any(map(begins_licence, groups[i].lines)))
    return begin, next(licence, len(groups))


def _is_title_line(group: Group) -> bool:
    text = one_line(" ".join(group.lines))
    return (
        len(group.lines) <= 6 and len(text) <= 160 and text[-1:] not in ".,;:" and any(map(str.isalpha, text))
    )


def _uncapped(title: str) -> str:
    """“THE LAMP AND THE BELL” as “The Lamp and the Bell”."""
    if not title.isupper():
        return title
    small = {"a", "an", "and", "as", "at", "but", "by", "for", "from", "in", "nor", "of", "on", "or", "the",
             "to", "with"}  # fmt: skip
    words = [
        word if word in small and place else word.capitalize()
        for place, word in enumerate(title.lower().split())
    ]
    return " ".join(words)
