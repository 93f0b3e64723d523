"""Chinese and Japanese text, which has no white space, into words with their phonemes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from synth.lexicon import Given
from synth.respelling import Respelled, respelled

UNKNOWN: Final = "❓"  # in place of the phonemes that are not known

_MARKS: Final = {
    **dict.fromkeys("，、﹐､,", ","),
    **dict.fromkeys("。．｡.", "."),
    **dict.fromkeys("！!", "!"),
    **dict.fromkeys("？?", "?"),
    **dict.fromkeys("：:", ":"),
    **dict.fromkeys("；;", ";"),
    "…": "…",
    **dict.fromkeys("」』》〉】〕〟”’»", "”"),
    **dict.fromkeys("）)", ")"),
}
_OPENING: Final = {
    **dict.fromkeys("「『《〈【〔〝“‘«", "“"),
    **dict.fromkeys("（(", "("),
}
_JOINING: Final = dict.fromkeys("—─―–～〜-", "—")
_SEPARATING: Final = "·・‧"  # between the parts of a foreign name
_LATIN: Final = "A-Za-zÀ-ÖØ-öø-ɏ\uff21-\uff3a\uff41-\uff5a"
# 々 and 〇, kana and its marks, squared words, characters of the common planes and of the rare ones
_OWN: Final = (
    "\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f\u3300-\u3357"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_PIECE: Final = re.compile(
    rf"(?P<latin>[{_LATIN}]+(?:[ '’&.-]+[{_LATIN}]+)*)|(?P<own>[{_OWN}]+)"
    rf"|(?P<space>[\s{_SEPARATING}]+)|(?P<mark>.)",
    re.DOTALL,
)
_NUMBER: Final = re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?%?")


class Reader(Protocol):
    """One language of the two."""

    def number(self, digits: str, after: str) -> str:
        """A number in words. digits: "1905", "3.5", "1,000", "12%"; after: the character that follows."""
        ...

    def words(self, text: str) -> Iterator[tuple[str, str]]:
        """The words of a text of its own script alone, as written and in phonemes."""
        ...


def with_numbers(text: str, given: Sequence[Given], reader: Reader) -> Respelled:
    """Put numbers into words, where no pronunciation is given."""
    numbers = [
        Given(match.start(), match.end(), respelling=reader.number(_ascii(match[0]), text[match.end() :][:1]))
        for match in _NUMBER.finditer(text)
        if not any(one.start < match.end() and match.start() < one.end for one in given)
    ]
    return respelled(text, sorted([*given, *numbers], key=lambda one: one.start))


def _ascii(number: str) -> str:
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in number)


def words_of(said: Respelled, reader: Reader, english: Callable[[str], str]) -> list[tuple[str, str, str]]:
    """(written, phonemes, white space) of each word, mark and given pronunciation, in order.

    english: what says words in Latin letters.
    """
    tokens: list[_Token] = []
    at = 0
    for one in said.given:
        tokens += _tokens(said.text[at : one.start], reader, english)
        tokens.append(_Token(said.text[one.start : one.end], one.phonemes))
        at = one.end
    tokens += _tokens(said.text[at:], reader, english)
    return list(_spaced(tokens))


@dataclass(frozen=True, slots=True)
class _Token:
    """space_before, space_after: whether white space parts it from its neighbours, if they allow it."""

    written: str
    phonemes: str
    space_before: bool = True
    space_after: bool = True


def _tokens(text: str, reader: Reader, english: Callable[[str], str]) -> Iterator[_Token]:
    for piece in _PIECE.finditer(text):
        written = piece[0]
        if piece["latin"]:
            yield _Token(written, english(unicodedata.normalize("NFKC", written)) or UNKNOWN)
        elif piece["own"]:
            yield from (_Token(*word) for word in reader.words(written))
        elif written in _MARKS:
            yield _Token(written, _MARKS[written], space_before=False)
        elif written in _OPENING:
            yield _Token(written, _OPENING[written], space_after=False)
        elif written in _JOINING:
            yield _Token(written, "—", space_before=False, space_after=False)
        elif not piece["space"]:
            yield _Token(written, UNKNOWN)


def _spaced(tokens: Iterable[_Token]) -> Iterator[tuple[str, str, str]]:
    last: _Token | None = None
    for token in tokens:
        if last is not None:
            parted = last.space_after and token.space_before and not _held(last.phonemes, token.phonemes)
            yield last.written, last.phonemes, " " if parted else ""
        last = token
    if last is not None:
        yield last.written, last.phonemes, ""


def _held(before: str, after: str) -> bool:
    """Whether a sound is held over from one word to the next (っ), as misaki writes it."""
    return (before.endswith("ʔ") and after not in ("“", "(")) or (
        after.startswith("ʔ") and before not in _MARKS.values()
    )
