from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inputs.book import Block, BlockKind, Book, Chapter, Matter, PdfPlace, Skip, SkipReason
from inputs.book_toml import (
    BookDirections,
    BookToml,
    ChapterDirections,
    Directions,
    MatterChoice,
    Split,
    read_book_toml,
)
from inputs.book_toml_text import book_toml_text
from inputs.directing import directed
from inputs.matching import full_name

Wanted = Callable[..., BookToml]


def block(text: str, kind: BlockKind = BlockKind.PARAGRAPH, skip: SkipReason | None = None) -> Block:
    return Block(kind, text, PdfPlace(1), skip)


def book_of(*chapters: Chapter) -> Book:
    return Book(Path("emma.epub"), "0" * 64, "epub", "Emma", ("Jane Austen",), "en", chapters)


BOOK = book_of(
    Chapter("Title page", (block("Emma, a novel", skip=SkipReason.FRONT_MATTER),), matter=Matter.FRONT),
    Chapter("Contents", (block("I. II. III.", skip=SkipReason.CONTENTS),), matter=Matter.FRONT),
    Chapter(
        "I",
        (
            block("I", BlockKind.HEADING),
            block("Emma Woodhouse, handsome, clever, and rich, was twenty-one."),
            block("She was the youngest of two daughters of an indulgent father."),
            block("1 A note on daughters.", skip=SkipReason.NOTE),
            block("Sixteen years had Miss Taylor been in the family."),
        ),
        ("Volume I",),
    ),
    Chapter("Plate", (block("A picture of Highbury", skip=SkipReason.IMAGE),)),
    Chapter(
        "II", (block("Mr. Weston was a native of Highbury, born of a respectable family."),), ("Volume I",)
    ),
    Chapter("Notes", (block("1. This is a note.", skip=SkipReason.NOTE),), matter=Matter.BACK),
    Chapter("Index", (block("Highbury, 3", skip=SkipReason.INDEX),), matter=Matter.BACK),
)


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    def of(*chapters: ChapterDirections, **book: str) -> BookToml:
        directions = Directions(book=BookDirections(**book), chapter=chapters)  # type: ignore[arg-type]
        return BookToml(tmp_path / "book.toml", "", directions)

    return of


def blocks_of(book: Book) -> list[Block]:
    return [block for chapter in book.chapters for block in chapter.blocks]


def unmarked(book: Book) -> list[Block]:
    return [replace(block, skip=None) for block in blocks_of(book)]


def heard(book: Book) -> list[str]:
    return [chapter.title for chapter in book.spoken_chapters]


def codes(book: Book) -> list[str]:
    return [warning.code for warning in book.warnings]


def test_without_a_file_and_a_choice_nothing_changes() -> None:
    assert directed(BOOK, None) == BOOK


def test_what_is_written_to_start_from_asks_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "emma.toml"
    path.write_text(written(BOOK), encoding="utf-8")
    assert directed(BOOK, read_book_toml(path)) == BOOK


def test_every_line_of_a_written_file_can_be_put_in_force_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "emma.toml"
    lines = written(BOOK).splitlines()
    at = lines.index("[book]")
    in_force = [
        line.removeprefix("# ") if " = " in line and "   " not in line else line for line in lines[at:]
    ]
    path.write_text("\n".join(line for line in in_force if not line.startswith(("cover", "speak"))))
    read = read_book_toml(path)
    assert read.directions.book.narrator == "A Name"
    assert read.directions.pauses.chosen() == {"sentence": 0.35}
    assert read.directions.reading == {"tables": "usual"}
    assert directed(BOOK, read).chapters == BOOK.chapters


def test_a_written_file_holds_what_was_chosen_and_every_chapter_with_its_standing() -> None:
    table = tomllib.loads(written(BOOK, matter="all", tables="read"))
    assert (table["book"], table["reading"]) == ({"matter": "all"}, {"tables": "read"})
    assert [entry["name"] for entry in table["chapter"]] == [full_name(chapter) for chapter in BOOK.chapters]
    assert "[[chapter]]  # not spoken: table of contents\n" in written(BOOK)


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=200))
def test_any_title_and_any_text_can_be_written_down_and_found_again(
    tmp_path_factory: pytest.TempPathFactory, title: str, author: str, text: str
) -> None:
    chapter = Chapter(title, (block(text), block("The same for all of them, whatever they are called.")))
    book = replace(book_of(*BOOK.chapters[:3], chapter), title=title, authors=(author,))
    path = tmp_path_factory.mktemp("written") / "book.toml"
    path.write_text(written(book) + "speak = false\n", encoding="utf-8")
    assert not directed(book, read_book_toml(path)).chapters[3].is_spoken


