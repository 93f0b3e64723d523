from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

import outputs.finish
from outputs.encode import CODECS
from outputs.errors import DiskFull, EncoderFailed, NotAsPlanned
from outputs.ffmpeg import Ffmpeg
from outputs.files import sha256_of
from outputs.finish import finish_chapter
from outputs.plan import ChapterPlan, Mastering, Utterance, samples_of
from outputs.presets import Preset
from outputs.store import SegmentStore
from synth.audio import AudioSegment

BOTH = (CODECS["aac"], CODECS["mp3"])


@pytest.fixture
def store(tmp_path: Path) -> SegmentStore:
    store = SegmentStore(tmp_path / "store")
    rng = np.random.default_rng(3)
    for n in range(2):
        t = np.arange(20_000 + 777 * n) / 24_000
        sound = 0.05 * np.sin(2 * np.pi * 170 * t) * (1 + np.sin(2 * np.pi * 4 * t))
        sound += 0.02 * rng.standard_normal(len(t))
        store.put(AudioSegment(f"{n:064x}", sound.astype(np.float32)))
    return store


def plan_with(mastering: Mastering) -> ChapterPlan:
    utterances = (Utterance(f"{0:064x}", samples_of(0.35)), Utterance(f"{1:064x}", 0))
    return ChapterPlan(utterances, samples_of(0.75), samples_of(1.0), mastering)


