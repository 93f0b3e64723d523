"""An audio file's chapters into JSON chapters, as podcast apps read them (Podcasting 2.0, version 1.2.0)."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
from typing import Final

from inputs.book import Place
from outputs.audio_file import AudioFile
from outputs.timeline import HeardSentence
from synth.audio import SAMPLE_RATE_HZ

MEDIA_TYPE: Final = "application/json+chapters"


def chapters_json(file: AudioFile, book_title: str, author: str, headings: Container[Place]) -> bytes:
    """Where each chapter begins; in a file of one chapter, where each of its headings is heard.

    headings: the places of the document that are headings.
    """
    marks = [(start, title) for start, title in zip(file.starts, file.titles, strict=True)]
    if len(file.tracks) == 1:
        marks += _headings_inside(file.tracks[0].timeline, headings)
    chapters = [{"startTime": round(start / SAMPLE_RATE_HZ, 3), "title": title} for start, title in marks]
    facts = {
        "version": "1.2.0",
        "title": file.title,
        "author": author,
        "podcastName": book_title,
        "fileName": file.name,
        "chapters": chapters,
    }
    return (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode()


def _headings_inside(
    timeline: tuple[HeardSentence, ...], headings: Container[Place]
) -> Iterator[tuple[int, str]]:
    """The headings after the first words of text; those before it are the chapter's own title."""
    in_text = False
    for sentence in timeline:
        if sentence.place is None:
            continue
        if sentence.place not in headings:
            in_text = True
        elif in_text:
            yield sentence.start_sample, sentence.written
