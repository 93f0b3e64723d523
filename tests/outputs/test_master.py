import hashlib
import json
import math
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outputs.errors import SegmentDamaged, SegmentMissing
from outputs.levels import SILENCE_DB
from outputs.loudness import LoudnessMeter
from outputs.master import MAX_GAIN_DB, TOLERANCE_LU, master
from outputs.plan import FRAME_SAMPLES, ChapterPlan, Mastering, Utterance
from outputs.store import SegmentStore
from outputs.true_peak import TruePeakMeter
from synth.audio import SAMPLE_RATE_HZ, AudioSegment


def key(name):
    return hashlib.sha256(name.encode()).hexdigest()


def voice(seconds, seed, level_db=0.0, spikiness=0.0):
    """Noise in syllables between silences, at about -27 LUFS; five spikes a second stick out of it."""
    rng = np.random.default_rng(seed)
    samples = round(seconds * SAMPLE_RATE_HZ)
    syllables = np.clip(np.sin(2 * np.pi * 4 * np.arange(samples) / SAMPLE_RATE_HZ) + 0.6, 0, 1)
    sound = rng.normal(scale=0.04, size=samples) * syllables * rng.uniform(0.7, 1.3)
    sound[rng.integers(0, samples, size=max(1, round(5 * seconds)))] += 0.2 * spikiness
    room = rng.normal(scale=1e-5, size=7200)
    return (np.concatenate((room, sound, room)) * 10 ** (level_db / 20)).astype(np.float32)


def chapter(store, sounds, pause_samples=8500, **mastering):
    """Store the sounds and plan them as one chapter."""
    utterances = []
    for sound in sounds:
        name = hashlib.sha256(sound.tobytes()).hexdigest()
        store.put(AudioSegment(name, sound))
        utterances.append(Utterance(name, pause_samples))
    return ChapterPlan(tuple(utterances), 18_000, 48_000, Mastering(**mastering))


def whole(mastered):
    return np.concatenate(list(mastered.blocks()))


def lufs_of(samples):
    meter = LoudnessMeter()
    meter.push(samples)
    return meter.lufs


def dbtp_of(samples):
    meter = TruePeakMeter()
    meter.push(samples)
    return meter.dbtp


@pytest.fixture
def store(tmp_path):
    return SegmentStore(tmp_path / "segments")


@pytest.fixture
def plan(store):
    """A spiky chapter: the limiter has work to do."""
    return chapter(store, [voice(3, seed, spikiness=4.0) for seed in range(5)])


@pytest.mark.parametrize("level_db", [-12.0, 0.0, 9.0])
@pytest.mark.parametrize("spikiness", [0.0, 1.0, 4.0])
@pytest.mark.parametrize("target_lufs", [-19.0, -23.0])
def test_a_chapter_ends_at_its_target_loudness_below_its_ceiling(store, level_db, spikiness, target_lufs):
    sounds = [voice(2.5, seed, level_db, spikiness) for seed in range(4)]
    mastered = master(chapter(store, sounds, target_lufs=target_lufs), store)
    samples = whole(mastered)
    assert lufs_of(samples) == pytest.approx(target_lufs, abs=TOLERANCE_LU + 0.005)
    assert dbtp_of(samples) <= -3.5
    assert not mastered.measurement.gain_bounded


def test_the_measurement_is_that_of_the_samples(plan, store):
    mastered = master(plan, store)
    measured = mastered.measurement
    samples = whole(mastered)
    assert measured.reduction_db > 1.0
    assert measured.samples == len(samples)
    assert measured.samples % FRAME_SAMPLES == 0
    assert measured.lufs == pytest.approx(lufs_of(samples), abs=1e-4)
    assert measured.true_peak_dbtp == pytest.approx(dbtp_of(samples), abs=1e-4)
    assert measured.rms_dbfs == pytest.approx(10 * math.log10(np.mean(np.square(samples, dtype=float))))


def test_the_measurement_is_right_without_pauses_too(store):
    mastered = master(chapter(store, [voice(1, seed) for seed in range(4)], pause_samples=0), store)
    assert mastered.measurement.lufs == pytest.approx(lufs_of(whole(mastered)), abs=0.005)


def test_a_chapter_agrees_with_libebur128(plan, store):
    ebur128 = pytest.importorskip("pyebur128")
    mastered = master(plan, store)
    samples = whole(mastered)
    state = ebur128.R128State(1, SAMPLE_RATE_HZ, ebur128.MeasurementMode.MODE_I)
    state.add_frames(samples, len(samples))
    assert mastered.measurement.lufs == pytest.approx(ebur128.get_loudness_global(state), abs=0.01)


def test_rendering_twice_gives_the_same_bytes(plan, store):
    mastered = master(plan, store)
    assert whole(mastered).tobytes() == whole(mastered).tobytes()
    assert whole(master(plan, store)).tobytes() == whole(mastered).tobytes()


