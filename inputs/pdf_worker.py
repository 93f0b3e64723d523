"""A PDF file to JSON lines on standard output; a program of its own, so that a hostile file kills only it.

    pdf_worker.py outline|text|text-again FILE ADDRESS_SPACE_BYTES [FIRST_PAGE]

`outline` (pypdf) prints one object: encryption, metadata, outline, page count. `text` (PDFium) and
`text-again` (pypdf, slower and sturdier) print one object per page, from FIRST_PAGE (0-based) on. Nothing of
this package is imported here: the program runs isolated from the caller's folder and environment.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import math
import resource
import sys
from collections.abc import Callable, Iterator
from typing import Any

_Glyph = tuple[str, float, float, float, float, float, int, str, bool, tuple[float, float]]

EXIT_PASSWORD = 3
EXIT_DAMAGED = 4
PAGE_CHARACTERS_LIMIT = 400_000  # the densest real page at hand has 15 000
OUTLINE_LIMIT = 20_000
# Moves between glyphs of one line that are wider than this many font sizes separate columns or table cells
CELL_GAP = 1.6
# what pypdf raises on broken objects besides its own errors; one bad page must not cost the others
_PYPDF_FAULTS = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError,
                 NotImplementedError, AssertionError, ArithmeticError, LookupError)  # fmt: skip


def main(arguments: list[str]) -> int:
    """Run one of the three jobs; the exit status says what stopped it."""
    job, path, address_space = arguments[0], arguments[1], int(arguments[2])
    first_page = int(arguments[3]) if len(arguments) > 3 else 0
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)  # pypdf reports each oddity of a file through logging
    if job == "outline":
        return _outline(path)
    pages = _text(path, first_page) if job == "text" else _text_again(path, first_page)
    for page in pages:
        if isinstance(page, int):
            return page
        _print(page)
    return 0


def _print(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")
    sys.stdout.flush()


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


def _outline(path: str) -> int:
    reader = _open_pypdf(path)
    if isinstance(reader, int):
        return reader
    from pypdf.errors import PyPdfError

    found: dict[str, Any] = {"pages": len(reader.pages), "encrypted": bool(reader.is_encrypted)}
    readers: dict[str, Callable[[], Any]] = {
        "metadata": lambda: {str(k): str(v) for k, v in (reader.metadata or {}).items()},
        "language": lambda: str(reader.trailer["/Root"].get("/Lang") or ""),
        "outline": lambda: list(_outline_entries(reader)),
    }
    for name, value in readers.items():
        with contextlib.suppress(PyPdfError, *_PYPDF_FAULTS):
            found[name] = value()
    _print(found)
    return 0


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


def _text(path: str, first_page: int) -> Iterator[dict[str, Any] | int]:
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError:
        password = raw.FPDF_GetLastError() == raw.FPDF_ERR_PASSWORD
        yield EXIT_PASSWORD if password else EXIT_DAMAGED
        return
    for number in range(first_page, len(document)):
        handle = raw.FPDF_LoadPage(document.raw, number)
        text = raw.FPDFText_LoadPage(handle) if handle else None
        if not text:
            yield {"page": number, "width": 0, "height": 0, "lines": [], "broken": True}
            continue
        page = _PageText(raw, handle, text, number).read()
        if page["turned"]:
            # PDFium orders lines by the page as shown: show it so that its text stands upright
            raw.FPDFText_ClosePage(text)
            raw.FPDFPage_SetRotation(handle, (raw.FPDFPage_GetRotation(handle) - page["turned"]) % 4)
            text = raw.FPDFText_LoadPage(handle)
            page = _PageText(raw, handle, text, number).read()
        yield page
        raw.FPDFText_ClosePage(text)
        raw.FPDF_ClosePage(handle)


class _PageText:
    """The glyphs of one page, turned upright, as lines of runs of one style."""

    def __init__(self, raw: Any, handle: Any, text: Any, number: int) -> None:
        self._raw, self._text, self._number = raw, text, number
        self._rotation = raw.FPDFPage_GetRotation(handle) % 4  # quarter turns clockwise
        shown = raw.FS_RECTF()
        raw.FPDF_GetPageBoundingBox(handle, shown)  # crop box within media box, inherited ones too
        self._box = (
            min(shown.left, shown.right),
            min(shown.bottom, shown.top),
            max(shown.left, shown.right),
            max(shown.bottom, shown.top),
        )
        if self._box[2] - self._box[0] < 1 or self._box[3] - self._box[1] < 1:
            self._box = (0.0, 0.0, 612.0, 792.0)  # letter size, PDFium's own default
        self._images = any(
            raw.FPDFPageObj_GetType(raw.FPDFPage_GetObject(handle, index))
            in (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM)
            for index in range(min(raw.FPDFPage_CountObjects(handle), 2000))
        )

    def read(self) -> dict[str, Any]:
        """One JSON object; boxes are (left, bottom, right, top) in points from the visible page's corner."""
        glyphs = list(self._glyphs())
        turns = [glyph[6] for glyph in glyphs if glyph[6] >= 0]
        # a page whose text mostly runs up or down is read turned, whatever its /Rotate says
        upright = max(set(turns), key=turns.count) if turns else 0
        self._rotation = (self._rotation - upright) % 4
        placed = [
            (*glyph[:1], *self._upright(*glyph[1:5]), *glyph[5:9], self._upright(*glyph[9], *glyph[9])[1])
            if glyph[0] != "\n" and glyph[3] >= glyph[1]
            else (*glyph[:9], 0.0)
            for glyph in glyphs
        ]
        width, height = self._box[2] - self._box[0], self._box[3] - self._box[1]
        if self._rotation % 2:
            width, height = height, width
        return {
            "page": self._number,
            "width": round(width, 1),
            "height": round(height, 1),
            "images": self._images,
            "turned": upright,
            "lines": _lines(placed, upright),
        }

    def _glyphs(self) -> Iterator[_Glyph]:
        r"""(character, left, bottom, right, top, size, quarter turns, font, bold, origin); "\n" ends a line.

        Glyphs outside of the visible box come with a size of 0.
        """
        raw, text = self._raw, self._text
        count = min(raw.FPDFText_CountChars(text), PAGE_CHARACTERS_LIMIT)
        box, matrix = raw.FS_RECTF(), raw.FS_MATRIX()
        name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
        origin_x, origin_y = ctypes.c_double(), ctypes.c_double()
        style_of: Any = None
        size, turn, font, bold, origin = 10.0, 0, "", False, (0.0, 0.0)
        last: tuple[str, float, float] | None = None
        for index in range(count):
            code = raw.FPDFText_GetUnicode(text, index)
            if code in (10, 13):
                if code == 10:
                    yield "\n", 0.0, 0.0, 0.0, 0.0, size, turn, font, bold, origin
                continue
            if code == 32 and raw.FPDFText_IsGenerated(text, index) == 1:
                yield " ", 0.0, 0.0, -1.0, 0.0, size, turn, font, bold, origin
                continue
            style = raw.FPDFText_GetTextObject(text, index)
            address = ctypes.cast(style, ctypes.c_void_p).value
            redrawn = address != style_of
            if address != style_of:
                style_of = address
                raw.FPDFText_GetMatrix(text, index, matrix)
                size = abs(raw.FPDFText_GetFontSize(text, index)) * math.hypot(matrix.c, matrix.d)
                angle = raw.FPDFText_GetCharAngle(text, index)
                turn = (round(-angle / (math.pi / 2)) + self._rotation) % 4
                skewed = abs((angle / (math.pi / 2)) - round(angle / (math.pi / 2))) > 0.12
                turn = -1 if skewed else turn
                raw.FPDFText_GetFontInfo(text, index, name, 128, flags)
                font = name.value.decode("utf-8", "replace").rpartition("+")[2]
                weight = raw.FPDFText_GetFontWeight(text, index)
                raw.FPDFText_GetCharOrigin(text, index, origin_x, origin_y)
                origin = (origin_x.value, origin_y.value)
                bold = weight >= 600 or any(mark in font.lower() for mark in ("bold", "black", "heavy"))
            raw.FPDFText_GetLooseCharBox(text, index, box)
            left, bottom, right, top = box.left, min(box.bottom, box.top), box.right, max(box.bottom, box.top)
            middle_x, middle_y = (left + right) / 2, (bottom + top) / 2
            seen = self._box[0] <= middle_x <= self._box[2] and self._box[1] <= middle_y <= self._box[3]
            character = (
                "\ufffe" if code == 2 or code == 0xFFFE else chr(code) if code < 0x110000 else "\ufffd"
            )
            if 0xD800 <= code < 0xE000:
                character = "\ufffd"
            drawn = (character, round(left, 1), round(bottom, 1))
            if (
                redrawn
                and last is not None
                and drawn[0] == last[0]
                and character != " "
                and _same_place(drawn, last, size)
            ):
                continue  # bold by drawing twice
            last = drawn
            yield character, left, bottom, right, top, size if seen else 0.0, turn, font, bold, origin

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


