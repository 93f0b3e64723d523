"""The example book's one source file into its cover, its EPUB and its PDF.

    python examples/build.py            write the three files
    python examples/build.py --check    say whether the committed files are what the source builds

The EPUB needs the standard library alone. The cover and the PDF are set by the pinned `typst` package with
its own fonts, so that the same bytes come out on every machine.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import io
import json
import re
import sys
import zipfile
from dataclasses import asdict, dataclass
from enum import StrEnum
from html import escape
from itertools import count
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent
SLUG = "upon-asking"
TYPST_VERSION = "0.15.0"  # another version sets other bytes


def main(arguments: list[str] | None = None) -> int:
    """Build or check the example; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="compare with the committed files, write nothing"
    )
    check: bool = parser.parse_args(arguments).check
    book = parse((HERE / f"{SLUG}.md").read_text(encoding="utf-8"))

    reason = why_not_typst()
    if reason:
        cover = (HERE / f"{SLUG}.png").read_bytes()
        built = {f"{SLUG}.epub": epub(book, cover)}
        sys.stdout.write(f"not {'checked' if check else 'built'}: {SLUG}.png, {SLUG}.pdf ({reason})\n")
    else:
        cover = cover_png(book)
        built = {f"{SLUG}.png": cover, f"{SLUG}.epub": epub(book, cover), f"{SLUG}.pdf": pdf(book)}

    stale = False
    for name, data in built.items():
        path = HERE / name
        same = path.exists() and path.read_bytes() == data
        stale |= not same
        if not check:
            path.write_bytes(data)
        verdict = "same" if same else "differs" if check else "written"
        sys.stdout.write(f"{verdict}: {name}, {len(data):,} bytes\n")
    return 1 if reason or (check and stale) else 0


# ---------------------------------------------------------------------------------------------- the source


class SourceError(Exception):
    """The source breaks a rule of its markup; README.md has the rules."""


class BlockKind(StrEnum):
    """What a stretch of the source between blank lines is."""

    PARAGRAPH = "paragraph"
    QUOTE = "quote"
    VERSE = "verse"
    TABLE = "table"
    BREAK = "break"


class Role(StrEnum):
    """What a section is to the book; the values are epub:type's own words."""

    PREFACE = "preface"
    PART = "part"
    CHAPTER = "chapter"


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style, or a note mark (then `text` is empty)."""

    text: str
    emphasis: bool = False
    note: str | None = None  # a name in Book.notes


Line = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of cells; all kinds but a table have one cell a row, all but verse and table have one row."""

    kind: BlockKind
    rows: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """The preface, a part's heading or a chapter."""

    role: Role
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """The source, understood; note numbers are places in `notes`, from 1."""

    facts: dict[str, str]
    sections: tuple[Section, ...]
    notes: dict[str, Line]


FACTS = {
    "title",
    "subtitle",
    "author",
    "publisher",
    "language",  # BCP 47
    "date",  # YYYY-MM-DD; also the day that both files say they were made
    "identifier",  # a URN
    "description",
    "rights",  # the first paragraph of the copyright page
    "origin",  # the second
}
# a note mark or emphasised words; between matches lies plain text
MARKUP = re.compile(r"\[\^(?P<note>\w+)\]|\*(?P<emphasis>[^*]+)\*")


def parse(source: str) -> Book:
    """Read the source's markup.

    Raises:
        SourceError: a fact is missing or unknown, a block stands before the first heading, a note mark has
            no note, a note has no mark or two, or the rows of a table differ in length.
    """
    head, *pieces = re.split(r"\n{2,}", source.strip())
    facts = dict(line.split(": ", 1) for line in head.splitlines())
    if facts.keys() != FACTS:
        raise SourceError(f"missing or unknown facts: {sorted(facts.keys() ^ FACTS)}")
    headings: list[tuple[Role, str]] = []
    blocks: list[list[Block]] = []
    notes: dict[str, Line] = {}
    for piece in pieces:
        if heading := re.fullmatch(r"(#{1,2}) (.+)", piece):
            level, title = heading.groups()
            part = Role.PART if title.startswith("Part ") else Role.PREFACE
            headings.append((Role.CHAPTER if level == "##" else part, title))
            blocks.append([])
        elif note := re.match(r"\[\^(\w+)\]: ", piece):
            notes[note[1]] = _line(piece[note.end() :])
        elif not headings:
            raise SourceError(f"text before the first heading: {piece[:40]}")
        else:
            blocks[-1].append(_block(piece))
    sections = tuple(
        Section(role, title, tuple(body)) for (role, title), body in zip(headings, blocks, strict=True)
    )
    marks = [run.note for section in sections for block in section.blocks for run in _runs(block) if run.note]
    if marks != list(notes):
        raise SourceError(f"note marks {marks} do not match the notes {list(notes)}, one to one and in order")
    return Book(facts, sections, notes)


