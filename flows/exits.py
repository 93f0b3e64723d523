"""What the command's exit status says."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit status of `bindery`."""

    DONE = 0
    FAULT = 1  # in audiobindery itself
    USAGE = 2
    SOME_FAILED = 3
    CANNOT_START = 4  # no weights, no ffmpeg
