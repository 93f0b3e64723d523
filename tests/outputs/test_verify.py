from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest

import outputs.verify
from outputs.errors import VerifierMissing
from outputs.findings import Finding
from outputs.plan import Cue
from outputs.verify import check_verifier, verify_chapter
from synth.audio import AudioSegment, Samples
from synth.chunks import Chunk, Line, pack
from synth.draft import DraftSpeaker
from synth.script import Passage, script

TEXTS = (
    "The lamp was lit at six o'clock, and nobody in the village saw who had lit it.",
    "By the morning the tide had gone out again, and the little boats lay on the sand.",
    "She asked the keeper of the lighthouse for a drink of water and a piece of bread.",
)


@pytest.fixture(scope="module")
def spoken() -> list[tuple[Chunk, AudioSegment]]:
    """Three sentences in the draft voice."""
    speaker = DraftSpeaker()
    said = []
    for text in TEXTS:
        (sentence,) = script([Passage(text)], "en-us").sentences
        line = Line(0, 0, speaker.pronounce(sentence.spoken, "en-us"), sentence.pause)
        (chunk,) = pack([line], "af_heart", 1.0, "en-us")
        (segment,) = speaker.speak([chunk])
        said.append((chunk, segment))
    return said


@pytest.fixture
def verdicts(tmp_path: Path) -> Callable[..., list[Finding]]:
    def of(chunks: list[Chunk], sounds: list[Samples]) -> list[Finding]:
        cues = [Cue(f"{n}", 24_000 * n, 24_000 * n + len(sound), 0) for n, sound in enumerate(sounds)]
        read = {cue.key: sound for cue, sound in zip(cues, sounds, strict=True)}.__getitem__
        return list(verify_chapter(4, cues, chunks, read, tmp_path / f"{len(list(tmp_path.iterdir()))}"))

    return of


def test_what_says_its_text_is_not_remarked_upon(
    spoken: list[tuple[Chunk, AudioSegment]], verdicts: Callable[..., list[Finding]]
) -> None:
    assert verdicts([chunk for chunk, _ in spoken], [segment.samples for _, segment in spoken]) == []


def test_a_segment_without_its_last_words_is_wrong_and_named_with_its_text_and_time(
    spoken: list[tuple[Chunk, AudioSegment]], verdicts: Callable[..., list[Finding]]
) -> None:
    chunks = [chunk for chunk, _ in spoken]
    sounds = [segment.samples for _, segment in spoken]
    sounds[1] = sounds[1][: spoken[1][1].words[-2].start_sample]
    (found,) = verdicts(chunks, sounds)
    assert (found.code, found.chapter, found.at_s, found.is_error) == ("wrong", 4, 1.0, True)
    assert found.text.startswith("By the morning the tide")


def test_a_segment_with_a_hole_or_with_another_text_is_wrong(
    spoken: list[tuple[Chunk, AudioSegment]], verdicts: Callable[..., list[Finding]]
) -> None:
    chunks = [chunk for chunk, _ in spoken]
    hole = spoken[0][1].samples.copy()
    hole[24_000:60_000] = 0
    found = verdicts(chunks, [hole, spoken[2][1].samples, spoken[2][1].samples])
    assert [one.text.split()[0] for one in found] == ["The", "By"]


def test_only_english_is_listened_to(
    spoken: list[tuple[Chunk, AudioSegment]], verdicts: Callable[..., list[Finding]]
) -> None:
    spanish = replace(spoken[0][0], language="es")
    assert verdicts([spanish], [np.zeros(48_000, np.float32)]) == []


def test_no_segment_is_listened_to_twice(spoken: list[tuple[Chunk, AudioSegment]], tmp_path: Path) -> None:
    chunk, segment = spoken[0]
    cut = segment.samples[: len(segment.samples) // 2]
    cues = [Cue("k", 0, len(cut), 0)]
    first = list(verify_chapter(1, cues, [chunk], lambda key: cut, tmp_path / "known"))
    assert [one.code for one in first] == ["wrong"]

    def unread(key: str) -> Samples:
        raise AssertionError("it was listened to again")

    assert list(verify_chapter(1, cues, [chunk], unread, tmp_path / "known")) == first
    (kept,) = (tmp_path / "known").iterdir()
    kept.write_text("[")
    assert list(verify_chapter(1, cues, [chunk], lambda key: cut, tmp_path / "known")) == first
    other = replace(chunk, phonemes=chunk.phonemes.replace("k", "p"))
    with pytest.raises(AssertionError):
        list(verify_chapter(1, cues, [other], unread, tmp_path / "known"))


def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(outputs.verify, "version", missing)
    with pytest.raises(VerifierMissing, match=r'pip install "audiobindery\[verify\]"'):
        check_verifier()
