"""A document and its book.toml into an Edition: the book as its producer and its listener want it heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from inputs.book import Book
from inputs.book_toml import BookToml, MatterChoice, book_toml_of
from inputs.directing import directed
from inputs.errors import BadBookToml, EmptyDocument, NotADocument
from inputs.read import read
from outputs.plan import Pauses
from outputs.tags import isbn_in
from synth.draft import draft_languages
from synth.errors import BadLexicon, UnknownPreference, UnknownVoice
from synth.lexicon import Lexicon, lexicon_of
from synth.reading import ReadingPreferences
from synth.speaker import Diction
from synth.voices import spoken_language
from tasks.reading import as_preferred


@dataclass(frozen=True, slots=True)
class Edition:
    """A book ready for its scripts, with what its book.toml says of how it is to sound."""

    book: Book
    preferences: ReadingPreferences
    pauses: Pauses
    lexicon: Lexicon  # of the book.toml alone
    toml: BookToml | None  # what was applied

    @property
    def voice(self) -> str | None:
        """The voice that the book.toml wants; None: the best of the book's language."""
        return self.toml.directions.book.voice if self.toml else None

    @property
    def speed(self) -> float | None:
        """The speed that the book.toml wants; None: the voice's own pace."""
        return self.toml.directions.book.speed if self.toml else None

    def check_voices(self, speaker: Diction) -> None:
        """Make sure that the speaker has all voices that the book.toml names.

        Raises:
            BadBookToml: it has not; the message says where the voice is named.
        """
        if self.toml is not None:
            _check_voices(self.toml, speaker.language_of)


def edition_of(
    document: Path, matter: MatterChoice | None, reading: Mapping[str, str], ocr: Path | None = None
) -> Edition:
    """Read a document, and apply its book.toml if it has one.

    matter, reading: what the listener chose; it goes before what the book.toml says. ocr: as
    `inputs.read.read` has it.

    Raises:
        DocumentError: the document or its book.toml cannot be read or followed.
        UnknownPreference: the listener chose a way of reading that does not exist.
    """
    if document.suffix.lower() == ".toml":  # or `convert *` would read it aloud: it is plain text
        raise NotADocument(document, "this is a book.toml, not a document", "It is read with the document")
    toml = book_toml_of(document)  # first: it is soon read, and a mistake in it soon told
    preferences = _preferences(toml, reading)
    if toml is not None and toml.directions.book.isbn and not isbn_in(toml.directions.book.isbn):
        raise _bad(toml, "[book] isbn is no ISBN: its check digit is wrong", "Compare it with the book")
    if toml is not None:  # whichever engine speaks, and where none does
        _check_voices(toml, _known_language_of)
    lexicon = _lexicon(toml)
    book = as_preferred(directed(read(document, ocr), toml, matter), preferences)
    if not book.spoken_chapters:
        raise EmptyDocument(document, "nothing in it is to be spoken", _NOTHING_HINT)
    return Edition(book, preferences, _pauses(toml), lexicon, toml)


def _check_voices(toml: BookToml, language_of: Callable[[str], str]) -> None:
    wanted = [("[book]", toml.directions.book.voice)]
    wanted += [(f"[[chapter]] {entry}", entry.voice) for entry in toml.directions.chapter]
    for where, voice in wanted:
        try:
            if voice is not None:
                language_of(voice)
        except UnknownVoice as error:
            raise _bad(toml, f"{where} voice: {error.message}", error.hint) from error


def _known_language_of(voice: str) -> str:
    """The language of a voice or a blend of the catalogue, else of the draft voice named for it.

    Raises:
        UnknownVoice: it is neither.
    """
    try:
        return spoken_language(voice)
    except UnknownVoice:
        if voice in draft_languages():  # asked last: it starts espeak-ng
            return voice
        raise


_NOTHING_HINT: Final = (
    "Front and back matter is with --matter all, tables and notes with --read tables=read,notes=read"
)


def _preferences(toml: BookToml | None, reading: Mapping[str, str]) -> ReadingPreferences:
    preferences = ReadingPreferences()
    if toml is not None:
        try:
            preferences = preferences.but(toml.directions.reading)
        except UnknownPreference as error:
            raise _bad(toml, f"[reading] {error.message}", error.hint) from error
    return preferences.but(reading)


def _pauses(toml: BookToml | None) -> Pauses:
    wanted = toml.directions.pauses.chosen() if toml else {}
    return replace(Pauses(), **{f"{name}_s": seconds for name, seconds in wanted.items()})


def _lexicon(toml: BookToml | None) -> Lexicon:
    if toml is None:
        return Lexicon()
    try:
        return lexicon_of(toml.directions.lexicon, toml.path)
    except BadLexicon as error:
        raise BadBookToml(toml.path, error.message, error.hint) from error


def _bad(toml: BookToml, problem: str, hint: str) -> BadBookToml:
    return BadBookToml(toml.path, f"{toml.path.name}: {problem}", hint)
