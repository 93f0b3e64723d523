"""A listener's choice of chapters ("2-4,7") into the chapters of a book."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from inputs.book import Book, Chapter
from inputs.errors import NoSuchChapter

CHOICE_PATTERN: Final = r"^\s*\d+(\s*-\s*\d+)?(\s*,\s*\d+(\s*-\s*\d+)?)*\s*$"


def chosen_chapters(book: Book, choice: str | None) -> tuple[tuple[int, Chapter], ...]:
    """The chapters to speak, in the book's order, each with its number among those that are spoken.

    choice: numbers and ranges as `CHOICE_PATTERN` has them, "2-4,7"; None chooses all.

    Raises:
        NoSuchChapter: a number is not one of the book's, or a range is the wrong way round.
    """
    numbered = tuple(enumerate(book.spoken_chapters, start=1))
    if choice is None:
        return numbered
    wanted = numbers_in(choice, len(numbered), book.source)
    return tuple((number, chapter) for number, chapter in numbered if number in wanted)


def numbers_in(choice: str, last: int, document: Path) -> set[int]:
    """The numbers that a choice names, of 1 to `last`.

    Raises:
        NoSuchChapter: a number is not one of the document's, or a range is the wrong way round.
    """
    wanted: set[int] = set()
    for piece in choice.split(","):
        ends = [int(number) for number in re.findall(r"\d+", piece)]
        begin, end = ends[0], ends[-1]
        if not 1 <= begin <= end <= last:
            raise NoSuchChapter(
                document,
                f"there are no chapters {piece.strip()}" if begin != end else f"there is no chapter {begin}",
                f"It has chapters 1 to {last}; `bindery inspect` lists them",
            )
        wanted.update(range(begin, end + 1))
    return wanted
