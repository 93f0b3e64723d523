"""What a listener wants beside the audio, by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from outputs.encode import CODECS, Codec, Format
from outputs.errors import BadCompanion


class Companion(StrEnum):
    """A kind of file that stands beside the audio on request."""

    VTT = "vtt"  # WebVTT captions
    SRT = "srt"  # SubRip captions
    LRC = "lrc"  # lyrics for music players
    CHAPTERS = "chapters"  # Podcasting 2.0 chapters
    W3C = "w3c"  # a W3C audiobook: publication.json, and all of it in one .lpf file
    RSS = "rss"  # a podcast feed of the MP3s
    READALONG = "readalong"  # the EPUB itself, with its audio: the sentence that is heard is lit up


@dataclass(frozen=True, slots=True)
class Companions:
    """What is to stand beside the audio. base_url: where the library will be found, for the feed alone."""

    kinds: frozenset[Companion] = frozenset()
    base_url: str | None = None

    def __contains__(self, kind: Companion) -> bool:
        return kind in self.kinds

    def codecs_beside(self, formats: Sequence[Format]) -> tuple[Codec, ...]:
        """What chapters have to be encoded in besides the formats' own codecs."""
        if Companion.READALONG not in self or read_along_codec(wanted.codec.name for wanted in formats):
            return ()
        return (CODECS["m4a"],)


# EPUB 3.3 section 3.2: MP3 and AAC in MP4 play everywhere. ADTS holds the same AAC, and only needs a wrapper
_READ_ALONG: Final = ("m4a", "aac", "mp3", "mp3-192k")


def read_along_codec(made: Iterable[str]) -> str | None:
    """The best of some codecs for a read-along; None if none will do."""
    names = frozenset(made)
    return next((name for name in _READ_ALONG if name in names), None)


def companions_named(names: Iterable[str], formats: Sequence[Format], base_url: str | None) -> Companions:
    """The companions of these names, which go with these formats.

    Raises:
        BadCompanion: there is none of that name, or it cannot be made with these formats or settings.
    """
    kinds: set[Companion] = set()
    for name in names:
        if name not in frozenset(Companion):
            raise BadCompanion(f"--with {name}: there is no such companion", f"Choose from {_ALL}")
        kinds.add(Companion(name))
    if Companion.W3C in kinds and all(wanted.whole_book for wanted in formats):
        raise BadCompanion(
            "--with w3c needs a file for each chapter, and m4b is one file for the book",
            "Add mp3, m4a, opus, flac or wav to --formats",
        )
    if Companion.RSS in kinds:
        if all(wanted.name != "mp3" for wanted in formats):
            raise BadCompanion("--with rss needs MP3 files", "Add mp3 to --formats")
        if not base_url:
            raise BadCompanion(
                "--with rss needs to know where the library will be found on the web",
                "Name it with --base-url https://… or BINDERY_BASE_URL",
            )
        if urlsplit(base_url).scheme not in ("http", "https") or not urlsplit(base_url).hostname:
            raise BadCompanion(f"--base-url {base_url} is no web address", "Begin it with https://")
    return Companions(frozenset(kinds), base_url)


_ALL: Final = ", ".join(Companion)
