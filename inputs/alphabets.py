"""Pronunciations in the alphabets that EPUB names into the International Phonetic Alphabet."""

from __future__ import annotations

import re


def ipa_of(pronunciation: str, alphabet: str) -> str | None:
    """A pronunciation in IPA; None for an alphabet that is unknown here.

    What X-SAMPA does not know stays as it is.

    alphabet: as the document has it, "ipa" or "x-sampa"; "" is IPA.
    """
    name = alphabet.strip().lower()
    if name in ("", "ipa"):
        return pronunciation
    if name in ("x-sampa", "xsampa"):
        return _SYMBOL.sub(lambda match: _IPA[match[0]], pronunciation)
    return None


# X-SAMPA and IPA in turns, from J. C. Wells, "Computer-coding the IPA: a proposed extension of SAMPA" (1995).
# Letters that are the same in both are left out.
_TABLE = r"""
b_< ɓ  d` ɖ  d_< ɗ  g ɡ  g_< ɠ  h\ ɦ  j\ ʝ  l` ɭ  l\ ɺ  n` ɳ  p\ ɸ  r` ɽ  r\ ɹ  r\` ɻ  s` ʂ  s\ ɕ  t` ʈ
v\ ʋ  x\ ɧ  z` ʐ  z\ ʑ  A ɑ  B β  B\ ʙ  C ç  D ð  E ɛ  F ɱ  G ɣ  G\ ɢ  H ɥ  H\ ʜ  I ɪ  I\ ᵻ  J ɲ  J\ ɟ
K ɬ  K\ ɮ  L ʎ  L\ ʟ  M ɯ  M\ ɰ  N ŋ  N\ ɴ  O ɔ  O\ ʘ  P ʋ  Q ɒ  R ʁ  R\ ʀ  S ʃ  T θ  U ʊ  V ʌ  W ʍ  X χ
X\ ħ  Y ʏ  Z ʒ  @ ə  @\ ɘ  @` ɚ  { æ  } ʉ  1 ɨ  2 ø  3 ɜ  3\ ɞ  3` ɝ  4 ɾ  5 ɫ  6 ɐ  7 ɤ  8 ɵ  9 œ  & ɶ
? ʔ  ?\ ʕ  " ˈ  % ˌ  : ː  :\ ˑ  ' ʲ  _j ʲ  _h ʰ  _w ʷ  - .
"""
_IPA = dict(zip(_TABLE.split()[::2], _TABLE.split()[1::2], strict=True)) | {
    "~": "\N{COMBINING TILDE}",
    "_~": "\N{COMBINING TILDE}",
    "=": "\N{COMBINING VERTICAL LINE BELOW}",
    "_=": "\N{COMBINING VERTICAL LINE BELOW}",
    "_^": "\N{COMBINING INVERTED BREVE BELOW}",
}
_SYMBOL = re.compile("|".join(re.escape(symbol) for symbol in sorted(_IPA, key=len, reverse=True)))
