"""A Word document (.docx) to a Book, by way of the HTML that mammoth makes of it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Final

import mammoth
from lxml import etree

from inputs.archive import Archive
from inputs.book import Book, SkipReason
from inputs.errors import DamagedDocument, DocumentTooLarge, EmptyDocument
from inputs.markup import name_of, parse, text_of
from inputs.one_piece import Facts, book_of
from inputs.wording import one_line
from inputs.xhtml import read_content

# mammoth builds a tree of 40 times a part's size; a novel's main part has 3 MB.
PART_LIMIT_BYTES = 24 * 2**20
# a table inside a table inside a text box is 40 deep; mammoth goes down by recursion
DEPTH_LIMIT = 150
# what mammoth raises where parts or attributes that it counts on are missing
_MAMMOTH_FAULTS: Final = (KeyError, ValueError, AttributeError, TypeError, IndexError, OSError)
_STYLES: Final = "\n".join(
    [
        "p[style-name='Title'] => h1.title:fresh",
        "p[style-name='Subtitle'] => p.subtitle:fresh",
        *(f"p[style-name='Heading {level}'] => h{min(level + 1, 6)}:fresh" for level in range(1, 10)),
        *(f"p[style-name='heading {level}'] => h{min(level + 1, 6)}:fresh" for level in range(1, 10)),
        *(f"p[style-name='toc {level}'] => nav > p:fresh" for level in range(1, 10)),
        *(f"p[style-name='TOC {level}'] => nav > p:fresh" for level in range(1, 10)),
        "p[style-name='TOC Heading'] => nav > p:fresh",
        "p[style-name='Quote'] => blockquote:fresh",
        "p[style-name='Intense Quote'] => blockquote:fresh",
        "p[style-name='Caption'] => figcaption:fresh",
        "comment-reference => ",
    ]
)


def read_word_document(path: Path, sha256: str, archive: Archive) -> Book:
    """Read a Word document; pictures are never unpacked, nothing that it links to is followed.

    Raises:
        DamagedDocument: its parts cannot be read.
        DocumentTooLarge: a part is larger than any book's.
        EmptyDocument: there is nothing to speak in it.
    """
    parts = _parts(path, archive)
    unshown = [*_furniture(parts), *_hidden(parts)]
    try:
        html = mammoth.convert_to_html(
            io.BytesIO(_packed(parts)),
            style_map=_STYLES,
            convert_image=mammoth.images.img_element(lambda _: {}),
            external_file_access=False,
        ).value
    except _MAMMOTH_FAULTS as error:
        raise DamagedDocument(path, f"this Word document cannot be read ({error})", _SAVE_AGAIN) from error
    root = parse(f"<html><body>{html}</body></html>".encode())
    if root is None:
        raise EmptyDocument(path, "there is nothing to speak in it", "Look into it with Word")
    reasons: dict[etree._Element, SkipReason] = {}
    for text, reason in unshown:
        paragraph = etree.SubElement(root, "p")
        paragraph.text = text
        reasons[paragraph] = reason
    facts = _facts(parts.get("docProps/core.xml"))
    content = read_content(root, path.name, facts.language, reasons)
    return book_of(path, sha256, "docx", content, facts)


_SAVE_AGAIN: Final = "Open it in Word and save it again"


def _parts(path: Path, archive: Archive) -> dict[str, etree._Element]:
    """The document's XML parts by name; no pictures, sounds or macros."""
    parts: dict[str, etree._Element] = {}
    for name in archive.names:
        if not name.endswith((".xml", ".rels")):
            continue
        if archive.declared_bytes(name) > PART_LIMIT_BYTES:
            size = archive.declared_bytes(name) / 2**20
            raise DocumentTooLarge(path, f"{name} has {size:.0f} MB", "Split it into several documents")
        data = archive.read(name)
        if data is None:
            continue
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            root = etree.fromstring(data, parser)
        except etree.XMLSyntaxError as error:
            if name.startswith(("word/document", "[Content", "_rels/")):
                raise DamagedDocument(path, f"its part {name} is broken ({error})", _SAVE_AGAIN) from error
            continue  # a broken list of styles or fonts costs no text
        if b"<!DOCTYPE" in data[:2048]:
            raise DamagedDocument(
                path, f"its part {name} has a document type, as Word writes none", _SAVE_AGAIN
            )
        if _depth(root) > DEPTH_LIMIT:
            raise DamagedDocument(path, f"its part {name} is nested too deeply", _SAVE_AGAIN)
        parts[name] = root
    return parts


def _depth(root: etree._Element) -> int:
    deepest = depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


def _packed(parts: dict[str, etree._Element]) -> bytes:
    """The parts as a zip file of their own, which is what mammoth reads."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        for name, root in parts.items():
            out.writestr(name, etree.tostring(root, encoding="utf-8", xml_declaration=True))
    return packed.getvalue()


def _furniture(parts: dict[str, etree._Element]) -> list[tuple[str, SkipReason]]:
    """What stands at the head and foot of every page."""
    found = (
        one_line(_written(root))
        for name, root in sorted(parts.items())
        if name.startswith(("word/header", "word/footer"))
    )
    return [(text, SkipReason.RUNNING_HEAD) for text in dict.fromkeys(found) if text]


def _hidden(parts: dict[str, etree._Element]) -> list[tuple[str, SkipReason]]:
    """Take out what the author formatted as hidden, which mammoth would show."""
    found = []
    for name, root in parts.items():
        if not name.startswith(("word/document", "word/footnotes", "word/endnotes")):
            continue
        for mark in [element for element in root.iter() if name_of(element) == "vanish"]:
            run = mark.getparent()
            run = run.getparent() if run is not None else None
            switched_off = any(str(value) in ("0", "false", "off") for value in mark.attrib.values())
            if run is None or name_of(run) != "r" or switched_off:
                continue
            found.append((one_line(_written(run)), SkipReason.NOT_SHOWN))
            above = run.getparent()
            if above is not None:
                above.remove(run)
    return [(text, reason) for text, reason in found if text]


def _written(element: etree._Element) -> str:
    """The text below an element of WordprocessingML, a paragraph a line."""
    pieces = []
    for inner in element.iter():
        if name_of(inner) == "t":
            pieces.append(text_of(inner))
        elif name_of(inner) in ("p", "tab", "br"):
            pieces.append(" ")
    return "".join(pieces)


def _facts(core: etree._Element | None) -> Facts:
    """Title, author, language and so on from the core properties (ISO 29500-2, clause 11)."""
    stated = {name_of(element): one_line(text_of(element)) for element in core} if core is not None else {}
    authors = (one_line(name) for name in stated.get("creator", "").split(";"))
    return Facts(
        title=stated.get("title", ""),
        authors=tuple(name for name in authors if name and name != _NOBODY),
        language=stated.get("language"),
        published=stated.get("created", "")[:10] or None,
        description=stated.get("description") or None,
        identifier=stated.get("identifier") or None,
    )


_NOBODY: Final = "python-docx"  # what that library writes where no author was named
