"""A PDF file to JSON lines on standard output; a program of its own, so that a hostile file kills only it.

    pdf_worker.py text|text-again FILE ADDRESS_SPACE_BYTES [FIRST_PAGE]

The first line is one object about the file: page count, metadata, language, outline. Then comes one object
per page, from FIRST_PAGE (0-based) on. `text` is by PDFium; `text-again` by pypdf, slower and sturdier.
Nothing of this package is imported here: the program runs isolated from the caller's folder and environment.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import math
import re
import resource
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby, repeat
from typing import Any, NamedTuple

EXIT_PASSWORD = 3
EXIT_DAMAGED = 4
PAGE_CHARACTERS_LIMIT = 400_000  # the densest real page at hand has 15 000
OUTLINE_LIMIT = 20_000
# Moves within a line that are wider than this many font sizes may separate columns or table cells
RUN_GAP = 0.8
GLYPH_EMS = 0.9  # a word wider than this times its glyphs and its size may have gaps inside
# what pypdf raises on broken objects besides its own errors; one bad page must not cost the others
_PYPDF_FAULTS = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError,
                 NotImplementedError, AssertionError, ArithmeticError, LookupError)  # fmt: skip
_WORD_OR_END = re.compile(r"\S+|\n")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_METADATA = ("Title", "Author", "Subject", "CreationDate")

_Box = tuple[float, float, float, float]  # left, bottom, right, top in points


def main(arguments: list[str]) -> int:
    """Run one of the two jobs; the exit status says what stopped it."""
    job, path, address_space = arguments[0], arguments[1], int(arguments[2])
    first_page = int(arguments[3]) if len(arguments) > 3 else 0
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)  # pypdf reports each oddity of a file through logging
    for printed in _text(path, first_page) if job == "text" else _text_again(path, first_page):
        if isinstance(printed, int):
            return printed
        sys.stdout.write(json.dumps(printed, ensure_ascii=True, separators=(",", ":")) + "\n")
        sys.stdout.flush()
    return 0


def _text(path: str, first_page: int) -> Iterator[dict[str, Any] | int]:
    """By PDFium's C interface; loading pypdfium2's classes takes longer than reading ten pages."""
    import pypdfium2_raw as raw

    raw.FPDF_InitLibrary()
    document = raw.FPDF_LoadDocument(path.encode(), None)
    if not document:
        password = raw.FPDF_GetLastError() == raw.FPDF_ERR_PASSWORD
        yield EXIT_PASSWORD if password else EXIT_DAMAGED
        return
    pages = raw.FPDF_GetPageCount(document)
    yield {
        "pages": pages,
        "metadata": {
            f"/{name}": value
            for name in _METADATA
            if (value := _wide(lambda *to, name=name: raw.FPDF_GetMetaText(document, name.encode(), *to)))
        },
        "language": _wide(
            lambda buffer, size: raw.FPDFCatalog_GetLanguage(
                document, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)) if buffer else None, size
            )
        ),
        "outline": list(_bookmarks(raw, document)),
    }
    calls = _Calls(raw)
    for number in range(first_page, pages):
        handle = raw.FPDF_LoadPage(document, number)
        text = raw.FPDFText_LoadPage(handle) if handle else None
        if not text:
            yield {"page": number, "width": 0, "height": 0, "lines": [], "broken": True}
            continue
        page = _PageText(raw, calls, handle, text, number).read()
        if page["turned"]:
            # PDFium orders lines by the page as shown: show it so that its text stands upright
            raw.FPDFText_ClosePage(text)
            raw.FPDFPage_SetRotation(handle, (raw.FPDFPage_GetRotation(handle) - page["turned"]) % 4)
            text = raw.FPDFText_LoadPage(handle)
            page = _PageText(raw, calls, handle, text, number).read()
        yield page
        raw.FPDFText_ClosePage(text)
        raw.FPDF_ClosePage(handle)


def _wide(fill: Callable[[Any, int], int]) -> str:
    """A UTF-16 string that PDFium writes into a buffer, after telling how many bytes it needs."""
    size = fill(None, 0)
    if not 2 < size < 1 << 20:
        return ""
    buffer = ctypes.create_string_buffer(size)
    fill(buffer, size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")


def _bookmarks(raw: Any, document: Any) -> Iterator[dict[str, Any]]:
    """Outline lines in order: title, level (0 outermost), page (0-based) and top (points), or None."""
    seen: set[int | None] = set()
    stack = [(raw.FPDFBookmark_GetFirstChild(document, None), 0)]
    while stack and len(seen) < OUTLINE_LIMIT:
        bookmark, level = stack.pop()
        address = ctypes.cast(bookmark, ctypes.c_void_p).value
        if not bookmark or address in seen:  # outlines that bite their tail
            continue
        seen.add(address)
        stack.append((raw.FPDFBookmark_GetNextSibling(document, bookmark), level))
        stack.append((raw.FPDFBookmark_GetFirstChild(document, bookmark), level + 1))
        page, top = _destination(raw, document, raw.FPDFBookmark_GetDest(document, bookmark))
        title = _wide(lambda *to, bookmark=bookmark: raw.FPDFBookmark_GetTitle(bookmark, *to))
        yield {"title": title, "level": level, "page": page, "top": top}


def _destination(raw: Any, document: Any, destination: Any) -> tuple[int | None, float | None]:
    if not destination:
        return None, None
    page = raw.FPDFDest_GetDestPageIndex(document, destination)
    count, numbers = ctypes.c_ulong(), (ctypes.c_float * 4)()
    view = raw.FPDFDest_GetView(destination, count, numbers)
    # ISO 32000-1 table 151: where in each kind's numbers the top stands
    place = {raw.PDFDEST_VIEW_FITH: 0, raw.PDFDEST_VIEW_FITBH: 0, raw.PDFDEST_VIEW_FITR: 3}.get(view)
    top = numbers[place] if place is not None and place < count.value else None
    if view == raw.PDFDEST_VIEW_XYZ:
        has_x, has_y, has_zoom = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        x, y, zoom = ctypes.c_float(), ctypes.c_float(), ctypes.c_float()
        raw.FPDFDest_GetLocationInPage(destination, has_x, has_y, has_zoom, x, y, zoom)
        top = y.value if has_y.value else None
    return page if page >= 0 else None, top if top is not None and math.isfinite(top) else None


class _Calls:
    """PDFium's functions that are called for every glyph, with addresses as plain numbers: half the cost."""

    def __init__(self, raw: Any) -> None:
        address, index = ctypes.c_void_p, ctypes.c_int
        self.unicode = _as(raw.FPDFText_GetUnicode, ctypes.c_uint, address, index)
        self.text_object = _as(raw.FPDFText_GetTextObject, address, address, index)
        self.loose_box = _as(raw.FPDFText_GetLooseCharBox, ctypes.c_int, address, index, address)


