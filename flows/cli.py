"""The `bindery` command: documents in, audiobooks out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.errors import CannotStart
from flows.exits import Exit
from flows.lexicon import Lexicons
from flows.lexicon import app as lexicon_app
from flows.queue_commands import app as queue_app
from flows.queue_commands import status as queue_status
from flows.settings import Settings, configure_prefect
from flows.speakers import Engine
from flows.store import app as store_app
from inputs.book_toml import MatterChoice
from outputs.presets import Preset
from synth.announcements import LANGUAGES, check_language
from synth.errors import MissingLanguage, SpeechError, UnknownPreference
from synth.reading import ReadingPreferences, choices_in
from synth.voices import VOICES

# What a command needs is imported when it runs: `bindery --help` must not wait for Prefect and torch.

app: Final = typer.Typer(
    name="bindery",
    help="Turn EPUBs, PDFs, Word documents, web pages, Markdown and plain texts into audiobooks.",
    epilog="Exit status: 0 all done · 1 a fault in audiobindery · 2 wrong usage · 3 some documents failed · "
    "4 nothing could be started (no weights, no ffmpeg) · 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models: Final = typer.Typer(
    help="Kokoro's files and the English tagger: fetch them, see what is there.",
    no_args_is_help=True,
)
app.add_typer(models, name="models")
app.add_typer(lexicon_app, name="lexicon")
app.add_typer(store_app, name="store")
app.add_typer(queue_app, name="queue")
app.command("status")(queue_status)

Files = Annotated[
    list[Path],
    typer.Argument(
        help="EPUB, PDF, Word, HTML, Markdown or text documents.", show_default=False, readable=False
    ),
]
Read = Annotated[
    str,
    typer.Option(
        "--read",
        help="How urls, citations, images, notes, tables, code and formulas are heard: usual, skip, "
        "announce or read. Such as tables=read,notes=announce.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line on standard output.")]
Matter = Annotated[
    MatterChoice | None,
    typer.Option(
        help="body; or all, to hear title pages, dedications, notes and the like too. [default: body]",
        show_choices=False,
    ),
]
Ocr = Annotated[
    bool,
    typer.Option("--ocr", help="Recognise a PDF's pages that are pictures or garbled; needs ocrmypdf."),
]
Weights = Annotated[
    Path | None, typer.Option(help="A folder with Kokoro's published files.", show_default=False)
]
Voice = Annotated[
    str | None, typer.Option(help="A name from `bindery voices`. (default: the best for the language)")
]
EngineChoice = Annotated[
    Engine, typer.Option(help="kokoro; or draft, a robot voice to check a book by ear in seconds.")
]
Speed = Annotated[float | None, typer.Option(help="0.5 to 2.0; 1 is the voice's own pace. [default: 1]")]
PresetChoice = Annotated[
    Preset,
    typer.Option(
        help="What the files are for: audiobook (-19 LUFS); acx (its levels, MP3 192 kb/s); "
        "podcast (-16 LUFS); archive (24-bit FLAC, as loud as spoken)."
    ),
]
Formats = Annotated[
    str | None,
    typer.Option(
        help="m4b (one file for the book); mp3, m4a, opus, flac, wav (one per chapter). "
        "[default: m4b,mp3; for acx and podcast mp3; for archive flac]"
    ),
]
Beside = Annotated[
    str,
    typer.Option(
        "--with",
        help="Files beside the audio: vtt, srt, lrc (captions), chapters (podcast apps), w3c (W3C "
        "audiobook), rss (podcast feed), readalong (EPUB that lights up what is heard).",
        show_default=False,
    ),
]
BaseUrl = Annotated[
    str | None, typer.Option(help="Where the library will be found on the web, for --with rss.")
]
Volumes = Annotated[
    bool, typer.Option("--volumes", help="Split an M4B of more than 13 hours or 1 GB into volumes.")
]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify",
        help="Listen whether each sentence says its text; English. Needs the extra called verify.",
    ),
]
Out = Annotated[Path | None, typer.Option(help="The library folder. (default: library)")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 or mps. [default: the fastest]")]
Precision = Annotated[
    str | None, typer.Option(help="float32, bfloat16, float16 or int8. [default: what suits the device]")
]
Memory = Annotated[
    str | None,
    typer.Option("--memory", "--vram", help="What Kokoro may take: 2GB or 50%. [default: most that is free]"),
]
Book = Annotated[
    Path,
    typer.Argument(help="The finished book's folder, or its document.", show_default=False, readable=False),
]
OnlyChapters = Annotated[
    str | None,
    typer.Option(help="Only these may change: 2-4,7. The others stay as they are. (default: all)"),
]
Document = Annotated[
    Path | None, typer.Option(help="Where the document is now, if it was moved.", show_default=False)
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show Prefect's log.")]


@app.command()
def convert(
    files: Files,
    voice: Voice = None,
    engine: EngineChoice = Engine.KOKORO,
    speed: Speed = None,
    chapters: Annotated[str | None, typer.Option(help="Numbers and ranges: 2-4,7. (default: all)")] = None,
    preset: PresetChoice = Preset.AUDIOBOOK,
    formats: Formats = None,
    beside: Beside = "",
    base_url: BaseUrl = None,
    matter: Matter = None,
    read: Read = "",
    ocr: Ocr = False,
    lexicon: Lexicons = None,
    volumes: Volumes = False,
    verify: Verify = False,
    out: Out = None,
    weights: Weights = None,
    device: Device = None,
    precision: Precision = None,
    memory: Memory = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Convert documents into tagged chapter files and an M4B.

    What is done is found by its content: run the same command again after an interruption or a correction,
    and only what is missing or changed is spoken.
    """
    _configure_prefect(verbose=verbose)
    from flows.converting import convert_all

    chosen = _chosen(
        formats,
        beside,
        read,
        lexicon,
        engine=engine,
        voice=voice,
        speed=speed,
        chapters=chapters,
        preset=preset,
        base_url=base_url,
        matter=matter,
        ocr=ocr,
        volumes=volumes,
        verify=verify,
        library=out,
        weights=weights,
        device=device,
        precision=precision,
        memory=memory,
    )
    raise typer.Exit(convert_all(files, chosen, as_json=as_json))


