"""spaCy's trained tagger of English: found where it is installed or was fetched, fetched, loaded."""

from __future__ import annotations

import base64
import csv
import hashlib
import shutil
import zipfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from synth.errors import TaggerMissing
from synth.weights import check_hub_address

if TYPE_CHECKING:
    from spacy.language import Language

TAGGER: Final = "en_core_web_sm"  # the pipeline that misaki's English was made with
RELEASE: Final = f"{TAGGER}-3.8.0"  # for spaCy 3.8; also the name of its folder
SOURCE: Final = "https://github.com/explosion/spacy-models/releases/download"
WHEEL: Final = f"{RELEASE}-py3-none-any.whl"  # 12.8 MB
WHEEL_SHA256: Final = "1932429db727d4bff3deed6b34cfc05df17794f4a52eeb26cf8928f7c1a0fb85"
NO_TAGGER: Final = f"spaCy's {TAGGER} is not there; `bindery models fetch` gets it"

_MOST_BYTES: Final = 100_000_000
_TIMEOUT_S: Final = 30
_RECORD: Final = "RECORD"  # a wheel's list of its files with their checksums


def find_tagger(weights: Path | None = None) -> str | None:
    """What spaCy can load: the name of the installed package, else the folder of a copy; None: there is none.

    weights: a folder that may hold a copy, beside Kokoro's files.

    Raises:
        WeightsMissing: HF_ENDPOINT is not an address, so it is unknown where a fetched one would be.
    """
    import spacy.util

    if spacy.util.is_package(TAGGER):
        return TAGGER
    copies = [weights / RELEASE] if weights is not None else []
    return next((str(copy) for copy in (*copies, _fetched()) if _is_whole(copy)), None)


def fetch_tagger(source: str = SOURCE, checksum: str = WHEEL_SHA256) -> None:
    """Download the tagger and put it beside the model hub's cache, whole or not at all; nothing is installed.

    source: where the release's folder is. HF_HUB_OFFLINE and HF_HOME are honoured.

    Raises:
        TaggerMissing: it could not be had, or is not what was published.
        WeightsMissing: HF_ENDPOINT is not an address.
    """
    check_hub_address()
    from huggingface_hub.constants import HF_HUB_OFFLINE

    folder = _fetched()
    url = f"{source.rstrip('/')}/{RELEASE}/{WHEEL}"
    if _is_whole(folder):
        return
    if HF_HUB_OFFLINE:
        raise TaggerMissing(f"{RELEASE} is not in {folder.parent}, and {url} was not asked", _ELSEWHERE)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=".tagger-") as scratch:
            wheel = Path(scratch) / WHEEL
            _download(url, wheel)
            _check(wheel, checksum, url)
            unpacked = _unpacked(wheel, Path(scratch))
            if not _is_whole(folder):  # another process may have been faster
                unpacked.rename(folder)
    except OSError as error:
        raise TaggerMissing(
            f"{folder} cannot be written ({error.strerror})",
            "Free some space, or set HF_HOME to another folder",
        ) from error


def damaged_files(folder: Path) -> list[str] | None:
    """The files of a copy that are not as published; None: it has no list of what they should be."""
    record = folder / _RECORD
    if not record.is_file():
        return None
    wrong = []
    for name, checksum, _ in csv.reader(record.read_text(encoding="utf-8").splitlines()):
        if name.startswith(f"{TAGGER}/{RELEASE}/"):
            path = folder / name.removeprefix(f"{TAGGER}/{RELEASE}/")
            if not path.is_file() or _wheel_checksum(path) != checksum:
                wrong.append(path.name)
    return wrong


@cache
def english_pipeline(tagger: str | None) -> Language:
    """The tagger at what `find_tagger` found; for None a rule of thumb.

    Raises:
        TaggerMissing: it is there, but spaCy cannot load it.
    """
    import spacy

    if tagger is not None:
        try:
            return spacy.load(tagger, enable=["tok2vec", "tagger"])
        except (OSError, ValueError) as error:
            raise TaggerMissing(
                f"spaCy cannot load the tagger at {tagger} ({str(error).splitlines()[0][:120]})",
                "Delete it and run `bindery models fetch`",
            ) from error
    from synth.tagging import COMPONENT

    pipeline = spacy.blank("en")
    pipeline.add_pipe(COMPONENT)
    return pipeline


_ELSEWHERE: Final = (
    "Run `bindery models fetch` where it can be reached, name a mirror in BINDERY_TAGGER_URL, "
    f"or put the folder {RELEASE} beside Kokoro's files and name theirs with --weights"
)


def _fetched() -> Path:
    check_hub_address()
    from huggingface_hub.constants import HF_HOME

    return Path(HF_HOME) / "audiobindery" / RELEASE


def _is_whole(folder: Path) -> bool:
    return (folder / "config.cfg").is_file()


def _download(url: str, path: Path) -> None:
    import httpx

    try:
        with (
            httpx.stream("GET", url, follow_redirects=True, timeout=_TIMEOUT_S) as answer,
            path.open("wb") as file,
        ):
            answer.raise_for_status()
            for block in answer.iter_bytes():
                file.write(block)
                if file.tell() > _MOST_BYTES:
                    raise TaggerMissing(f"{url} gave more than {_MOST_BYTES} bytes", _ELSEWHERE)
    except httpx.HTTPStatusError as error:
        raise TaggerMissing(f"{url} was answered with {error.response.status_code}", _ELSEWHERE) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TaggerMissing(f"{url} did not give the tagger ({error})", _ELSEWHERE) from error


def _check(wheel: Path, checksum: str, url: str) -> None:
    with wheel.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != checksum:
        raise TaggerMissing(
            f"{url} gave {wheel.stat().st_size} bytes that are not the published ones (sha256 {found[:12]}…)",
            _ELSEWHERE,
        )


def _unpacked(wheel: Path, scratch: Path) -> Path:
    """The pipeline's folder, with the wheel's list of files and its licences put into it."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(scratch)  # its checksum is known, so its names are too
    folder = scratch / TAGGER / RELEASE
    for path in (scratch / f"{RELEASE}.dist-info").iterdir():
        if path.name == _RECORD or path.name.startswith("LICENSE"):
            shutil.move(path, folder / path.name)
    return folder


def _wheel_checksum(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).digest()
    return f"sha256={base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
