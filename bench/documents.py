"""Documents read by us, judged against a careful reader's gold and timed against pypdf and Beautiful Soup.

    python -m bench.documents FOLDER [--json FILE]

FOLDER holds `gold.json`, the documents that it names (`epub/…`, `pdf/…`) and `score.py`, which judges
predictions. Times are processor seconds, child processes included, so that other work on the machine counts
little; ours and the libraries' are taken in turns on the same files. The exit status is 1 when a bar is
missed.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import pypdf
from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
from pypdf.errors import PyPdfError

from flows.inspecting import heard_text
from inputs.book import Book
from inputs.errors import DocumentError
from inputs.read import read
from synth.script import Passage, script

T = TypeVar("T")

# An EPUB with as much to hear is counted as a novel: five to thirty hours.
NOVEL_CHARACTERS: Final = range(250_000, 1_600_000)
SPOKEN_CHARACTERS: Final = 2_000_000  # of each document's text at most, to time spoken text


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing that must hold: `value` is at least `least`, or at most `most`."""

    what: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the value keeps to its bound."""
        return (self.least is None or self.value >= self.least) and (
            self.most is None or self.value <= self.most
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """One document read, with the time it took us and a library that only gets the text out."""

    name: str
    book: Book | None  # None: refused
    error: str | None
    ours_s: float
    library_s: float | None  # None: the library could not read it
    pages: int  # of a PDF, 0 for an EPUB

    @property
    def characters(self) -> int:
        """How much there is to hear."""
        return sum(len(heard_text(chapter)) for chapter in self.book.spoken_chapters) if self.book else 0


def main() -> int:
    """Read, judge and time; tables go to standard output, all figures to --json."""
    options = _options()
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
    gold = json.loads((options.folder / "gold.json").read_text(encoding="utf-8"))
    names = [name for name, facts in gold.items() if name != "_meta" and not facts.get("expect")]
    readings = [_reading(options.folder, name) for name in names]
    predictions = {reading.name: _prediction(reading) for reading in readings}
    scores = _scores(options.folder, predictions)
    bars = [
        *_bars_of_epubs([scores[r.name] for r in readings if not r.pages and r.name in scores]),
        *_bars_of_pdfs([(r.pages, scores[r.name]) for r in readings if r.pages and r.name in scores]),
        *_bars_of_time(readings),
    ]
    for bar in bars:
        bound = f"at least {bar.least:g}" if bar.least is not None else f"at most {bar.most:g}"
        print(f"{'✓' if bar.holds else '✗'} {bar.what:45} {bar.value:12.4f}   {bound}")
    if options.json:
        times = [
            {"file": r.name, "ours_s": r.ours_s, "library_s": r.library_s, "pages": r.pages, "error": r.error}
            for r in readings
        ]
        figures: dict[str, Any] = {"bars": [asdict(bar) | {"holds": bar.holds} for bar in bars]}
        figures |= {"times": times, "scores": scores}
        options.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0 if all(bar.holds for bar in bars) else 1


def _reading(folder: Path, name: str) -> Reading:
    path = folder / name
    book, error = None, None
    started_s = _processor_s()
    try:
        book = read(path)
    except DocumentError as refusal:
        error = str(refusal)
    ours_s = _processor_s() - started_s
    is_pdf = name.startswith("pdf/")
    pages = _timed(lambda: _pages_by_pypdf(path)) if is_pdf else _timed(lambda: _text_by_soup(path))
    count, library_s = pages
    return Reading(
        name, book, error, ours_s, None if count is None else library_s, (count or 1) if is_pdf else 0
    )


def _pages_by_pypdf(path: Path) -> int | None:
    """Take the text of every page; returns their number, None where pypdf fails."""
    try:
        pages = pypdf.PdfReader(path).pages
        for page in pages:
            page.extract_text()
    except PyPdfError:
        return None
    return len(pages)


def _text_by_soup(path: Path) -> int:
    """Take the text of every content document; returns its characters."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith((".xhtml", ".html", ".htm"))]
        return sum(len(BeautifulSoup(archive.read(name), "lxml").get_text()) for name in names)


def _prediction(reading: Reading) -> dict[str, Any]:
    """What `bindery inspect --json` says of the document, in the scorer's words."""
    if reading.book is None:
        return {"error": reading.error, "chapters": []}
    return {
        "title": reading.book.title,
        "author": ", ".join(reading.book.authors),
        "language": reading.book.language,
        "chapters": [
            {"title": chapter.title, "text": heard_text(chapter), "matter": chapter.matter.value}
            for chapter in reading.book.spoken_chapters
        ],
    }


