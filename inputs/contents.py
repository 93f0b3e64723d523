"""A table of contents with places in a book to the entries that become chapters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

# A part page holds a title and perhaps an epigraph; 400 characters are about 70 words.
LEAD_CHARACTERS = 400
# About an hour and a half of listening: beyond it, an entry's own sub-entries become the chapters.
LONG_CHAPTER_CHARACTERS = 80_000

PART = re.compile(r"(?:part|book|volume|vol\.|act|teil|buch|band|partie|livre|tome|parte|libro)\b", re.I)
CHAPTER = re.compile(r"(?:chapter|chap\.|letter|scene|canto|kapitel|chapitre|capítulo|capitolo)\b", re.I)


@dataclass(slots=True)
class Node:
    """An entry with its place (an index into the book's blocks) and the entries below it."""

    title: str
    position: int | None
    children: list[Node] = field(default_factory=list)

    def first(self) -> int | None:
        """The earliest place that the node or anything below it leads to."""
        return min(self.positions(), default=None)

    def positions(self) -> list[int]:
        """Every place that the node and what is below it lead to."""
        found: list[int] = []
        stack = [self]
        while stack:
            node = stack.pop()
            found += [] if node.position is None else [node.position]
            stack += node.children
        return found


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a chapter begins."""

    position: int
    title: str
    parents: tuple[str, ...] = ()
    listed: bool = True  # by the table of contents


def chosen(
    roots: list[Node],
    end: int,
    size: Callable[[int, int], int],
    apart: Callable[[int, list[int]], bool],
    book_titles: tuple[str, ...],
) -> list[Cut]:
    """Choose which entries become chapters: an entry, or the entries below it, or both.

    end: the place behind the last one. size: characters between two places. apart: whether the entries at
    these places, below one that says little itself, stand apart from it, as chapters do from a part's page.
    book_titles: an entry of such a name is no parent.
    """
    listed = sorted({position for node in roots for position in node.positions()})
    cuts: list[Cut] = []
    stack: list[tuple[Node, tuple[str, ...], int]] = [
        (node, (), stop) for node, stop in _with_ends(roots, end)
    ]
    while stack:
        node, parents, stop = stack.pop()
        children = [child for child in node.children if child.first() is not None]
        start = node.position
        if not children:
            if start is not None:
                cuts.append(Cut(start, node.title, parents))
            continue
        below = (*parents, node.title) if node.title and node.title not in book_titles else parents
        nested = [(child, below, child_stop) for child, child_stop in _with_ends(children, stop)]
        if start is None:
            stack += nested
            continue
        after = min((position for position in listed if position > start), default=stop)
        lead = size(start, after) if all((child.first() or 0) > start for child in children) else 0
        splits = (
            (lead < LEAD_CHARACTERS and apart(start, [child.first() or 0 for child in children]))
            or size(start, stop) > LONG_CHAPTER_CHARACTERS
            or (len(children) > 1 and bool(PART.match(node.title)))
            or sum(bool(CHAPTER.match(child.title)) for child in children) > 1
        )
        if not splits:
            cuts.append(Cut(start, node.title, parents))
            continue
        if lead >= LEAD_CHARACTERS:
            cuts.append(Cut(start, node.title, parents))
        else:  # a part's own heading opens its first chapter
            _move_up(min(children, key=lambda child: child.first() or 0), start)
        stack += nested
    return cuts


def _with_ends(nodes: list[Node], end: int) -> list[tuple[Node, int]]:
    """Each node with the place where the next one of its level begins, last node first."""
    starts = [node.first() or 0 for node in nodes]
    ordered = sorted(set(starts))
    following = dict(zip(ordered, [*ordered[1:], end], strict=False))  # no entries: nothing to pair
    return [
        (node, max(following[start], start))
        for node, start in reversed(list(zip(nodes, starts, strict=True)))
    ]


def _move_up(node: Node, position: int) -> None:
    """Let the first listed place at or below the node begin at `position`."""
    while node.position is None:
        node = min(
            (child for child in node.children if child.first() is not None), key=lambda c: c.first() or 0
        )
    node.position = position
