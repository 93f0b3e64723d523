"""An entry of a lexicon into the sentences of finished books that have its word."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from outputs.finished import FinishedBook
from outputs.publish import TIMELINE_NAME
from synth.errors import UnknownVoice
from synth.lexicon import Entry, Lexicon, Lookup
from synth.voices import spoken_language


@dataclass(frozen=True, slots=True)
class Heard:
    """A finished book in which a word is heard."""

    book: FinishedBook
    sentences: tuple[str, ...]
    audio_s: float  # of those sentences


def books_with(entries: Iterable[Entry], books: Iterable[FinishedBook]) -> Iterator[Heard]:
    """The books whose sentences have a word of these entries, each once, whatever its formats are.

    What is spoken again may be less, where other pronunciations go before these, or a little more, since
    short sentences are spoken together: `tasks.changes` knows exactly.
    """
    lexicon = Lexicon(tuple(entries))
    lookup = cache(lambda language: Lookup(language, lexicon))
    letters = {max(re.findall(r"\w+", entry.word), key=len).casefold() for entry in lexicon.entries}
    seen = set()
    for book in books:
        if (book.library, book.shelf) in seen:
            continue
        seen.add((book.library, book.shelf))
        found = list(_sentences(book, letters, lookup))
        if found:
            yield Heard(book, tuple(text for text, _ in found), sum(audio_s for _, audio_s in found))


def _sentences(
    book: FinishedBook, letters: Iterable[str], lookup: Callable[[str], Lookup]
) -> Iterator[tuple[str, float]]:
    """Each sentence of a book that has one of the words, with its seconds of audio."""
    try:
        timeline = (book.folder / TIMELINE_NAME).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # somebody removed or replaced it: no listener misses it
        return
    if not _may_have(timeline, letters):  # which spares most books the reading of their JSON
        return
    languages = {chapter.number: _language(chapter.voice) for chapter in book.chapters}
    for chapter in json.loads(timeline)["chapters"]:
        language = languages.get(chapter["number"])
        if language is None:
            continue
        for sentence in chapter["sentences"]:
            text = sentence["text"]
            if _may_have(text, letters) and lookup(language).given(text):
                yield text, sentence["end_s"] - sentence["start_s"]


def _may_have(text: str, letters: Iterable[str]) -> bool:
    folded = text.casefold()
    return any(word in folded for word in letters)


def _language(voice: str) -> str | None:
    """The language of a voice; None: of one that is no longer known."""
    try:
        return spoken_language(voice)
    except UnknownVoice:
        return None
