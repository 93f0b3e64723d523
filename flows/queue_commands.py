"""`bindery queue` and `bindery status`: what is to be made, in which order, and how far it is."""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.errors import CannotStart
from flows.exits import Exit
from flows.lexicon import Lexicons
from flows.priorities import Priority
from flows.settings import Settings, configure_prefect
from flows.speakers import Engine
from inputs.errors import DocumentError
from outputs.errors import OutputError
from synth.errors import SpeechError

if TYPE_CHECKING:
    from flows.queueing import Added, Entry, Queue

# What a command needs is imported when it runs: `bindery --help` must not wait for Prefect.

app: Final = typer.Typer(
    help="Documents that wait for `bindery serve`: add, see, cancel, retry, move.", no_args_is_help=True
)

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="As `list` shows them.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line on standard output.")]
_AT_ONCE: Final = 50  # documents after which the queue is read again, to tell their places
_LATELY: Final = 20  # ended documents that `list --all` shows
_MARKS: Final = {"done": "[green]✓[/]", "failed": "[red]✗[/]", "died": "[red]✗[/]", "running": "[green]▶[/]"}


@app.command()
def add(
    files: Annotated[
        list[Path],
        typer.Argument(help="EPUB, PDF, Word, HTML, Markdown or text documents.", show_default=False),
    ],
    priority: Annotated[Priority, typer.Option(help="high goes before normal, normal before low.")] = (
        Priority.NORMAL
    ),
    by: Annotated[str | None, typer.Option(help="Who wants it. [default: you]", show_default=False)] = None,
    due: Annotated[
        str | None,
        typer.Option(help="By when: 17:00, 2027-03-31 or '2027-03-31 17:00'.", show_default=False),
    ] = None,
    voice: Annotated[
        str | None, typer.Option(help="A name from `bindery voices`. (default: the best for the language)")
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="kokoro; or draft, a robot voice to check a book by ear in seconds.")
    ] = Engine.KOKORO,
    speed: Annotated[
        float | None, typer.Option(help="0.5 to 2.0; 1 is the voice's own pace. [default: 1]")
    ] = None,
    chapters: Annotated[str | None, typer.Option(help="Numbers and ranges: 2-4,7. (default: all)")] = None,
    formats: Annotated[
        str | None,
        typer.Option(help="m4b (one file for the book); mp3, m4a, opus, flac, wav. [default: m4b,mp3]"),
    ] = None,
    lexicon: Lexicons = None,
    out: Annotated[
        Path | None, typer.Option(help="The library folder. (default: that of `bindery serve`)")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add documents; each is read once, so that one that cannot be is refused at once."""
    from flows.narrate import NarrationOptions

    due_at = _moment(due) if due else None
    chosen = {
        "engine": engine,
        "voice": voice,
        "speed": speed,
        "chapters": chapters,
        **({"formats": [name.strip() for name in formats.split(",") if name.strip()]} if formats else {}),
        "lexicon": [str(path.absolute()) for path in lexicon or []],
        "library": str(out.absolute()) if out else None,
    }
    refused = 0
    with _queue() as (queue, settings):
        try:
            options = NarrationOptions.model_validate(chosen)
        except ValidationError as error:
            first = error.errors()[0]
            raise _end(f"--{first['loc'][0]} {first['input']}: {first['msg']}", Exit.USAGE) from None
        _check(options, settings)
        for place in range(0, len(files), _AT_ONCE):
            put: list[Added] = []
            for file in files[place : place + _AT_ONCE]:
                try:
                    put.append(queue.put(file, options, priority, by or getpass.getuser(), due_at))
                except DocumentError as error:
                    refused += 1
                    _say(f"[red]✗[/] {escape(str(error))}", error=True)
            for added in queue.placed(put):
                if as_json:
                    facts = {**_facts(added.entry), "is_new": added.is_new}
                    typer.echo(json.dumps(facts, ensure_ascii=False))
                else:
                    _tell_added(added.entry, is_new=added.is_new)
    raise typer.Exit(Exit.SOME_FAILED if refused else Exit.DONE)


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Also what ended lately.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what runs and what waits, in order, and when each will be done."""
    with _queue() as (queue, _):
        entries = queue.entries() + (queue.ended(_LATELY) if everything else [])
    if as_json:
        for entry in entries:
            typer.echo(json.dumps(_facts(entry), ensure_ascii=False))
    elif entries:
        Console().print(_table(entries))
    else:
        _say("Nothing waits.")


@app.command()
def show(ids: Ids, as_json: AsJson = False) -> None:
    """Show all that is known of documents in the queue."""
    with _queue() as (queue, _):
        entries = [queue.entry(one) for one in ids]
    for entry in entries:
        if as_json:
            typer.echo(json.dumps(_facts(entry), ensure_ascii=False))
            continue
        table = Table(box=None, pad_edge=False, show_header=False)
        for name, value in _facts(entry).items():
            if value not in (None, False):
                table.add_row(f"[dim]{name}[/]", escape(str(value)))
        Console().print(table)


@app.command()
def cancel(ids: Ids) -> None:
    """Take documents out of the queue; one that runs is ended, and leaves nothing half-done."""
    with _queue() as (queue, _):
        for one in ids:
            entry = queue.cancel(one)
            _say(f"[green]✓[/] {entry.id} {escape(Path(entry.document).name)} is {entry.stage.value}")


@app.command()
def retry(ids: Ids) -> None:
    """Have documents done after all that failed, died or were cancelled."""
    with _queue() as (queue, _):
        for one in ids:
            entry = queue.retry(one)
            _say(f"[green]✓[/] {entry.id} {escape(Path(entry.document).name)} waits again")


@app.command()
def move(
    ids: Ids,
    priority: Annotated[
        Priority | None, typer.Option(help="Where to. [default: as it was]", show_default=False)
    ] = None,
    first: Annotated[bool, typer.Option("--first", help="Before all others of that priority.")] = False,
) -> None:
    """Give waiting documents another place: at the end of a priority, or --first of it."""
    with _queue() as (queue, _):
        for one in reversed(ids) if first else ids:
            entry = queue.move(one, priority, first=first)
            _say(
                f"[green]✓[/] {entry.id} {escape(Path(entry.document).name)} is number {entry.position},"
                f" {entry.priority}"
            )


def status(as_json: AsJson = False) -> None:
    """Show what this machine is doing: what runs, what waits, how fast it speaks."""
    with _queue() as (queue, settings):
        entries = queue.entries()
        ended = queue.ended(_LATELY)
    figures = _figures(settings)
    running = [entry for entry in entries if entry.position is None]
    waiting = [entry for entry in entries if entry.position is not None]
    if as_json:
        facts = {"running": list(map(_facts, running)), "waiting": len(waiting), "speaking": figures}
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    if running:
        Console().print(_table(running))
    ready = next((entry.ready for entry in reversed(entries) if entry.ready), None)
    until = f"; all will be done about {_clock(ready)}" if ready else ""
    _say(f"{len(running)} under way, {len(waiting)} waiting{until}")
    failed = [entry for entry in ended if entry.stage.value in ("failed", "died")]
    if failed:
        _say(f"[red]✗[/] {len(failed)} failed lately; `bindery queue list --all` shows them")
    for engine, one in figures.items():
        speed = f"{one['rtfx']:.0f}× real time" if one["rtfx"] else "nothing spoken yet"
        _say(
            f"{engine}: {speed}, {one['audio_s'] / 3600:.1f} h of audio, batch efficiency "
            f"{one['batch_efficiency']:.0%}, {one['waiting'] + one['under_way']} chunks wait or are under way"
        )


def _figures(settings: Settings) -> dict[str, Any]:
    """How the speaking service of this machine fares, by engine; empty where none can be asked."""
    from flows.served import addresses_in
    from flows.speaking_client import health_of

    addresses = addresses_in(settings.home)
    return health_of(Path(addresses.speaking)) if addresses else {}


def _check(options: Any, settings: Settings) -> None:
    """Find out now what would fail in the run: an unknown voice or format, a bad lexicon, no weights."""
    from flows.served import addresses_in
    from outputs.encode import formats_named

    formats_named(options.formats)
    options.lexicons()
    addresses = addresses_in(settings.home)
    if addresses:
        speaker = options.service(replace(settings, speaking=Path(addresses.speaking))).speaker
        if options.voice is not None:
            speaker.language_of(options.voice)


@contextmanager
def _queue() -> Iterator[tuple[Queue, Settings]]:
    """The queue; what goes wrong with it is told in one line."""
    try:
        settings = Settings.read()
        configure_prefect(settings, verbose=False)
        from flows.queueing import NotInQueue, open_queue

        try:
            with open_queue(settings) as queue:
                yield queue, settings
        except NotInQueue as error:
            raise _end(str(error), Exit.USAGE) from None
    except (CannotStart, OutputError, SpeechError) as error:
        raise _end(str(error), Exit.CANNOT_START) from None


def _tell_added(entry: Entry, *, is_new: bool) -> None:
    name = escape(Path(entry.document).name)
    if not is_new:
        _say(f"[yellow]![/] {entry.id} {name} is in the queue already: {entry.stage.value}")
        return
    place = f"number {entry.position}" if entry.position else entry.stage.value
    ready = f", done about {_clock(entry.ready)}" if entry.ready else ""
    _say(f"[green]✓[/] {entry.id} {name}: {place}{ready}")
    if entry.is_late:
        _say(f"[yellow]![/] that is after it is due; `bindery queue move {entry.id} --first` may help")


def _table(entries: Iterable[Entry]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", "id", "document", "priority", "by", "state", "done"):
        table.add_column(name, overflow="fold")
    for entry in entries:
        done = entry.ended if entry.ended else entry.ready
        late = " [red]late[/]" if entry.is_late else ""
        table.add_row(
            str(entry.position) if entry.position else _MARKS.get(entry.stage.value, ""),
            entry.id,
            escape(Path(entry.document).name),
            entry.priority,
            escape(entry.by or ""),
            entry.stage.value,
            (_clock(done) if done else "–") + late,
        )
    return table


def _facts(entry: Entry) -> dict[str, Any]:
    moments = {
        name: value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
        for name, value in asdict(entry).items()
    }
    return {**moments, "stage": entry.stage.value, "is_late": entry.is_late}


def _clock(moment: datetime) -> str:
    """A moment as people read it: 17:05 today, else with its date."""
    here = moment.astimezone()
    return f"{here:%H:%M}" if here.date() == datetime.now().astimezone().date() else f"{here:%Y-%m-%d %H:%M}"


def _moment(words: str) -> datetime:
    """A time of day is the next one; a date is its end."""
    now = datetime.now().astimezone()
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}", words):
            hours, minutes = map(int, words.split(":"))
            at = now.replace(hour=hours, minute=minutes, second=0, microsecond=0)
            return (at if at > now else at + timedelta(days=1)).astimezone(UTC)
        at = datetime.fromisoformat(words)
    except ValueError:
        raise _end(f"--due {words}: write 17:00, 2027-03-31 or '2027-03-31 17:00'", Exit.USAGE) from None
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
        at = at.replace(hour=23, minute=59)
    return at.astimezone(UTC)


def _end(problem: str, status: Exit) -> typer.Exit:
    _say(f"[red]✗[/] {escape(problem)}", error=True)
    return typer.Exit(status)


def _say(words: str, *, error: bool = False) -> None:
    Console(stderr=error).print(words, soft_wrap=True, highlight=False)
