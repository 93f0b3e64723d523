"""Japanese words into the phonemes that Kokoro was trained on: MeCab's words, misaki's readings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from synth.east_asian import UNKNOWN
from synth.errors import MissingLanguage

_MOST_DIGITS: Final = 9  # of a number that misaki reads as one
_KATAKANA, _READABLE = 7, 6  # MeCab's types of characters, as misaki takes them
_KANA: Final = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff]+")  # small ones and marks may have no sound alone


class Japanese:
    """misaki's `JAG2P` of Kokoro v1.0, which is its `Cutlet`, word by word, with the dictionary UniDic."""

    def __init__(self) -> None:
        """Load the dictionary.

        Raises:
            MissingLanguage: the extra is not installed.
        """
        try:
            import fugashi
            import unidic_lite
            from misaki import cutlet, num2kana
        except ImportError as error:
            raise MissingLanguage(
                f"Japanese needs packages that are not installed ({error.name})",
                'Install them: pip install "audiobindery[j]"',
            ) from error
        self._cutlet: Any = cutlet.Cutlet.__new__(cutlet.Cutlet)
        self._cutlet.tagger = fugashi.Tagger(f'-d "{unidic_lite.DICDIR}"')
        self._cutlet.table = dict(cutlet.HEPBURN)
        self._cutlet.exceptions = {}
        self._kana = num2kana.Convert
        self._word, self._as_hiragana = cutlet.Word, cutlet.jaconv.kata2hira

    def number(self, digits: str, after: str) -> str:
        """In kana; figure by figure where it begins with 0 or is very long."""
        del after
        number = digits.replace(",", "")
        return f"{self._number(number.rstrip('%'))}{'パーセント' if number.endswith('%') else ''}"

    def _number(self, number: str) -> str:
        whole, point, decimals = number.partition(".")
        by_figure = len(whole) > _MOST_DIGITS or (len(whole) > 1 and whole[0] == "0")
        said = "".join(self._kana(figure) for figure in whole) if by_figure else self._kana(whole)
        return said + ("てん" + "".join(self._kana(figure) for figure in decimals) if point else "")

    def words(self, text: str) -> Iterator[tuple[str, str]]:
        """MeCab's words, where they can be found again in the text; else all of it is one."""
        plain = self._cutlet._normalize_text(text)
        said = list(self._said(plain))
        if len(plain) == len(text) and "".join(written for written, _ in said) == plain:
            at = 0
            for written, sounds in said:
                yield text[at : at + len(written)], sounds
                at += len(written)
        else:
            yield text, " ".join(sounds for _, sounds in said)

    def _said(self, plain: str) -> Iterator[tuple[str, str]]:
        """Misaki joins some of MeCab's words; which ones, it tells only to `_romaji_word`."""
        joined: list[str] = []

        def romaji(word: Any) -> str:
            joined.append(word.surface)
            return str(type(self._cutlet)._romaji_word(self._cutlet, word))

        self._cutlet._romaji_word = romaji
        tokens = self._cutlet._romaji_tokens([self._as_word(node) for node in self._cutlet.tagger(plain)])
        for written, token in zip(joined, tokens, strict=True):
            yield written, token.surface or ("" if _KANA.fullmatch(written) else UNKNOWN)

    def _as_word(self, node: Any) -> Any:
        reading = node.feature.pron or node.feature.kana or node.surface
        known = node.char_type == _KATAKANA or not node.is_unk
        return self._word(node.surface, self._as_hiragana(reading), _READABLE if known else node.char_type)