def _same_place(one: tuple[str, float, float], other: tuple[str, float, float], size: float) -> bool:
    return abs(one[1] - other[1]) < 0.15 * size and abs(one[2] - other[2]) < 0.15 * size


def _lines(glyphs: list[Any], upright: int) -> list[list[Any]]:
    """Lines of runs [text, left, bottom, right, top, size, font, bold, baseline].

    A line is [flag, runs]: flag "" for upright text, "h" outside the visible page, "t" turned against it.
    """
    lines: list[list[Any]] = []
    runs: list[list[Any]] = []
    flag = ""
    pending_space = False

    def close() -> None:
        nonlocal runs, pending_space
        if any(run[0].strip() for run in runs):
            for run in runs:
                run[1:6] = [round(value, 2) for value in run[1:6]]
                run[8] = round(run[8], 2)
            lines.append([flag, runs])
        runs, pending_space = [], False

    for character, left, bottom, right, top, size, turn, font, bold, baseline in glyphs:
        if character == "\n":
            close()
            continue
        if right < left or character.isspace():  # a space, drawn or generated
            pending_space = True
            continue
        here = "h" if not size else "t" if turn != upright else ""
        if runs and (here != flag or (not here and _new_line(runs[-1], left, baseline, size))):
            close()
        flag = here
        last = runs[-1] if runs else None
        gap = left - last[3] if last else 0.0
        same = (
            last is not None
            and last[6] == font
            and last[7] == bold
            and abs(last[5] - size) < 0.05 * max(size, 1)
            and abs(last[8] - baseline) < 0.12 * max(size, 1)
            and not (not here and gap > CELL_GAP * size)
        )
        if same and last is not None:
            last[0] += (" " if pending_space else "") + character
            last[3], last[4], last[2] = max(last[3], right), max(last[4], top), min(last[2], bottom)
        else:
            space = " " if pending_space and last else ""
            runs.append([space + character, left, bottom, right, top, size, font, bold, baseline])
        pending_space = False
    close()
    return lines


def _new_line(last: list[Any], left: float, baseline: float, size: float) -> bool:
    """A glyph that goes back to the left, or far up or down, begins a line even where PDFium saw none."""
    reach = max(size, last[5])
    return bool(abs(baseline - last[8]) > 0.75 * reach or left < last[1] - 2 * reach)


def _text_again(path: str, first_page: int) -> Iterator[dict[str, Any] | int]:
    reader = _open_pypdf(path)
    if isinstance(reader, int):
        yield reader
        return
    from pypdf.errors import PyPdfError

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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
