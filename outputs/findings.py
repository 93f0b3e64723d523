"""What is suspicious in finished sound, in words for a person and a code for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_TEXT_CHARACTERS: Final = 60  # of the text: enough to search for


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that somebody should listen to; it never keeps a book from being finished.

    code: short and stable, for programs. at_s: seconds from the beginning of the chapter; None: all of it.
    text: how what is said there begins; empty: all of it.
    """

    code: str
    chapter: int
    message: str
    at_s: float | None = None
    text: str = ""
    is_error: bool = False  # more than a suspicion


def beginning(text: str) -> str:
    """How a text begins, cut between words."""
    if len(text) <= _TEXT_CHARACTERS:
        return text
    return text[:_TEXT_CHARACTERS].rpartition(" ")[0] + "…"
