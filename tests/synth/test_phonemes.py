from __future__ import annotations

import pytest

from synth.errors import MissingLanguage
from synth.phonemes import phonemizer
from synth.vocabulary import MAX_PHONEMES, VOCABULARY, unknown_symbols

PLAIN = "“Well,” she said — twice — “didn't Mr. Vastrey ask?”"


def test_the_vocabulary_has_kokoros_114_symbols_below_178() -> None:
    assert len(VOCABULARY) == 114
    assert max(VOCABULARY.values()) == 177
    assert 0 not in VOCABULARY.values(), "0 is the boundary token"
    assert (VOCABULARY[";"], VOCABULARY["a"], VOCABULARY["ˈ"], VOCABULARY["ᵻ"]) == (1, 43, 156, 177)
    assert MAX_PHONEMES == 510


@pytest.mark.parametrize("language", ["en-us", "en-gb", "es", "fr", "hi", "it", "pt-br"])
def test_every_language_is_said_in_kokoros_own_symbols(language: str) -> None:
    said = phonemizer(language)("Bonjour Roma, hello mundo!")
    assert len(said.phonemes) > 10
    assert unknown_symbols(said.phonemes) == ""
    assert said.phonemes.endswith("!")


@pytest.mark.parametrize("language", ["en-us", "fr"])
def test_words_tile_the_text_and_the_phonemes_in_order(language: str) -> None:
    said = phonemizer(language)(PLAIN)
    assert [PLAIN[word.start : word.end] for word in said.words] == PLAIN.split()
    rebuilt = " ".join(said.phonemes[word.phoneme_start : word.phoneme_end] for word in said.words)
    assert rebuilt == said.phonemes


def test_american_and_british_english_differ() -> None:
    assert phonemizer("en-us")("bath water").phonemes != phonemizer("en-gb")("bath water").phonemes


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("The quick brown fox jumps over the lazy dog.", "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˈOvəɹ ðə lˈAzi dˈɔɡ."),
        ("Hello world", "həlˈO wˈɜɹld"),
    ],
)
def test_english_is_said_as_kokoro_was_trained_on_it(text: str, phonemes: str) -> None:
    assert phonemizer("en-us")(text).phonemes == phonemes


def test_a_word_of_no_lexicon_is_said_by_espeak() -> None:
    said = phonemizer("en-us")("Xyloquent Torunn")
    assert said.unknown == ()
    assert all(word.phoneme_end > word.phoneme_start for word in said.words)


def test_a_symbol_that_cannot_be_said_is_reported() -> None:
    assert phonemizer("en-us")("one ☃ two").unknown == ("☃",)


def test_a_text_cut_in_two_is_said_as_before() -> None:
    said = phonemizer("en-us")(PLAIN)
    first, rest = said.cut_before(3)
    assert f"{first.phonemes} {rest.phonemes}" == said.phonemes
    assert f"{first.text} {rest.text}" == PLAIN
    assert [rest.text[word.start : word.end] for word in rest.words] == PLAIN.split()[3:]


def test_a_language_that_is_not_pronounced_here_names_those_that_are() -> None:
    with pytest.raises(MissingLanguage, match=r"'tlh'.*en-gb, en-us, es, fr"):
        phonemizer("tlh")
