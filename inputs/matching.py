"""Entries of a book.toml to the chapters that they mean, in this edition of the document or in a later one.

An entry knows its chapter by its name and by the first words of its text. Words decide before names do: in a
new edition chapter 3 may be called chapter 4, but it begins as it did.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile, islice
from typing import Final

from rapidfuzz import fuzz, process

from inputs.book import Block, BlockKind, Chapter

OPENING_WORDS: Final = 12  # tell chapters apart, and can be read by whoever edits the file
OPENING_CHARACTERS: Final = 100
# Of 100: one word in twelve may be another. Openings of unlike chapters reach about 50.
ALIKE_WORDS: Final = 80.0
ALIKE_NAMES: Final = 90.0  # “Twenty-One” and “Twenty-Two” are no typing errors of each other
NAME_WEIGHT: Final = 0.2  # of chapters that begin alike, the one of that name is meant
_FEW: Final = 12  # letters, which are too few to be nearly the same: they are equal or not
_LOOKED_AT: Final = 6  # blocks of a chapter: what is new in front of it must not hide its beginning
_TIE: Final = 0.5

_Known = tuple[str, str]  # the letters of an entry's name, and of its words


@dataclass(frozen=True, slots=True)
class Entry:
    """How an entry knows its chapter; one of the two is not empty."""

    name: str
    begins: str


@dataclass(frozen=True, slots=True)
class Matches:
    """Which chapter each entry means, by their places. An entry that is nowhere here means none.

    by_name_alone: entries whose chapter has their name, but begins with other words.
    ambiguous: entries that several chapters fit equally well.
    doubled: entries whose chapter is meant by another one already.
    """

    chapters: dict[int, int]
    by_name_alone: frozenset[int]
    ambiguous: frozenset[int]
    doubled: frozenset[int]


def full_name(chapter: Chapter) -> str:
    """A chapter's title with the titles above it, as chapters are listed: “Part One / The Drawer”."""
    return " / ".join((*chapter.parents, chapter.title))


def opening(chapter: Chapter) -> str:
    """The first words of a chapter below its headings, by which an entry knows it; "" if it has no words."""
    blocks = list(islice(_with_words(chapter.blocks), OPENING_WORDS + _LOOKED_AT))
    below = list(dropwhile(lambda block: block.kind is BlockKind.HEADING, blocks))
    words = [word for block in below or blocks for word in _start(block).split()][:OPENING_WORDS]
    while len(words) > 1 and len(" ".join(words)) > OPENING_CHARACTERS:
        words.pop()
    return " ".join(words)[:OPENING_CHARACTERS]


