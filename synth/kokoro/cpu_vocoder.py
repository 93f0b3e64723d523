"""One row's decoder features, F0 and style into samples on a CPU, a cache-sized tile at a time.

The same numbers as `vocoder.py`, at twice its speed. What a layer does to a tile of rows (norm, Snake,
convolution, sum, the next norm's statistics) is done while the tile is in the cache; Snake's alpha is folded
into the norm before it and the convolution after it; long convolutions go through small Fourier transforms.
Tensors are rows (n, C), so that per-channel factors run along memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synth.kokoro.direct import DirectConv
from synth.kokoro.fourier import FourierConv
from synth.kokoro.layers import NORM_EPS, AdaIN1d
from synth.kokoro.vocoder import KERNELS, LAST_LEAK, LEAK, SnakeBlock, Vocoder, spectrum_to_samples

Conv = FourierConv | DirectConv

_NARROW: Final = 128  # channels of the second stage


class CpuVocoder:
    """The vocoder of one row at a time; safe to use from several threads."""

    def __init__(self, vocoder: Vocoder, dtype: torch.dtype) -> None:
        """vocoder: in float32, lends its weights; dtype: of convolutions, float32 or bfloat16 or float16."""
        self._dtype = dtype
        self._harmonics = vocoder.harmonics
        self._source_blocks = [_Block.of(block, dtype) for block in vocoder.noise_res]
        self._blocks = [_Block.of(block, dtype) for block in vocoder.resblocks]
        self._ups = [_Upsampling.of(conv, dtype) for conv in vocoder.ups]
        self._sources = [_taps_in_rows(conv) for conv in vocoder.noise_convs]
        post = vocoder.conv_post
        self._post = DirectConv.of(post.weight, post.bias, 1, dtype)

    def __call__(self, x: Tensor, f0: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        """x: (512, 2F), f0: (2F,) Hz, style: (S,), noise: (600F,) standard normal -> (600F,) float32."""
        frames = torch.tensor([len(f0) // 2])
        harmonics = self._harmonics(f0[None], frames, noise[None])[0].t()  # (120F + 1, 22)
        spectrum = self.spectrum(x.t().float(), harmonics.float().contiguous(), style)
        return spectrum_to_samples(spectrum.t().float()[None], frames)[0]

    def spectrum(self, x: Tensor, harmonics: Tensor, style: Tensor) -> Tensor:
        """x: (2F, 512), harmonics: (120F + 1, 22), style: (S,), all float32 -> (120F + 1, 22)."""
        x = self._stage(0, self._ups[0](F.leaky_relu(x, LEAK)), harmonics, style)  # (20F, 256)
        x = self._stage(1, _reflected(self._ups[1](F.leaky_relu(x, LEAK))), harmonics, style)
        return _convolved(self._post, F.leaky_relu(x, LAST_LEAK), self._dtype)

    def _stage(self, stage: int, x: Tensor, harmonics: Tensor, style: Tensor) -> Tensor:
        """x: (n, C), given away -> the mean of three blocks over its sum with the source.

        Four tensors of that shape at most are held at once: they are the memory that a row takes.
        """
        rows, block = _tile_rows(x.shape[1]), self._source_blocks[stage]
        source = self._source(harmonics, stage)
        spare = torch.empty_like(source)
        block(source, style, _Moments.of(source, rows), spare)
        x += source.add_(block.bias)
        moments = _Moments.of(x, rows)
        first, second, third = self._blocks[len(KERNELS) * stage :][: len(KERNELS)]
        total = first(source.copy_(x), style, moments, spare).add_(first.bias)
        total += second(x.clone(), style, moments, spare).add_(second.bias)
        total += third(x, style, moments, spare).add_(third.bias)
        return total.div_(len(KERNELS))

    def _source(self, harmonics: Tensor, stage: int) -> Tensor:
        """harmonics: (120F + 1, 22) -> (20F, 256) at stage 0, (120F + 1, 128) at stage 1."""
        weight, bias = self._sources[stage]
        if stage == 1:
            return torch.addmm(bias, harmonics, weight)
        padded, bins = F.pad(harmonics, (0, 0, 3, 3)), harmonics.shape[1]
        seen = padded.as_strided((len(harmonics) // 6, len(weight)), (6 * bins, 1))  # 12 rows every 6
        return torch.addmm(bias, seen, weight)


@dataclass(slots=True)
class _Moments:
    """Count, mean and squared deviations of each channel, gathered tile by tile (Chan's update)."""

    count: int
    mean: Tensor  # (C,)
    squares: Tensor  # (C,)

    @classmethod
    def none(cls, channels: int) -> _Moments:
        zero = torch.zeros(channels, dtype=torch.float64)
        return cls(0, zero, zero)

    @classmethod
    def of(cls, x: Tensor, rows: int) -> _Moments:
        moments = cls.none(x.shape[1])
        for tile in torch.split(x, rows):
            moments.add(tile)
        return moments

    def add(self, tile: Tensor) -> None:
        """tile: (n, C) float32."""
        mean = tile.mean(0)
        squares = (tile - mean).square_().sum(0).double()
        total = self.count + len(tile)
        delta = mean.double() - self.mean
        self.mean = self.mean + delta * (len(tile) / total)
        self.squares = self.squares + squares + delta.square() * (self.count * len(tile) / total)
        self.count = total


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """AdaIN, Snake, convolution. alpha is in the norm's scale and shift, 1/alpha in the convolution."""

    conv: Conv
    norm: AdaIN1d
    alpha: Tensor  # (C,)
    dtype: torch.dtype

    @classmethod
    def of(cls, conv: nn.Conv1d, norm: AdaIN1d, alpha: Tensor, dtype: torch.dtype) -> _Layer:
        flat = alpha.detach().flatten()
        weight, dilation = conv.weight.detach() / flat[:, None], int(conv.dilation[0])
        window = _fourier_window(weight.shape[2], len(flat))
        made = (
            FourierConv.of(weight, dilation, window, dtype)
            if window
            else DirectConv.of(weight, None, dilation, dtype)
        )
        return cls(made, norm, flat, dtype)

    def __call__(self, x: Tensor, style: Tensor, moments: _Moments, out: Tensor, *, onto: bool) -> _Moments:
        """Write to `out`, or `onto` it, conv(snake(AdaIN(x))); x, out: (n, C) -> the moments of out."""
        scale, shift = self._affine(style, moments)
        made_of = _Moments.none(x.shape[1])
        for start, stop, low, high, windows in _tiles(self.conv, len(x), _tile_rows(x.shape[1])):
            active = torch.addcmul(shift, x[low:high], scale).to(self.dtype)
            wave = torch.sin(active)
            active.addcmul_(wave, wave)
            made = _on_tile(self.conv, active, start, low, windows)[: stop - start]
            tile = out[start:stop]
            _ = tile.add_(made) if onto else tile.copy_(made)
            made_of.add(tile)
        return made_of

    def _affine(self, style: Tensor, moments: _Moments) -> tuple[Tensor, Tensor]:
        """-> scale and shift (C,) that take x to alpha · AdaIN(x)."""
        gamma, beta = self.norm.fc(style).chunk(2)
        scale = (1 + gamma) * torch.rsqrt(moments.squares / moments.count + NORM_EPS)
        return (self.alpha * scale).float(), (self.alpha * (beta - moments.mean * scale)).float()


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """A SnakeBlock without biases: the norms take the first ones away, the second ones are summed."""

    pairs: tuple[tuple[_Layer, _Layer], ...]
    bias: Tensor  # (C,)

    @classmethod
    def of(cls, block: nn.Module, dtype: torch.dtype) -> _Block:
        assert isinstance(block, SnakeBlock)
        layers = zip(
            block.convs1, block.adain1, block.alpha1, block.convs2, block.adain2, block.alpha2, strict=True
        )
        pairs = tuple(
            (_Layer.of(conv1, norm1, alpha1, dtype), _Layer.of(conv2, norm2, alpha2, dtype))
            for conv1, norm1, alpha1, conv2, norm2, alpha2 in layers
        )
        biases = [conv.get_parameter("bias").detach() for conv in block.convs2]
        return cls(pairs, torch.stack(biases).sum(0))

    def __call__(self, x: Tensor, style: Tensor, moments: _Moments, spare: Tensor) -> Tensor:
        """x: (n, C), changed in place; moments: its own; spare: (n, C) to write on."""
        for first, second in self.pairs:
            between = first(x, style, moments, spare, onto=False)
            moments = second(spare, style, between, x, onto=True)
        return x


@dataclass(frozen=True, slots=True, eq=False)
class _Upsampling:
    """A transposed convolution of two strides' width: one matrix product and one overlapping sum."""

    weight: Tensor  # (I, 2 stride O)
    bias: Tensor  # (O,)
    stride: int

    @classmethod
    def of(cls, conv: nn.Module, dtype: torch.dtype) -> _Upsampling:
        assert isinstance(conv, nn.ConvTranspose1d)
        assert conv.bias is not None
        weight = conv.weight.detach().permute(0, 2, 1).flatten(1).contiguous().to(dtype)
        return cls(weight, conv.bias.detach(), conv.stride[0])

    def __call__(self, x: Tensor) -> Tensor:
        """x: (n, I) float32 -> (stride n, O) float32."""
        width = self.stride * len(self.bias)
        made = (x.to(self.weight.dtype) @ self.weight).float().view(len(x), 2, width)
        out = made.new_empty(len(x) + 1, width)
        out[:-1] = made[:, 0]
        out[-1] = 0
        out[1:] += made[:, 1]
        rows = out.view(-1, len(self.bias))
        return rows[self.stride // 2 : self.stride // 2 + self.stride * len(x)].add(self.bias)


def _reflected(x: Tensor) -> Tensor:
    """x: (n, C) -> (n + 1, C), reflected on the left by one row."""
    return torch.cat([x[1:2], x])


def _fourier_window(kernel: int, channels: int) -> int | None:
    """Rows of a window where transforms measure faster than taps."""
    if kernel <= KERNELS[0]:
        return None
    return 24 if kernel == KERNELS[1] and channels <= _NARROW else 32


def _tile_rows(channels: int) -> int:
    """Rows that are worked on at once: a few MB with all that a layer makes of them; measured."""
    return 2048 if channels <= _NARROW else 4096


def _taps_in_rows(conv: nn.Module) -> tuple[Tensor, Tensor]:
    """-> (k I, O) and (O,), for rows that lie one behind the other."""
    assert isinstance(conv, nn.Conv1d)
    assert conv.bias is not None
    return conv.weight.detach().permute(2, 1, 0).flatten(0, 1).contiguous(), conv.bias.detach()


def _tiles(conv: Conv, total: int, rows: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Cut `total` rows into tiles: rows [start, stop) are made from rows [low, high) in so many windows."""
    most = max(1, rows // conv.step)
    for start in range(0, total, most * conv.step):
        windows = min(most, -(-(total - start) // conv.step))
        first = start - conv.reach
        stop = min(total, start + windows * conv.step)
        yield start, stop, max(0, first), min(total, first + conv.rows_in(windows)), windows


def _on_tile(conv: Conv, rows: Tensor, start: int, low: int, windows: int) -> Tensor:
    """rows: all that there are of what the tile at `start` reads, from row `low` on -> the tile."""
    before = low - (start - conv.reach)
    after = conv.rows_in(windows) - before - len(rows)
    return conv(F.pad(rows, (0, 0, before, after)) if before or after else rows, windows)


def _convolved(conv: Conv, x: Tensor, dtype: torch.dtype) -> Tensor:
    """x: (n, I) -> (n, O), tile by tile."""
    pieces = [
        _on_tile(conv, x[low:high].to(dtype), start, low, windows)[: stop - start]
        for start, stop, low, high, windows in _tiles(conv, len(x), _tile_rows(x.shape[1]))
    ]
    return torch.cat(pieces)
