"""Project Gutenberg's own header and licence, which enclose a book, to passages that are not spoken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from inputs.book import SkipReason
from inputs.wording import one_line
from inputs.xhtml import Passage, skipped

_START = re.compile(r"\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG", re.I)
_END = re.compile(r"\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG|^End of (?:the )?Project Gutenberg", re.I)
_STATEMENT = re.compile(
    r"\b(Title|Author|Language):\s*(.+?)(?=\s+(?:Author|Title|Language|Editor|Illustrator|Translator"
    r"|Release Date|Posting Date|Character set encoding|Credits|Produced by|Original publication|Commentator"
    r"|Other information|E-?Book No|Edition|Last Updated|Most recently updated)\b|\s*\*\*\*|$)",
    re.S,
)
_HEADER_PASSAGES = 80
_CREDITS = re.compile(
    r"(?:Produced by|E-?text prepared|This e-?(?:text|book) was|Transcribed (?:from|by)|Prepared by|Scanned"
    r"|Digitized|HTML version|\[?Transcriber[’']?s'? note)\b",
    re.I,
)
_CREDITS_PASSAGES = 8  # behind the header
_LANGUAGES = {
    "english": "en", "french": "fr", "german": "de", "spanish": "es", "italian": "it", "portuguese": "pt",
    "dutch": "nl", "finnish": "fi", "swedish": "sv", "danish": "da", "latin": "la", "chinese": "zh",
    "japanese": "ja", "polish": "pl", "greek": "el", "hungarian": "hu", "russian": "ru", "esperanto": "eo",
}  # fmt: skip
# what texts from before 2000 have between the licence and the book
_SMALL_PRINT_END = re.compile(r"\*END\*? ?THE SMALL PRINT", re.I)


@dataclass(frozen=True, slots=True)
class Stated:
    """What the header says of the book; empty where it says nothing."""

    title: str
    authors: tuple[str, ...]
    language: str  # BCP 47


def stated(passages: Sequence[Passage]) -> Stated | None:
    """What Project Gutenberg's header states, or None for a book of another origin."""
    opening = passages[:_HEADER_PASSAGES]
    starts = [i for i, p in enumerate(opening) if _START.search(p.block.text)]
    if not starts:
        return None
    header = "\n".join(passage.block.text for passage in opening[: starts[0] + 1])
    lines: dict[str, str] = {}
    for line in _STATEMENT.finditer(header):
        lines.setdefault(line[1], one_line(line[2]))
    return Stated(
        lines.get("Title", ""),
        tuple(filter(None, re.split(r"\s+and\s+|;\s*", lines.get("Author", "")))),
        _LANGUAGES.get(lines.get("Language", "").lower(), ""),
    )


def ends_header(text: str) -> bool:
    """Whether a line is the one that the book follows."""
    return bool(_START.search(text) or _SMALL_PRINT_END.search(text))


def begins_licence(text: str) -> bool:
    """Whether a line is the one that stands behind the book."""
    return bool(_END.search(text))


def names_the_makers(text: str) -> bool:
    """Whether a paragraph behind the header says who typed and proofread the text."""
    return bool(_CREDITS.match(text))


def licence_marked(passages: Sequence[Passage]) -> list[Passage]:
    """The passages, with the header and the licence marked as front and back matter where they are found."""
    marked = list(passages)
    for index, passage in enumerate(passages):
        if "pg-boilerplate" in passage.types and passage.block.skip is None:
            marked[index] = skipped(passage, SkipReason.FRONT_MATTER)
    starts = [i for i, p in enumerate(passages) if ends_header(p.block.text)]
    ends = [i for i, p in enumerate(passages) if begins_licence(p.block.text)]
    if starts and starts[-1] < len(passages) // 2:
        for index in range(starts[-1] + 1):
            marked[index] = skipped(marked[index], SkipReason.FRONT_MATTER)
        for index in range(starts[-1] + 1, min(starts[-1] + 1 + _CREDITS_PASSAGES, len(passages))):
            if names_the_makers(passages[index].block.text):
                marked[index] = skipped(marked[index], SkipReason.FRONT_MATTER)
    if ends and ends[-1] > len(passages) // 2:
        first = next(i for i in ends if i > len(passages) // 2)
        for index in range(first, len(passages)):
            marked[index] = skipped(marked[index], SkipReason.BACK_MATTER)
    return marked
