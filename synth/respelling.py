"""A text with plain words in place of those that are respelled, and the way back to where they stood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from synth.lexicon import Given


@dataclass(frozen=True, slots=True)
class Respelled:
    """What is said of a text; `given` are the pronunciations in phonemes, at their places in it.

    swaps: (start, end) of a respelling in `text`, (start, end) of what it stands for in the original.
    """

    text: str
    given: tuple[Given, ...]
    swaps: tuple[tuple[int, int, int, int], ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Characters `[start, end)` of `text` in the original; of a respelling, all that it stands for."""
        first, last = start, end
        for said_start, said_end, stood_start, stood_end in self.swaps:
            if start >= said_end:
                first = start - said_end + stood_end
            elif start >= said_start:
                first = stood_start
            if end > said_end:
                last = end - said_end + stood_end
            elif end > said_start:
                last = stood_end
        return first, last


def respelled(text: str, given: Sequence[Given]) -> Respelled:
    """Put the respellings of `given` into a text; they are in order and do not overlap."""
    said = ""
    at = 0
    kept: list[Given] = []
    swaps: list[tuple[int, int, int, int]] = []
    for one in given:
        said += text[at : one.start]
        start = len(said)
        said += one.respelling or text[one.start : one.end]
        at = one.end
        if one.respelling:
            swaps.append((start, len(said), one.start, one.end))
        else:
            kept.append(replace(one, start=start, end=len(said)))
    return Respelled(said + text[at:], tuple(kept), tuple(swaps))
