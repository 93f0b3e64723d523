"""A Book into the text of a book.toml: every chapter, and all that can be wanted of it, ready to edit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping

from inputs.book import Book, Chapter
from inputs.matching import full_name, opening
from inputs.wording import one_line

_HEAD = """\
# What audiobindery makes of {file}.
#
# It is read whenever that document is converted or inspected, as long as it lies beside it under this name.
# A line that begins with # counts for nothing: take the # away and change what stands behind the = sign.
# Text stands in quotes; yes and no are written true and false.
# `bindery inspect {file}` shows what comes of it.

[book]
"""
_PAUSES = """
# Silences in seconds. head and tail are those before and after a chapter.
[pauses]
"""
_READING = """
# What is heard of things that are written for the eye: "usual", "skip", "announce" or "read".
[reading]
"""
_LEXICON = """
# How words are said: as other words, or in phonemes (IPA) between slashes.
[lexicon]
# Versailles = "ver sigh"
# Hermione = "/hɝˈmaɪəni/"
"""
_CHAPTERS = """
# The chapters. Each is found by its name and the words that it begins with, in a new edition of the document
# too: leave those two lines as they are. Below them you can write
#
#   title = "Another title"        what players show
#   speak = false                  leaves the chapter out; true lets one be heard that is not spoken
#   merge = true                   joins it to the chapter before it
#   split = ["He woke at noon"]    begins a new chapter at the paragraph that starts so; with a title of its
#                                  own: split = [{ at = "He woke at noon", title = "Noon" }]
#   voice = "bf_emma"              reads this chapter; `bindery voices` lists all
#   speed = 0.9                    reads it slower; 1 is the voice's own pace
"""


def book_toml_text(
    book: Book,
    *,
    voice: str,
    pauses: Mapping[str, float],
    reading: Mapping[str, str],
    chosen: Mapping[str, str],
) -> str:
    """The text of a book.toml that asks for nothing but `chosen`, and shows all that can be asked for.

    book: as it was read, with nothing applied. voice: one for its language. pauses: the usual ones, seconds.
    reading: the usual choices. chosen: those that shall hold, "matter" and the names in `reading`.
    """
    return "".join(
        (
            _HEAD.format(file=one_line(book.source.name)),
            *_metadata(book),
            f"# voice = {quoted(voice)}\n# speed = 1.0\n",
            _choice("matter", "body", chosen),
            _PAUSES,
            *(f"# {name} = {seconds}\n" for name, seconds in pauses.items()),
            _READING,
            *(_choice(name, usual, chosen) for name, usual in reading.items()),
            _LEXICON,
            _CHAPTERS,
            *_entries(book),
        )
    )


def quoted(text: str) -> str:
    """Text as TOML writes it between quotes; what cannot be written in UTF-8 becomes a question mark."""
    whole = text.encode("utf-8", "replace").decode()
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")  # the rest is as in JSON


def _metadata(book: Book) -> Iterator[str]:
    yield f"# title = {quoted(book.title)}\n"
    yield f"# authors = [{', '.join(map(quoted, book.authors or ('Jane Doe',)))}]\n"
    known = {
        "language": book.language,
        "publisher": book.publisher or "Their House",
        "published": book.published or "2001",
        "description": book.description or "What the book is about.",
        "isbn": "978-0-306-40615-7",
        "series": "The Series",
        "part": "1",
        "narrator": "A Name",
        "cover": "cover.jpg",
    }
    for name, text in known.items():
        yield f"# {name} = {quoted(text)}\n"


def _choice(name: str, usual: str, chosen: Mapping[str, str]) -> str:
    return f"{name} = {quoted(chosen[name])}\n" if name in chosen else f"# {name} = {quoted(usual)}\n"


def _entries(book: Book) -> Iterator[str]:
    number = 0
    for chapter in book.chapters:
        name, begins = full_name(chapter).strip(), opening(chapter)
        number += chapter.is_spoken
        if not (name or begins):
            continue  # a picture without a name: there is nothing that it could be known by
        if chapter.is_spoken:
            yield f"\n[[chapter]]  # {number}: {chapter.spoken_words:,} words\n"
        else:
            yield f"\n[[chapter]]  # not spoken: {_why_silent(chapter)}\n"
        if name:
            yield f"name = {quoted(name)}\n"
        if begins:
            yield f"begins = {quoted(begins)}\n"
        yield f"# title = {quoted(chapter.title or begins)}\n"
        yield f"# speak = {'false' if chapter.is_spoken else 'true'}\n"


def _why_silent(chapter: Chapter) -> str:
    reasons = Counter(block.skip.value for block in chapter.blocks if block.skip and block.text.strip())
    return reasons.most_common(1)[0][0] if reasons else "nothing to speak in it"
