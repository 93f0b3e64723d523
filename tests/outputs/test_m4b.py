from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mutagen.mp4 import MP4

from outputs.encode import CODECS
from outputs.errors import DiskFull, EncoderFailed, NotAsPlanned
from outputs.ffmpeg import Ffmpeg
from outputs.finish import Part
from outputs.listen import decoded
from outputs.m4b import bind, check_bound
from outputs.mp4 import read_index
from synth.audio import Samples

AAC = CODECS["aac"]
HARD_TITLES = [
    "plain",
    "a = b; c # d",
    "back\\slash \\= and \\n",
    "two\nlines",
    "'single' \"double\" “curly”",
    "[CHAPTER]",
    "=",
    " spaces around ",
    "🦊 the fox 👩‍🚀",
    "ثعلب سريع",
    "É" * 127,
    "x" * 255,
    "x" * 254 + "é and more",
    "A very long title, " * 16,
    "Длинное заглавие " * 20,
]


@pytest.fixture(scope="module")
def tiny(
    tmp_path_factory: pytest.TempPathFactory, speechlike: Callable[..., Samples], part_of: Callable[..., Part]
) -> Part:
    return part_of(speechlike(9), AAC, tmp_path_factory.mktemp("tiny"))


def heard(path: Path, ffmpeg: Ffmpeg) -> Samples:
    return np.concatenate(list(decoded(path, ffmpeg)))


