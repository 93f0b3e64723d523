"""A folder of chapter files into a W3C audiobook: its publication.json, and all of it in one .lpf file."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from inputs.book import Book, Cover
from outputs.audio_file import AudioFile
from outputs.tags import BookTags
from synth.audio import SAMPLE_RATE_HZ

MANIFEST_NAME: Final = "publication.json"  # W3C Lightweight Packaging Format, section 3: at the root
LPF_VERSION: Final = 1  # raise it when the same files would be packed otherwise
_MEDIA_TYPES: Final = {
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".opus": "audio/ogg; codecs=opus",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
}
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)  # zip's first day: the same files are the same bytes on any day


def publication(book: Book, tags: BookTags, files: Sequence[AudioFile], cover: str | None) -> bytes:
    """publication.json of the W3C Audiobooks profile; its addresses are names of files in the same folder.

    cover: the name of the cover's file.
    """
    resources = []
    if cover is not None:
        assert isinstance(tags.cover, Cover)
        resources.append(
            {
                "type": "LinkedResource",
                "url": quote(cover),
                "encodingFormat": tags.cover.media_type,
                "rel": "cover",
            }
        )
    facts: dict[str, Any] = {
        "@context": ["https://schema.org", "https://www.w3.org/ns/pub-context", {"language": tags.language}],
        "conformsTo": "https://www.w3.org/TR/audiobooks/",
        "type": "Audiobook",
        "id": f"urn:isbn:{tags.isbn}" if tags.isbn else uuid5(NAMESPACE_URL, book.sha256).urn,
        "name": tags.title,
        "author": [{"type": "Person", "name": name} for name in tags.authors],
        "readBy": [{"type": "Person", "name": tags.narrator}],
        "publisher": [{"type": "Organization", "name": tags.publisher}] if tags.publisher else [],
        "inLanguage": tags.language,
        "datePublished": tags.published,
        "description": tags.description,
        "abridged": False,
        "duration": _duration(sum(file.samples for file in files)),
        "accessMode": ["auditory"],
        "accessModeSufficient": [{"type": "ItemList", "itemListElement": ["auditory"]}],
        "accessibilityFeature": ["readingOrder", "structuralNavigation"],
        "accessibilityHazard": ["none"],
        "accessibilitySummary": f"{tags.disclosure} There is an audio file for each chapter, in order.",
        "readingOrder": [
            {
                "type": "LinkedResource",
                "url": quote(file.name),
                "encodingFormat": _MEDIA_TYPES[Path(file.name).suffix],
                "name": file.title,
                "duration": _duration(file.samples),
            }
            for file in files
        ],
        "resources": resources,
    }
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", tags.published or ""):  # a year alone is no date there
        del facts["datePublished"]
    wanted = {name: fact for name, fact in facts.items() if fact not in (None, [])}
    return (json.dumps(wanted, indent=2, ensure_ascii=False) + "\n").encode()


def pack_lpf(path: Path, files: Sequence[Path]) -> None:
    """Put files into one W3C package, as they are: audio and pictures do not get any smaller."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            member = zipfile.ZipInfo(file.name, _LONG_AGO)
            member.external_attr = 0o644 << 16
            member.file_size = file.stat().st_size  # so that one of more than 2 GB is announced as such
            with file.open("rb") as source, archive.open(member, "w") as target:
                shutil.copyfileobj(source, target)


def _duration(samples: int) -> str:
    """ISO 8601, to the millisecond."""
    ms = round(samples * 1000 / SAMPLE_RATE_HZ)
    hours, rest = divmod(ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"PT{f'{hours}H' if hours else ''}{f'{minutes}M' if minutes else ''}{rest / 1000:.3f}S"
