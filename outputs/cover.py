"""A book's title and authors into a cover, for documents that bring none."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import typst

from inputs.book import Cover
from outputs.names import one_line

COVER_PIXELS: Final = 2400  # square; shops ask for 2400 to 3000, podcast directories for 1400 to 3000
_POINTS: Final = 600  # its width in the template
_POINTS_PER_INCH: Final = 72
_BARS: Final = 41
_TITLE_CHARACTERS: Final = 300  # more would be too small to read

# paper, ink, accent: ink on paper has a contrast of more than 7 : 1
_COLOURS: Final = (
    ("#1d2b3a", "#f6efe2", "#e0a458"),
    ("#2b2338", "#f5eefb", "#c98bdb"),
    ("#16332c", "#eef6ef", "#7fc8a9"),
    ("#3a1f1f", "#fbf0ea", "#e58f65"),
    ("#f3ead9", "#2d2418", "#b5532e"),
    ("#e6eef0", "#16303a", "#2f7f93"),
    ("#22262b", "#f2f2ee", "#9fb4c7"),
    ("#f4e7e4", "#3a1a26", "#a8405f"),
)
_NO_LETTER: Final = "\U0010fffd"  # private: no font has it, so it shows what a missing letter looks like


@dataclass(frozen=True, slots=True)
class DrawnCover:
    """A cover, and the letters of title and authors that no font here has: they are not on it."""

    cover: Cover
    missing: tuple[str, ...]


def drawn_cover(title: str, authors: Iterable[str], language: str) -> DrawnCover:
    """Draw a plain cover; the same words give the same bytes with the same fonts.

    The fonts are those that typst brings: Latin, Greek, Cyrillic, Hebrew, Arabic. Only where a letter is in
    none of them are this machine's own fonts asked.
    """
    title = one_line(title)[:_TITLE_CHARACTERS]
    lines = [name for author in authors if (name := one_line(author))]
    fonts = typst.Fonts(include_system_fonts=False)
    missing = _missing("".join((title, *lines)), fonts)
    if missing:
        fonts = typst.Fonts(include_system_fonts=True)
        missing = _missing("".join(missing), fonts)
    seed = hashlib.sha256("\n".join((title, *lines)).encode()).digest()
    paper, ink, accent = _COLOURS[seed[0] % len(_COLOURS)]
    drawn = _set(
        files("outputs").joinpath("templates/cover.typ").read_bytes(),
        fonts,
        _POINTS_PER_INCH * COVER_PIXELS / _POINTS,
        {
            "title": _without(title, missing),
            "authors": "\n".join(filter(None, (_without(line, missing) for line in lines))),
            "language": found[0].lower() if (found := re.match(r"[A-Za-z]{2,3}(?=-|$)", language)) else "en",
            "direction": "rtl" if _is_right_to_left(title) else "ltr",
            "paper": paper,
            "ink": ink,
            "accent": accent,
            "bars": " ".join(f"{0.12 + 0.88 * byte / 255:.3f}" for byte in _stretched(seed)),
        },
    )
    return DrawnCover(Cover(drawn[0], "image/png"), missing)


def _missing(text: str, fonts: typst.Fonts) -> tuple[str, ...]:
    """The letters that none of the fonts has, in order: drawn alone, they look like one that nobody has."""
    letters = [letter for letter in dict.fromkeys(text) if not letter.isascii()]
    if not letters:
        return ()
    source = (
        "#set page(width: 40pt, height: 40pt, margin: 5pt)\n"
        '#set text(font: "Libertinus Serif")\n'
        '#sys.inputs.letters.split("\\n").map(text).join(pagebreak())'
    )
    unknown, *pages = _set(source.encode(), fonts, 72, {"letters": "\n".join((_NO_LETTER, *letters))})
    return tuple(letter for letter, page in zip(letters, pages, strict=True) if page == unknown)


def _set(source: bytes, fonts: typst.Fonts, ppi: float, inputs: dict[str, str]) -> list[bytes]:
    """Have a document set; a PNG for each page."""
    pages = typst.compile(source, format="png", ppi=ppi, font_paths=fonts, sys_inputs=inputs)
    return [pages] if isinstance(pages, bytes) else pages


def _without(text: str, missing: Iterable[str]) -> str:
    return " ".join(text.translate({ord(letter): None for letter in missing}).split())


def _is_right_to_left(text: str) -> bool:
    """Whether the first letter that has a direction is of Hebrew, Arabic or the like."""
    directions = (unicodedata.bidirectional(letter) for letter in text)
    return next((one for one in directions if one in ("L", "R", "AL")), "L") != "L"


def _stretched(seed: bytes) -> bytes:
    """As many bytes as there are bars, symmetrical, since that pleases the eye."""
    half = seed[1 : 2 + _BARS // 2]
    return half[:0:-1] + half