def _block(piece: str) -> Block:
    lines = piece.splitlines()
    if piece == "* * *":
        return Block(BlockKind.BREAK, ())
    if all(line.startswith("| ") and line.endswith(" |") for line in lines):
        rows = tuple(tuple(_line(cell.strip()) for cell in line.split("|")[1:-1]) for line in lines)
        if len({len(row) for row in rows}) != 1:
            raise SourceError(f"rows of different lengths in the table that begins {lines[0]}")
        return Block(BlockKind.TABLE, rows)
    if all(line.startswith("| ") for line in lines):
        return Block(BlockKind.VERSE, tuple((_line(line[2:]),) for line in lines))
    if all(line.startswith("> ") for line in lines):
        return Block(BlockKind.QUOTE, ((_line(" ".join(line[2:] for line in lines)),),))
    return Block(BlockKind.PARAGRAPH, ((_line(" ".join(lines)),),))


def _line(text: str) -> Line:
    runs: list[Run] = []
    end = 0
    for mark in MARKUP.finditer(text):
        runs.append(Run(text[end : mark.start()]))
        runs.append(Run("", note=mark["note"]) if mark["note"] else Run(mark["emphasis"], emphasis=True))
        end = mark.end()
    runs.append(Run(text[end:]))
    return tuple(run for run in runs if run.text or run.note)


def _runs(block: Block) -> list[Run]:
    return [run for row in block.rows for cell in row for run in cell]


# ------------------------------------------------------------------------------------- the cover and the PDF


def why_not_typst() -> str | None:
    """Say why the cover and the PDF cannot be set here; None when they can."""
    if importlib.util.find_spec("typst") is None:
        return f"typst is not installed; pip install typst=={TYPST_VERSION}"
    version = importlib.metadata.version("typst")
    if version != TYPST_VERSION:
        return f"typst {version} is installed, but these bytes are set by {TYPST_VERSION}"
    return None


def cover_png(book: Book) -> bytes:
    """Draw the cover, 600 x 900 pixels."""
    return _typeset("cover.typ", book, "png", ppi=72)


def pdf(book: Book) -> bytes:
    """Set the book in A5."""
    return _typeset("book.typ", book, "pdf")


def _typeset(template: str, book: Book, form: Literal["pdf", "png"], ppi: float | None = None) -> bytes:
    import typst  # not needed for the EPUB

    data = typst.compile(
        HERE / template,
        format=form,
        ppi=ppi,
        ignore_system_fonts=True,
        sys_inputs={"book": json.dumps(asdict(book), ensure_ascii=False)},
    )
    assert isinstance(data, bytes)  # a list would be several pages of PNG
    return data


# -------------------------------------------------------------------------------------------------- the EPUB


CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""
XHTML_OPENING = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" \
lang="{language}" xml:lang="{language}">
"""


@dataclass(frozen=True, slots=True)
class Page:
    """One content document of the EPUB."""

    name: str  # without .xhtml; also the manifest's id
    title: str
    body: str  # XHTML
    role: str  # epub:type of the body


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents."""

    title: str
    href: str
    children: tuple[Entry, ...]


def epub(book: Book, cover: bytes) -> bytes:
    """Bind the book as EPUB 3 with an NCX for old readers."""
    sections = _section_pages(book)
    pages = (*_front_pages(book), *sections)
    contents = _contents(book.sections, sections)
    files = {
        "META-INF/container.xml": CONTAINER,
        "EPUB/package.opf": _package(book.facts, pages),
        "EPUB/nav.xhtml": _nav(book.facts["language"], contents),
        "EPUB/toc.ncx": _ncx(book.facts, contents),
        "EPUB/style.css": (HERE / "style.css").read_text(encoding="utf-8"),
        **{f"EPUB/{page.name}.xhtml": _document(page, book.facts["language"]) for page in pages},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(_member("mimetype"), "application/epub+zip")  # first, as the container format asks
        for name, text in files.items():
            archive.writestr(_member(name), text.encode())
        archive.writestr(_member("EPUB/cover.png"), cover)
    return out.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))  # the oldest date a ZIP can hold
    member.compress_type = zipfile.ZIP_STORED  # zlib and its successors deflate the same text differently
    member.create_system = 3  # Unix, whatever this machine is
    member.external_attr = 0o644 << 16
    return member


