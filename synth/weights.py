"""Where Kokoro's published files are: a folder of the user's, else the model hub's cache, else the hub."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from synth.checksums import SHA256
from synth.errors import WeightsMissing

REPOSITORY: Final = "hexgrad/Kokoro-82M"
REVISION: Final = "f3ff3571791e39611d31c381e3a41a3af07b4987"
CHECKPOINT: Final = "kokoro-v1_0.pth"
CONFIG: Final = "config.json"
_FETCH: Final = (
    "Run `bindery models fetch` where the hub can be reached, or name a folder that has them with --weights"
)
_COPY: Final = (
    f"Copy {REPOSITORY} into it, or name no folder (--weights, BINDERY_WEIGHTS) to use what "
    "`bindery models fetch` gets"
)


def find_files(names: Iterable[str], folder: Path | None = None, *, download: bool = True) -> list[Path]:
    """Kokoro's published files of these names, as the hub's repository has them: "voices/af_heart.pt".

    folder: where they lie; a folder that is named is never passed over. Without one the hub's cache is asked,
    then the hub, at one pinned revision; HF_HUB_OFFLINE, HF_ENDPOINT and HF_HOME are honoured.

    Raises:
        WeightsMissing: a file is nowhere to be had; says which, where it was looked for, and what to do.
    """
    return _in_folder(folder, names) if folder is not None else _in_hub(names, download=download)


def fetch_files(names: Iterable[str]) -> list[Path]:
    """Kokoro's published files in the hub's cache; what is missing or damaged there is downloaded.

    Raises:
        WeightsMissing: a file cannot be had as it was published; says which, and what to do.
    """
    paths: list[Path] = []
    for name in names:
        (path,) = _in_hub([name], download=True)
        if not is_as_published(path, name):
            path = _downloaded(name, f"{path} is not as published", force=True)
            if not is_as_published(path, name):
                raise WeightsMissing(
                    f"{path} was downloaded again and is not as published",
                    "Set HF_ENDPOINT to a hub that has the published files, or leave it out",
                )
        paths.append(path)
    return paths


def is_as_published(path: Path, name: str) -> bool:
    """Whether a file has the bytes that were published under that name."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == SHA256[name]


def _in_folder(folder: Path, names: Iterable[str]) -> list[Path]:
    paths = [folder / name for name in names]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise WeightsMissing(f"no {', '.join(path.name for path in missing)} in {folder}", _COPY)
    return paths


def _in_hub(names: Iterable[str], *, download: bool) -> list[Path]:
    check_hub_address()
    import huggingface_hub
    from huggingface_hub.constants import HF_HUB_CACHE

    paths: list[Path] = []
    for name in names:
        cached = huggingface_hub.try_to_load_from_cache(REPOSITORY, name, revision=REVISION)
        if isinstance(cached, str):
            paths.append(Path(cached))
            continue
        problem = f"Kokoro's {name} is not in {HF_HUB_CACHE}"
        if not download:
            raise WeightsMissing(f"{problem}, and the hub was not asked", _FETCH)
        paths.append(_downloaded(name, problem))
    return paths


def _downloaded(name: str, problem: str, *, force: bool = False) -> Path:
    """A file of the hub, put into its cache.

    problem: why it is needed. force: put it over one that is there.
    """
    import huggingface_hub
    from huggingface_hub.constants import ENDPOINT, HF_HUB_OFFLINE
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    if HF_HUB_OFFLINE:
        raise WeightsMissing(f"{problem}, and the hub was not asked", _FETCH)
    if not hub_is_reachable():
        raise WeightsMissing(f"{problem}, and {ENDPOINT} cannot be reached", _FETCH)
    try:
        return Path(
            huggingface_hub.hf_hub_download(REPOSITORY, name, revision=REVISION, force_download=force)
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise WeightsMissing(
            f"{ENDPOINT} did not give {REPOSITORY}'s {name} ({_first_line(error)})", _FETCH
        ) from error


def check_hub_address() -> None:
    """Load the settings of the hub's client.

    Raises:
        WeightsMissing: they have an address that is none, which is met while the client is imported.
    """
    try:
        importlib.import_module("huggingface_hub.constants")
    except ValueError as error:
        raise WeightsMissing(f"HF_ENDPOINT is not an address ({error})", _ADDRESS) from error


_ADDRESS: Final = "Write HF_ENDPOINT as https://host, or leave it out"


@cache
def hub_is_reachable() -> bool:
    """Whether the model hub answers; asked once, because its client tries for minutes before it gives up.

    Raises:
        WeightsMissing: HF_ENDPOINT, or the address of a proxy, is none.
    """
    import httpx
    from huggingface_hub.constants import ENDPOINT, HF_HUB_OFFLINE

    if HF_HUB_OFFLINE:
        return False
    try:
        return httpx.head(ENDPOINT, timeout=5).status_code < httpx.codes.INTERNAL_SERVER_ERROR
    except httpx.HTTPError:
        return False
    except (httpx.InvalidURL, ValueError) as error:
        raise WeightsMissing(f"{ENDPOINT} cannot be asked ({error})", _ADDRESS) from error


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
