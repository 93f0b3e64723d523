"""Bad input leaves `read` as a named error that says what to do, and as nothing else."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inputs import archive
from inputs.errors import (
    DamagedDocument,
    DocumentError,
    DocumentTooLarge,
    EmptyDocument,
    NoSuchDocument,
    NotADocument,
    ProtectedDocument,
)
from inputs.read import read

WriteEpub = Callable[..., Path]
WritePdf = Callable[..., Path]

ENCRYPTION = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"'
    ' xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
    '<e:EncryptedData><e:EncryptionMethod Algorithm="{algorithm}"/><e:CipherData>'
    '<e:CipherReference URI="{uri}"/>'
    "</e:CipherData></e:EncryptedData></encryption>"
)


def test_a_missing_file_and_a_folder_are_no_documents(tmp_path: Path) -> None:
    with pytest.raises(NoSuchDocument, match="no such file"):
        read(tmp_path / "nowhere.epub")
    with pytest.raises(NoSuchDocument, match="folder"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["book.epub", "book.pdf", "book.txt", "book"])
def test_a_text_is_a_text_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("Once upon a time.")
    assert read(path).format == "text"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{\\rtf1 text}", "RTF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (bytes(60) + b"BOOKMOBI" + bytes(60), "Kindle"),
        (bytes(range(256)) * 20, "unknown kind"),
        (b"<?xml version='1.0'?><FictionBook/>", "FictionBook"),
        (b"<?xml version='1.0'?><note/>", "XML"),
    ],
)
def test_what_is_no_document_is_named(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "book.txt"
    path.write_bytes(data)
    with pytest.raises(NotADocument, match=words):
        read(path)


@pytest.mark.parametrize("text", ["\n\n  \n", "***\n"])
def test_a_text_without_words_is_empty(tmp_path: Path, text: str) -> None:
    path = tmp_path / "book.txt"
    path.write_text(text)
    with pytest.raises(EmptyDocument):
        read(path)


def test_an_empty_file_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "book.epub"
    path.touch()
    with pytest.raises(EmptyDocument, match="0 bytes"):
        read(path)


def test_the_kind_is_told_by_the_content_not_by_the_name(write_epub: WriteEpub, write_pdf: WritePdf) -> None:
    assert read(write_epub({"a.xhtml": "<p>a</p>"}, name="book.pdf")).format == "epub"
    assert read(write_pdf([[(50, 500, 11, False, "words")]], name="other.epub")).format == "pdf"


def test_a_zip_that_is_no_epub_says_so(tmp_path: Path) -> None:
    path = tmp_path / "book.epub"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("letter.txt", "hello")
    with pytest.raises(NotADocument, match="EPUB"):
        read(path)


def test_a_cut_off_archive_is_damaged(write_epub: WriteEpub) -> None:
    path = write_epub({"a.xhtml": "<p>a</p>"})
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(DamagedDocument):
        read(path)


def test_a_locked_book_names_its_scheme(write_epub: WriteEpub) -> None:
    lock = ENCRYPTION.format(algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc", uri="OEBPS/a.xhtml")
    path = write_epub(
        {"a.xhtml": b"\x8f\x01ciphertext"},
        members={"META-INF/encryption.xml": lock, "META-INF/license.lcpl": "{}"},
    )
    with pytest.raises(ProtectedDocument, match="Readium LCP"):
        read(path)


@pytest.mark.parametrize(
    ("algorithm", "uri"),
    [
        ("http://www.idpf.org/2008/embedding", "OEBPS/font.otf"),
        ("http://ns.adobe.com/pdf/enc#RC", "OEBPS/font.otf"),
        ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "OEBPS/film.mp4"),
    ],
)
def test_scrambled_fonts_and_films_are_no_lock_on_the_text(
    write_epub: WriteEpub, algorithm: str, uri: str
) -> None:
    path = write_epub(
        {"a.xhtml": "<p>free</p>"},
        members={"META-INF/encryption.xml": ENCRYPTION.format(algorithm=algorithm, uri=uri)},
    )
    assert read(path).chapters[0].blocks[0].text == "free"


def test_a_book_of_pictures_has_nothing_to_speak(write_epub: WriteEpub) -> None:
    with pytest.raises(EmptyDocument, match="pictures"):
        read(write_epub({"a.xhtml": '<img src="1.png"/>'}))


def test_a_bomb_in_the_spine_is_refused_before_it_is_unpacked(tmp_path: Path, write_epub: WriteEpub) -> None:
    path = write_epub(
        {"a.xhtml": "<p>a</p>"},
        spine='<itemref idref="big"/>',
        manifest='<item id="big" href="big.xhtml" media-type="application/xhtml+xml"/>',
    )
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as out:
        out.writestr("OEBPS/big.xhtml", b"<p>" + b"a" * (archive.RATIO_FREE_BYTES + 1) + b"</p>")
    with pytest.raises(DocumentTooLarge, match=r"big\.xhtml"):
        read(path)


def test_what_nobody_asks_for_is_never_unpacked(write_epub: WriteEpub) -> None:
    path = write_epub({"a.xhtml": "<p>a</p>"}, manifest='<item id="i" href="i.png" media-type="image/png"/>')
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as out:
        out.writestr("OEBPS/i.png", bytes(archive.MEMBER_LIMIT_BYTES + 1))
    assert read(path).title == "A Book"


def test_entities_are_neither_multiplied_nor_fetched(write_epub: WriteEpub, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    bomb = (
        f'<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY x SYSTEM "{secret.as_uri()}">]>'
        "<html><body><p>&b;|&x;|&a;</p></body></html>"
    )
    text = read(write_epub({"a.xhtml": bomb.encode()})).chapters[0].blocks[0].text
    assert text == "&b;|&x;|ha"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 1200), noise=st.binary(min_size=1, max_size=24))
def test_a_book_with_noise_in_it_is_read_or_refused_by_name(
    write_epub: WriteEpub, cut: int, noise: bytes
) -> None:
    path = write_epub({"a.xhtml": "<h1>One</h1><p>words</p>"}, nav='<li><a href="a.xhtml">One</a></li>')
    data = bytearray(path.read_bytes())
    data[cut : cut + len(noise)] = noise
    path.write_bytes(data)
    outcome: object
    try:
        outcome = read(path).chapters
    except DocumentError as error:
        outcome = str(path) in str(error) and error.hint
    assert outcome