@pytest.fixture
def plan() -> ChapterPlan:
    return plan_with(Mastering())


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_a_part_is_what_its_facts_say(
    plan: ChapterPlan, store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    parts = finish_chapter(plan, BOTH, store, tmp_path / "parts", ffmpeg)
    assert [part.codec for part in parts] == ["aac", "mp3"]
    assert files_in(tmp_path / "parts") == {
        f"{part.digest}{suffix}" for part in parts for suffix in (".json", f".{part.codec}")
    }
    for part in parts:
        assert part.sha256 == sha256_of(part.path)
        assert part.samples == part.measurement.samples
        assert part.samples % 1024 == 0
        assert abs(part.lufs - plan.mastering.target_lufs) < 0.3
        assert part.true_peak_dbtp <= -3.0
        assert [cue.key for cue in part.cues] == [utterance.key for utterance in plan.utterances]


def test_what_is_whole_is_not_made_again(
    plan: ChapterPlan, store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = finish_chapter(plan, BOTH, store, tmp_path / "parts", ffmpeg)
    monkeypatch.setattr(outputs.finish, "master", None)
    monkeypatch.setattr(outputs.finish, "encode", None)
    assert finish_chapter(plan, BOTH, store, tmp_path / "parts", ffmpeg) == first


@pytest.mark.parametrize("harm", ["cut short", "changed", "removed", "facts cut short", "facts removed"])
def test_what_is_not_whole_is_made_again_with_the_same_bytes(
    plan: ChapterPlan, store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path, harm: str
) -> None:
    (part,) = finish_chapter(plan, BOTH[:1], store, tmp_path / "parts", ffmpeg)
    path = part.path.with_suffix(".json") if harm.startswith("facts") else part.path
    before = path.read_bytes()
    if harm.endswith("removed"):
        path.unlink()
    else:
        path.write_bytes(before[:-100] + (b"\0" * 100 if harm == "changed" else b""))
    assert finish_chapter(plan, BOTH[:1], store, tmp_path / "parts", ffmpeg) == (part,)
    assert path.read_bytes() == before
    assert sha256_of(part.path) == part.sha256


def test_another_plan_codec_or_ffmpeg_is_another_part(
    plan: ChapterPlan, store: SegmentStore, ffmpeg: Ffmpeg
) -> None:
    other_plan = plan_with(Mastering(target_lufs=-20.0))
    other_ffmpeg = Ffmpeg(ffmpeg.path, "ffmpeg version 1")
    digests = {
        outputs.finish.part_digest(plan, BOTH[0], ffmpeg),
        outputs.finish.part_digest(plan, BOTH[1], ffmpeg),
        outputs.finish.part_digest(other_plan, BOTH[0], ffmpeg),
        outputs.finish.part_digest(plan, BOTH[0], other_ffmpeg),
    }
    assert len(digests) == 4


def test_an_encoder_that_overshoots_gets_a_lower_ceiling_at_the_same_loudness(
    store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    noise = lfilter([1.0], [1.0, -0.95], np.random.default_rng(5).standard_normal(48_000))
    store.put(AudioSegment("f" * 64, (0.1 * noise).clip(-1, 1).astype(np.float32)))
    plan = ChapterPlan((Utterance("f" * 64, 0),), 18_000, 18_000, Mastering(-15.0, -3.5))
    plain, part = finish_chapter(plan, [CODECS["flac"], CODECS["mp3"]], store, tmp_path / "parts", ffmpeg)
    assert plain.measurement.true_peak_dbtp == pytest.approx(-3.5, abs=0.05), "FLAC keeps the planned ceiling"
    assert part.measurement.true_peak_dbtp < -3.7, "this sound overshoots, or the test shows nothing"
    assert part.true_peak_dbtp <= -3.0
    assert part.lufs == pytest.approx(plain.lufs, abs=0.3)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        # an encoder that loses sound and ends with status 0, as after a broken pipe
        ('[[ "$*" == *pipe:0* ]] && { head -c 60000 | "$real" "$@"; cat >/dev/null; exit 0; }', NotAsPlanned),
        # one that writes a file that is no sound at all
        ('[[ "$*" == *pipe:0* ]] && { cat >/dev/null; echo nonsense >"${@: -1:1}"; exit 0; }', EncoderFailed),
        ('[[ "$*" == *pipe:0* ]] && ulimit -f 4', DiskFull),
    ],
    ids=["short", "nonsense", "disk full"],
)
def test_where_a_part_cannot_be_made_nothing_is_left(
    plan: ChapterPlan,
    store: SegmentStore,
    fake_ffmpeg: Callable[..., Ffmpeg],
    tmp_path: Path,
    script: str,
    error: type[Exception],
) -> None:
    script = script.replace('"${@: -1:1}"', '"$(echo "${@: -1:1}" | sed s/^file://)"')
    with pytest.raises(error):
        finish_chapter(plan, BOTH, store, tmp_path / "parts", fake_ffmpeg(f'{script}\nexec "$real" "$@"'))
    assert files_in(tmp_path / "parts") == set()


def test_peaks_that_cannot_be_kept_down_are_an_error(
    plan: ChapterPlan, store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = outputs.finish.listen

    def loud(path: Path, priming_samples: int, ffmpeg: Ffmpeg) -> outputs.finish.Heard:
        heard = real(path, priming_samples, ffmpeg)
        return replace(heard, true_peak_dbtp=-1.0)

    monkeypatch.setattr(outputs.finish, "listen", loud)
    with pytest.raises(NotAsPlanned, match=r"true peak of aac, mp3 stays above -3\.0 dBTP"):
        finish_chapter(plan, BOTH, store, tmp_path / "parts", ffmpeg)
    assert files_in(tmp_path / "parts") == set()


def test_sound_of_another_loudness_is_an_error(
    plan: ChapterPlan, store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = outputs.finish.encode

    def quieter(blocks: Iterator[np.ndarray], *rest: object) -> int:
        return real((block * np.float32(0.5) for block in blocks), *rest)

    monkeypatch.setattr(outputs.finish, "encode", quieter)
    with pytest.raises(NotAsPlanned, match=r"decodes to -2\d\.\d LUFS, not -19\.0"):
        finish_chapter(plan, BOTH, store, tmp_path / "parts", ffmpeg)


def test_a_chapter_of_silence_is_finished_too(store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    store.put(AudioSegment("e" * 64, np.zeros(5000, np.float32)))
    silence = ChapterPlan((Utterance("e" * 64, 0),), 18_000, 18_000)
    parts = finish_chapter(silence, tuple(CODECS.values()), store, tmp_path / "parts", ffmpeg)
    assert all(part.lufs <= -70 for part in parts)
    assert all(json.loads(part.path.with_suffix(".json").read_text())["lufs"] == part.lufs for part in parts)


def test_what_an_encoder_takes_off_is_put_on_before(
    plan: ChapterPlan, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    rng = np.random.default_rng(1)
    noisy = SegmentStore(tmp_path / "noisy")
    for n in range(2):
        noisy.put(AudioSegment(f"{n:064x}", (0.05 * rng.standard_normal(48_000)).astype(np.float32)))
    codecs = tuple(CODECS.values())
    for part in finish_chapter(plan, codecs, noisy, tmp_path / "parts", ffmpeg):
        assert abs(part.lufs - plan.mastering.target_lufs) <= 0.3, part.codec
        assert part.true_peak_dbtp <= -3.0, part.codec


def test_a_part_is_the_same_whatever_else_is_made_with_it(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    sound = 0.05 * rng.standard_normal(48_000)
    sound[rng.integers(0, 48_000, 60)] = 0.9
    spiky = SegmentStore(tmp_path / "spiky")
    for n in range(2):
        spiky.put(AudioSegment(f"{n:064x}", sound.astype(np.float32)))
    podcast = plan_with(Preset.PODCAST.mastering)
    codecs = (CODECS["aac"], CODECS["opus"])
    together = finish_chapter(podcast, codecs, spiky, tmp_path / "together", ffmpeg)
    for codec, part in zip(codecs, together, strict=True):
        (alone,) = finish_chapter(podcast, [codec], spiky, tmp_path / codec.name, ffmpeg)
        assert alone.sha256 == part.sha256
        assert part.true_peak_dbtp <= -1.0, "peaks are kept down, whatever that does to the loudness"


@pytest.mark.parametrize("preset", list(Preset))
def test_silence_is_finished_in_every_preset(preset: Preset, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    silent = SegmentStore(tmp_path / "silent")
    for n in range(2):
        silent.put(AudioSegment(f"{n:064x}", np.zeros(30_000, np.float32)))
    plan = plan_with(preset.mastering)
    assert len(finish_chapter(plan, tuple(CODECS.values()), silent, tmp_path / "parts", ffmpeg)) == len(
        CODECS
    )