def written(book: Book, **chosen: str) -> str:
    usual = {"tables": "usual"}
    return book_toml_text(book, voice="bf_emma", pauses={"sentence": 0.35}, reading=usual, chosen=chosen)


def test_a_chapter_is_renamed_and_gets_a_voice_and_a_pace(wanted: Wanted) -> None:
    book = directed(BOOK, wanted(ChapterDirections("II", title="Mr.  Weston", voice="bm_george", speed=0.9)))
    assert heard(book) == ["I", "Mr. Weston"]
    assert (book.chapters[4].voice, book.chapters[4].speed) == ("bm_george", 0.9)
    assert blocks_of(book) == blocks_of(BOOK)


def test_a_chapter_that_is_left_out_stays_in_the_book_with_the_reason(wanted: Wanted) -> None:
    book = directed(BOOK, wanted(ChapterDirections("Volume I / I", speak=False)))
    assert heard(book) == ["II"]
    assert {block.skip for block in book.chapters[2].blocks} == {SkipReason.DROPPED}
    assert unmarked(book) == unmarked(BOOK)


@pytest.mark.parametrize("name", ["Title page", "Contents", "Notes", "Index"])
def test_a_chapter_that_is_skipped_by_itself_can_be_reinstated(wanted: Wanted, name: str) -> None:
    assert name in heard(directed(BOOK, wanted(ChapterDirections(name, speak=True))))


def test_what_has_nothing_to_speak_is_not_made_to_and_it_is_said(wanted: Wanted) -> None:
    book = directed(BOOK, wanted(ChapterDirections("Plate", speak=True)))
    assert heard(book) == heard(BOOK)
    assert codes(book) == ["nothing-to-speak"]


def test_all_matter_is_spoken_but_for_contents_indexes_pictures_and_notes_inside_chapters(
    wanted: Wanted,
) -> None:
    by_choice = directed(BOOK, None, MatterChoice.ALL)
    assert heard(by_choice) == ["Title page", "I", "II", "Notes"]
    assert by_choice.chapters[2].blocks[3].skip is SkipReason.NOTE
    assert directed(BOOK, wanted(matter=MatterChoice.ALL)).chapters == by_choice.chapters
    assert directed(BOOK, wanted(matter=MatterChoice.ALL), MatterChoice.BODY).chapters == BOOK.chapters


def test_what_is_reinstated_keeps_its_note_marks_silent() -> None:
    marked = replace(
        block("To the Prince[1]", skip=SkipReason.FRONT_MATTER), skips=(Skip(13, 16, SkipReason.NOTE_MARK),)
    )
    book = directed(book_of(Chapter("Dedication", (marked,))), None, MatterChoice.ALL)
    assert book.chapters[0].blocks == (replace(marked, skip=None),)


def test_a_chapter_is_merged_with_the_one_heard_before_it_and_silence_between_them_goes_along(
    wanted: Wanted,
) -> None:
    book = directed(BOOK, wanted(ChapterDirections("II", merge=True)))
    assert heard(book) == ["I"]
    assert book.chapters[2].blocks == tuple(b for chapter in BOOK.chapters[2:5] for b in chapter.blocks)
    assert blocks_of(book) == blocks_of(BOOK)


@pytest.mark.parametrize("name", ["I", "Contents"])
def test_what_cannot_be_merged_stays_and_it_is_said(wanted: Wanted, name: str) -> None:
    book = directed(BOOK, wanted(ChapterDirections(name, merge=True)))
    assert (book.chapters, codes(book)) == (BOOK.chapters, ["cannot-merge"])


def test_a_chapter_is_split_where_paragraphs_begin(wanted: Wanted) -> None:
    splits = (Split("Sixteen years had miss Taylor", "Miss Taylor"), Split("She was the youngest of two"))
    book = directed(BOOK, wanted(ChapterDirections("I", split=splits, voice="bf_emma")))
    assert heard(book) == ["I", "She was the youngest of two daughters of…", "Miss Taylor", "II"]
    assert [chapter.voice for chapter in book.spoken_chapters] == ["bf_emma"] * 3 + [None]
    assert [chapter.parents for chapter in book.spoken_chapters] == [("Volume I",)] * 4
    assert blocks_of(book) == blocks_of(BOOK)


