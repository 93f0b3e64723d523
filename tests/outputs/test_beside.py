from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from lxml import etree

import outputs.publish
from inputs.book import Block, BlockKind, Book, PdfPlace
from outputs.audio_file import AudioFile
from outputs.chapters_json import chapters_json
from outputs.companions import Companion, Companions, companions_named
from outputs.encode import CODECS, FORMATS, formats_named
from outputs.errors import BadCompanion
from outputs.ffmpeg import Ffmpeg
from outputs.files import sha256_of
from outputs.manifest import Narration, Track
from outputs.publish import publish
from outputs.timeline import HeardSentence, HeardWord
from synth.audio import SAMPLE_RATE_HZ

ALL = Companions(frozenset(Companion) - {Companion.READALONG}, "https://example.org/shelf/")
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
PODCAST = "{https://podcastindex.org/namespace/1.0}"


@pytest.fixture
def heard(tracks: list[Track]) -> list[Track]:
    """The same tracks, with a sentence of two words in each."""
    words = (HeardWord(5000, 8000, 0, 6, 0), HeardWord(8000, 12000, 6, 12, 6))
    said = HeardSentence(5000, 12000, "Alice smiled.", PdfPlace(1), 0, 12, "Alice smile.", words)
    return [replace(track, timeline=(said,)) for track in tracks]