def _as(function: Any, result: Any, *arguments: Any) -> Callable[..., Any]:
    prototype = ctypes.PYFUNCTYPE(result, *arguments)
    return prototype(ctypes.cast(function, ctypes.c_void_p).value or 0)


class _Style(NamedTuple):
    """How a text object is drawn."""

    size: float  # points
    turn: int  # quarter turns clockwise against the page as it is shown; -1: askew
    font: str
    bold: bool
    origin: tuple[float, float]


class _Word(NamedTuple):
    """Glyphs of one text object without a space between them; the box as the page has it."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    style: _Style
    seen: bool  # inside the visible page
    spaced: bool  # from what stands before


class _PageText:
    """The words of one page, turned upright, as lines of runs of one style."""

    def __init__(self, raw: Any, calls: _Calls, handle: Any, text: Any, number: int) -> None:
        self._raw, self._calls, self._text, self._number = raw, calls, text, number
        self._rotation = raw.FPDFPage_GetRotation(handle) % 4  # quarter turns clockwise
        shown = raw.FS_RECTF()
        raw.FPDF_GetPageBoundingBox(handle, shown)  # crop box within media box, inherited ones too
        self._box = (
            min(shown.left, shown.right),
            min(shown.bottom, shown.top),
            max(shown.left, shown.right),
            max(shown.bottom, shown.top),
        )
        if not all(map(math.isfinite, self._box)) or not (
            self._box[2] - self._box[0] >= 1 and self._box[3] - self._box[1] >= 1
        ):
            self._box = (0.0, 0.0, 612.0, 792.0)  # letter size, PDFium's own default
        self._images = any(
            raw.FPDFPageObj_GetType(raw.FPDFPage_GetObject(handle, index))
            in (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM)
            for index in range(min(raw.FPDFPage_CountObjects(handle), 2000))
        )

    def read(self) -> dict[str, Any]:
        """One JSON object; boxes are (left, bottom, right, top) in points from the visible page's corner."""
        words = list(self._words())
        turns: Counter[int] = Counter()
        for word in words:
            if word is not None and word.style.turn >= 0:
                turns[word.style.turn] += len(word.text)
        # a page whose text mostly runs up or down is read turned, whatever its /Rotate says
        upright = max(turns, key=lambda turn: turns[turn]) if turns else 0
        self._rotation = (self._rotation - upright) % 4
        width, height = self._box[2] - self._box[0], self._box[3] - self._box[1]
        if self._rotation % 2:
            width, height = height, width
        return {
            "page": self._number,
            "width": round(width, 1),
            "height": round(height, 1),
            "foot": round(self._box[1], 1),
            "images": self._images,
            "turned": upright,
            "lines": self._lines(words, upright),
        }

    def _words(self) -> Iterator[_Word | None]:
        """The page's words in the order in which they are drawn; None ends a line."""
        calls, text = self._calls, ctypes.cast(self._text, ctypes.c_void_p).value
        count = min(self._raw.FPDFText_CountChars(self._text), PAGE_CHARACTERS_LIMIT)
        codes = array("I", map(calls.unicode, repeat(text), range(count)))
        characters = (
            codes.tobytes().decode(f"utf-32-{sys.byteorder[0]}e", "replace").replace("\x02", "\ufffe")
        )
        objects = list(map(calls.text_object, repeat(text), range(count)))
        rect = self._raw.FS_RECTF()
        end_before = -1
        drawing: int | None = -1
        style = _Style(10.0, 0, "", False, (0.0, 0.0))
        last: tuple[str, float, float] | None = None
        for match in _WORD_OR_END.finditer(characters):
            start, end = match.span()
            if characters[start] == "\n":
                yield None
                continue
            for drawn_by, first, behind in _same_object(objects, start, end):
                spaced, end_before = first > end_before, behind
                box = _box(calls, text, first, rect)
                glyph = (characters[first], box[0], box[1])
                if drawn_by != drawing:
                    style, drawing = self._style(first), drawn_by
                    if last is not None and glyph[0] == last[0] and _same_place(glyph, last, style.size):
                        first += 1  # bold by drawing twice
                        if first == behind:
                            continue
                        box = _box(calls, text, first, rect)
                end_box = _box(calls, text, behind - 1, rect) if behind - first > 1 else box
                last = (characters[behind - 1], end_box[0], end_box[1])
                whole = _around(box, end_box)
                if whole[2] - whole[0] < GLYPH_EMS * style.size * (behind - first):
                    yield self._word(characters[first:behind], whole, style, spaced)
                    continue
                for index in range(first, behind):  # set wide, or moved about within
                    box = _box(calls, text, index, rect)
                    yield self._word(characters[index], box, style, spaced and index == first)

    def _word(self, text: str, box: _Box, style: _Style, spaced: bool) -> _Word:
        x0, y0, x1, y1 = self._box
        if not math.isfinite(sum(box)):
            return _Word(text, x0, y0, x0, y0, style, False, spaced)
        left, bottom, right, top = box
        seen = x0 <= (left + right) / 2 <= x1 and y0 <= (bottom + top) / 2 <= y1
        return _Word(text, left, bottom, right, top, style, seen, spaced)

    def _style(self, index: int) -> _Style:
        """How the text object of a character is drawn."""
        raw, text = self._raw, self._text
        matrix, name, flags = raw.FS_MATRIX(), ctypes.create_string_buffer(128), ctypes.c_int()
        x, y = ctypes.c_double(), ctypes.c_double()
        raw.FPDFText_GetMatrix(text, index, matrix)
        size = abs(raw.FPDFText_GetFontSize(text, index)) * math.hypot(matrix.c, matrix.d)
        quarters = raw.FPDFText_GetCharAngle(text, index) / (math.pi / 2)
        skewed = not math.isfinite(quarters) or abs(quarters - round(quarters)) > 0.12
        turn = -1 if skewed else (round(-quarters) + self._rotation) % 4
        raw.FPDFText_GetFontInfo(text, index, name, 128, flags)
        font = name.value.decode("utf-8", "replace").rpartition("+")[2]
        bold = raw.FPDFText_GetFontWeight(text, index) >= 600 or any(
            mark in font.lower() for mark in ("bold", "black", "heavy")
        )
        raw.FPDFText_GetCharOrigin(text, index, x, y)
        if not (math.isfinite(size) and math.isfinite(x.value) and math.isfinite(y.value)):
            return _Style(0.0, turn, font, bold, (0.0, 0.0))
        return _Style(size, turn, font, bold, (x.value, y.value))

    def _lines(self, words: list[_Word | None], upright: int) -> list[list[Any]]:
        """Lines of runs [text, left, bottom, right, top, size, font, bold, baseline].

        A line is [flag, runs]: flag "" for upright text, "h" outside the visible page, "t" turned against it.
        """
        lines: list[list[Any]] = []
        runs: list[list[Any]] = []
        flag = ""

        def close() -> None:
            nonlocal runs
            for run in runs:
                run[1:6] = [round(value, 2) for value in run[1:6]]
                run[8] = round(run[8], 2)
            if runs:
                lines.append([flag, runs])
            runs = []

        for word in words:
            if word is None:
                close()
                continue
            text, *box, style, seen, spaced = word
            left, bottom, right, top = self._upright(*box)
            baseline = self._upright(*style.origin, *style.origin)[1]
            size = style.size if seen else 0.0
            here = "h" if not size else "t" if style.turn != upright else ""
            if runs and (
                here != flag or (not here and _new_line(runs[-1], text, left, right, baseline, size))
            ):
                close()
            flag = here
            last = runs[-1] if runs else None
            if (
                last is not None
                and last[6] == style.font
                and last[7] == style.bold
                and abs(last[5] - size) < 0.05 * max(size, 1)
                and abs(last[8] - baseline) < 0.12 * max(size, 1)
                and (here or left - last[3] <= RUN_GAP * size)
            ):
                last[0] += (" " if spaced else "") + text
                last[1], last[2] = min(last[1], left), min(last[2], bottom)
                last[3], last[4] = max(last[3], right), max(last[4], top)
            else:
                space = " " if spaced and last else ""
                runs.append([space + text, left, bottom, right, top, size, style.font, style.bold, baseline])
        close()
        return lines

    def _upright(
        self, left: float, bottom: float, right: float, top: float
    ) -> tuple[float, float, float, float]:
        """A box in the page as it is shown, its corner at (0, 0)."""
        x0, y0, x1, y1 = self._box
        if self._rotation == 1:
            return bottom - y0, x1 - right, top - y0, x1 - left
        if self._rotation == 2:
            return x1 - right, y1 - top, x1 - left, y1 - bottom
        if self._rotation == 3:
            return y1 - top, left - x0, y1 - bottom, right - x0
        return left - x0, bottom - y0, right - x0, top - y0