def test_forty_chapters_are_joined_without_a_sample_of_drift(
    part_of: Callable[..., Part], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    parts = []
    for n in range(40):
        sound = np.zeros((8 + n % 5) * 1024, np.float32)
        sound[4000 + 7 * n] = 0.5  # a click
        parts.append(part_of(sound, AAC, tmp_path, f"{n}"))
    titles = [f"Chapter {n}" for n in range(40)]
    book = tmp_path / "book.m4b"
    bind(parts, titles, book, ffmpeg)
    check_bound(book, parts, titles, ffmpeg)
    sound = heard(book, ffmpeg)
    assert len(sound) == sum(part.samples for part in parts)
    start = 0
    for n, part in enumerate(parts):
        chapter = sound[start : start + part.samples]
        alone = heard(part.path, ffmpeg)[AAC.priming_samples :]
        assert int(np.abs(chapter).argmax()) == int(np.abs(alone).argmax())
        assert abs(int(np.abs(chapter).argmax()) - (4000 + 7 * n)) <= 1
        assert not chapter[:1000].any(), "the join is digital silence"
        start += part.samples


def test_the_same_parts_give_the_same_bytes(tiny: Part, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    for name in ("a.m4b", "b.m4b"):
        bind([tiny, tiny], ["One", "Two"], tmp_path / name, ffmpeg)
    assert (tmp_path / "a.m4b").read_bytes() == (tmp_path / "b.m4b").read_bytes()


def test_titles_come_back_as_they_were_in_both_forms(tiny: Part, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    book = tmp_path / "book.m4b"
    bind([tiny] * len(HARD_TITLES), HARD_TITLES, book, ffmpeg)
    check_bound(book, [tiny] * len(HARD_TITLES), HARD_TITLES, ffmpeg)
    index = read_index(book)
    assert [mark.title for mark in index.text_track] == HARD_TITLES
    for mark, title in zip(index.nero, HARD_TITLES, strict=True):
        if len(title.encode()) <= 255:
            assert mark.title == title
        else:
            assert title.startswith(mark.title.rstrip(" "))
            assert len(mark.title.encode()) == 255


def test_our_reading_of_the_marks_is_that_of_others(tiny: Part, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    book = tmp_path / "book.m4b"
    bind([tiny] * 5, [f"Chapter {n}" for n in range(5)], book, ffmpeg)
    index = read_index(book)
    assert [(mark.start_s, mark.title) for mark in index.nero] == [
        (pytest.approx(mark.start), mark.title) for mark in MP4(book).chapters
    ]
    seen = subprocess.run(
        [ffmpeg.path, "-v", "error", "-i", book, "-f", "ffmetadata", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert [f"title={mark.title}" for mark in index.text_track] == [
        line for line in seen.splitlines() if line.startswith("title=")
    ]


@pytest.mark.parametrize("chapters", [1, 255, 256, 312])
def test_any_number_of_chapters_is_marked(chapters: int, tiny: Part, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    parts = [tiny] * chapters
    titles = [f"Chapter {n}" for n in range(chapters)]
    book = tmp_path / "book.m4b"
    bind(parts, titles, book, ffmpeg)
    check_bound(book, parts, titles, ffmpeg)
    index = read_index(book)
    assert len(index.text_track) == chapters
    assert len(index.nero) == (chapters if chapters <= 255 else 0)
    starts_s = np.arange(chapters) * tiny.samples / 24_000
    assert np.allclose([mark.start_s for mark in index.text_track], starts_s, atol=0.001)


def test_a_book_that_is_not_as_planned_is_found(tiny: Part, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    book = tmp_path / "book.m4b"
    titles = ["One", "Two", "Three"]
    bind([tiny] * 3, titles, book, ffmpeg)
    check_bound(book, [tiny] * 3, titles, ffmpeg)
    longer = replace(tiny, samples=tiny.samples + 1024)
    shorter = replace(tiny, samples=tiny.samples - 1024)
    with pytest.raises(NotAsPlanned, match="chapter 2 'Two', not 'Too'"):
        check_bound(book, [tiny] * 3, ["One", "Too", "Three"], ffmpeg)
    with pytest.raises(NotAsPlanned, match="packets do not last"):
        check_bound(book, [tiny, tiny, longer], titles, ffmpeg)
    with pytest.raises(NotAsPlanned, match="it has 9 packets after the first, not 10"):
        check_bound(book, [longer, shorter, tiny], titles, ffmpeg)


def test_marks_that_are_missing_or_elsewhere_are_found(
    tiny: Part,
    speechlike: Callable[..., Samples],
    part_of: Callable[..., Part],
    ffmpeg: Ffmpeg,
    tmp_path: Path,
) -> None:
    double = part_of(np.concatenate([speechlike(9)] * 2), AAC, tmp_path, "double")
    book = tmp_path / "book.m4b"
    bind([tiny, double], ["One", "Two"], book, ffmpeg)
    data = book.read_bytes()
    for form in (b"chap", b"chpl"):
        book.write_bytes(data.replace(form, b"gone"))
        with pytest.raises(NotAsPlanned, match="has 0 chapters, not 2"):
            check_bound(book, [tiny, double], ["One", "Two"], ffmpeg)
    second = round(tiny.samples / 24_000 * 10_000_000).to_bytes(8)
    assert data.count(second) == 1
    book.write_bytes(data.replace(second, (2**20).to_bytes(8)))
    with pytest.raises(NotAsPlanned, match=r"chapter list has chapter 2 at 0\.105 s, not 0\.384 s"):
        check_bound(book, [tiny, double], ["One", "Two"], ffmpeg)


def test_a_packet_that_was_changed_is_found(
    tiny: Part,
    speechlike: Callable[..., Samples],
    part_of: Callable[..., Part],
    ffmpeg: Ffmpeg,
    tmp_path: Path,
) -> None:
    other = part_of(speechlike(9, 300.0), AAC, tmp_path, "other")
    book = tmp_path / "book.m4b"
    bind([tiny, other], ["One", "Two"], book, ffmpeg)
    with pytest.raises(NotAsPlanned, match="not those of the chapters"):
        check_bound(book, [other, tiny], ["One", "Two"], ffmpeg)


def test_a_book_that_says_the_wrong_thing_of_its_sound_is_found(
    tiny: Part, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    book = tmp_path / "book.m4b"
    bind([tiny] * 3, ["One", "Two", "Three"], book, ffmpeg)
    data = book.read_bytes()
    of_24_khz = b"\x13\x08"  # AudioSpecificConfig: AAC-LC, 24 kHz, mono (ISO/IEC 14496-3, 1.6.2.1)
    at = data.index(of_24_khz, data.index(b"esds"))
    book.write_bytes(data[:at] + b"\x12\x08" + data[at + 2 :])  # 44.1 kHz
    with pytest.raises((NotAsPlanned, EncoderFailed)):
        check_bound(book, [tiny] * 3, ["One", "Two", "Three"], ffmpeg)


@pytest.mark.parametrize("cut_bytes", [1, 3000])
def test_a_part_that_was_cut_short_is_not_bound(
    tiny: Part, ffmpeg: Ffmpeg, tmp_path: Path, cut_bytes: int
) -> None:
    cut = replace(tiny, path=tmp_path / "cut.aac")
    cut.path.write_bytes(tiny.path.read_bytes()[:-cut_bytes])
    with pytest.raises(NotAsPlanned):
        bind([tiny, cut], ["One", "Two"], tmp_path / "book.m4b", ffmpeg)


def test_a_book_that_was_cut_short_is_found(tiny: Part, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    book = tmp_path / "book.m4b"
    bind([tiny] * 3, ["One", "Two", "Three"], book, ffmpeg)
    whole = book.read_bytes()
    for length in (0, 20, len(whole) // 4, len(whole) // 2, len(whole) - 1):
        book.write_bytes(whole[:length])
        with pytest.raises((NotAsPlanned, EncoderFailed)):
            check_bound(book, [tiny] * 3, ["One", "Two", "Three"], ffmpeg)


def test_a_full_disk_is_named_so(tiny: Part, fake_ffmpeg: Callable[..., Ffmpeg], tmp_path: Path) -> None:
    with pytest.raises(DiskFull):
        bind(
            [tiny] * 100,
            [f"{n}" for n in range(100)],
            tmp_path / "b.m4b",
            fake_ffmpeg('ulimit -f 16; exec "$real" "$@"'),
        )
