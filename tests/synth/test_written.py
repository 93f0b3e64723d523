from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.script import Gap, Passage, PassageKind, script
from synth.written import written


@pytest.mark.parametrize(
    ("text", "gaps", "read"),
    [
        ("Henry  VIII\npaid £8.", (), "Henry VIII paid £8."),
        ("It was cold [3], and late.", (Gap(12, 15),), "It was cold, and late."),
        ("A co\u00adoper\u00adative, at last.", (), "A cooperative, at last."),
        ("Said[1] and done.", (Gap(4, 7, "(note 1)"),), "Said and done."),
    ],
)
def test_a_reader_sees_the_sources_own_wording_without_note_marks(
    text: str, gaps: tuple[Gap, ...], read: str
) -> None:
    passage = Passage(text, gaps=gaps)
    (sentence,) = script([passage], "en").sentences
    assert written(passage, sentence).text == read


def test_of_an_announcement_that_stands_nowhere_a_reader_sees_what_is_said() -> None:
    passage = Passage("a | b\nc | d", gaps=(Gap(0, 11),), announcement="Table, two columns")
    (sentence,) = script([passage], "en").sentences
    assert written(passage, sentence).text == "Table, two columns."


@given(st.text("ab VIX£3.,;“”’—\u00ad[]!?\n", min_size=1, max_size=80), st.integers(0, 60), st.integers(1, 9))
def test_all_that_is_read_is_there_once_and_each_step_leads_to_its_place(
    text: str, at: int, many: int
) -> None:
    gaps = (Gap(at, at + many),) if at + many <= len(text) else ()
    passage = Passage(text, PassageKind.PROSE, gaps)
    gone = {place for gap in gaps for place in range(gap.start, gap.end)}
    for sentence in script([passage], "en").sentences:
        wording = written(passage, sentence)
        seen = [
            place
            for place in range(sentence.start, sentence.end)
            if place not in gone and not text[place].isspace() and text[place] != "\u00ad"
        ]
        assert wording.text.replace(" ", "") == "".join(text[place] for place in seen) or not seen
        assert all(
            a < b for one, two in itertools.pairwise(wording.steps) for a, b in zip(one, two, strict=True)
        )
        assert wording.steps[0][:2] == (0, 0)
