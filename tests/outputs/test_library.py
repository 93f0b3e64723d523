from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import outputs.library
from outputs.errors import OutputError
from outputs.library import Recipe, Shelved, shelf_of, shelve
from outputs.manifest import MANIFEST_NAME, Origin, Written

SHELF = Path("Author", "Title")
ALICE = Origin("/books/alice.epub", "a1" * 32)
OTHER = Origin("/books/other.epub", "b2" * 32)


def recipe(name: str, text: str, is_sound: Callable[[bytes], bool] | None = None) -> Recipe:
    def make(path: Path) -> None:
        path.write_text(text)

    return Recipe(name, f"digest of {text}", make, is_sound)


def failing(name: str) -> Recipe:
    def make(path: Path) -> None:
        path.write_text("half")
        raise OutputError("it failed", "Look why")

    return Recipe(name, "digest of what fails", make)


def put(
    tree: Path, files: Mapping[str, str], origin: Origin = ALICE, *more: Recipe, shelf: Path = SHELF
) -> Shelved:
    def describe(written: Mapping[str, Written]) -> bytes:
        return json.dumps(
            {
                "source": {"path": origin.path, "sha256": origin.sha256},
                "files": {name: {"sha256": w.sha256, "digest": w.digest} for name, w in written.items()},
            }
        ).encode()

    return shelve(tree, shelf, origin, [*(recipe(*item) for item in files.items()), *more], describe)


def shelf_contents(tree: Path, shelf: Path = SHELF) -> dict[str, str]:
    return {path.name: path.read_text() for path in (tree / shelf).iterdir() if path.name != MANIFEST_NAME}


def tree_contents(tree: Path) -> set[str]:
    """All there is but the lock, which stays."""
    return {f"{path.relative_to(tree)}" for path in tree.rglob("*")} - {".bindery.lock"}


def stamps(tree: Path) -> dict[str, tuple[int, int]]:
    return {f"{path}": (path.stat().st_mtime_ns, path.stat().st_ino) for path in tree.rglob("*")}


def test_a_new_book_appears_with_all_its_files_and_nothing_else(tmp_path: Path) -> None:
    shelved = put(tmp_path, {"1.mp3": "one", "2.mp3": "two"})
    assert shelved == Shelved(tmp_path / SHELF, ("1.mp3", "2.mp3"), (), ())
    assert tree_contents(tmp_path) == {
        "Author", "Author/Title", "Author/Title/1.mp3", "Author/Title/2.mp3", f"Author/Title/{MANIFEST_NAME}"
    }  # fmt: skip


def test_what_is_as_planned_is_not_touched(tmp_path: Path) -> None:
    put(tmp_path, {"1.mp3": "one", "2.mp3": "two"})
    before = stamps(tmp_path)
    assert put(tmp_path, {"1.mp3": "one", "2.mp3": "two"}).written == ()
    assert stamps(tmp_path) == before


def test_only_files_that_differ_are_replaced_and_those_no_longer_planned_are_removed(tmp_path: Path) -> None:
    put(tmp_path, {"1.mp3": "one", "2.mp3": "two", "3.mp3": "three"})
    (tmp_path / SHELF / "notes.txt").write_text("the listener's own")
    first = (tmp_path / SHELF / "1.mp3").stat()
    shelved = put(tmp_path, {"1.mp3": "one", "2.mp3": "zwei", "4.mp3": "four"})
    assert shelved == Shelved(tmp_path / SHELF, ("2.mp3", "4.mp3"), ("1.mp3",), ("3.mp3",))
    assert shelf_contents(tmp_path) == {
        "1.mp3": "one", "2.mp3": "zwei", "4.mp3": "four", "notes.txt": "the listener's own"
    }  # fmt: skip
    now = (tmp_path / SHELF / "1.mp3").stat()
    assert (now.st_ino, now.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)