def _front_pages(book: Book) -> tuple[Page, ...]:
    facts = {key: escape(value, quote=False) for key, value in book.facts.items()}
    title = (
        f'<h1 epub:type="fulltitle"><span epub:type="title">{facts["title"]}</span></h1>\n'
        f'<p epub:type="subtitle">{facts["subtitle"]}</p>\n'
        f'<p class="author">{facts["author"]}</p>\n'
        f'<p class="publisher">{facts["publisher"]}</p>'
    )
    imprint = f"<p>{facts['rights']}</p>\n<p>{facts['origin']}</p>"
    return (
        Page("cover", "Cover", '<p class="cover"><img src="cover.png" alt="Cover"/></p>', "cover"),
        Page("titlepage", book.facts["title"], title, "titlepage"),
        Page("copyright", "Copyright", imprint, "copyright-page"),
    )


def _section_pages(book: Book) -> tuple[Page, ...]:
    numbers = {name: number for number, name in enumerate(book.notes, 1)}
    pages: list[Page] = []
    for section in book.sections:
        name = section.role.value
        if section.role is not Role.PREFACE:
            name += f"-{1 + sum(page.role == section.role for page in pages)}"
        level = "h2" if section.role is Role.CHAPTER else "h1"
        body = [f"<{level}>{escape(section.title, quote=False)}</{level}>"]
        body += [_block_xhtml(block, numbers) for block in section.blocks]
        for run in (run for block in section.blocks for run in _runs(block)):
            if run.note:
                number = numbers[run.note]
                text = _line_xhtml(book.notes[run.note], numbers)
                body.append(
                    f'<aside epub:type="footnote" role="doc-footnote" id="note-{number}">'
                    f'<p><a href="#mark-{number}" role="doc-backlink">{number}</a> {text}</p></aside>'
                )
        pages.append(Page(name, section.title, "\n".join(body), section.role))
    return tuple(pages)


def _block_xhtml(block: Block, numbers: dict[str, int]) -> str:
    rows = [[_line_xhtml(cell, numbers) for cell in row] for row in block.rows]
    match block.kind:
        case BlockKind.BREAK:
            return "<hr/>"
        case BlockKind.QUOTE:
            return f"<blockquote><p>{rows[0][0]}</p></blockquote>"
        case BlockKind.VERSE:
            lines = [
                f'<span class="{"indented" if line.startswith(" ") else "line"}">{line.strip()}</span>'
                for (line,) in rows
            ]
            return f'<div class="verse"><p>{"<br/>".join(lines)}</p></div>'
        case BlockKind.TABLE:
            head = "".join(f"<th>{cell}</th>" for cell in rows[0])
            body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows[1:])
            return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"
        case BlockKind.PARAGRAPH:
            return f"<p>{rows[0][0]}</p>"


def _line_xhtml(line: Line, numbers: dict[str, int]) -> str:
    parts: list[str] = []
    for run in line:
        text = escape(run.text, quote=False)
        if run.note:
            number = numbers[run.note]
            attributes = f'epub:type="noteref" role="doc-noteref" id="mark-{number}" href="#note-{number}"'
            text = f"<a {attributes}>{number}</a>"
        parts.append(f"<em>{text}</em>" if run.emphasis else text)
    return "".join(parts)


def _contents(sections: tuple[Section, ...], pages: tuple[Page, ...]) -> tuple[Entry, ...]:
    top: list[tuple[Section, Page, list[Entry]]] = []
    for section, page in zip(sections, pages, strict=True):
        if section.role is Role.CHAPTER and top:
            top[-1][2].append(Entry(section.title, f"{page.name}.xhtml", ()))
        else:
            top.append((section, page, []))
    return tuple(Entry(section.title, f"{page.name}.xhtml", tuple(below)) for section, page, below in top)


