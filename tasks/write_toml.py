"""A document into a book.toml beside it, for its producer to edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from inputs.book_toml import MatterChoice, path_for_new
from inputs.book_toml_text import book_toml_text
from inputs.errors import BadBookToml
from inputs.read import read
from outputs.plan import Pauses
from synth.reading import ReadingPreferences
from synth.voices import default_voice, has_voice

_ANY_VOICE: Final = "af_heart"


def write_book_toml(
    document: Path, matter: MatterChoice | None, reading: Mapping[str, str], ocr: Path | None = None
) -> Path:
    """Write a book.toml that changes nothing yet but what is chosen here; returns where it is.

    ocr: as `inputs.read.read` has it.

    Raises:
        DocumentError: the document cannot be read, or has a book.toml already, or none can be written there.
    """
    book = read(document, ocr)
    path = path_for_new(document)
    text = book_toml_text(
        book,
        voice=default_voice(book.language).name if has_voice(book.language) else _ANY_VOICE,
        pauses={name.removesuffix("_s"): seconds for name, seconds in asdict(Pauses()).items()},
        reading=asdict(ReadingPreferences()),
        chosen=({"matter": matter.value} if matter else {}) | dict(reading),
    )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise BadBookToml(
            path,
            f"{path.name} cannot be written ({error.strerror})",
            "Copy the document to a folder of yours",
        ) from error
    return path
