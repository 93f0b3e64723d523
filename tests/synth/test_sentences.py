from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.sentences import split


def _sentences(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in split(text, language)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["“What are you doing?” she said.", "“Nothing.”", "He left."],
        ["“Why?” John asked.", "“No!” I said.", "“Because.”", "Watson looked up."],
        ["Mr. J. R. R. Tolkien met Dr. Smith at 5 p.m.", "He left."],
        ["It was No. 5, not No. 6.", "No.", "He said no."],
        ["In the U.S. Army there are rules.", "We live in the U.S.", "He agreed."],
        ["1. First thing.", "2. Second thing."],
        ["It cost $3.50.", "He paid etc.", "Then he left."],
        ["Wait . . . what?", "Well… perhaps.", "And…", "The end."],
        ["He was born c. 1805 in St. Louis.", "Baker St. was empty.", "The end."],
        ["“I am.”", "“You are not.”", "(See p. 5.)", "Then."],
        ["It was I.", "He left."],
        ["Plan B.", "The other one.", "At 6 a.m. Monday we left."],
        ["He wrote “The End.”", "Then he slept."],
        ["What?!", "No!!!", "Yes…"],
        ["He came in 1945.", "She came later."],
        ["The ratio was 3.14 to 1.", "That is all."],
        ["Smith & Co. paid.", "Acme Inc. did not."],
        ["“Stop!” he said.", "“No.”", "She left."],
        ["‘Stop!’ cried Mr. Darcy.", "‘No.’", "He ran."],
        ['"Where to?" asked the old man.', '"Home."'],
        ["He asked, “Why?” and left.", "Nobody spoke."],
        ["“Oh!” Mary said, “you came!”", "“I—” he began."],
        ["“Well!” exclaimed Mrs. Bennet.", "“What is it?”"],
        ["She met Dr. A. B. Smith, Ph.D., at 3 p.m. on Jan. 5.", "They talked."],
        ["See Fig. 3.", "Then p. 4.", "It was dear."],
        ["He paid £3 10s. 6d. for it.", "It was dear."],
        ["He is 6 ft. 2 in. tall.", "She is not.", "They came in.", "20 men followed."],
        ["Cf. Smith, op. cit. p. 5.", "Also there."],
        ["At 10 a.m. the U.S. Army moved.", "We live in the U.K. now."],
        ["He cited Gen. 1:1 and Rev. 3:2.", "Amen."],
        ["J. K. Rowling wrote it.", "G. B. Shaw did not."],
        ["Martin Luther King Jr. spoke.", "It was 5 p.m.", "He slept."],
    ],
)
def test_sentences_come_apart_where_a_reader_would_breathe(sentences: list[str]) -> None:
    assert _sentences(" ".join(sentences)) == sentences


@pytest.mark.parametrize(
    ("language", "sentences", "joint"),
    [
        ("ja", ["「行こう。」と言った。", "次の文！", "そう。"], ""),
        ("zh", ["你好。", "他说：“走吧！”", "好？"], ""),
        ("hi", ["यह है।", "वह था।"], " "),
        ("ar", ["هل هذا صحيح؟", "نعم."], " "),
        ("es", ["¿Qué?", "El Sr. López vino.", "¡Hola!"], " "),
        ("es", ["Los EE. UU. y el s. XIX fueron otros.", "Ya está."], " "),
        ("pt", ["No séc. XIX foi assim.", "Já era."], " "),
        ("fr", ["Au s. XIX, puis au séc. XX, il changea.", "Il part."], " "),
        ("it", ["Il sig. Rossi è qui.", "Parte."], " "),
        ("fr", ["M. Dupont est là.", "« Oui. »", "Il part."], " "),
    ],
)
def test_other_languages_have_their_own_marks(language: str, sentences: list[str], joint: str) -> None:
    assert _sentences(joint.join(sentences), language) == sentences


@pytest.mark.parametrize(
    "sentence",
    [
        "See Matt. 5:3-12, Ps. 23 and 2 Cor. 3:16.",
        "It lies at Lat. 40° and Long. 20° there.",
        "Read Homer, trans. B. Jowett, repr. 1999.",
        "He was of Co. A, 2nd Infantry.",
        "It fell in the 1st c. A.D. to Rome.",
        "See pp.15–17 Appendix.",
    ],
)
def test_an_abbreviation_before_what_it_belongs_to_ends_no_sentence(sentence: str) -> None:
    assert _sentences(f"{sentence} Then he left.") == [sentence, "Then he left."]


def test_a_list_of_note_marks_stays_with_the_sentence_that_it_ends() -> None:
    assert _sentences("It was so.13,14 Then others came.15–17 Next. I told Dan. I went.") == [
        "It was so.13,14",
        "Then others came.15–17",
        "Next.",
        "I told Dan.",
        "I went.",
    ]


def test_a_note_mark_stays_with_the_sentence_that_it_ends() -> None:
    assert _sentences("See the end.* Next word.3 Then one.[12] Another.¹ Last.") == [
        "See the end.*",
        "Next word.3",
        "Then one.[12]",
        "Another.¹",
        "Last.",
    ]


def test_a_long_quotation_is_split_inside() -> None:
    quotation = "“" + "He spoke of many things. " * 300 + "” he said."
    assert max(end - start for start, end in split(quotation)) < 60


def test_an_empty_line_ends_a_sentence_and_a_line_break_does_not() -> None:
    assert _sentences("one\ntwo\n\nthree") == ["one\ntwo", "three"]


@given(st.text(alphabet="aB1 .!?…。\"'“”’()[]\n*—¹", max_size=60))
def test_all_that_is_not_white_space_lies_in_one_sentence(text: str) -> None:
    spans = split(text)
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)


@pytest.mark.parametrize("unit", ["word ", ".", ". ", " ", "\n", '" ', "\n "])
def test_megabytes_without_a_sentence_are_read_through(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    assert len(split(text)) <= 1
