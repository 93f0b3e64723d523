"""What note marks lead to, to passages that are notes and not heard in the middle of the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from inputs.book import BlockKind, SkipReason
from inputs.navigation import resolve
from inputs.xhtml import Passage, skipped

# A note of several paragraphs is marked whole where the next one begins within this many passages.
NOTE_PASSAGES = 6
# More text than this behind a mark is a chapter of commentary, to be heard.
NOTE_CHARACTERS = 6_000


def notes_marked(
    passages: Sequence[Passage],
    anchors: Mapping[tuple[str, str], int],
    links: Sequence[tuple[int, str, str]],
) -> list[Passage]:
    """Mark the passages that note marks lead to.

    anchors: (document, id) to the passage that it is in. links: of each note mark the passage that it stands
    in, the document's name and the link as it is written.
    """
    marked = list(passages)
    found: dict[int, int] = {}  # where marks lead to, with the first passage that has such a mark
    for mark, href, link in links:
        position = _target(anchors, href, link)
        if position is not None and position < len(passages):
            found[position] = min(mark, found.get(position, mark))
    # a pair of marks that lead to each other: the note is the later one, the other is its mark in the text
    beginnings = sorted(
        position
        for position, mark in found.items()
        if position > mark and passages[position].block.kind is not BlockKind.HEADING
    )
    for number, start in enumerate(beginnings):
        following = beginnings[number + 1] if number + 1 < len(beginnings) else start + 1
        end = following if following - start <= NOTE_PASSAGES else start + 1
        for index in range(start, end):
            passage = passages[index]
            if index > start and passage.block.kind is BlockKind.HEADING:
                break
            if len(passage.block.text) <= NOTE_CHARACTERS:
                note = replace(passage, block=replace(passage.block, kind=BlockKind.NOTE))
                marked[index] = skipped(note, SkipReason.NOTE)
    return marked


def _target(anchors: Mapping[tuple[str, str], int], href: str, link: str) -> int | None:
    name, fragment = resolve(link, href)
    return anchors.get((name, fragment)) if fragment else None
