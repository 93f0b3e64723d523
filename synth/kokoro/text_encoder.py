"""Phoneme tokens into the features that the decoder speaks from."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synth.kokoro.layers import LEAK, NORM_EPS, BiLSTM, real


class TextEncoder(nn.Module):
    """Convolutions over neighbouring tokens, then a bi-LSTM. B rows, T tokens, C channels."""

    def __init__(self, tokens: int, channels: int, kernel: int, depth: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, channels)
        self.cnn = nn.ModuleList(
            nn.Sequential(nn.Conv1d(channels, channels, kernel, padding=kernel // 2), ChannelNorm(channels))
            for _ in range(depth)
        )
        self.lstm = BiLSTM(channels, channels)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """tokens: (B, T) int, lengths: (B,) int on the CPU -> (B, C, T), zero on padding."""
        mask = real(lengths, tokens.shape[1]).to(tokens.device)[:, None]  # (B, 1, T)
        x = self.embedding(tokens).transpose(1, 2) * mask  # (B, C, T)
        for block in self.cnn:
            x = F.leaky_relu(block(x), LEAK) * mask
        features: Tensor = self.lstm(x.transpose(1, 2), lengths).transpose(1, 2)
        return features


class ChannelNorm(nn.Module):
    """Layer norm over channels, under the checkpoint's names for its two vectors."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, T) -> (B, C, T)."""
        normed = F.layer_norm(x.transpose(1, 2), self.gamma.shape, self.gamma, self.beta, NORM_EPS)
        return normed.transpose(1, 2)
