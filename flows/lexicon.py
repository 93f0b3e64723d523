"""`bindery lexicon`: what your pronunciations do to a sentence, before anything is spoken."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from flows.exits import Exit
from flows.settings import Settings
from synth.errors import SpeechError
from synth.lexicon import Lexicon, read_lexicon

app: Final = typer.Typer(help="How words are said: try your own pronunciations.", no_args_is_help=True)

Lexicons = Annotated[
    list[Path] | None,
    typer.Option(
        "--lexicon",
        help="A TOML file that says how words are pronounced. Can be given again; the last one goes first.",
        show_default=False,
        readable=False,
    ),
]


def standing_lexicon(settings: Settings) -> Lexicon:
    """The pronunciations for all books.

    Raises:
        BadLexicon: there is a file, but it cannot be used.
    """
    return read_lexicon(settings.lexicon) if settings.lexicon else Lexicon()


@app.command("test")
def try_out(
    text: Annotated[list[str], typer.Argument(help="A sentence, as a book has it.", show_default=False)],
    lexicon: Lexicons = None,
    language: Annotated[str, typer.Option(help="Of the voice: en-us, en-gb, fr and so on.")] = "en-us",
) -> None:
    """Show the phonemes of a sentence, and which entries of your lexicons had a say in them."""
    try:
        _tell(" ".join(text), [*reversed(lexicon or [])], language.lower())
    except SpeechError as error:
        Console(stderr=True).print(f"[red]✗[/] {escape(str(error))}", soft_wrap=True, highlight=False)
        raise typer.Exit(Exit.USAGE) from None


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