def _scores(folder: Path, predictions: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The folder's own scorer's verdict on each document; its table is printed."""
    with tempfile.TemporaryDirectory() as scratch:
        given, judged = Path(scratch) / "predictions.json", Path(scratch) / "scores.json"
        given.write_text(json.dumps(predictions, ensure_ascii=False), encoding="utf-8")
        command = [sys.executable, str(folder / "score.py"), str(given), f"--json={judged}"]
        print(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        scores: dict[str, dict[str, Any]] = json.loads(judged.read_text(encoding="utf-8"))
    return scores


def _bars_of_epubs(scores: Sequence[dict[str, Any]]) -> list[Bar]:
    if not scores:
        return []
    return [
        Bar("EPUB: chapter F1", _mean(scores, "f1"), least=0.98),
        Bar("EPUB: chapter ends", _mean(scores, "end"), least=0.99),
        Bar("EPUB: text F", _mean(scores, "text_f"), least=0.995),
        Bar("EPUB: documents in wrong order", sum(not score.get("order", True) for score in scores), most=0),
        Bar("EPUB: documents with leaks", sum(bool(score["leaks"]) for score in scores), most=0),
    ]


def _bars_of_pdfs(scores: Sequence[tuple[int, dict[str, Any]]]) -> list[Bar]:
    """scores: pages and verdict of each document."""
    if not scores:
        return []
    judged = [score for _, score in scores]
    pages = sum(count for count, _ in scores)
    leaks = sum(sum(score["leaks"].values()) for score in judged)
    asked = sum(score["must"] for score in judged)
    kept = asked - sum(len(score["missing"]) for score in judged)
    return [
        Bar("PDF: chapter F1", _mean(judged, "f1"), least=0.95),
        Bar("PDF: text F", _mean(judged, "text_f"), least=0.99),
        Bar("PDF: leaked lines per 100 pages", 100 * leaks / pages, most=0.5),
        Bar("PDF: broken hyphens per 10,000 words", _mean(judged, "hyphen_per_10k"), most=0.5),
        Bar("PDF: sentences that go on over breaks, %", 100 * kept / max(1, asked), least=85),
    ]


def _bars_of_time(readings: Sequence[Reading]) -> list[Bar]:
    pdfs = [r for r in readings if r.pages and r.library_s is not None]
    epubs = [r for r in readings if not r.pages and r.book is not None]
    novels = [r for r in epubs if r.characters in NOVEL_CHARACTERS]
    bars = []
    if pdfs:
        pages, ours_s = sum(r.pages for r in pdfs), sum(r.ours_s for r in pdfs)
        library_s = sum(r.library_s or 0.0 for r in pdfs)
        bars.append(Bar("time: ms per PDF page", 1000 * ours_s / pages, most=15))
        each_ms = 1000 * library_s / pages
        print(f"pypdf: {each_ms:.1f} ms per page; ours takes {ours_s / library_s:.2f} times that")
    if novels:
        slowest = max(novels, key=lambda r: r.ours_s)
        ours_s, library_s = sum(r.ours_s for r in novels), sum(r.library_s or 0.0 for r in novels)
        bars.append(Bar(f"time: s for the slowest of {len(novels)} novels", slowest.ours_s, most=0.5))
        each_s = library_s / len(novels)
        print(f"Beautiful Soup: {each_s:.2f} s per novel; ours takes {ours_s / library_s:.2f} times that")
    bars.append(Bar("time: spoken characters per s", _spoken_rate(epubs), least=100_000))
    return bars


def _spoken_rate(readings: Sequence[Reading]) -> float:
    """Characters of English documents turned into spoken text per processor second."""
    characters, taken_s = 0, 0.0
    for reading in readings:
        if reading.book is None or not reading.book.language.startswith("en"):
            continue
        passages = [
            Passage(block.text)
            for chapter in reading.book.spoken_chapters
            for block in chapter.blocks
            if block.skip is None
        ]
        characters += sum(len(passage.text) for passage in passages)
        language = reading.book.language
        taken_s += _timed(lambda passages=passages, language=language: script(passages, language))[1]  # type: ignore[misc]
        if characters > SPOKEN_CHARACTERS:
            break
    return characters / taken_s if taken_s else 0.0


def _mean(scores: Sequence[dict[str, Any]], key: str) -> float:
    """Over the documents whose chapters are judged and that have the figure."""
    values: list[float] = [
        score[key] for score in scores if score.get(key) is not None and score.get("f1") is not None
    ]
    return sum(values) / max(1, len(values))


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    started_s = _processor_s()
    result = work()
    return result, _processor_s() - started_s


def _processor_s() -> float:
    """Seconds that this process and its ended children were computing."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
