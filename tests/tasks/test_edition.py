from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from inputs.book_toml import MatterChoice
from inputs.errors import BadBookToml, DocumentError, EmptyDocument, NoSuchDocument, NotADocument
from outputs.plan import Pauses
from synth.draft import DraftSpeaker
from synth.errors import UnknownPreference
from synth.reading import Reading
from synth.voices import spoken_language
from tasks.edition import edition_of
from tasks.write_toml import write_book_toml

EXAMPLE = Path(__file__).parents[2] / "examples" / "upon-asking.epub"

WithToml = Callable[[str], Path]


@pytest.fixture
def with_toml(tmp_path: Path) -> WithToml:
    """The example book in a folder of its own, with a book.toml beside it."""

    def of(text: str) -> Path:
        document = tmp_path / EXAMPLE.name
        document.write_bytes(EXAMPLE.read_bytes())
        (tmp_path / "book.toml").write_text(text, encoding="utf-8")
        return document

    return of


def test_a_document_without_a_book_toml_is_as_it_was_read() -> None:
    edition = edition_of(EXAMPLE, None, {})
    assert (edition.toml, edition.voice, edition.speed, edition.pauses) == (None, None, None, Pauses())
    assert len(edition.book.spoken_chapters) == 7


def test_a_book_toml_decides_how_the_book_sounds(with_toml: WithToml) -> None:
    edition = edition_of(
        with_toml('[book]\nvoice = "bm_george"\nspeed = 0.9\n[pauses]\nhead = 1\n[lexicon]\nWen = "when"'),
        None,
        {},
    )
    assert (edition.voice, edition.speed, edition.pauses) == ("bm_george", 0.9, Pauses(head_s=1.0))
    assert [entry.word for entry in edition.lexicon.entries] == ["Wen"]


def test_what_the_listener_chose_goes_before_the_book_toml(with_toml: WithToml) -> None:
    document = with_toml('[book]\nmatter = "all"\n[reading]\nurls = "skip"\ntables = "read"')
    as_written = edition_of(document, None, {})
    assert (as_written.preferences.urls, as_written.preferences.tables) == (Reading.SKIP, Reading.READ)
    assert len(as_written.book.spoken_chapters) > 7
    chosen = edition_of(document, MatterChoice.BODY, {"urls": "usual"})
    assert (chosen.preferences.urls, chosen.preferences.tables) == (Reading.USUAL, Reading.READ)
    assert len(chosen.book.spoken_chapters) == 7
    with pytest.raises(UnknownPreference):
        edition_of(document, None, {"urls": "sing"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[book]\nisbn = "978-0-306-40615-8"', "isbn is no ISBN"),
        ('[reading]\nurls = "sing"', "“sing” is no way of reading urls"),
        ('[lexicon]\nWen = "/%/"', "“Wen”"),
    ],
)
def test_what_only_others_understand_is_checked_before_the_document_is_read(
    with_toml: WithToml, text: str, problem: str
) -> None:
    document = with_toml(text)
    document.write_bytes(b"no document at all")
    with pytest.raises(BadBookToml) as caught:
        edition_of(document, None, {})
    assert problem in caught.value.message
    assert "book.toml" in caught.value.message


def test_what_is_no_document_is_named_whatever_stands_beside_it(with_toml: WithToml) -> None:
    document = with_toml("")
    for path, problem in (
        (document.parent, NoSuchDocument),
        (Path("/"), NoSuchDocument),
        (document.with_name("gone.epub"), NoSuchDocument),
        (document.with_name("book.toml"), NotADocument),
    ):
        with pytest.raises(problem):
            edition_of(path, None, {})
        with pytest.raises(DocumentError):
            write_book_toml(path, None, {})


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[book]\nvoice = "bf_ema"', r"\[book\] voice: there is no voice"),
        ('[book]\nvoice = "af_bella+bf_ema:2"', r"\[book\] voice: there is no voice named 'bf_ema'"),
        (
            '[[chapter]]\nname = "Preface"\nvoice = "bf_ema"',
            r"\[\[chapter\]\] “Preface” voice: there is no voice",
        ),
    ],
)
def test_a_voice_that_is_not_there_is_named_with_its_place(
    with_toml: WithToml, text: str, where: str
) -> None:
    with pytest.raises(BadBookToml, match=where) as caught:
        edition_of(with_toml(text), None, {})
    assert "bf_emma" in caught.value.hint


@pytest.mark.parametrize("voice", ["bf_emma", "af_bella:0.5+bf_emma", "de"])
def test_a_voice_of_either_engine_is_taken(with_toml: WithToml, voice: str) -> None:
    document = with_toml(f'[[chapter]]\nname = "Preface"\nvoice = "{voice}"')
    edition_of(document, None, {}).check_voices(DraftSpeaker())


def test_a_voice_that_the_speaker_lacks_is_named_with_its_place(with_toml: WithToml) -> None:
    edition = edition_of(with_toml('[book]\nvoice = "de"'), None, {})
    with pytest.raises(BadBookToml, match=r"\[book\] voice: there is no voice"):
        edition.check_voices(_OnlyKokoro())


class _OnlyKokoro(DraftSpeaker):
    def language_of(self, voice: str) -> str:
        return spoken_language(voice)


def test_a_document_of_which_nothing_is_wanted_is_refused(with_toml: WithToml) -> None:
    names = [chapter.title for chapter in edition_of(EXAMPLE, None, {}).book.spoken_chapters]
    document = with_toml("\n".join(f'[[chapter]]\nname = "{name}"\nspeak = false' for name in names))
    with pytest.raises(EmptyDocument, match="nothing in it is to be spoken"):
        edition_of(document, None, {})
    assert edition_of(document, MatterChoice.ALL, {}).book.spoken_chapters


def test_a_file_to_start_from_is_written_once_and_changes_nothing(tmp_path: Path) -> None:
    document = tmp_path / EXAMPLE.name
    document.write_bytes(EXAMPLE.read_bytes())
    before = edition_of(document, None, {})
    path = write_book_toml(document, None, {})
    after = edition_of(document, None, {})
    assert after.toml is not None
    assert after.toml.path == path == tmp_path / "upon-asking.toml"
    assert (after.book, after.pauses, after.preferences) == (before.book, before.pauses, before.preferences)
    with pytest.raises(BadBookToml, match="is there already"):
        write_book_toml(document, None, {})


def test_a_file_to_start_from_holds_what_was_chosen(tmp_path: Path) -> None:
    document = tmp_path / EXAMPLE.name
    document.write_bytes(EXAMPLE.read_bytes())
    chosen = edition_of(document, MatterChoice.ALL, {"tables": "read"})
    write_book_toml(document, MatterChoice.ALL, {"tables": "read"})
    again = edition_of(document, None, {})
    assert (again.book, again.preferences) == (chosen.book, chosen.preferences)
