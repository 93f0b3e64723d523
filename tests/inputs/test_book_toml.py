from __future__ import annotations

from pathlib import Path

import pytest

from inputs.book_toml import MatterChoice, Split, book_toml_of, path_for_new, read_book_toml
from inputs.errors import BadBookToml

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "book.toml"


def test_all_that_can_be_wanted_is_read(toml: Path) -> None:
    (toml.parent / "front.png").write_bytes(PNG)
    toml.write_text(
        """
        [book]
        title = "Emma"
        authors = ["Jane Austen"]
        language = "EN_GB"
        published = 1815-12-23
        series = "Novels"
        part = 4
        cover = "front.png"
        voice = "bf_emma"
        speed = 1
        matter = "all"
        [pauses]
        sentence = 0.5
        [lexicon]
        Knightley = "nightly"
        [reading]
        notes = "read"
        [[chapter]]
        name = "I"
        split = ["He woke", { at = "He slept", title = "Night" }]
        [[chapter]]
        begins = "It was"
        merge = true
        """
    )
    read = read_book_toml(toml)
    wanted = read.directions
    assert (wanted.book.title, wanted.book.authors, wanted.book.language) == (
        "Emma",
        ("Jane Austen",),
        "en-gb",
    )
    assert (wanted.book.published, wanted.book.part, wanted.book.speed) == ("1815-12-23", "4", 1.0)
    assert wanted.book.matter is MatterChoice.ALL
    assert read.cover is not None
    assert read.cover.media_type == "image/png"
    assert wanted.pauses.chosen() == {"sentence": 0.5}
    assert (wanted.lexicon, wanted.reading) == ({"Knightley": "nightly"}, {"notes": "read"})
    assert wanted.chapter[0].split == (Split("He woke"), Split("He slept", "Night"))
    assert wanted.chapter[1].merge


def test_an_editor_on_windows_may_have_written_it(toml: Path) -> None:
    toml.write_bytes(b'\xef\xbb\xbf[book]\r\ntitle = "Emma"\r\n')
    assert read_book_toml(toml).directions.book.title == "Emma"


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ('[book]\nvoyce = "a"', "[book] voyce: there is no such key", "Did you mean voice?"),
        ('voice = "a"', "voice: there is no such key", "below a line [book]"),
        ("[book]\nvoice = 1", "[book] voice should be text in quotes", ""),
        ("[book]\nvoice = yes", "is not TOML", "true and false"),
        ("[book]\npart = true", "[book] part should be text", ""),
        ('[book]\ntitle = " "', "[book] title is empty", ""),
        ('[book]\nlanguage = "English"', "[book] language should be a language tag", ""),
        ('[book]\nmatter = "everything"', "[book] matter should be 'body' or 'all'", ""),
        ('[book]\nauthors = "A"', "[book] authors should be a list", ""),
        ('[book]\ncover = "x.png"', "cover: x.png cannot be opened", ""),
        ('[book]\ncover = "../x.png"', "cover: ../x.png lies outside its folder", ""),
        ('[book]\ncover = "/etc/hostname"', "lies outside its folder", ""),
        ('[book]\ncover = "book.toml"', "neither a JPEG nor a PNG", ""),
        ("[pauses]\nhead = 0.0", "[pauses] head should be greater", ""),
        ("[pauses]\ntail = inf", "[pauses] tail should be a finite number", ""),
        ('[pauses]\ntail = "2"', "[pauses] tail should be a number", ""),
        ("[reading]\nurls = 3", "[reading] urls should be text", ""),
        ('[chapter]\nname = "a"', "two brackets: [[chapter]]", ""),
        ("chapter = [3]", "[[chapter]] 1 should be a table", ""),
        ("[[chapter]]\nspeed = 1", "[[chapter]] 1 needs a name", ""),
        ('[[chapter]]\nname = "a"\nspeed = 3.0', "[[chapter]] 1 (“a”) speed should be less", ""),
        ('[[chapter]]\nname = "a"\nspeek = true', "(“a”) speek: there is no such key", "speak?"),
        ('[[chapter]]\nname = "a"\nspeak = "no"', "(“a”) speak should be true or false", ""),
        ('[[chapter]]\nname = "a"\nmerge = true\ntitle = "b"', "is merged with the chapter before it", ""),
        ('[[chapter]]\nname = "a"\nspeak = false\nsplit = ["b"]', "so it cannot be split", ""),
        ('[[chapter]]\nname = "a"\nsplit = ["b", {titel = "c"}]', "(“a”) split 2", ""),
        ('[[chapter]]\nname = "a"\nsplit = [{at = "b", titel = "c"}]', "titel", "Did you mean title?"),
        ("x = " + "[" * 3000, "is not TOML", ""),
        ("x = " + "1" * 5000, "a number that is too long", ""),
        ("[lexicon]\nx = 0x" + "f" * 5000, "a number that is too long", ""),
        ("[book]\npart = 0x" + "f" * 5000, "a number that is too long", ""),
        ("lexicon" + ".a" * 5000 + " = 1", "nested too deeply", ""),
    ],
)
def test_a_mistake_is_named_with_its_file_and_key(toml: Path, text: str, problem: str, hint: str) -> None:
    toml.write_text(text)
    with pytest.raises(BadBookToml) as caught:
        read_book_toml(toml)
    assert caught.value.message.startswith("book.toml")
    assert problem in caught.value.message
    assert hint in caught.value.hint


