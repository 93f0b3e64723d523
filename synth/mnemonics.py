"""Kokoro's English phonemes into the mnemonics that espeak-ng takes between double square brackets."""

from __future__ import annotations

import re
from typing import Final


def mnemonics(phonemes: str, language: str) -> str:
    """Words as espeak-ng can be given them: "həlˈO" is "[[h|@|l|'oU]]".

    The names are those of espeak-ng's docs/phonemes.md and of its phsource/ph_english*; "|" keeps two of them
    apart. A symbol that its English lacks is left out.

    Args:
        phonemes: of English, in Kokoro's vocabulary.
        language: "en-us" or "en-gb".
    """
    names = _AMERICAN if language == "en-us" else _BRITISH
    words = []
    for word in phonemes.split():
        sounds = "|".join(filter(None, (names.get(sound) for sound in _SOUND.findall(word))))
        words.append(f"[[{_STRESS.sub(_BEFORE_ITS_VOWEL, sounds)}]]")
    return " ".join(words)


_SOUND: Final = re.compile("ɜː?ɹ|ɛː|.")
_STRESS: Final = re.compile(r"([',])\|")
_BEFORE_ITS_VOWEL: Final = r"\1"
_SHARED: Final = {
    **{letter: letter for letter in "bdfhjklmnpstvwz"},
    **{"ˈ": "'", "ˌ": ",", "ɹ": "r", "ɡ": "g", "ð": "D", "θ": "T", "ʃ": "S", "ʒ": "Z", "ŋ": "N"},
    **{"ʤ": "dZ", "ʧ": "tS", "A": "eI", "I": "aI", "W": "aU", "Y": "OI", "O": "oU", "Q": "oU"},
    **{"æ": "a", "a": "a", "ɑ": "A:", "ɔ": "O:", "ɒ": "0", "ə": "@", "ɐ": "a#", "ɛ": "E", "ɜ": "3:"},
    **{"ɪ": "I", "i": "i:", "ʊ": "U", "u": "u:", "ʌ": "V", "ᵊ": "@", "ᵻ": "I2", "T": "t#"},
}
_AMERICAN: Final = {**_SHARED, "ɜɹ": "3:"}
_BRITISH: Final = {**_SHARED, "ɜɹ": "3:|r", "ɜːɹ": "3:|r", "ɛː": "e@"}
