"""Documents to be made into books, in the formats that we read, of any length; and some that cannot be."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pypdf
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

_WORDS: Final = (
    *("the", "sea", "was", "grey", "and", "a", "long", "way", "off", "they", "never", "stone"),
    *("heard", "old", "harbour", "bells", "ring", "over", "slow", "water", "winter", "lantern"),
)
_SENTENCE_WORDS: Final = 11  # about four seconds
_LINES_OF_A_PAGE: Final = 30


def prose(sentences: int, seed: object) -> list[str]:
    """Plain sentences of about four seconds each, the same for the same seed."""
    dice = random.Random(str(seed))  # noqa: S311  # a text is no secret
    return [" ".join(dice.choices(_WORDS, k=_SENTENCE_WORDS)).capitalize() + "." for _ in range(sentences)]


def write_markdown(path: Path, chapters: int, sentences: int) -> Path:
    """A book of chapters with so many sentences each; its name decides what they say."""
    parts = (
        f"# Part {number} of {path.stem}\n\n" + " ".join(prose(sentences, (path.stem, number))) + "\n"
        for number in range(1, chapters + 1)
    )
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def write_text(path: Path, sentences: int) -> Path:
    """A text without chapters."""
    path.write_text(" ".join(prose(sentences, path.stem)) + "\n", encoding="utf-8")
    return path


def write_page(path: Path, sentences: int) -> Path:
    """A web page."""
    text = " ".join(prose(sentences, path.stem))
    path.write_text(
        f'<!doctype html><html lang="en"><head><title>{path.stem}</title></head>'
        f"<body><article><h1>{path.stem}</h1><p>{text}</p></article></body></html>",
        encoding="utf-8",
    )
    return path


def write_epub(path: Path, sentences: int, more: Mapping[str, str] | None = None) -> Path:
    """An EPUB 3 of one chapter. more: further files in its archive."""
    xhtml = '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
    title = path.stem
    files = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container version="1.0" '
        'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        "book.opf": '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="id">urn:bench:{title}</dc:identifier><dc:title>{title}</dc:title>'
        "<dc:language>en</dc:language></metadata><manifest>"
        '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
        '<item id="one" href="one.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="one"/></spine></package>',
        "nav.xhtml": f"{xhtml}<head><title>n</title></head><body>"
        f'<nav epub:type="toc"><ol><li><a href="one.xhtml">{title}</a></li></ol></nav></body></html>',
        "one.xhtml": f"{xhtml}<head><title>{title}</title></head><body><h1>{title}</h1>"
        f"<p>{' '.join(prose(sentences, title))}</p></body></html>",
        **(more or {}),
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def write_pdf(path: Path, sentences: int, password: str | None = None) -> Path:
    """A PDF with a text layer, a sentence on each line. password: without which it cannot be read."""
    lines = prose(sentences, path.stem)
    writer = pypdf.PdfWriter()
    for first in range(0, len(lines), _LINES_OF_A_PAGE):
        _add_page(writer, lines[first : first + _LINES_OF_A_PAGE])
    if password:
        writer.encrypt(password, algorithm="AES-256")
    writer.write(path)
    return path


def write_scan(path: Path) -> Path:
    """A PDF whose only page is a picture."""
    writer = pypdf.PdfWriter()
    picture = DecodedStreamObject()
    grey = sum(path.stem.encode()) % 256  # so that no two of them are the same document
    picture.set_data(b"q 300 0 0 400 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID " + bytes([grey]) + b" EI Q")
    writer.add_blank_page(300, 400)[NameObject("/Contents")] = writer._add_object(picture)
    writer.write(path)
    return path


def _add_page(writer: pypdf.PdfWriter, lines: Sequence[str]) -> None:
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    page = writer.add_blank_page(595, 842)
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): writer._add_object(font)})}
    )
    content = DecodedStreamObject()
    shown = " ".join(f"({line}) Tj T*" for line in lines)
    content.set_data(f"BT /F1 11 Tf 22 TL 60 780 Td {shown} ET".encode("ascii"))
    page[NameObject("/Contents")] = writer._add_object(content)