def test_another_process_gives_the_same_bytes(store):
    sounds = [voice(1.5, seed, spikiness=4.0) for seed in range(2)]
    mastered = master(chapter(store, sounds), store)
    keys = [utterance.key for utterance in mastered.plan.utterances]
    script = """
import hashlib, sys
from pathlib import Path
from outputs.master import master
from outputs.plan import ChapterPlan, Utterance
from outputs.store import SegmentStore
plan = ChapterPlan(tuple(Utterance(key, 8500) for key in sys.argv[2:]), 18_000, 48_000)
digest = hashlib.sha256()
for block in master(plan, SegmentStore(Path(sys.argv[1]))).blocks():
    digest.update(block)
print(digest.hexdigest())
"""
    command = [sys.executable, "-c", script, str(store.place.root), *keys]
    elsewhere = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert elsewhere == hashlib.sha256(whole(mastered)).hexdigest()


def test_no_cue_means_digital_silence(plan, store):
    mastered = master(plan, store)
    samples = whole(mastered)
    for cue in mastered.cues:
        assert samples[cue.start_sample] == 0.0
        assert samples[cue.end_sample - 1] == 0.0
        assert samples[cue.start_sample : cue.end_sample].any()
        samples[cue.start_sample : cue.end_sample] = 0.0
    assert not samples.any()


def test_a_cue_says_where_each_sample_of_a_segment_is_heard(store):
    clicks = [5000, 9001, 14_777]
    sounds = []
    for at_sample in clicks:
        sound = np.zeros(24_000, dtype=np.float32)
        sound[at_sample : at_sample + 6000] = 0.01 * np.sin(np.arange(6000) * 0.3)
        sound[at_sample + 1000] = 0.5
        sounds.append(sound)
    mastered = master(chapter(store, sounds), store)
    samples = whole(mastered)
    for cue, at_sample in zip(mastered.cues, clicks, strict=True):
        heard = samples[cue.start_sample : cue.end_sample]
        assert int(np.abs(heard).argmax()) == at_sample + 1000 - cue.skipped_samples


def test_a_segment_sounds_the_same_first_and_last_in_a_chapter(store):
    sounds = [voice(2, seed, spikiness=4.0) for seed in range(3)]
    forth, back = master(chapter(store, sounds), store), master(chapter(store, sounds[::-1]), store)
    assert forth.measurement.gain_db == back.measurement.gain_db
    there, here = whole(forth), whole(back)
    for one, other in zip(forth.cues, back.cues[::-1], strict=True):
        assert one.key == other.key
        np.testing.assert_array_equal(
            there[one.start_sample : one.end_sample], here[other.start_sample : other.end_sample]
        )


def test_dynamics_within_a_chapter_are_the_voices_own(store):
    quiet, loud = voice(2, 1, -6.0), voice(2, 1, 0.0)
    mastered = master(chapter(store, [quiet, loud]), store)
    assert mastered.measurement.reduction_db == 0.0
    samples = whole(mastered)
    first, second = (samples[cue.start_sample : cue.end_sample].astype(float) for cue in mastered.cues)
    assert 10 * math.log10(np.sum(second**2) / np.sum(first**2)) == pytest.approx(6.0, abs=0.01)


def test_a_chapter_of_one_short_word_is_mastered(store):
    word = np.concatenate((np.zeros(3000, np.float32), voice(0.2, 7)[7200:-7200], np.zeros(3000, np.float32)))
    mastered = master(chapter(store, [word]), store)
    assert lufs_of(whole(mastered)) == pytest.approx(-19.0, abs=TOLERANCE_LU + 0.005)
    assert len(mastered.cues) == 1


def test_a_silent_chapter_is_not_raised_and_says_so(store):
    mastered = master(chapter(store, [np.zeros(24_000, np.float32)]), store)
    measured = mastered.measurement
    assert (measured.gain_db, measured.lufs, measured.true_peak_dbtp) == (0.0, SILENCE_DB, SILENCE_DB)
    assert measured.gain_bounded
    assert not whole(mastered).any()


def test_a_chapter_of_faint_noise_is_raised_no_farther_than_the_bound(store):
    noise = np.random.default_rng(1).normal(scale=7e-4, size=72_000).astype(np.float32)
    measured = master(chapter(store, [noise]), store).measurement
    assert measured.gain_db == MAX_GAIN_DB
    assert measured.gain_bounded
    assert measured.lufs < -30


def test_a_chapter_of_nothing_but_spikes_is_not_crushed_to_reach_its_target(store):
    spikes = np.zeros(72_000, dtype=np.float32)
    spikes[::480] = 0.5
    measured = master(chapter(store, [spikes]), store).measurement
    assert measured.gain_bounded
    assert measured.reduction_db < 20
    assert measured.true_peak_dbtp <= -3.5


def test_one_stray_spike_does_not_keep_a_chapter_quiet(store):
    sound = voice(3, 1)
    sound[30_000] = 1.0
    measured = master(chapter(store, [sound]), store).measurement
    assert measured.lufs == pytest.approx(-19.0, abs=TOLERANCE_LU)
    assert measured.reduction_db > 8


