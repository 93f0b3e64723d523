"""What happens while a book is made into a line of progress on the terminal."""

from __future__ import annotations

import threading
from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from tasks.progress import ChapterFinished, Event, Planned, Spoken


class ProgressLine:
    """One document's progress: chapters done, audio so far, how many times real time, time left."""

    def __init__(self, console: Console, name: str) -> None:
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
        self._task = self._progress.add_task(name, total=None, state="reading")
        self._lock = threading.Lock()
        self._started_s = monotonic()
        self._chapters = self._chapters_done = 0
        self._audio_s = 0.0

    def __enter__(self) -> ProgressLine:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def hear(self, event: Event) -> None:
        """Show one more event; called from the threads that tasks run in."""
        with self._lock:
            match event:
                case Planned():
                    self._chapters = event.chapters
                    self._started_s = monotonic()
                    self._progress.update(
                        self._task,
                        description=event.title,
                        total=event.phonemes,
                        completed=event.phonemes - event.phonemes_to_speak,
                    )
                case Spoken():
                    self._audio_s += event.audio_s
                    self._progress.advance(self._task, event.phonemes)
                case ChapterFinished():
                    self._chapters_done += 1
            self._progress.update(self._task, state=self._state())

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
