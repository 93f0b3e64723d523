from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inputs.book import Block, BlockKind, Book, Chapter, EpubPlace, Skip, SkipReason
from synth.errors import UnknownPreference
from synth.reading import Reading, ReadingPreferences, choices_in
from tasks.reading import as_preferred
from tasks.scripts import ChapterScript, book_skipped, chapter_script

NAMES = ["urls", "citations", "images", "notes", "tables", "code", "formulas"]


def block(text: str, kind: BlockKind = BlockKind.PARAGRAPH, place: int = 0, **more: object) -> Block:
    return Block(kind, text, EpubPlace(f"{place}.xhtml", None, 0, len(text)), **more)  # type: ignore[arg-type]


TABLE = block("Town | Men\nRome | 12", BlockKind.TABLE, 1, skip=SkipReason.TABLE)
TITLE = block("Men by town", BlockKind.CAPTION, 10, skip=SkipReason.TABLE)
NOTE = block("3 See Smith.", BlockKind.NOTE, 2, skip=SkipReason.NOTE)
CODE = block("x = 1\ny = 2", BlockKind.CODE, 3, skip=SkipReason.CODE)
LABEL = block("logo", BlockKind.IMAGE_ALT, 4, skip=SkipReason.IMAGE)
PICTURE = block("A whale beside a very small boat", BlockKind.IMAGE_ALT, 5)
MARKS = (Skip(10, 11, SkipReason.NOTE_MARK), Skip(17, 18, SkipReason.NOTE_MARK))
MARKED = block("It rained.3 So it4 was.", place=6, skips=MARKS)
FORMULA = block("So a=b holds.", place=7, skips=(Skip(3, 6, SkipReason.FORMULA),))
ADDRESS = block("See www.a.org/b/c/d/e.html now.", place=8)
CITED = block("It is so [12].", place=9)


def book(*chapters: Chapter) -> Book:
    return Book(Path("a.epub"), "0", "epub", "A", (), "en", chapters)


def scripts_of(document: Book, preferences: ReadingPreferences) -> list[ChapterScript]:
    chosen = as_preferred(document, preferences)
    return [
        chapter_script(number, chapter, chosen.language, preferences)
        for number, chapter in enumerate(chosen.spoken_chapters, start=1)
    ]


def said(choices: str, *blocks: Block, language: str = "en") -> list[str]:
    preferences = ReadingPreferences().but(choices_in(choices))
    document = replace(book(Chapter("", (block("Before."), *blocks))), language=language)
    (script,) = scripts_of(document, preferences)
    return [sentence.spoken for sentence in script.sentences][1:]


@pytest.mark.parametrize(
    ("choice", "heard", "blocks"),
    [
        ("tables=usual", [], TABLE),
        ("tables=skip", [], TABLE),
        ("tables=announce", ["Table, two columns, two rows."], TABLE),
        ("tables=read", ["Table: Town, Men", "Rome, twelve"], TABLE),
        ("code=announce", ["Program code."], CODE),
        ("code=read", ["Program code: x equals one", "y equals two"], CODE),
        ("notes=skip", [], NOTE),
        ("notes=announce", [], NOTE),
        ("notes=read", ["Note three: See Smith."], NOTE),
        ("notes=usual", ["It rained.", "So it was."], MARKED),
        ("notes=read", ["It rained.", "So it was."], MARKED),
        ("notes=announce", ["It rained.", "Note three.", "So it (note four) was."], MARKED),
        ("images=usual", [], LABEL),
        ("images=read", ["Picture: logo"], LABEL),
        ("images=usual", ["Picture: A whale beside a very small boat"], PICTURE),
        ("images=announce", ["Picture."], PICTURE),
        ("images=skip", [], PICTURE),
        ("formulas=usual", ["So holds."], FORMULA),
        ("formulas=announce", ["So formula holds."], FORMULA),
        ("formulas=read", ["So a equals b holds."], FORMULA),
        ("urls=usual", ["See a dot org now."], ADDRESS),
        ("urls=skip", ["See now."], ADDRESS),
        ("urls=announce", ["See web address a dot org now."], ADDRESS),
        ("urls=read", ["See a dot org slash b slash c slash d slash e dot html now."], ADDRESS),
        ("citations=usual", ["It is so."], CITED),
        ("citations=skip", ["It is so."], CITED),
        ("citations=announce", ["It is so (citation)."], CITED),
        ("citations=read", ["It is so (reference twelve)."], CITED),
    ],
)
def test_what_is_written_for_the_eye_is_heard_as_the_listener_prefers(
    choice: str, heard: list[str], blocks: Block
) -> None:
    assert said(choice, blocks) == heard


