"""The one place where the surroundings are read: environment variables into plain settings."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path, user_config_path
from pydantic import ByteSize, TypeAdapter, ValidationError

from flows.errors import CannotStart

_PORT: Final = "4200"  # Prefect's own
_STORE_LIMIT: Final = "20GB"  # about 130 hours of audio
_LEAST_FREE: Final = "1GB"
_SETTLE: Final = "10s"
_LEASE: Final = "6h"
_HOOK_LIMIT: Final = "60s"
_UNITS_S: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


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
    least_free: str = _LEAST_FREE  # BINDERY_LEAST_FREE: what is to stay free on the disks; none: nothing
    inbox: str | None = None  # BINDERY_INBOX: the folder that documents are picked up from
    settle: str = _SETTLE  # BINDERY_INBOX_SETTLE: for how long a document must not change before it is taken
    lease: str = _LEASE  # BINDERY_INBOX_LEASE: how long another machine's run may give no sign of life
    on_done: str | None = None  # BINDERY_ON_DONE: a command for each book that is done
    on_failed: str | None = None  # BINDERY_ON_FAILED: the same for each that failed
    webhook: str | None = None  # BINDERY_WEBHOOK: a URL that is told of both
    base_url: str | None = None  # BINDERY_BASE_URL: where the library is found on the web
    hook_limit: str = _HOOK_LIMIT  # BINDERY_HOOK_LIMIT: how long such a command may take
    speaking: Path | None = None  # BINDERY_SPEAKING: the socket of a speaking service that is to be used
    served_by: Path | None = None  # BINDERY_SERVED_BY: the lock of the `bindery serve` that this run is for
    port: int = 4200  # BINDERY_PORT: where `bindery serve` has Prefect's API and pages
    metrics: str | None = None  # BINDERY_METRICS: a port, or HOST:PORT, where Prometheus can ask that serve

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """The settings of this process."""
        weights = environment.get("BINDERY_WEIGHTS")
        lexicon = environment.get("BINDERY_LEXICON")
        usual = usual_lexicon()
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
            speaking=_path(environment.get("BINDERY_SPEAKING")),
            served_by=_path(environment.get("BINDERY_SERVED_BY")),
            port=_port(environment.get("BINDERY_PORT") or _PORT),
            least_free=environment.get("BINDERY_LEAST_FREE") or _LEAST_FREE,
            inbox=environment.get("BINDERY_INBOX") or None,
            settle=environment.get("BINDERY_INBOX_SETTLE") or _SETTLE,
            lease=environment.get("BINDERY_INBOX_LEASE") or _LEASE,
            on_done=environment.get("BINDERY_ON_DONE") or None,
            on_failed=environment.get("BINDERY_ON_FAILED") or None,
            webhook=environment.get("BINDERY_WEBHOOK") or None,
            base_url=environment.get("BINDERY_BASE_URL") or None,
            hook_limit=environment.get("BINDERY_HOOK_LIMIT") or _HOOK_LIMIT,
            metrics=environment.get("BINDERY_METRICS") or None,
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
    def least_free_bytes(self) -> int:
        """What is to stay free on the disks that are written to.

        Raises:
            CannotStart: the setting is neither a size nor "none".
        """
        least_bytes = 0 if self.least_free.lower() == "none" else bytes_in(self.least_free)
        if least_bytes is None:
            raise CannotStart(
                f"BINDERY_LEAST_FREE is {self.least_free!r}", "Write a size such as 1GB, or none"
            )
        return least_bytes

    @property
    def settle_s(self) -> float:
        """For how long a document in the inbox must not change before it is taken; raises CannotStart."""
        return _seconds("BINDERY_INBOX_SETTLE", self.settle)

    @property
    def lease_s(self) -> float:
        """For how long another machine's run may give no sign of life; raises CannotStart."""
        return _seconds("BINDERY_INBOX_LEASE", self.lease)

    @property
    def hook_limit_s(self) -> float:
        """For how long a hook's command may run; raises CannotStart."""
        return _seconds("BINDERY_HOOK_LIMIT", self.hook_limit)

    @property
    def metrics_address(self) -> tuple[str, int] | None:
        """The host and the port at which the metrics are; None: nowhere.

        Raises:
            CannotStart: the setting is neither a port nor a host with one, or the port is Prefect's.
        """
        if self.metrics is None:
            return None
        match = re.fullmatch(r"(?:(\[[0-9a-fA-F:.]+\]|[^:\s]+):)?(\d{1,5})", self.metrics.strip())
        if match is None or not 0 < int(match[2]) < 2**16:
            hint = "Write a port such as 9464, or a host with one, such as 0.0.0.0:9464"
            raise CannotStart(f"BINDERY_METRICS is {self.metrics!r}", hint)
        port = int(match[2])
        if port == self.port:
            hint = f"Name another one than {port}, such as 9464"
            raise CannotStart("BINDERY_METRICS names the port of Prefect's pages", hint)
        return (match[1] or "127.0.0.1").strip("[]"), port

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


def usual_lexicon() -> Path:
    """Where the pronunciations for all books are, unless BINDERY_LEXICON says otherwise."""
    return user_config_path("audiobindery") / "lexicon.toml"


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
    if os.environ.get("PREFECT_API_URL"):  # whose watch over dead runs may expect this much
        defaults["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] = "30"
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    spared = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if spared != "*":  # a company's proxy knows nothing of the API in this machine
        hosts = dict.fromkeys([*filter(None, spared.split(",")), "127.0.0.1", "localhost"])
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(hosts)
    home = Path(os.environ["PREFECT_HOME"])
    check_writable(home, "Name another one in the environment variable BINDERY_HOME")
    check_writable(settings.home, "Name another one in the environment variable BINDERY_HOME")
    home.mkdir(parents=True, exist_ok=True)


def _port(number: str) -> int:
    if not number.isdecimal() or not 0 < int(number) < 2**16:
        raise CannotStart(f"BINDERY_PORT is {number!r}", "Write a number from 1 to 65535, such as 4200")
    return int(number)


def _path(name: str | None) -> Path | None:
    return Path(name).expanduser() if name else None


def bytes_in(size: str) -> int | None:
    """20GB, 1.5 GiB or 5000 as bytes; None if it is no size."""
    try:
        return TypeAdapter(ByteSize).validate_python(size)
    except ValidationError:
        return None


def _seconds(name: str, length: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", length.strip())
    if match is None:
        raise CannotStart(f"{name} is {length!r}", "Write a length of time such as 10s, 5m or 6h")
    return float(match[1]) * _UNITS_S[match[2]]


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
