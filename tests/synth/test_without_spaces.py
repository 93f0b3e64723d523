from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.errors import MissingLanguage
from synth.japanese import Japanese
from synth.lexicon import Given
from synth.mandarin import Mandarin
from synth.phonemes import phonemizer
from synth.vocabulary import VOCABULARY, unknown_symbols


def _installed(*modules: str) -> bool:
    return all(importlib.util.find_spec(module) for module in modules)


chinese = pytest.mark.skipif(
    not _installed("jieba", "pypinyin", "cn2an", "ordered_set"), reason="the extra z is not installed"
)
japanese = pytest.mark.skipif(
    not _installed("fugashi", "jaconv", "mojimoji", "unidic_lite"), reason="the extra j is not installed"
)
each_language = pytest.mark.parametrize(
    "language", [pytest.param("zh", marks=chinese), pytest.param("ja", marks=japanese)]
)
BOTH = "上海, 東京 (銀行)… “Hello” 2024年。"


@pytest.mark.parametrize(
    ("make", "module", "extra"), [(Mandarin, "jieba", "z"), (Japanese, "unidic_lite", "j")]
)
def test_a_missing_extra_names_the_command_that_installs_it(
    make: Callable[[], object], module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for present in ("cn2an", "jieba", "pypinyin", "fugashi", "unidic_lite", "misaki.zh", "misaki.cutlet"):
        monkeypatch.setitem(sys.modules, present, type(sys)(present))
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingLanguage, match=rf'{module}.*pip install "audiobindery\[{extra}\]"$'):
        make()


@chinese
@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("我们今天去北京，好吗？", "wo↓mən ʨi→ntʰjɛ→n ʨʰy↘ pei↓ʨi→ŋ, xau↓ ma?"),
        ("她说：“你好！”然后走了。", "tʰa→ ʂwo→: “ni↓xau↓!” ɻa↗nxou↘ ʦou↓ lɤ."),
        ("2024年", "ɚ↘li↗ŋɚ↘ sɨ↘njɛ↗n"),
        ("007", "li↗ŋli↗ŋ ʨʰi→"),
        ("10%", "pai↓fə→nꭧɨ→ʂɨ↗"),
    ],
)
def test_chinese_is_said_with_tones(text: str, phonemes: str) -> None:
    assert phonemizer("zh")(text).phonemes == phonemes


@chinese
@pytest.mark.parametrize(
    "text", ["我们今天去北京，好吗？", "长安街上，行人很多。", "2024年5月1日，他花了3.5元。"]
)
def test_chinese_is_said_as_upstream_says_it(text: str) -> None:
    from misaki.zh import ZHG2P

    assert phonemizer("zh")(text).phonemes == ZHG2P()(text)[0]


@japanese
@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("私は東京に住んでいます。", "βatakɯɕi βa toːkʲoː ɲi sɨnde imasɨ."),
        ("「こんにちは」と彼は言った。", "“koɲɲiʨiβa” to kaɾe βa iʔta."),
        ("ちょっと、待って！", "ʨoʔto, maʔte!"),
    ],
)
def test_japanese_is_said_in_its_own_sounds(text: str, phonemes: str) -> None:
    assert phonemizer("ja")(text).phonemes == phonemes


@japanese
@pytest.mark.parametrize("text", ["私は東京に住んでいます。", "名前はまだ無い。", "母が歌った。"])
def test_japanese_is_said_as_upstream_says_it(text: str) -> None:
    from misaki.cutlet import Cutlet

    assert phonemizer("ja")(text).phonemes == Cutlet()(text)[0]


@each_language
def test_words_of_a_text_without_spaces_are_found_in_it(language: str) -> None:
    said = phonemizer(language)(BOTH)
    assert unknown_symbols(said.phonemes) == ""
    assert len(said.words) >= 5
    ends = [0, *(end for word in said.words for end in (word.start, word.end))]
    assert ends == sorted(ends)
    phoneme_ends = [0, *(end for word in said.words for end in (word.phoneme_start, word.phoneme_end))]
    assert phoneme_ends == sorted(phoneme_ends)
    assert "".join(BOTH[word.start : word.end] for word in said.words) == BOTH.replace(" ", "")


@each_language
def test_a_latin_word_is_said_as_english(language: str) -> None:
    assert phonemizer("en-us")("Hello").phonemes in phonemizer(language)(BOTH).phonemes


@each_language
def test_a_given_pronunciation_is_taken_as_it_is(language: str) -> None:
    assert phonemizer(language)("東京。", [Given(0, 2, phonemes="toːkjoː")]).phonemes == "toːkjoː."


@each_language
@settings(max_examples=60, deadline=None)
@given(
    st.text(
        st.characters(exclude_categories=["Cs"]) | st.sampled_from("长安街東京に5%२㌔ー〇っ"), max_size=12
    )
)
def test_nothing_vanishes_silently(language: str, text: str) -> None:
    said = phonemizer(language)(text)
    heard = {i for word in said.words for i in range(word.start, word.end)}
    told = "".join(said.unknown)
    for i, character in enumerate(text):
        if character.isalnum() and character not in told:
            assert i in heard, f"{character!r} is neither said nor reported"
    assert set(said.phonemes) <= set(VOCABULARY)
