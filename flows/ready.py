"""What is wanted of a run, checked before a document is read: what would fail for every one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flows.lexicon import standing_lexicon
from flows.narrate import NarrationOptions
from flows.news import hooks_of
from flows.settings import Settings, check_writable
from outputs.companions import companions_named
from outputs.disk import check_room
from outputs.encode import formats_named
from outputs.ffmpeg import find_ffmpeg
from outputs.places import place_of
from outputs.verify import check_verifier

_USUAL_LANGUAGE: Final = "en"  # its dictionaries take two seconds to be read, the others' next to nothing
_ANY_SENTENCE: Final = "The lamp was lit at six."


def check_ready(options: NarrationOptions, settings: Settings) -> None:
    """Find out what would fail for every document.

    Raises:
        UnknownFormat, BadCompanion, UnknownVoice, UnknownPreference, BadCompute, BadLexicon: something is
            wanted that does not exist.
        SpeechError, OutputError, CannotStart: something is not there that is needed.
    """
    companions_named(options.beside, formats_named(options.formats), options.base_url or settings.base_url)
    options.preferences()
    options.lexicons()
    standing_lexicon(settings)
    find_ffmpeg(settings.ffmpeg)
    if options.verify:
        check_verifier()
    place_of(settings.segments)
    _ = settings.store_limit_bytes
    speaker = options.service(settings).speaker
    if options.voice is not None:
        speaker.language_of(options.voice)
    check_writable(library_of(options, settings), "Choose another one with --out")
    check_disks(options, settings)
    hooks_of(settings)


def get_ready(options: NarrationOptions, settings: Settings) -> None:
    """The same; and load what the first document would wait for.

    Raises:
        UnknownFormat, SpeechError: and all the others, as `check_ready` has them.
    """
    check_ready(options, settings)
    speaker = options.service(settings).speaker
    voice = options.voice or speaker.default_voice(_USUAL_LANGUAGE)
    speaker.pronounce(_ANY_SENTENCE, speaker.language_of(voice))


def check_disks(options: NarrationOptions, settings: Settings) -> None:
    """Make sure of room on every disk that is written to.

    Raises:
        DiskFull: one has less than is to stay free.
        CannotStart: the setting is no size.
    """
    folders = [settings.home, library_of(options, settings)]
    if isinstance(settings.segments, Path):
        folders.append(settings.segments)
    check_room(folders, settings.least_free_bytes)


def library_of(options: NarrationOptions, settings: Settings) -> Path:
    """The folder that finished books go to."""
    return Path(options.library) if options.library else settings.library
