"""A finished book is found by what a user calls it, and made again as it was made."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from flows.rerun import order_again
from flows.settings import Settings
from inputs.errors import NoSuchChapter
from outputs.errors import CannotRerun, NoSuchBook
from outputs.finished import books_in

RunBindery = Callable[..., "subprocess.CompletedProcess[str]"]
OPTIONS = {
    "engine": "draft",
    "voice": "bf_emma",
    "speed": 1.1,
    "formats": ["m4b", "mp3"],
    "read": {"tables": "read"},
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read(
        {"BINDERY_HOME": str(tmp_path / "home"), "BINDERY_LIBRARY": str(tmp_path / "library")}
    )


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "emma.txt"
    path.write_text("Emma Woodhouse, handsome, clever, and rich.")
    return path


def publish(
    settings: Settings,
    document: Path,
    title: str = "Emma",
    *,
    numbers: tuple[int, ...] = (1, 2, 3),
    **settled: Any,
) -> Path:
    """Folders of a book in two formats, as far as book.json goes; the first of them."""
    for tree in ("m4b", "mp3"):
        folder = settings.library / tree / "Jane Austen" / title
        folder.mkdir(parents=True)
        chapter = {"title": "C", "voice": "bf_emma", "file": "a.mp3", "audio_s": 9.0, "chunks": "00 11"}
        manifest = {
            "source": {"path": str(document), "sha256": hashlib.sha256(document.read_bytes()).hexdigest()},
            "format": tree,
            "title": title,
            "settings": {"engine": "draft", "options": OPTIONS} | settled,
            "chapters": [chapter | {"number": n, "plan": f"plan {n}", "part": f"part {n}"} for n in numbers],
            "files": {"a.mp3": {"sha256": "", "digest": ""}},
        }
        (folder / "book.json").write_text(json.dumps(manifest))
        (folder / "a.mp3").touch()
    return settings.library / "m4b" / "Jane Austen" / title


@pytest.mark.parametrize("name", ["folder", "other folder", "book.json", "an audio file", "document"])
def test_a_book_is_made_with_the_options_that_it_was_made_with(
    settings: Settings, document: Path, name: str
) -> None:
    folder = publish(settings, document)
    named = {
        "folder": folder,
        "other folder": settings.library / "mp3" / "Jane Austen" / "Emma",
        "book.json": folder / "book.json",
        "an audio file": folder / "a.mp3",
        "document": document,
    }[name]
    again = order_again(named, {}, settings)
    order = again.order
    assert (order.document, order.engine, order.voice, order.speed) == (document, "draft", "bf_emma", 1.1)
    assert (order.formats, order.reading, order.library) == (
        ("m4b", "mp3"),
        {"tables": "read"},
        settings.library,
    )
    assert (order.changing, order.staying, again.document_changed) == ((), {}, False)


def test_what_is_given_goes_before_what_is_written(settings: Settings, document: Path) -> None:
    again = order_again(publish(settings, document), {"voice": "bm_george", "library": "/l"}, settings)
    assert (again.order.voice, again.order.speed, again.order.library) == ("bm_george", 1.1, Path("/l"))
    with pytest.raises(ValidationError):
        order_again(document, {"speed": 9}, settings)


def test_chapters_that_may_change_leave_the_others_where_they_were(
    settings: Settings, document: Path
) -> None:
    order = order_again(publish(settings, document), {}, settings, "2").order
    assert order.changing == (2,)
    assert {number: one.plan for number, one in order.staying.items()} == {1: "plan 1", 3: "plan 3"}
    assert order.chapters is None, "the whole book is made"


@pytest.mark.parametrize(
    ("chapters", "problem"), [("4", "there is no chapter 4"), ("2", "chapter 2 is not in Emma")]
)
def test_a_chapter_that_the_book_has_not_is_named(
    settings: Settings, document: Path, chapters: str, problem: str
) -> None:
    with pytest.raises(NoSuchChapter, match=problem):
        order_again(publish(settings, document, numbers=(1, 3)), {}, settings, chapters)


def test_a_document_that_moved_is_asked_for_and_found_by_its_content(
    settings: Settings, document: Path, tmp_path: Path
) -> None:
    folder = publish(settings, document)
    moved = document.rename(tmp_path / "elsewhere.txt")
    with pytest.raises(
        CannotRerun, match=r"“Emma” was made from .*emma.txt, which is not there any more"
    ) as told:
        order_again(folder, {}, settings)
    assert "--document" in told.value.hint
    for named, at in ((folder, moved), (moved, None)):
        assert order_again(named, {}, settings, None, at).order.document == moved


def test_an_edited_document_is_the_same_book_and_another_one_is_not(
    settings: Settings, document: Path, tmp_path: Path
) -> None:
    folder = publish(settings, document)
    other = tmp_path / "other.txt"
    other.write_text("Another book.")
    with pytest.raises(CannotRerun, match="other content"):
        order_again(folder, {}, settings, None, other)
    document.write_text("Emma Woodhouse, handsome and clever.")
    assert order_again(folder, {}, settings).document_changed
    assert order_again(document, {}, settings).document_changed


def test_what_is_no_book_or_several_is_named(settings: Settings, document: Path, tmp_path: Path) -> None:
    for nothing in (tmp_path, document, tmp_path / "gone.epub"):
        with pytest.raises(NoSuchBook, match=rf"{nothing.name}"):
            order_again(nothing, {}, settings)
    publish(settings, document)
    publish(settings, document, "Emma (real)", engine="kokoro")
    with pytest.raises(NoSuchBook, match="2 books were made of"):
        order_again(document, {}, settings)
    assert order_again(document, {"engine": "draft"}, settings).book.title == "Emma"


def test_a_book_from_before_options_were_kept_says_so(settings: Settings, document: Path) -> None:
    with pytest.raises(CannotRerun, match="does not say which options"):
        order_again(publish(settings, document, options=None), {}, settings)


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"source": {"path": "a", "sha256": "b"}, "files": {}}'])
def test_a_manifest_that_cannot_be_read_is_no_book(settings: Settings, document: Path, damage: str) -> None:
    folder = publish(settings, document)
    (folder / "book.json").write_text(damage)
    assert [book.format for book in books_in(settings.library)] == ["mp3"]
    with pytest.raises(NoSuchBook, match="no finished book"):
        order_again(folder, {}, settings)


def test_a_word_is_corrected_in_a_finished_book_as_its_listener_would(
    bindery: RunBindery, small_book: Path, tmp_path: Path
) -> None:
    def ran(*arguments: str | Path) -> str:
        done = bindery(*arguments, XDG_CONFIG_HOME=str(tmp_path / "config"))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def times() -> dict[str, int]:
        return {
            path.name: path.stat().st_mtime_ns
            for path in (tmp_path / "library").rglob("*.m[p4]*")
            if path.is_file()
        }

    ran("convert", small_book, "--engine", "draft", "--speed", "1.2")
    before = times()
    told = ran("lexicon", "add", "lit", "lighted")
    assert "1 book, 2 sentences, about" in told
    changes = json.loads(ran("changes", small_book, "--json"))
    (chapter,) = changes["chapters"]
    assert changes["estimated_s"] is None, "so short a book says little about the machine"
    assert times() == before
    done = json.loads(ran("rerun", small_book, "--json"))
    assert done["chunks"] - done["spoken_from_cache"] == changes["chunks"] == 1
    changed = {name for name, time in times().items() if before[name] != time}
    assert changed == {Path(name).name for name in (*chapter["files"], *changes["bound"])}
    assert "nothing would change" in ran("changes", Path(done["book_dir"]))
    small_book.unlink()
    failed = bindery("rerun", done["book_dir"])
    assert failed.returncode == 3
    assert "Say where it is now with --document" in failed.stderr
