"""What happens while books are made into lines of progress on the terminal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from tasks.progress import ChapterFinished, Event, Listener, Planned, Spoken


class ProgressBoard:
    """A line for each document under way: chapters done, audio so far, speed, time left."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    @contextmanager
    def line(self, document: str) -> Iterator[Listener]:
        """A line for a document, until it is done."""
        line = _Line(self._progress, Path(document).name)
        try:
            yield line.hear
        finally:
            self._progress.remove_task(line.task)


class _Line:
    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self.task = progress.add_task(escape(name), total=None, state="reading")
        self._lock = threading.Lock()
        self._started_s = monotonic()
        self._chapters = self._chapters_done = 0
        self._audio_s = 0.0

    def hear(self, event: Event) -> None:
        """Show one more event; called from the threads that tasks run in."""
        with self._lock:
            match event:
                case Planned():
                    self._chapters = event.chapters
                    self._started_s = monotonic()
                    self._progress.update(
                        self.task,
                        description=escape(event.title),
                        total=event.phonemes,
                        completed=event.phonemes - event.phonemes_to_speak,
                    )
                case Spoken():
                    self._audio_s += event.audio_s
                    self._progress.advance(self.task, event.phonemes)
                case ChapterFinished():
                    self._chapters_done += 1
            self._progress.update(self.task, state=self._state())

    def _state(self) -> str:
        state = f"chapter {self._chapters_done}/{self._chapters}"
        if self._audio_s:
            rtfx = self._audio_s / max(monotonic() - self._started_s, 1e-3)
            state += f" · {clock(self._audio_s)} of audio · {rtfx:.0f}× real time"
        return state


def chapter_table(*figures: str) -> Table:
    """A table of chapters: number, title, and a right-hand column for each of the figures."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", justify="right")
    table.add_column("chapter")
    for figure in figures:
        table.add_column(figure, justify="right")
    return table


def clock(seconds: float) -> str:
    """Seconds as people read them: 0:42, 12:05, 1:02:03."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def some(number: int, thing: str) -> str:
    """1 book, 1,200 books."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
