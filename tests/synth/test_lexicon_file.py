"""A lexicon's file keeps all that is not asked to change."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.errors import BadLexicon
from synth.lexicon import Entry, entry_of
from synth.lexicon_file import lexicon_in, with_entry, without_word

SOURCE = Path("my.toml")
FILE = """# names of the book

[lexicon]
Hermione = "/hɝˈmaɪəni/"   # the second syllable is stressed
"Saint John" = "/ˈsɪndʒən/"
Polish = { say = "/ˈpoʊlɪʃ/", case = true } # not polish

# British
[lexicon.language.en-gb]
schedule = "/ˈʃɛdjuːl/"
"""


def entry(word: str, said: str, *, case: bool = False, language: str | None = None) -> Entry:
    value = {"say": said, "case": case, **({"language": language} if language else {})}
    return entry_of(word, value, SOURCE, None)


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that went and those that came."""
    old, new = lines_of(before), lines_of(after)
    return [line for line in old if line not in new], [line for line in new if line not in old]


@pytest.mark.parametrize(
    ("added", "gone", "come"),
    [
        (entry("Versailles", "ver sigh"), [], ['Versailles = "ver sigh"']),
        (entry("St. Ives", "saint ives"), [], ['"St. Ives" = "saint ives"']),
        (
            entry("hermione", "her mine"),
            ['Hermione = "/hɝˈmaɪəni/"   # the second syllable is stressed'],
            ['Hermione = "her mine"   # the second syllable is stressed'],
        ),
        (entry("polish", "pollish"), [], ['polish = "pollish"']),
        (
            entry("Polish", "pole ish", case=True),
            ['Polish = { say = "/ˈpoʊlɪʃ/", case = true } # not polish'],
            ['Polish = {say = "pole ish", case = true} # not polish'],
        ),
        (entry("schedule", "skedule"), [], ['schedule = "skedule"']),
        (
            entry("schedule", "shedule", language="en-gb"),
            ['schedule = "/ˈʃɛdjuːl/"'],
            ['schedule = "shedule"'],
        ),
        (entry("lieutenant", "leftenant", language="en-gb"), [], ['lieutenant = "leftenant"']),
        (entry("chat", "/ʃa/", language="fr"), [], ['chat = {say = "/ʃa/", language = "fr"}']),
    ],
)
def test_one_line_changes_and_everything_else_stays(added: Entry, gone: list[str], come: list[str]) -> None:
    after = with_entry(FILE, added, SOURCE)
    assert changed(FILE, after) == (gone, come)
    kept = {one.identity: one.said for one in lexicon_in(FILE, SOURCE).entries}
    assert {one.identity: one.said for one in lexicon_in(after, SOURCE).entries} == kept | {
        added.identity: added.said
    }


def test_what_is_added_and_removed_leaves_the_file_as_it_was() -> None:
    added = with_entry(FILE, entry("Versailles", "ver sigh"), SOURCE)
    after, gone = without_word(added, "VERSAILLES", None, SOURCE)
    assert lines_of(after) == lines_of(FILE)
    assert [one.said for one in gone] == ["ver sigh"]


def test_a_word_of_several_languages_is_removed_from_one_or_from_all() -> None:
    text = with_entry(FILE, entry("schedule", "skedule"), SOURCE)
    rest, gone = without_word(text, "schedule", "en-gb", SOURCE)
    assert [one.language for one in gone] == ["en-gb"]
    assert 'schedule = "skedule"' in rest
    assert len(without_word(text, "schedule", None, SOURCE)[1]) == 2
    assert without_word(text, "nothing", None, SOURCE) == (text, ())


def test_a_new_file_and_a_book_toml_get_a_table_of_their_own() -> None:
    assert with_entry("", entry("a", "b"), SOURCE) == '[lexicon]\na = "b"\n'
    book = '# mine\n[book]\ntitle = "Emma"  # short\n\n[[chapter]]\nname = "One"\n'
    after = with_entry(book, entry("Knightley", "nightly"), SOURCE)
    assert after.startswith(book)
    assert lexicon_in(after, SOURCE).entries == (entry("Knightley", "nightly"),)


@settings(deadline=None)
@given(st.lists(st.tuples(st.from_regex(r"[A-Za-zéß][a-z'. -]{0,6}[a-z]", fullmatch=True), st.booleans())))
def test_whatever_is_added_is_there_afterwards(words: list[tuple[str, bool]]) -> None:
    text, wanted = FILE, {one.identity: one.said for one in lexicon_in(FILE, SOURCE).entries}
    for number, (word, case) in enumerate(words):
        added = entry(word, "la" * (number + 1), case=case)
        try:
            text = with_entry(text, added, SOURCE)
        except BadLexicon:
            assert case
            assert added.word in tomllib.loads(text)["lexicon"]
            continue
        wanted[added.identity] = added.said
    assert {one.identity: one.said for one in lexicon_in(text, SOURCE).entries} == wanted
    assert all(line in text for line in FILE.splitlines() if line.startswith("#"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[lexicon", "is not TOML"),
        ("lexicon = 3", "is no table"),
        ('[lexicon]\na = "/ʘ/"', "Kokoro has no sound for “ʘ”"),
        ('[lexicon.language]\nfr = "a"', "is no table"),
    ],
)
def test_a_file_that_is_no_lexicon_is_not_touched(text: str, problem: str) -> None:
    with pytest.raises(BadLexicon, match=problem):
        with_entry(text, entry("a", "b"), SOURCE)
    with pytest.raises(BadLexicon, match=problem):
        without_word(text, "a", None, SOURCE)


def test_the_word_language_is_a_word_where_it_is_no_table() -> None:
    alone = with_entry("", entry("language", "langwidge"), SOURCE)
    assert lexicon_in(with_entry(alone, entry("language", "lang"), SOURCE), SOURCE).entries == (
        entry("language", "lang"),
    )
    beside_tables = with_entry(FILE, entry("language", "langwidge"), SOURCE)
    assert 'Language = "langwidge"' in beside_tables
    assert entry("Language", "langwidge") in lexicon_in(beside_tables, SOURCE).entries


def test_a_spelling_that_is_taken_is_never_overwritten() -> None:
    any_case = with_entry(FILE, entry("Polish", "pollish"), SOURCE)
    assert changed(FILE, any_case) == ([], ['polish = "pollish"'])
    with pytest.raises(BadLexicon, match="Hermione” is there already, for other cases"):
        with_entry(FILE, entry("Hermione", "her mine", case=True), SOURCE)