@pytest.mark.parametrize("harm", ["changed", "removed"])
def test_a_file_that_is_not_what_was_written_is_made_again(tmp_path: Path, harm: str) -> None:
    put(tmp_path, {"1.mp3": "one", "2.mp3": "two"})
    path = tmp_path / SHELF / "2.mp3"
    if harm == "removed":
        path.unlink()
    else:
        path.write_text("tow")
    assert put(tmp_path, {"1.mp3": "one", "2.mp3": "two"}).written == ("2.mp3",)
    assert shelf_contents(tmp_path) == {"1.mp3": "one", "2.mp3": "two"}


def test_what_a_listener_edited_stays_until_our_own_wording_changes(tmp_path: Path) -> None:
    def sound(data: bytes) -> bool:
        return data.startswith(b"{")

    def metadata(text: str) -> Recipe:
        return recipe("metadata.json", text, sound)

    put(tmp_path, {"1.mp3": "one"}, ALICE, metadata("{ours}"))
    path = tmp_path / SHELF / "metadata.json"
    path.write_text("{theirs}")
    for text in ("one", "uno", "one"):
        put(tmp_path, {"1.mp3": text}, ALICE, metadata("{ours}"))
        assert path.read_text() == "{theirs}"
    path.write_text("damaged")
    put(tmp_path, {"1.mp3": "one"}, ALICE, metadata("{ours}"))
    assert path.read_text() == "{ours}"
    path.write_text("{theirs}")
    put(tmp_path, {"1.mp3": "one"}, ALICE, metadata("{new}"))
    assert path.read_text() == "{new}"


def test_a_folder_belongs_to_one_document_by_its_bytes_or_its_place(tmp_path: Path) -> None:
    assert put(tmp_path, {"1.mp3": "one"}).folder == tmp_path / SHELF
    assert put(tmp_path, {"1.mp3": "uno"}, OTHER).folder == tmp_path / "Author" / "Title (2)"
    moved = Origin("/elsewhere/alice.epub", ALICE.sha256)
    edited = Origin(OTHER.path, "c3" * 32)
    assert put(tmp_path, {"1.mp3": "one"}, moved).folder == tmp_path / SHELF
    assert put(tmp_path, {"1.mp3": "dos"}, edited).folder == tmp_path / "Author" / "Title (2)"
    assert (
        put(tmp_path, {"1.mp3": "x"}, Origin("/third", "d4" * 32)).folder == tmp_path / "Author" / "Title (3)"
    )
    assert shelf_contents(tmp_path) == {"1.mp3": "one"}


def test_a_folder_that_we_did_not_make_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / SHELF
    theirs.mkdir(parents=True)
    (theirs / "1.mp3").write_text("theirs")
    (theirs / MANIFEST_NAME).write_text('{"not": "ours"}')
    assert put(tmp_path, {"1.mp3": "one"}).folder == tmp_path / "Author" / "Title (2)"
    assert (theirs / "1.mp3").read_text() == "theirs"


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..", "", "a/b", MANIFEST_NAME])
def test_a_manifest_cannot_have_files_elsewhere_removed(tmp_path: Path, name: str) -> None:
    put(tmp_path, {"1.mp3": "one"})
    path = tmp_path / SHELF / MANIFEST_NAME
    facts = json.loads(path.read_bytes())
    facts["files"][name] = facts["files"]["1.mp3"]
    path.write_text(json.dumps(facts))
    (tmp_path / "Author" / "secret").write_text("secret")
    assert put(tmp_path, {"2.mp3": "two"}).folder == tmp_path / "Author" / "Title (2)", (
        "it is no manifest of ours"
    )
    assert (tmp_path / "Author" / "secret").exists()


def test_where_a_file_cannot_be_made_the_library_is_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="it failed"):
        put(tmp_path, {"1.mp3": "one"}, ALICE, failing("2.mp3"))
    assert tree_contents(tmp_path) == set()
    put(tmp_path, {"1.mp3": "one", "2.mp3": "two"})
    before = stamps(tmp_path / "Author")
    with pytest.raises(OutputError, match="it failed"):
        put(tmp_path, {"1.mp3": "uno"}, ALICE, failing("2.mp3"))
    assert stamps(tmp_path / "Author") == before


