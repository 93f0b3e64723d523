"""Laws of recognising pages: only those that need it, once, and by name when it cannot be done."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from inputs.book import Book
from inputs.errors import NoTextLayer, OcrFailed, OcrMissing
from inputs.pdf_ocr import recognised
from inputs.read import read

WritePdf = Callable[..., Path]
FakeOcr = Callable[..., Path]
WORDS = [(50.0, 500.0, 11.0, False, "The keeper wrote the weather into a book that nobody read.")]
NONSENSE = [(50.0, 500.0, 11.0, False, "0SVIQ\x04MTWYQ")]


@pytest.fixture
def fake_ocr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeOcr:
    """Put an ocrmypdf on PATH that notes its arguments, says something and gives a ready file."""

    def put(gives: Path | None = None, *, status: int = 0, says: str = "") -> Path:
        folder, called = tmp_path / "bin", tmp_path / "called.txt"
        folder.mkdir()
        copying = f"cp '{gives}' \"$out\"\n" if gives else ""
        script = folder / "ocrmypdf"
        script.write_text(
            f"#!/bin/sh\necho \"$@\" >> '{called}'\nfor out; do :; done\n"
            f"echo '{says}' >&2\n{copying}exit {status}\n"
        )
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        return called

    return put


def said(book: Book) -> str:
    return " ".join(b.text for c in book.chapters for b in c.blocks if b.skip is None)


def test_only_the_pages_that_need_it_are_recognised_and_only_once(
    write_pdf: WritePdf, fake_ocr: FakeOcr, tmp_path: Path
) -> None:
    clear = [[(50, 500, 11, False, text)] for text in ("Not to be taken.", "Clear words.", "Not this one.")]
    called = fake_ocr(write_pdf(clear, name="clear.pdf"))
    document = write_pdf([WORDS, NONSENSE, WORDS], info="/Title(A Log)", name="log.pdf")
    kept = tmp_path / "kept"
    books = [read(document, kept) for _ in range(2)]
    assert said(books[0]) == said(books[1]) == f"{WORDS[0][4]} Clear words. {WORDS[0][4]}"
    assert any(w.code == "recognised" and "page 2 " in w.message for w in books[0].warnings)
    (call,) = called.read_text().splitlines()
    assert "--force-ocr --pages 2 -l eng" in call
    assert f" {document} " in call
    assert len(list(kept.iterdir())) == 1


def test_what_can_be_read_is_not_recognised(write_pdf: WritePdf, fake_ocr: FakeOcr, tmp_path: Path) -> None:
    called = fake_ocr(status=1)
    assert said(read(write_pdf([WORDS]), tmp_path / "kept")) == WORDS[0][4]
    assert not called.exists()


def test_nothing_is_recognised_unasked(write_pdf: WritePdf, fake_ocr: FakeOcr) -> None:
    called = fake_ocr(status=1)
    with pytest.raises(NoTextLayer, match=r"page 1 .* --ocr"):
        read(write_pdf([NONSENSE]))
    assert not called.exists()


def test_the_languages_are_called_as_tesseract_calls_them(fake_ocr: FakeOcr, tmp_path: Path) -> None:
    document = tmp_path / "a.pdf"
    document.write_bytes(b"%PDF-1.7")
    called = fake_ocr(document)
    for language in ("de-at", "zh", "xx"):
        recognised(document, "0" * 64, [0], language, tmp_path / "kept")
    assert [line.split(" -l ")[1].split()[0] for line in called.read_text().splitlines()] == [
        "deu",
        "chi_sim",
        "eng",
    ]


@pytest.mark.parametrize(("status", "error"), [(3, OcrMissing), (8, OcrFailed), (0, OcrFailed)])
def test_what_ocrmypdf_says_is_passed_on(
    write_pdf: WritePdf, fake_ocr: FakeOcr, tmp_path: Path, status: int, error: type[Exception]
) -> None:
    fake_ocr(status=status, says="The program tesseract was not found.")
    with pytest.raises(error, match=r"ocrmypdf.*tesseract was not found"):
        read(write_pdf([NONSENSE]), tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_what_to_install_is_said_when_ocrmypdf_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(OcrMissing, match=r"not installed.*audiobindery\[ocr\].*tesseract"):
        recognised(tmp_path / "a.pdf", "0" * 64, [0], "en", tmp_path / "kept")
