from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inputs.book import TextPlace
from outputs.captions import COLUMNS, Caption, as_lrc, as_srt, as_vtt, by_sentence, by_word
from outputs.timeline import HeardSentence, HeardWord
from synth.audio import SAMPLE_RATE_HZ

LONG = (
    "The lamp was lit at six, as it had been lit at six on every evening that anybody in the village could "
    "remember; and nobody, not even the harbour master, had ever seen who it was that lit it."
)


def sentence(written: str, start_s: float, end_s: float, timed: bool = True) -> HeardSentence:
    """One whose words are heard evenly, or whose words were not timed."""
    start, end = round(start_s * SAMPLE_RATE_HZ), round(end_s * SAMPLE_RATE_HZ)
    words: list[HeardWord] = []
    for word in re.finditer(r"\S+\s*", written) if timed else ():
        at = [start + (end - start) * place // len(written) for place in word.span()]
        words.append(HeardWord(at[0], at[1], word.start(), word.end(), word.start()))
    return HeardSentence(start, end, written, TextPlace(1, 1), 0, len(written), written, tuple(words))


WORDS = st.lists(
    st.one_of(
        st.text("abcdefgh,.;—", min_size=1, max_size=12),
        st.sampled_from(["Donau" * 12, "月が出た。", "<b>", "&"]),
    ),
    min_size=1,
    max_size=60,
)


@st.composite
def timelines(draw: st.DrawFn) -> list[HeardSentence]:
    made, at = [], 0.0
    for words in draw(st.lists(WORDS, min_size=1, max_size=8)):
        at += draw(st.floats(0, 3))
        end = at + draw(st.sampled_from([0, 0.0004, 0.2, 3.7]))
        made.append(sentence(" ".join(words), at, end, draw(st.booleans())))
        at = end
    return made


@given(timelines())
@pytest.mark.parametrize("captions_of", [by_sentence, by_word])
def test_captions_follow_one_another_and_lie_under_all_that_is_spoken(
    captions_of: type, timeline: list[HeardSentence]
) -> None:
    captions: list[Caption] = captions_of(timeline)  # type: ignore[assignment]
    assert all(one.start_ms < one.end_ms for one in captions)
    assert all(one.end_ms <= two.start_ms for one, two in itertools.pairwise(captions))
    shown_ms = {ms for one in captions for ms in range(one.start_ms, one.end_ms)}
    for heard in timeline:
        spoken_ms = range(
            *(round(at * 1000 / SAMPLE_RATE_HZ) for at in (heard.start_sample, heard.end_sample))
        )
        assert shown_ms.issuperset(spoken_ms)
    read = "".join("".join(one.lines) for one in captions).replace(" ", "")
    assert read == "".join(heard.written for heard in timeline).replace(" ", "") or not captions


@given(WORDS)
def test_captions_have_two_short_lines_and_no_word_is_cut(words: list[str]) -> None:
    text = " ".join(words)
    lines = [line for one in by_sentence([sentence(text, 0, 60)]) for line in one.lines]
    whole = {part for word in words for part in re.split(r"(?<=—)|(?<=[月が出た。])", word) if part}
    for one in by_sentence([sentence(text, 0, 60)]):
        assert len(one.lines) <= 2
    for line in lines:
        assert len(line) <= COLUMNS or any(len(word) > COLUMNS for word in words)
        assert {
            part for word in line.split() for part in re.split(r"(?<=—)|(?<=[月が出た。])", word) if part
        } <= whole


def test_a_long_sentence_is_cut_after_a_clause_at_the_time_of_its_word() -> None:
    captions = by_sentence([sentence(LONG, 1, 11)])
    assert [" ".join(one.lines) for one in captions] == [
        "The lamp was lit at six, as it had been lit at six on",
        "every evening that anybody in the village could remember;",
        "and nobody, not even the harbour master, had ever seen who it was that lit it.",
    ]
    shares = [LONG.index("every evening") / len(LONG), LONG.index("and nobody") / len(LONG)]
    assert [one.start_ms for one in captions[1:]] == pytest.approx([1000 + 10000 * s for s in shares], abs=1)


def test_a_short_sentence_stays_for_a_second_unless_the_next_one_comes() -> None:
    captions = by_sentence([sentence("No.", 0, 0.3), sentence("Yes.", 0.6, 0.9)])
    assert [(one.start_ms, one.end_ms) for one in captions] == [(0, 600), (600, 1600)]


def test_each_kind_of_file_has_its_own_clock_and_marks() -> None:
    timeline = [sentence("Tom & <Jerry>.", 3725.5, 3727), sentence("So.", 3728, 3729)]
    captions = by_sentence(timeline)
    assert as_vtt(captions).decode() == (
        "WEBVTT\n\n01:02:05.500 --> 01:02:07.000\nTom &amp; &lt;Jerry&gt;.\n\n"
        "01:02:08.000 --> 01:02:09.000\nSo.\n"
    )
    assert as_srt(captions).decode() == (
        "1\n01:02:05,500 --> 01:02:07,000\nTom & <Jerry>.\n\n2\n01:02:08,000 --> 01:02:09,000\nSo.\n"
    )
    assert as_lrc(timeline, "The Lamp", "A. Writer", "Small").decode() == (
        "[ti:The Lamp]\n[ar:A. Writer]\n[al:Small]\n[62:05.50]Tom & <Jerry>.\n[62:08.00]So.\n"
    )
