"""Durations into the token that each frame belongs to, and features of tokens into features of frames."""

from __future__ import annotations

import torch
from torch import Tensor


def token_of_frame(durations: Tensor, longest: int) -> Tensor:
    """Which token is heard in each frame.

    durations: (B, T) int frames per token, 0 on padding; longest: F, at least the longest row's frames
    -> (B, F) int; past a row's end its last token.
    """
    ends = durations.cumsum(1)  # (B, T), the frame after each token's last
    frame = torch.arange(longest, device=durations.device).expand(len(durations), -1).contiguous()
    return torch.searchsorted(ends, frame, right=True).clamp(max=durations.shape[1] - 1)


def expand(features: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """Repeat each token's features for its frames: `features @ one-hot alignment`, without the matrix.

    features: (B, C, T), tokens: (B, F) int, mask: (B, F) -> (B, C, F), zero past the row's frames.
    """
    picked = features.gather(2, tokens[:, None].expand(-1, features.shape[1], -1))
    return picked * mask[:, None]
