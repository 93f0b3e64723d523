"""The one place where the surroundings are read: environment variables into plain settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path, user_config_path
from pydantic import ByteSize, TypeAdapter, ValidationError

from flows.errors import CannotStart

_STORE_LIMIT: Final = "20GB"  # about 130 hours of audio


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are on this machine; each can be set by an environment variable, named beside it."""

    home: Path  # BINDERY_HOME: segments, parts, work folders and Prefect's own database
    library: Path  # BINDERY_LIBRARY: finished books
    ffmpeg: str | None  # BINDERY_FFMPEG: the ffmpeg to use instead of the one on PATH
    weights: Path | None  # BINDERY_WEIGHTS: a folder with Kokoro's files
    lexicon: Path | None  # BINDERY_LEXICON, else lexicon.toml in the user's config folder, if it is there
    tagger_url: str | None  # BINDERY_TAGGER_URL: a mirror of spaCy's releases
    segments: Path | str  # BINDERY_SEGMENTS: a folder or URL, else home/segments
    store_limit: str  # BINDERY_STORE_LIMIT: the most that segments and encoded chapters may take; none: any

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """The settings of this process."""
        weights = environment.get("BINDERY_WEIGHTS")
        lexicon = environment.get("BINDERY_LEXICON")
        usual = user_config_path("audiobindery") / "lexicon.toml"
        home = Path(environment.get("BINDERY_HOME") or user_cache_path("audiobindery")).expanduser()
        segments = environment.get("BINDERY_SEGMENTS") or str(home / "segments")
        return cls(
            home=home,
            library=Path(environment.get("BINDERY_LIBRARY") or "library").expanduser(),
            ffmpeg=environment.get("BINDERY_FFMPEG") or None,
            weights=Path(weights).expanduser() if weights else None,
            lexicon=Path(lexicon).expanduser() if lexicon else usual if usual.exists() else None,
            tagger_url=environment.get("BINDERY_TAGGER_URL") or None,
            segments=segments if "://" in segments else Path(segments).expanduser(),
            store_limit=environment.get("BINDERY_STORE_LIMIT") or _STORE_LIMIT,
        )

    @property
    def store_limit_bytes(self) -> int | None:
        """The most that segments and encoded chapters may take; None: they may grow.

        Raises:
            CannotStart: the setting is neither a size nor "none".
        """
        limit_bytes = bytes_in(self.store_limit)
        if limit_bytes is None and self.store_limit.lower() != "none":
            hint = "Write a size such as 20GB, or none"
            raise CannotStart(f"BINDERY_STORE_LIMIT is {self.store_limit!r}", hint)
        return limit_bytes

    @property
    def parts(self) -> Path:
        """Mastered and encoded chapters."""
        return self.home / "parts"

    @property
    def ocr(self) -> Path:
        """PDFs whose pages were recognised."""
        return self.home / "ocr"

    @property
    def work(self) -> Path:
        """Jobs that are under way."""
        return self.home / "work"


def configure_prefect(settings: Settings, *, verbose: bool) -> None:
    """Set Prefect up for a run in this process, before it is imported; what is set already stays.

    Without PREFECT_API_URL it starts an API of its own, with its database in our home. Nothing calls home.

    Raises:
        CannotStart: the working folder cannot be written to.
    """
    defaults = {
        "PREFECT_HOME": str(settings.home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        # failures are told once, by us; -v shows Prefect's own account of them
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO" if verbose else "CRITICAL",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    home = Path(os.environ["PREFECT_HOME"])
    check_writable(home, "Name another one in the environment variable BINDERY_HOME")
    check_writable(settings.home, "Name another one in the environment variable BINDERY_HOME")
    home.mkdir(parents=True, exist_ok=True)


def bytes_in(size: str) -> int | None:
    """20GB, 1.5 GiB or 5000 as bytes; None if it is no size."""
    try:
        return TypeAdapter(ByteSize).validate_python(size)
    except ValidationError:
        return None


def check_writable(folder: Path, hint: str) -> None:
    """Make sure that a folder can be written to, or made; it is not made.

    Raises:
        CannotStart: it cannot.
    """
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    if not there.is_dir():
        raise CannotStart(f"the folder {folder} cannot be used: {there} is a file", hint)
    if not os.access(there, os.W_OK | os.X_OK):
        raise CannotStart(f"the folder {folder} cannot be written to", hint)