def _document(page: Page, language: str) -> str:
    body = "bodymatter" if page.role in (Role.PART, Role.CHAPTER) else "frontmatter"
    aria = f' role="doc-{page.role}"' if page.role in list(Role) else ""
    return (
        f"{XHTML_OPENING.format(language=language)}"
        f"<head><title>{escape(page.title, quote=False)}</title>"
        '<link rel="stylesheet" href="style.css"/></head>\n'
        f'<body epub:type="{body}">\n<section epub:type="{page.role}"{aria}>\n'
        f"{page.body}\n</section>\n</body>\n</html>\n"
    )


def _package(facts: dict[str, str], pages: tuple[Page, ...]) -> str:
    meta = {key: escape(value, quote=False) for key, value in facts.items()}
    manifest = "".join(
        f'<item id="{page.name}" href="{page.name}.xhtml" media-type="application/xhtml+xml"/>\n'
        for page in pages
    )
    reading_order = [page.name for page in pages]
    reading_order.insert(reading_order.index("copyright") + 1, "nav")
    spine = "".join(f'<itemref idref="{name}"/>\n' for name in reading_order)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" \
xml:lang="{meta["language"]}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">{meta["identifier"]}</dc:identifier>
<dc:title id="title">{meta["title"]}</dc:title>
<meta refines="#title" property="title-type">main</meta>
<dc:title id="subtitle">{meta["subtitle"]}</dc:title>
<meta refines="#subtitle" property="title-type">subtitle</meta>
<dc:creator id="author">{meta["author"]}</dc:creator>
<meta refines="#author" property="role" scheme="marc:relators">aut</meta>
<dc:publisher>{meta["publisher"]}</dc:publisher>
<dc:language>{meta["language"]}</dc:language>
<dc:date>{meta["date"]}</dc:date>
<dc:description>{meta["description"]}</dc:description>
<dc:rights>{meta["rights"]}</dc:rights>
<meta property="dcterms:modified">{meta["date"]}T00:00:00Z</meta>
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityFeature">readingOrder</meta>
<meta property="schema:accessibilityHazard">none</meta>
<meta name="cover" content="cover-image"/>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
<item id="style" href="style.css" media-type="text/css"/>
<item id="cover-image" href="cover.png" media-type="image/png" properties="cover-image"/>
{manifest}</manifest>
<spine toc="ncx">
{spine}</spine>
</package>
"""


def _nav(language: str, contents: tuple[Entry, ...]) -> str:
    def items(entries: tuple[Entry, ...]) -> str:
        return "<ol>\n" + "".join(item(entry) for entry in entries) + "</ol>\n"

    def item(entry: Entry) -> str:
        link = f'<a href="{entry.href}">{escape(entry.title, quote=False)}</a>'
        return f"<li>{link}{items(entry.children) if entry.children else ''}</li>\n"

    body_begins = next(entry.href for entry in contents if entry.children)
    return f"""{XHTML_OPENING.format(language=language)}<head><title>Contents</title>\
<link rel="stylesheet" href="style.css"/></head>
<body epub:type="frontmatter">
<nav epub:type="toc" role="doc-toc" id="toc">
<h1>Contents</h1>
{items(contents)}</nav>
<nav epub:type="landmarks" hidden="hidden">
<h2>Landmarks</h2>
<ol>
<li><a epub:type="cover" href="cover.xhtml">Cover</a></li>
<li><a epub:type="titlepage" href="titlepage.xhtml">Title page</a></li>
<li><a epub:type="toc" href="nav.xhtml">Contents</a></li>
<li><a epub:type="bodymatter" href="{body_begins}">Start of the story</a></li>
</ol>
</nav>
</body>
</html>
"""


def _ncx(facts: dict[str, str], contents: tuple[Entry, ...]) -> str:
    order = count(1)

    def point(entry: Entry) -> str:
        number = next(order)
        below = "".join(point(child) for child in entry.children)
        return (
            f'<navPoint id="point-{number}" playOrder="{number}">'
            f"<navLabel><text>{escape(entry.title, quote=False)}</text></navLabel>"
            f'<content src="{entry.href}"/>\n{below}</navPoint>\n'
        )

    points = "".join(point(entry) for entry in contents)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1" xml:lang="{facts["language"]}">
<head>
<meta name="dtb:uid" content="{facts["identifier"]}"/>
<meta name="dtb:depth" content="2"/>
<meta name="dtb:totalPageCount" content="0"/>
<meta name="dtb:maxPageNumber" content="0"/>
</head>
<docTitle><text>{escape(facts["title"], quote=False)}</text></docTitle>
<navMap>
{points}</navMap>
</ncx>
"""


if __name__ == "__main__":
    raise SystemExit(main())
