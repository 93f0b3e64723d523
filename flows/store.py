"""`bindery store`: what is kept of earlier runs, room made on the disk, every segment checked."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Final

import typer
from pydantic import ByteSize
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.errors import CannotStart
from flows.exits import Exit
from flows.settings import Settings, bytes_in
from outputs.errors import OutputError
from outputs.store import SegmentStore
from outputs.upkeep import Stock, Wanted, stock_of
from outputs.upkeep import verify as verify_segments

app: Final = typer.Typer(
    help="Spoken segments and encoded chapters: see what is kept, make room, find damage.",
    no_args_is_help=True,
)
_UNITS_S: Final = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}


@app.command()
def info(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Show how much is kept, and how long it was not used."""
    from tasks.upkeep import jobs_in, shelves_of

    with _named():
        settings = Settings.read()
        limit_bytes = settings.store_limit_bytes
        shelves = shelves_of(SegmentStore(settings.segments), settings.parts)
        stocks = {shelf.name: stock_of(shelf.place) for shelf in shelves}
        jobs = jobs_in(settings.work, time.time())
    where = {"segments": str(settings.segments), "encoded chapters": str(settings.parts)}
    if as_json:
        facts = {name: _facts(stock, where[name]) for name, stock in stocks.items()}
        more = {"jobs": len(jobs.under_way), "abandoned": len(jobs.abandoned), "limit_bytes": limit_bytes}
        typer.echo(json.dumps(facts | more))
        return
    table = Table("", "number", "size", "unused since", "at", box=None, pad_edge=False, header_style="dim")
    for name, stock in stocks.items():
        oldest = date.fromtimestamp(stock.oldest_s).isoformat() if stock.oldest_s is not None else "–"
        table.add_row(name, f"{len(stock.stored):,}", _size(stock.size_bytes), oldest, escape(where[name]))
    Console().print(table)
    leftovers = sum(len(stock.leftovers) for stock in stocks.values())
    _say(f"{len(jobs.under_way)} jobs under way")
    if leftovers or jobs.abandoned:
        _say(f"unfinished: {leftovers} files, {len(jobs.abandoned)} work folders; see `bindery store prune`")
    _say(f"limit: {_size(limit_bytes)}" if limit_bytes is not None else "no limit")


@app.command()
def prune(
    to: Annotated[
        str | None, typer.Option(help="Down to this size: 20GB. [default: BINDERY_STORE_LIMIT]")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option(help="All that was not used for so long: 90d, 12h, 4w.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and leave it.")] = False,
) -> None:
    """Remove what was used longest ago, never what a running job needs; it is spoken again when wanted.

    What runs that died left behind goes in any case, a day after.
    """
    from tasks.upkeep import shelves_of, tidied

    unused_s = _seconds_in(older_than) if older_than is not None else None
    if to is not None and bytes_in(to) is None:
        raise _refused(f"--to {to}: write a size such as 20GB", Exit.USAGE)
    with _named():
        settings = Settings.read()
        limit_bytes = bytes_in(to) if to is not None else None if older_than else settings.store_limit_bytes
        shelves = shelves_of(SegmentStore(settings.segments), settings.parts)
        pruned = tidied(shelves, Wanted(limit_bytes, unused_s), settings.work, dry_run=dry_run)
    for one in pruned:
        gone = f"{one.stored:,} {one.name} {'would go' if dry_run else 'removed'}, {_size(one.size_bytes)}"
        leftovers = f"; {one.leftovers} unfinished files" if one.leftovers else ""
        spared = f"; {one.spared} stay, which a running job needs" if one.spared else ""
        _say(gone + leftovers + spared)


@app.command()
def verify() -> None:
    """Read every segment and compare it with its checksum; what is damaged is removed, and spoken again."""
    with _named():
        store = SegmentStore(Settings.read().segments)
        whole = damaged = 0
        for _, problem in verify_segments(store):
            if problem is None:
                whole += 1
            else:
                damaged += 1
                _say(f"[red]✗[/] {escape(problem)}")
    _say(
        f"[green]✓[/] {whole:,} segments are whole"
        + (f", {damaged} damaged and now removed" if damaged else "")
    )


def _facts(stock: Stock, where: str) -> dict[str, object]:
    return {
        "at": where,
        "number": len(stock.stored),
        "bytes": stock.size_bytes,
        "oldest_s": stock.oldest_s,
        "leftovers": len(stock.leftovers),
    }


def _seconds_in(age: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([hdw])", age.strip().lower())
    if not found:
        raise _refused(f"--older-than {age}: write an age such as 90d, 12h or 4w", Exit.USAGE)
    return float(found[1]) * _UNITS_S[found[2]]


def _size(size_bytes: int) -> str:
    return ByteSize(size_bytes).human_readable(decimal=True, separator=" ")


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except (CannotStart, OutputError) as error:
        raise _refused(str(error), Exit.CANNOT_START) from None


def _refused(problem: str, status: Exit) -> typer.Exit:
    Console(stderr=True).print(f"[red]✗[/] {escape(problem)}", soft_wrap=True, highlight=False)
    return typer.Exit(status)


def _say(words: str) -> None:
    Console().print(words, soft_wrap=True, highlight=False)
