from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from outputs.acx import acx_table
from outputs.checks import check_chapter, check_durations, check_segments
from outputs.durations import FEWEST, Said, duration_outliers
from outputs.findings import Finding, beginning
from outputs.finish import Part
from outputs.manifest import Track
from outputs.master import Measurement, master
from outputs.plan import ChapterPlan, Cue, Mastering, Utterance
from outputs.remarks import remarks_on
from outputs.store import SegmentStore
from synth.audio import SAMPLE_RATE_HZ, AudioSegment, Samples
from synth.chunks import Chunk
from synth.script import Pause

PART = Part(
    path=Path("part.mp3"),
    codec="mp3-192k",
    digest="d",
    sha256="s",
    samples=100 * SAMPLE_RATE_HZ,
    lufs=-20.0,
    range_lu=5.0,
    rms_dbfs=-20.5,
    noise_floor_dbfs=-72.0,
    peak_dbfs=-3.6,
    true_peak_dbtp=-3.4,
    measurement=Measurement(100 * SAMPLE_RATE_HZ, -20.0, -3.5, -20.5, 1.0, 3.0, False),
    cues=(Cue("k", round(0.75 * SAMPLE_RATE_HZ), 98 * SAMPLE_RATE_HZ, 0),),
)


TRACK = Track(1, "One", (), ChapterPlan((Utterance("k", 0),), 0, 0), (PART,), "af_heart", 1.0)


def speech(seconds: float, seed: int = 1, level: float = 0.05) -> Samples:
    """Noise in syllables, with silence around it, as a voice gives it."""
    rng = np.random.default_rng(seed)
    samples = round(seconds * SAMPLE_RATE_HZ)
    syllables = np.clip(np.sin(2 * np.pi * 4 * np.arange(samples) / SAMPLE_RATE_HZ) + 0.6, 0, 1)
    room = np.zeros(7200)
    return np.concatenate((room, level * rng.normal(size=samples) * syllables, room)).astype(np.float32)


def chunk(text: str = "She was beginning to get very tired.", **parts: str) -> Chunk:
    return Chunk(text, "ʃˌi wʌz", "af_heart", 1.0, "en-us", Pause.SENTENCE, **parts)


@pytest.fixture
def findings_of(tmp_path: Path) -> Callable[..., list[Finding]]:
    """What is found of a chapter of three usual segments and this one."""

    def of(sound: Samples, said: Chunk | None = None) -> list[Finding]:
        store = SegmentStore(tmp_path / "store")
        keys = []
        for each in (speech(3, 2), speech(4, 3), speech(3, 4), sound):
            keys.append(hashlib.sha256(each.tobytes()).hexdigest())
            store.put(AudioSegment(keys[-1], each))
        mastered = master(ChapterPlan(tuple(Utterance(key, 8000) for key in keys), 18_000, 48_000), store)
        part = replace(PART, measurement=mastered.measurement, cues=mastered.cues)
        chunks = [chunk("A usual one.")] * 3 + [said or chunk()]
        facts = {key: store.facts(key) for key in keys}
        return list(check_segments(7, part, chunks, facts, lambda key: store.read(key).samples))

    return of


def test_what_is_in_order_is_not_remarked_upon(findings_of: Callable[..., list[Finding]]) -> None:
    assert findings_of(speech(5)) == []


def test_a_segment_that_says_nothing_is_found_with_its_text_and_time(
    findings_of: Callable[..., list[Finding]],
) -> None:
    (found,) = findings_of(np.full(48_000, 1e-5, np.float32))
    assert (found.code, found.chapter, found.text) == ("silent", 7, chunk().text)
    assert found.at_s == pytest.approx(0.75 + 3 + 4 + 3 + 3 * 8000 / 24_000, abs=0.5)
    (remark,) = remarks_on([replace(TRACK, number=7, findings=(found,))])
    assert str(remark) == f"chapter 7 at 0:12: “{chunk().text}”: nothing is heard of it"


