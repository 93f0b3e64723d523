"""A word and how it is said into the file that keeps it; and the finished books that say it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.display import clock, some
from flows.editions import editions_of, is_document
from flows.settings import Settings, usual_lexicon
from inputs.book_toml import book_toml_of, path_for_new
from inputs.errors import NoSuchDocument
from outputs.files import complete_or_absent
from outputs.finished import FinishedBook, books_in, sole_edition
from outputs.heard_words import books_with
from synth.errors import BadLexicon
from synth.lexicon import Entry, entry_of
from synth.lexicon_file import lexicon_in, with_entry, without_word

_SHOWN_BOOKS: Final = 10


@dataclass(frozen=True, slots=True)
class Words:
    """A file that keeps words, and the finished books that are spoken by it."""

    path: Path
    books: Iterable[FinishedBook]

    def text(self) -> str:
        """What is in the file; nothing if there is none.

        Raises:
            BadLexicon: it cannot be read.
        """
        try:
            return self.path.read_bytes().decode()  # line ends as they are
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise BadLexicon(f"{self.path} cannot be read ({error.strerror})", "Check the path") from error
        except UnicodeDecodeError as error:
            raise BadLexicon(f"{self.path} is not text in UTF-8", "Save it as UTF-8") from error

    def write(self, text: str) -> None:
        """Replace what is in the file, in one go.

        Raises:
            OutputError: it cannot be written.
        """
        with complete_or_absent(self.path.resolve()) as file:  # a link stays one
            file.write_bytes(text.encode())


def words_of(book: Path | None, file: Path | None, library: Path | None) -> Words:
    """The words of one book, of a file, or those for all books.

    Raises:
        BadLexicon: both are named.
        NoSuchBook, DocumentError: the book is none, or has a book.toml that cannot be used.
    """
    settings = Settings.read()
    library = library or settings.library
    if book is not None:
        if file is not None:
            raise BadLexicon("--book and --file name two files", "Name one of them")
        editions = editions_of(book, library)
        document = book if is_document(book) else sole_edition(editions, str(book)).document
        if not document.is_file():
            raise NoSuchDocument(document, "the book's document is not there any more", "Name the document")
        toml = book_toml_of(document)
        return Words(toml.path if toml else path_for_new(document), editions)
    if file is not None:
        own = str(file.absolute())
        by_it = (one for one in books_in(library) if own in (one.options or {}).get("lexicon", ()))
        return Words(file, by_it)
    return Words(settings.lexicon or usual_lexicon(), books_in(library))


def add_word(
    words: Words, word: str, pronunciation: str, *, case_matters: bool, language: str | None
) -> None:
    """Keep how a word is said, and tell which books say it.

    Raises:
        BadLexicon: it cannot be said so, or the file is no lexicon.
        OutputError: the file cannot be written.
    """
    value = {"say": pronunciation, "case": case_matters} | ({"language": language} if language else {})
    entry = entry_of(word, value, words.path, None)
    before = words.text()
    text = with_entry(before, entry, words.path)
    where = escape(str(words.path))
    if text == before:
        _say(f"{escape(entry.word)} is said {escape(_shown(entry))} already, in {where}")
        return
    words.write(text)
    _say(f"[green]✓[/] {escape(entry.word)} is said {escape(_shown(entry))}, in {where}")
    _tell_books([entry], words.books)


def remove_word(words: Words, word: str, language: str | None) -> None:
    """Keep a word no longer, and tell which books say it.

    Raises:
        BadLexicon: it is not there, or the file is no lexicon.
        OutputError: the file cannot be written.
    """
    text, gone = without_word(words.text(), word, language.lower() if language else None, words.path)
    if not gone:
        raise BadLexicon(f"“{word}” is not in {words.path}", "`bindery lexicon list` shows what is")
    words.write(text)
    for entry in gone:
        _say(f"[green]✓[/] {escape(entry.word)} is no longer said {escape(_shown(entry))}")
    _tell_books(gone, words.books)


def list_words(words: Words, *, as_json: bool) -> None:
    """Show what is kept.

    Raises:
        BadLexicon: the file is no lexicon.
    """
    entries = lexicon_in(words.text(), words.path).entries
    if as_json:
        for one in entries:
            facts = {"word": one.word, "said": one.said, "case": one.case_matters, "language": one.language}
            typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    _say(f"{escape(str(words.path))}: {some(len(entries), 'word')}")
    table = Table(show_header=False, box=None, pad_edge=False)
    for one in entries:
        only = [f"in {one.language}"] if one.language else []
        only += ["as it is written"] if one.case_matters else []
        table.add_row(escape(one.word), escape(_shown(one)), ", ".join(only))
    if entries:
        Console().print(table)


def _tell_books(entries: Iterable[Entry], books: Iterable[FinishedBook]) -> None:
    """Which finished books say these words, and how much of them would be spoken again."""
    found = list(books_with(entries, books))
    if not found:
        _say("No finished book says it")
        return
    sentences = sum(len(one.sentences) for one in found)
    audio_s = sum(one.audio_s for one in found)
    _say(f"{some(len(found), 'book')}, {some(sentences, 'sentence')}, about {clock(audio_s)} of speech:")
    for one in found[:_SHOWN_BOOKS]:
        _say(f"  {escape(str(one.book.folder))}: {some(len(one.sentences), 'sentence')}")
    if len(found) > _SHOWN_BOOKS:
        _say(f"  … and {len(found) - _SHOWN_BOOKS} more")
    _say("`bindery changes FOLDER` shows exactly what would change, `bindery rerun FOLDER` does it")


def _shown(entry: Entry) -> str:
    return entry.said if entry.ipa else f"“{entry.said}”"


def _say(words: str) -> None:
    Console().print(words, soft_wrap=True, highlight=False)
