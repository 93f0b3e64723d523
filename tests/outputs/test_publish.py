from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from mutagen.id3 import ID3
from mutagen.mp4 import MP4

import outputs.publish
import outputs.volumes
from inputs.book import Book
from outputs.encode import FORMATS, formats_named
from outputs.errors import DiskFull, OutputError
from outputs.ffmpeg import Ffmpeg
from outputs.files import sha256_of
from outputs.findings import Finding
from outputs.listen import listen
from outputs.manifest import Narration, Track
from outputs.mp4 import read_index
from outputs.publish import publish
from outputs.timeline import HeardSentence

TITLES = ["Part One: I", "II", "Part Two: I"]
FOLDER = "Lewis Carroll, John Tenniel/Alice’s Adventures - in Wonderland"


def stamps(library: Path) -> dict[str, tuple[int, int, str]]:
    return {
        f"{path.relative_to(library)}": (path.stat().st_mtime_ns, path.stat().st_ino, sha256_of(path))
        for path in library.rglob("*")
        if path.is_file()
    }


def test_each_format_has_a_tree_of_its_own_with_tagged_files(
    book: Book, narration: Narration, tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    published = publish(book, narration, tracks, tuple(FORMATS.values()), tmp_path, ffmpeg)
    assert [one.format for one in published] == list(FORMATS)
    for one in published:
        assert one.folder == tmp_path / one.format / FOLDER
        names = [
            f"001 - Part One - I.{one.format}",
            f"002 - II.{one.format}",
            f"003 - Part Two - I.{one.format}",
        ]
        if one.format == "m4b":
            names = ["Alice’s Adventures - in Wonderland.m4b"]
        assert [path.name for path in one.audio] == names
        assert {path.name for path in one.folder.iterdir()} == {
            *names,
            "book.json",
            "metadata.json",
            "timeline.json",
            "report.html",
            "cover.jpg",
        }
        assert (one.folder / "cover.jpg").read_bytes() == book.cover.data
    seconds = [path for one in published for path in one.audio if path.name.startswith("002")]
    assert len(seconds) == 5
    for path in seconds:
        assert listen(path, 0, ffmpeg).samples == tracks[1].parts[0].samples


def test_the_m4b_has_a_mark_for_each_chapter_and_the_books_tags(
    book: Book, narration: Narration, tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    (published,) = publish(book, narration, tracks, formats_named(["m4b"]), tmp_path, ffmpeg)
    index = read_index(published.audio[0])
    assert [mark.title for mark in index.text_track] == TITLES
    assert [mark.title for mark in index.nero] == TITLES
    tags = MP4(published.audio[0]).tags
    assert tags["\xa9nam"] == tags["\xa9alb"] == [book.title]
    assert tags["stik"] == [2]


def test_a_long_book_becomes_volumes_if_that_is_wanted(
    book: Book,
    narration: Narration,
    tracks: list[Track],
    ffmpeg: Ffmpeg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two = sum(track.parts[0].samples for track in tracks[:2])
    monkeypatch.setattr(outputs.volumes, "LONGEST_SAMPLES", two)
    m4b = formats_named(["m4b"])
    (one_file,) = publish(book, narration, tracks, m4b, tmp_path, ffmpeg)
    assert len(one_file.audio) == 1
    sentence = HeardSentence(1000, 9000, "Alice.", None, 0, 6)
    heard = [replace(track, timeline=(sentence,)) for track in tracks]
    (volumes,) = publish(book, narration, heard, m4b, tmp_path, ffmpeg, in_volumes=True)
    name = "Alice’s Adventures - in Wonderland"
    assert [path.name for path in volumes.audio] == [f"{name}, Vol 1.m4b", f"{name}, Vol 2.m4b"]
    assert volumes.shelved.removed == (f"{name}.m4b",)
    assert [[mark.title for mark in read_index(path).text_track] for path in volumes.audio] == [
        TITLES[:2],
        TITLES[2:],
    ]
    tags = [MP4(path).tags for path in volumes.audio]
    assert [one["trkn"] for one in tags] == [[(1, 2)], [(2, 2)]]
    assert [one["\xa9nam"] for one in tags] == [[f"{book.title}, Vol 1"], [f"{book.title}, Vol 2"]]
    assert [one["\xa9alb"] for one in tags] == [[book.title]] * 2
    timeline = json.loads((volumes.folder / "timeline.json").read_bytes())["chapters"]
    assert [one["file"] for one in timeline] == [path.name for path in volumes.audio for _ in "12"][:3]
    first = tracks[0].parts[0].samples / 24_000
    starts = [one["sentences"][0]["start_s"] for one in timeline]
    assert starts == pytest.approx([1000 / 24_000, first + 1000 / 24_000, 1000 / 24_000], abs=1e-5)


def test_publishing_again_does_no_work_and_touches_nothing(
    book: Book,
    narration: Narration,
    tracks: list[Track],
    ffmpeg: Ffmpeg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    formats = tuple(FORMATS.values())
    first = publish(book, narration, tracks, formats, tmp_path, ffmpeg)
    before = stamps(tmp_path)
    for work in ("bind", "write_tags", "packets_sha256"):
        monkeypatch.setattr(outputs.publish, work, None)
    again = publish(book, narration, tracks, formats, tmp_path, ffmpeg)
    assert [one.audio for one in again] == [one.audio for one in first]
    assert all(one.shelved.written == one.shelved.removed == () for one in again)
    assert stamps(tmp_path) == before


def test_two_libraries_of_the_same_are_the_same_bytes(
    book: Book, narration: Narration, tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        publish(book, narration, tracks, tuple(FORMATS.values()), tmp_path / name, ffmpeg)
    hashes = [{path: stamp[2] for path, stamp in stamps(tmp_path / name).items()} for name in ("a", "b")]
    assert hashes[0] == hashes[1]


def test_one_chapter_that_changed_is_one_file_that_changed(
    book: Book, narration: Narration, tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    formats = formats_named(["mp3", "m4b"])
    publish(book, narration, tracks, formats, tmp_path, ffmpeg)
    changed = [tracks[0], replace(tracks[1], parts=tracks[0].parts), tracks[2]]
    mp3, m4b = publish(book, narration, changed, formats, tmp_path, ffmpeg)
    assert mp3.shelved.written == ("002 - II.mp3", "report.html")
    assert m4b.shelved.written == ("Alice’s Adventures - in Wonderland.m4b", "metadata.json", "report.html")


def test_a_retitled_chapter_gets_its_new_name_and_the_old_one_goes(
    book: Book, narration: Narration, tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    publish(book, narration, tracks, formats_named(["mp3"]), tmp_path, ffmpeg)
    renamed = [tracks[0], replace(tracks[1], title="The Pool of Tears"), tracks[2]]
    (mp3,) = publish(book, narration, renamed, formats_named(["mp3"]), tmp_path, ffmpeg)
    assert mp3.shelved.written == ("002 - The Pool of Tears.mp3", "timeline.json", "report.html")
    assert mp3.shelved.removed == ("002 - II.mp3",)


def test_the_manifest_says_where_everything_comes_from(
    book: Book, narration: Narration, tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    (mp3,) = publish(book, narration, tracks, formats_named(["mp3"]), tmp_path, ffmpeg)
    facts = json.loads((mp3.folder / "book.json").read_bytes())
    assert facts["source"]["sha256"] == book.sha256
    assert facts["source"]["path"] == str(book.source)
    assert facts["tool"] == "audiobindery 0.1.0"
    assert facts["ffmpeg"] == ffmpeg.version_line
    assert (facts["engine"], facts["voice"], facts["speed"]) == ("Kokoro-82M", "af_heart", 1.0)
    assert [chapter["file"] for chapter in facts["chapters"]] == [path.name for path in mp3.audio]
    assert [chapter["plan"] for chapter in facts["chapters"]] == [track.plan.digest for track in tracks]
    assert facts["samples"] == sum(chapter["samples"] for chapter in facts["chapters"])
    assert facts["chapters"][2]["start_s"] == pytest.approx(sum(c["audio_s"] for c in facts["chapters"][:2]))
    for name, file in facts["files"].items():
        assert sha256_of(mp3.folder / name) == file["sha256"]


def test_the_manifest_says_how_loud_each_chapter_is_and_what_is_odd_about_it(
    book: Book, narration: Narration, tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    tracks[1] = replace(
        tracks[1], findings=(Finding("gap", 2, "2.0 s of silence inside", 12.5, "Alice was"),)
    )
    (mp3,) = publish(book, narration, tracks, formats_named(["mp3"]), tmp_path, ffmpeg)
    chapters = json.loads((mp3.folder / "book.json").read_bytes())["chapters"]
    part = tracks[1].part("mp3")
    for level in ("lufs", "range_lu", "rms_dbfs", "noise_floor_dbfs", "peak_dbfs", "true_peak_dbtp"):
        assert chapters[1][level] == pytest.approx(getattr(part, level), abs=0.006)
    assert {"gain_db", "reduction_db"} <= chapters[1]["before_encoding"].keys()
    assert [one["name"] for one in chapters[1]["acx"] if not one["is_met"]][-1] == "encoding"
    assert [chapter["findings"] for chapter in chapters] == [
        [],
        [
            {
                "code": "gap",
                "chapter": 2,
                "message": "2.0 s of silence inside",
                "at_s": 12.5,
                "text": "Alice was",
                "is_error": False,
            }
        ],
        [],
    ]


def test_players_get_chapter_marks_only_where_they_are_exact(
    book: Book, narration: Narration, tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    m4b, mp3 = publish(book, narration, tracks, formats_named(["m4b", "mp3"]), tmp_path, ffmpeg)
    bound, single = (json.loads((one.folder / "metadata.json").read_bytes()) for one in (m4b, mp3))
    assert [chapter["title"] for chapter in bound["chapters"]] == TITLES
    assert bound["chapters"][1]["start"] == pytest.approx(tracks[0].parts[0].samples / 24_000, abs=1e-6)
    assert single["chapters"] == []
    assert bound["narrators"] == ["Kokoro-82M af_heart (synthetic voice)"]
    assert (bound["publishedYear"], bound["isbn"], bound["language"]) == ("1865", "9780306406157", "en-gb")


def test_a_label_keeps_two_narrations_of_a_book_apart(
    book: Book, narration: Narration, tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    formats = formats_named(["mp3"])
    (draft,) = publish(book, narration, tracks, formats, tmp_path, ffmpeg, label="draft voice")
    (final,) = publish(book, narration, tracks, formats, tmp_path, ffmpeg)
    assert draft.folder == tmp_path / "mp3" / f"{FOLDER} (draft voice)"
    assert final.folder == tmp_path / "mp3" / FOLDER
    assert ID3(draft.audio[0])["TALB"].text == [f"{book.title} (draft voice)"]


def test_some_chapters_of_a_book_keep_their_numbers(
    book: Book, narration: Narration, tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    (mp3,) = publish(book, narration, tracks[1:2], formats_named(["mp3"]), tmp_path, ffmpeg)
    assert [path.name for path in mp3.audio] == ["002 - II.mp3"]
    assert ID3(mp3.audio[0])["TRCK"].text == ["2/3"]


def test_a_cover_that_is_no_picture_does_not_stop_a_book(
    book: Book, narration: Narration, tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    broken = replace(book, cover=replace(book.cover, data=b"not a picture"))
    published = publish(broken, narration, tracks, tuple(FORMATS.values()), tmp_path, ffmpeg)
    assert all(one.audio[0].exists() for one in published)


def test_tagging_that_harms_the_sound_is_found_before_anything_is_published(
    book: Book,
    narration: Narration,
    tracks: list[Track],
    ffmpeg: Ffmpeg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = outputs.publish.check_tags

    def harm(path: Path, *rest: object) -> None:
        real(path, *rest)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0x55
        path.write_bytes(data)

    monkeypatch.setattr(outputs.publish, "check_tags", harm)
    for name in FORMATS:
        with pytest.raises(OutputError):
            publish(book, narration, tracks, formats_named([name]), tmp_path, ffmpeg)
        assert not [path for path in (tmp_path / name).rglob("*") if path.name != ".bindery.lock"]


def test_a_full_disk_leaves_the_library_as_it_was(
    book: Book,
    narration: Narration,
    tracks: list[Track],
    ffmpeg: Ffmpeg,
    fake_ffmpeg: Callable[..., Ffmpeg],
    tmp_path: Path,
) -> None:
    library = tmp_path / "library"
    publish(book, narration, tracks, formats_named(["m4b"]), library, ffmpeg)
    before = stamps(library)
    retitled = [replace(tracks[0], title="Down the Rabbit-Hole"), *tracks[1:]]
    full = fake_ffmpeg('ulimit -f 8; exec "$real" "$@"')
    with pytest.raises(DiskFull):
        publish(book, narration, retitled, formats_named(["m4b"]), library, full)
    assert stamps(library) == before
