"""Batches of phoneme tokens into samples, in two stages: prosody, then acoustics.

Everything that the phase of the voice depends on (PL-BERT, prosody, the harmonic source and its spectrum) is
computed in float64, on the CPU where the device has no float64. The phase sums F0 over thousands of samples,
and an angle at pi may round to -pi; in float32 both would turn the rounding of a batch into audible
difference. So a row has the same durations, F0 and source in any batch and at any precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synth.kokoro.alignment import expand, token_of_frame
from synth.kokoro.checkpoint import load_weights
from synth.kokoro.cpu_vocoder import CpuVocoder
from synth.kokoro.decoder import Decoder
from synth.kokoro.layers import real, wide
from synth.kokoro.plbert import PLBert
from synth.kokoro.precision import Precision, narrow
from synth.kokoro.prosody import Predictor
from synth.kokoro.sizes import Sizes, read_sizes
from synth.kokoro.text_encoder import TextEncoder
from synth.kokoro.vocoder import SAMPLES_PER_FRAME


@dataclass(frozen=True, slots=True, eq=False)
class Prosody:
    """What the first stage knows of B rows."""

    durations: Tensor  # (B, T) int on the CPU: frames per token, 0 on padding
    features: Tensor  # (B, C + S, T) float64, or float32 where not exact; zero on padding
    text: Tensor  # (B, C, T) float32, zero on padding

    @property
    def frames(self) -> Tensor:
        """(B,) int on the CPU: frames of each row."""
        return self.durations.sum(1)

    @classmethod
    def gather(cls, rows: Sequence[tuple[Prosody, int]]) -> Self:
        """A new batch of rows from any batches, padded to the longest of them."""
        longest = max(int((batch.durations[row] > 0).sum()) for batch, row in rows)

        def padded(tensors: Sequence[Tensor]) -> Tensor:
            return torch.stack([F.pad(x[..., :longest], (0, max(0, longest - x.shape[-1]))) for x in tensors])

        return cls(
            padded([batch.durations[row] for batch, row in rows]),
            padded([batch.features[row] for batch, row in rows]),
            padded([batch.text[row] for batch, row in rows]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """What the decoder and the vocoder need of B rows: all shapes known, all on the device."""

    text: Tensor  # (B, C, F), of the decoder's precision
    f0: Tensor  # (B, 2F) Hz, float64
    energy: Tensor  # (B, 2F) float64
    frames: Tensor  # (B,) int on the device


class Kokoro(nn.Module):
    """Kokoro-82M without a text front end, a queue or a source of noise.

    B rows, T tokens with a boundary token at both ends, F frames of 25 ms. A style vector is (256,).
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.bert = PLBert(
            sizes.tokens,
            sizes.bert_hidden,
            sizes.bert_heads,
            sizes.bert_inner,
            sizes.bert_positions,
            sizes.bert_passes,
        )
        self.bert_encoder = nn.Linear(sizes.bert_hidden, sizes.channels)
        self.predictor = Predictor(sizes.channels, sizes.style, sizes.depth, sizes.longest)
        self.text_encoder = TextEncoder(sizes.tokens, sizes.channels, sizes.text_kernel, sizes.depth)
        self.decoder = Decoder(sizes.channels, sizes.style, sizes.vocoder)

    @classmethod
    def load(
        cls,
        checkpoint: Path,
        config: Path,
        *,
        precision: Precision = Precision.FLOAT32,
        device: str = "cpu",
        exact: bool = True,
    ) -> Self:
        """The published model, ready to speak on a device ("cpu", "cuda", "cuda:1", "mps").

        exact: False computes prosody in float32. Rows that are spoken one by one are then still the same on
        every run of a machine, a tenth faster; rows of padded batches, and other machines, drift in phase.

        Raises:
            WeightsDoNotFit: checkpoint or config are not of the published form; names what differs.
        """
        with torch.device("meta"):
            model = cls(read_sizes(config))
        load_weights(model, checkpoint)
        return model.requires_grad_(False).eval().settle(precision, torch.device(device), exact=exact)

    def settle(self, precision: Precision, device: torch.device, *, exact: bool = True) -> Self:
        """Give every part its precision and its device."""
        exact_device = torch.device("cpu") if device.type == "mps" else device
        for part in (self.bert, self.bert_encoder, self.predictor):
            part.to(exact_device, torch.float64 if exact else torch.float32)
        self.text_encoder.to(exact_device, torch.float32)
        self.decoder.to(device, torch.float32)
        source = self.decoder.generator.m_source
        source.to(exact_device, torch.float64)
        # from weights in float32, which are rounded once, when 1/alpha is in them
        self.row_vocoder = (
            CpuVocoder(self.decoder.generator, precision.dtype) if device.type == "cpu" else None
        )
        narrow(self.decoder, precision)
        self.dtype, self.device, self.exact_device = precision.dtype, device, exact_device
        return self

    def prosody(self, tokens: Tensor, lengths: Tensor, style: Tensor, speed: Tensor) -> Prosody:
        """Stage 1: what will be said when.

        tokens: (B, T) int, 0 on padding; lengths: (B,) int on the CPU, boundary tokens included;
        style: (B, 256); speed: (B,). The rest may be on any device.
        """
        where = self.exact_device
        tokens, manner = tokens.to(where), self._manner(style)
        full = bool((lengths == tokens.shape[1]).all())
        mask = None if full else real(lengths, tokens.shape[1]).to(where)
        features = self.bert_encoder(self.bert(tokens, mask))  # (B, T, C)
        features = self.predictor.text_encoder(features, manner, lengths)  # (B, T, C + S)
        durations = self.predictor.durations(features, speed.to(manner), lengths)
        text = self.text_encoder(tokens, lengths)
        return Prosody(durations.cpu(), features.transpose(1, 2), text)

    def acoustics(self, prosody: Prosody, style: Tensor, noise: Tensor) -> Tensor:
        """Stage 2: the sound.

        prosody: B rows; style: (B, 256); noise: (B, 600F) standard normal, at least as long as the longest
        row -> (B, 600F) float32 on the device, zero past a row's end.
        """
        aligned = self.align(prosody, style, noise.shape[1] // SAMPLES_PER_FRAME)
        return self.sound(aligned, style.to(self.device), noise.to(self.device))

    def speak_row(self, prosody: Prosody, style: Tensor, noise: Tensor) -> Tensor:
        """Stage 2 of one row on a CPU: `acoustics` without padding, at twice its speed.

        prosody: 1 row; style: (256,); noise: (600F,) of its own length -> (600F,) float32.
        """
        assert self.row_vocoder is not None, f"the model is on {self.device}"
        aligned = self.align(prosody, style[None], len(noise) // SAMPLES_PER_FRAME)
        timbre = style[None, : self.sizes.style].float()
        x = self.decode(aligned, timbre)
        return self.row_vocoder(x[0], aligned.f0[0], timbre[0], noise)

    def align(self, prosody: Prosody, style: Tensor, longest: int) -> Aligned:
        """Features of tokens over their frames, F0 and energy; longest: F, of the batch or more.

        style: (B, 256) on any device.
        """
        where = self.exact_device
        frames = prosody.frames
        assert int(frames.max()) <= longest, f"{int(frames.max())} frames in a batch of {longest}"
        tokens = token_of_frame(prosody.durations, longest).to(where, non_blocking=True)
        mask = real(frames, longest).to(where, non_blocking=True)
        manner = self._manner(style)
        features = expand(prosody.features, tokens, mask).transpose(1, 2)  # (B, F, C + S)
        f0, energy = self.predictor.curves(features, manner, frames)
        text = expand(prosody.text, tokens, mask).to(self.device, self.dtype)
        return Aligned(text, f0, energy, frames.to(self.device, non_blocking=True))

    def sound(self, aligned: Aligned, style: Tensor, noise: Tensor) -> Tensor:
        """Decoder and vocoder: no shape here depends on a value, and nothing waits for the device.

        aligned: B rows of F frames; style: (B, 256), noise: (B, 600F), both on the device -> (B, 600F).
        """
        timbre = style[:, : self.sizes.style].to(wide(self.dtype))  # norms are never narrow
        x = self.decode(aligned, timbre)
        samples: Tensor = self.decoder.generator(x, aligned.f0, timbre, aligned.frames, noise)
        return samples

    def decode(self, aligned: Aligned, timbre: Tensor) -> Tensor:
        """timbre: (B, S), the first half of a style vector -> (B, 512, 2F), what the vocoder speaks."""
        mask = real(aligned.frames, aligned.text.shape[-1])
        f0, energy = (curve.to(self.device, self.dtype) for curve in (aligned.f0, aligned.energy))
        x: Tensor = self.decoder(aligned.text, f0, energy, timbre, mask)
        return x

    def _manner(self, style: Tensor) -> Tensor:
        """style: (B, 256) -> (B, S), the half that prosody follows, as prosody computes."""
        return style[:, self.sizes.style :].to(self.bert_encoder.weight)
