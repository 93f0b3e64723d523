from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from outputs.encode import CODECS
from outputs.errors import UnknownFormat
from outputs.ffmpeg import Ffmpeg
from outputs.finish import finish_chapter, part_digest
from outputs.listen import decoded
from outputs.plan import ChapterPlan, Utterance, samples_of
from outputs.presets import Preset
from outputs.store import SegmentStore
from synth.audio import SAMPLE_RATE_HZ, AudioSegment


@pytest.fixture
def store(tmp_path: Path) -> SegmentStore:
    """Syllables of noise with the crest factor of a voice."""
    store = SegmentStore(tmp_path / "store")
    rng = np.random.default_rng(3)
    for n in range(3):
        t = np.arange(60_000 + 777 * n) / SAMPLE_RATE_HZ
        sound = 0.05 * np.sin(2 * np.pi * 170 * t) * (1 + np.sin(2 * np.pi * 4 * t))
        sound += 0.02 * rng.standard_normal(len(t)) * (np.sin(2 * np.pi * 4 * t) > 0)
        store.put(AudioSegment(f"{n:064x}", sound.astype(np.float32)))
    return store


def plan_for(preset: Preset) -> ChapterPlan:
    utterances = tuple(Utterance(f"{n:064x}", samples_of(0.35)) for n in range(3))
    return ChapterPlan(utterances, samples_of(0.75), samples_of(2.0), preset.mastering)


@pytest.mark.parametrize(
    ("preset", "lufs", "true_peak_dbtp"),
    [(Preset.AUDIOBOOK, -19, -3.0), (Preset.ACX, -20, -3.0), (Preset.PODCAST, -16, -1.0)],
)
def test_every_format_of_a_preset_is_as_loud_as_it_promises(
    preset: Preset, lufs: float, true_peak_dbtp: float, store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    codecs = [wanted.codec for wanted in preset.formats(["m4b", "mp3"])]
    for part in finish_chapter(plan_for(preset), codecs, store, tmp_path / "parts", ffmpeg):
        assert part.lufs == pytest.approx(lufs, abs=0.5 if part.codec == "mp3-192k" else 0.3)
        assert part.true_peak_dbtp <= true_peak_dbtp


def test_an_archive_holds_what_was_spoken_to_the_last_bit(
    store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    (flac,) = Preset.ARCHIVE.formats()
    (part,) = finish_chapter(plan_for(Preset.ARCHIVE), [flac.codec], store, tmp_path / "parts", ffmpeg)
    sound = np.concatenate(list(decoded(part.path, ffmpeg)))
    for cue in part.cues:
        cut = store.facts(cue.key).cut
        spoken = store.read(cue.key).samples[cut.start_sample : cut.end_sample]
        heard = sound[cue.start_sample : cue.end_sample]
        assert np.array_equal(heard[200:-200], spoken[200:-200]), "all but the fades"


def test_a_preset_brings_its_own_formats_and_mp3_of_its_own() -> None:
    assert [one.name for one in Preset.AUDIOBOOK.formats()] == ["m4b", "mp3"]
    assert [(one.name, one.codec.name) for one in Preset.ACX.formats()] == [("mp3", "mp3-192k")]
    assert [one.name for one in Preset.PODCAST.formats()] == ["mp3"]
    assert [(one.name, one.codec.name) for one in Preset.ARCHIVE.formats()] == [("flac", "flac-24bit")]
    assert Preset.ARCHIVE.formats(["wav"])[0].codec == CODECS["wav"]
    with pytest.raises(UnknownFormat, match="'ogg'"):
        Preset.ACX.formats(["ogg"])


def test_another_preset_is_another_master_of_the_same_segments(ffmpeg: Ffmpeg) -> None:
    plans = {preset: plan_for(preset) for preset in Preset}
    assert len({plan.digest for plan in plans.values()}) == len(Preset)
    assert len({part_digest(plan, CODECS["aac"], ffmpeg) for plan in plans.values()}) == len(Preset)
    assert len({plan.utterances for plan in plans.values()}) == 1


def test_an_acx_file_is_what_acx_asks_for(store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    (mp3,) = Preset.ACX.formats()
    (part,) = finish_chapter(plan_for(Preset.ACX), [mp3.codec], store, tmp_path / "parts", ffmpeg)
    frame = part.path.read_bytes()[:4]
    assert frame[0] == 0xFF
    assert (frame[1] >> 3 & 3, frame[1] >> 1 & 3) == (3, 1), "MPEG 1, layer 3"
    assert frame[2] >> 2 & 3 == 0, "44.1 kHz"
    assert frame[3] >> 6 == 3, "mono"
    bits_per_s = part.path.stat().st_size * 8 / (part.samples / SAMPLE_RATE_HZ)
    assert bits_per_s == pytest.approx(192_000, rel=0.02)
    assert part.sha256 == hashlib.sha256(part.path.read_bytes()).hexdigest()
