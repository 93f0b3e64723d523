"""What is known of a book and a chapter into the tags of an audio file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import mutagen
from mutagen import flac, id3, mp3, mp4, oggopus, wave

from inputs.book import Book, Cover
from outputs.errors import NotAsPlanned
from outputs.files import named_disk_errors
from outputs.names import one_line

TAGS_VERSION: Final = 1  # raise it when the same tags would be written otherwise
GENRE: Final = "Audiobook"
MADE_WITH: Final = "audiobindery"
SHORT_DESCRIPTION_BYTES: Final = 255  # players of Apple's cut `desc` there; `ldes` has all of it
ITUNES: Final = "----:com.apple.iTunes:"
AUDIOBOOK_KIND: Final = 2  # Apple's media kind, `stik`
_COVER_KIND: Final = 3  # front cover, in ID3's and FLAC's numbering
_ISO_639_2: Final = {
    "de": "deu", "en": "eng", "es": "spa", "fr": "fra", "hi": "hin", "it": "ita", "ja": "jpn", "pt": "por",
    "zh": "zho",
}  # fmt: skip  # what is spoken here; ID3 knows three letters only


@dataclass(frozen=True, slots=True)
class BookTags:
    """What every file of a book says. Strings are one line each, but for the description."""

    title: str
    authors: tuple[str, ...]
    narrator: str  # "Kokoro af_heart (synthetic voice)"
    disclosure: str  # a sentence that says that the voice is synthetic
    language: str  # BCP 47
    publisher: str | None = None
    published: str | None = None  # YYYY, YYYY-MM or YYYY-MM-DD
    description: str | None = None
    isbn: str | None = None  # 10 or 13 characters, no hyphens
    series: str | None = None
    series_part: str | None = None  # "2"
    cover: Cover | None = None

    @staticmethod
    def of(book: Book, narrator: str, disclosure: str) -> BookTags:
        """The tags of a document that is read by `narrator`."""
        return BookTags(
            title=one_line(book.title) or one_line(book.source.stem) or "Untitled",
            authors=tuple(filter(None, map(one_line, book.authors))),
            narrator=narrator,
            disclosure=disclosure,
            language=book.language,
            publisher=_line_or_none(book.publisher),
            published=date_in(book.published),
            description=_paragraphs(book.description),
            isbn=isbn_in(book.identifier),
            series=_line_or_none(book.series),
            series_part=_line_or_none(book.series_part),
            cover=book.cover,
        )

    @property
    def author(self) -> str:
        """All authors in one string: of several values, ffprobe 5.1 shows the first only."""
        return "; ".join(self.authors) or "Unknown author"


@dataclass(frozen=True, slots=True)
class TrackTags:
    """What one file of a book says of itself; a whole book in one file is track 1 of 1."""

    title: str
    number: int
    total: int


def write_tags(path: Path, book: BookTags, track: TrackTags) -> None:
    """Write the tags of an audio file that has none, by its suffix; the same tags give the same bytes.

    The file is changed in place: it must not be under its final name yet.

    Raises:
        DiskFull: there was no room for them.
        NotAsPlanned: the file is not of the kind that its suffix says.
    """
    with named_disk_errors(path):
        try:
            _KINDS[path.suffix].write(path, book, track)
        except mutagen.MutagenError as error:
            cause = error.args[0] if error.args else None
            if isinstance(cause, OSError):  # it wraps the system's own
                raise cause from error
            raise NotAsPlanned(f"{path}: it takes no tags ({error})", "Run again") from error


def check_tags(path: Path, book: BookTags, track: TrackTags) -> None:
    """Read the tags of a file back, and prove that they are these and no others.

    Raises:
        NotAsPlanned: they are not.
    """
    kind = _KINDS[path.suffix]
    try:
        found = kind.read(path)
    except mutagen.MutagenError as error:
        raise NotAsPlanned(f"{path}: its tags cannot be read ({error})", "Run again") from error
    planned = kind.planned(book, track)
    if found != planned:
        names = sorted(name for name in planned.keys() | found.keys() if planned.get(name) != found.get(name))
        raise NotAsPlanned(f"{path}: its tags are not as planned ({', '.join(names)})", "Run again")


def tags_digest(book: BookTags, track: TrackTags) -> str:
    """The sha256, hex, of everything that a file's tags depend on."""
    cover = book.cover and [book.cover.media_type, hashlib.sha256(book.cover.data).hexdigest()]
    texts = [getattr(book, name) for name in BookTags.__slots__ if name != "cover"]
    recipe = [TAGS_VERSION, mutagen.version_string, texts, cover, track.title, track.number, track.total]
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()