def _box(calls: _Calls, text: int | None, index: int, rect: Any) -> _Box:
    """A glyph's box, as high as its font. rect: where PDFium writes it."""
    calls.loose_box(text, index, ctypes.addressof(rect))
    if rect.bottom > rect.top:
        return rect.left, rect.top, rect.right, rect.bottom
    return rect.left, rect.bottom, rect.right, rect.top


def _around(one: _Box, other: _Box) -> _Box:
    if one is other:
        return one
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _same_object(objects: list[int | None], start: int, end: int) -> Iterator[tuple[int | None, int, int]]:
    """A word cut where one text object ends and another begins: (object, start, end)."""
    whole = objects[start:end]
    if whole.count(whole[0]) == len(whole):
        yield whole[0], start, end
        return
    for drawn_by, part in groupby(whole):
        behind = start + sum(1 for _ in part)
        yield drawn_by, start, behind
        start = behind


def _same_place(one: tuple[str, float, float], other: tuple[str, float, float], size: float) -> bool:
    return abs(one[1] - other[1]) < 0.15 * size and abs(one[2] - other[2]) < 0.15 * size


def _new_line(last: list[Any], text: str, left: float, right: float, baseline: float, size: float) -> bool:
    """What goes back to where lines begin, or far up or down, begins a line even where PDFium saw none."""
    reach = max(size, last[5])
    if abs(baseline - last[8]) > 0.75 * reach:
        return True
    if _RIGHT_TO_LEFT.search(text):
        return bool(right > last[3] + 2 * reach)
    return bool(left < last[1] - 2 * reach)


