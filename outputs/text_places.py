"""A content document's characters, as a Book counts them, into their places in the document's tree."""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree
from rapidfuzz.distance import LCSseq

from inputs.book import EpubPlace
from inputs.markup import name_of
from inputs.xhtml import read_content

_UNSEEN: Final = frozenset(("head", "script", "style", "template"))
# their inside is not to be divided: ruby has a grammar of its own, the others are no XHTML at all
WHOLE: Final = frozenset(("ruby", "math", "svg", "select", "object", "audio", "video", "iframe", "canvas"))
_AHEAD: Final = 5000  # characters: how far a paragraph may lie behind text that nobody reads
_MORE: Final = 100  # characters that may stand in between, however short the paragraph
_RUN: Final = 3  # characters: fewer are alike by chance
_ALIKE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Slot:
    """A run of text: of an element before its first child, or behind a child.

    child: 0 for the element's own text, n for what stands behind its n-th child. whole: the text lies inside
    that child, which must stay whole.
    """

    parent: etree._Element
    child: int
    whole: bool = False


@dataclass(frozen=True, slots=True)
class TextPlaces:
    """All characters of a document that are seen, white space left out, composed ones taken apart (NFD).

    slot_of, index_of: of each, its slot and its index in the slot's text. spans: the characters
    `[first, last)` below each element. firsts, lasts: the same for each character as the Book counts them; -1
    where it has none.
    """

    slots: Sequence[Slot]
    slot_of: Sequence[int]
    index_of: Sequence[int]
    spans: dict[etree._Element, tuple[int, int]]
    firsts: Sequence[int]
    lasts: Sequence[int]

    def region(self, start: int, end: int) -> tuple[int, int] | None:
        """The characters `[first, last)` that the Book counts as `[start, end)`; None if none is found."""
        found = [at for at in self.firsts[start:end] if at >= 0]
        return (min(found), max(self.lasts[start:end])) if found else None

    def whole_at(self, at: int) -> tuple[int, int] | None:
        """The characters of the element around a character that must stay whole; None if there is none."""
        slot = self.slots[self.slot_of[at]]
        return self.spans[slot.parent[slot.child - 1]] if slot.whole else None


def text_places(root: etree._Element, href: str, language: str) -> TextPlaces:
    """Find the characters of a document that was read with `read_content`.

    root: its tree, in which no element is changed before the places are used.
    """
    letters, slots, slot_of, index_of, spans = _letters(root)
    passages = [passage.block for passage in read_content(root, href, language).passages]
    places = [block.place for block in passages if isinstance(block.place, EpubPlace)]
    firsts = array("l", [-1]) * (max((place.end for place in places), default=0) + 1)
    lasts = firsts[:]
    at = 0
    for block in passages:
        assert isinstance(block.place, EpubPlace)
        if block.place.start == block.place.end:
            continue  # a picture's description stands in no text
        wanted, offsets = _apart(block.text)
        found = letters.find(wanted, at, at + len(wanted) + _AHEAD) if wanted else -1
        pairs = [(0, found, len(wanted))] if found >= 0 else _alike(wanted, letters, at)
        for first, place, length in pairs:
            for step in range(length):
                offset = block.place.start + offsets[first + step]
                if firsts[offset] < 0:
                    firsts[offset] = place + step
                lasts[offset] = place + step + 1
            at = max(at, place + length)
    return TextPlaces(slots, slot_of, index_of, spans, firsts, lasts)


def _alike(wanted: str, letters: str, at: int) -> list[tuple[int, int, int]]:
    """Where a text is that is not there to the letter: one with formulas, or initials that are drawn."""
    window = letters[at : at + 5 * len(wanted) // 4 + _MORE]
    same = [
        (step.src_start, at + step.dest_start, step.src_end - step.src_start)
        for step in LCSseq.opcodes(wanted, window)
        if step.tag == "equal" and step.src_end - step.src_start >= _RUN
    ]
    return same if sum(length for _, _, length in same) >= _ALIKE * len(wanted) else []


def _letters(
    root: etree._Element,
) -> tuple[str, list[Slot], array[int], array[int], dict[etree._Element, tuple[int, int]]]:
    letters: list[str] = []
    slots: list[Slot] = []
    slot_of, index_of = array("l"), array("l")
    begun: dict[etree._Element, int] = {}
    spans: dict[etree._Element, tuple[int, int]] = {}
    whole: etree._Element | None = None
    positions: dict[etree._Element, int] = {}  # of each child among its siblings, 1 is the first

    def take(text: str | None, slot: Slot) -> None:
        if not text or text.isspace():
            return
        slots.append(slot)
        for index, char in enumerate(text):
            if not char.isspace():
                for one in unicodedata.normalize("NFD", char):
                    letters.append(one)
                    slot_of.append(len(slots) - 1)
                    index_of.append(index)

    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        name = name_of(element)
        parent = element.getparent()
        if event == "start":
            begun[element] = len(letters)
            if name in _UNSEEN:
                walker.skip_subtree()
                continue
            if whole is None and name in WHOLE:
                whole = element
            positions.update((child, position) for position, child in enumerate(element, 1))
            take(element.text, _slot(element, 0, whole, positions))
        else:
            spans[element] = (begun[element], len(letters))
            if whole is element:
                whole = None
            if parent is not None:
                take(element.tail, _slot(parent, positions[element], whole, positions))
    return "".join(letters), slots, slot_of, index_of, spans


def _slot(
    parent: etree._Element, child: int, whole: etree._Element | None, positions: dict[etree._Element, int]
) -> Slot:
    if whole is None:
        return Slot(parent, child)
    above = whole.getparent()
    assert above is not None, "a document is no picture"
    return Slot(above, positions[whole], whole=True)


def _apart(text: str) -> tuple[str, list[int]]:
    """The characters of a text without white space, composed ones taken apart, with their indices."""
    letters: list[str] = []
    offsets: list[int] = []
    for index, char in enumerate(text):
        if not char.isspace():
            apart = unicodedata.normalize("NFD", char)
            letters.append(apart)
            offsets += [index] * len(apart)
    return "".join(letters), offsets
