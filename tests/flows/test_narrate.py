"""The whole road, on the example book, with the draft voice: what comes out is opened and checked."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import pytest
from mutagen.mp4 import MP4
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from flows.narrate import NarrationOptions, narrate_book
from flows.report import Narrated
from flows.speakers import Engine
from outputs.ffmpeg import find_ffmpeg
from outputs.listen import decoded
from outputs.loudness import LoudnessMeter
from outputs.mp4 import read_index
from outputs.plan import FRAME_SAMPLES
from outputs.true_peak import TruePeakMeter
from synth.audio import SAMPLE_RATE_HZ

EXAMPLES = Path(__file__).parents[2] / "examples"
TITLES = [
    "Preface",
    "The Drawer",
    "An Answer from London",
    "What Was Owed",
    "The Crossing",
    "A Quarter Past Six",
    "The Second Receipt",
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("bindery")
    with pytest.MonkeyPatch.context() as patch, prefect_test_harness(server_startup_timeout=120):
        patch.setenv("BINDERY_HOME", str(folder))
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            yield folder


def narrate(document: Path, library: Path, **options: Any) -> Narrated:
    return narrate_book(str(document), NarrationOptions(engine=Engine.DRAFT, library=str(library), **options))


@pytest.fixture(scope="module", params=["upon-asking.epub", "upon-asking.pdf"])
def book(request: pytest.FixtureRequest, home: Path) -> Narrated:
    return narrate(EXAMPLES / request.param, home / f"library-{request.param}")


def measured(file: Path) -> tuple[int, float, float]:
    """Samples at 24 kHz, loudness and true peak of a file, decoded."""
    loudness, peak, samples = LoudnessMeter(), TruePeakMeter(), 0
    for block in decoded(file, find_ffmpeg()):
        loudness.push(block)
        peak.push(block)
        samples += len(block)
    return samples, loudness.lufs, peak.dbtp


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_chapters_are_those_of_the_book_in_order(book: Narrated) -> None:
    assert [chapter.title for chapter in book.chapters] == TITLES
    assert [chapter.number for chapter in book.chapters] == list(range(1, 8))
    assert book.voice == "bf_emma", "the book is in British English"


def test_every_chapter_file_is_as_long_as_planned_and_as_loud_as_promised(book: Narrated) -> None:
    for chapter in book.chapters:
        (file,) = map(Path, chapter.files)
        samples, lufs, true_peak_dbtp = measured(file)
        assert samples == round(chapter.audio_s * SAMPLE_RATE_HZ, -1) or samples % FRAME_SAMPLES == 0
        assert samples / SAMPLE_RATE_HZ == pytest.approx(chapter.audio_s, abs=1e-3)
        assert lufs == pytest.approx(-19.0, abs=0.3)
        assert true_peak_dbtp <= -3.0


def test_every_chapter_file_is_tagged_in_full(book: Narrated) -> None:
    for chapter in book.chapters:
        (file,) = chapter.files
        tags = mutagen.File(file, easy=True)
        assert tags["title"] == [chapter.title]
        assert tags["artist"] == ["The audiobindery authors"]
        assert tags["album"] == ["Upon Asking (draft voice)"]
        assert tags["tracknumber"] == [f"{chapter.number}/7"]
        assert "draft voice" in tags["composer"][0]


def test_the_m4b_has_the_chapters_in_both_forms_where_they_begin(book: Narrated) -> None:
    assert book.m4b is not None
    index = read_index(Path(book.m4b))
    starts = np.cumsum([0, *(round(c.audio_s * SAMPLE_RATE_HZ / FRAME_SAMPLES) for c in book.chapters)])
    planned_s = starts[:-1] * FRAME_SAMPLES / SAMPLE_RATE_HZ
    nero = MP4(book.m4b).chapters
    assert nero is not None
    assert [mark.title for mark in nero] == TITLES
    assert [mark.title for mark in index.text_track] == TITLES
    for marks in ([m.start for m in nero], [m.start_s for m in index.text_track]):
        assert marks == pytest.approx(planned_s, abs=FRAME_SAMPLES / SAMPLE_RATE_HZ)


def test_the_m4b_is_the_chapters_joined_to_the_sample(book: Narrated) -> None:
    assert book.m4b is not None
    samples, lufs, true_peak_dbtp = measured(Path(book.m4b))
    assert (
        samples
        == sum(round(c.audio_s * SAMPLE_RATE_HZ / FRAME_SAMPLES) for c in book.chapters) * FRAME_SAMPLES
    )
    assert lufs == pytest.approx(-19.0, abs=0.3)
    assert true_peak_dbtp <= -3.0


def test_a_second_of_audio_leads_back_to_its_place_in_the_document(book: Narrated) -> None:
    timeline = json.loads((Path(book.book_dir) / "timeline.json").read_text())
    crossing = timeline["chapters"][4]
    sentences = crossing["sentences"]
    assert [sentence["text"] for sentence in sentences[:2]] == ["Part Two: The Bell.", "The Crossing."]
    assert all(before["start_s"] < after["start_s"] for before, after in itertools.pairwise(sentences))
    places = {sentence["where"] for sentence in sentences}
    assert any("page" in place or "xhtml" in place for place in places)
    offset_s = sum(chapter.audio_s for chapter in book.chapters[:4])
    assert offset_s < sentences[0]["start_s"] < offset_s + 2, "in the M4B, seconds count from its beginning"


def test_the_manifest_says_that_it_is_a_draft_and_how_to_make_it_again(book: Narrated) -> None:
    manifest = json.loads((Path(book.book_dir) / "book.json").read_text())
    assert manifest["settings"]["engine"] == "draft"
    assert manifest["source"]["sha256"] == hashlib.sha256(Path(book.file).read_bytes()).hexdigest()
    assert manifest["ffmpeg"].startswith("ffmpeg version")


def test_what_stands_beside_the_audio_can_be_added_later(book: Narrated) -> None:
    library = Path(book.book_dir).parents[2]
    before = tree(library)
    again = narrate(Path(book.file), library, beside=["vtt", "readalong"])
    assert again.spoken_from_cache == again.chunks
    after = tree(library)
    assert {name for name, digest in before.items() if after[name] != digest} <= {
        name
        for name in before
        if name.endswith(("book.json", "report.html"))  # the report has the warning
    }
    captions = [name for name in after if name.endswith(".vtt") and ".words" not in name]
    assert len(captions) == 1 + len(TITLES)
    (whole,) = (library / name for name in captions if name.startswith("m4b"))
    assert "17 June, at 5:25" in " ".join(whole.read_text().split()), "as it is written"
    if book.file.endswith(".epub"):
        assert again.readalong is not None
        assert Path(again.readalong).is_file()
    else:
        assert again.readalong is None
        assert any("no read-along was made" in warning for warning in again.warnings)


def test_a_second_run_speaks_nothing_and_touches_nothing(home: Path) -> None:
    library = home / "library-upon-asking.epub"
    first = narrate(EXAMPLES / "upon-asking.epub", library)
    before = tree(library)
    times = {path: path.stat().st_mtime_ns for path in library.rglob("*.mp3")}
    again = narrate(EXAMPLES / "upon-asking.epub", library)
    assert again.spoken_from_cache == again.chunks == first.chunks
    assert tree(library) == before
    assert {path: path.stat().st_mtime_ns for path in library.rglob("*.mp3")} == times


def test_a_damaged_segment_is_spoken_again_and_gives_the_same_bytes(home: Path) -> None:
    options: dict[str, Any] = {"chapters": "1", "formats": ["flac"]}
    first = narrate(EXAMPLES / "upon-asking.epub", home / "undamaged", **options)
    for audio in (home / "segments").rglob("*.flac"):
        damaged = bytearray(audio.read_bytes())
        damaged[len(damaged) // 2] ^= 0xFF
        audio.write_bytes(damaged)
    for part in (home / "parts").glob("*.flac"):
        part.unlink()
    again = narrate(EXAMPLES / "upon-asking.epub", home / "mended", **options)
    names = [Path(chapter.files[0]) for chapter in (*first.chapters, *again.chapters)]
    assert names[0].read_bytes() == names[1].read_bytes()
    assert [warning for warning in first.warnings if "damaged" in warning] == []
    assert any("chapter 1" in warning and "spoken again" in warning for warning in again.warnings)


def test_some_chapters_are_a_book_of_their_own_and_keep_their_numbers(home: Path) -> None:
    sample = narrate(EXAMPLES / "upon-asking.epub", home / "sample", chapters="2, 5", formats=["mp3"])
    assert [(chapter.number, chapter.title) for chapter in sample.chapters] == [
        (2, "The Drawer"),
        (5, "The Crossing"),
    ]
    assert sample.m4b is None
    assert Path(sample.book_dir).name == "Upon Asking (draft voice, chapters 2,5)"


def test_a_book_toml_recasts_one_chapter_and_leaves_the_sound_of_the_others(
    home: Path, small_book: Path
) -> None:
    def facts() -> tuple[Narrated, dict[str, Any]]:
        book = narrate(small_book, home / "cast", formats=["mp3"])
        return book, json.loads((Path(book.book_dir) / "book.json").read_bytes())

    _, before = facts()
    small_book.with_suffix(".toml").write_text(
        '[book]\nseries = "Shores"\npart = 2\n'
        '[[chapter]]\nname = "The Tide"\ntitle = "High Water"\nvoice = "bm_george"\nspeed = 1.2'
    )
    book, after = facts()
    assert [chapter.title for chapter in book.chapters] == ["The Lamp", "High Water"]
    assert book.book_toml == str(small_book.with_suffix(".toml"))
    assert 0 < book.spoken_from_cache < book.chunks
    assert after["chapters"][0]["plan"] == before["chapters"][0]["plan"]
    assert [(chapter["voice"], chapter["speed"]) for chapter in after["chapters"]] == [
        ("af_heart", 1.0),
        ("bm_george", 1.2),
    ]
    assert (after["voice"], after["voices"]) == ("af_heart", ["af_heart", "bm_george"])
    tags = mutagen.File(book.chapters[0].files[0]).tags
    assert "af_heart / bm_george (synthetic voices)" in tags["TCOM"].text[0]
    assert tags["TXXX:SERIES-PART"].text == ["2"]
    assert json.loads((Path(book.book_dir) / "metadata.json").read_bytes())["series"] == ["Shores #2"]


def test_another_preset_masters_anew_and_speaks_nothing(home: Path, small_book: Path) -> None:
    usual = narrate(small_book, home / "usual", formats=["mp3"])
    acx = narrate(small_book, home / "acx", preset="acx", verify=True)
    assert acx.spoken_from_cache == acx.chunks == usual.chunks
    assert [chapter.lufs for chapter in acx.chapters] == pytest.approx([-20.0] * 2, abs=0.5)
    assert acx.m4b is None, "ACX takes an MP3 for each chapter"
    manifest = json.loads((Path(acx.book_dir) / "book.json").read_bytes())
    assert manifest["settings"]["preset"] == "acx"
    for chapter in manifest["chapters"]:
        missed = [one["name"] for one in chapter["acx"] if not one["is_met"]]
        assert [one["code"] for one in chapter["findings"]].count("acx") == len(missed)
        assert "encoding" not in missed
        assert not [one for one in chapter["findings"] if one["is_error"]], "the voice says what is written"


def test_a_chapter_without_a_word_is_left_out_and_the_others_keep_their_numbers(
    home: Path, epub_of: Callable[[dict[str, str]], Path]
) -> None:
    chapters = {"The Lamp": "The lamp was lit at six.", "***": "* * *", "The Tide": "The tide was out again."}
    book = narrate(epub_of(chapters), home / "gap", formats=["m4b"])
    assert [chapter.title for chapter in book.chapters] == ["The Lamp", "The Tide"]
    assert book.m4b is not None
    assert [mark.title for mark in read_index(Path(book.m4b)).text_track] == ["The Lamp", "The Tide"]
