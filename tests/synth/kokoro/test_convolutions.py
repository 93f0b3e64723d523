"""The CPU's forms of a convolution against torch's own."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from synth.kokoro.direct import DirectConv
from synth.kokoro.fourier import FourierConv


@pytest.mark.parametrize("dilation", [1, 3, 5])
@pytest.mark.parametrize(("kernel", "window"), [(7, 24), (7, 32), (11, 32), (11, 48)])
def test_small_fourier_transforms_convolve(kernel: int, window: int, dilation: int) -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(8, 8, kernel, generator=generator)
    conv = FourierConv.of(weight, dilation, window, torch.float32)
    rows = torch.randn(conv.rows_in(3), 8, generator=generator)
    expected = F.conv1d(rows.t()[None], weight, dilation=dilation)[0].t()
    made = conv(rows, 3)
    assert made.shape == expected.shape
    assert (made - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("dilation", [1, 5])
def test_packed_weights_convolve(dilation: int, packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not packed:
        monkeypatch.setattr("synth.kokoro.direct._can_pack", lambda _dtype: False)
    generator = torch.Generator().manual_seed(0)
    weight, bias = torch.randn(6, 8, 3, generator=generator), torch.randn(6, generator=generator)
    conv = DirectConv.of(weight, bias, dilation, torch.float32)
    rows = torch.randn(conv.rows_in(2), 8, generator=generator)
    expected = F.conv1d(rows.t()[None], weight, bias, dilation=dilation)[0].t()
    assert (conv(rows, 2) - expected).abs().max() < 1e-5 * expected.abs().max()
