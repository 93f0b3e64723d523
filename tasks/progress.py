"""What happens while a book is made, told to whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Planned:
    """The document is read: this is what will be spoken."""

    title: str
    chapters: int
    phonemes: int  # to be spoken in all
    phonemes_to_speak: int  # of those, not in the store yet


@dataclass(frozen=True, slots=True)
class Spoken:
    """One more segment is in the store."""

    phonemes: int
    audio_s: float


@dataclass(frozen=True, slots=True)
class ChapterFinished:
    """One more chapter is mastered and encoded."""

    number: int
    title: str
    audio_s: float


Event = Planned | Spoken | ChapterFinished
Listener = Callable[[Event], None]

# Prefect copies the context into a task's thread; on another machine nobody listens from outside.
_LISTENERS: ContextVar[tuple[Listener, ...]] = ContextVar("listeners", default=())


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell `listener`, too, of all that happens inside; it is called from several threads."""
    token = _LISTENERS.set((*_LISTENERS.get(), listener))
    try:
        yield
    finally:
        _LISTENERS.reset(token)


def tell(event: Event) -> None:
    """Tell all who listen."""
    for listener in _LISTENERS.get():
        listener(event)