@app.command()
def inbox(
    folder: Annotated[
        Path | None, typer.Argument(help="The inbox. (default: BINDERY_INBOX)", show_default=False)
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Work through what is there, then end; for cron and the like.")
    ] = False,
    voice: Voice = None,
    engine: EngineChoice = Engine.KOKORO,
    speed: Speed = None,
    preset: PresetChoice = Preset.AUDIOBOOK,
    formats: Formats = None,
    beside: Beside = "",
    base_url: BaseUrl = None,
    matter: Matter = None,
    read: Read = "",
    ocr: Ocr = False,
    lexicon: Lexicons = None,
    volumes: Volumes = False,
    verify: Verify = False,
    out: Out = None,
    weights: Weights = None,
    device: Device = None,
    precision: Precision = None,
    memory: Memory = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Convert every document that is put into a folder, and put it into done or failed.

    A document is taken when it has arrived whole; why one failed stands beside it. Several of these can work
    on one inbox.
    """
    _configure_prefect(verbose=verbose)
    from flows.inbox_command import watch_inbox

    chosen = _chosen(
        formats,
        beside,
        read,
        lexicon,
        engine=engine,
        voice=voice,
        speed=speed,
        preset=preset,
        base_url=base_url,
        matter=matter,
        ocr=ocr,
        volumes=volumes,
        verify=verify,
        library=out,
        weights=weights,
        device=device,
        precision=precision,
        memory=memory,
    )
    raise typer.Exit(watch_inbox(folder, chosen, once=once, as_json=as_json))


@app.command()
def changes(
    context: typer.Context,
    book: Book,
    chapters: OnlyChapters = None,
    document: Document = None,
    voice: Voice = None,
    engine: EngineChoice = Engine.KOKORO,
    speed: Speed = None,
    preset: PresetChoice = Preset.AUDIOBOOK,
    formats: Formats = None,
    beside: Beside = "",
    base_url: BaseUrl = None,
    matter: Matter = None,
    read: Read = "",
    ocr: Ocr = False,
    lexicon: Lexicons = None,
    out: Out = None,
    weights: Weights = None,
    device: Device = None,
    precision: Precision = None,
    memory: Memory = None,
    as_json: AsJson = False,
) -> None:
    """Show what would change of a finished book: chapters, sentences, seconds; nothing is spoken or written.

    Lexicons, book.toml and text are as they are now, options as the book was made with; those that are given
    go before them. Of a document that was not converted yet it shows what there is to do.
    """
    _configure_prefect(verbose=False)
    from flows.rerunning import show_changes

    chosen = _chosen(
        formats,
        beside,
        read,
        lexicon,
        engine=engine,
        voice=voice,
        speed=speed,
        preset=preset,
        base_url=base_url,
        matter=matter,
        ocr=ocr,
        library=out,
        weights=weights,
        device=device,
        precision=precision,
        memory=memory,
    )
    given = _given(context, chosen)
    raise typer.Exit(show_changes(book, given, chapters, document, as_json=as_json))


@app.command()
def rerun(
    context: typer.Context,
    book: Book,
    chapters: OnlyChapters = None,
    document: Document = None,
    voice: Voice = None,
    engine: EngineChoice = Engine.KOKORO,
    speed: Speed = None,
    preset: PresetChoice = Preset.AUDIOBOOK,
    formats: Formats = None,
    beside: Beside = "",
    base_url: BaseUrl = None,
    matter: Matter = None,
    read: Read = "",
    ocr: Ocr = False,
    lexicon: Lexicons = None,
    out: Out = None,
    weights: Weights = None,
    device: Device = None,
    precision: Precision = None,
    memory: Memory = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Make a finished book again with what has changed since, and no more: what `bindery changes` shows."""
    _configure_prefect(verbose=verbose)
    from flows.rerunning import rerun_book

    chosen = _chosen(
        formats,
        beside,
        read,
        lexicon,
        engine=engine,
        voice=voice,
        speed=speed,
        preset=preset,
        base_url=base_url,
        matter=matter,
        ocr=ocr,
        library=out,
        weights=weights,
        device=device,
        precision=precision,
        memory=memory,
    )
    given = _given(context, chosen)
    raise typer.Exit(rerun_book(book, given, chapters, document, as_json=as_json))


def _given(context: typer.Context, chosen: dict[str, object]) -> dict[str, object]:
    """What was chosen on the command line itself, by no default."""

    def was_given(name: str) -> bool:
        source = context.get_parameter_source("out" if name == "library" else name)
        return source is not None and source.name == "COMMANDLINE"

    return {name: value for name, value in chosen.items() if was_given(name)}


def _configure_prefect(*, verbose: bool) -> None:
    try:
        configure_prefect(Settings.read(), verbose=verbose)
    except CannotStart as error:
        Console(stderr=True).print(f"[red]✗[/] {escape(str(error))}", soft_wrap=True, highlight=False)
        raise typer.Exit(Exit.CANNOT_START) from None


def _chosen(
    formats: str | None, beside: str, read: str, lexicon: list[Path] | None, **others: object
) -> dict[str, object]:
    """What was chosen, by the names that `NarrationOptions` has for it."""
    chosen = {name: str(value) if isinstance(value, Path) else value for name, value in others.items()}
    chosen["beside"] = _names_in(beside)
    chosen["read"] = _choices_in(read)
    chosen["lexicon"] = [str(path) for path in lexicon or []]
    if formats is not None:
        chosen["formats"] = _names_in(formats)
    return chosen


def _names_in(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


@app.command()
def inspect(
    files: Files,
    as_json: AsJson = False,
    text: Annotated[bool, typer.Option("--text", help="Show every sentence as it will be said.")] = False,
    matter: Matter = None,
    read: Read = "",
    ocr: Ocr = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write a book.toml beside each document, for you to edit.")
    ] = False,
) -> None:
    """Show what would be spoken of documents and what not, and why."""
    from flows.inspecting import inspect_all

    try:
        reading = _choices_in(read)
        ReadingPreferences().but(reading)
    except UnknownPreference as error:
        raise _refused(error) from None
    raise typer.Exit(
        inspect_all(
            files,
            as_json=as_json,
            with_text=text,
            matter=matter,
            reading=reading,
            write=write,
            ocr=Settings.read().ocr if ocr else None,
        )
    )


@app.command()
def spoken(
    text: Annotated[list[str], typer.Argument(help="Written text.", show_default=False)],
    language: Annotated[
        str, typer.Option(help=f"The text's: {', '.join(LANGUAGES)}; also en-gb and so on.")
    ] = "en",
    read: Read = "",
) -> None:
    """Show what will be said for written text: numbers, dates, abbreviations."""
    from synth.script import Passage, script

    try:
        check_language(language)
        preferences = ReadingPreferences().but(_choices_in(read))
    except (MissingLanguage, UnknownPreference) as error:
        raise _refused(error) from None
    for sentence in script([Passage(" ".join(text))], language, preferences).sentences:
        typer.echo(sentence.spoken)


def _choices_in(read: str) -> dict[str, str]:
    try:
        return choices_in(read)
    except UnknownPreference as error:
        raise _refused(error) from None


def _refused(error: SpeechError) -> typer.Exit:
    Console(stderr=True).print(f"[red]✗[/] {escape(str(error))}", soft_wrap=True, highlight=False)
    return typer.Exit(Exit.USAGE)


@app.command()
def voices(as_json: AsJson = False) -> None:
    """List Kokoro's voices with language, gender and grade."""
    if as_json:
        for voice in VOICES.values():
            typer.echo(
                json.dumps(
                    {
                        "name": voice.name,
                        "language": voice.language,
                        "gender": voice.gender,
                        "grade": voice.grade,
                    }
                )
            )
        return
    table = Table("voice", "language", "gender", "grade", box=None, pad_edge=False, header_style="dim")
    for voice in VOICES.values():
        table.add_row(voice.name, voice.language, voice.gender, voice.grade or "–")
    Console().print(table)


@app.command()
def serve(
    at_once: Annotated[int, typer.Option(min=1, help="Documents that are under way at a time.")] = 3,
    weights: Weights = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda, cuda:1 or mps. [default: the fastest]")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="float32, bfloat16, float16 or int8. [default: what suits the device]")
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory", "--vram", help="What Kokoro may take: 2GB or 50%. [default: most that is free]"
        ),
    ] = None,
) -> None:
    """Work through a queue of documents until you end it: with pages to watch, one warm speaker for all.

    Everything stays on this machine: it listens at 127.0.0.1 alone, and calls nobody. With PREFECT_API_URL
    it joins the machines that work for that Prefect server instead of starting one.
    """
    console = Console(stderr=True)
    try:
        settings = Settings.read()
        configure_prefect(settings, verbose=False)
        from flows.serve import serve as serve_here
        from flows.speakers import Hardware

        serve_here(settings, weights, Hardware(device, precision, memory), at_once, console)
    except CannotStart as error:
        console.print(f"[red]✗[/] {escape(str(error))}", soft_wrap=True, highlight=False)
        raise typer.Exit(Exit.CANNOT_START) from None


