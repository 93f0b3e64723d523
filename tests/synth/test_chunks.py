from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.chunks import Chunk, Line, pack
from synth.errors import ChunkTooLong
from synth.phonemes import Pronounced, PronouncedWord
from synth.script import Pause


def as_it_is_written(text: str) -> Pronounced:
    """A stand-in for pronunciation: every letter is its own phoneme."""
    words: list[PronouncedWord] = []
    at = 0
    for word in text.split(" "):
        words.append(PronouncedWord(at, at + len(word), at, at + len(word)))
        at += len(word) + 1
    return Pronounced(text, text, tuple(words))


def lines(*paragraphs: list[str]) -> list[Line]:
    result: list[Line] = []
    for passage, sentences in enumerate(paragraphs):
        for i, sentence in enumerate(sentences):
            pause = Pause.PARAGRAPH if i == len(sentences) - 1 else Pause.SENTENCE
            result.append(Line(len(result), passage, as_it_is_written(sentence), pause))
    return result


def packed(*paragraphs: list[str], target: int = 200, ceiling: int = 400) -> list[Chunk]:
    return list(pack(lines(*paragraphs), "af_heart", 1.0, "en-us", target, ceiling))


def test_sentences_of_a_paragraph_share_a_chunk_up_to_the_target() -> None:
    chunks = packed(["a" * 90 + ".", "b" * 90 + ".", "c" * 90 + "."])
    assert [len(chunk.parts) for chunk in chunks] == [2, 1]
    assert chunks[0].pause is Pause.SENTENCE
    assert chunks[1].pause is Pause.PARAGRAPH


def test_paragraphs_never_share_a_chunk() -> None:
    assert [chunk.text for chunk in packed(["one."], ["two."])] == ["one.", "two."]


def test_a_very_short_sentence_joins_its_neighbour_though_the_target_is_passed() -> None:
    assert [chunk.text for chunk in packed(["a" * 195 + ".", "no."])] == ["a" * 195 + ". no."]
    assert [chunk.text for chunk in packed(["no.", "a" * 199 + "."])] == ["no. " + "a" * 199 + "."]
    assert len(packed(["a" * 395 + ".", "no, never."])) == 2, "but not the ceiling"


def test_a_very_short_paragraph_is_spoken_with_words_beside_it_that_are_not_heard() -> None:
    long = " ".join(["word"] * 40) + "."
    first, middle, last = packed(["Yes."], [long], ["no."])
    assert (first.before, first.after) == ("", " ".join(["word"] * 16))
    assert first.utterance == "Yes. " + " ".join(["word"] * 16)
    assert first.utterance[first.heard_from :].startswith("Yes.")
    assert (middle.before, middle.after) == ("", "")
    assert (last.before, last.after) == (" ".join(["word"] * 15) + " word.", "")
    assert last.utterance[last.heard_from :] == last.phonemes == "no."
    assert [chunk.text for chunk in packed(["Yes."])] == ["Yes."], "alone there is nothing to speak it with"


def test_several_short_paragraphs_in_a_row_are_each_spoken_with_enough_words() -> None:
    chunks = packed(["ha!"], ["fo."], ["di."], ["bad."], ["ab."], ["cold."])
    assert all(len(chunk.utterance) >= 20 for chunk in chunks)
    assert chunks[0].utterance == "ha! fo. di. bad. ab. cold."
    assert chunks[-1].utterance == "ha! fo. di. bad. ab. cold."
    assert [chunk.phonemes for chunk in chunks] == ["ha!", "fo.", "di.", "bad.", "ab.", "cold."]


def test_a_long_sentence_is_cut_after_a_clause_when_there_is_one() -> None:
    sentence = " ".join(["word"] * 50) + ", " + " ".join(["more"] * 50) + "."
    first, second = packed([sentence])
    assert first.text.endswith("word,")
    assert first.pause is Pause.CLAUSE
    assert second.text.startswith("more")
    assert second.parts[0].spoken_start == sentence.index("more")


def test_a_long_sentence_without_clauses_is_cut_between_words() -> None:
    chunks = packed([" ".join(["word"] * 200)])
    assert all(set(chunk.text.split()) == {"word"} for chunk in chunks)
    assert all(len(chunk.phonemes) <= 400 for chunk in chunks)


def test_a_chunk_of_511_phonemes_cannot_be_built() -> None:
    Chunk("x", "a" * 510, "af_heart", 1.0, "en-us", Pause.SENTENCE)
    with pytest.raises(ChunkTooLong, match="511 phonemes"):
        Chunk("x", "a" * 511, "af_heart", 1.0, "en-us", Pause.SENTENCE)


def test_a_single_word_that_is_too_long_is_an_error_never_a_truncation() -> None:
    with pytest.raises(ChunkTooLong):
        packed(["a" * 600])


words = st.text("abcdefhijklm", min_size=1, max_size=12)
sentences = st.lists(words, min_size=1, max_size=150).map(lambda found: " ".join(found) + ".")


@given(st.lists(st.lists(sentences, min_size=1, max_size=6), min_size=1, max_size=4))
def test_nothing_is_lost_and_nothing_is_too_long(paragraphs: list[list[str]]) -> None:
    chunks = packed(*paragraphs)
    said = " ".join(chunk.text for chunk in chunks)
    assert said.split() == " ".join(" ".join(paragraph) for paragraph in paragraphs).split()
    flat = [sentence for paragraph in paragraphs for sentence in paragraph]
    for chunk in chunks:
        assert len(chunk.phonemes) <= 400
        assert len(chunk.utterance) <= 400
        assert chunk.utterance[chunk.heard_from :].startswith(chunk.phonemes)
        for part in chunk.parts:
            text = chunk.text[part.start : part.end]
            assert flat[part.sentence][part.spoken_start :].startswith(text)
        for word in chunk.words:
            assert chunk.text[word.start : word.end] == chunk.phonemes[word.phoneme_start : word.phoneme_end]
