import math

import numpy as np
import pytest
from scipy.signal import resample_poly

from outputs.true_peak import TruePeakMeter, peaks_above, true_peak


def noise(samples, seed=1, level=0.1):
    return np.random.default_rng(seed).normal(scale=level, size=samples).astype(np.float32)


def tone(cycles_per_sample, phase, samples=6000):
    return (0.5 * np.sin(2 * np.pi * cycles_per_sample * np.arange(samples) + phase)).astype(np.float32)


def faded(samples):
    return (samples * np.hanning(len(samples))).astype(np.float32)


def test_a_peak_between_two_samples_is_found():
    quarter = faded(tone(1 / 4, math.pi / 4))
    assert np.abs(quarter).max() == pytest.approx(0.5 / math.sqrt(2), rel=1e-3)
    assert 20 * math.log10(true_peak(quarter) / 0.5) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("cycles_per_sample", [0.01, 0.1, 0.2, 0.25])
@pytest.mark.parametrize("phase", [0.0, 0.4, 1.3])
def test_a_tone_up_to_a_quarter_of_the_rate_reads_at_most_0_2_db_low_and_never_high(cycles_per_sample, phase):
    read_db = 20 * math.log10(true_peak(faded(tone(cycles_per_sample, phase))) / 0.5)
    assert -0.2 < read_db < 0.01


def test_the_true_peak_is_never_below_the_sample_peak():
    for seed in range(20):
        samples = noise(3000, seed)
        assert true_peak(samples) >= np.abs(samples).max()


def test_leaving_out_quiet_frames_loses_no_peak():
    rng = np.random.default_rng(3)
    for _ in range(30):
        samples = noise(int(rng.integers(1, 5000)), int(rng.integers(1000)))
        samples[:: int(rng.integers(2, 9))] *= np.float32(rng.uniform(0, 4))
        assert true_peak(samples) == peaks_above(samples, 0.0).max()


def test_peaks_are_exact_wherever_they_are_above_the_level():
    samples = noise(20_000) * np.hanning(20_000).astype(np.float32)
    everywhere, above = peaks_above(samples, 0.0), peaks_above(samples, 0.3)
    high = everywhere > 0.3
    assert high.any()
    np.testing.assert_array_equal(above[high], everywhere[high])
    assert (above <= everywhere).all()


def test_peaks_agree_with_a_long_resampling_filter():
    band_limited = resample_poly(noise(4000, level=0.2).astype(np.float64), 2, 1).astype(np.float32)
    reference = np.abs(resample_poly(band_limited.astype(np.float64), 4, 1, window=("kaiser", 12.0))).max()
    assert 20 * math.log10(true_peak(band_limited) / reference) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("block_samples", [1, 5, 24, 256, 1000])
def test_a_stream_in_any_blocks_has_the_peak_of_the_whole(block_samples):
    samples = noise(3000)
    meter = TruePeakMeter()
    for start in range(0, len(samples), block_samples):
        meter.push(samples[start : start + block_samples])
    assert meter.peak == true_peak(samples)


def test_a_loud_stream_cut_anywhere_shows_no_cliff_of_its_own():
    samples = np.sin(np.arange(50_000) * 0.3).astype(np.float32) * np.float32(0.6)
    cuts = np.sort(np.random.default_rng(5).integers(0, len(samples), 400))
    meter = TruePeakMeter()
    for block in np.split(samples, cuts):
        meter.push(block)
    assert meter.peak == true_peak(samples)


def test_silence_and_nothing_have_no_peak():
    meter = TruePeakMeter()
    assert meter.dbtp == -math.inf
    meter.push(np.zeros(1000, dtype=np.float32))
    assert meter.dbtp == -math.inf
    assert true_peak(np.zeros(0, dtype=np.float32)) == 0.0
    assert len(peaks_above(np.zeros(0, dtype=np.float32), 0.0)) == 0


def test_the_meter_agrees_with_libebur128():
    ebur128 = pytest.importorskip("pyebur128")
    samples = np.concatenate((faded(tone(1 / 4, math.pi / 4)), noise(20_000)))
    state = ebur128.R128State(1, 24_000, ebur128.MeasurementMode.MODE_TRUE_PEAK)
    state.add_frames(samples, len(samples))
    theirs = 20 * math.log10(ebur128.get_true_peak(state, 0))
    assert 20 * math.log10(true_peak(samples)) == pytest.approx(theirs, abs=0.1)


def test_peaks_of_some_samples_are_those_of_all():
    rng = np.random.default_rng(4)
    samples = rng.normal(scale=0.3, size=5000).astype(np.float32)
    where = np.zeros(5000, dtype=bool)
    where[700:1900] = where[4990:] = True
    some, every = peaks_above(samples, 0.5, where), peaks_above(samples, 0.5)
    assert (every > 0.5).sum() > 100
    assert np.array_equal(some[where], every[where])
    assert not some[2100:4800].any(), "what does not matter is not worked out"