class Killed(BaseException):
    """What ends a run at once."""


@pytest.mark.parametrize("steps", range(9))
def test_a_run_that_dies_at_any_step_leaves_whole_files_and_the_next_one_completes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    old = {"1.mp3": "one", "2.mp3": "two", "3.mp3": "three"}
    new = {"1.mp3": "uno", "2.mp3": "two", "4.mp3": "cuatro", "5.mp3": "cinco"}
    put(tmp_path, old)
    done = 0

    def step_of(name: str) -> None:
        real = getattr(Path, name)

        def step(self: Path, *arguments: object, **options: object) -> object:
            nonlocal done
            if done == steps:
                raise Killed
            done += 1
            return real(self, *arguments, **options)

        monkeypatch.setattr(Path, name, step)

    with monkeypatch.context():
        step_of("replace")
        step_of("unlink")
        try:
            put(tmp_path, new)
        except Killed:
            pass
        else:
            assert steps >= 6, "fewer steps than files"
        monkeypatch.undo()
    for name, text in shelf_contents(tmp_path).items():
        assert text in (old.get(name), new.get(name)), "a file is the old or the new one"
    put(tmp_path, new)
    assert shelf_contents(tmp_path) == new
    assert tree_contents(tmp_path) == {"Author", "Author/Title", f"Author/Title/{MANIFEST_NAME}"} | {
        f"Author/Title/{name}" for name in new
    }


def test_staging_of_a_dead_run_is_removed_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    dead = tmp_path / ".bindery-0123" / "book"
    dead.mkdir(parents=True)
    (dead / "1.mp3").write_text("half")
    living = tmp_path / ".bindery-4567"
    living.mkdir()
    with (living / ".bindery.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        put(tmp_path, {"1.mp3": "one"})
        assert living.exists()
        assert not dead.parent.exists()
    put(tmp_path, {"1.mp3": "uno"})
    assert not living.exists()


@pytest.mark.parametrize(
    ("origin", "folder"), [(OTHER, "Title (2)"), (ALICE, "Title")], ids=["other", "same"]
)
def test_two_runs_at_once_do_not_mix(tmp_path: Path, origin: Origin, folder: str) -> None:
    """While the first run builds its files, a second one publishes under the same name."""

    def make(path: Path) -> None:
        put(tmp_path, {"1.mp3": "second", "3.mp3": "second"})
        path.write_text("first")

    shelved = put(tmp_path, {"1.mp3": "first"}, origin, Recipe("2.mp3", "slow", make))
    assert shelved.folder == tmp_path / "Author" / folder
    assert shelf_contents(tmp_path, Path("Author", folder)) == {"1.mp3": "first", "2.mp3": "first"}
    if origin is OTHER:
        assert shelf_contents(tmp_path) == {"1.mp3": "second", "3.mp3": "second"}


def test_a_library_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Choose another folder with --out"):
        put(tmp_path / "file" / "mp3", {"1.mp3": "one"})


def test_a_disk_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(descriptor: int, operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(outputs.library.fcntl, "flock", none)
    with pytest.raises(OutputError, match="knows no locks"):
        put(tmp_path, {"1.mp3": "one"})


@pytest.mark.parametrize(
    ("authors", "title", "label", "shelf"),
    [
        (["Lewis Carroll"], "Alice", None, "Lewis Carroll/Alice"),
        (["Lewis Carroll"], "Alice", "draft voice", "Lewis Carroll/Alice (draft voice)"),
        ([], "", None, "Unknown author/Untitled"),
        (["A", "B", "C", "D"], "x/y", None, "A, B, C and others/x-y"),
        (["A"], "é" * 200, "draft voice", f"A/{'é' * 53} (draft voice)"),
    ],
)
def test_a_shelf_is_author_and_title(authors: list[str], title: str, label: str | None, shelf: str) -> None:
    assert shelf_of(authors, title, label) == Path(shelf)
    assert all(len(os.fsencode(part)) <= 120 for part in shelf_of(authors, title, label).parts)
