"""Project Gutenberg's own header and licence, which enclose a book, to passages that are not spoken."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inputs.book import SkipReason
from inputs.xhtml import Passage, skipped

_START = re.compile(r"\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG", re.I)
_END = re.compile(r"\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG|^End of (?:the )?Project Gutenberg", re.I)
# what texts from before 2000 have between the licence and the book
_SMALL_PRINT_END = re.compile(r"\*END\*? ?THE SMALL PRINT", re.I)


def licence_marked(passages: Sequence[Passage]) -> list[Passage]:
    """The passages, with the header and the licence marked as front and back matter where they are found."""
    marked = list(passages)
    for index, passage in enumerate(passages):
        if "pg-boilerplate" in passage.types and passage.block.skip is None:
            marked[index] = skipped(passage, SkipReason.FRONT_MATTER)
    starts = [
        i
        for i, p in enumerate(passages)
        if _START.search(p.block.text) or _SMALL_PRINT_END.search(p.block.text)
    ]
    ends = [i for i, p in enumerate(passages) if _END.search(p.block.text)]
    if starts and starts[-1] < len(passages) // 2:
        for index in range(starts[-1] + 1):
            marked[index] = skipped(marked[index], SkipReason.FRONT_MATTER)
    if ends and ends[-1] > len(passages) // 2:
        first = next(i for i in ends if i > len(passages) // 2)
        for index in range(first, len(passages)):
            marked[index] = skipped(marked[index], SkipReason.BACK_MATTER)
    return marked
