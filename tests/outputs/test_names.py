from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outputs.names import NAME_BYTES, file_name, listener_titles, one_line

ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=300) | st.text(
    st.sampled_from("aA. :/\\|?*<>\"'-\u200d\u202eé\u0301🦊👩👍🏽漢ثק~CONnul1.\t\n\0"), max_size=200
)
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"
}


@given(ANY_TEXT)
def test_a_file_name_is_one_that_every_file_system_takes(title: str) -> None:
    name = file_name(title, "Untitled")
    assert 0 < len(name.encode()) <= NAME_BYTES
    assert not set(name) & set('<>:"/\\|?*')
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in name)
    assert name[-1] not in " ."
    assert name[0] not in " ."
    assert name.partition(".")[0].rstrip().casefold() not in DEVICES
    assert unicodedata.is_normalized("NFC", name)


@given(ANY_TEXT)
def test_naming_a_name_changes_nothing(title: str) -> None:
    name = file_name(title, "Untitled")
    assert file_name(name, "Untitled") == name


@given(ANY_TEXT, st.integers(20, 60))
def test_a_name_is_as_short_as_it_is_asked_to_be(title: str, most_bytes: int) -> None:
    assert len(file_name(title, "x", most_bytes).encode()) <= most_bytes


@given(ANY_TEXT)
def test_one_line_is_one_line_that_can_be_written(text: str) -> None:
    line = one_line(text)
    assert line == line.strip()
    assert len(line.splitlines()) <= 1
    assert "\0" not in line
    line.encode()


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Alice’s Adventures in Wonderland", "Alice’s Adventures in Wonderland"),
        ("Frankenstein: or, the Modern Prometheus", "Frankenstein - or, the Modern Prometheus"),
        ("AC/DC at 12:30", "AC-DC at 12-30"),
        ('Say "Yes"?', "Say 'Yes'"),
        ("Etc...", "Etc"),
        (".hidden", "hidden"),
        ("CON", "_CON"),
        ("aux.txt", "_aux.txt"),
        ("Consul", "Consul"),
        ("COM10", "COM10"),
        ("ثعلب سريع", "ثعلب سريع"),
        ("\u202eevil", "evil"),
        ("👩\u200d🚀 in space 🦊", "👩\u200d🚀 in space 🦊"),
        ("???", "Untitled"),
        ("", "Untitled"),
        ("two\nlines\0", "two lines"),
    ],
)
def test_a_name_keeps_what_it_can(title: str, name: str) -> None:
    assert file_name(title, "Untitled") == name


def test_a_long_name_is_cut_between_characters_as_they_are_seen() -> None:
    astronaut = "👩🏽\u200d🚀"
    assert file_name("x" + astronaut * 20, "x", 32) == "x" + astronaut * 2
    assert file_name("a" * 9 + "q\u0323\u0307", "x", 11) == "a" * 9


def test_titles_that_occur_twice_get_their_part_and_else_their_number() -> None:
    chapters = [
        (1, "Alice", ()),
        (2, "I", ("Part One",)),
        (3, "II", ("Part One",)),
        (4, "I", ("Part Two",)),
        (5, "Notes", ()),
        (6, "Notes", ()),
        (7, " \n", ()),
    ]
    assert listener_titles(chapters, "Alice") == (
        "1. Alice",
        "Part One: I",
        "II",
        "Part Two: I",
        "5. Notes",
        "6. Notes",
        "Chapter 7",
    )


def test_the_only_chapter_may_be_called_like_the_book() -> None:
    assert listener_titles([(1, "Alice", ())], "Alice") == ("Alice",)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "A", "B", "1. A", "2. A", "2. 1. A", "P: A", "Book", "Chapter 2"]),
            st.sampled_from([(), ("P",), ("P", "Q")]),
        ),
        min_size=2,
        max_size=8,
    )
)
def test_a_players_titles_are_all_different_and_none_is_the_books(
    chapters: list[tuple[str, tuple[str, ...]]],
) -> None:
    numbered = [(number, title, parents) for number, (title, parents) in enumerate(chapters, 1)]
    titles = listener_titles(numbered, "Book")
    assert len(set(titles)) == len(chapters)
    assert "Book" not in titles
    for title, (number, given_title, _) in zip(titles, numbered, strict=True):
        assert title.endswith(given_title or f"Chapter {number}")
        assert not re.search(r"\s$", title)