def test_text_that_is_not_utf_8_is_named(toml: Path) -> None:
    toml.write_bytes('[book]\ntitle = "É"'.encode("utf-16"))
    with pytest.raises(BadBookToml, match="not written in UTF-8"):
        read_book_toml(toml)


def test_a_document_without_one_has_none(tmp_path: Path) -> None:
    assert book_toml_of(tmp_path / "emma.epub") is None


def test_a_documents_own_file_goes_before_the_common_one(tmp_path: Path) -> None:
    emma = tmp_path / "emma.epub"
    emma.touch()
    (tmp_path / "book.toml").write_text("")
    common = book_toml_of(emma)
    assert common is not None
    assert common.path.name == "book.toml"
    (tmp_path / "emma.toml").write_text("")
    own = book_toml_of(emma)
    assert own is not None
    assert own.path.name == "emma.toml"


def test_beside_several_books_the_common_file_is_refused_for_each(tmp_path: Path) -> None:
    for name in ("emma.epub", "persuasion.pdf", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "book.toml").write_text("")
    for name in ("emma.epub", "persuasion.pdf"):
        with pytest.raises(BadBookToml, match="beside 2 books") as caught:
            book_toml_of(tmp_path / name)
        assert f"{Path(name).stem}.toml" in caught.value.hint


def test_one_book_in_several_formats_with_notes_beside_it_shares_the_common_file(tmp_path: Path) -> None:
    for name in ("emma.epub", "emma.pdf", "read me.txt", "._emma.epub", ".other.epub"):
        (tmp_path / name).touch()
    (tmp_path / "book.toml").write_text("")
    assert book_toml_of(tmp_path / "emma.epub") == book_toml_of(tmp_path / "emma.pdf") is not None


def test_its_identity_changes_with_its_text_and_with_its_cover(toml: Path) -> None:
    picture = toml.parent / "c.png"
    picture.write_bytes(PNG)
    toml.write_text('[book]\ncover = "c.png"')
    first = read_book_toml(toml).sha256
    picture.write_bytes(PNG + b"2")
    second = read_book_toml(toml).sha256
    toml.write_text('[book]\ncover = "c.png"\nspeed = 1.1')
    assert len({first, second, read_book_toml(toml).sha256}) == 3


def test_a_new_file_never_replaces_one_that_is_in_force(tmp_path: Path) -> None:
    emma = tmp_path / "emma.epub"
    emma.touch()
    assert path_for_new(emma) == tmp_path / "emma.toml"
    (tmp_path / "book.toml").write_text("")
    with pytest.raises(BadBookToml, match=r"book\.toml is there already"):
        path_for_new(emma)
    (tmp_path / "persuasion.epub").touch()
    assert path_for_new(emma) == tmp_path / "emma.toml", "the common file holds for neither"
    (tmp_path / "emma.toml").write_text("")
    with pytest.raises(BadBookToml, match=r"emma\.toml is there already"):
        path_for_new(emma)
