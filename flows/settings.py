"""The one place where the surroundings are read: environment variables into plain settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path, user_config_path

from flows.errors import CannotStart


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are on this machine; each can be set by an environment variable, named beside it."""

    home: Path  # BINDERY_HOME: segments, parts, work folders and Prefect's own database
    library: Path  # BINDERY_LIBRARY: finished books
    ffmpeg: str | None  # BINDERY_FFMPEG: the ffmpeg to use instead of the one on PATH
    weights: Path | None  # BINDERY_WEIGHTS: a folder with Kokoro's files
    lexicon: Path | None  # BINDERY_LEXICON, else lexicon.toml in the user's config folder, if it is there
    tagger_url: str | None  # BINDERY_TAGGER_URL: a mirror of spaCy's releases

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """The settings of this process."""
        weights = environment.get("BINDERY_WEIGHTS")
        lexicon = environment.get("BINDERY_LEXICON")
        usual = user_config_path("audiobindery") / "lexicon.toml"
        return cls(
            home=Path(environment.get("BINDERY_HOME") or user_cache_path("audiobindery")).expanduser(),
            library=Path(environment.get("BINDERY_LIBRARY") or "library").expanduser(),
            ffmpeg=environment.get("BINDERY_FFMPEG") or None,
            weights=Path(weights).expanduser() if weights else None,
            lexicon=Path(lexicon).expanduser() if lexicon else usual if usual.exists() else None,
            tagger_url=environment.get("BINDERY_TAGGER_URL") or None,
        )

    @property
    def segments(self) -> Path:
        """The segment store."""
        return self.home / "segments"

    @property
    def parts(self) -> Path:
        """Mastered and encoded chapters."""
        return self.home / "parts"

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
