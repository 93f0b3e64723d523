"""Documents that stand in a book twice to passages that are heard once."""

from __future__ import annotations

from collections.abc import Sequence

from inputs.book import SkipReason
from inputs.xhtml import Passage, skipped

# A refrain or a form letter may come again; a document of this length and variety does by mistake only.
REPEATED_CHARACTERS = 2_000
REPEATED_PASSAGES = 3


def repeats_marked(passages: Sequence[Passage], documents: Sequence[tuple[int, int]]) -> list[Passage]:
    """Mark the later ones of the passages in which a whole earlier document stands again, word for word.

    documents: `[start, end)` of each content document among the passages, in reading order.
    """
    marked = list(passages)
    texts = [passage.block.text for passage in passages]
    by_opening: dict[str, list[tuple[int, int]]] = {}
    for start, end in documents:
        own = texts[start:end]
        if sum(map(len, own)) >= REPEATED_CHARACTERS and len(set(own)) >= REPEATED_PASSAGES:
            by_opening.setdefault(own[0], []).append((start, end))
    index = 0
    while index < len(texts):
        length = max(
            (
                end - start
                for start, end in by_opening.get(texts[index], ())
                if end <= index and texts[index : index + end - start] == texts[start:end]
            ),
            default=0,
        )
        for again in range(index, index + length):
            marked[again] = skipped(marked[again], SkipReason.REPEATED)
        index += max(length, 1)
    return marked
