from __future__ import annotations

from collections.abc import Sequence

from inputs.book import Block, BlockKind, Chapter, PdfPlace
from inputs.matching import Entry, full_name, matches, opening

TEXTS = (
    "The bottom drawer of the vestry desk had not been opened since the war.",
    "She wrote the letter four times, and burned it three times over.",
    "The parish council met on Friday evening to hear what was owed.",
    "Vastrey lies six hundred miles to the north, which is two days by boat.",
)


def chapter(title: str, *texts: str, parents: tuple[str, ...] = ()) -> Chapter:
    heading = Block(BlockKind.HEADING, title, PdfPlace(1))
    paragraphs = (Block(BlockKind.PARAGRAPH, text, PdfPlace(1)) for text in texts)
    return Chapter(title, (heading, *paragraphs), parents)


def entry(of: Chapter) -> Entry:
    return Entry(full_name(of), opening(of))


def numbered(texts: Sequence[str]) -> list[Chapter]:
    return [chapter(f"Chapter {number}", text) for number, text in enumerate(texts, 1)]


def test_every_chapter_is_found_by_what_is_written_down_of_it() -> None:
    book = [
        chapter("I", TEXTS[0], parents=("Part One",)),
        chapter("II", TEXTS[1], parents=("Part One",)),
        chapter("I", TEXTS[2], parents=("Part Two",)),
        chapter("Part Three"),
        chapter("Interlude", "No."),
        chapter("Interlude", "No."),
    ]
    found = matches([entry(one) for one in book], book)
    assert found.chapters == {place: place for place in range(len(book))}
    assert not found.by_name_alone | found.ambiguous | found.doubled


def test_chapters_that_begin_alike_and_are_called_nearly_alike_are_told_apart() -> None:
    book = [chapter(f"Archetype {letter}", *TEXTS, parents=("A long name of a part",)) for letter in "ABC"]
    assert matches([entry(one) for one in reversed(book)], book).chapters == {0: 2, 1: 1, 2: 0}


def test_chapters_keep_their_entries_when_others_are_put_before_them() -> None:
    before = numbered(TEXTS)
    after = numbered(("A new beginning, which the author wrote for this edition.", *TEXTS))
    assert matches([entry(one) for one in before], after).chapters == {0: 1, 1: 2, 2: 3, 3: 4}


def test_chapters_keep_their_entries_when_they_change_places_and_names() -> None:
    before = numbered(TEXTS)
    after = [
        chapter(name, TEXTS[at]) for name, at in (("Letters", 1), ("Owed", 2), ("North", 3), ("Desk", 0))
    ]
    assert matches([entry(one) for one in before], after).chapters == {0: 3, 1: 0, 2: 1, 3: 2}


def test_a_corrected_word_an_accent_and_an_epigraph_do_not_hide_a_chapter() -> None:
    before = [chapter("One", TEXTS[0]), chapter("Two", TEXTS[1])]
    after = [
        chapter("One", "“Ask, and it shall be given you.”", TEXTS[0].replace("vestry", "véstry’s")),
        chapter("Two", TEXTS[1].replace("four", "five")),
    ]
    assert matches([entry(one) for one in before], after).chapters == {0: 0, 1: 1}


def test_a_chapter_that_was_rewritten_is_found_by_its_name_and_it_is_said() -> None:
    found = matches(
        [Entry("The Second Receipt", TEXTS[0])],
        [chapter("The Second Reciept", TEXTS[3]), chapter("II", TEXTS[1])],
    )
    assert found.chapters == {0: 0}
    assert found.by_name_alone == {0}


def test_a_chapter_that_is_gone_is_not_taken_for_its_neighbour() -> None:
    after = numbered(TEXTS[1:])  # Chapter 1 is another one now
    found = matches([entry(one) for one in numbered(TEXTS)], after)
    assert found.chapters == {1: 0, 2: 1, 3: 2}
    assert (
        matches([Entry("Chapter Twenty-One", TEXTS[0])], [chapter("Chapter Twenty-Two", TEXTS[1])]).chapters
        == {}
    )


def test_a_name_that_several_chapters_have_is_ambiguous_until_words_or_the_part_tell_them_apart() -> None:
    book = [chapter("I", TEXTS[0], parents=("Part One",)), chapter("I", TEXTS[1], parents=("Part Two",))]
    assert matches([Entry("I", "")], book).ambiguous == {0}
    assert matches([Entry("I", "She wrote the letter")], book).chapters == {0: 1}
    assert matches([Entry("Part Two / I", "")], book).chapters == {0: 1}


def test_a_second_entry_for_a_chapter_is_told_from_one_that_fits_none() -> None:
    found = matches([Entry("One", ""), Entry("", TEXTS[0]), Entry("Nine", "")], [chapter("One", TEXTS[0])])
    assert found.chapters == {1: 0}
    assert found.doubled == {0}


def test_few_words_mean_only_a_chapter_that_is_as_short() -> None:
    book = [chapter("One", "I went."), chapter("Two", "I went to sea, and never came home again.")]
    assert matches([Entry("Gone", "I went.")], book).chapters == {0: 0}
    assert matches([Entry("Gone", "I went.")], book[1:]).chapters == {}
    assert matches([Entry("", "I went to")], book).chapters == {0: 1}, "written by hand, words alone"


def test_words_written_down_in_full_mean_the_chapter_too() -> None:
    text = " ".join(TEXTS)
    assert matches([Entry("", text)], [chapter("A", TEXTS[1]), chapter("B", text)]).chapters == {0: 1}


def test_an_opening_is_short_and_leaves_headings_out() -> None:
    assert opening(chapter("The Drawer", "Yes.", TEXTS[0])).startswith("Yes. The bottom drawer")
    assert len(opening(chapter("A", " ".join(TEXTS))).split()) == 12
    assert len(opening(chapter("A", "x" * 1000))) == 100
    assert opening(chapter("A")) == "A"
    assert opening(Chapter("A", ())) == ""
