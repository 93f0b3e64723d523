"""Pronunciations in the International Phonetic Alphabet into Kokoro's phoneme vocabulary."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from synth.vocabulary import VOCABULARY


class UnknownSymbol(ValueError):
    """A symbol that Kokoro has never heard; `symbol` is it."""

    def __init__(self, symbol: str) -> None:
        super().__init__(symbol)
        self.symbol = symbol


def phonemes_of(ipa: str, language: str) -> str:
    """Spell a pronunciation as Kokoro was trained to hear that language.

    Follows what misaki does to espeak-ng's IPA (misaki 0.9.4, `espeak.py`), so that a pronunciation that was
    written down by hand and one that espeak-ng made are of one kind: diphthongs and affricates are single
    symbols, and a stress mark stands before its vowel, not before its syllable.

    Args:
        ipa: without the slashes around it; dots between syllables, ties and the typewriter's ' and : for ˈ
            and ː are understood, and so are Kokoro's own symbols.
        language: BCP 47, of the voice. Which symbols are known does not depend on it.

    Raises:
        UnknownSymbol: a symbol has no counterpart in the vocabulary.
    """
    text = unicodedata.normalize("NFD", ipa.strip()).replace("c\N{COMBINING CEDILLA}", "ç")
    for pattern, symbols in _EVERYWHERE:
        text = pattern.sub(symbols, text)
    for pattern, symbols in _ACCENTS.get(language, _OTHER):
        text = pattern.sub(symbols, text)
    for symbol in text:
        if symbol not in VOCABULARY or symbol in _PUNCTUATION:
            raise UnknownSymbol(symbol)
    return _stressed(text)


_PUNCTUATION: Final = ';:,.!?—…"()“”'  # the model knows it, but it is no sound


def _rules(*pairs: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), symbols) for pattern, symbols in pairs)


_TIE: Final = "[\u0361\u035c]"
_VOWELS: Final = "AIOQWYaeiouyæøœɐɑɒɔəɚɛɜɝɤɨɪɯʊʌᵊᵻ"
_BEFORE_VOWEL: Final = f"(?=[ˈˌ]*[{_VOWELS}])"

_EVERYWHERE: Final = _rules(
    (r"\s+", " "),
    ("['\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}]", "ˈ"),
    (":|ˑ", "ː"),
    ("g", "ɡ"),
    ("ɫ", "l"),
    ("ʷ", "w"),
    # one unit, not two syllables; no ring, breve or raising changes which vowel it is for Kokoro
    ("[\u032f\u031e\u031d\u031f\u0320\u0325\u032a\u033a\u033b\u0339\u031c\u030a]", ""),
    (f"t{_TIE}?ʃ", "ʧ"),
    (f"d{_TIE}?ʒ", "ʤ"),
    (f"t{_TIE}s", "ʦ"),
    (f"d{_TIE}z", "ʣ"),
    (f"a{_TIE}?ɪ", "I"),
    (f"a{_TIE}?ʊ", "W"),
    (f"e{_TIE}?ɪ", "A"),
    (f"ɔ{_TIE}?ɪ", "Y"),
    (f"o{_TIE}?ʊ", "O"),
    (f"ə{_TIE}?ʊ", "Q"),
    ("(.)\u0329", r"ᵊ\1"),  # a consonant that is a syllable
    (f"{_TIE}|[.‿|]", ""),
)
_ENGLISH: Final = _rules(
    (f"ʲ{_BEFORE_VOWEL}", "j"),
    ("[ʲʰ\u0303]", ""),
    ("r|ɻ|ʁ", "ɹ"),
    ("[xçχ]", "k"),
    ("ʦ", "ts"),
    ("ʣ", "dz"),
    ("ɬ", "l"),
    ("y", "j"),
    ("ɐ", "ə"),
    ("ɾ", "T"),
    ("ʔ", "t"),
)
_OTHER: Final = _rules(("ɝ", "ɜɹ"))
_ACCENTS: Final = {
    "en-us": (
        *_ENGLISH,
        *_rules(
            ("ɝː?|ɜː(?!ɹ)", "ɜɹ"),
            ("ɚ", "əɹ"),
            ("ː", ""),
            ("Q", "O"),
            ("ɒ", "ɑ"),
            ("e", "ɛ"),
            ("o(?=ɹ)", "ɔ"),
            ("o", "O"),
            ("əl(?![AIOQWYaiuæɑɔəɛɜɪʊʌᵊᵻˈˌ])", "ᵊl"),
        ),
    ),
    "en-gb": (
        *_ENGLISH,
        *_rules(
            (f"ɝː?{_BEFORE_VOWEL}", "ɜːɹ"),
            ("ɝː?", "ɜː"),
            (f"ɚ{_BEFORE_VOWEL}", "əɹ"),
            ("ɚ", "ə"),
            ("O", "Q"),
            ("æ", "a"),
            ("eə", "ɛː"),
            ("e", "ɛ"),
            ("o(?=ː)", "ɔ"),
            ("o", "Q"),
        ),
    ),
}


def _stressed(phonemes: str) -> str:
    """Put each stress mark before its vowel; a lone syllable without any mark is stressed."""
    placed = _STRESS.sub(r"\2\1", phonemes)
    vowels = _VOWEL.findall(placed)
    if len(vowels) == 1 and vowels[0] not in "əᵊɚ" and not set("ˈˌ") & set(placed):
        # dictionaries leave the mark of a monosyllable out
        return _VOWEL.sub(r"ˈ\g<0>", placed)
    return placed


_VOWEL: Final = re.compile(f"[{_VOWELS}]")
_STRESS: Final = re.compile(f"([ˈˌ])([^{_VOWELS}ˈˌ ]+)(?=[{_VOWELS}])")