def test_a_measurement_can_be_written_as_json(store):
    measured = master(chapter(store, [np.zeros(24_000, np.float32)]), store).measurement
    assert json.loads(json.dumps(asdict(measured), allow_nan=False)) == asdict(measured)


def test_an_offset_is_not_heard(store):
    mastered = master(chapter(store, [voice(2, 1) + np.float32(0.05)]), store)
    (cue,) = mastered.cues
    assert abs(float(whole(mastered)[cue.start_sample : cue.end_sample].mean())) < 2e-3


def test_blocks_cannot_be_written_to(plan, store):
    assert not any(block.flags.writeable for block in master(plan, store).blocks())


def test_a_missing_segment_is_named(plan, store):
    lacking = ChapterPlan((*plan.utterances, Utterance(key("never"), 0)), 18_000, 48_000)
    with pytest.raises(SegmentMissing, match=key("never")[:12]):
        master(lacking, store)


def test_damage_between_measuring_and_rendering_is_found(plan, store):
    mastered = master(plan, store)
    audio = next(store.place.root.rglob(f"{plan.utterances[2].key}*.flac"))
    audio.write_bytes(audio.read_bytes()[:-1] + b"?")
    with pytest.raises(SegmentDamaged):
        whole(mastered)
    assert store.missing(each.key for each in plan.utterances) == [plan.utterances[2].key]


def test_a_segment_spoken_anew_with_another_length_is_not_rendered_into_the_old_place(plan, store):
    mastered = master(plan, store)
    again = plan.utterances[1].key
    for path in store.place.root.rglob(f"{again}*"):
        path.unlink()
    store.put(AudioSegment(again, voice(1, 9)))
    with pytest.raises(SegmentDamaged, match="measured"):
        whole(mastered)


@settings(max_examples=15, deadline=None)
@given(
    lengths_s=st.lists(st.floats(0.05, 1.5), min_size=1, max_size=4),
    level_db=st.floats(-50, 10),
    spikiness=st.floats(0, 20),
    pause_samples=st.integers(0, 9000),
)
def test_no_chapter_breaks_the_promises(tmp_path_factory, lengths_s, level_db, spikiness, pause_samples):
    store = SegmentStore(tmp_path_factory.mktemp("store"))
    sounds = [voice(seconds, n, level_db, spikiness) for n, seconds in enumerate(lengths_s)]
    mastered = master(chapter(store, sounds, pause_samples), store)
    samples = whole(mastered)
    assert len(samples) == mastered.measurement.samples
    assert np.isfinite(samples).all()
    assert dbtp_of(samples) <= -3.5
    assert mastered.measurement.true_peak_dbtp == pytest.approx(max(dbtp_of(samples), SILENCE_DB), abs=1e-3)
    assert mastered.measurement.lufs == pytest.approx(max(lufs_of(samples), SILENCE_DB), abs=0.02)


def test_without_a_target_a_chapter_is_as_loud_as_it_was_spoken(store):
    quiet = chapter(store, [voice(2, 1, level_db=-10.0)], target_lufs=None, ceiling_dbtp=-1.0)
    mastered = master(quiet, store)
    assert (mastered.measurement.gain_db, mastered.measurement.reduction_db) == (0.0, 0.0)
    assert not mastered.measurement.gain_bounded
    cue = mastered.cues[0]
    heard = whole(mastered)[cue.start_sample : cue.end_sample]
    stored = store.facts(cue.key).cut.of(store.read(cue.key).samples)
    assert heard.tobytes() == stored.tobytes()


def test_without_a_target_one_gain_keeps_peaks_below_the_ceiling(store):
    sounds = [voice(2, 1, level_db=12.0, spikiness=4.0), voice(2, 2, level_db=12.0)]
    mastered = master(chapter(store, sounds, target_lufs=None, ceiling_dbtp=-1.0), store)
    assert mastered.measurement.gain_db < 0
    assert mastered.measurement.reduction_db == 0
    assert -1.02 < dbtp_of(whole(mastered)) <= -1.0


def test_room_tone_fills_what_is_silent_and_nothing_else(store):
    sounds = [voice(2, 1), voice(2, 2)]
    silent, toned = (master(chapter(store, sounds, room_tone_dbfs=tone), store) for tone in (None, -72.0))
    assert toned.cues == silent.cues
    assert toned.measurement.lufs == silent.measurement.lufs
    without, tone = whole(silent), whole(toned)
    spoken = np.zeros(len(tone), bool)
    for cue in toned.cues:
        spoken[cue.start_sample : cue.end_sample] = True
    assert np.array_equal(tone[spoken], without[spoken])
    assert not without[~spoken].any()
    assert 20 * np.log10(tone[~spoken].std()) == pytest.approx(-72.0, abs=0.1)
    rms_dbfs = 10 * np.log10(np.square(tone, dtype=np.float64).mean())
    assert toned.measurement.rms_dbfs == pytest.approx(rms_dbfs, abs=0.001)
    assert whole(toned).tobytes() == tone.tobytes()
