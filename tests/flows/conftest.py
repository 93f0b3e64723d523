from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pypdf
import pytest
from pypdf.generic import DecodedStreamObject, NameObject

EXAMPLES = Path(__file__).parents[2] / "examples"

CHAPTERS = {
    "The Lamp": "The lamp was lit at six. Nobody saw who lit it. It burned until the tide had turned.",
    "The Tide": "By morning the tide had gone out again. “Was that you?” she asked. Nobody answered her.",
}


def write_epub(path: Path, chapters: Mapping[str, str], title: str = "Small") -> Path:
    """A small, whole EPUB 3 with one file per chapter."""
    items = "".join(
        f'<item id="c{i}" href="c{i}.xhtml" media-type="application/xhtml+xml"/>'
        for i in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{i}"/>' for i in range(len(chapters)))
    links = "".join(f'<li><a href="c{i}.xhtml">{name}</a></li>' for i, name in enumerate(chapters))
    xhtml = '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/>'
            "</rootfiles></container>",
        )
        archive.writestr(
            "book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f'<dc:identifier id="id">urn:test:{title}</dc:identifier><dc:title>{title}</dc:title>'
            "<dc:language>en</dc:language><dc:creator>A. Writer</dc:creator></metadata>"
            f'<manifest><item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
            f"{items}</manifest><spine>{spine}</spine></package>",
        )
        archive.writestr(
            "nav.xhtml",
            f"{xhtml}<head><title>n</title></head><body>"
            f'<nav epub:type="toc"><ol>{links}</ol></nav></body></html>',
        )
        for i, (name, text) in enumerate(chapters.items()):
            archive.writestr(
                f"c{i}.xhtml",
                f"{xhtml}<head><title>{name}</title></head><body><h1>{name}</h1><p>{text}</p></body></html>",
            )
    return path


@pytest.fixture
def small_book(tmp_path: Path) -> Path:
    return write_epub(tmp_path / "small.epub", CHAPTERS)


@pytest.fixture
def epub_of(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """An EPUB of these chapters, text by title."""
    return lambda chapters: write_epub(tmp_path / "of.epub", chapters, title="Of")


@pytest.fixture
def long_book(tmp_path: Path) -> Path:
    """Two chapters that take the draft voice a second or two."""
    chapters = {
        name: " ".join(f"{text} This is number {len(name) * 100 + i}." for i in range(60))
        for name, text in CHAPTERS.items()
    }
    return write_epub(tmp_path / "long.epub", chapters, title="Long")


@pytest.fixture
def bad_documents(tmp_path: Path) -> dict[str, Path]:
    """A document for each way of being wrong, by the code of the error that names it."""
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "picture.epub").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (folder / "empty.pdf").touch()
    scan = pypdf.PdfWriter()
    picture = DecodedStreamObject()
    picture.set_data(b"q 300 0 0 400 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80 EI Q")
    scan.add_blank_page(300, 400)[NameObject("/Contents")] = scan._add_object(picture)
    scan.write(folder / "scan.pdf")
    locked = pypdf.PdfWriter(clone_from=EXAMPLES / "upon-asking.pdf")
    locked.encrypt("secret", algorithm="AES-256")
    locked.write(folder / "locked.pdf")
    (folder / "shelf").mkdir()
    return {
        "no-such-file": folder / "gone.epub",
        "no-such-file (a folder)": folder / "shelf",
        "not-a-document": folder / "picture.epub",
        "empty": folder / "empty.pdf",
        "no-text": folder / "scan.pdf",
        "password-needed": folder / "locked.pdf",
    }


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A machine of its own: nothing of this one's settings or caches."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "SYSTEMROOT")}
    return kept | {
        "PYTHONPATH": str(EXAMPLES.parent),
        "HOME": str(tmp_path / "home"),
        "BINDERY_HOME": str(tmp_path / "working"),
        "HF_HUB_OFFLINE": "1",
        "COLUMNS": "160",
    }


@pytest.fixture
def bindery(tmp_path: Path, environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command as a user does, in a process and a folder of its own."""

    def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "flows.cli", *map(str, arguments)]
        return subprocess.run(
            command, cwd=tmp_path, env=environment | variables, capture_output=True, text=True, timeout=300
        )

    return run
