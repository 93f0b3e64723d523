from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from mutagen.flac import FLAC
from mutagen.id3 import ID3
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus

from inputs.book import Book, Cover
from outputs.errors import NotAsPlanned
from outputs.ffmpeg import Ffmpeg
from outputs.finish import Part
from outputs.listen import packets_sha256
from outputs.manifest import Narration
from outputs.tags import BookTags, TrackTags, check_tags, date_in, isbn_in, tags_digest, write_tags

FORMATS = ("m4a", "mp3", "opus", "flac", "wav")
TRACK = TrackTags("The “Pool” of = Tears; #2 🐭", 2, 12)


@pytest.fixture
def tags(book: Book, narration: Narration) -> BookTags:
    return BookTags.of(book, narration.narrator, narration.disclosure)


@pytest.fixture
def untagged(parts_of_three: Sequence[tuple[Part, ...]], tmp_path: Path) -> Callable[..., Path]:
    def of(name: str, to: str = "a") -> Path:
        part = next(part for part in parts_of_three[0] if part.codec == name)
        return Path(shutil.copyfile(part.path, tmp_path / f"{to}.{name}"))

    return of


def seen_by_ffmpeg(path: Path, ffmpeg: Ffmpeg) -> dict[str, str]:
    """The tags as ffmpeg reads them, the way Audiobookshelf does; Opus has them on its stream."""
    command = [ffmpeg.path, "-v", "fatal", "-i", path, "-map", "0:a", "-c", "copy", "-f", "ffmetadata", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout.replace("\\", "")
    return {name.lower(): value for name, _, value in (line.partition("=") for line in text.splitlines())}


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_is_read_back_and_the_sound_stays(
    name: str, tags: BookTags, untagged: Callable[..., Path], ffmpeg: Ffmpeg
) -> None:
    path = untagged(name)
    sound = packets_sha256(path, ffmpeg)
    write_tags(path, tags, TRACK)
    check_tags(path, tags, TRACK)
    assert packets_sha256(path, ffmpeg) == sound


@pytest.mark.parametrize("name", FORMATS)
def test_players_find_title_book_authors_narrator_and_number(
    name: str, tags: BookTags, untagged: Callable[..., Path], ffmpeg: Ffmpeg
) -> None:
    path = untagged(name)
    write_tags(path, tags, TRACK)
    seen = seen_by_ffmpeg(path, ffmpeg)
    assert seen["title"] == TRACK.title
    assert seen["album"] == "Alice’s Adventures: in Wonderland"
    assert seen["artist"] in ("Lewis Carroll; John Tenniel", "Lewis Carroll;John Tenniel")
    assert seen["album_artist"] == "Lewis Carroll; John Tenniel"
    assert seen["composer"] == "Kokoro-82M af_heart (synthetic voice)"
    assert seen["track"] in ("2", "2/12")
    assert seen["genre"] == "Audiobook"
    assert seen["date"] == "1865-11-26"
    assert seen["publisher"] == "Macmillan"
    assert seen["isbn"] == "9780306406157"
    assert seen["ai-generated"] == "true"
    assert "synthetic voice" in seen["comment"]


def test_each_kind_of_tags_has_the_cover_and_the_description(
    tags: BookTags, untagged: Callable[..., Path]
) -> None:
    assert tags.cover
    paths = {name: untagged(name) for name in FORMATS}
    for path in paths.values():
        write_tags(path, tags, TRACK)
    assert MP4(paths["m4a"]).tags["covr"] == [tags.cover.data]
    assert MP4(paths["m4a"]).tags["ldes"] == [tags.description]
    assert ID3(paths["mp3"])["APIC:"].data == tags.cover.data
    assert ID3(paths["mp3"])["TXXX:DESCRIPTION"].text == [tags.description]
    assert ID3(paths["mp3"])["TLAN"].text == ["eng"]
    assert ID3(paths["mp3"]).version == (2, 4, 0)
    assert FLAC(paths["flac"]).pictures[0].data == tags.cover.data
    assert FLAC(paths["flac"])["description"] == [tags.description]
    assert OggOpus(paths["opus"])["description"] == [tags.description]


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_tags_give_the_same_bytes(name: str, tags: BookTags, untagged: Callable[..., Path]) -> None:
    one, other = untagged(name, "one"), untagged(name, "other")
    write_tags(one, tags, TRACK)
    write_tags(other, tags, TRACK)
    assert one.read_bytes() == other.read_bytes()
    write_tags(other, tags, TRACK)
    assert one.read_bytes() == other.read_bytes(), "also when they are written over themselves"


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another"},
        {"authors": ()},
        {"narrator": "Somebody"},
        {"cover": None},
        {"cover": Cover(b"\x89PNG\r\n\x1a\n", "image/png")},
        {"description": None},
    ],
    ids=lambda change: " ".join(f"{key}" for key in change),
)
def test_tags_that_differ_in_anything_are_found(
    name: str, change: dict[str, object], tags: BookTags, untagged: Callable[..., Path]
) -> None:
    path = untagged(name)
    changed = replace(tags, **change)
    write_tags(path, changed, TRACK)
    check_tags(path, changed, TRACK)
    with pytest.raises(NotAsPlanned):
        check_tags(path, tags, TRACK)
    assert tags_digest(changed, TRACK) != tags_digest(tags, TRACK)


