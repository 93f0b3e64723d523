from __future__ import annotations

import unicodedata

import hypothesis
import pytest
from hypothesis import strategies as st

from synth.errors import MissingLanguage
from synth.lexicon import Given
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


@pytest.mark.parametrize(
    ("language", "text", "ending"),
    [
        ("en-us", "We met at six P.M.", "ˈɛm."),
        ("en-gb", "He lives in the U.S.", "ˈɛs."),
        ("en-us", "“It was six P.M.”", "ˈɛm.”"),
        ("en-us", "(It was six P.M.)", "ˈɛm.)"),
        ("en-us", "Was it six P.M.?", "ˈɛm?"),
        ("en-us", "We met at six P.M. sharp", "ʃˈɑɹp"),
        ("fr", "Des pommes, etc.", "."),
        ("it", "Vive a D.C.", "."),
    ],
)
def test_a_sentence_that_ends_with_an_abbreviation_has_its_full_stop(
    language: str, text: str, ending: str
) -> None:
    said = phonemizer(language)(text)
    assert said.phonemes.endswith(ending)
    assert not said.phonemes.endswith("..")
    assert said.words[-1].phoneme_end == len(said.phonemes)


def test_a_word_of_no_lexicon_is_said_by_espeak() -> None:
    said = phonemizer("en-us")("Xyloquent Torunn")
    assert said.unknown == ()
    assert all(word.phoneme_end > word.phoneme_start for word in said.words)


def test_a_symbol_that_cannot_be_said_is_reported() -> None:
    assert phonemizer("en-us")("one ☃ two").unknown == ("☃",)


@pytest.mark.parametrize("language", ["en-us", "fr", "hi"])
@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(
    st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("ab 1.é☃漢Ω٣%$'’-—()<^"), max_size=10)
)
def test_nothing_that_could_be_heard_vanishes_silently(language: str, text: str) -> None:
    said = phonemizer(language)(text)
    heard = {place for word in said.words for place in range(word.start, word.end)}
    told = "".join(said.unknown)
    for place, character in enumerate(text):
        if unicodedata.category(character)[0] in "LNS" and character not in told:
            assert place in heard
            assert phonemizer(language)(character).phonemes, f"{character!r} has no sound"
    assert unknown_symbols(said.phonemes) == ""


def test_a_symbol_inside_a_word_is_reported_with_it() -> None:
    assert phonemizer("fr")("le bon→homme").unknown == ("bon→homme",)
    assert phonemizer("fr")("le bonhomme").unknown == ()


@pytest.mark.parametrize("language", ["en-us", "en-gb", "es", "fr", "hi", "it", "pt-br"])
def test_a_letter_that_would_be_spelled_by_its_code_is_reported_and_not_said(language: str) -> None:
    say = phonemizer(language)
    for word in ("ﷺ", "ｶﾞﾗｽ", "ガラス", "中国"):
        assert (say(word).phonemes, say(word).unknown) == ("", (word,))
        said = say(f"a {word} b")
        assert said.unknown == (word,)
        assert [said.text[one.start : one.end] for one in said.words] == ["a", "b"]
    for word in ("Zoë", "señor", "Ω", "łódź", "½"):
        assert say(word).unknown == (), word


@pytest.mark.parametrize("language", ["en-us", "fr", "hi"])
def test_a_word_with_a_control_character_is_reported(language: str) -> None:
    assert "\0" in "".join(phonemizer(language)("x a\0b y").unknown)


@pytest.mark.parametrize("language", ["en-us", "fr", "hi"])
@pytest.mark.parametrize("space", ["\u2028", "  ", "\u00a0 ", "\x85", "\n"])
def test_white_space_parts_words_and_is_nothing_unknown(language: str, space: str) -> None:
    say = phonemizer(language)
    said = say(f"one{space}two")
    assert (said.phonemes, said.unknown) == (say("one two").phonemes, ())
    assert [said.text[one.start : one.end] for one in said.words] == ["one", "two"]
    assert say(space).unknown == ()


def test_an_apostrophe_between_digits_does_no_harm() -> None:
    assert [word.end for word in phonemizer("en-us")("0'0 b").words] == [3, 5]


def test_a_text_cut_in_two_is_said_as_before() -> None:
    said = phonemizer("en-us")(PLAIN)
    first, rest = said.cut_before(3)
    assert f"{first.phonemes} {rest.phonemes}" == said.phonemes
    assert f"{first.text} {rest.text}" == PLAIN
    assert [rest.text[word.start : word.end] for word in rest.words] == PLAIN.split()[3:]


