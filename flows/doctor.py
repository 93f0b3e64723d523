"""`bindery doctor`: what this machine has, and how to get what it lacks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flows.settings import Settings
from outputs.errors import FfmpegMissing
from outputs.ffmpeg import find_ffmpeg
from synth.devices import best_device
from synth.draft import espeak_version
from synth.errors import DraftVoiceFailed, WeightsMissing
from synth.trained_tagger import NO_TAGGER, find_tagger
from synth.weights import CHECKPOINT, CONFIG, find_files

_LEAST_FREE_BYTES: Final = 2 * 10**9  # segments of a ten-hour book and its files come to about that


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked for. required: nothing at all works without it."""

    name: str
    found: bool
    detail: str
    required: bool = False


def findings(settings: Settings) -> Iterator[Finding]:
    """Look for everything, best first; nothing is downloaded."""
    try:
        ffmpeg = find_ffmpeg(settings.ffmpeg)
        yield Finding("ffmpeg", True, f"{ffmpeg.version_line.split(' Copyright')[0]} ({ffmpeg.path})", True)
    except FfmpegMissing as error:
        yield Finding("ffmpeg", False, str(error), True)
    try:
        yield Finding("draft voice", True, f"espeak-ng {espeak_version()}")
    except DraftVoiceFailed as error:
        yield Finding("draft voice", False, str(error))
    try:
        names = (CHECKPOINT, CONFIG, "voices/af_heart.pt")
        checkpoint, *_ = find_files(names, settings.weights, download=False)
        yield Finding("Kokoro's weights", True, str(checkpoint.parent))
    except WeightsMissing as error:
        yield Finding("Kokoro's weights", False, str(error))
    try:
        tagger = find_tagger(settings.weights)
        detail = tagger or f"some words may be stressed wrongly: {NO_TAGGER}"
        yield Finding("English tagger", tagger is not None, detail)
    except WeightsMissing as error:
        yield Finding("English tagger", False, str(error))
    device = best_device()
    yield Finding(
        "GPU", device != "cpu", device if device != "cpu" else "none that torch can use; the CPU works"
    )
    yield _disk("disk, working files", settings.home)
    yield _disk("disk, library", settings.library)


def _disk(name: str, folder: Path) -> Finding:
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    free_bytes = shutil.disk_usage(there).free
    return Finding(name, free_bytes > _LEAST_FREE_BYTES, f"{free_bytes / 1e9:.0f} GB free at {folder}", True)