def letters(text: str) -> str:
    """What two wordings are compared by: their letters and digits, without case and accents."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def matches(entries: Sequence[Entry], chapters: Sequence[Chapter]) -> Matches:
    """Find the chapter that each entry means; no chapter is meant twice.

    Entries that say the same mean as many chapters that fit them alike, in order.
    """
    return _Matching(entries, chapters).found()


class _Matching:
    """Entries and chapters on their way to each other; the likeliest pairs find each other first."""

    def __init__(self, entries: Sequence[Entry], chapters: Sequence[Chapter]) -> None:
        self._names = [
            tuple({letters(name) for name in (chapter.title, full_name(chapter))}) for chapter in chapters
        ]
        self._openings = [(text, at) for at, chapter in enumerate(chapters) for text in _openings(chapter)]
        self._alike: dict[_Known, list[int]] = {}  # entries that say the same
        for place, entry in enumerate(entries):
            known = letters(entry.name), letters(entry.begins)[:OPENING_CHARACTERS]
            self._alike.setdefault(known, []).append(place)
        self._free = set(range(len(chapters)))
        self._found: dict[int, int] = {}
        self._ambiguous: set[int] = set()

    def found(self) -> Matches:
        by_words = self._by_words()
        self._assign(by_words)
        settled = self._settled()
        by_names = self._by_names()
        self._assign(by_names)
        late = set(self._found) - settled
        with_words = {place for (_, begins), places in self._alike.items() if begins for place in places}
        likely = {
            place for key, scores in (by_words | by_names).items() if scores for place in self._alike[key]
        }
        return Matches(
            chapters=self._found,
            by_name_alone=frozenset(late & with_words),
            ambiguous=frozenset(self._ambiguous),
            doubled=frozenset(likely - self._settled()),
        )

    def _settled(self) -> set[int]:
        return set(self._found) | self._ambiguous

    def _by_words(self) -> dict[_Known, dict[int, float]]:
        """For each entry, the chapters that begin with such words, and how likely each of them is meant."""
        cut: dict[int, list[str]] = {}
        likeness: dict[_Known, dict[int, float]] = {}
        for name, begins in self._alike:
            if not begins:
                continue
            few = len(begins) < _FEW
            length = OPENING_CHARACTERS if few and name else len(begins)
            if length not in cut:
                cut[length] = [text[:length] for text, _ in self._openings]
            scores: dict[int, float] = {}
            for _, score, place in process.extract(
                begins, cut[length], scorer=fuzz.ratio, score_cutoff=100 if few else ALIKE_WORDS, limit=None
            ):
                chapter = self._openings[place][1]
                scores[chapter] = max(scores.get(chapter, 0.0), score)
            likeness[name, begins] = {
                chapter: score + NAME_WEIGHT * max(_likeness(name, own) for own in self._names[chapter])
                for chapter, score in scores.items()
            }
        return likeness

    def _by_names(self) -> dict[_Known, dict[int, float]]:
        """For each entry that is left, the chapters of such a name."""
        names = [(name, at) for at, some in enumerate(self._names) for name in some]
        likeness: dict[_Known, dict[int, float]] = {}
        for key, places in self._alike.items():
            name = key[0]
            if not name or self._settled().issuperset(places):
                continue
            scores = likeness.setdefault(key, {})
            for _, score, place in process.extract(
                name,
                [own for own, _ in names],
                scorer=fuzz.ratio,
                score_cutoff=100 if len(name) < _FEW else ALIKE_NAMES,
                limit=None,
            ):
                chapter = names[place][1]
                scores[chapter] = max(scores.get(chapter, 0.0), score)
        return likeness

    def _assign(self, likeness: dict[_Known, dict[int, float]]) -> None:
        pairs = sorted(
            (-score, chapter, key) for key, scores in likeness.items() for chapter, score in scores.items()
        )
        for minus_score, _, key in pairs:
            waiting = [
                place
                for place in self._alike[key]
                if place not in self._found and place not in self._ambiguous
            ]
            fitting = sorted(
                chapter
                for chapter, score in likeness[key].items()
                if chapter in self._free and score >= -minus_score - _TIE
            )
            if not waiting or not fitting:
                continue
            if len(fitting) > len(waiting):
                self._ambiguous.update(waiting)
                continue
            for place, chapter in zip(waiting, fitting, strict=False):
                self._found[place] = chapter
                self._free.remove(chapter)


def _likeness(name: str, other: str) -> float:
    """0-100; “Archetype A” and “Archetype B” are not nearly equal, however long what they share is."""
    return 100.0 if name == other else 0.9 * fuzz.ratio(name, other)


def _openings(chapter: Chapter) -> Iterator[str]:
    """The letters from each of the first blocks on, as far as an entry's words reach."""
    texts = [
        letters(_start(block)) for block in islice(_with_words(chapter.blocks), OPENING_WORDS + _LOOKED_AT)
    ]
    for first in range(min(_LOOKED_AT, len(texts))):
        yield "".join(texts[first:])[:OPENING_CHARACTERS]


def _with_words(blocks: Iterable[Block]) -> Iterator[Block]:
    return (block for block in blocks if letters(_start(block)))


def _start(block: Block) -> str:
    return block.text[: 4 * OPENING_CHARACTERS]
