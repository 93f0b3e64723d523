import math

import numpy as np
import pytest

from outputs.loudness import LoudnessMeter, gated_lufs, k_weighting, loudness_range_lu, step_energies
from synth.audio import SAMPLE_RATE_HZ


def sine(lufs, seconds, rate_hz=SAMPLE_RATE_HZ):
    """A 997 Hz sine whose loudness is `lufs` by definition: 0 dBFS in one channel is -3.01 LUFS."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    return (10 ** ((lufs + 3.01) / 20) * np.sin(2 * np.pi * 997 * t)).astype(np.float32)


def tones(*parts):
    return np.concatenate([sine(lufs, seconds) for lufs, seconds in parts])


def lufs_of(samples, rate_hz=SAMPLE_RATE_HZ):
    meter = LoudnessMeter(rate_hz)
    meter.push(samples)
    return meter.lufs


def bursts(seconds, seed=1):
    """Noise that comes and goes like syllables, with silence between."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    envelope = np.clip(np.sin(2 * np.pi * 3 * t), 0, 1) * np.clip(np.sin(2 * np.pi * 0.2 * t) + 0.7, 0, 2)
    return (0.1 * envelope * rng.normal(size=len(t))).astype(np.float32)


def test_the_filter_at_48_khz_is_the_table_of_the_standard():
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    high_pass = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]
    np.testing.assert_allclose(k_weighting(48_000), [shelf, high_pass], rtol=0, atol=1e-12)


@pytest.mark.parametrize("rate_hz", [24_000, 44_100, 48_000])
@pytest.mark.parametrize("lufs", [-23.0, -33.0])
def test_a_steady_tone_reads_its_level_at_any_rate(lufs, rate_hz):
    # the bilinear transform bends the shelf a little at low rates: 0.026 LU at 24 kHz, in libebur128 too
    assert lufs_of(sine(lufs, 20, rate_hz), rate_hz) == pytest.approx(lufs, abs=0.03)


# EBU Tech 3341, cases 3 to 5, for one channel at 24 kHz; each must read -23.0 within 0.1
@pytest.mark.parametrize(
    "parts",
    [
        [(-36, 10), (-23, 60), (-36, 10)],
        [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
        [(-26, 20), (-20, 20.1), (-26, 20)],
    ],
)
def test_gating_cases_of_the_ebu_read_what_they_must(parts):
    assert lufs_of(tones(*parts)) == pytest.approx(-23.0, abs=0.1)


def test_long_pauses_do_not_make_a_chapter_quieter():
    speech = bursts(10)
    silence = np.zeros(5 * SAMPLE_RATE_HZ, dtype=np.float32)
    paused = np.concatenate((speech, silence, speech, silence, silence))
    # ungated it would read 2.4 LU lower; what is left are the blocks across the edges
    assert lufs_of(paused) == pytest.approx(lufs_of(speech), abs=0.5)


def test_what_is_below_the_absolute_gate_is_silence():
    assert lufs_of(sine(-71.0, 5)) == -math.inf
    assert lufs_of(np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)) == -math.inf
    assert LoudnessMeter().lufs == -math.inf


@pytest.mark.parametrize("block_samples", [1, 7, 2400, 2401, 30_000])
def test_a_stream_in_any_blocks_reads_exactly_what_the_whole_reads(block_samples):
    samples = bursts(2)
    meter = LoudnessMeter()
    for start in range(0, len(samples), block_samples):
        meter.push(samples[start : start + block_samples])
    assert meter.lufs == lufs_of(samples)


def test_empty_blocks_change_nothing():
    meter = LoudnessMeter()
    meter.push(bursts(2))
    before = meter.lufs
    meter.push(np.zeros(0, dtype=np.float32))
    assert meter.lufs == before


@pytest.mark.parametrize("start_sample", [0, 1, 1234, 2399])
def test_energies_of_a_sound_between_silences_are_those_of_the_stream(start_sample):
    samples = bursts(1.5)
    stream = np.concatenate((np.zeros(4800 + start_sample), samples, np.zeros(24_000)))
    energies = np.zeros(len(stream) // 2400)
    own = step_energies(samples, start_sample)
    energies[2 : 2 + len(own)] = own
    assert gated_lufs(energies / 2400) == pytest.approx(lufs_of(stream), abs=1e-6)


def test_a_tenth_of_a_second_has_a_loudness():
    assert gated_lufs(np.array([1.0])) == pytest.approx(-0.691)
    assert gated_lufs(np.zeros(0)) == -math.inf


@pytest.mark.parametrize("rate_hz", [24_000, 48_000])
def test_the_meter_agrees_with_libebur128(rate_hz):
    ebur128 = pytest.importorskip("pyebur128")
    samples = np.concatenate((bursts(20), np.zeros(50_000, dtype=np.float32), 0.3 * bursts(20, seed=2)))
    state = ebur128.R128State(1, rate_hz, ebur128.MeasurementMode.MODE_I)
    state.add_frames(samples, len(samples))
    assert lufs_of(samples, rate_hz) == pytest.approx(ebur128.get_loudness_global(state), abs=1e-6)


# EBU Tech 3342, cases 1 to 4, for one channel at 24 kHz; each must read its range within 1 LU
@pytest.mark.parametrize(
    ("levels", "range_lu"),
    [((-20, -30), 10), ((-20, -15), 5), ((-40, -20), 20), ((-50, -35, -20, -35, -50), 15)],
)
def test_the_loudness_range_of_the_ebu_reads_what_it_must(levels, range_lu):
    meter = LoudnessMeter()
    meter.push(tones(*((level, 20) for level in levels)))
    assert meter.range_lu == pytest.approx(range_lu, abs=1)


def test_what_is_too_short_or_silent_has_no_loudness_range():
    meter = LoudnessMeter()
    assert meter.range_lu == 0
    meter.push(sine(-20, 2.9))
    assert meter.range_lu == 0
    meter.push(np.zeros(10 * SAMPLE_RATE_HZ, dtype=np.float32))
    assert loudness_range_lu(np.zeros(100)) == 0


def test_the_loudness_range_agrees_with_libebur128():
    ebur128 = pytest.importorskip("pyebur128")
    samples = np.concatenate((bursts(30), 0.2 * bursts(20, seed=2), 0.5 * bursts(25, seed=3)))
    state = ebur128.R128State(1, SAMPLE_RATE_HZ, ebur128.MeasurementMode.MODE_LRA)
    state.add_frames(samples, len(samples))
    meter = LoudnessMeter()
    meter.push(samples)
    assert meter.range_lu == pytest.approx(ebur128.get_loudness_range(state), abs=0.01)