@pytest.mark.parametrize(("gap_s", "is_found"), [(1.2, False), (2.5, True)])
def test_a_long_silence_inside_a_segment_is_found_where_it_is(
    findings_of: Callable[..., list[Finding]], gap_s: float, is_found: bool
) -> None:
    hole = np.zeros(round(gap_s * SAMPLE_RATE_HZ), np.float32)
    usual = findings_of(speech(5))
    found = findings_of(np.concatenate((speech(2)[:-7200], hole, speech(2, 5)[7200:])))
    assert usual == []
    assert [one.code for one in found] == (["gap"] if is_found else [])
    if is_found:
        assert found[0].at_s == pytest.approx(0.75 + 10 + 1 + 2, abs=0.6)
        assert "2.5 s of silence" in found[0].message or "2.4 s of silence" in found[0].message


@pytest.mark.parametrize("clipped", [False, True])
def test_a_segment_that_is_clipped_is_found_and_one_that_is_only_loud_is_not(
    tmp_path: Path, clipped: bool
) -> None:
    store = SegmentStore(tmp_path / "store")
    loud = speech(3, 9)
    loud /= np.abs(loud).max()
    if clipped:
        loud[30_000:30_010] = 1.0
    store.put(AudioSegment("a" * 64, loud))
    facts = store.facts("a" * 64)
    mastered = master(ChapterPlan((Utterance("a" * 64, 0),), 18_000, 48_000), store)
    part = replace(PART, measurement=mastered.measurement, cues=mastered.cues)
    found = list(check_segments(1, part, [chunk()], {"a" * 64: facts}, lambda key: store.read(key).samples))
    assert [one.code for one in found] == (["clipping"] if clipped else [])
    if clipped:
        assert found[0].at_s == pytest.approx((18_000 + 30_000 - facts.trim_start_sample) / SAMPLE_RATE_HZ)


def test_a_segment_that_is_cut_off_is_found_unless_it_was_cut_out_of_its_neighbours(
    findings_of: Callable[..., list[Finding]],
) -> None:
    whole = speech(5)
    cut = whole[: 7200 + 2 * SAMPLE_RATE_HZ + 1500]  # at the top of a syllable
    assert [one.code for one in findings_of(cut)] == ["cut"]
    assert findings_of(cut, chunk("So.", after="ʃˌi")) == []


def test_a_segment_much_quieter_or_louder_than_its_chapter_is_found(
    findings_of: Callable[..., list[Finding]],
) -> None:
    (quiet,) = findings_of(speech(3, level=0.02))
    assert (quiet.code, "quieter" in quiet.message) == ("level", True)


def test_a_word_of_another_loudness_is_usual(findings_of: Callable[..., list[Finding]]) -> None:
    assert findings_of(speech(0.5, level=0.02)) == []


def test_a_chapter_that_missed_its_loudness_or_is_limited_hard_is_named() -> None:
    odd = replace(PART, lufs=-25.0, measurement=replace(PART.measurement, lufs=-25.0, reduction_db=8.0))
    assert [one.code for one in check_chapter(2, [odd], Mastering(), acx=False)] == ["loudness", "limiter"]
    fine = replace(PART, lufs=-19.0, measurement=replace(PART.measurement, lufs=-19.01))
    assert list(check_chapter(2, [fine], Mastering(), acx=False)) == []
    (told,) = check_chapter(2, [fine, replace(fine, codec="opus", lufs=-19.9)], Mastering(), acx=False)
    assert (told.code, "as opus it has -19.9 LUFS" in told.message) == ("loudness", True)
    assert [one.code for one in check_chapter(2, [odd], Mastering(target_lufs=None), acx=False)] == [
        "limiter"
    ]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("RMS", {"rms_dbfs": -17.5}),
        ("RMS", {"rms_dbfs": -23.5}),
        ("peak", {"peak_dbfs": -2.5}),
        ("noise floor", {"noise_floor_dbfs": -55.0}),
        ("head", {"cues": (Cue("k", 6000, 98 * SAMPLE_RATE_HZ, 0),)}),
        ("tail", {"cues": (Cue("k", 18_000, 94 * SAMPLE_RATE_HZ, 0),)}),
        (
            "length",
            {"samples": 121 * 60 * SAMPLE_RATE_HZ, "cues": (Cue("k", 18_000, 7258 * SAMPLE_RATE_HZ, 0),)},
        ),
        ("encoding", {"codec": "mp3"}),
    ],
)
def test_each_thing_that_acx_asks_for_is_met_or_named(name: str, change: dict[str, object]) -> None:
    assert all(one.is_met for one in acx_table(PART))
    missed = replace(PART, **change)  # type: ignore[arg-type]
    assert [one.name for one in acx_table(missed) if not one.is_met] == [name]
    target = Mastering(target_lufs=-20.0)
    (found,) = check_chapter(3, [missed], target, acx=True)
    assert found.code == "acx"
    assert name in found.message
    assert list(check_chapter(3, [missed], target, acx=False)) == []


