"""Web pages, Markdown and Word documents are told by what they contain and cut at their headings."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from inputs.book import Block, Book, SkipReason
from inputs.errors import DamagedDocument, DocumentTooLarge, EmptyDocument, NotADocument, PasswordNeeded
from inputs.read import read
from inputs.word_document import PART_LIMIT_BYTES

PROSE = "It was a fine day, and nothing happened in the whole town until the clock struck nine."
PAGE = f"""<!DOCTYPE html><html lang="en-GB"><head><title>A Day | The Paper</title>
<meta name="author" content="Eve Writer"></head><body>
<header><a href="/">Home</a></header><nav><a href="/a">Menu</a></nav>
<article><header><h1>A Day</h1></header><p>{PROSE}</p>
<h2>Morning</h2><p>One.</p><aside>An advertisement</aside><h2>Evening</h2><p>Two.</p></article>
<div class="cookie-banner">We use cookies</div><footer>All rights reserved</footer></body></html>"""
MARKDOWN = f"""---
title: "A Day"
author: [Eve Writer, Bo Author]
lang: en
---

# Morning

{PROSE}[^1]

| a | b |
|---|---|
| 1 | 2 |

# Evening

Some *stress* and `code`.

[^1]: A note.
"""
OFFICE = "http://schemas.openxmlformats.org"
CONTENT = "application/vnd.openxmlformats"
TYPES = (
    f'<Types xmlns="{OFFICE}/package/2006/content-types">'
    f'<Default Extension="rels" ContentType="{CONTENT}-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml"'
    f' ContentType="{CONTENT}-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONSHIPS = (
    f'<Relationships xmlns="{OFFICE}/package/2006/relationships"><Relationship Id="r1"'
    f' Type="{OFFICE}/officeDocument/2006/relationships/{{kind}}" Target="{{target}}"/></Relationships>'
)
WORD = f'xmlns:w="{OFFICE}/wordprocessingml/2006/main"'
STYLES = (
    f"<w:styles {WORD}>"
    + "".join(
        f'<w:style w:type="paragraph" w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/></w:style>'
        for name in ("Title", "heading 1", "heading 2", "toc 1")
    )
    + "</w:styles>"
)
CORE = (
    f'<cp:coreProperties xmlns:cp="{OFFICE}/package/2006/metadata/core-properties"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>A Day</dc:title>'
    "<dc:creator>Eve Writer</dc:creator><dc:language>en-GB</dc:language></cp:coreProperties>"
)


def paragraph(text: str, style: str = "", before: str = "", behind: str = "") -> str:
    styled = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{styled}{before}<w:r><w:t>{text}</w:t></w:r>{behind}</w:p>"


def word_document(path: Path, body: str, **more: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("[Content_Types].xml", TYPES)
        out.writestr("_rels/.rels", RELATIONSHIPS.format(kind="officeDocument", target="word/document.xml"))
        out.writestr(
            "word/_rels/document.xml.rels", RELATIONSHIPS.format(kind="footnotes", target="footnotes.xml")
        )
        out.writestr("word/styles.xml", STYLES)
        out.writestr("docProps/core.xml", CORE)
        out.writestr("word/document.xml", f"<w:document {WORD}><w:body>{body}</w:body></w:document>")
        for name, data in more.items():
            out.writestr(f"word/{name}.xml", data)
    return path


def written(tmp_path: Path, name: str, text: str) -> Book:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read(path)


def heard(book: Book) -> dict[str, list[str]]:
    return {c.title: [b.text for b in c.blocks if b.skip is None and b.text] for c in book.spoken_chapters}


def skips(book: Book) -> dict[str, SkipReason]:
    found: list[Block] = [block for chapter in book.chapters for block in chapter.blocks]
    return {block.text: block.skip for block in found if block.skip}


def test_a_web_page_is_its_text_and_not_what_surrounds_it(tmp_path: Path) -> None:
    book = written(tmp_path, "page.txt", PAGE)
    assert (book.format, book.title, book.authors, book.language) == (
        "html",
        "A Day",
        ("Eve Writer",),
        "en-gb",
    )
    assert heard(book) == {
        "A Day": ["A Day", PROSE],
        "Morning": ["Morning", "One."],
        "Evening": ["Evening", "Two."],
    }
    assert skips(book) == dict.fromkeys(
        ["Home", "Menu", "An advertisement", "We use cookies", "All rights reserved"], SkipReason.FURNITURE
    )


def test_a_whole_book_as_one_web_page_has_its_chapters(tmp_path: Path) -> None:
    chapters = "".join(f"<h2>CHAPTER {n}.</h2><h2>The Title</h2><p>{PROSE}</p>" for n in ("I", "II"))
    book = written(
        tmp_path, "book.html", f"<html><body><h1>The Book</h1><h2>by Ann</h2>{chapters}</body></html>"
    )
    assert book.title == "The Book"
    assert list(heard(book)) == ["CHAPTER I: The Title", "CHAPTER II: The Title"]


@pytest.mark.parametrize(
    "line", ["The introduction is here, and it matters.", "“Who was it that came in so late?” she said."]
)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "# The Book\n\n{line}\n\n## One\n\n{prose}\n\n## Two\n\n{prose}"),
        (
            "a.html",
            "<html><h1>The Book</h1><p>{line}</p><h2>One</h2><p>{prose}</p><h2>Two</h2><p>{prose}</p>",
        ),
        ("a.txt", "THE BOOK\n\n{line}\n\nCHAPTER I\n\n{prose}\n\nCHAPTER II\n\n{prose}"),
    ],
)
def test_a_sentence_under_the_title_is_heard(tmp_path: Path, name: str, text: str, line: str) -> None:
    chapters = heard(written(tmp_path, name, text.format(line=line, prose=PROSE)))
    assert len(chapters) == 3
    assert line in next(iter(chapters.values()))


@pytest.mark.parametrize(
    "line",
    ["By Ann B. Writer", "By one who was there.", "A Tale of Two Small Towns.", "Written in the old town."],
)
def test_a_line_of_the_title_page_is_not_heard(tmp_path: Path, line: str) -> None:
    text = f"# The Book\n\n{line}\n\n## One\n\n{PROSE}\n\n## Two\n\n{PROSE}"
    book = written(tmp_path, "a.md", text)
    assert list(heard(book)) == ["One", "Two"]
    assert skips(book)[line] is SkipReason.FRONT_MATTER


def test_markdown_is_read_with_its_front_matter_notes_and_tables(tmp_path: Path) -> None:
    book = written(tmp_path, "day.md", MARKDOWN)
    assert (book.format, book.title, book.authors) == ("markdown", "A Day", ("Eve Writer", "Bo Author"))
    assert heard(book) == {
        "Morning": ["Morning", f"{PROSE}[1]"],
        "Evening": ["Evening", "Some stress and code."],
    }
    assert skips(book) == {"a | b\n1 | 2": SkipReason.TABLE, "A note. ↩︎": SkipReason.NOTE}


def test_markdown_is_told_by_its_headings_whatever_it_is_called(tmp_path: Path) -> None:
    assert written(tmp_path, "day.txt", MARKDOWN).format == "markdown"
    assert written(tmp_path, "plain.txt", f"{PROSE}\n").format == "text"


def test_a_word_document_has_chapters_by_its_headings(tmp_path: Path) -> None:
    body = (
        paragraph("A Day", "Title")
        + paragraph("Morning 1", "toc1")
        + paragraph("Morning", "heading1")
        + paragraph(PROSE, behind='<w:r><w:footnoteReference w:id="2"/></w:r>')
        + paragraph("Evening", "heading1")
        + paragraph("Seen.", behind="<w:r><w:rPr><w:vanish/></w:rPr><w:t>Hidden.</w:t></w:r>")
    )
    notes = f'<w:footnotes {WORD}><w:footnote w:id="2">{paragraph("A note.")}</w:footnote></w:footnotes>'
    header = f"<w:hdr {WORD}>{paragraph('A running head')}</w:hdr>"
    path = word_document(tmp_path / "day.txt", body, footnotes=notes, header1=header)
    book = read(path)
    assert (book.format, book.title, book.authors, book.language) == (
        "docx",
        "A Day",
        ("Eve Writer",),
        "en-gb",
    )
    assert heard(book) == {"Morning": ["Morning", f"{PROSE}[1]"], "Evening": ["Evening", "Seen."]}
    found = skips(book)
    assert found.pop("A note. ↑") is SkipReason.NOTE
    assert found == {
        "A Day": SkipReason.FRONT_MATTER,
        "Morning 1": SkipReason.CONTENTS,
        "A running head": SkipReason.RUNNING_HEAD,
        "Hidden.": SkipReason.NOT_SHOWN,
    }


def test_a_word_document_of_nothing_is_empty(tmp_path: Path) -> None:
    with pytest.raises(EmptyDocument):
        read(word_document(tmp_path / "a.docx", ""))


@pytest.mark.parametrize(
    "body", ["<w:p><w:r>", "<w:p>" * 400 + "</w:p>" * 400], ids=["cut off", "nested too deeply"]
)
def test_a_broken_word_document_is_damaged(tmp_path: Path, body: str) -> None:
    with pytest.raises(DamagedDocument, match=r"word/document\.xml"):
        read(word_document(tmp_path / "a.docx", body))


def test_a_word_document_without_its_main_part_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("[Content_Types].xml", TYPES)
        out.writestr("word/styles.xml", STYLES)
    with pytest.raises(DamagedDocument, match="cannot be read"):
        read(path)


def test_a_word_document_with_entities_is_refused(tmp_path: Path) -> None:
    styles = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><w:styles xmlns:w="x">&b;</w:styles>'
    path = word_document(tmp_path / "a.docx", paragraph(PROSE), numbering=styles)
    with pytest.raises(DamagedDocument, match="document type"):
        read(path)


def test_a_bomb_in_a_word_document_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with pytest.raises(DocumentTooLarge, match="comments"):
        read(word_document(tmp_path / "a.docx", paragraph(PROSE), comments=" " * (PART_LIMIT_BYTES + 1)))


@pytest.mark.parametrize(
    ("stream", "error", "words"),
    [
        ("EncryptedPackage", PasswordNeeded, "password"),
        ("WordDocument", NotADocument, "old Word document"),
        ("Workbook", NotADocument, "old Office file"),
    ],
)
def test_old_and_locked_office_files_are_named(
    tmp_path: Path, stream: str, error: type[Exception], words: str
) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + stream.encode("utf-16-le") + bytes(100)
    )
    with pytest.raises(error, match=words):
        read(path)


@pytest.mark.parametrize(
    ("name", "member", "words"),
    [("a.xlsx", "xl/workbook.xml", "spreadsheet"), ("a.pptx", "ppt/presentation.xml", "presentation")],
)
def test_other_office_files_are_named(tmp_path: Path, name: str, member: str, words: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("[Content_Types].xml", TYPES)
        out.writestr(member, "<x/>")
    path = tmp_path / name
    path.write_bytes(archive.getvalue())
    with pytest.raises(NotADocument, match=words):
        read(path)
