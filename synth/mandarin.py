"""Chinese words into the phonemes that Kokoro was trained on: jieba's words, misaki's readings."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import Final

from synth.east_asian import UNKNOWN
from synth.errors import MissingLanguage

_DIGITS: Final = str.maketrans("0123456789", "零一二三四五六七八九")
_MOST_DIGITS: Final = 16  # of a number that cn2an reads as one
_NON_SYLLABIC: Final = "\N{COMBINING INVERTED BREVE BELOW}"  # misaki's own `legacy_call` deletes it too


class Mandarin:
    """misaki's `ZHG2P` of Kokoro v1.0, word by word; version 1.1 has symbols that v1.0 does not know."""

    def __init__(self) -> None:
        """Load the dictionary of words, which takes about a second.

        Raises:
            MissingLanguage: the extra is not installed.
        """
        try:
            import cn2an
            import jieba
            import pypinyin
            from misaki import zh
        except ImportError as error:
            raise MissingLanguage(
                f"Chinese needs packages that are not installed ({error.name})",
                'Install them: pip install "audiobindery[z]"',
            ) from error
        jieba.setLogLevel(logging.WARNING)
        self._jieba = jieba.Tokenizer()
        with TemporaryDirectory() as folder:  # its cache is a file in /tmp that anyone could have put there
            self._jieba.tmp_dir = folder
            self._jieba.initialize()
        self._in_words = cn2an.an2cn
        self._pinyin = pypinyin
        self._ipa = zh.ZHG2P.py2ipa

    def number(self, digits: str, after: str) -> str:
        """Figure by figure if it is a year, begins with 0 or is very long; else as a quantity."""
        number = digits.rstrip("%").replace(",", "")
        whole = number.partition(".")[0]
        if len(number) > _MOST_DIGITS or (len(number) > 1 and number[0] == "0" and whole == number):
            said = number.translate(_DIGITS).replace(".", "点")
        elif after == "年" and len(number) == 4 and number.isdigit():
            said = number.translate(_DIGITS)
        else:
            said = str(self._in_words(number, "low"))
        return f"百分之{said}" if digits.endswith("%") else said

    def words(self, text: str) -> Iterator[tuple[str, str]]:
        """Jieba's words; a character without a reading is unknown."""
        for word in self._jieba.cut(text):
            yield word, "".join(self._syllable(pinyin) for pinyin in self._readings(word))

    def _readings(self, word: str) -> list[str]:
        return list(
            self._pinyin.lazy_pinyin(word, style=self._pinyin.Style.TONE3, neutral_tone_with_five=True)
        )

    def _syllable(self, pinyin: str) -> str:
        """pinyin: with its tone as a digit, or a character that pypinyin does not know."""
        if not (pinyin[:-1].replace("ü", "v").isascii() and pinyin[:-1].isalpha() and pinyin[-1:].isdigit()):
            return UNKNOWN
        return str(self._ipa(pinyin)).replace(_NON_SYLLABIC, "")
