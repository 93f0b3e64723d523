"""A chunk's key into the noise of its voice: the same for the same key, in any batch and run."""

from __future__ import annotations

import torch
from torch import Tensor


def noise_of(key: str, samples: int, device: torch.device) -> Tensor:
    """Standard normal noise drawn from the key alone.

    key: hex, of which the first 60 bits seed the generator -> (samples,) float32 on the device. Devices of
    different kinds draw different noise from the same key.
    """
    generator = torch.Generator(device).manual_seed(int(key[:15], 16))
    return torch.randn(samples, generator=generator, device=device)
