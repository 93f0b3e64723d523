import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outputs.limiter import limit
from outputs.true_peak import true_peak

CEILING = 10 ** (-3.5 / 20)


def voice(samples=24_000, seed=1, level=0.3):
    """Pulses 100 times a second through noise: spiky, like a voice."""
    rng = np.random.default_rng(seed)
    sound = rng.normal(scale=0.02, size=samples)
    sound[::240] += rng.uniform(0.3, 1.0, size=len(sound[::240]))
    sound = np.convolve(sound, np.exp(-np.arange(60) / 12) * np.cos(np.arange(60) * 0.5), mode="same")
    return sound * np.hanning(samples) * level / 0.3


def test_a_sound_below_the_ceiling_is_left_alone_to_the_last_bit():
    sound = voice(level=0.1)
    limited = limit(sound, CEILING)
    np.testing.assert_array_equal(limited.samples, sound.astype(np.float32))
    assert limited.lowest_gain == 1.0


@pytest.mark.parametrize("level", [0.5, 1.0, 4.0])
def test_the_true_peak_is_kept_below_the_ceiling_and_not_far_below(level):
    limited = limit(voice(level=level), CEILING)
    assert true_peak(limited.samples) == limited.true_peak
    assert CEILING * 0.99 < limited.true_peak <= CEILING


@settings(max_examples=60, deadline=None)
@given(
    samples=st.integers(1, 3000),
    seed=st.integers(0, 2**32 - 1),
    level_db=st.floats(-20, 40),
    spikes=st.integers(0, 5),
)
def test_no_sound_gets_over_the_ceiling(samples, seed, level_db, spikes):
    rng = np.random.default_rng(seed)
    sound = rng.normal(scale=0.1, size=samples)
    sound[rng.integers(0, samples, size=spikes)] *= 20  # single samples, and at the very ends too
    limited = limit(sound * 10 ** (level_db / 20), CEILING)
    assert len(limited.samples) == samples
    assert true_peak(limited.samples) <= CEILING


def test_only_what_is_within_21_ms_of_a_peak_is_changed():
    sound = 0.1 * np.sin(np.arange(24_000) * 0.1)
    sound[12_000] = 2.0
    limited = limit(sound, CEILING).samples
    near = 21 * 24
    np.testing.assert_array_equal(limited[: 12_000 - near], sound[: 12_000 - near].astype(np.float32))
    np.testing.assert_array_equal(limited[12_000 + near :], sound[12_000 + near :].astype(np.float32))
    assert np.abs(limited[12_000 - 200 : 12_000]).max() < 0.06


def test_the_gain_falls_and_rises_without_a_jump():
    sound = np.full(24_000, 0.1)
    sound[12_000] = 2.0
    gain = np.delete(limit(sound, CEILING).samples / np.float32(0.1), 12_000)
    assert np.abs(np.diff(gain)).max() < 0.01
    assert np.abs(np.diff(gain, n=2)).max() < 2e-4


def test_the_lowest_gain_is_what_the_highest_peak_needs():
    sound = np.zeros(5000)
    sound[2500] = 2.0
    assert limit(sound, CEILING).lowest_gain == pytest.approx(CEILING / 2.0, rel=1e-3)


def test_a_sound_is_limited_the_same_wherever_it_stands():
    first, second = voice(seed=1, level=1.0), voice(seed=2, level=2.0)
    apart = np.zeros(3000)
    joined = limit(np.concatenate((first, apart, second)), CEILING).samples
    np.testing.assert_array_equal(joined[: len(first)], limit(first, CEILING).samples)
    np.testing.assert_array_equal(joined[-len(second) :], limit(second, CEILING).samples)


def test_the_ceiling_is_kept_even_when_no_round_of_limiting_succeeds(monkeypatch):
    monkeypatch.setattr("outputs.limiter._MAX_ROUNDS", 0)
    limited = limit(voice(level=2.0), CEILING)
    assert true_peak(limited.samples) == limited.true_peak <= CEILING
    assert limited.lowest_gain < 1.0


def test_silence_and_nothing_stay_what_they_are():
    assert not limit(np.zeros(100), CEILING).samples.any()
    assert len(limit(np.zeros(0), CEILING).samples) == 0
