"""A word is found in the books that say it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outputs.finished import books_in
from outputs.heard_words import books_with
from synth.lexicon import Entry


def put_book(
    library: Path, title: str, sentences: list[str], *, tree: str = "mp3", voice: str = "af_heart"
) -> Path:
    """A book's folder with one chapter; each sentence lasts two seconds."""
    folder = library / tree / "Author" / title
    folder.mkdir(parents=True)
    chapter = {
        "number": 1,
        "title": "One",
        "voice": voice,
        "file": "1.mp3",
        "audio_s": 9.0,
        "plan": "",
        "part": "",
    }
    manifest = {
        "source": {"path": f"/books/{title}.epub", "sha256": "0" * 64},
        "format": tree,
        "title": title,
        "settings": {"engine": "draft"},
        "chapters": [chapter],
        "files": {},
    }
    (folder / "book.json").write_text(json.dumps(manifest))
    times = [{"text": text, "start_s": 2.0 * n, "end_s": 2.0 * n + 2} for n, text in enumerate(sentences)]
    timeline = {"chapters": [{"number": 1, "title": "One", "file": "1.mp3", "sentences": times}]}
    (folder / "timeline.json").write_text(json.dumps(timeline, ensure_ascii=False))
    return folder


def found(library: Path, *entries: Entry) -> dict[str, tuple[str, ...]]:
    return {one.book.title: one.sentences for one in books_with(entries, books_in(library))}


def test_a_word_is_found_whole_in_any_case_and_with_its_endings(tmp_path: Path) -> None:
    sentences = ["Hermione's cat.", "“HERMIONE!”", "Hermionette left.", "Her mother."]
    put_book(tmp_path, "A", sentences)
    put_book(tmp_path, "B", ["Nobody."])
    assert found(tmp_path, Entry("Hermione", respelling="her mine")) == {"A": tuple(sentences[:2])}
    assert found(tmp_path, Entry("Hermione", respelling="x", case_matters=True)) == {"A": (sentences[0],)}


def test_words_in_a_row_and_of_one_language_are_found_where_they_apply(tmp_path: Path) -> None:
    put_book(tmp_path, "American", ["Saint John came.", "John came."])
    put_book(tmp_path, "British", ["Saint John came."], voice="bf_emma")
    assert set(found(tmp_path, Entry("saint john", respelling="sinjun"))) == {"American", "British"}
    assert set(found(tmp_path, Entry("saint john", respelling="sinjun", language="en-gb"))) == {"British"}


def test_a_book_in_several_formats_is_one_book_and_its_seconds_are_added_up(tmp_path: Path) -> None:
    for tree in ("m4b", "mp3"):
        put_book(tmp_path, "A", ["A cat.", "A dog.", "The cat."], tree=tree)
    (one,) = books_with([Entry("cat", respelling="kat")], books_in(tmp_path))
    assert one.audio_s == pytest.approx(4.0)


def test_folders_that_are_no_book_or_have_lost_their_timeline_hold_nothing_up(tmp_path: Path) -> None:
    (put_book(tmp_path, "Lost", ["A cat."]) / "timeline.json").unlink()
    (put_book(tmp_path, "Damaged", ["A cat."]) / "book.json").write_text("{")
    put_book(tmp_path, "Voice", ["A cat."], voice="gone_away")
    put_book(tmp_path, "Good", ["A cat."])
    assert found(tmp_path, Entry("cat", respelling="kat")) == {"Good": ("A cat.",)}
