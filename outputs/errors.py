"""What can go wrong between sound and finished files, each with its code, its words and what to do."""

from __future__ import annotations


class OutputError(Exception):
    """A file cannot be made; `str()` of it is one line for a person.

    code: short and stable, for programs. message: what is wrong. hint: what to do about it.
    """

    code = "output"

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}"


class FfmpegMissing(OutputError):
    """No ffmpeg by setting, on PATH, or in the imageio-ffmpeg package."""

    code = "ffmpeg-missing"


class UnknownFormat(OutputError):
    """No output format of that name; the hint lists those that exist."""

    code = "unknown-format"


class EncoderFailed(OutputError):
    """ffmpeg ended badly, was killed, ran out of time, or wrote another length than it was given."""

    code = "encoder-failed"


class FinisherLost(OutputError):
    """A process that finished a chapter ended before it was done."""

    code = "finisher-lost"


class VerifierMissing(OutputError):
    """The listening check was asked for, and what it needs is not installed."""

    code = "verifier-missing"


class SegmentDamaged(OutputError):
    """A stored segment's bytes are not those that were written."""

    code = "segment-damaged"


class SegmentMissing(OutputError):
    """A segment that a chapter needs is not in the store."""

    code = "segment-missing"


class StoreUnreachable(OutputError):
    """The segment store is at a URL that cannot be opened, read or written."""

    code = "store-unreachable"


class DiskFull(OutputError):
    """No room left where files are written."""

    code = "disk-full"


class NotAsPlanned(OutputError):
    """A finished file was read back and is not what the plan says: duration, marks, tags or loudness."""

    code = "not-as-planned"


class BadCompanion(OutputError):
    """What is wanted beside the audio does not exist, or not with these formats and settings."""

    code = "bad-companion"


class BadSource(OutputError):
    """The document is no longer what was read, so that nothing can be made of it beside the audio."""

    code = "source-changed"


class NoSuchBook(OutputError):
    """What is named as a finished book is none, or several are meant."""

    code = "no-such-book"


class CannotRerun(OutputError):
    """A finished book cannot be made again as it was: its document moved, or too little is known of it."""

    code = "cannot-rerun"
