"""Rows into their convolution by small Fourier transforms: a third of the multiplications that taps need.

A window of N rows is taken to its spectrum by a fixed (P, N) matrix, each of the P real coefficients goes
through its own (C, C) matrix, and a fixed (N - k + 1, P) matrix brings back the rows that wrapping did not
reach (overlap-save). A complex product costs three real ones (Gauss), so P = 3 (N/2 - 1) + 2. All
three are matrix products, which CPUs do best. Dilation d runs d interleaved sequences side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class FourierConv:
    """A convolution C -> C over rows (n, C), without bias."""

    forward: Tensor  # (P, N)
    weight: Tensor  # (P, C, C), in -> out
    backward: Tensor  # (N - k + 1, P)
    dilation: int
    reach: int  # rows that it sees before the row it makes, and after it

    @classmethod
    def of(cls, weight: Tensor, dilation: int, window: int, dtype: torch.dtype) -> FourierConv:
        """weight: (O, I, k) of a convolution as torch has it; window: N, even; dtype: to compute in."""
        kernel = weight.shape[2]
        step = window - kernel + 1
        row = torch.arange(window, dtype=torch.float64)
        forward, weights, backward = [], [], []
        for bin_ in range(window // 2 + 1):
            angle = 2 * torch.pi * (row * bin_).remainder(window) / window
            cosine, sine = torch.cos(angle), torch.sin(angle)
            real = (weight.double() * cosine[:kernel]).sum(-1)  # of the conjugate spectrum, (O, I)
            imaginary = (weight.double() * sine[:kernel]).sum(-1)
            back_cosine, back_sine = cosine[:step] / window, sine[:step] / window
            if bin_ in (0, window // 2):  # real, and without a mirror image
                forward.append(cosine)
                weights.append(real)
                backward.append(back_cosine)
                continue
            # Gauss: k1 = (a + b) re, k2 = a (im - re), k3 = b (re + im); Re = k1 - k3, Im = k1 + k2
            forward += [cosine - sine, cosine, -sine]
            weights += [real, imaginary - real, real + imaginary]
            backward += [2 * (back_cosine - back_sine), -2 * back_sine, -2 * back_cosine]
        return cls(
            torch.stack(forward).to(dtype),
            torch.stack(weights).transpose(1, 2).contiguous().to(dtype),
            torch.stack(backward, dim=1).contiguous().to(dtype),
            dilation,
            (kernel - 1) // 2 * dilation,
        )

    @property
    def step(self) -> int:
        """Rows that one window makes, of all interleaved sequences."""
        return self.backward.shape[0] * self.dilation

    def rows_in(self, windows: int) -> int:
        """Rows that so many windows read."""
        return windows * self.step + 2 * self.reach

    def __call__(self, rows: Tensor, windows: int) -> Tensor:
        """rows: (rows_in(windows), C) contiguous, `reach` rows early -> (windows · step, C)."""
        (count, size), channels, d = self.forward.shape, rows.shape[1], self.dilation
        seen = rows.as_strided((windows, size, d * channels), (self.step * channels, d * channels, 1))
        spectrum = torch.bmm(self.forward.expand(windows, -1, -1), seen)  # (W, P, d C)
        by_coefficient = (
            spectrum.view(windows, count, d, channels).transpose(0, 1).reshape(count, windows * d, channels)
            if d > 1
            else spectrum.transpose(0, 1)  # bmm takes these strides as they are
        )
        product = torch.bmm(by_coefficient, self.weight)  # (P, W d, C)
        by_window = product.view(count, windows, d * channels).transpose(0, 1)  # (W, P, d C)
        made = torch.bmm(self.backward.expand(windows, -1, -1), by_window)  # (W, N - k + 1, d C)
        return made.view(windows * self.step, channels)
