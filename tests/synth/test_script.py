from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from synth.script import Gap, Passage, PassageKind, Pause, Script, script

_KINDS = list(PassageKind)


def _said(*passages: Passage) -> list[str]:
    return [sentence.spoken for sentence in script(passages, "en").sentences]


def _pauses(*passages: Passage) -> list[Pause]:
    return [sentence.pause for sentence in script(passages, "en").sentences]


def test_a_gap_neither_breaks_a_sentence_nor_glues_words() -> None:
    passage = Passage(
        "Of the river[3]and the sea [4], he said word.5 Next day.",
        gaps=(Gap(12, 15), Gap(27, 30), Gap(45, 46)),
    )
    assert _said(passage) == ["Of the river and the sea, he said word.", "Next day."]


def test_a_sentence_knows_its_place_in_the_passage() -> None:
    passage = Passage("One.2 It was 1805 then.", gaps=(Gap(4, 5),))
    first, second = script([passage], "en").sentences
    assert passage.text[first.start : first.end] == "One."
    assert passage.text[second.start : second.end] == "It was 1805 then."
    assert second.source_of(second.spoken.index("eighteen")) == passage.text.index("1805")
    assert second.source_of(second.spoken.index("then")) == passage.text.index("then")


def test_a_gap_inside_a_number_word_keeps_the_places_right() -> None:
    passage = Passage("It had [page 7] 12 men.", gaps=(Gap(7, 16),))
    (sentence,) = script([passage], "en").sentences
    assert sentence.spoken == "It had twelve men."
    assert sentence.source_of(sentence.spoken.index("twelve")) == passage.text.index("12")


def test_a_reading_beside_a_japanese_word_leaves_no_space_in_it() -> None:
    passage = Passage("漢かん字じです。", gaps=(Gap(1, 3), Gap(4, 5)))
    (sentence,) = script([passage], "ja").sentences
    assert sentence.spoken == "漢字です。"


def test_a_heading_is_one_sentence_with_a_full_stop() -> None:
    heading = Passage("CHAPTER IV. THE BOAT", PassageKind.HEADING)
    assert _said(heading) == ["Chapter four. The Boat."]
    assert _said(Passage("Who goes there?", PassageKind.HEADING)) == ["Who goes there?"]
    assert _said(Passage("Part One\nThe Sea", PassageKind.HEADING)) == ["Part One. The Sea."]


def test_a_line_of_verse_is_a_sentence() -> None:
    verse = Passage("The river’s tent is broken\n  the last fingers", PassageKind.VERSE)
    assert _said(verse) == ["The river's tent is broken", "the last fingers"]
    assert _pauses(verse) == [Pause.LINE, Pause.PARAGRAPH]


def test_the_pause_after_a_passage_is_that_of_its_kind() -> None:
    assert _pauses(Passage("One. Two.")) == [Pause.SENTENCE, Pause.PARAGRAPH]
    assert _pauses(Passage("One. Two.", PassageKind.LIST_ITEM)) == [Pause.SENTENCE, Pause.LINE]
    assert _pauses(Passage("One. Two.", PassageKind.HEADING)) == [Pause.HEADING]
    assert _pauses(Passage("One. Two.", section_ends=True)) == [Pause.SENTENCE, Pause.SECTION]


def test_ornaments_are_a_scene_break_and_are_accounted_for() -> None:
    result = script([Passage("One."), Passage("* * *"), Passage("Two.")], "en")
    assert [sentence.pause for sentence in result.sentences] == [Pause.SECTION, Pause.PARAGRAPH]
    (gone,) = result.unspoken
    assert (gone.passage, gone.start, gone.end, gone.reason) == (1, 0, 5, "ornament")


def test_the_last_sentence_with_words_carries_the_pause() -> None:
    result = script([Passage("He left.\n\n***")], "en")
    assert [(one.spoken, one.pause) for one in result.sentences] == [("He left.", Pause.PARAGRAPH)]
    assert [(one.start, one.end, one.reason) for one in result.unspoken] == [(10, 13, "ornament")]


def test_an_announcement_leads_the_first_sentence_and_keeps_its_place() -> None:
    first, second = script([Passage("See Smith. It rained.", announcement="Note 3")], "en").sentences
    assert (first.spoken, second.spoken) == ("Note three: See Smith.", "It rained.")
    assert (first.start, first.end) == (0, len("See Smith."))
    assert first.source_of(0) == 0
    assert first.source_of(first.spoken.index("Smith")) == 4


def test_an_announcement_stands_for_a_passage_that_is_not_spoken() -> None:
    passage = Passage("1 | 2", gaps=(Gap(0, 5),), announcement="Table, 2 columns, 1 row")
    (sentence,) = script([passage], "en").sentences
    assert sentence.spoken == "Table, two columns, one row."
    assert (sentence.start, sentence.end, sentence.pause) == (0, 5, Pause.PARAGRAPH)


def test_words_said_instead_of_a_gap_share_its_place() -> None:
    passage = Passage("It rained.3 Then it stopped.", gaps=(Gap(10, 11, " Note 3."),))
    first, note, last = script([passage], "en").sentences
    assert [one.spoken for one in (first, note, last)] == ["It rained.", "Note three.", "Then it stopped."]
    assert {note.source_of(index) for index in range(len(note.spoken))} == {10}
    assert last.source_of(last.spoken.index("stopped")) == passage.text.index("stopped")


def test_nothing_to_say_is_no_sentence() -> None:
    assert script([Passage(""), Passage("   "), Passage("note", gaps=(Gap(0, 4),))], "en") == Script(())


_INSTEAD = ["", "", " (note 3)", " Note 3."]


@st.composite
def _passages(draw: st.DrawFn) -> Passage:
    text = draw(st.text(alphabet="aB12 .!?—…“”'()[]*\n½™", max_size=40))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=4)))
    gaps = tuple(
        Gap(start, end, draw(st.sampled_from(_INSTEAD)))
        for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    )
    announcement = draw(st.sampled_from(["", "Table", "Note 3"]))
    return Passage(text, draw(st.sampled_from(_KINDS)), gaps, draw(st.booleans()), announcement)


@settings(deadline=None)  # the first example compiles the rules
@given(st.lists(_passages(), max_size=3))
def test_every_character_is_said_left_in_a_gap_dropped_or_unspoken(passages: list[Passage]) -> None:
    result = script(passages, "en")
    for number, passage in enumerate(passages):
        seen = [character.isspace() for character in passage.text]
        spans = [
            *((gap.start, gap.end) for gap in passage.gaps),
            *((one.start, one.end) for one in result.sentences if one.passage == number),
            *((one.start, one.end) for one in result.unspoken if one.passage == number),
        ]
        for start, end in spans:
            seen[start:end] = [True] * (end - start)
        assert all(seen)


@settings(deadline=None)  # the first example compiles the rules
@given(st.lists(_passages(), max_size=3))
def test_offsets_rise_and_stay_within_their_sentence(passages: list[Passage]) -> None:
    for sentence in script(passages, "en").sentences:
        assert any(map(str.isalnum, sentence.spoken))
        assert sentence.offsets[0][0] == 0
        assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(sentence.offsets))
        assert all(i < len(sentence.spoken) for i, _ in sentence.offsets)
        assert all(sentence.start <= place < sentence.end for _, place in sentence.offsets)
        assert all(sentence.start <= one.start < one.end <= sentence.end for one in sentence.dropped)
