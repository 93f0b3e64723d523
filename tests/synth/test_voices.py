from __future__ import annotations

import pytest

from synth.errors import MissingLanguage, UnknownVoice
from synth.voices import VOICES, default_voice, voice_named


def test_the_catalogue_has_kokoros_54_voices() -> None:
    assert len(VOICES) == 54
    assert sum(voice.gender == "female" for voice in VOICES.values()) == 29
    assert {voice.language for voice in VOICES.values()} == {
        "en-us", "en-gb", "es", "fr", "hi", "it", "ja", "pt-br", "zh",
    }  # fmt: skip
    assert VOICES["af_heart"].grade == "A"
    assert VOICES["pm_alex"].grade is None


def test_an_unknown_voice_is_answered_with_near_names() -> None:
    with pytest.raises(UnknownVoice, match=r"Did you mean .*bf_emma"):
        voice_named("bf_ema")


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("en", "af_heart"),
        ("en-US", "af_heart"),
        ("en-GB", "bf_emma"),
        ("fr-CA", "ff_siwis"),
        ("pt", "pf_dora"),
    ],
)
def test_a_language_has_its_best_voice_by_default(language: str, voice: str) -> None:
    assert default_voice(language).name == voice


def test_a_language_without_a_voice_says_what_can_be_done() -> None:
    with pytest.raises(MissingLanguage, match=r"'de'.*--engine draft"):
        default_voice("de")
