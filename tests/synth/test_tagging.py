from __future__ import annotations

import pytest
import spacy

from synth.phonemes import phonemizer
from synth.tagging import COMPONENT


def _tags(text: str) -> dict[str, str]:
    pipeline = spacy.blank("en")
    pipeline.add_pipe(COMPONENT)
    return {token.text: token.tag_ for token in pipeline(text)}


def test_a_hyphen_inside_a_word_is_no_pause_and_a_dash_between_words_is_one() -> None:
    assert _tags("the rat-hole")["-"] == "HYPH"
    assert _tags("the rat - a hole")["-"] == ":"
    said = phonemizer("en-us")("A well-known three-legged stool.")
    assert "—" not in said.phonemes
    assert len(said.words) == 4


@pytest.mark.parametrize(
    ("text", "word", "tag"),
    [
        ("He had never read it.", "read", "VBN"),
        ("She did not read it.", "read", "VB"),
        ("It would often close early.", "close", "VB"),
        ("The others were quite absent.", "absent", "JJ"),
        ("He was content to wait.", "content", "JJ"),
        ("They stood close by the door.", "close", "JJ"),
        ("People use their hands.", "use", "VBP"),
        ("Of no use at all.", "use", "NN"),
        ("An old use of it.", "use", "NN"),
        ("Do that in the morning.", "that", "DT"),
        ("That would be all.", "That", "DT"),
        ("I think that's enough.", "that", "DT"),
        ("They knew that she was there.", "that", "IN"),
        ("He was late, and that the others saw.", "that", "IN"),
        ('He said "not now" again.', '"', "''"),
    ],
)
def test_a_word_is_tagged_by_its_form_and_its_neighbours(text: str, word: str, tag: str) -> None:
    assert _tags(text)[word] == tag


def test_straight_quotation_marks_open_and_close() -> None:
    assert phonemizer("en-us")('He said "no" twice.').phonemes.count("“") == 1
    assert phonemizer("en-us")('"No."').phonemes == "“nˈO.”"