def _open_pypdf(path: str) -> Any:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(path, strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            return EXIT_PASSWORD
        len(reader.pages)
    except (PyPdfError, *_PYPDF_FAULTS):
        return EXIT_DAMAGED
    return reader


def _text_again(path: str, first_page: int) -> Iterator[dict[str, Any] | int]:
    reader = _open_pypdf(path)
    if isinstance(reader, int):
        yield reader
        return
    from pypdf.errors import PyPdfError

    yield _facts(reader)
    for number in range(first_page, len(reader.pages)):
        page: dict[str, Any] = {
            "page": number,
            "width": 612,
            "height": 792,
            "images": False,
            "turned": 0,
            "lines": [],
        }
        try:
            source = reader.pages[number]
            page["width"], page["height"] = float(source.cropbox.width), float(source.cropbox.height)
            text = source.extract_text()[:PAGE_CHARACTERS_LIMIT]
            lines = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").splitlines()
            page["images"] = "/XObject" in (source.get("/Resources") or {})
        except (PyPdfError, *_PYPDF_FAULTS, MemoryError):
            page["broken"] = True
            yield page
            continue
        step = (page["height"] - 100) / max(len(lines), 1)
        for index, line in enumerate(lines):  # places are made up: pypdf gives the text alone
            bottom = round(page["height"] - 60 - step * index, 1)
            if line.strip():
                run = [
                    line.rstrip(),
                    50.0,
                    bottom,
                    50.0 + 5 * len(line),
                    bottom + 10,
                    10.0,
                    "",
                    False,
                    bottom,
                ]
                page["lines"].append(["", [run]])
        yield page


def _facts(reader: Any) -> dict[str, Any]:
    """What pypdf tells about the file, as far as it can."""
    from pypdf.errors import PyPdfError

    found: dict[str, Any] = {"pages": len(reader.pages)}
    readers: dict[str, Callable[[], Any]] = {
        "metadata": lambda: {str(k): str(v) for k, v in (reader.metadata or {}).items()},
        "language": lambda: str(reader.trailer["/Root"].get("/Lang") or ""),
        "outline": lambda: list(_outline_entries(reader)),
    }
    for name, value in readers.items():
        with contextlib.suppress(PyPdfError, *_PYPDF_FAULTS):
            found[name] = value()
    return found


def _outline_entries(reader: Any) -> Iterator[dict[str, Any]]:
    """Outline lines in order: title, level (0 outermost), page (0-based) and top (points), or None."""
    from pypdf.errors import PyPdfError
    from pypdf.generic import IndirectObject

    numbers = {
        page.indirect_reference.idnum: index
        for index, page in enumerate(reader.pages)
        if page.indirect_reference
    }
    count = 0
    stack: list[tuple[Any, int]] = [(reader.outline, 0)]
    while stack:
        entries, level = stack.pop()
        for place, entry in enumerate(entries):
            if isinstance(entry, list):
                stack += [(entries[place + 1 :], level), (entry, level + 1)]
                break
            count += 1
            if count > OUTLINE_LIMIT:
                return
            page, top = None, None
            with contextlib.suppress(PyPdfError, *_PYPDF_FAULTS):
                reference = entry.page
                page = numbers.get(reference.idnum) if isinstance(reference, IndirectObject) else None
                top = float(entry.top) if entry.top is not None else None
            yield {"title": str(entry.title or ""), "level": level, "page": page, "top": top}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