@app.command()
def doctor(weights: Weights = None) -> None:
    """Show what this machine has, and how to get what it lacks."""
    from dataclasses import replace

    from flows.doctor import findings

    settings = Settings.read()
    if weights:
        settings = replace(settings, weights=weights)
    console = Console()
    missing = False
    for finding in findings(settings):
        mark = "[green]✓[/]" if finding.found else "[red]✗[/]" if finding.required else "[yellow]–[/]"
        console.print(f"{mark} {finding.name}: {escape(finding.detail)}", soft_wrap=True, highlight=False)
        missing |= finding.required and not finding.found
    raise typer.Exit(Exit.CANNOT_START if missing else Exit.DONE)


@models.command()
def status(weights: Weights = None) -> None:
    """Say which of Kokoro's files are here and which are not."""
    from flows.models import tell_status

    raise typer.Exit(tell_status(weights or Settings.read().weights))


@models.command()
def fetch() -> None:
    """Get Kokoro's weights and voices and the English tagger, at pinned versions, and check them."""
    from flows.models import fetch_all

    raise typer.Exit(fetch_all(Settings.read().tagger_url))


@models.command()
def verify(weights: Weights = None) -> None:
    """Compare Kokoro's files with the checksums of those that were published."""
    from flows.models import verify_all

    raise typer.Exit(verify_all(weights or Settings.read().weights))


def main() -> None:
    """Run the command."""
    _fill_standard_streams()
    app()


def _fill_standard_streams() -> None:
    """Where one is closed (`2>&-`), let nothing that is opened later be taken for it, nor by a child."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # which takes the lowest that is free


if __name__ == "__main__":
    main()
