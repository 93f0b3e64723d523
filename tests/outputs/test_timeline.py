from __future__ import annotations

from inputs.book import EpubPlace
from outputs.plan import Cue
from outputs.timeline import chapter_timeline, heard_at
from synth.audio import WordTime
from synth.chunks import Chunk, Part
from synth.script import Gap, Passage, Pause, Sentence, script
from synth.written import Written, written

PLACE = EpubPlace("one.xhtml", "p1", 0, 20)
ONE = Sentence(0, 0, 3, "One.", ((0, 0),), Pause.SENTENCE)
TWO = Sentence(0, 4, 8, "Two, three.", ((0, 4),), Pause.PARAGRAPH)


WORDINGS = [Written("One.", ((0, 0, 0),)), Written("2, 3.", ((0, 0, 4), (5, 3, 7)))]


def chunk(text: str, *parts: Part) -> Chunk:
    return Chunk(text, "a", "af_heart", 1.0, "en-us", Pause.SENTENCE, parts)


def test_sentences_of_one_chunk_are_told_apart_by_their_words() -> None:
    timeline = chapter_timeline(
        [Cue("k", 1000, 1500, 100)],
        [chunk("One. Two, three.", Part(0, 0, 4), Part(1, 5, 16))],
        {"k": [WordTime(0, 3, 0, 300), WordTime(5, 8, 300, 450), WordTime(10, 15, 450, 700)]},
        [ONE, TWO],
        WORDINGS,
        [PLACE],
    )
    assert [(heard.text, heard.start_sample, heard.end_sample) for heard in timeline] == [
        ("One.", 1000, 1200),
        ("Two, three.", 1200, 1500),
    ], "trimmed samples are taken off, and nothing ends after its cue"
    assert [(heard.place, heard.start, heard.end) for heard in timeline] == [(PLACE, 0, 3), (PLACE, 4, 8)]


def test_a_sentence_that_goes_on_in_the_next_chunk_is_one_sentence() -> None:
    timeline = chapter_timeline(
        [Cue("a", 0, 100, 0), Cue("b", 150, 300, 0)],
        [chunk("Two,", Part(0, 0, 4)), chunk("three.", Part(0, 0, 6, 5))],
        {"a": [], "b": []},
        [TWO],
        WORDINGS[1:],
        [PLACE],
    )
    assert [(heard.start_sample, heard.end_sample) for heard in timeline] == [(0, 300)]


def test_a_second_of_the_chapter_leads_to_its_sentence() -> None:
    timeline = chapter_timeline(
        [Cue("a", 10, 100, 0), Cue("b", 150, 300, 0)],
        [chunk("One.", Part(0, 0, 4)), chunk("Two, three.", Part(1, 0, 11))],
        {"a": [], "b": []},
        [ONE, TWO],
        WORDINGS,
        [None],
    )
    assert heard_at(timeline, 9) is None
    found = [heard_at(timeline, sample) for sample in (10, 149, 150, 10_000)]
    assert [heard.text for heard in found if heard] == ["One.", "One.", "Two, three.", "Two, three."]
    assert found[0] is not None
    assert found[0].place is None, "an announced title stands nowhere in the document"


def test_a_word_that_is_read_lasts_for_all_that_is_said_for_it() -> None:
    (sentence,) = script([Passage("Henry VIII[3] paid £8 — at last.", gaps=(Gap(10, 13),))], "en").sentences
    wording = written(Passage("Henry VIII[3] paid £8 — at last.", gaps=(Gap(10, 13),)), sentence)
    assert wording.text == "Henry VIII paid £8 — at last."
    times, at = [], 0
    for number, word in enumerate(sentence.spoken.split()):
        times.append(WordTime(at, at + len(word), 100 * number, 100 * number + 100))
        at += len(word) + 1
    (heard,) = chapter_timeline(
        [Cue("k", 5000, 5000 + 100 * len(times), 0)],
        [chunk(sentence.spoken, Part(0, 0, len(sentence.spoken)))],
        {"k": [time for time, word in zip(times, sentence.spoken.split(), strict=True) if word != "—"]},
        [sentence],
        [wording],
        [PLACE],
    )
    assert [(heard.written[word.start : word.end].strip(), word.start_sample) for word in heard.words] == [
        ("Henry VIII", 5000), ("paid", 5300), ("£8 —", 5400), ("at", 5700), ("last.", 5800)
    ]  # fmt: skip
    assert [word.source_start for word in heard.words] == [0, 14, 19, 24, 27]
    assert "".join(heard.written[word.start : word.end] for word in heard.words) == heard.written


def test_sentences_whose_words_were_not_timed_share_their_chunk_by_their_length() -> None:
    timeline = chapter_timeline(
        [Cue("k", 1000, 2600, 0)],
        [chunk("One. Two, three.", Part(0, 0, 4), Part(1, 4, 16))],
        {"k": []},
        [ONE, TWO],
        WORDINGS,
        [PLACE],
    )
    assert [(heard.start_sample, heard.end_sample) for heard in timeline] == [(1000, 1400), (1400, 2600)]
    assert all(heard.words == () for heard in timeline)
