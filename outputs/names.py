"""Titles and people's names as documents have them into names for tags, chapters, files and folders."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final

NAME_BYTES: Final = 120  # of UTF-8; eCryptfs allows 143, and suffixes, numbers and temporary names need room
_WRITTEN_OTHERWISE: Final = str.maketrans(
    {"/": "-", "\\": "-", "|": "-", "<": "(", ">": ")", '"': "'", "?": None, "*": None}
)
# Windows: names that are devices, whatever follows the first dot
# (learn.microsoft.com/windows/win32/fileio/naming-a-file)
_DEVICE: Final = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])\s*(\.|$)", re.IGNORECASE)
_JOINER: Final = "\u200d"  # holds the parts of one emoji together


def one_line(text: str) -> str:
    """Text that a tag or a chapter mark can hold: NFC, no control characters, single spaces."""
    whole = text.encode("utf-8", "replace").decode()  # a half of a surrogate pair cannot be written at all
    seen = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in whole)
    return " ".join(unicodedata.normalize("NFC", seen).split())


def file_name(title: str, otherwise: str, most_bytes: int = NAME_BYTES) -> str:
    """A name for a file or folder that every common file system takes; `otherwise` if nothing is left of it.

    Letters of any script and emoji stay. It is at most `most_bytes` long in UTF-8.
    """
    text = one_line(title).replace(": ", " - ").replace(":", "-").translate(_WRITTEN_OTHERWISE)
    # what is not seen cannot be told apart, and turns of writing direction make a name read as another one
    seen = (char for char in text if char == _JOINER or unicodedata.category(char) not in ("Cf", "Cn", "Co"))
    text = one_line("".join(seen))
    name = _trimmed(_clipped(_trimmed(text), most_bytes))
    if _DEVICE.match(name):
        name = _trimmed(_clipped(f"_{name}", most_bytes))
    return name or otherwise


def listener_titles(chapters: Sequence[tuple[int, str, Sequence[str]]], book_title: str) -> tuple[str, ...]:
    """Chapter titles as a player lists them: none empty, no two the same, and of several none the book's own.

    Titles that occur twice get the part they belong to before them, and where that does not help, or the
    title is the book's, their number. (Audiobookshelf falls back to file names unless all are so.)

    chapters: number, title and the titles above it, in order.
    """
    plain = [one_line(title) or f"Chapter {number}" for number, title, _ in chapters]
    if len(plain) == 1:
        return tuple(plain)
    twice = _repeated(plain)
    titles = [
        ": ".join([*filter(None, map(one_line, parents)), title]) if title in twice else title
        for title, (_, _, parents) in zip(plain, chapters, strict=True)
    ]
    clashing = _repeated(titles) | {one_line(book_title)}
    while clashing.intersection(titles):  # more than once if a chapter is really called "2. Alice"
        titles = [
            f"{number}. {title}" if title in clashing else title
            for title, (number, _, _) in zip(titles, chapters, strict=True)
        ]
        clashing = _repeated(titles)
    return tuple(titles)


def _repeated(titles: Sequence[str]) -> set[str]:
    return {title for title, times in Counter(titles).items() if times > 1}


def _trimmed(name: str) -> str:
    """Without what Windows drops at the end, and without a dot that hides it at the start."""
    return name.rstrip(" .\u200d").lstrip(" .\u200d")


def _clipped(name: str, most_bytes: int) -> str:
    """As many whole characters as fit; marks and joined emoji stay with what they belong to."""
    if len(name.encode()) <= most_bytes:
        return name
    clipped = name.encode()[:most_bytes].decode(errors="ignore")
    end = len(clipped)
    while end and (_continues(name[end]) or name[end - 1] == _JOINER):
        end -= 1
    return name[:end]


def _continues(char: str) -> bool:
    return (
        char == _JOINER or unicodedata.category(char).startswith("M") or "\U0001f3fb" <= char <= "\U0001f3ff"
    )
