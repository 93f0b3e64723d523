"""Your pronunciations, from the command line to the finished book."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.settings import Settings

RunBindery = Callable[..., "subprocess.CompletedProcess[str]"]


def write(path: Path, words: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[lexicon]\n{words}\n", encoding="utf-8")
    return path


def test_a_sentence_is_shown_with_its_phonemes_and_the_entries_that_matched(tmp_path: Path) -> None:
    shelf = write(tmp_path / "shelf.toml", 'Hermione = "her mine"\nVersailles = "ver sigh"')
    book = write(tmp_path / "book.toml", 'Hermione = "/hɝˈmaɪəni/"')
    sentences = "Hermione's 2 dogs saw Versailles. Dogs left."
    files = ["--lexicon", str(shelf), "--lexicon", str(book)]
    done = CliRunner().invoke(
        app,
        ["lexicon", "test", sentences, "--language", "en-gb", *files],
        env={"BINDERY_LEXICON": str(shelf)},
    )
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "Hermione's two dogs saw Versailles.",
        "hɜːmˈIəniz tˈuː dˈɒɡz sˈɔː vˈɜː sˈI.",
        f"  Hermione's: hɜːmˈIəniz, by “Hermione” in {book}",
        f"  Versailles: “ver sigh”, by “Versailles” in {shelf}",
        "Dogs left.",
        "dˈɒɡz lˈɛft.",
        "  no entry of a lexicon matches",
    ]


def test_the_standing_lexicon_is_the_users_own_file_or_the_one_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.settings.user_config_path", lambda name: tmp_path / name)
    assert Settings.read({}).lexicon is None
    own = write(tmp_path / "audiobindery" / "lexicon.toml", "")
    assert Settings.read({}).lexicon == own
    assert Settings.read({"BINDERY_LEXICON": "/other.toml"}).lexicon == Path("/other.toml")


@pytest.mark.parametrize("named", ["option", "variable"])
def test_a_lexicon_that_cannot_be_used_is_wrong_usage_before_any_book_is_read(
    bindery: RunBindery, small_book: Path, tmp_path: Path, named: str
) -> None:
    bad = write(tmp_path / "bad.toml", 'Lamp = "/ʘ/"')
    if named == "option":
        done = bindery("convert", small_book, "--engine", "draft", "--lexicon", bad)
    else:
        done = bindery("convert", small_book, "--engine", "draft", BINDERY_LEXICON=str(bad))
    assert done.returncode == 2
    assert "bad.toml: “Lamp”: Kokoro has no sound for “ʘ”" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_new_entry_speaks_only_the_chunks_with_its_word_again(
    bindery: RunBindery, small_book: Path, tmp_path: Path
) -> None:
    def new_chunks(*options: str | Path) -> int:
        done = bindery("convert", small_book, "--engine", "draft", "--json", "--out", "lib", *options)
        assert done.returncode == 0, done.stderr
        book = json.loads(done.stdout)
        return int(book["chunks"] - book["spoken_from_cache"])

    assert new_chunks() > 1
    assert new_chunks("--lexicon", write(tmp_path / "my.toml", 'lit = "lighted"')) == 1
    assert new_chunks("--lexicon", write(tmp_path / "my.toml", 'lit = "lighted"\nelk = "moose"')) == 0
