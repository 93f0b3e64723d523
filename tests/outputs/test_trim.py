import numpy as np
import pytest

from outputs.trim import FADE_SAMPLES, HEAD_SAMPLES, TAIL_SAMPLES, Cut, find_cut
from synth.audio import SAMPLE_RATE_HZ

MS = SAMPLE_RATE_HZ // 1000


def noise(ms, peak_dbfs, seed=1):
    """Noise of a length whose highest sample is `peak_dbfs`."""
    samples = np.random.default_rng(seed).uniform(-1, 1, size=ms * MS)
    return (samples / np.abs(samples).max() * 10 ** (peak_dbfs / 20)).astype(np.float32)


def silence(ms):
    return np.zeros(ms * MS, dtype=np.float32)


def word(vowel_dbfs, hiss_dbfs=-80.0):
    """300 ms of room, an f at 40 dB below its vowel, the vowel, an s at 40 below, 600 ms of room."""
    return np.concatenate(
        (
            noise(300, hiss_dbfs),
            noise(80, vowel_dbfs - 40, seed=2),
            noise(200, vowel_dbfs, seed=3),
            noise(80, vowel_dbfs - 40, seed=4),
            noise(600, hiss_dbfs, seed=5),
        )
    )


@pytest.mark.parametrize("vowel_dbfs", [-1.0, -6.0, -15.0])
def test_quiet_consonants_at_either_end_are_kept_and_silence_goes(vowel_dbfs):
    cut = find_cut(word(vowel_dbfs))
    assert cut.start_sample == pytest.approx(300 * MS - HEAD_SAMPLES, abs=5 * MS)
    assert cut.end_sample == pytest.approx(660 * MS + TAIL_SAMPLES, abs=5 * MS)


def test_a_quiet_voice_keeps_the_consonants_that_a_loud_one_keeps():
    loud = find_cut(word(-6.0, hiss_dbfs=-70.0))
    quiet = find_cut(word(-18.0, hiss_dbfs=-82.0))
    assert (quiet.start_sample, quiet.end_sample) == (loud.start_sample, loud.end_sample)


def test_a_cut_never_reaches_beyond_the_segment():
    samples = noise(50, -6)
    assert find_cut(samples) == Cut(0, len(samples), 0.0)


def test_where_nothing_rises_above_the_floor_all_is_kept():
    samples = noise(500, -65)
    assert find_cut(samples) == Cut(0, len(samples), 0.0)
    assert find_cut(silence(0)) == Cut(0, 0, 0.0)


@pytest.mark.parametrize("length", [1, 2, 3, 10, 239, 240, 241, 5000])
def test_what_is_heard_starts_and_ends_at_exactly_zero(length):
    heard = Cut(0, length, 0.0).of(np.ones(length, dtype=np.float32))
    assert heard.dtype == np.float32
    assert len(heard) == length
    assert heard[0] == 0.0
    assert heard[-1] == 0.0


def test_the_middle_is_not_touched_and_the_source_not_at_all():
    samples = noise(100, -6)
    before = samples.copy()
    heard = Cut(0, len(samples), 0.0).of(samples)
    inner = slice(FADE_SAMPLES, -FADE_SAMPLES)
    np.testing.assert_array_equal(heard[inner], samples[inner])
    np.testing.assert_array_equal(samples, before)


def test_the_fades_are_each_others_mirror_and_have_no_step():
    heard = Cut(0, 5000, 0.0).of(np.ones(5000, dtype=np.float32))
    np.testing.assert_array_equal(heard, heard[::-1])
    assert np.abs(np.diff(heard)).max() < 0.014


def test_a_constant_offset_is_taken_off_and_does_not_hide_the_silence():
    samples = word(-6.0)
    shifted = samples + np.float32(0.02)
    cut = find_cut(shifted)
    assert cut.offset == pytest.approx(0.02, abs=1e-3)
    assert cut.start_sample == find_cut(samples).start_sample
    assert abs(float(cut.of(shifted).mean())) < 1e-3


def test_without_an_offset_nothing_is_taken_off():
    assert find_cut(word(-6.0)).offset == 0.0


def test_a_lopsided_vowel_is_not_taken_for_an_offset():
    samples = word(-6.0)
    samples[400 * MS : 450 * MS] += np.float32(0.1)
    assert abs(float(samples.mean())) > 1e-3
    assert find_cut(samples).offset == 0.0
