"""Weights that speak: of the published shapes, and of a width that takes milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from bench.random_weights import write_weights
from synth.kokoro.model import Kokoro
from synth.kokoro.sizes import Sizes
from synth.weights import CHECKPOINT, CONFIG

TINY = Sizes(
    channels=32,
    style=128,
    bert_hidden=32,
    bert_heads=2,
    bert_inner=48,
    bert_passes=3,
    vocoder=64,
)


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take longest where a machine has other things to do."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    write_weights(folder, TINY, ("af_heart", "af_bella", "af_sarah"), seed=4)  # tokens last 1 to 6 frames
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Kokoro:
    return Kokoro.load(tiny_folder / CHECKPOINT, tiny_folder / CONFIG)


@pytest.fixture(scope="session")
def full_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full")
    write_weights(folder)
    return folder
