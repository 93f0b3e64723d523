"""`bindery changes`: what a change would touch of a book, and how long that takes; nothing is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any, Final

import typer
from rich.console import Console
from rich.markup import escape

from flows.display import chapter_table, clock, some
from flows.editions import editions_of
from flows.narrate import NarrationOptions, order_of
from flows.rates import rates_of
from flows.rerun import order_again
from flows.settings import Settings
from outputs.ffmpeg import find_ffmpeg
from outputs.store import SegmentStore
from tasks.changes import ChangedChapter, Changes, changes_of

_SHOWN_SENTENCES: Final = 20


def tell_changes(
    book: Path, given: Mapping[str, Any], chapters: str | None, document: Path | None, *, as_json: bool
) -> None:
    """Show what `bindery rerun` with the same words would do; of a new document, what `convert` would.

    Raises:
        What `order_again` and `changes_of` raise.
    """
    settings = Settings.read()
    notes: tuple[str, ...] = ()
    library = Path(given["library"]) if given.get("library") else settings.library
    if editions_of(book, library, given.get("engine")):
        again = order_again(book, given, settings, chapters, document)
        order, options = again.order, again.options
        if again.document_changed:
            notes = ("the document has changed since the book was made",)
    else:
        options = NarrationOptions.model_validate({**given, "chapters": chapters})
        order = order_of(str(book), options, settings)
    planned_from_s = monotonic()
    changes = changes_of(
        order,
        options.diction(settings),
        SegmentStore(settings.segments),
        settings.parts,
        find_ffmpeg(settings.ffmpeg),
    )
    planning_s = monotonic() - planned_from_s  # which a rerun does as well
    work_s = rates_of(settings.home, order.engine).seconds_for(
        changes.spoken_s, changes.mastered_s, changes.audio_s if changes.files else 0.0
    )
    takes_s = None if work_s is None else planning_s + work_s
    if as_json:
        typer.echo(json.dumps(_facts(changes, order.document, takes_s, notes), ensure_ascii=False))
    else:
        _tell(changes, takes_s, notes)


def _facts(
    changes: Changes, document: Path, takes_s: float | None, notes: tuple[str, ...]
) -> dict[str, object]:
    return {
        "file": str(document),
        "title": changes.title,
        "folders": [str(folder) for folder in changes.folders],
        "is_new": changes.is_new,
        "chapters": [
            {
                "number": one.number,
                "title": one.title,
                "audio_s": round(one.audio_s, 1),
                "sounds_otherwise": one.sounds_otherwise,
                "sentences": one.sentences,
                "chunks": one.keys,
                "spoken_s": round(one.spoken_s, 1),
                "mastered": one.to_master,
                "files": one.files,
            }
            for one in changes.chapters
            if not one.stays
        ],
        "chapters_in_all": len(changes.chapters),
        "bound": changes.bound,
        "removed": changes.removed,
        "chunks": len(changes.keys),
        "spoken_s": round(changes.spoken_s, 1),
        "mastered_s": round(changes.mastered_s, 1),
        "estimated_s": round(takes_s, 1) if takes_s is not None else None,
        "warnings": [*notes, *changes.warnings],
    }


def _tell(changes: Changes, takes_s: float | None, notes: tuple[str, ...]) -> None:
    console = Console()
    touched = [one for one in changes.chapters if not one.stays]
    console.print(f"[bold]{escape(changes.title)}[/]: {_summary(changes)}", highlight=False)
    if touched:
        table = chapter_table("sentences", "spoken", "length")
        table.add_column("")
        for one in touched:
            spoken = clock(one.spoken_s) if one.keys else "–"
            sentences = str(len(one.sentences)) if one.sentences else "–"
            table.add_row(
                str(one.number), escape(one.title), sentences, spoken, clock(one.audio_s), _what(one)
            )
        console.print(table)
    if not changes.is_new:
        _tell_sentences(touched, console)
    for verb, names in (("bound again", changes.bound), ("removed", changes.removed)):
        for name in names:
            console.print(f"  {verb}: {escape(name)}", soft_wrap=True, highlight=False)
    for note in (*notes, *changes.warnings):
        console.print(f"[yellow]![/] {escape(note)}", soft_wrap=True, highlight=False)
    if touched or changes.bound:
        takes = f"about {clock(max(1.0, takes_s))}" if takes_s is not None else "not measured yet"
        console.print(f"On this machine: {takes}", highlight=False)


def _tell_sentences(touched: list[ChangedChapter], console: Console) -> None:
    sentences = [(one.number, sentence) for one in touched for sentence in one.sentences]
    for number, sentence in sentences[:_SHOWN_SENTENCES]:
        console.print(f"  [dim]{number}:[/] {escape(sentence)}", soft_wrap=True, highlight=False)
    if len(sentences) > _SHOWN_SENTENCES:
        more = len(sentences) - _SHOWN_SENTENCES
        console.print(f"  … and {more} more sentences; --json has all", highlight=False)


def _summary(changes: Changes) -> str:
    if changes.is_new:
        return (
            f"not in the library yet; {some(len(changes.chapters), 'chapter')}, "
            f"{clock(changes.spoken_s)} of audio to be spoken"
        )
    sounding = [one for one in changes.chapters if one.sounds_otherwise]
    sentences = sum(len(one.sentences) for one in changes.chapters)
    if sounding:
        return (
            f"{len(sounding)} of {some(len(changes.chapters), 'chapter')} would sound otherwise, "
            f"{some(sentences, 'sentence')}; {clock(changes.spoken_s)} of audio to be spoken"
        )
    if changes.keys:
        return f"it sounds as before; {clock(changes.spoken_s)} of audio is no longer kept"
    return "it sounds as before" if changes.files or changes.removed else "nothing would change"


def _what(chapter: ChangedChapter) -> str:
    """What is done for a chapter, in a few words."""
    what = []
    if chapter.keys:
        what.append("spoken (its sound is no longer kept)" if chapter.lost_s else "spoken")
    if chapter.to_master:
        what.append("mastered")
    if chapter.files:
        what.append("written" if chapter.sounds_otherwise else "tagged")
    return ", ".join(what)
