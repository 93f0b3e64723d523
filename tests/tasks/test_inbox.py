from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import InboxUnusable
from tasks.inbox import NOTE_SUFFIX, REASON_SUFFIX, Inbox, arrived, put_away, waiting


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Inbox(folder)


def put(inbox: Inbox, *names: str, text: str = "Some words.") -> None:
    for name in names:
        path = inbox.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def names(inbox: Inbox, during: Callable[[float], None] = lambda _: None) -> list[str]:
    return [str(one.name) for one in arrived(inbox, 5.0, during)]


def test_documents_wait_in_sub_folders_too_but_not_where_they_are_done(inbox: Inbox) -> None:
    put(inbox, "b.epub", "a.pdf", "series/one.txt", "done/old.epub", "failed/bad.epub", "series/done/x.txt")
    assert names(inbox) == ["a.pdf", "b.epub", "series/done/x.txt", "series/one.txt"]


@pytest.mark.parametrize(
    "name",
    [
        "book.epub.part",
        "book.epub.crdownload",
        "book.TMP",
        ".hidden.epub",
        ".stfolder/book.epub",
        "~$letter.docx",
        "book.epub~",
        "book.toml",
        "cover.jpg",
        "metadata.opf",
        "Thumbs.db",
        f"bad.epub{REASON_SUFFIX}",
        f"known.epub{NOTE_SUFFIX}",
    ],
)
def test_what_is_no_document_or_not_yet_one_is_left_alone(inbox: Inbox, name: str) -> None:
    put(inbox, name)
    assert names(inbox) == []


def test_a_link_is_left_alone(inbox: Inbox, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.txt").write_text("words")
    (inbox.folder / "link.txt").symlink_to(tmp_path / "elsewhere.txt")
    assert names(inbox) == []


def test_a_file_still_being_copied_is_left_alone(inbox: Inbox) -> None:
    put(inbox, "still.epub", "whole.epub")

    def copy_on(_seconds: float) -> None:
        with (inbox.folder / "still.epub").open("a") as file:
            file.write("more")

    assert names(inbox, copy_on) == ["whole.epub"]
    assert names(inbox) == ["still.epub", "whole.epub"]


def test_a_copy_that_keeps_the_old_time_is_seen_to_grow_and_a_clock_set_back_changes_nothing(
    inbox: Inbox,
) -> None:
    put(inbox, "a.epub", "b.epub")
    os.utime(inbox.folder / "a.epub", (0, 0))  # 1970
    os.utime(inbox.folder / "b.epub", (2**32, 2**32))  # 2106

    def copy_on(_seconds: float) -> None:
        with (inbox.folder / "a.epub").open("a") as file:
            file.write("more")
        os.utime(inbox.folder / "a.epub", (0, 0))

    assert names(inbox, copy_on) == ["b.epub"]
    assert names(inbox) == ["a.epub", "b.epub"]


def test_a_file_that_is_replaced_by_another_of_the_same_size_and_time_is_not_yet_whole(inbox: Inbox) -> None:
    put(inbox, "a.epub")
    before = (inbox.folder / "a.epub").stat()

    def replace(_seconds: float) -> None:
        put(inbox, ".new", text="Other word.")
        (inbox.folder / ".new").replace(inbox.folder / "a.epub")
        os.utime(inbox.folder / "a.epub", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert names(inbox, replace) == []


def test_the_empty_file_that_a_browser_makes_before_it_downloads_waits_and_another_does_not(
    inbox: Inbox,
) -> None:
    put(inbox, "book.epub", text="")
    put(inbox, "book.x7Gh.epub.part")
    assert names(inbox) == []
    (inbox.folder / "book.x7Gh.epub.part").unlink()
    assert names(inbox) == ["book.epub"]


def test_nothing_is_waited_for_in_an_empty_inbox(inbox: Inbox) -> None:
    def never(_seconds: float) -> None:
        raise AssertionError("waited")

    assert arrived(inbox, 5.0, never) == []


def test_a_document_waits_until_its_book_toml_is_whole(inbox: Inbox) -> None:
    put(inbox, "emma.epub")

    def come_after(_seconds: float) -> None:
        put(inbox, "emma.toml", text="[book]\n")

    assert names(inbox, come_after) == []
    (one,) = arrived(inbox, 5.0, lambda _: None)
    assert one.beside == (Path("emma.toml"),)


def test_what_lies_beside_a_document_is_told_with_the_cover_that_it_names(inbox: Inbox) -> None:
    put(inbox, "emma/emma.epub")
    put(inbox, "emma/book.toml", text='[book]\ncover = "art/front.png"\n')
    (inbox.folder / "emma/art").mkdir()
    (inbox.folder / "emma/art/front.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    one = waiting(inbox)[Path("emma/emma.epub")]
    assert one.beside == (Path("emma/book.toml"), Path("emma/art/front.png"))
    assert one.shared == frozenset()


def test_one_book_in_two_formats_shares_its_book_toml(inbox: Inbox) -> None:
    put(inbox, "emma.epub", "emma.pdf", "other.epub")
    put(inbox, "emma.toml", text="[book]\n")
    found = waiting(inbox)
    assert found[Path("emma.epub")].shared == found[Path("emma.pdf")].shared == {Path("emma.toml")}
    assert found[Path("other.epub")].beside == ()


def test_a_book_toml_beside_two_books_is_a_problem_of_both_once_both_are_whole(inbox: Inbox) -> None:
    put(inbox, "a.epub", "b.epub", "alone/c.epub")
    put(inbox, "book.toml", text="[book]\n")

    def copy_on(_seconds: float) -> None:
        put(inbox, "b.epub", text="Some more words.")

    assert names(inbox, copy_on) == ["alone/c.epub"]
    found = {str(one.name): one.problem for one in arrived(inbox, 5.0, lambda _: None)}
    assert found["alone/c.epub"] is None
    assert "stands beside 2 books" in str(found["a.epub"])
    assert found["b.epub"] is not None


def test_what_is_put_away_keeps_its_place_and_never_replaces_anything_else(
    inbox: Inbox, tmp_path: Path
) -> None:
    name = Path("series/a.epub")
    for text in ("first", "second", "second", "third"):
        taken = tmp_path / "taken"
        (taken / "series").mkdir(parents=True, exist_ok=True)
        (taken / name).write_text(text)
        put_away(inbox.done, taken, [name], (NOTE_SUFFIX, text))
    found = {path.name: path.read_text() for path in (inbox.done / "series").iterdir()}
    assert found == {
        "a.epub": "third",
        "a (2).epub": "first",
        "a (3).epub": "second",
        f"a.epub{NOTE_SUFFIX}": "third",
    }


def test_an_inbox_that_is_not_there_or_is_a_file_is_refused(inbox: Inbox, tmp_path: Path) -> None:
    inbox.check()
    (tmp_path / "file").touch()
    for folder in ("nothing", "file"):
        with pytest.raises(InboxUnusable, match=f"no folder .*{folder}"):
            Inbox(tmp_path / folder).check()
