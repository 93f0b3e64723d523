"""Small documents written on the spot: EPUBs through zipfile, PDFs by hand."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="OEBPS/content.opf"'
    ' media-type="application/oebps-package+xml"/></rootfiles>'
    "</container>"
)
XHTML = (
    '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"'
    ' xmlns:epub="http://www.idpf.org/2007/ops"><head><title>{title}</title></head><body>{body}</body></html>'
)

METADATA = "<dc:title>A Book</dc:title><dc:creator>A. Writer</dc:creator><dc:language>en</dc:language>"

WriteEpub = Callable[..., Path]
WritePdf = Callable[..., Path]


@pytest.fixture
def write_epub(tmp_path: Path) -> WriteEpub:
    """Write an EPUB: bodies by file name in order, the nav's list, members, changes to the package."""

    def write(
        bodies: Mapping[str, str | bytes],
        *,
        nav: str | None = None,
        ncx: str | None = None,
        members: Mapping[str, str | bytes] | None = None,
        metadata: str = METADATA,
        manifest: str = "",
        spine: str | None = None,
        name: str = "book.epub",
    ) -> Path:
        items = "".join(
            f'<item id="d{i}" href="{href}" media-type="application/xhtml+xml"/>'
            for i, href in enumerate(bodies)
        )
        refs = "".join(f'<itemref idref="d{i}"/>' for i in range(len(bodies))) if spine is None else spine
        if nav is not None:
            items += '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        if ncx is not None:
            items += '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        opf = (
            '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"'
            ' unique-identifier="u">'
            f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier'
            f' id="u">x</dc:identifier>{metadata}'
            f"</metadata><manifest>{items}{manifest}</manifest><spine>{refs}</spine></package>"
        )
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("mimetype", "application/epub+zip")
            archive.writestr("META-INF/container.xml", CONTAINER)
            archive.writestr("OEBPS/content.opf", opf)
            if nav is not None:
                body = f'<nav epub:type="toc"><ol>{nav}</ol></nav>'
                archive.writestr("OEBPS/nav.xhtml", XHTML.format(title="Contents", body=body))
            if ncx is not None:
                archive.writestr("OEBPS/toc.ncx", ncx)
            for href, body in bodies.items():
                text = body if isinstance(body, bytes) else XHTML.format(title="", body=body)
                archive.writestr(f"OEBPS/{href}", text)
            for member, data in (members or {}).items():
                archive.writestr(member, data)
        return path

    return write


@pytest.fixture
def write_pdf(tmp_path: Path) -> WritePdf:
    """Write a PDF: pages of (x, y, size, bold, text), outline lines (title, page, y), the crop box."""

    def write(
        pages: Sequence[Sequence[tuple[float, float, float, bool, str]]],
        *,
        outline: Sequence[tuple[str, int, float]] = (),
        crop: tuple[int, int, int, int] = (0, 0, 400, 600),
        info: str = "",
        name: str = "book.pdf",
        page_extra: str = "",
    ) -> Path:
        objects: list[bytes] = []

        def add(body: str | bytes) -> int:
            objects.append(body.encode("cp1252") if isinstance(body, str) else body)
            return len(objects)

        catalog, tree = add(""), add("")
        regular = add("<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding/WinAnsiEncoding>>")
        bold = add("<</Type/Font/Subtype/Type1/BaseFont/Times-Bold/Encoding/WinAnsiEncoding>>")
        numbers: list[int] = []
        for page in pages:
            drawn = "".join(
                f"BT /{'B' if heavy else 'R'} {size} Tf 1 0 0 1 {x} {y} Tm ({_escaped(text)}) Tj ET\n"
                for x, y, size, heavy, text in page
            ).encode("cp1252")
            content = add(b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn))
            numbers.append(
                add(
                    f"<</Type/Page/Parent {tree} 0 R/MediaBox[0 0 400 600]"
                    f"/CropBox[{' '.join(map(str, crop))}]"
                    f"{page_extra}/Resources<</Font<</R {regular} 0 R/B {bold} 0 R>>>>/Contents {content}"
                    f" 0 R>>"
                )
            )
        kids = " ".join(f"{number} 0 R" for number in numbers)
        objects[tree - 1] = f"<</Type/Pages/Kids[{kids}]/Count {len(numbers)}>>".encode()
        root = f"<</Type/Catalog/Pages {tree} 0 R"
        if outline:
            first = len(objects) + 2
            last = first + len(outline) - 1
            top = add(f"<</First {first} 0 R/Last {last} 0 R/Count {len(outline)}>>")
            for index, (title, page_number, y) in enumerate(outline):
                links = f"/Prev {first + index - 1} 0 R" if index else ""
                links += f"/Next {first + index + 1} 0 R" if first + index < last else ""
                add(
                    f"<</Title({title})/Parent {top} 0 R/Dest[{numbers[page_number]} 0 R/XYZ 0 {y}"
                    f" 0]{links}>>"
                )
            root += f"/Outlines {top} 0 R"
        objects[catalog - 1] = f"{root}>>".encode()
        info_number = add(f"<<{info}>>")
        data = b"%PDF-1.7\n"
        offsets = []
        for index, body in enumerate(objects, 1):
            offsets.append(len(data))
            data += b"%d 0 obj\n%s\nendobj\n" % (index, body)
        start = len(data)
        data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
        data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        data += b"trailer<</Size %d/Root 1 0 R/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
            len(objects) + 1,
            info_number,
            start,
        )
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
