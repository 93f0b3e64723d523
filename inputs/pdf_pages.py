"""Lines of a page as the PDF worker printed them, to runs and lines with a size, a place and a text."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from statistics import median
from typing import Any

from inputs.book import SkipReason

# A mark is raised by at least this share of the line's size, and set at less than RAISED_SIZE of it.
RAISED_BY = 0.18
RAISED_SIZE = 0.82
LINE_HYPHEN = "\ufffe"  # where PDFium saw a word broken at a line's end
UNEVEN = 0.35  # share of the size; lines that are set alike come out up to 20 % apart, headings further
ONE_ROW_GAP = 0.75  # font sizes; what follows nearer on the same height is of the same line
_NOTE_MARK = re.compile(
    r"\s*(?:[\[(]?(?:\d{1,3}(?:\s?[,–-]\s?\d{1,3})*|[*†‡§¶∗]{1,3}|[a-z])[\])]?|(?:\[\w{1,4}\]\s?)+)\s*"
)
# raised behind a number, or a letter that stands alone: ten to the ninth, x squared
_EXPONENTIATED = re.compile(r"(?:\d|(?<![^\W\d_])(?<!['’])[^\W\d_])\s*$")
_SPACING_ACCENTS = {
    "`": "\u0300", "´": "\u0301", "ˆ": "\u0302", "˜": "\u0303", "¨": "\u0308", "¸": "\u0327", "˘": "\u0306",
    "ˇ": "\u030c",
}  # fmt: skip
_ACCENT_PAIR = re.compile(rf"([{''.join(_SPACING_ACCENTS)}])\s?([A-Za-zı])")
_LIGATURES = re.compile("[\ufb00-\ufb06]")


@dataclass(frozen=True, slots=True)
class Run:
    """Glyphs of one style on one line."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    font: str
    bold: bool
    baseline: float


@dataclass(slots=True)
class Line:
    """One line of one column; `skip` is set as the rules find out what it is."""

    page: int  # 0 is the first
    runs: tuple[Run, ...]
    skip: SkipReason | None = None
    size: float = 0.0  # of most of its glyphs, points
    bold: bool = False
    font: str = ""
    baseline: float = 0.0
    text: str = ""
    notes: frozenset[str] = frozenset()  # numbers of the notes at the foot of the page
    left: float = 0.0  # points from the page's lower left corner, as the following three
    bottom: float = 0.0
    right: float = 0.0
    top: float = 0.0

    def __post_init__(self) -> None:
        self.left, self.bottom = min(run.left for run in self.runs), min(run.bottom for run in self.runs)
        self.right, self.top = max(run.right for run in self.runs), max(run.top for run in self.runs)
        main = max(self.runs, key=lambda run: (len(run.text.strip()), run.size))
        sized: dict[float, int] = {}
        for run in self.runs:
            sized[run.size] = sized.get(run.size, 0) + len(run.text.strip())
        self.size = max(sized, key=lambda size: (sized[size], size))
        letters = sum(len(run.text.strip()) for run in self.runs) or 1
        self.bold = sum(len(run.text.strip()) for run in self.runs if run.bold) > 0.6 * letters
        self.font, self.baseline = main.font, main.baseline
        self.text = "".join(text for text, _ in self.pieces()).strip()

    def pieces(self) -> list[tuple[str, SkipReason | None]]:
        """The line's text with raised note marks apart from the rest."""
        pieces: list[tuple[str, SkipReason | None]] = []
        for index, run in enumerate(self.runs):
            gap = run.left - self.runs[index - 1].right if index else 0.0
            space = " " if index and gap > 0.9 * run.size and not run.text.startswith(" ") else ""
            raised = (
                run.size < RAISED_SIZE * self.size
                and run.baseline > self.baseline + RAISED_BY * self.size
                and bool(_NOTE_MARK.fullmatch(run.text))
                and not (index and _EXPONENTIATED.search(self.runs[index - 1].text))
            )
            reason = SkipReason.NOTE_MARK if raised else None
            if pieces and pieces[-1][1] is reason:  # accents and their letters may be runs of their own
                pieces[-1] = (pieces[-1][0] + space + run.text, reason)
            else:
                pieces.append((space + run.text, reason))
        return [part for text, reason in pieces for part in self._parted(mended(text), reason)]

    def _parted(self, text: str, reason: SkipReason | None) -> list[tuple[str, SkipReason | None]]:
        """Cut out note numbers that the font itself raises, which size and baseline do not show."""
        if reason is not None or not self.notes:
            return [(text, reason)]
        numbers = "|".join(sorted(self.notes, key=len, reverse=True))
        # behind a word or a stop; a number behind a capital is of the name: DB2, MP3
        parts = re.split(rf"(?<=[^\W\d_A-Z]|[.,;:!?…”’\"')\]])({numbers})(?![\w.]\d|\w)", text)
        marked = [(part, SkipReason.NOTE_MARK if place % 2 else None) for place, part in enumerate(parts)]
        return [(part, why) for part, why in marked if part]

    def cells(self) -> list[str]:
        """The line's text cut where the gaps are wider than between words."""
        cells = [""]
        for index, run in enumerate(self.runs):
            if index and run.left - self.runs[index - 1].right > 1.6 * self.size:
                cells.append("")
            cells[-1] += run.text
        return [mended(cell).strip() for cell in cells if cell.strip()]


