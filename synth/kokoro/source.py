"""F0 into the harmonic source: nine sines where there is a voice, noise where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import torch
from torch import Tensor, nn

from synth.audio import SAMPLE_RATE_HZ

HARMONICS: Final = 9
SINE_AMPLITUDE: Final = 0.1
NOISE_STD_VOICED: Final = 0.003
NOISE_STD_UNVOICED: Final = SINE_AMPLITUDE / 3
VOICED_ABOVE_HZ: Final = 10.0
HOP_SAMPLES: Final = 300  # per value of F0


class HarmonicSource(nn.Module):
    """One linear layer mixes the sines. Kept in float64: see `model.py` for why."""

    def __init__(self) -> None:
        super().__init__()
        self.l_linear = nn.Linear(HARMONICS, 1)

    def forward(self, f0: Tensor, noise: Tensor) -> Tensor:
        """f0: (B, 2F) Hz, 0 on padding; noise: (B, 600F) standard normal -> (B, 600F).

        Upstream gives each harmonic h its own noise before the mix; weighted by w_h they sum to one normal
        of standard deviation |w|, which is what is drawn here, at a ninth of the numbers.
        """
        weight, bias = self.l_linear.weight[0], self.l_linear.bias
        voiced = (f0 > VOICED_ABOVE_HZ).repeat_interleave(HOP_SAMPLES, dim=1)  # (B, 600F)
        # a running sum, not a matrix product: its rounding must not depend on the batch
        mixed = torch.zeros_like(noise, dtype=weight.dtype)
        for part, sine in zip(weight, sines(f0), strict=True):
            mixed = torch.addcmul(mixed, sine, part * SINE_AMPLITUDE)
        std = torch.where(voiced, NOISE_STD_VOICED, NOISE_STD_UNVOICED) * weight.norm()
        return torch.tanh(mixed * voiced + noise * std + bias)


def sines(f0: Tensor) -> Iterator[Tensor]:
    """The sine of each harmonic, free of drift: cycles are summed in float64 and wrapped.

    f0: (B, 2F) Hz -> nine times (B, 600F) float64.

    Upstream sums the phase once per value of F0, times 300, and interpolates linearly between the centres of
    what each value spans: at sample 150 + 300 i + j the phase is c[i] + (j + 1/2) r[i+1] cycles, where
    r = h F0 / rate mod 1 and c[i] = 300 (r[0] + … + r[i]); it is held before the first centre and after the
    last. The random initial phase that upstream draws never arrives: it is added to a sample that the
    interpolation does not read.
    """
    j = torch.arange(HOP_SAMPLES, device=f0.device, dtype=torch.float64)  # (300,)
    for harmonic in range(1, HARMONICS + 1):
        step = (f0.double() * harmonic / SAMPLE_RATE_HZ).remainder(1)  # (B, 2F) cycles per sample
        centre = (HOP_SAMPLES * step).cumsum(1)
        start = torch.cat([centre[:, :1], centre], dim=1)  # (B, 2F + 1), of each span between two centres
        hold = torch.zeros_like(step[:, :1])
        slope = torch.cat([hold, step[:, 1:], hold], dim=1)
        offset = (start + 0.5 * slope).remainder(1)
        # less a whole cycle per sample, which is not heard: keeps the product small where F0 is just below 0
        slope = slope - (slope > 0.5).double()
        cycles = torch.addcmul(offset[..., None], slope[..., None], j)  # (B, 2F + 1, 300)
        turn = cycles - cycles.round()
        yield torch.sin(2 * torch.pi * turn).flatten(1)[:, HOP_SAMPLES // 2 : -(HOP_SAMPLES // 2)]
