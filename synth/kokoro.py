"""Kokoro-82M as a speaker: its published files found, checked and loaded."""

from __future__ import annotations

from pathlib import Path

from synth.errors import SpeechError
from synth.speaker import Speaker
from synth.weights import find_weights, load_checkpoint


def open_kokoro(weights: Path | None) -> Speaker:
    """Kokoro with the weights of a folder, or of the model hub when `weights` is None.

    Raises:
        WeightsMissing: they are nowhere to be had.
        WeightsDoNotFit: they are not of the published form.
        SpeechError: this version cannot speak with them yet.
    """
    files = find_weights("af_heart", weights)
    load_checkpoint(files.checkpoint)
    raise SpeechError(
        f"{files.checkpoint} is whole, but this version cannot speak with Kokoro yet",
        "Use --engine draft to check the book by ear",
    )
