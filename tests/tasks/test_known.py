from __future__ import annotations

import json
from pathlib import Path

import pytest

from outputs.files import sha256_of
from tasks.known import recall, remember

KEY = "0" * 64


@pytest.fixture
def book(tmp_path: Path) -> Path:
    folder = tmp_path / "library" / "Emma"
    folder.mkdir(parents=True)
    (folder / "Emma.m4b").write_bytes(b"sound")
    facts = {
        "source": {"path": "/in/emma.epub", "sha256": "ab"},
        "files": {"Emma.m4b": {"sha256": sha256_of(folder / "Emma.m4b"), "digest": "d"}},
    }
    (folder / "book.json").write_text(json.dumps(facts))
    remember(tmp_path / "known", KEY, [folder])
    return folder


def test_a_book_that_is_whole_is_known_by_its_content(book: Path, tmp_path: Path) -> None:
    assert recall(tmp_path / "known", KEY) == (book,)
    assert recall(tmp_path / "known", "1" * 64) == ()


@pytest.mark.parametrize("what", ["gone", "cut off", "made anew", "without manifest", "folder gone"])
def test_a_book_that_is_not_there_as_it_was_is_not_known(book: Path, tmp_path: Path, what: str) -> None:
    match what:
        case "gone":
            (book / "Emma.m4b").unlink()
        case "cut off":
            (book / "Emma.m4b").write_bytes(b"sou")
        case "made anew":
            (book / "book.json").write_text((book / "book.json").read_text() + "\n")
        case "without manifest":
            (book / "book.json").unlink()
        case _:
            book.rename(book.with_name("Moved"))
    assert recall(tmp_path / "known", KEY) == ()


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"/nowhere": "ab"}'])
def test_a_note_that_cannot_be_used_is_as_none(book: Path, tmp_path: Path, damage: bytes) -> None:
    next((tmp_path / "known").rglob("*.json")).write_bytes(damage)
    assert recall(tmp_path / "known", KEY) == ()
