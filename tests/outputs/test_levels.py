import math

import numpy as np
import pytest

from outputs.levels import SILENCE_DB, LevelMeter, level_db
from synth.audio import SAMPLE_RATE_HZ


def sine(level_dbfs, seconds):
    t = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (10 ** (level_dbfs / 20) * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)


def meter_of(*blocks):
    meter = LevelMeter()
    for block in blocks:
        meter.push(block)
    return meter


def test_a_sine_has_its_peak_and_an_rms_of_3_db_less():
    meter = meter_of(sine(-6, 2))
    assert meter.peak_dbfs == pytest.approx(-6, abs=0.01)
    assert meter.rms_dbfs == pytest.approx(-6 - 20 * math.log10(math.sqrt(2)), abs=0.01)


def test_the_noise_floor_is_the_quietest_half_second():
    quiet = sine(-70, 0.7)  # longer than half a second: wherever the steps lie, five are in it
    assert meter_of(sine(-10, 3), quiet, sine(-10, 3)).noise_floor_dbfs == pytest.approx(-73, abs=0.02)
    assert meter_of(sine(-10, 3), sine(-70, 0.2), sine(-10, 3)).noise_floor_dbfs > -20


@pytest.mark.parametrize("block_samples", [1000, 2400, 2401, 50_000])
def test_levels_do_not_depend_on_how_the_stream_is_cut(block_samples):
    sound = np.concatenate((sine(-10, 1), sine(-50, 1), sine(-20, 1)))
    blocks = [sound[start : start + block_samples] for start in range(0, len(sound), block_samples)]
    whole, cut = meter_of(sound), meter_of(*blocks)
    assert cut.peak_dbfs == whole.peak_dbfs
    assert cut.noise_floor_dbfs == whole.noise_floor_dbfs
    assert cut.rms_dbfs == pytest.approx(whole.rms_dbfs, abs=1e-9)


def test_the_largest_sample_may_be_negative():
    assert meter_of(np.array([0.1, -0.5, 0.2], np.float32)).peak_dbfs == pytest.approx(level_db(0.5))


def test_silence_and_nothing_have_a_level_that_json_can_hold():
    for meter in (meter_of(), meter_of(np.zeros(0, np.float32)), meter_of(np.zeros(50_000, np.float32))):
        assert meter.rms_dbfs == meter.noise_floor_dbfs == meter.peak_dbfs == SILENCE_DB


def test_less_than_half_a_second_has_the_floor_of_all_of_it():
    meter = meter_of(sine(-20, 0.3))
    assert meter.noise_floor_dbfs == meter.rms_dbfs