@dataclass(slots=True)
class Page:
    """One page, upright, origin at the lower left of what is shown, points."""

    number: int  # 0 is the first
    width: float
    height: float
    lines: list[Line]
    hidden: list[Line]  # outside the visible page, or turned against the text
    foot: float = 0.0  # where the file's own coordinates have the lower edge of what is shown
    has_images: bool = False
    broken: bool = False


def page_of(printed: dict[str, Any]) -> Page:
    """A page from one JSON object of the worker."""
    page = Page(
        printed["page"],
        float(printed["width"]),
        float(printed["height"]),
        [],
        [],
        float(printed.get("foot", 0.0)),
        bool(printed.get("images")),
        bool(printed.get("broken")),
    )
    for flag, runs in _rows(printed["lines"]):
        line = Line(page.number, tuple(Run(*run) for run in runs))
        if not line.text:
            continue
        if flag:
            line.skip = SkipReason.NOT_SHOWN if flag == "h" else SkipReason.RUNNING_HEAD
            page.hidden.append(line)
        else:
            page.lines.append(line)
    return page


def even_out(page: Page) -> None:
    """Give the lines of a recognised page one size where they nearly have it: each was measured anew."""
    usual = median([line.size for line in page.lines for _ in line.text]) if page.lines else 0.0
    for line in page.lines:
        if abs(line.size - usual) < UNEVEN * usual:
            line.size = usual


def _rows(lines: list[Any]) -> list[Any]:
    """The worker's lines with those made one that PDFium cuts in two, often at a raised mark."""
    whole: list[Any] = []
    for flag, runs in lines:
        if whole and whole[-1][0] == flag == "":
            before, after = whole[-1][1][-1], runs[0]
            main = max(whole[-1][1], key=lambda run: run[5])
            size = max(main[5], after[5])
            gap = after[1] - before[3]
            same_height = abs(main[8] - after[8]) < (0.1 if after[5] > RAISED_SIZE * main[5] else 0.6) * size
            near = ONE_ROW_GAP if before[7] == after[7] else 0.3  # a bold side head stands apart
            if same_height and -0.3 * size < gap < near * size:
                space = " " if gap > 0.15 * size and not after[0].startswith(" ") else ""
                whole[-1][1].extend([[space + after[0], *after[1:]], *runs[1:]])
                continue
        whole.append((flag, list(runs)))
    return whole


def mended(text: str) -> str:
    """Ligatures as letters, accents that TeX set beside their letters put on them, in NFC."""
    text = _LIGATURES.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)
    if any(accent in text for accent in _SPACING_ACCENTS):
        text = _ACCENT_PAIR.sub(_accented, text)
    return unicodedata.normalize("NFC", text)


def _accented(match: re.Match[str]) -> str:
    """“succ`es” is “succès”; a backtick that opens a quotation has a space or nothing before it."""
    accent, letter = match.groups()
    before = match.string[match.start() - 1 : match.start()]
    composed = unicodedata.normalize("NFC", {"ı": "i"}.get(letter, letter) + _SPACING_ACCENTS[accent])
    if len(composed) > 1 or (accent in "`´" and not before.isalpha()):
        return match.group()
    return composed
