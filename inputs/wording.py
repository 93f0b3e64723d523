"""Pieces of source text to the wording of a block: composed characters, single spaces, skipped ranges."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import TypeVar

from inputs.book import Skip, SkipReason

T = TypeVar("T")
Piece = tuple[str, SkipReason | None]

_WHITE_SPACE_RUN = re.compile(r"\s+")
_UNEVEN_SPACE = re.compile(r"\s{2,}|[^\S ]")  # all but the single space, which is nearly all of it
_LETTER_OR_DIGIT = re.compile(r"\w")


def word(
    pieces: Iterable[Piece], *, keep_lines: bool = False
) -> tuple[str, SkipReason | None, tuple[Skip, ...]]:
    r"""Join pieces into a block's text.

    pieces: (text, reason not to speak it or None), in reading order; a "\n" is a line break of the source.
    keep_lines: line breaks stay "\n" (verse, tables, code); otherwise they become spaces.
    returns: text in Unicode NFC, white space collapsed; the reason when nothing of it is spoken, else None;
        the skipped ranges `[start, end)` of the text when some of it is spoken.
    """
    runs = _single_spaced(pieces, keep_lines)
    text, bounds = _composed([run for run, _ in runs])
    reasons = [reason for _, reason in runs]
    spoken = any(
        reason is None and text[start:end].strip()
        for reason, (start, end) in zip(reasons, bounds, strict=True)
    )
    if not spoken:
        return text, next((reason for reason in reasons if reason is not None), None), ()
    skips: list[Skip] = []
    for reason, (start, end) in zip(reasons, bounds, strict=True):
        if reason is None or start == end:
            continue
        if skips and skips[-1].end == start and skips[-1].reason is reason:
            skips[-1] = Skip(skips[-1].start, end, reason)
        else:
            skips.append(Skip(start, end, reason))
    return text, None, tuple(skips)


def piece_bounds(pieces: Iterable[Piece], *, keep_lines: bool = False) -> list[tuple[int, int]]:
    """Where each piece is in the text that `word` joins them to: `[start, end)`, empty if it vanished."""
    pieces = list(pieces)
    runs = _single_spaced([(text, number) for number, (text, _) in enumerate(pieces)], keep_lines)
    _, bounds = _composed([run for run, _ in runs])
    found = {number: one for (_, number), one in zip(runs, bounds, strict=True)}
    return [found.get(number, (0, 0)) for number in range(len(pieces))]


def one_line(text: str) -> str:
    """A title or a metadata value: NFC, white space collapsed, no soft hyphens or zero-width characters."""
    text = re.sub("[\u00ad\u200b\u2060\ufeff]", "", text)
    return unicodedata.normalize("NFC", _WHITE_SPACE_RUN.sub(" ", text)).strip()


def is_ornament(text: str) -> bool:
    """True for text without letters and digits, such as "* * *"; False for no text at all."""
    return bool(text.strip()) and not _LETTER_OR_DIGIT.search(text.replace("_", ""))


def _single_spaced(pieces: Iterable[tuple[str, T]], keep_lines: bool) -> list[tuple[str, T]]:
    """Collapse white space over the bounds of pieces; a space goes to the piece it was first seen in."""
    runs: list[tuple[str, T]] = []
    last = " "  # leading white space is dropped
    for raw, reason in pieces:
        text = _UNEVEN_SPACE.sub(lambda run: _collapsed(run.group(), keep_lines), raw)
        if text and text[0].isspace() and last.isspace():
            if text[0] == "\n" and last == " " and runs:
                before, why = runs[-1]
                runs[-1] = (before[:-1] + "\n", why)
            text = text[1:]
        if text:
            runs.append((text, reason))
            last = text[-1]
    while runs and runs[-1][0][-1].isspace():
        text, reason = runs.pop()
        if text.rstrip():
            runs.append((text.rstrip(), reason))
    return runs


def _collapsed(run: str, keep_lines: bool) -> str:
    if keep_lines and "\n" in run:
        return "\n"
    # a lone no-break or thin space is the author's own: "10 000", "Mr. Holmes"
    return run if len(run) == 1 and unicodedata.category(run) == "Zs" else " "


def _composed(runs: list[str]) -> tuple[str, list[tuple[int, int]]]:
    """NFC of the joined runs, with the bounds that each run has in it."""
    parts = [unicodedata.normalize("NFC", run) for run in runs]
    text = "".join(parts)
    if unicodedata.is_normalized("NFC", text):
        lengths = [len(part) for part in parts]
    else:  # a letter and its accent stand in different runs: measure each run by what it adds
        joined, lengths = "", []
        for part in parts:
            longer = unicodedata.normalize("NFC", joined + part)
            lengths.append(max(0, len(longer) - len(joined)))
            joined = longer
        text = joined
    bounds, start = [], 0
    for length in lengths:
        bounds.append((start, min(start + length, len(text))))
        start = min(start + length, len(text))
    return text, bounds
