"""`bindery lexicon`: your pronunciations, kept in files, tried on a sentence before anything is spoken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from flows.exits import Exit
from flows.settings import Settings
from inputs.errors import DocumentError
from outputs.errors import NoSuchBook, OutputError
from synth.errors import SpeechError
from synth.lexicon import Lexicon, read_lexicon

app: Final = typer.Typer(help="How words are said: your own pronunciations.", no_args_is_help=True)

Lexicons = Annotated[
    list[Path] | None,
    typer.Option(
        "--lexicon",
        help="A TOML file that says how words are pronounced. Can be given again; the last one goes first.",
        show_default=False,
        readable=False,
    ),
]
Word = Annotated[str, typer.Argument(help="A word, or several in a row.", show_default=False)]
OfBook = Annotated[
    Path | None,
    typer.Option("--book", help="That of one book: its document, or its folder.", show_default=False),
]
OfFile = Annotated[Path | None, typer.Option("--file", help="This lexicon.", show_default=False)]
OfLanguage = Annotated[
    str | None, typer.Option("--language", help="For voices of it alone: fr, en-gb.", show_default=False)
]
Out = Annotated[Path | None, typer.Option(help="The library folder. (default: library)")]


def standing_lexicon(settings: Settings) -> Lexicon:
    """The pronunciations for all books.

    Raises:
        BadLexicon: there is a file, but it cannot be used.
    """
    return read_lexicon(settings.lexicon) if settings.lexicon else Lexicon()


@app.command()
def add(
    word: Word,
    pronunciation: Annotated[
        str, typer.Argument(help="IPA between slashes, or plain words.", show_default=False)
    ],
    book: OfBook = None,
    file: OfFile = None,
    case: Annotated[bool, typer.Option("--case", help="Only as written: Polish, not polish.")] = False,
    language: OfLanguage = None,
    out: Out = None,
) -> None:
    """Keep how a word is said, for all books or for one; and show which finished books say it."""
    from flows.own_words import add_word, words_of

    with _named():
        add_word(words_of(book, file, out), word, pronunciation, case_matters=case, language=language)


@app.command()
def remove(
    word: Word, book: OfBook = None, file: OfFile = None, language: OfLanguage = None, out: Out = None
) -> None:
    """Let a word be said as it would be without you; and show which finished books say it."""
    from flows.own_words import remove_word, words_of

    with _named():
        remove_word(words_of(book, file, out), word, language)


@app.command("list")
def show(
    book: OfBook = None,
    file: OfFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Show the words that you keep for all books, or for one."""
    from flows.own_words import list_words, words_of

    with _named():
        list_words(words_of(book, file, None), as_json=as_json)


@app.command("test")
def try_out(
    text: Annotated[list[str], typer.Argument(help="A sentence, as a book has it.", show_default=False)],
    lexicon: Lexicons = None,
    language: Annotated[str, typer.Option(help="Of the voice: en-us, en-gb, fr and so on.")] = "en-us",
) -> None:
    """Show the phonemes of a sentence, and which entries of your lexicons had a say in them."""
    with _named():
        _tell(" ".join(text), [*reversed(lexicon or [])], language.lower())


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except (SpeechError, DocumentError, NoSuchBook) as error:
        problem, status = str(error), Exit.USAGE
    except OutputError as error:
        problem, status = str(error), Exit.CANNOT_START
    else:
        return
    Console(stderr=True).print(f"[red]✗[/] {escape(problem)}", soft_wrap=True, highlight=False)
    raise typer.Exit(status)


def _tell(text: str, lexicons: list[Path], language: str) -> None:
    from synth.lexicon import Lookup, first_come
    from synth.phonemes import phonemizer
    from synth.script import Passage, script
    from synth.trained_tagger import find_tagger

    own = Lookup(language, *(read_lexicon(path) for path in lexicons))
    settings = Settings.read()
    standing = Lookup(language, standing_lexicon(settings))
    pronounce = phonemizer(language, find_tagger(settings.weights))
    for sentence in script([Passage(text)], language).sentences:
        spoken = sentence.spoken
        given = first_come(own.given(spoken), standing.given(spoken))
        typer.echo(spoken)
        typer.echo(pronounce(spoken, given).phonemes)
        for one in given:
            assert one.entry is not None, "it came from a lexicon"
            written = spoken[one.start : one.end]
            said = one.phonemes or f"“{one.respelling}”"
            typer.echo(f"  {written}: {said}, by “{one.entry.word}” in {one.entry.source}")
        if not given:
            typer.echo("  no entry of a lexicon matches")