def test_a_language_that_is_not_pronounced_here_names_those_that_are() -> None:
    with pytest.raises(MissingLanguage, match=r"'tlh'.*en-gb, en-us, es, fr"):
        phonemizer("tlh")


def _given(text: str, **said: str) -> list[Given]:
    """Pronunciations of words of a text: phonemes between slashes, or plain words."""
    found = []
    for word, how in said.items():
        start = text.index(word)
        phonemes, respelling = (how.strip("/"), "") if how.startswith("/") else ("", how)
        found.append(Given(start, start + len(word), phonemes, respelling))
    return sorted(found, key=lambda one: one.start)


def _said(text: str, language: str, given: list[Given]) -> dict[str, str]:
    said = phonemizer(language)(text, given)
    assert said.text == text
    return {
        text[word.start : word.end]: said.phonemes[word.phoneme_start : word.phoneme_end]
        for word in said.words
    }


@pytest.mark.parametrize("language", ["en-us", "en-gb", "fr", "es", "hi", "it", "pt-br"])
def test_given_phonemes_are_said_in_their_place_and_change_nothing_else(language: str) -> None:
    text = "“Roma,” mama Zaza (banana) roma."
    plain = _said(text, language, [])
    given = _said(text, language, _given(text, Zaza="/zˈʊzʊ/"))
    assert plain.pop("Zaza") != given.pop("Zaza") == "zˈʊzʊ"
    assert given == plain


@pytest.mark.parametrize("language", ["en-us", "fr"])
def test_given_phonemes_keep_the_punctuation_that_sticks_to_them(language: str) -> None:
    text = "“Zaza,” (Ziz) Zuz—Zez!"
    said = phonemizer(language)(text, _given(text, Zaza="/zˈizi/", Ziz="/zˈi/", Zuz="/zˈa/", Zez="/zˈo/"))
    assert said.phonemes == "“zˈizi,” (zˈi) zˈa—zˈo!"
    assert said.unknown == ()


@pytest.mark.parametrize("language", ["en-us", "fr"])
def test_a_respelling_is_one_word_of_the_text_as_it_was_written(language: str) -> None:
    text = "To Versailles, at last."
    said = _said(text, language, _given(text, Versailles="ver sigh"))
    assert list(said) == ["To", "Versailles,", "at", "last."]
    alone = phonemizer(language)("To ver sigh, at last.")
    assert " ".join(said.values()) == alone.phonemes


@pytest.mark.parametrize("language", ["en-us", "fr"])
def test_words_that_are_said_together_are_one(language: str) -> None:
    text = "No, Saint John came."
    said = _said(text, language, _given(text, **{"Saint John": "/sˈɪnʤən/"}))
    assert list(said) == ["No,", "Saint John", "came."]
    assert said["Saint John"] == "sˈɪnʤən"


def test_what_is_given_decides_how_the_word_before_it_is_said() -> None:
    text = "the hour, the Xhosa"
    assert phonemizer("en-us")(text, _given(text, Xhosa="/ˈOsə/")).phonemes.endswith("ði ˈOsə")
    assert phonemizer("en-us")(text, _given(text, Xhosa="/kˈOsə/")).phonemes.endswith("ðə kˈOsə")


def test_a_part_of_a_word_can_be_given() -> None:
    text = "Anne-Marie"
    assert phonemizer("en-us")(text, _given(text, Anne="/ˈanə/")).phonemes.startswith("ˈanə")
    text = "C'est l'ami d'Aramis."
    assert phonemizer("fr")(text, _given(text, Aramis="/ʁamˈi/")).phonemes.endswith(" dʁamˈi.")


@pytest.mark.parametrize(
    "text", ["Say [word](/ʃˈaʃ/) now.", "Say [word](-2) now.", "Say [one](#x#) [two](/a/)."]
)
def test_markup_in_a_book_is_text_like_any_other(text: str) -> None:
    for given in ([], [Given(0, 3, "sˈA")]):
        said = phonemizer("en-us")(text, given)
        assert "ʃˈaʃ" not in said.phonemes
        assert "sˈA " in said.phonemes
        assert "[" in said.unknown, "it came through to the words"


def test_a_text_with_given_words_is_cut_in_two_like_any_other() -> None:
    text = "To Versailles, at last, Saint John came."
    said = phonemizer("en-us")(text, _given(text, Versailles="ver sigh", **{"Saint John": "/sˈɪnʤən/"}))
    first, rest = said.cut_before(2)
    assert (first.text, rest.text) == ("To Versailles,", "at last, Saint John came.")
    assert f"{first.phonemes} {rest.phonemes}" == said.phonemes
