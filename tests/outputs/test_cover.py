from __future__ import annotations

import struct

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

import outputs.cover
from inputs.book import Cover
from outputs.cover import COVER_PIXELS, drawn_cover


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any fonts of its own."""
    bundled = typst.Fonts(include_system_fonts=False)
    monkeypatch.setattr(outputs.cover.typst, "Fonts", lambda **_: bundled)


def test_a_cover_is_a_square_png_that_shops_take() -> None:
    drawn = drawn_cover("Pride and Prejudice", ("Jane Austen",), "en-gb")
    assert Cover.of(drawn.cover.data) == drawn.cover
    assert struct.unpack(">II", drawn.cover.data[16:24]) == (COVER_PIXELS, COVER_PIXELS)
    assert 2400 <= COVER_PIXELS <= 3000
    assert len(drawn.cover.data) < 500_000, "it goes into every chapter file"


def test_the_same_words_are_the_same_bytes_and_others_are_not() -> None:
    first = drawn_cover("Emma", ("Jane Austen",), "en")
    assert drawn_cover("Emma", ["Jane Austen"], "en") == first
    assert drawn_cover("Emma", ("Jane  Austen\n",), "en") == first, "as tags have it, on one line"
    others = [drawn_cover("Emma", (), "en"), drawn_cover("Emma II", ("Jane Austen",), "en")]
    assert len({first.cover.data, *(other.cover.data for other in others)}) == 3


@pytest.mark.parametrize(
    "title", ["Brontë, Čapek & Þórbergur: “’—”", "Война и мир", "Ὀδύσσεια", "אלף לילה", "ألف ليلة"]
)
def test_letters_of_these_scripts_are_drawn_on_every_machine(title: str) -> None:
    assert drawn_cover(title, (), "en").missing == ()


def test_letters_that_no_font_has_are_named_and_the_rest_is_drawn() -> None:
    drawn = drawn_cover("吾輩は猫 Cat", ("夏目 漱石", "A Cat"), "ja")
    assert drawn.missing == tuple("吾輩は猫夏目漱石")
    nothing = drawn_cover("吾輩", ("夏目",), "zh")
    assert nothing.missing == tuple("吾輩夏目")
    assert nothing.cover.media_type == "image/png"


def test_this_machines_own_fonts_are_asked_only_where_a_letter_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bool] = []
    bundled = typst.Fonts(include_system_fonts=False)

    def fonts(*, include_system_fonts: bool) -> typst.Fonts:
        asked.append(include_system_fonts)
        return bundled

    monkeypatch.setattr(outputs.cover.typst, "Fonts", fonts)
    drawn_cover("Brontë", (), "en")
    assert asked == [False]
    drawn_cover("吾輩", (), "ja")
    assert asked == [False, False, True]


@pytest.mark.parametrize(
    "title",
    ["", "#panic() $x$ *b* \\ `raw` <label> @ref", "x" * 2000, "word " * 400, "👩‍🚀 🇫🇷", "a\u0301\u200d"],
)
def test_a_title_is_words_and_never_markup_however_long(title: str) -> None:
    drawn = drawn_cover(title, (title,), "x-klingon")
    assert struct.unpack(">II", drawn.cover.data[16:24]) == (COVER_PIXELS, COVER_PIXELS)


@settings(max_examples=20, deadline=None)
@given(
    title=st.text(max_size=80),
    authors=st.lists(st.text(max_size=30), max_size=3),
    language=st.text(max_size=8),
)
def test_no_words_at_all_keep_a_cover_from_being_drawn(title: str, authors: list[str], language: str) -> None:
    assert drawn_cover(title, authors, language).cover.data.startswith(b"\x89PNG")
