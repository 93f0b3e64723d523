"""All that Kokoro says, short of its sound: voices, phonemes, the key of each chunk. It needs no model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from torch import Tensor

from synth.chunks import Chunk
from synth.kokoro.compute import Compute
from synth.kokoro.precision import Precision
from synth.kokoro.voicepacks import blend, load_pack, style_of
from synth.lexicon import Given
from synth.phonemes import Pronounced, phonemizer
from synth.trained_tagger import NO_TAGGER, find_tagger
from synth.voices import (
    default_voice,
    language_warnings,
    parse_blend,
    primary_tag,
    spoken_language,
    voice_named,
)
from synth.weights import CHECKPOINT, find_files

KOKORO_VERSION: Final = 1  # raise it when the same chunk would give other samples


def open_diction(weights: Path | None, compute: Compute) -> KokoroDiction:
    """How Kokoro says things with the weights of a folder, or of the model hub; the model is not loaded.

    Raises:
        WeightsMissing: they are nowhere to be had.
    """
    (checkpoint,) = find_files((CHECKPOINT,), weights)
    return KokoroDiction(model_digest(checkpoint, compute), weights, compute.precision)


def model_digest(checkpoint: Path, compute: Compute) -> str:
    """The sha256 of a checkpoint's bytes, and the kind of device, on which samples depend as well.

    Each kind draws noise of its own, and a CPU's prosody is rounded otherwise.
    """
    with checkpoint.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{digest} {compute.device.partition(':')[0]}"


class KokoroDiction:
    """How Kokoro says things: for whoever prepares chunks that a speaker in another process says."""

    engine = "kokoro"
    narrator = "Kokoro-82M"

    def __init__(self, digest: str, weights: Path | None, precision: Precision) -> None:
        """digest: as `model_digest` has it. weights: a folder, or None for the model hub's."""
        self.digest = digest
        self.weights = weights
        self.precision = precision
        self._tagger = find_tagger(weights)
        self._packs: dict[str, Tensor] = {}

    def default_voice(self, language: str) -> str:
        """The best voice of a language; see `synth.voices.default_voice`."""
        return default_voice(language).name

    def language_of(self, voice: str) -> str:
        """The language of a voice; of a blend, that of its first voice.

        Raises:
            UnknownVoice: a voice is not in the catalogue, or the blend is not written as one.
        """
        return spoken_language(voice)

    def warnings(self, voice: str, language: str) -> tuple[str, ...]:
        """A voice of another language than the book's, and English without its tagger."""
        spoken = self.language_of(voice)
        untagged = primary_tag(spoken) == "en" and self._tagger is None
        return (
            *(
                warning
                for name in parse_blend(voice)
                for warning in language_warnings(name, voice_named(name).language, language)
            ),
            *([f"some words may be stressed wrongly: {NO_TAGGER}"] if untagged else []),
        )

    def takes_phonemes(self, language: str) -> bool:
        """Kokoro is spoken to in nothing else."""
        return True

    def pronounce(self, text: str, language: str, given: Sequence[Given] = ()) -> Pronounced:
        """Phonemes as Kokoro was trained to hear them.

        Raises:
            MissingLanguage: the language is not pronounced here.
        """
        return phonemizer(language, self._tagger)(text, given)

    def key(self, chunk: Chunk) -> str:
        """The sha256, hex, of phonemes, style, speed, checkpoint and precision."""
        style = hashlib.sha256(self.style(chunk).numpy().tobytes()).hexdigest()
        heard = [
            KOKORO_VERSION,
            [chunk.before, chunk.phonemes, chunk.after],
            style,
            chunk.speed,
            self.digest,
            self.precision.value,
        ]
        return hashlib.sha256(json.dumps(heard).encode()).hexdigest()

    def style(self, chunk: Chunk) -> Tensor:
        """(256,) float32 on the CPU: the row of the voice, or blend, for a chunk of that length."""
        if chunk.voice not in self._packs:
            shares = parse_blend(chunk.voice)
            paths = find_files([f"voices/{name}.pt" for name in shares], self.weights)
            packs = {name: load_pack(path) for name, path in zip(shares, paths, strict=True)}
            self._packs[chunk.voice] = blend(packs, shares)
        return style_of(self._packs[chunk.voice], chunk.utterance)
