"""A spoken sentence back into what a reader sees of it, word by word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from synth.script import Passage, Sentence

_UNSEEN: Final = frozenset("\u00ad\u200b\u2060\ufeff")  # soft hyphens and spaces of no width
_HUGGING: Final = frozenset(".,;:!?…)]”’»")


@dataclass(frozen=True, slots=True)
class Written:
    """A sentence in the source's own wording, on one line, without what is not read aloud (note marks).

    steps: (index into the spoken text, index into `text`, index into the passage's text), all rising, the
    first two from 0: from each step to the next, what is heard stands for what is read.
    """

    text: str
    steps: tuple[tuple[int, int, int], ...]


def written(passage: Passage, sentence: Sentence) -> Written:
    """The wording of one sentence of a passage; where nothing stands there to be read, what is said."""
    gone = {at for gap in passage.gaps for at in range(gap.start, gap.end)}
    text: list[str] = []
    at_source: dict[int, int] = {}  # index into the passage -> index into the text
    for source in range(sentence.start, sentence.end):
        char = passage.text[source]
        at_source[source] = len(text)
        if source in gone or char in _UNSEEN:
            continue
        if char.isspace():
            if not text or text[-1] == " ":
                continue
            char = " "
        elif char in _HUGGING and text and text[-1] == " " and source - 1 in gone:
            text.pop()  # "word [3], next"
            at_source[source] = len(text)
        text.append(char)
    while text and text[-1] == " ":
        text.pop()
    if not text:
        return Written(sentence.spoken, ((0, 0, sentence.start),))
    steps: list[tuple[int, int, int]] = [(0, 0, sentence.offsets[0][1])]
    for spoken, source in sentence.offsets[1:]:
        index = at_source[source]
        if steps[-1][1] < index < len(text):
            steps.append((spoken, index, source))
    return Written("".join(text), tuple(steps))
