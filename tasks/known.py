"""Documents that are done already, by their content: where the finished book is, as long as it is whole."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from outputs.files import complete_or_absent, sha256_of
from outputs.manifest import MANIFEST_NAME, read_manifest


def remember(known: Path, key: str, folders: Iterable[Path]) -> None:
    """Note that a document was turned into the book in these folders.

    key: a hash of the document and of all that was chosen for it.
    """
    books = {str(folder.absolute()): sha256_of(folder / MANIFEST_NAME) for folder in folders}
    with complete_or_absent(_path(known, key)) as part:
        part.write_text(json.dumps(books, ensure_ascii=False, indent=2), encoding="utf-8")


def recall(known: Path, key: str) -> tuple[Path, ...]:
    """The folders of the finished book; none if it is not known, or not there as it was then."""
    try:
        books: dict[str, str] = json.loads(_path(known, key).read_bytes())
        folders = {Path(folder): sha256 for folder, sha256 in books.items()}
    except (FileNotFoundError, ValueError, AttributeError):
        return ()
    return tuple(folders) if all(_is_whole(folder, sha256) for folder, sha256 in folders.items()) else ()


def _is_whole(folder: Path, sha256: str) -> bool:
    """Whether a book's folder says of itself what it said then, and has every file that it speaks of."""
    manifest = read_manifest(folder)
    if manifest is None or sha256_of(folder / MANIFEST_NAME) != sha256:
        return False
    return all(
        (folder / name).is_file() and sha256_of(folder / name) == written.sha256
        for name, written in manifest.files.items()
    )


def _path(known: Path, key: str) -> Path:
    return known / key[:2] / f"{key}.json"
