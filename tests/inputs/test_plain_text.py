"""A plain text becomes chapters of paragraphs, whatever its encoding and however it was typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inputs.book import Block, BlockKind, Book, Matter, SkipReason, TextPlace
from inputs.plain_text import read_plain_text
from inputs.read import read

STORM = """It was a dark and stormy night; the rain fell in torrents, except at
occasional intervals, when it was checked by a violent gust of wind which
swept up the streets (for it is in London that our scene lies)."""


def book(text: str) -> Book:
    return read_plain_text(Path("a.txt"), "", text)


def titles(text: str) -> list[str]:
    return [chapter.title for chapter in book(text).spoken_chapters]


def blocks(text: str) -> list[Block]:
    return [block for chapter in book(text).chapters for block in chapter.blocks]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Chapter 1", "Chapter 2"),
        ("CHAPTER I.", "CHAPTER II."),
        ("Chapter One: A Storm", "Chapter Two: A Calm"),
        ("Zweites Kapitel", "Drittes Kapitel"),
        ("Chapitre premier", "Chapitre II"),
        ("I.", "II."),
        ("THE FIRST STORM", "THE SECOND STORM"),
        ("The First Storm\n===============", "The Second Storm\n================"),
        ("PROLOGUE", "EPILOGUE"),
    ],
)
def test_headings_make_chapters(first: str, second: str) -> None:
    found = titles(f"{first}\n\n{STORM}\n\n\n{second}\n\n{STORM}\n")
    assert found == [first.partition("\n")[0], second.partition("\n")[0]]


def test_a_sentence_about_a_chapter_is_no_heading() -> None:
    assert titles(f"Chapter 1\n\n{STORM}\n\nChapter 3 of this book is short.\n\nChapter 2\n\n{STORM}") == [
        "Chapter 1",
        "Chapter 2",
    ]


def test_a_chapter_takes_its_title_from_the_line_below() -> None:
    text = f"CHAPTER I.\n\nDown the Rabbit-Hole\n\n{STORM}\n\nCHAPTER II.\nThe Pool of Tears\n\n{STORM}"
    assert titles(text) == ["CHAPTER I: Down the Rabbit-Hole", "CHAPTER II. The Pool of Tears"]


def test_chapters_of_parts_know_their_part() -> None:
    text = "".join(
        f"PART {part}\n\n" + "".join(f"Chapter {n}\n\n{STORM}\n\n" for n in (1, 2)) for part in ("ONE", "TWO")
    )
    chapters = book(text).spoken_chapters
    assert [(chapter.parents, chapter.title) for chapter in chapters] == [
        ((part,), f"Chapter {n}") for part in ("PART ONE", "PART TWO") for n in (1, 2)
    ]


def test_a_table_of_contents_makes_no_chapters_and_is_not_heard() -> None:
    listed = "CONTENTS\n\nCHAPTER I. A Storm\n\nCHAPTER II. A Calm\n\n\n"
    text = f"{listed}CHAPTER I. A Storm\n\n{STORM}\n\nCHAPTER II. A Calm\n\n{STORM}"
    assert titles(text) == ["CHAPTER I. A Storm", "CHAPTER II. A Calm"]
    assert blocks(text)[0].skip is SkipReason.CONTENTS


def test_title_and_author_come_from_the_title_page() -> None:
    found = book(f"THE LAMP AND THE BELL\n\nby\n\nEDNA WRITER\n\n\nCHAPTER I\n\n{STORM}")
    assert (found.title, found.authors) == ("The Lamp and the Bell", ("Edna Writer",))
    assert [chapter.title for chapter in found.spoken_chapters] == ["CHAPTER I"]


def test_gutenbergs_header_and_licence_are_read_for_their_facts_and_not_heard() -> None:
    text = (
        "The Project Gutenberg eBook\n\nTitle: A Storm\n\nAuthor: E. Writer\n\nLanguage: English\n\n"
        "*** START OF THE PROJECT GUTENBERG EBOOK A STORM ***\n\nProduced by many hands.\n\n"
        f"CHAPTER I\n\n{STORM}\n\nCHAPTER II\n\n{STORM}\n\n"
        "*** END OF THE PROJECT GUTENBERG EBOOK A STORM ***\n\nSection 1. Terms of use\n\nYou may copy it.\n"
    )
    found = book(text)
    assert (found.title, found.authors, found.language) == ("A Storm", ("E. Writer",), "en")
    heard = [b.text for c in found.spoken_chapters for b in c.blocks if b.skip is None]
    assert heard == ["CHAPTER I", " ".join(STORM.split()), "CHAPTER II", " ".join(STORM.split())]


def test_wrapped_lines_are_joined_and_verse_keeps_its_lines() -> None:
    verse = "  Tiger, tiger, burning bright\n  In the forests of the night,\n  What immortal hand or eye"
    prose, poem = blocks(f"{STORM}\n\n{verse}\n")
    assert prose.text == " ".join(STORM.split())
    assert (poem.kind, poem.text.split("\n")[1]) == (BlockKind.VERSE, "In the forests of the night,")


def test_a_word_divided_at_the_line_end_is_made_whole() -> None:
    text = (
        f"{STORM} They were self-possessed. Every-\nthing there was wet, and they stayed self-\npossessed.\n"
    )
    assert blocks(text)[0].text.endswith("Everything there was wet, and they stayed self-possessed.")


def test_lines_that_are_paragraphs_are_told_apart() -> None:
    lines = [f"{n}. " + "A long line that nobody wrapped, " * 8 + "and it ends here." for n in range(4)]
    assert [block.text for block in blocks("\n".join(lines))] == lines


def test_notes_and_pictures_are_not_heard_and_captions_are() -> None:
    found = blocks(f"{STORM}\n\n[Footnote 1: Really.]\n\n[Illustration]\n\n[Illustration: A storm at sea.]\n")
    assert [block.skip for block in found] == [None, SkipReason.NOTE, SkipReason.IMAGE, None]
    assert [found[3].text[s.start : s.end] for s in found[3].skips] == ["[Illustration: ", "]"]


def test_a_place_is_the_lines_of_the_file() -> None:
    assert [block.place for block in blocks(f"\nChapter 1\n\n{STORM}\n")] == [
        TextPlace(2, 2),
        TextPlace(4, 6),
    ]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso8859-1", "mac-roman"]
)
def test_a_text_is_read_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    french = "Il était une fois une très vieille forêt, où l'été ne finissait jamais, et où l'on rêvait. " * 8
    path = tmp_path / "conte.txt"
    path.write_bytes(french.encode(encoding))
    found = read(path)
    assert (found.format, found.language) == ("text", "fr")
    assert found.chapters[0].blocks[0].text == french.strip()


@pytest.mark.parametrize(
    ("encoding", "language", "text"),
    [
        (
            "cp1251",
            "ru",
            "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива. ",
        ),
        ("shift_jis", "ja", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"),
        ("gb18030", "zh", "道可道，非常道。名可名，非常名。无名天地之始，有名万物之母。"),
    ],
)
def test_other_alphabets_are_recognised(tmp_path: Path, encoding: str, language: str, text: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes((text * 20).encode(encoding))
    found = read(path)
    assert found.language == language
    assert found.chapters[0].blocks[0].text == (text * 20).strip()


@pytest.mark.parametrize("name", ["menu.txt", "menu.md", "menu.html"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_bad_byte_in_utf_8_costs_itself_alone(tmp_path: Path, name: str, place: int) -> None:
    paragraphs = ["The café was closed that day, and nobody came in."] * 30
    text = "".join(f"<p>{one}</p>" for one in paragraphs) if ".html" in name else "\n\n".join(paragraphs)
    whole = (f"<html><body>{text}" if ".html" in name else text).encode()
    cut = (len(whole) - 9, len(whole))[place]
    path = tmp_path / name
    path.write_bytes(whole[:cut] + b"\xff\xfe" + whole[cut:])
    found = read(path)
    heard = " ".join(block.text for block in found.chapters[0].blocks)
    assert heard.count("café") == 30
    assert "\ufffd" in heard
    if ".html" not in name:
        assert "damaged-text" in [warning.code for warning in found.warnings]


@pytest.mark.parametrize("name", ["page.txt", "page.md"])
def test_a_control_character_stays_to_be_accounted_for(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(STORM.replace("e", "e\x01", 1).encode())
    blocks = [block for chapter in read(path).chapters for block in chapter.blocks]
    assert sum(block.text.count("\ufffd") for block in blocks) == 1


LINES = st.lists(
    st.sampled_from(
        ["", "", "Chapter 1", "CHAPTER II.", "IV.", "CONTENTS", "THE END", "* * *", "====", "by Ann"]
    )
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=90),
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(LINES)
def test_every_letter_of_any_text_is_in_one_block(lines: list[str]) -> None:
    text = f"{STORM}\n\n" + "\n".join(lines)
    letters = sorted(character for character in text if character.isalnum() and character.isascii())
    found = "".join(block.text for block in blocks(text))
    assert sorted(character for character in found if character.isalnum() and character.isascii()) == letters


def test_the_name_of_a_file_says_nothing_of_its_matter(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are only notes.\n\nBut somebody wants to hear them.\n")
    (chapter,) = read(path).spoken_chapters
    assert chapter.matter is Matter.BODY
