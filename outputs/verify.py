"""Spoken segments and their phonemes into those that say something else: forced alignment with PocketSphinx.

It is tried to lay the phonemes of a chunk along its sound, by the English model in PocketSphinx's own
package. Where that does not succeed, words are missing, wrong or not to be understood. Of 160 chunks of the
draft voice one was doubted and none called wrong; of 40 without their last word all were called wrong; of 40
without three words in the middle, 37 were doubted. A repeated word is not noticed.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.signal import resample_poly

from outputs.errors import VerifierMissing
from outputs.files import complete_or_absent
from outputs.findings import Finding, beginning
from outputs.plan import Cue
from synth.audio import SAMPLE_RATE_HZ, Samples
from synth.chunks import Chunk

VERIFY_VERSION: Final = 1  # raise it when the same sound and text would be judged otherwise
LANGUAGE: Final = "en"
_RATE_HZ: Final = 16_000  # the model's
_NAME: Final = "word-"  # what is no word, silence and noise, begins with a bracket
_WIDE: Final = {"beam": 1e-100, "pbeam": 1e-100, "wbeam": 1e-80}  # what fails even so is wrong

# Kokoro's phonemes of English in the model's (those of the CMU dictionary); stress and length are not in it.
_PHONES: Final = {
    **{"A": "EY", "I": "AY", "O": "OW", "Q": "OW", "W": "AW", "Y": "OY", "e": "EY", "o": "OW"},
    **{"a": "AE", "i": "IY", "u": "UW", "æ": "AE", "ɐ": "AH", "ɑ": "AA", "ɒ": "AA", "ɔ": "AO"},
    **{"ə": "AH", "ɚ": "ER", "ɛ": "EH", "ɜ": "ER", "ɪ": "IH", "ʊ": "UH", "ʌ": "AH", "ᵊ": "AH", "ᵻ": "IH"},
    **{"b": "B", "d": "D", "f": "F", "h": "HH", "j": "Y", "k": "K", "l": "L", "m": "M", "n": "N", "p": "P"},
    **{"s": "S", "t": "T", "v": "V", "w": "W", "z": "Z", "ð": "DH", "ŋ": "NG", "ɡ": "G", "ɹ": "R", "ɾ": "D"},
    **{"ʃ": "SH", "ʒ": "ZH", "ʤ": "JH", "ʧ": "CH", "θ": "TH", "T": "D", "ʔ": "T", "x": "K"},
}


def check_verifier() -> str:
    """The version of PocketSphinx.

    Raises:
        VerifierMissing: it is not installed.
    """
    try:
        return version("pocketsphinx")
    except PackageNotFoundError as error:
        raise VerifierMissing(
            "the listening check needs PocketSphinx, which is not installed",
            'Run `pip install "audiobindery[verify]"`, or convert without --verify',
        ) from error


def is_verifiable(language: str) -> bool:
    """Whether sound in a language (BCP 47) can be checked."""
    return language.partition("-")[0] == LANGUAGE


def verify_chapter(
    number: int, cues: Sequence[Cue], chunks: Sequence[Chunk], read: Callable[[str], Samples], known: Path
) -> Iterator[Finding]:
    """The segments of a chapter that do not say their text; of a language that is not English, none.

    chunks: one per cue. read: the samples of a segment, untrimmed. known: a folder that verdicts are kept in,
    so that no segment is listened to twice.

    Raises:
        VerifierMissing: PocketSphinx is not installed.
    """
    pairs = zip(cues, chunks, strict=True)
    english = [(cue, chunk) for cue, chunk in pairs if is_verifiable(chunk.language)]
    recipe = [VERIFY_VERSION, check_verifier(), [(cue.key, chunk.phonemes) for cue, chunk in english]]
    path = known / f"{hashlib.sha256(json.dumps(recipe).encode()).hexdigest()}.verify.json"
    verdicts = _kept(path, len(english))
    if verdicts is None:
        aligner = _Aligner()
        verdicts = [aligner.verdict(read(cue.key), _words(chunk)) for cue, chunk in english]
        with complete_or_absent(path) as file:
            file.write_text(json.dumps(verdicts), encoding="utf-8")
    for (cue, chunk), verdict in zip(english, verdicts, strict=True):
        at_s, text = cue.start_sample / SAMPLE_RATE_HZ, beginning(chunk.text)
        if verdict == "wrong":
            yield Finding("wrong", number, "what is heard is not this text", at_s, text, is_error=True)
        elif verdict == "doubt":
            yield Finding("doubt", number, "it may not be said word for word", at_s, text)


def _words(chunk: Chunk) -> list[tuple[str, ...]]:
    """Each word of a chunk in the model's phonemes."""
    words = (chunk.phonemes[word.phoneme_start : word.phoneme_end] for word in chunk.words)
    spelled = (tuple(_PHONES[symbol] for symbol in word if symbol in _PHONES) for word in words)
    return [_without_doubled_r(word) for word in spelled if word]


def _without_doubled_r(word: tuple[str, ...]) -> tuple[str, ...]:
    """ER has its R already."""
    pairs = zip(("", *word), word, strict=False)
    return tuple(phone for before, phone in pairs if (before, phone) != ("ER", "R"))


class _Aligner:
    """PocketSphinx with words that are made as they come; not for several threads at once."""

    def __init__(self) -> None:
        self._strict = _Decoder({})
        self._wide: _Decoder | None = None  # rarely needed

    def verdict(self, samples: Samples, words: Sequence[tuple[str, ...]]) -> str:
        """Say "right", "doubt" or "wrong" of (n,) samples that should say the words."""
        if not words or self._strict.aligns(samples, words):
            return "right"
        self._wide = self._wide or _Decoder(_WIDE)
        return "doubt" if self._wide.aligns(samples, words) else "wrong"


class _Decoder:
    def __init__(self, beams: dict[str, float]) -> None:
        from pocketsphinx import Config, Decoder, get_model_path

        with tempfile.NamedTemporaryFile("w", suffix=".dict", encoding="utf-8") as words:
            words.write("a AH\n")  # it does not start without any word, and needs no other one
            words.flush()
            model = get_model_path("en-us/en-us")
            self._decoder: Any = Decoder(
                Config(hmm=model, lm=None, dict=words.name, loglevel="FATAL", **beams)
            )
        self._names: dict[tuple[str, ...], str] = {}

    def aligns(self, samples: Samples, words: Sequence[tuple[str, ...]]) -> bool:
        """Whether all words, in order, can be laid along the sound."""
        names = [self._name(word) for word in words]
        self._decoder.set_align_text(" ".join(names))
        at_16_khz = resample_poly(samples, 2, 3)
        pcm = (np.clip(at_16_khz, -1, 1) * 32767).astype("<i2").tobytes()
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()
        if self._decoder.hyp() is None:
            return False
        return [heard.word for heard in self._decoder.seg() if heard.word.startswith(_NAME)] == names

    def _name(self, word: tuple[str, ...]) -> str:
        if word not in self._names:
            name = f"{_NAME}{len(self._names)}"
            self._decoder.add_word(name, " ".join(word), True)
            self._names[word] = name
        return self._names[word]


def _kept(path: Path, count: int) -> list[str] | None:
    """Verdicts that were kept, if they are those of so many segments."""
    try:
        verdicts = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return verdicts if isinstance(verdicts, list) and len(verdicts) == count else None
