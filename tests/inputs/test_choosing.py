from __future__ import annotations

import re
from pathlib import Path

import pytest

from inputs.book import Block, BlockKind, Book, Chapter, EpubPlace, SkipReason
from inputs.choosing import CHOICE_PATTERN, chosen_chapters
from inputs.errors import NoSuchChapter

PLACE = EpubPlace("x", None, 0, 1)
FRONT = Chapter("Imprint", (Block(BlockKind.PARAGRAPH, "©", PLACE, SkipReason.FRONT_MATTER),))
BOOK = Book(
    source=Path("a.epub"),
    sha256="",
    format="epub",
    title="",
    authors=(),
    language="en",
    chapters=(FRONT, *(Chapter(title, (Block(BlockKind.PARAGRAPH, "text", PLACE),)) for title in "abcdefg")),
)


@pytest.mark.parametrize(
    ("choice", "numbers"),
    [
        (None, [1, 2, 3, 4, 5, 6, 7]),
        ("2-4,7", [2, 3, 4, 7]),
        ("7, 2 - 4", [2, 3, 4, 7]),
        ("3", [3]),
        ("1-2,2-3", [1, 2, 3]),
    ],
)
def test_chapters_come_in_the_books_order_with_their_numbers(choice: str | None, numbers: list[int]) -> None:
    chosen = chosen_chapters(BOOK, choice)
    assert [number for number, _ in chosen] == numbers
    assert [chapter.title for _, chapter in chosen] == [" abcdefg"[number] for number in numbers]


@pytest.mark.parametrize("choice", ["0", "8", "3-9", "4-2"])
def test_a_chapter_that_is_not_there_is_named_with_those_that_are(choice: str) -> None:
    with pytest.raises(NoSuchChapter, match=rf"{choice}.*chapters 1 to 7"):
        chosen_chapters(BOOK, choice)


@pytest.mark.parametrize("choice", ["two", "1;2", "-3", "1-", "", "1,,2"])
def test_what_is_no_choice_does_not_fit_the_pattern(choice: str) -> None:
    assert not re.fullmatch(CHOICE_PATTERN, choice)