def date_in(text: str | None) -> str | None:
    """The date in a document's own words: YYYY-MM-DD, YYYY-MM or YYYY; None without a year."""
    found = re.search(
        r"(?<!\d)(\d{4})(?!\d)(-(0[1-9]|1[0-2])(?!\d)(-(0[1-9]|[12]\d|3[01])(?!\d))?)?", text or ""
    )
    return found[0] if found else None


def isbn_in(identifier: str | None) -> str | None:
    """The ISBN in a document's identifier, without hyphens; None without one whose check digit is right."""
    found = re.search(
        r"(?<![\dX])(97[89])?\d{9}[\dX](?![\dX])", re.sub(r"[-\s]", "", (identifier or "").upper())
    )
    if not found:
        return None
    digits = [10 if char == "X" else int(char) for char in found[0]]
    if len(digits) == 10:
        right = sum(weight * digit for weight, digit in zip(range(10, 0, -1), digits, strict=True)) % 11 == 0
    else:
        right = 10 not in digits and sum(digits[::2] + 3 * digits[1::2]) % 10 == 0
    return found[0] if right else None


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of tags: what is planned and what is found, in the same terms."""

    planned: Callable[[BookTags, TrackTags], dict[str, Any]]
    read: Callable[[Path], dict[str, Any]]
    write: Callable[[Path, BookTags, TrackTags], None]


def _mp4_planned(book: BookTags, track: TrackTags) -> dict[str, Any]:
    texts = {
        "\xa9nam": track.title,
        "\xa9alb": book.title,
        "\xa9ART": book.author,
        "aART": book.author,
        "\xa9wrt": book.narrator,  # the composer is where players look for the narrator
        "\xa9nrt": book.narrator,
        "\xa9gen": GENRE,
        "\xa9day": book.published,
        "\xa9pub": book.publisher,
        "\xa9cmt": book.disclosure,
        "desc": book.description and _clipped(book.description, SHORT_DESCRIPTION_BYTES),
        "ldes": book.description,
        "\xa9too": MADE_WITH,
    }
    named = {
        "ISBN": book.isbn,
        "LANGUAGE": book.language,
        "PUBLISHER": book.publisher,
        "NARRATOR": book.narrator,
        "SERIES": book.series,
        "SERIES-PART": book.series_part,
        "AI-GENERATED": "true",
    }
    planned: dict[str, Any] = {name: [text] for name, text in texts.items() if text}
    planned |= {ITUNES + name: [mp4.MP4FreeForm(text.encode())] for name, text in named.items() if text}
    planned |= {
        "trkn": [(track.number, track.total)],
        "disk": [(1, 1)],
        "stik": [AUDIOBOOK_KIND],
        "pgap": True,
    }
    if book.cover:
        png = book.cover.media_type == "image/png"
        form = mp4.MP4Cover.FORMAT_PNG if png else mp4.MP4Cover.FORMAT_JPEG
        planned["covr"] = [mp4.MP4Cover(book.cover.data, form)]
    return planned


def _mp4_read(path: Path) -> dict[str, Any]:
    return dict(mp4.MP4(path).tags or {})


def _mp4_write(path: Path, book: BookTags, track: TrackTags) -> None:
    file = mp4.MP4(path)
    if file.tags is None:
        file.add_tags()
    file.tags.clear()
    file.tags.update(_mp4_planned(book, track))
    file.save()


def _id3_planned(book: BookTags, track: TrackTags) -> dict[str, Any]:
    utf8 = id3.Encoding.UTF8
    texts = {
        id3.TIT2: track.title,
        id3.TALB: book.title,
        id3.TPE1: book.author,
        id3.TPE2: book.author,
        id3.TCOM: book.narrator,
        id3.TRCK: f"{track.number}/{track.total}",
        id3.TPOS: "1/1",
        id3.TCON: GENRE,
        id3.TDRC: book.published,
        id3.TPUB: book.publisher,
        id3.TLAN: _ISO_639_2.get(book.language.partition("-")[0].lower(), "und"),
        id3.TSSE: MADE_WITH,
    }
    named = {
        "NARRATOR": book.narrator,
        "DESCRIPTION": book.description,
        "ISBN": book.isbn,
        "SERIES": book.series,
        "SERIES-PART": book.series_part,
        "AI-GENERATED": "true",
    }
    frames = [frame(encoding=utf8, text=[text]) for frame, text in texts.items() if text]
    frames += [id3.TXXX(encoding=utf8, desc=name, text=[text]) for name, text in named.items() if text]
    frames.append(id3.COMM(encoding=utf8, lang="eng", desc="", text=[book.disclosure]))
    if book.cover:
        mime, data = book.cover.media_type, book.cover.data
        frames.append(id3.APIC(encoding=utf8, mime=mime, type=_COVER_KIND, desc="", data=data))
    return {frame.HashKey: frame for frame in frames}


def _mp3_read(path: Path) -> dict[str, Any]:
    return dict(mp3.MP3(path).tags or {})


def _mp3_write(path: Path, book: BookTags, track: TrackTags) -> None:
    tags = id3.ID3()
    for frame in _id3_planned(book, track).values():
        tags.add(frame)
    tags.save(path, v1=id3.ID3v1SaveOptions.REMOVE, v2_version=4)


def _wav_read(path: Path) -> dict[str, Any]:
    return dict(wave.WAVE(path).tags or {})


def _wav_write(path: Path, book: BookTags, track: TrackTags) -> None:
    file = wave.WAVE(path)
    if file.tags is None:
        file.add_tags()
    file.tags.clear()
    for frame in _id3_planned(book, track).values():
        file.tags.add(frame)
    file.save(v2_version=4)


def _vorbis_comments(book: BookTags, track: TrackTags) -> dict[str, list[str]]:
    texts = {
        "title": track.title,
        "album": book.title,
        "albumartist": book.author,
        "composer": book.narrator,
        "narrator": book.narrator,
        "genre": GENRE,
        "date": book.published,
        "publisher": book.publisher,
        "description": book.description,
        "comment": book.disclosure,
        "language": book.language,
        "isbn": book.isbn,
        "series": book.series,
        "series-part": book.series_part,
        "tracknumber": str(track.number),
        "tracktotal": str(track.total),
        "discnumber": "1",
        "disctotal": "1",
        "encoded-by": MADE_WITH,
        "ai-generated": "true",
    }
    comments = {name: [text] for name, text in texts.items() if text}
    return comments | {"artist": list(book.authors) or [book.author]}


def _picture(cover: Cover) -> flac.Picture:
    picture = flac.Picture()
    picture.type = _COVER_KIND
    picture.mime = cover.media_type
    picture.data = cover.data
    return picture


def _opus_planned(book: BookTags, track: TrackTags) -> dict[str, Any]:
    comments = _vorbis_comments(book, track)
    if book.cover:
        comments["metadata_block_picture"] = [base64.b64encode(_picture(book.cover).write()).decode()]
    return comments


def _opus_read(path: Path) -> dict[str, Any]:
    return _comments(oggopus.OggOpus(path))


def _opus_write(path: Path, book: BookTags, track: TrackTags) -> None:
    file = oggopus.OggOpus(path)
    file.tags.clear()
    file.tags.update(_opus_planned(book, track))
    file.save()


def _flac_planned(book: BookTags, track: TrackTags) -> dict[str, Any]:
    pictures = [_picture(book.cover).write()] if book.cover else []
    return {**_vorbis_comments(book, track), "pictures": pictures}


def _flac_read(path: Path) -> dict[str, Any]:
    file = flac.FLAC(path)
    return {**_comments(file), "pictures": [picture.write() for picture in file.pictures]}


def _flac_write(path: Path, book: BookTags, track: TrackTags) -> None:
    file = flac.FLAC(path)
    if file.tags is None:
        file.add_tags()
    file.tags.clear()
    file.tags.update(_vorbis_comments(book, track))
    file.clear_pictures()
    if book.cover:
        file.add_picture(_picture(book.cover))
    file.save()


def _comments(file: Any) -> dict[str, Any]:
    return {name.lower(): list(values) for name, values in (file.tags or {}).items()}


_MP4: Final = _Kind(_mp4_planned, _mp4_read, _mp4_write)
_KINDS: Final[Mapping[str, _Kind]] = {
    ".m4b": _MP4,
    ".m4a": _MP4,
    ".mp3": _Kind(_id3_planned, _mp3_read, _mp3_write),
    ".wav": _Kind(_id3_planned, _wav_read, _wav_write),
    ".opus": _Kind(_opus_planned, _opus_read, _opus_write),
    ".flac": _Kind(_flac_planned, _flac_read, _flac_write),
}


def _clipped(text: str, most_bytes: int) -> str:
    data = text.encode()
    return text if len(data) <= most_bytes else data[: most_bytes - 3].decode(errors="ignore").rstrip() + "…"


def _line_or_none(text: str | None) -> str | None:
    return (one_line(text) or None) if text else None


def _paragraphs(text: str | None) -> str | None:
    """A description keeps its lines; each is cleaned by itself."""
    return "\n".join(filter(None, map(one_line, (text or "").splitlines()))) or None