@pytest.mark.parametrize("name", FORMATS)
def test_a_book_of_which_little_is_known_is_tagged_too(
    name: str, book: Book, untagged: Callable[..., Path]
) -> None:
    bare = replace(
        book,
        title=" \0 ",
        authors=(),
        publisher="",
        published="n.d.",
        description=" ",
        identifier="x",
        cover=None,
    )
    tags = BookTags.of(bare, "N", "D")
    assert (tags.title, tags.author) == ("alice", "Unknown author")
    path = untagged(name)
    write_tags(path, tags, TrackTags("1", 1, 1))
    check_tags(path, tags, TrackTags("1", 1, 1))


def test_a_file_without_tags_or_of_another_kind_is_not_as_planned(
    tags: BookTags, untagged: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(NotAsPlanned, match="not as planned"):
        check_tags(untagged("mp3"), tags, TRACK)
    (tmp_path / "x.flac").write_bytes(b"no flac at all")
    with pytest.raises(NotAsPlanned, match="takes no tags"):
        write_tags(tmp_path / "x.flac", tags, TRACK)
    with pytest.raises(NotAsPlanned, match="cannot be read"):
        check_tags(tmp_path / "x.flac", tags, TRACK)


@pytest.mark.parametrize("name", FORMATS)
def test_a_full_disk_is_named_so(
    name: str, tags: BookTags, untagged: Callable[..., Path], tmp_path: Path
) -> None:
    path = untagged(name)
    program = (
        "import resource, signal\n"
        "from outputs.tags import *; from outputs.errors import DiskFull\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({path.stat().st_size + 1000},) * 2)\n"
        "tags = BookTags('T', ('A',), 'N', 'D', 'en', cover=Cover(bytes(300_000), 'image/jpeg'))\n"
        f"try: write_tags(Path({str(path)!r}), tags, TrackTags('T', 1, 1))\n"
        "except DiskFull: print('named')\n"
    )
    root = Path(__file__).parents[2]

    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert done.stdout == "named\n", done.stderr


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("1865", "1865"),
        ("1865-11", "1865-11"),
        ("2008-06-27T00:00:00+00:00", "2008-06-27"),
        ("2008-06-27", "2008-06-27"),
        ("c. 1865", "1865"),
        ("November 26, 1865", "1865"),
        ("1865-13-40", "1865"),
        ("20080627", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_is_what_can_be_relied_on(text: str | None, date: str | None) -> None:
    assert date_in(text) == date


@pytest.mark.parametrize(
    ("identifier", "isbn"),
    [
        ("urn:isbn:978-0-306-40615-7", "9780306406157"),
        ("ISBN 0-306-40615-2", "0306406152"),
        ("080442957x", "080442957X"),
        ("9780306406158", None),
        ("urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e", None),
        ("https://www.gutenberg.org/11", None),
        ("97803064061570", None),
        (None, None),
    ],
)
def test_an_isbn_is_one_whose_check_digit_is_right(identifier: str | None, isbn: str | None) -> None:
    assert isbn_in(identifier) == isbn
