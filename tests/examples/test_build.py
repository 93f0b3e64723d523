from __future__ import annotations

import importlib.util
import re
import sys
import zipfile
from itertools import groupby
from pathlib import Path
from types import ModuleType

import pytest
from ebooklib import epub as ebooklib_epub
from lxml import etree
from pypdf import PdfReader
from pypdf.generic import Destination

EXAMPLES = Path(__file__).parents[2] / "examples"
XHTML = "{http://www.w3.org/1999/xhtml}"
TYPE = "{http://www.idpf.org/2007/ops}type"
NCX = "{http://www.daisy.org/z3986/2005/ncx/}"
OPF = "{http://www.idpf.org/2007/opf}"
Title = tuple[int, str]  # depth in the contents from 1, title


def _load_build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example_build", EXAMPLES / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


build = _load_build()
SOURCE = (EXAMPLES / f"{build.SLUG}.md").read_text(encoding="utf-8")
COMMITTED_EPUB = EXAMPLES / f"{build.SLUG}.epub"
COMMITTED_PDF = EXAMPLES / f"{build.SLUG}.pdf"


@pytest.fixture(scope="module")
def archive() -> dict[str, bytes]:
    with zipfile.ZipFile(COMMITTED_EPUB) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.fixture(scope="module")
def pinned_typst() -> None:
    reason = build.why_not_typst()
    if reason:
        pytest.skip(reason)


def source_titles() -> list[Title]:
    """The source's headings by a route of their own: chapters lie under the part before them."""
    return [(len(marks), title) for marks, title in re.findall(r"^(#+) (.+)$", SOURCE, re.MULTILINE)]


def nav_titles(listing: etree._Element, depth: int = 1) -> list[Title]:
    titles: list[Title] = []
    for item in listing.findall(f"{XHTML}li"):
        titles.append((depth, item.findtext(f"{XHTML}a") or ""))
        for below in item.findall(f"{XHTML}ol"):
            titles += nav_titles(below, depth + 1)
    return titles


def ncx_titles(parent: etree._Element, depth: int = 1) -> list[Title]:
    titles: list[Title] = []
    for point in parent.findall(f"{NCX}navPoint"):
        titles.append((depth, point.findtext(f"{NCX}navLabel/{NCX}text") or ""))
        titles += ncx_titles(point, depth + 1)
    return titles


def outline_titles(outline: list[object], depth: int = 1) -> list[Title]:
    titles: list[Title] = []
    for item in outline:
        if isinstance(item, list):
            titles += outline_titles(item, depth + 1)
        else:
            assert isinstance(item, Destination)
            titles.append((depth, item.title or ""))
    return titles


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_the_committed_epub_is_what_the_source_builds() -> None:
    cover = (EXAMPLES / f"{build.SLUG}.png").read_bytes()
    assert build.epub(build.parse(SOURCE), cover) == COMMITTED_EPUB.read_bytes()


def test_the_committed_pdf_is_what_the_source_builds(pinned_typst: None) -> None:
    assert build.pdf(build.parse(SOURCE)) == COMMITTED_PDF.read_bytes()


def test_the_committed_cover_is_what_the_source_builds(pinned_typst: None) -> None:
    assert build.cover_png(build.parse(SOURCE)) == (EXAMPLES / f"{build.SLUG}.png").read_bytes()


def test_a_check_fails_when_a_committed_file_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (f"{build.SLUG}.md", f"{build.SLUG}.png", "style.css"):
        (tmp_path / name).write_bytes((EXAMPLES / name).read_bytes())
    stale = tmp_path / f"{build.SLUG}.epub"
    stale.write_bytes(b"yesterday's")
    monkeypatch.setattr(build, "HERE", tmp_path)
    monkeypatch.setattr(build, "why_not_typst", lambda: "no typst here")
    assert build.main(["--check"]) == 1
    assert stale.read_bytes() == b"yesterday's"
    said = capsys.readouterr().out
    assert f"differs: {stale.name}" in said
    assert f"not checked: {build.SLUG}.png, {build.SLUG}.pdf (no typst here)" in said


def test_nav_and_ncx_and_bookmarks_hold_the_titles_of_the_source(archive: dict[str, bytes]) -> None:
    nav = etree.fromstring(archive["EPUB/nav.xhtml"]).find(f".//{XHTML}nav[@{TYPE}='toc']/{XHTML}ol")
    ncx = etree.fromstring(archive["EPUB/toc.ncx"]).find(f"{NCX}navMap")
    assert nav is not None
    assert ncx is not None
    titles = source_titles()
    assert len(titles) == 9
    assert nav_titles(nav) == titles
    assert ncx_titles(ncx) == titles
    assert outline_titles(PdfReader(COMMITTED_PDF).outline) == titles


