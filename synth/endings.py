"""English endings: the phonemes of a word with 's, a plural's s or another short word glued to it."""

from __future__ import annotations

from typing import Final

# As written, after an apostrophe made straight; "s" and "es" are plurals.
ENDINGS: Final = ("'s", "es", "s", "'d", "'ll", "'ve", "'re")


def with_ending(phonemes: str, ending: str, language: str) -> str:
    """A word's phonemes with an ending of `ENDINGS`, or with none ("").

    The sound of s and d follows that before it: "cat's" kˈæts, "dog's" dˈɔɡz, "fox's" fˈɑksᵻz.
    """
    british = language == "en-gb"
    weak = "ɪ" if british else "ᵻ"  # as misaki's lexicons have it in "roses", "wanted"
    last = phonemes[-1:]
    if ending in ("'s", "s", "es"):
        if last in _HISSES:
            return f"{phonemes}{weak}z"
        return phonemes + ("s" if last in _VOICELESS else "z")
    if ending == "'d":
        return phonemes + (f"{weak}d" if last in ("t", "d") else "d")
    return phonemes + {"": "", "'ll": "ᵊl", "'ve": "əv", "'re": "ə" if british else "əɹ"}[ending]


_HISSES: Final = frozenset("szʃʒʧʤ")
_VOICELESS: Final = frozenset("ptkfθ")