def test_announcements_are_in_the_language_of_the_book() -> None:
    assert said("tables=announce", TABLE, language="fr") == ["Tableau, deux colonnes, deux lignes."]
    assert said("tables=announce", TABLE, language="zh") == ["表格, 2 列, 2 行."]


def test_a_caption_is_heard_where_its_table_is() -> None:
    assert said("tables=usual", TITLE, TABLE) == []
    assert said("tables=announce", TITLE, TABLE) == ["Men by town", "Table, two columns, two rows."]
    assert said("tables=read", TITLE, TABLE) == ["Men by town", "Table: Town, Men", "Rome, twelve"]


def test_a_note_of_two_paragraphs_is_announced_once() -> None:
    more = block("And Jones.", BlockKind.NOTE, 3, skip=SkipReason.NOTE)
    assert said("notes=read", NOTE, more) == ["Note three: See Smith.", "And Jones."]


def test_a_chapter_of_notes_is_heard_only_where_notes_are_read() -> None:
    document = book(Chapter("One", (MARKED,)), Chapter("Notes", (NOTE,)))
    assert len(scripts_of(document, ReadingPreferences())) == 1
    assert len(scripts_of(document, ReadingPreferences(notes=Reading.READ))) == 2


def test_a_chapter_of_a_cover_stays_silent_whatever_is_read() -> None:
    document = book(Chapter("Cover", (LABEL,)), Chapter("One", (block("It rained."),)))
    (script,) = scripts_of(document, ReadingPreferences(images=Reading.READ))
    assert script.title == "One"


def test_an_announcement_leads_back_to_what_it_stands_for() -> None:
    preferences = ReadingPreferences(tables=Reading.ANNOUNCE)
    (script,) = scripts_of(book(Chapter("", (block("Before."), TABLE))), preferences)
    table = script.sentences[-1]
    assert script.places[table.passage] == TABLE.place
    assert (table.start, table.end) == (0, len(TABLE.text))
    assert [(one.reason, one.text) for one in script.skipped] == [("table", TABLE.text)]


@settings(max_examples=150, deadline=None)  # the first example compiles the rules
@given(
    st.fixed_dictionaries({name: st.sampled_from(list(Reading)) for name in NAMES}),
    st.lists(
        st.sampled_from([TABLE, NOTE, CODE, LABEL, PICTURE, MARKED, FORMULA, ADDRESS, CITED]), max_size=6
    ),
    st.sampled_from(["en", "en-gb", "fr", "ja"]),
)
def test_every_character_is_said_or_listed_whatever_is_preferred(
    choices: dict[str, Reading], blocks: list[Block], language: str
) -> None:
    preferences = ReadingPreferences(**choices)
    blocks = [replace(one, place=EpubPlace(f"{i}.xhtml", None, 0, 9)) for i, one in enumerate(blocks)]
    document = replace(book(Chapter("One", tuple(blocks))), language=language)
    scripts = scripts_of(document, preferences)
    skipped = [
        *book_skipped(as_preferred(document, preferences)),
        *(s for one in scripts for s in one.skipped),
    ]
    for one in blocks:
        seen = [character.isspace() for character in one.text]
        for script in scripts:
            for sentence in script.sentences:
                assert any(map(str.isalnum, sentence.spoken))
                if script.places[sentence.passage] == one.place:
                    seen[sentence.start : sentence.end] = [True] * (sentence.end - sentence.start)
                    assert all(sentence.start <= place < sentence.end for _, place in sentence.offsets)
        for gone in skipped:
            if gone.where == str(one.place):
                at = one.text.index(gone.text)
                seen[at : at + len(gone.text)] = [True] * len(gone.text)
        assert all(seen), one.text


@pytest.mark.parametrize(
    ("choices", "named"),
    [("tables", "tables=read"), ("table=read", "tables"), ("tables=loud", "announce")],
)
def test_a_choice_that_does_not_exist_is_refused_with_those_that_do(choices: str, named: str) -> None:
    with pytest.raises(UnknownPreference, match=named):
        ReadingPreferences().but(choices_in(choices))


def test_choices_change_only_what_they_name() -> None:
    base = ReadingPreferences(code=Reading.READ)
    assert base.but({"tables": "announce"}) == ReadingPreferences(code=Reading.READ, tables=Reading.ANNOUNCE)
    assert base.but(choices_in("")) == base
