"""Whatever a page looks like, all of its text is in the book, once, and nothing untyped is raised."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inputs.book import Book
from inputs.errors import DocumentError
from inputs.pdf_columns import put_in_columns
from inputs.pdf_garbled import mark_unreadable
from inputs.pdf_layout import laid_out
from inputs.pdf_pages import LINE_HYPHEN, Page, page_of
from inputs.read import read

WritePdf = Callable[..., Path]

WORDS = st.sampled_from(
    ["the", "Keeper", "light-", "1.", "2", "•", "[3]", "Figure 4.", "CHAPTER", "Contents", "....", "x", "=",
     "naïve", "ﬁnd", "“so”", "12 of 40", "\ufffe", "\x04", "0SVIQ\x04MTWYQ", "平成", "سلام", "\uf0b7",
     "e\u0301"]
)  # fmt: skip
TEXTS = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)
PROSE = st.sampled_from(
    ["The keeper had not seen a soul", "since the boat came in March,", "and he did not mind it much."]
)
PLACES = st.one_of(st.integers(-20, 620), st.sampled_from([30, 50, 200, 210, 500, 514, 560, 590]))
SIZES = st.sampled_from([0.5, 6.0, 7.0, 9.0, 11.0, 11.0, 11.0, 14.0, 24.0, 300.0])
FONTS = st.sampled_from(["Times", "Times-Bold", "Courier", "CMMI10"])


@st.composite
def runs(draw: st.DrawFn, left: float, baseline: float) -> list[object]:
    """A run as the worker prints it."""
    text, size, font = draw(TEXTS), draw(SIZES), draw(FONTS)
    right = left + 0.5 * size * len(text)
    return [text, left, baseline - 2, right, baseline + size, size, font, "Bold" in font, baseline]


@st.composite
def lines(draw: st.DrawFn) -> list[object]:
    left, baseline = float(draw(PLACES)), float(draw(PLACES))
    found: list[list[object]] = []
    for _ in range(draw(st.integers(1, 4))):
        run = draw(runs(left, baseline + draw(st.sampled_from([0, 0, 0, 4]))))
        left = float(str(run[3])) + draw(st.sampled_from([0, 2, 20, 60]))
        found.append(run)
    return [draw(st.sampled_from(["", "", "", "", "h", "t"])), found]


@st.composite
def columns(draw: st.DrawFn) -> list[list[object]]:
    """Columns stored row by row: a table, or lines of prose, some in one line of the file."""
    count, rows = draw(st.integers(2, 4)), draw(st.integers(3, 12))
    step = draw(st.sampled_from([60, 110, 160]))
    found: list[list[object]] = []
    prose = draw(st.booleans())
    for row in range(rows):
        baseline = 550.0 - 12 * row
        cells: list[list[object]] = []
        for column in range(count):
            left = 30.0 + step * column
            line = [
                draw(PROSE),
                left,
                baseline - 2,
                left + step - 12,
                baseline + 8,
                8.0,
                "Times",
                False,
                baseline,
            ]
            cells.append(line if prose else draw(runs(left, baseline)))
        found += [["", cells]] if draw(st.booleans()) else [["", [cell]] for cell in cells]
    return found


PAGES = st.lists(
    st.builds(lambda loose, rows: loose + rows, st.lists(lines(), max_size=8), columns() | st.just([])),
    min_size=1,
    max_size=5,
)


def squeezed(text: str) -> Counter[str]:
    """Characters, whatever their order; hyphens, spaces and cell marks apart, which lines are joined by."""
    plain = unicodedata.normalize("NFKD", text)
    return Counter(re.sub(rf"[\s|{LINE_HYPHEN}\u00ad-]", "", plain))


def text_of(book: Book) -> str:
    return "".join(block.text for chapter in book.chapters for block in chapter.blocks)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PAGES)
def test_the_blocks_of_any_pages_add_up_to_their_text(printed: list[list[list[object]]]) -> None:
    pages: list[Page] = [
        page_of({"page": number, "width": 400, "height": 600, "lines": found})
        for number, found in enumerate(printed)
    ]
    source = squeezed("".join(str(run[0]) for page in printed for line in page for run in line[1]))  # type: ignore[attr-defined]
    mark_unreadable(pages)
    for page in pages:
        put_in_columns(page)
    document = laid_out(pages, [])
    assert squeezed("".join(block.text for block in document.blocks)) == source


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(
        st.lists(
            st.tuples(
                PLACES,
                PLACES,
                SIZES,
                st.booleans(),
                st.lists(st.sampled_from(["the", "Keeper", "light-", "1.", "[3]", "é", "“so”"]), min_size=1)
                .map(" ".join),
            ),
            max_size=12,
        ),
        min_size=1,
        max_size=3,
    )
)  # fmt: skip
def test_every_word_of_any_file_is_in_its_book(
    write_pdf: WritePdf, pages: list[list[tuple[float, float, float, bool, str]]]
) -> None:
    try:
        book = read(write_pdf(pages))
    except DocumentError:
        return
    drawn = squeezed("".join(text for page in pages for *_, text in page))
    # what is drawn twice at one place is a bold letter, and PDFium reads it once
    assert set(squeezed(text_of(book))) == set(drawn)


@pytest.mark.parametrize("number", ["1e38", "-1e38", "99999999999999999999", "0.0000001", "nan"])
def test_impossible_numbers_raise_nothing_untyped(write_pdf: WritePdf, number: str) -> None:
    page = [(50.0, 500.0, 11.0, False, "Good words here")]
    source = write_pdf([page]).read_bytes()
    for what in (b"11.0 Tf", b"1 0 0 1 50.0", b"[0 0 400 600]"):
        hostile = {
            b"11.0 Tf": f"{number} Tf",
            b"1 0 0 1 50.0": f"{number} 0 0 {number} {number}",
            b"[0 0 400 600]": f"[0 0 {number} {number}]",
        }[what]
        path = write_pdf([page], name="hostile.pdf")
        path.write_bytes(source.replace(what, hostile.encode()))
        try:
            read(path)
        except DocumentError as error:
            assert error.hint  # noqa: PT017
