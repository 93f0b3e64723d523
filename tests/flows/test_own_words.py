"""Words that a user keeps: in the right file, with nothing else of it touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app

RunLexicon = Callable[..., Result]


@pytest.fixture
def lexicon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunLexicon:
    monkeypatch.setattr("flows.settings.user_config_path", lambda name: tmp_path / name)
    monkeypatch.setenv("BINDERY_LIBRARY", str(tmp_path / "library"))
    monkeypatch.delenv("BINDERY_LEXICON", raising=False)

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, ["lexicon", *map(str, arguments)])

    return run


def test_a_word_is_kept_for_all_books_until_it_is_removed(lexicon: RunLexicon, tmp_path: Path) -> None:
    assert lexicon("add", "Emma", "emmer").exit_code == 0
    assert lexicon("add", "Polish", "/ˈpoʊlɪʃ/", "--case", "--language", "en").exit_code == 0
    assert (tmp_path / "audiobindery" / "lexicon.toml").read_text(encoding="utf-8") == (
        '[lexicon]\nEmma = "emmer"\nPolish = {say = "/ˈpoʊlɪʃ/", case = true, language = "en"}\n'
    )
    assert [json.loads(line) for line in lexicon("list", "--json").stdout.splitlines()] == [
        {"word": "Emma", "said": "emmer", "case": False, "language": None},
        {"word": "Polish", "said": "/ˈpoʊlɪʃ/", "case": True, "language": "en"},
    ]
    assert "is said “emmer” already" in lexicon("add", "Emma", "emmer").stdout
    assert "is no longer said “emmer”" in lexicon("remove", "EMMA").stdout
    again = lexicon("remove", "emma")
    assert again.exit_code == 2
    assert "“emma” is not in" in again.stderr


def test_a_word_of_one_book_is_kept_in_its_book_toml(lexicon: RunLexicon, tmp_path: Path) -> None:
    document = tmp_path / "emma.txt"
    document.write_text("Emma.")
    assert lexicon("add", "Emma", "emmer", "--book", document).exit_code == 0
    toml = tmp_path / "emma.toml"
    toml.write_text(f"# mine\n[book]\ntitle = 'Emma'\n\n{toml.read_text()}")
    assert lexicon("add", "Weston", "west on", "--book", document).exit_code == 0
    assert (
        toml.read_text()
        == '# mine\n[book]\ntitle = \'Emma\'\n\n[lexicon]\nEmma = "emmer"\nWeston = "west on"\n'
    )


def test_a_file_keeps_its_line_ends_and_a_link_stays_a_link(lexicon: RunLexicon, tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "link.toml"
    real.write_bytes(b'# one\r\n[lexicon]\r\na = "b"\r\n')
    link.symlink_to(real)
    assert lexicon("add", "c", "d", "--file", link).exit_code == 0
    assert link.is_symlink()
    assert real.read_bytes().startswith(b'# one\r\n[lexicon]\r\na = "b"\r\n')


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("add", "Emma", "/ʘ/"), "Kokoro has no sound for “ʘ”"),
        (("add", "?", "what"), "is no word"),
        (("add", "Emma", "emmer", "--file", "bad.toml"), "bad.toml is not TOML"),
        (("add", "Emma", "emmer", "--file", "latin.toml"), "latin.toml is not text in UTF-8"),
        (("list", "--file", "."), "cannot be read"),
        (("add", "Emma", "emmer", "--book", "gone.epub"), "nothing in the library was made of gone.epub"),
        (("add", "Emma", "emmer", "--book", "gone.epub", "--file", "a.toml"), "--book and --file"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_line(
    lexicon: RunLexicon,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    problem: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_text("[lexicon")
    Path("latin.toml").write_bytes(b'[lexicon]\ncaf\xe9 = "b"\n')
    before = {path: path.read_bytes() for path in tmp_path.glob("*.toml")}
    done = lexicon(*arguments)
    assert done.exit_code == 2
    assert problem in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert {path: path.read_bytes() for path in tmp_path.glob("*.toml")} == before
