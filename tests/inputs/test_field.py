"""Every character of every real document at hand is in one block of its book, to be spoken or skipped.

The documents are no part of the repository: BINDERY_FIELD names a folder that holds them below `documents/`,
in `epub/` and `pdf/`. The characters of EPUBs are taken with regular expressions, those of PDFs by PDFium
alone.
"""

from __future__ import annotations

import html
import os
import posixpath
import re
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path
from typing import Final

import pypdfium2
import pytest

from inputs.book import BlockKind, Book, EpubPlace
from inputs.errors import DocumentError
from inputs.read import read

DOCUMENTS: Final = Path(os.environ.get("BINDERY_FIELD", "nowhere")) / "documents"
NO_TEXT: Final = re.compile(
    r"<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^\[>]*(?:\[.*?\])?\s*>"
    r"|<(head|script|style|template)\b(?:[^>]*/>|.*?</\1\s*>)",
    re.S | re.I,
)
# PDFium draws the letters of a fake bold twice, and says hyphens at line ends in several ways
LOST_SHARE: Final = 0.002


def files(folder: str) -> list[Path]:
    return sorted((DOCUMENTS / folder).glob(f"*.{folder}")) or [DOCUMENTS]  # skipped, with the reason


@pytest.fixture(autouse=True)
def _field() -> None:
    if not DOCUMENTS.is_dir():
        pytest.skip("BINDERY_FIELD names no folder with documents/")


def opened(path: Path) -> Book:
    try:
        return read(path)
    except DocumentError as error:
        pytest.skip(f"refused: {error.code}")


def letters(text: str) -> Counter[str]:
    """Letters and digits, whatever their form; marks and spaces differ by who takes them out."""
    return Counter(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())


@pytest.mark.parametrize("path", files("epub"), ids=lambda path: path.name)
def test_every_character_of_an_epub_is_in_a_block(path: Path) -> None:
    book = opened(path)
    found: dict[str, Counter[str]] = {}
    for block in (block for chapter in book.chapters for block in chapter.blocks):
        assert isinstance(block.place, EpubPlace)
        if block.kind is not BlockKind.IMAGE_ALT or block.text.startswith("["):
            found.setdefault(block.place.href, Counter()).update(letters(block.text))
    with zipfile.ZipFile(path) as archive:
        documents = spine(archive)
        assert documents
        for name in documents:
            missing = letters(raw_text(archive.read(name))) - found.get(name, Counter())
            assert not missing, name


def spine(archive: zipfile.ZipFile) -> list[str]:
    """The content documents of the reading order, by patterns that hold for well-made packages."""
    container = archive.read("META-INF/container.xml").decode()
    package = html.unescape(re.findall(r"full-path\s*=\s*[\"']([^\"']+)", container)[0])
    text = NO_TEXT.sub("", archive.read(package).decode("utf-8-sig"))
    items = {}
    for tag in re.findall(r"<(?:\w+:)?item\s[^>]*>", text):
        attributes = dict(re.findall(r"([\w-]+)\s*=\s*[\"']([^\"']*)", tag))
        items[attributes["id"]] = attributes
    names = []
    for reference in re.findall(r"<(?:\w+:)?itemref\s[^>]*>", text):
        item = items.get(re.findall(r"idref\s*=\s*[\"']([^\"']*)", reference)[0])
        if item and "html" in item["media-type"]:
            name = posixpath.normpath(posixpath.join(posixpath.dirname(package), html.unescape(item["href"])))
            if name in archive.namelist():
                names.append(name)
    return names


def raw_text(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = NO_TEXT.sub("", data.decode(encoding))
    text = re.sub(r"<!\[CDATA\[(.*?)\]\]>", lambda match: html.escape(match[1]), text, flags=re.S)
    return html.unescape(re.sub(r"<[^>]*>", "", text))


@pytest.mark.parametrize("path", files("pdf"), ids=lambda path: path.name)
def test_every_letter_of_a_pdf_is_in_a_block(path: Path) -> None:
    book = opened(path)
    found = letters("".join(block.text for chapter in book.chapters for block in chapter.blocks))
    source: Counter[str] = Counter()
    document = pypdfium2.PdfDocument(path)
    for page in document:
        source.update(letters(page.get_textpage().get_text_range()))
    document.close()
    missing = source - found
    assert missing.total() <= LOST_SHARE * source.total() + 2, missing.most_common(12)
