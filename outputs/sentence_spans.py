"""Sentences of a content document into elements of its tree, with an id for each; no markup is broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from inputs.markup import name_of
from outputs.text_places import Slot, TextPlaces

# what a <span> may stand in, or around: XHTML's other elements have a grammar of their own
_NO_SPAN_IN: Final = frozenset(
    ("table", "thead", "tbody", "tfoot", "tr", "colgroup", "ul", "ol", "dl", "menu", "hgroup", "html", "head",
     "picture", "datalist", "optgroup", "rt", "rp", "rb")
)  # fmt: skip
_NO_SPAN_AROUND: Final = frozenset(
    ("table", "thead", "tbody", "tfoot", "tr", "colgroup", "ul", "ol", "dl", "menu", "hgroup", "address",
     "article", "aside", "blockquote", "body", "caption", "center", "col", "dd", "details", "dialog", "dir",
     "div", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
     "header", "hr", "legend", "li", "main", "nav", "p", "pre", "section", "summary", "td", "th", "option")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """An element that holds characters `[first, last)` of the document: all or a part of a sentence."""

    id: str
    sentence: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Wrap:
    """What is to become a span: the children of `parent` between two places.

    Places are (2n, i) for index i of the text behind the n-th child, (2n - 1, 0) just before that child.
    """

    parent: etree._Element
    start: tuple[int, int]
    end: tuple[int, int]
    span: Span


def wrap_sentences(places: TextPlaces, regions: Sequence[tuple[int, int] | None], prefix: str) -> list[Span]:
    """Put each sentence into a span of its own; the return value has them as they stand in the text.

    regions: for each sentence the characters `[first, last)`; what was taken before is not taken again. One
    that runs over markup has all of it in its span; where it begins or ends inside an element that also has
    other text, it gets a span for each piece. prefix: ids are this and a number.
    """
    wraps: list[_Wrap] = []
    taken = 0
    for _, sentence in sorted(
        (region, number) for number, region in enumerate(regions) if region is not None
    ):
        first, last = _with_whole_elements(places, *(regions[sentence] or (0, 0)), taken)
        if first < last:
            wraps += _wraps(places, sentence, first, last, prefix, len(wraps))
            taken = last
    by_parent: dict[etree._Element, list[_Wrap]] = {}
    for wrap in wraps:
        by_parent.setdefault(wrap.parent, []).append(wrap)
    for parent, of_parent in by_parent.items():
        _rebuild(parent, of_parent)
    return [wrap.span for wrap in wraps]


def _with_whole_elements(places: TextPlaces, first: int, last: int, taken: int) -> tuple[int, int]:
    """A region without what is taken, and with all of an element that must stay whole at either end."""
    first = max(first, taken)
    if first >= last:
        return first, first
    around = places.whole_at(first)
    if around is not None:
        first = around[0] if around[0] >= taken else around[1]
    around = places.whole_at(last - 1)
    return first, around[1] if around is not None else last


def _wraps(
    places: TextPlaces, sentence: int, first: int, last: int, prefix: str, made: int
) -> Iterator[_Wrap]:
    """The fewest spans that hold a region."""
    ends = [at + 1 for at in range(first, last - 1) if places.slot_of[at] != places.slot_of[at + 1]] + [last]
    starts = [first, *ends[:-1]]
    at = 0
    while at < len(starts):
        for reach in range(len(ends) - 1, at - 1, -1):
            found = _held(places, starts[at], ends[reach])
            if found is not None:
                made += 1
                yield _Wrap(*found, Span(f"{prefix}{made}", sentence, starts[at], ends[reach]))
                at = reach
                break
        at += 1


def _held(
    places: TextPlaces, first: int, last: int
) -> tuple[etree._Element, tuple[int, int], tuple[int, int]] | None:
    """The element that a region can be one span in, and from where to where; None if there is none."""
    start_slot, end_slot = places.slots[places.slot_of[first]], places.slots[places.slot_of[last - 1]]
    ancestors = [start_slot.parent, *start_slot.parent.iterancestors()]
    parent = next(one for one in _line(end_slot.parent) if one in ancestors)
    if name_of(parent) in _NO_SPAN_IN:
        return None
    start, begins = _edge(places, start_slot, parent, first, is_end=False)
    end, ends = _edge(places, end_slot, parent, last, is_end=True)
    children = list(parent)[start[0] // 2 : end[0] // 2]
    if not begins or not ends or any(_is_block(child) for child in children):
        return None
    return parent, start, end


def _line(element: etree._Element) -> Iterator[etree._Element]:
    yield element
    yield from element.iterancestors()


def _edge(
    places: TextPlaces, slot: Slot, parent: etree._Element, at: int, *, is_end: bool
) -> tuple[tuple[int, int], bool]:
    """The place in `parent` of one end of a region, and whether no other text is cut off there."""
    if slot.parent is parent and not slot.whole:
        index = places.index_of[at - 1] + 1 if is_end else places.index_of[at]
        return (2 * slot.child, index), True
    child = list(parent)[slot.child - 1] if slot.parent is parent else slot.parent
    while child.getparent() is not parent:
        above = child.getparent()
        assert above is not None, "the element lies in its ancestor"
        child = above
    number = parent.index(child) + 1
    span = places.spans[child]
    return ((2 * number, 0), span[1] == at) if is_end else ((2 * number - 1, 0), span[0] == at)


def _is_block(element: etree._Element) -> bool:
    return any(name_of(one) in _NO_SPAN_AROUND for one in element.iter())


def _rebuild(parent: etree._Element, wraps: Sequence[_Wrap]) -> None:
    """Put the children and texts of an element back in order, some of them into spans."""
    namespace, brace, _ = str(parent.tag).rpartition(
        "}"
    )  # not lxml's QName, which refuses what HTML may have
    tag = f"{namespace}{brace}span"
    children = list(parent)
    texts = [parent.text or "", *(child.tail or "" for child in children)]
    for child in children:
        parent.remove(child)
        child.tail = None
    parent.text = None
    cuts = sorted(
        [(wrap.start, 1, wrap) for wrap in wraps] + [(wrap.end, 0, wrap) for wrap in wraps],
        key=lambda cut: cut[:2],  # one ends before the next begins
    )
    here = parent

    def cross(cut: tuple[tuple[int, int], int, _Wrap]) -> None:
        nonlocal here
        begins = bool(cut[1])
        here = etree.SubElement(parent, tag, {"id": cut[2].span.id}) if begins else parent

    for number, text in enumerate(texts):
        if number:
            while cuts and cuts[0][0] <= (2 * number - 1, 0):
                cross(cuts.pop(0))
            here.append(children[number - 1])
        done = 0
        while cuts and cuts[0][0][0] <= 2 * number:
            index = cuts[0][0][1]
            _add(here, text[done:index])
            done = index
            cross(cuts.pop(0))
        _add(here, text[done:])


def _add(element: etree._Element, text: str) -> None:
    if not text:
        return
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text
