"""Samples into short-time spectra of 20 samples every 5 and back, per row of a padded batch."""

from __future__ import annotations

from functools import cache
from typing import Final

import torch
from torch import Tensor

N_FFT: Final = 20
HOP_SAMPLES: Final = 5
BINS: Final = N_FFT // 2 + 1


def analyse(signal: Tensor, lengths: Tensor) -> Tensor:
    """Magnitude and angle, centred, reflected at each row's true ends.

    signal: (B, n) float64, lengths: (B,) samples, multiples of 5 -> (B, 22, n/5 + 1) float64, zero past a
    row's length/5 + 1 frames.
    """
    place = torch.arange(-N_FFT // 2, signal.shape[1] + N_FFT // 2, device=signal.device)
    last = lengths[:, None] - 1
    index = place.abs().expand(len(signal), -1)
    index = torch.where(index > last, 2 * last - index, index).clamp(min=0)  # (B, n + 20)
    frames = signal.gather(1, index).unfold(1, N_FFT, HOP_SAMPLES)  # (B, n/5 + 1, 20)
    cosine, sine = _forward_matrices(signal.device, signal.dtype)
    across, along = frames @ cosine, frames @ sine  # real and imaginary parts, (B, n/5 + 1, 11)
    # Frame 0 is its own mirror image, so its spectrum is real: rounding would choose between +pi and -pi.
    along[:, 0] = 0
    spectrum = torch.cat([torch.hypot(across, along), torch.atan2(along, across)], dim=-1)
    mask = torch.arange(frames.shape[1], device=signal.device) <= lengths[:, None] // HOP_SAMPLES
    return (spectrum * mask[..., None]).transpose(1, 2)


def synthesise(log_magnitude: Tensor, angle: Tensor, lengths: Tensor) -> Tensor:
    """Overlap-add, divided by the sum of squared windows that each row really has.

    log_magnitude, angle: (B, 11, f), float32 or float64; lengths: (B,) real frames
    -> (B, 5 (f - 1)) samples, zero past a row's 5 (length - 1).
    """
    mask = torch.arange(angle.shape[-1], device=angle.device) < lengths[:, None]  # (B, f)
    magnitude = torch.exp(log_magnitude)
    parts = torch.cat([magnitude * torch.cos(angle), magnitude * torch.sin(angle)], dim=1)  # (B, 22, f)
    matrix, window = _inverse_matrix(angle.device, angle.dtype)
    frames = (parts.transpose(1, 2) @ matrix) * mask[..., None]  # (B, f, 20)
    envelope = window.square() * mask[..., None]
    edge = slice(N_FFT // 2, -(N_FFT // 2))
    # the envelope is 1.25 or more wherever a row is, so the bound only keeps padding from 0/0
    samples = _overlap_add(frames)[:, edge] / _overlap_add(envelope)[:, edge].clamp(min=1e-11)
    return samples * (
        torch.arange(samples.shape[1], device=angle.device) < HOP_SAMPLES * (lengths[:, None] - 1)
    )


def _overlap_add(frames: Tensor) -> Tensor:
    """frames: (B, f, 20) -> (B, 5 f + 15)."""
    batch, count, _ = frames.shape
    hops = N_FFT // HOP_SAMPLES
    out = frames.new_zeros(batch, count + hops - 1, HOP_SAMPLES)
    for hop in range(hops):
        out[:, hop : hop + count] += frames[..., hop * HOP_SAMPLES : (hop + 1) * HOP_SAMPLES]
    return out.flatten(1)


@cache
def _forward_matrices(device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """(20, 11) windowed cosine and minus sine; exactly 0 for bins 0 and 10, whose angle is 0 or pi."""
    turns, window = _turns(), _hann()[:, None]
    sine = -torch.sin(2 * torch.pi * turns) * window
    sine[:, 0] = sine[:, -1] = 0
    cosine = torch.cos(2 * torch.pi * turns) * window
    return cosine.to(device, dtype), sine.to(device, dtype)


@cache
def _inverse_matrix(device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """(22, 20) from real and imaginary parts to windowed samples; and the window (20,)."""
    turns = _turns().T  # (11, 20)
    weight = torch.full((BINS, 1), 2.0, dtype=torch.float64)
    weight[0] = weight[-1] = 1
    cosine, sine = weight * torch.cos(2 * torch.pi * turns), -weight * torch.sin(2 * torch.pi * turns)
    sine[0] = sine[-1] = 0  # a real signal has no imaginary part there: irfft ignores it
    matrix = torch.cat([cosine, sine]) / N_FFT * _hann()
    return matrix.to(device, dtype), _hann().to(device, dtype)


def _hann() -> Tensor:
    return torch.hann_window(N_FFT, dtype=torch.float64)


def _turns() -> Tensor:
    """(20, 11) float64: sample times bin in turns, less the whole ones, for exact cosines."""
    return torch.outer(torch.arange(N_FFT), torch.arange(BINS)).remainder(N_FFT).double() / N_FFT
