"""A length of speech into documents of plain prose that take so long to be read aloud."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

from bench.stand_ins import PHONEMES_PER_S

CHAPTER_S: Final = 900.0  # of a long document: 40 chapters in ten hours
_SENTENCE_WORDS: Final = (6, 18)
_PARAGRAPH_SENTENCES: Final = (3, 7)
_WORDS: Final = (
    *("the", "sea", "was", "grey", "and", "a", "long", "way", "off", "they", "heard", "old", "harbour"),
    *("bells", "ring", "over", "slow", "water", "nobody", "answered", "lantern", "window", "before"),
    *("morning", "without", "another", "together", "remember", "of", "in", "to", "she", "he", "it", "had"),
)


def write_document(path: Path, audio_s: float, seed: int) -> Path:
    """Write a Markdown document of about `audio_s` of speech, in chapters of a quarter of an hour.

    The same seed gives the same text; no two share more than a few words in a row, and so no speech.
    """
    dice = random.Random(seed)  # noqa: S311  # a text is no secret
    chapters = max(1, round(audio_s / CHAPTER_S))
    letters = audio_s / chapters * PHONEMES_PER_S
    pieces = [_chapter(number, letters, dice) for number in range(1, chapters + 1)]
    path.write_text("\n".join(pieces), encoding="utf-8")
    return path


def _chapter(number: int, letters: float, dice: random.Random) -> str:
    paragraphs: list[str] = []
    while letters > 0:
        sentences = [_sentence(dice) for _ in range(dice.randint(*_PARAGRAPH_SENTENCES))]
        paragraphs.append(" ".join(sentences))
        letters -= len(paragraphs[-1])
    return f"# Part {number}\n\n" + "\n\n".join(paragraphs) + "\n"


def _sentence(dice: random.Random) -> str:
    return " ".join(dice.choices(_WORDS, k=dice.randint(*_SENTENCE_WORDS))).capitalize() + "."