def spoken_texts(count: int) -> list[Said]:
    """Texts of one voice: 14 phonemes a second, give or take 4 %."""
    rng = np.random.default_rng(5)
    texts = []
    for _ in range(count):
        words = int(rng.integers(5, 45))
        text = " ".join("word" for _ in range(words)) + "."
        texts.append(Said(text, "wˈɜɹd " * words, words * 6 / 14 * float(np.exp(rng.normal(0, 0.04)))))
    return texts


@pytest.mark.parametrize("times", [0.5, 0.75, 1.4])
def test_a_text_that_takes_another_time_than_it_should_is_found_alone(times: float) -> None:
    texts = spoken_texts(60)
    assert list(duration_outliers(texts)) == []
    longest = max(range(60), key=lambda n: texts[n].seconds)
    texts[longest] = replace(texts[longest], seconds=texts[longest].seconds * times)
    (found,) = duration_outliers(texts)
    assert found.index == longest
    assert found.times == pytest.approx(times, rel=0.15)
    assert (found.deviations > 0) == (times > 1)


def test_several_wrong_texts_do_not_hide_one_another() -> None:
    texts = spoken_texts(60)
    for n in (3, 13, 23, 33, 43):
        texts[n] = replace(texts[n], seconds=texts[n].seconds * 0.3)
    assert {one.index for one in duration_outliers(texts)} == {3, 13, 23, 33, 43}


def test_few_texts_or_equal_ones_say_nothing_of_what_is_usual() -> None:
    few = spoken_texts(FEWEST - 1)
    few[0] = replace(few[0], seconds=1000.0)
    assert list(duration_outliers(few)) == []
    assert list(duration_outliers([Said("a", "ə", 0.5)] * 100)) == []


def test_durations_are_compared_across_chapters_but_not_across_voices() -> None:
    def chapter(number: int, voice: str, pace: float) -> tuple[int, list[Cue], list[Chunk]]:
        said = spoken_texts(40)
        cues, chunks, at = [], [], 0
        for one in said:
            end = at + round(one.seconds * pace * SAMPLE_RATE_HZ)
            cues.append(Cue("k", at, end, 0))
            words = one.text.count(" ") + 1
            chunks.append(Chunk(one.text, ("wˈɜɹd " * words).strip(), voice, 1.0, "en-us", Pause.SENTENCE))
            at = end
        return number, cues, chunks

    slow, fast = chapter(1, "af_heart", 1.3), chapter(2, "bm_george", 0.8)
    assert list(check_durations([slow, fast])) == []
    _, cues, _ = slow
    longest = max(range(40), key=lambda n: cues[n].end_sample - cues[n].start_sample)
    cue = cues[longest]
    cues[longest] = replace(cue, end_sample=cue.start_sample + (cue.end_sample - cue.start_sample) // 2)
    (found,) = check_durations([slow, fast])
    assert (found.code, found.chapter) == ("duration", 1)
    assert found.at_s == cue.start_sample / SAMPLE_RATE_HZ
    assert "0.5 times" in found.message


def test_a_text_is_named_by_how_it_begins() -> None:
    assert beginning("Short.") == "Short."
    long = beginning("It was the best of times, it was the worst of times, it was the age of wisdom.")
    assert long == "It was the best of times, it was the worst of times, it was…"
