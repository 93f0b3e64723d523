from __future__ import annotations

import pytest

from synth.ipa import UnknownSymbol, phonemes_of
from synth.vocabulary import unknown_symbols


@pytest.mark.parametrize(
    ("ipa", "american", "british"),
    [
        ("hɝˈmaɪəni", "hɜɹmˈIəni", "hɜːmˈIəni"),
        ("ˈkwɪk", "kwˈɪk", "kwˈɪk"),
        ("həˈloʊ", "həlˈO", "həlˈQ"),
        ("həˈləʊ", "həlˈO", "həlˈQ"),
        ("t͡ʃɜːt͡ʃ", "ʧˈɜɹʧ", "ʧˈɜːʧ"),
        ("ˈfɑːðɚ", "fˈɑðəɹ", "fˈɑːðə"),
        ("ˈfɝi", "fˈɜɹi", "fˈɜːɹi"),
        ("ˈskweə", "skwˈɛə", "skwˈɛː"),
        ("ˈbɒtl̩", "bˈɑtᵊl", "bˈɒtᵊl"),
        ("ˈbɔɪ", "bˈY", "bˈY"),
        ("ˈgræf", "ɡɹˈæf", "ɡɹˈaf"),
        ("ˈsɪndʒən", "sˈɪnʤən", "sˈɪnʤən"),
    ],
)
def test_english_ipa_is_spelled_as_each_accent_was_trained(ipa: str, american: str, british: str) -> None:
    assert (phonemes_of(ipa, "en-us"), phonemes_of(ipa, "en-gb")) == (american, british)


def test_a_stress_mark_goes_before_its_vowel_and_a_second_time_nothing_changes() -> None:
    once = phonemes_of("ˌɛn.saɪ.kləˈpi.di.ə", "en-us")
    assert once == "ˌɛnsIkləpˈidiə"
    assert phonemes_of(once, "en-us") == once


def test_a_lone_syllable_is_stressed_unless_it_is_weak() -> None:
    assert phonemes_of("kæt", "en-us") == "kˈæt"
    assert phonemes_of("ðə", "en-us") == "ðə"
    assert phonemes_of("ˌkæt", "en-us") == "kˌæt"


def test_other_languages_keep_their_nasals_and_their_r() -> None:
    assert phonemes_of("vɛʁˈnɔ̃", "fr") == "vɛʁnˈɔ̃"
    assert phonemes_of("ɡaʁˈsõ", "fr") == phonemes_of("gaʁˈso\u0303", "fr"), "composed or not"
    assert phonemes_of("ˈpero", "es") == "pˈero"


def test_a_dot_keeps_two_consonants_from_becoming_one() -> None:
    assert phonemes_of("ˈnʌt.ʃɛl", "en-us") == "nˈʌtʃɛl"
    assert phonemes_of("ˈnʌtʃɛl", "en-us") == "nˈʌʧɛl"


def test_typewriter_marks_are_understood() -> None:
    assert phonemes_of("'na:", "en-gb") == phonemes_of("ˈnaː", "en-gb") == "nˈaː"


@pytest.mark.parametrize(("ipa", "symbol"), [("ʘa", "ʘ"), ("fɑːðə(r)", "("), ("a, b", ","), ("ta2", "2")])
@pytest.mark.parametrize("language", ["en-us", "en-gb", "fr"])
def test_a_symbol_without_a_sound_is_named_in_every_language(ipa: str, symbol: str, language: str) -> None:
    with pytest.raises(UnknownSymbol) as error:
        phonemes_of(ipa, language)
    assert error.value.symbol == symbol


def test_all_that_comes_out_is_in_the_vocabulary() -> None:
    everything = "pbtdkgqɟʔmnɲŋɴrʁɾɽɸβfvθðszʃʒʂçʝxɣχhɹɻjɥʋlʎɫieɛaɑɔouyøœʊʌɤɯɨəɜɝɚɐɒɪæʲʰʷːˑ̃a͡ɪt͡s"
    for language in ("en-us", "en-gb", "fr", "es", "hi"):
        assert unknown_symbols(phonemes_of(everything, language)) == ""