def test_a_chapter_that_begins_with_a_heading_is_called_by_it(wanted: Wanted) -> None:
    chapter = Chapter(
        "A", (block("Some words."), block("Part the second", BlockKind.HEADING), block("More."))
    )
    book = directed(book_of(chapter), wanted(ChapterDirections("A", split=(Split("Part the second"),))))
    assert heard(book) == ["A", "Part the second"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("Nothing like it stands there", "no paragraph of it begins so"),
        ("indulgent father", "not inside one"),
        ("Emma Woodhouse, handsome", ""),
        ("I", "the chapter itself begins there"),
        ("S", "2 paragraphs begin so"),
    ],
)
def test_a_split_that_cannot_be_found_is_named(wanted: Wanted, words: str, problem: str) -> None:
    book = directed(BOOK, wanted(ChapterDirections("I", split=(Split(words),))))
    assert [problem in warning.message for warning in book.warnings] == ([True] if problem else [])
    assert len(book.chapters) == len(BOOK.chapters) + (not problem)


def test_a_typing_error_in_a_long_split_is_forgiven_and_in_a_short_one_is_not(wanted: Wanted) -> None:
    long, short = Split("Sixteen years had Miss Tailor been"), Split("Sixteen yers")
    book = directed(BOOK, wanted(ChapterDirections("I", split=(long, short))))
    assert len(book.chapters) == len(BOOK.chapters) + 1
    assert codes(book) == ["no-such-split"]


def test_entries_that_fit_no_chapter_or_several_are_named_once_for_all_of_them(wanted: Wanted) -> None:
    twice = book_of(*BOOK.chapters, *BOOK.chapters[2:3])
    entries = [ChapterDirections(f"Gone {number}", speak=False) for number in range(7)]
    book = directed(twice, wanted(*entries, ChapterDirections("I", speak=False)))
    assert book.chapters == twice.chapters
    lost, ambiguous = (warning.message for warning in book.warnings)
    assert lost.endswith("fits “Gone 0”, “Gone 1”, “Gone 2”, “Gone 3”, “Gone 4” and 2 more")
    assert "“I”" in ambiguous


def test_an_entry_that_asks_for_nothing_may_fit_nothing(wanted: Wanted) -> None:
    assert directed(BOOK, wanted(ChapterDirections("Gone", "These words"))).warnings == ()


def test_metadata_goes_before_the_documents_own(wanted: Wanted) -> None:
    book = directed(BOOK, wanted(title="Emma!", language="en-gb", series="Novels", part="4", isbn="x"))
    assert (book.title, book.authors, book.language) == ("Emma!", BOOK.authors, "en-gb")
    assert (book.series, book.series_part, book.identifier) == ("Novels", "4", "x")


TEXTS = st.sampled_from(
    ["", "***", "I", "No.", "She said no.", "She said nothing for a long time, and then she left."]
)
REASONS = st.sampled_from([None, None, *SkipReason])
BLOCKS = st.builds(block, TEXTS, st.sampled_from(BlockKind), REASONS)
CHAPTERS = st.builds(
    Chapter,
    st.sampled_from(["", "I", "II", "The Lamp"]),
    st.lists(BLOCKS, max_size=5).map(tuple),
    st.sampled_from([(), ("Part",)]),
)
NAMES = st.sampled_from([None, "I", "II", "The Lamp", "Gone"])
ENTRIES = st.one_of(
    st.builds(
        ChapterDirections,
        name=st.just("I"),
        begins=st.none() | TEXTS.filter(bool),
        title=NAMES,
        speak=st.sampled_from([None, True]),
        split=st.lists(TEXTS.filter(bool).map(Split), max_size=3).map(tuple),
    ),
    st.builds(ChapterDirections, name=NAMES.filter(bool), merge=st.just(True)),
    st.builds(ChapterDirections, name=NAMES.filter(bool), speak=st.just(False)),
)


@given(st.lists(CHAPTERS, max_size=8), st.lists(ENTRIES, max_size=8), st.sampled_from([None, *MatterChoice]))
def test_whatever_is_wanted_no_character_is_lost_doubled_or_moved(
    chapters: list[Chapter], entries: list[ChapterDirections], matter: MatterChoice | None
) -> None:
    before = book_of(*chapters)
    toml = BookToml(Path("book.toml"), "", Directions(chapter=tuple(entries)))
    after = directed(before, toml, matter)
    assert unmarked(after) == unmarked(before)
    for was, now in zip(blocks_of(before), blocks_of(after), strict=True):
        left_out = now.skip is SkipReason.DROPPED
        assert was.skip == now.skip or left_out or now.skip is None, "no other reason is given"
