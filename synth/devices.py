"""Which of the machine's processors torch can use."""

from __future__ import annotations


def best_device() -> str:
    """The fastest device, as torch names it: "cuda", "mps" or "cpu"."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
