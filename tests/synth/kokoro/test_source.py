from __future__ import annotations

import math

import torch

from synth.kokoro.source import HARMONICS, HOP_SAMPLES, HarmonicSource, sines
from synth.kokoro.stft import analyse, synthesise

SECONDS = 30
VALUES = SECONDS * 80  # of F0, one every 12.5 ms


def test_the_phase_does_not_drift_over_thirty_seconds() -> None:
    hertz = 220.7
    f0 = torch.full((1, VALUES), hertz)
    exact_hz = float(f0[0, 0])
    sample = torch.arange(HOP_SAMPLES * VALUES, dtype=torch.float64)
    first, last = HOP_SAMPLES // 2, HOP_SAMPLES * VALUES - HOP_SAMPLES // 2
    for harmonic, sine in enumerate(sines(f0), start=1):
        cycles = exact_hz * harmonic / 24_000
        # the phase at the first centre, at sample 150, is that of 300 samples; half a sample is between
        expected = torch.sin(2 * math.pi * ((sample - first + HOP_SAMPLES + 0.5) * cycles).remainder(1))
        assert (sine[0, first:last] - expected[first:last]).abs().max() < 1e-6


def test_there_are_nine_harmonics_and_noise_alone_where_there_is_no_voice() -> None:
    source = HarmonicSource().double()
    f0 = torch.zeros(1, 40)
    f0[0, 20:] = 150
    quiet = source(f0, torch.zeros(1, 40 * HOP_SAMPLES))[0]
    assert len(list(sines(f0))) == HARMONICS
    assert torch.equal(quiet[: 20 * HOP_SAMPLES], quiet[:1].expand(20 * HOP_SAMPLES))  # the bias alone
    assert quiet[20 * HOP_SAMPLES :].std() > 0.01


def test_noise_is_ten_times_louder_where_there_is_no_voice() -> None:
    source = HarmonicSource().double()
    noise = torch.randn(1, 200 * HOP_SAMPLES, generator=torch.Generator().manual_seed(0))
    f0 = torch.zeros(1, 200)
    f0[0, 100:] = 150
    heard = (source(f0, noise) - source(f0, torch.zeros_like(noise)))[0]
    ratio = heard[: 100 * HOP_SAMPLES].std() / heard[100 * HOP_SAMPLES :].std()
    assert 10 < ratio < 12.5  # 0.1/3 to 0.003, a little less after tanh


def test_what_is_analysed_can_be_synthesised() -> None:
    lengths = torch.tensor([600, 1200])
    signal = torch.randn(2, 1200, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    signal[0, 600:] = 0
    spectrum = analyse(signal, lengths)
    magnitude, angle = spectrum[:, :11], spectrum[:, 11:]
    samples = synthesise(magnitude.clamp(min=1e-300).log(), angle, lengths // 5 + 1)
    assert (samples - signal)[:, 10:].abs().max() < 1e-9  # frame 0's imaginary part is set to 0