@pytest.fixture
def published(
    book: Book, narration: Narration, heard: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> dict[str, Path]:
    """All formats with all companions; the folder of each format."""
    formats = tuple(FORMATS.values())
    return {
        one.format: one.folder
        for one in publish(book, narration, heard, formats, tmp_path, ffmpeg, beside=ALL)
    }


def stamps(library: Path) -> dict[str, tuple[int, str]]:
    return {
        f"{path.relative_to(library)}": (path.stat().st_mtime_ns, sha256_of(path))
        for path in library.rglob("*")
        if path.is_file() and path.name != "book.json"
    }


def test_each_audio_file_has_its_companions_beside_it_and_the_manifest_lists_them(
    published: dict[str, Path],
) -> None:
    for form, folder in published.items():
        stems = [path.stem for path in folder.glob(f"*.{form}")]
        assert stems
        listed = json.loads((folder / "book.json").read_text())["files"].keys()
        assert listed == {path.name for path in folder.iterdir()} - {"book.json"}
        for stem in stems:
            for suffix in (".vtt", ".words.vtt", ".srt", ".words.srt", ".lrc", ".chapters.json"):
                assert (folder / f"{stem}{suffix}").stat().st_size > 0
        assert ("publication.json" in listed) == (form != "m4b")
        assert ("feed.xml" in listed) == (form == "mp3")


def test_captions_of_the_whole_book_count_from_its_beginning(
    published: dict[str, Path], heard: list[Track]
) -> None:
    (vtt,) = (path for path in published["m4b"].glob("*.vtt") if ".words" not in path.name)
    starts_ms, at = [], 0
    for track in heard:
        starts_ms.append(round((at + 5000) * 1000 / SAMPLE_RATE_HZ))
        at += track.parts[0].samples
    found = re.findall(r"^00:00:(\d\d)\.(\d{3}) --> .*\n(.*)$", vtt.read_text(), re.MULTILINE)
    assert [int(seconds) * 1000 + int(ms) for seconds, ms, _ in found] == starts_ms
    assert {text for _, _, text in found} == {"Alice smile."}, "as it is written"


def test_adding_companions_later_speaks_encodes_and_touches_nothing_else(
    book: Book,
    narration: Narration,
    heard: list[Track],
    ffmpeg: Ffmpeg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    formats = formats_named(["m4b", "mp3"])
    publish(book, narration, heard, formats, tmp_path, ffmpeg)
    before = stamps(tmp_path)
    for work in ("bind", "write_tags", "packets_sha256"):
        monkeypatch.setattr(outputs.publish, work, None)
    publish(book, narration, heard, formats, tmp_path, ffmpeg, beside=ALL)
    after = stamps(tmp_path)
    assert before.items() <= after.items()
    assert len(after) > len(before) + 20
    publish(book, narration, heard, formats, tmp_path, ffmpeg, beside=ALL)
    assert stamps(tmp_path) == after
    publish(book, narration, heard, formats, tmp_path, ffmpeg)
    assert stamps(tmp_path) == before, "what is no longer wanted goes"


def test_two_libraries_with_companions_are_the_same_bytes(
    book: Book, narration: Narration, heard: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        publish(book, narration, heard, formats_named(["mp3"]), tmp_path / name, ffmpeg, beside=ALL)
    hashes = [{path: one[1] for path, one in stamps(tmp_path / name).items()} for name in ("a", "b")]
    assert hashes[0] == hashes[1]


def test_the_w3c_manifest_has_all_that_the_profile_requires(
    published: dict[str, Path], heard: list[Track], narration: Narration
) -> None:
    for form in ("mp3", "m4a", "opus", "flac", "wav"):
        folder = published[form]
        facts: dict[str, Any] = json.loads((folder / "publication.json").read_text())
        assert facts["conformsTo"] == "https://www.w3.org/TR/audiobooks/"
        assert facts["@context"][:2] == ["https://schema.org", "https://www.w3.org/ns/pub-context"]
        assert facts["name"] == "Alice’s Adventures: in Wonderland"
        assert facts["id"] == "urn:isbn:9780306406157"
        assert facts["datePublished"] == "1865-11-26"
        assert facts["readBy"] == [{"type": "Person", "name": narration.narrator}]
        assert "synthetic voice" in facts["readBy"][0]["name"]
        assert narration.disclosure in facts["accessibilitySummary"]
        assert [folder / unquote(one["url"]) for one in facts["readingOrder"]] == sorted(
            folder.glob(f"*.{form}")
        )
        lengths = [track.part(form).samples / SAMPLE_RATE_HZ for track in heard]
        assert [one["duration"] for one in facts["readingOrder"]] == [
            f"PT{length:.3f}S" for length in lengths
        ]
        assert facts["duration"] == f"PT{sum(lengths):.3f}S"
        assert facts["resources"][0]["rel"] == "cover"


def test_the_w3c_package_is_the_manifest_and_all_that_it_names(published: dict[str, Path]) -> None:
    folder = published["mp3"]
    facts = json.loads((folder / "publication.json").read_text())
    with zipfile.ZipFile(folder / "Alice’s Adventures - in Wonderland.lpf") as archive:
        names = archive.namelist()
        assert names[0] == "publication.json"
        assert set(names[1:]) == {unquote(one["url"]) for one in facts["readingOrder"] + facts["resources"]}
        assert all(archive.read(name) == (folder / name).read_bytes() for name in names)


def test_the_feed_has_an_episode_for_each_file_with_its_true_size_and_address(
    published: dict[str, Path],
) -> None:
    folder = published["mp3"]
    channel = etree.fromstring((folder / "feed.xml").read_bytes())[0]
    base = "https://example.org/shelf/mp3/Lewis%20Carroll%2C%20John%20Tenniel/"
    assert (channel.findtext("link") or "").startswith(base)
    items = channel.findall("item")
    dates = [parsedate_to_datetime(item.findtext("pubDate") or "") for item in items]
    assert dates == sorted(set(dates)), "apps that sort by time have them in order"
    for number, (item, file) in enumerate(zip(items, sorted(folder.glob("*.mp3")), strict=True), 1):
        enclosure = item.find("enclosure")
        assert enclosure is not None
        assert unquote(enclosure.get("url", "")).endswith(f"/{file.name}")
        assert enclosure.get("length") == str(file.stat().st_size)
        assert enclosure.get("type") == "audio/mpeg"
        assert item.findtext(f"{ITUNES}episode") == str(number)
        for name in ("transcript", "chapters"):
            link = item.find(f"{PODCAST}{name}")
            assert link is not None
            assert (folder / unquote(link.get("url", "")).rpartition("/")[2]).is_file()
    assert channel.findtext(f"{ITUNES}explicit") == "false"
    assert channel.find(f"{ITUNES}image") is not None
    assert channel.findtext(f"{PODCAST}medium") == "audiobook"


def test_the_feed_says_where_the_book_really_is_when_its_name_was_taken(
    book: Book, narration: Narration, heard: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    feed = Companions(frozenset({Companion.RSS}), "http://host/x")
    formats = formats_named(["mp3"])
    publish(book, narration, heard, formats, tmp_path, ffmpeg, beside=feed)
    other = replace(book, sha256="b2" * 32, source=book.source.with_name("other.epub"))
    (second,) = publish(other, narration, heard, formats, tmp_path, ffmpeg, beside=feed)
    assert second.folder.name.endswith(" (2)")
    assert b"Wonderland%20%282%29/feed.xml" in (second.folder / "feed.xml").read_bytes()


def test_a_chapters_headings_are_marks_and_its_own_title_is_one_mark(heard: list[Track]) -> None:
    places = [PdfPlace(1, (0.0, float(y), 9.0, 9.0)) for y in range(5)]
    blocks = [
        Block(BlockKind.HEADING if n in (0, 2) else BlockKind.PARAGRAPH, f"Block {n}.", place)
        for n, place in enumerate(places)
    ]
    timeline = tuple(
        HeardSentence(24000 * n, 24000 * n + 9, block.text, block.place, 0, 8, block.text)
        for n, block in enumerate(blocks)
    )
    track = replace(heard[0], timeline=timeline)
    file = AudioFile("001 - I.mp3", "I", (track,), ("I",), (track.part("mp3"),))
    facts = json.loads(chapters_json(file, "Alice", "Carroll", {places[0], places[2]}))
    assert facts["version"] == "1.2.0"
    assert facts["chapters"] == [{"startTime": 0.0, "title": "I"}, {"startTime": 2.0, "title": "Block 2."}]


@pytest.mark.parametrize(
    ("names", "formats", "base_url", "problem"),
    [
        (["vtt", "subtitles"], ["m4b"], None, "no such companion.*vtt, srt, lrc"),
        (["w3c"], ["m4b"], None, "a file for each chapter.*Add mp3"),
        (["rss"], ["m4b", "opus"], "https://x.org", "needs MP3"),
        (["rss"], ["mp3"], None, "--base-url.*BINDERY_BASE_URL"),
        (["rss"], ["mp3"], "books", "no web address"),
    ],
)
def test_what_cannot_stand_beside_the_audio_is_told_with_what_to_do(
    names: list[str], formats: list[str], base_url: str | None, problem: str
) -> None:
    with pytest.raises(BadCompanion, match=problem):
        companions_named(names, formats_named(formats), base_url)


@pytest.mark.parametrize(
    ("formats", "more"), [(["m4b"], ()), (["mp3", "opus"], ()), (["opus", "wav"], (CODECS["m4a"],))]
)
def test_a_read_along_takes_the_sound_that_is_made_anyway(
    formats: list[str], more: tuple[object, ...]
) -> None:
    wanted = companions_named(["readalong"], formats_named(formats), None)
    assert wanted.codecs_beside(formats_named(formats)) == more


def test_a_book_that_is_no_epub_has_no_read_along(
    book: Book, narration: Narration, heard: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    wanted = Companions(frozenset({Companion.READALONG}))
    pdf = replace(book, format="pdf")
    published = publish(pdf, narration, heard, formats_named(["mp3"]), tmp_path, ffmpeg, beside=wanted)
    assert [one.format for one in published] == ["mp3"]