def test_every_word_of_the_source_is_in_the_epub_in_order(archive: dict[str, bytes]) -> None:
    spoken = re.sub(r"\[\^\w+\](: )?", "", SOURCE.split("\n\n", 1)[1])
    notes = re.findall(r"^\[\^\w+\]: (.+)$", SOURCE, re.MULTILINE)
    for note in notes:
        spoken = spoken.replace(note, "")
    bound: list[str] = []
    for page in build._section_pages(build.parse(SOURCE)):
        body = etree.fromstring(archive[f"EPUB/{page.name}.xhtml"]).find(f"{XHTML}body")
        assert body is not None
        for aside in body.findall(f".//{XHTML}aside"):
            assert words(" ".join(aside.itertext()))[1:] == words(notes.pop(0))
            parent = aside.getparent()
            assert parent is not None
            parent.remove(aside)
        for mark in body.findall(f".//{XHTML}a[@{TYPE}='noteref']"):
            mark.text = ""
        bound += words(" ".join(body.itertext()))
    assert notes == []
    assert bound == words(spoken)


def test_every_link_of_the_epub_leads_somewhere(archive: dict[str, bytes]) -> None:
    pages = {name: etree.fromstring(data) for name, data in archive.items() if name.endswith(".xhtml")}
    links = 0
    for name, page in pages.items():
        for link in page.iterfind(f".//{XHTML}a[@href]"):
            href, _, fragment = link.attrib["href"].partition("#")
            target = pages[f"EPUB/{href}" if href else name]
            assert not fragment or target.find(f".//*[@id='{fragment}']") is not None, link.attrib["href"]
            links += 1
    assert links == 9 + 4 + 2 * 2  # contents, landmarks, two notes there and back


def test_every_file_of_the_epub_is_in_its_manifest_and_the_mimetype_comes_first(
    archive: dict[str, bytes],
) -> None:
    package = etree.fromstring(archive["EPUB/package.opf"])
    listed = {f"EPUB/{item.attrib['href']}" for item in package.iterfind(f"{OPF}manifest/{OPF}item")}
    outside = {"mimetype", "META-INF/container.xml", "EPUB/package.opf"}
    assert listed == archive.keys() - outside
    assert COMMITTED_EPUB.read_bytes()[38:58] == b"application/epub+zip"


def test_another_reader_finds_the_facts_and_the_cover() -> None:
    book = ebooklib_epub.read_epub(str(COMMITTED_EPUB))
    facts = build.parse(SOURCE).facts
    for name, key in {"title": "title", "creator": "author", "language": "language"}.items():
        assert book.get_metadata("DC", name)[0][0] == facts[key]
    for key in ("identifier", "description", "publisher", "date", "rights"):
        assert book.get_metadata("DC", key)[0][0] == facts[key]
    assert book.get_item_with_id("cover-image").get_content().startswith(b"\x89PNG")


def test_the_pdf_has_running_heads_hyphens_at_line_ends_and_small_pages() -> None:
    reader = PdfReader(COMMITTED_PDF)
    lines = [page.extract_text().splitlines() for page in reader.pages]
    heads = [page[0].strip() for page in lines if page]
    assert sum(head == "Upon Asking" for head in heads) >= 4
    assert sum(line.rstrip().endswith("\N{SOFT HYPHEN}") for page in lines for line in page) >= 10
    assert round(float(reader.pages[0].mediabox.width) / 72 * 25.4) == 148
    # front matter in Roman numerals, then the story from 1
    assert [len(list(run)) for _, run in groupby(reader.page_labels, str.isdigit)] == [
        4,
        len(reader.pages) - 4,
    ]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("author: ", "writer: "), "author"),
        (("[^name]: Niamh", "[^nobody]: Niamh"), "nobody"),
        (("| Item | Reckoned as | Sum |", "| Item | Sum |"), "different lengths"),
        (("# Preface\n\n", ""), "before the first heading"),
    ],
)
def test_a_source_that_breaks_the_markup_is_refused(change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(build.SourceError, match=complaint):
        build.parse(SOURCE.replace(*change))


def test_both_files_are_small() -> None:
    assert COMMITTED_EPUB.stat().st_size < 400_000
    assert COMMITTED_PDF.stat().st_size < 400_000
