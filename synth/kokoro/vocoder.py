"""Decoder features, F0 and style into samples: the padded form, for any device."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synth.kokoro.layers import AdaIN1d, real, wide
from synth.kokoro.source import HarmonicSource
from synth.kokoro.stft import BINS, N_FFT, analyse, synthesise

DILATIONS: Final = (1, 3, 5)
KERNELS: Final = (3, 7, 11)
RATES: Final = (20, 120)  # positions per frame in the two stages
SAMPLES_PER_FRAME: Final = 600
LEAK: Final = 0.1
LAST_LEAK: Final = 0.01  # upstream calls the last one without a slope, which is torch's default


class Vocoder(nn.Module):
    """B rows, F frames of 25 ms, S style width. Two stages of upsampling, each met by the harmonic source."""

    def __init__(self, channels: int, style: int) -> None:
        super().__init__()
        middle, narrow = channels // 2, channels // 4
        self.m_source = HarmonicSource()
        self.noise_convs = nn.ModuleList(
            [nn.Conv1d(N_FFT + 2, middle, 12, stride=6, padding=3), nn.Conv1d(N_FFT + 2, narrow, 1)]
        )
        self.noise_res = nn.ModuleList([SnakeBlock(middle, 7, style), SnakeBlock(narrow, 11, style)])
        self.ups = nn.ModuleList(
            [
                nn.ConvTranspose1d(channels, middle, 20, stride=10, padding=5),
                nn.ConvTranspose1d(middle, narrow, 12, stride=6, padding=3),
            ]
        )
        self.resblocks = nn.ModuleList(SnakeBlock(c, k, style) for c in (middle, narrow) for k in KERNELS)
        self.conv_post = nn.Conv1d(narrow, N_FFT + 2, 7, padding=3)

    def forward(self, x: Tensor, f0: Tensor, style: Tensor, lengths: Tensor, noise: Tensor) -> Tensor:
        """The samples of each row.

        x: (B, 512, 2F), f0: (B, 2F) Hz, style: (B, S), lengths: (B,) frames on the device,
        noise: (B, 600F) standard normal -> (B, 600F), at least float32, zero past a row's end.
        """
        harmonics = self.harmonics(f0, lengths, noise).to(x.device, x.dtype)
        return spectrum_to_samples(self.spectrum(x, harmonics, style, lengths), lengths)

    def harmonics(self, f0: Tensor, lengths: Tensor, noise: Tensor) -> Tensor:
        """-> (B, 22, 120F + 1) float64, magnitude and angle of the harmonic source, on its device."""
        where = self.m_source.l_linear.weight.device
        source = self.m_source(f0.to(where), noise.to(where))
        return analyse(source, SAMPLES_PER_FRAME * lengths.to(where))

    def spectrum(self, x: Tensor, harmonics: Tensor, style: Tensor, lengths: Tensor) -> Tensor:
        """x: (B, 512, 2F), harmonics: (B, 22, 120F + 1), both of one precision -> (B, 22, 120F + 1).

        The first 11 are log magnitudes, the last 11 are angles before the sine that upstream takes of them.
        """
        longest = x.shape[-1] // 2
        for stage, rate in enumerate(RATES):
            extra = stage  # the last stage has one position more than its frames need, as an STFT has
            mask = real(rate * lengths + extra, rate * longest + extra)
            source = self.noise_convs[stage](harmonics) * mask[:, None]
            source = self.noise_res[stage](source, style, mask)
            x = self.ups[stage](F.leaky_relu(x, LEAK))  # (B, 256 or 128, rate F)
            if extra:
                x = torch.cat([x[..., 1:2], x], dim=-1)  # reflection, on the left only: no padding comes in
            x = (x + source) * mask[:, None]
            first, second, third = (
                block(x, style, mask) for block in self.resblocks[len(KERNELS) * stage :][: len(KERNELS)]
            )
            x = (first + second + third) / len(KERNELS)
        spectrum: Tensor = self.conv_post(F.leaky_relu(x, LAST_LEAK))
        return spectrum


def spectrum_to_samples(spectrum: Tensor, lengths: Tensor) -> Tensor:
    """spectrum: (B, 22, 120F + 1) as the vocoder makes it, lengths: (B,) frames -> (B, 600F)."""
    spectrum = spectrum.to(wide(spectrum.dtype))
    angle = torch.sin(spectrum[:, BINS:])  # upstream uses the sine itself as an angle in radians
    return synthesise(spectrum[:, :BINS], angle, RATES[-1] * lengths + 1)


class SnakeBlock(nn.Module):
    """Three residual pairs of convolutions, dilated and plain, each behind AdaIN and Snake."""

    def __init__(self, channels: int, kernel: int, style: int) -> None:
        super().__init__()
        half = (kernel - 1) // 2
        self.convs1 = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, dilation=d, padding=half * d) for d in DILATIONS
        )
        self.convs2 = nn.ModuleList(nn.Conv1d(channels, channels, kernel, padding=half) for _ in DILATIONS)
        self.adain1 = nn.ModuleList(AdaIN1d(style, channels) for _ in DILATIONS)
        self.adain2 = nn.ModuleList(AdaIN1d(style, channels) for _ in DILATIONS)
        self.alpha1 = nn.ParameterList(torch.ones(1, channels, 1) for _ in DILATIONS)
        self.alpha2 = nn.ParameterList(torch.ones(1, channels, 1) for _ in DILATIONS)

    def forward(self, x: Tensor, style: Tensor, mask: Tensor) -> Tensor:
        """x: (B, C, n), style: (B, S), mask: (B, n) -> (B, C, n)."""
        keep = mask[:, None]
        layers = zip(
            self.convs1, self.convs2, self.adain1, self.adain2, self.alpha1, self.alpha2, strict=True
        )
        for conv1, conv2, adain1, adain2, alpha1, alpha2 in layers:
            y = conv1(snake(adain1(x, style, mask), alpha1).to(x.dtype)) * keep
            y = conv2(snake(adain2(y, style, mask), alpha2).to(x.dtype))
            x = (x + y) * keep
        return x


def snake(x: Tensor, alpha: Tensor) -> Tensor:
    """Periodic activation, x + sin²(αx)/α; zero stays zero."""
    return torch.addcdiv(x, torch.sin(alpha * x).square(), alpha)
