from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from inputs.book import Block, BlockKind, Book, Chapter, Cover, PdfPlace
from outputs.encode import CODECS, Codec, encode
from outputs.ffmpeg import Ffmpeg, find_ffmpeg
from outputs.files import sha256_of
from outputs.finish import Part
from outputs.listen import listen
from outputs.manifest import Narration, Track
from outputs.master import Measurement
from outputs.plan import FRAME_SAMPLES, ChapterPlan, Cue, Utterance
from synth.audio import SAMPLE_RATE_HZ, Samples

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(200))


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    return find_ffmpeg()


@pytest.fixture(scope="session")
def speechlike() -> Callable[..., Samples]:
    """A humming chapter of so many AAC frames, silent at both ends like every chapter of ours."""

    def of(frames: int, pitch_hz: float = 150.0) -> Samples:
        n = frames * FRAME_SAMPLES
        t = np.arange(n) / SAMPLE_RATE_HZ
        rng = np.random.default_rng(frames)
        sound = 0.1 * np.sin(2 * np.pi * pitch_hz * t) * (1 + np.sin(2 * np.pi * 4 * t))
        sound += 0.01 * rng.standard_normal(n)
        quiet = 4 * FRAME_SAMPLES
        sound[:quiet] = 0
        sound[-quiet:] = 0
        return sound.astype(np.float32)

    return of


@pytest.fixture(scope="session")
def part_of(ffmpeg: Ffmpeg) -> Callable[..., Part]:
    """Encode samples as they are into a part, without mastering."""

    def of(samples: Samples, codec: Codec, folder: Path, name: str = "part") -> Part:
        path = folder / f"{name}{codec.suffix}"
        encode([samples], {codec: path}, ffmpeg)
        heard = listen(path, codec.priming_samples, ffmpeg)
        assert abs(heard.samples - len(samples)) <= codec.slack_samples
        heard = replace(heard, samples=len(samples))
        before = Measurement(len(samples), heard.lufs, heard.true_peak_dbtp, -20.0, 0.0, 0.0, False)
        return Part(
            path=path,
            codec=codec.name,
            digest=f"{codec.name}-{name}",
            sha256=sha256_of(path),
            **asdict(heard),
            measurement=before,
            cues=(Cue("0" * 64, 4000, len(samples) - 4000, 0),),
        )

    return of


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """Three chapters, two of them called the same."""
    block = Block(BlockKind.PARAGRAPH, "Alice was beginning to get very tired.", PdfPlace(1))
    return Book(
        source=tmp_path / "alice.epub",
        sha256="a1" * 32,
        format="epub",
        title="Alice’s Adventures: in Wonderland",
        authors=("Lewis Carroll", "John Tenniel"),
        language="en-gb",
        chapters=(
            Chapter("I", (block,), ("Part One",)),
            Chapter("II", (block,), ("Part One",)),
            Chapter("I", (block,), ("Part Two",)),
        ),
        publisher="Macmillan",
        published="1865-11-26",
        description="Down the rabbit-hole.\nAnd what Alice found there.",
        identifier="urn:isbn:978-0-306-40615-7",
        cover=Cover(JPEG, "image/jpeg"),
    )


@pytest.fixture
def narration() -> Narration:
    return Narration("Kokoro-82M", "af_heart", 1.0, "audiobindery 0.1.0", {"language": "a"})


@pytest.fixture(scope="session")
def parts_of_three(
    tmp_path_factory: pytest.TempPathFactory, speechlike: Callable[..., Samples], part_of: Callable[..., Part]
) -> Sequence[tuple[Part, ...]]:
    """Three short chapters, each in every codec."""
    folder = tmp_path_factory.mktemp("parts")
    return [
        tuple(
            part_of(speechlike(20 + n, 120.0 + 30 * n), codec, folder, f"{n}-{codec.name}")
            for codec in CODECS.values()
        )
        for n in range(3)
    ]


@pytest.fixture
def tracks(book: Book, parts_of_three: Sequence[tuple[Part, ...]]) -> list[Track]:
    return [
        Track(
            number,
            chapter.title,
            chapter.parents,
            ChapterPlan((Utterance(f"{number:064x}", 0),), 0, 0),
            parts,
            "af_heart",
            1.0,
        )
        for number, (chapter, parts) in enumerate(zip(book.chapters, parts_of_three, strict=True), 1)
    ]


@pytest.fixture
def fake_ffmpeg(tmp_path: Path, ffmpeg: Ffmpeg) -> Callable[..., Ffmpeg]:
    """An ffmpeg that is a shell script; `$real` in it is the true one."""

    def of(script: str, stall_limit_s: float = 20.0) -> Ffmpeg:
        path = tmp_path / "fake-ffmpeg"
        path.write_text(f"#!/bin/bash\nreal={ffmpeg.path}\n{script}\n")
        path.chmod(0o755)
        return Ffmpeg(str(path), ffmpeg.version_line, stall_limit_s)

    return of
