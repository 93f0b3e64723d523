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

# Prefect copies the context into a task's thread; a run on another machine has no listener.
_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell `listener` of all that happens inside; it is called from several threads."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def tell(event: Event) -> None:
    """Tell the listener, if there is one."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(event)
