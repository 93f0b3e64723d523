"""Spoken text into phonemes in Kokoro's vocabulary, word by word, through misaki."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final, Protocol

from synth.errors import MissingLanguage
from synth.vocabulary import VOCABULARY

if TYPE_CHECKING:
    from spacy.language import Language

TAGGER: Final = "en_core_web_sm"  # the spaCy pipeline that misaki's English was made with
TAGGER_MISSING: Final = f"spaCy's {TAGGER} is not installed; `python -m spacy download {TAGGER}` gets it"
_UNKNOWN: Final = "❓"  # misaki's mark for a word that it cannot say

# misaki's espeak code of each language that needs no extra, by Kokoro's language.
_ESPEAK: Final = {"es": "es", "fr": "fr-fr", "hi": "hi", "it": "it", "pt-br": "pt-br"}

PRONOUNCED: Final = frozenset({"en-us", "en-gb", *_ESPEAK})  # as Kokoro was trained to hear them


@dataclass(frozen=True, slots=True)
class PronouncedWord:
    """Characters `[start, end)` of a text are said by phonemes `[phoneme_start, phoneme_end)`.

    Words are what white space separates, with the punctuation that sticks to them.
    """

    start: int
    end: int
    phoneme_start: int
    phoneme_end: int

    def moved(self, characters: int, phonemes: int) -> PronouncedWord:
        """The same word in a text that has this much more before it."""
        return PronouncedWord(
            self.start + characters,
            self.end + characters,
            self.phoneme_start + phonemes,
            self.phoneme_end + phonemes,
        )


@dataclass(frozen=True, slots=True)
class Pronounced:
    """A text and how it is said; `unknown` are words or symbols that no pronunciation was found for."""

    text: str
    phonemes: str
    words: tuple[PronouncedWord, ...]
    unknown: tuple[str, ...] = ()

    def cut_before(self, word: int) -> tuple[Pronounced, Pronounced]:
        """Two texts: the words before number `word`, and the rest. `unknown` stays with the first."""
        at = self.words[word]
        before = self.words[:word]
        return (
            Pronounced(
                self.text[: before[-1].end], self.phonemes[: before[-1].phoneme_end], before, self.unknown
            ),
            Pronounced(
                self.text[at.start :],
                self.phonemes[at.phoneme_start :],
                tuple(later.moved(-at.start, -at.phoneme_start) for later in self.words[word:]),
            ),
        )


class Phonemizer(Protocol):
    """How one language is pronounced."""

    def __call__(self, text: str) -> Pronounced:
        """The phonemes of a spoken text."""
        ...


@cache
def phonemizer(language: str) -> Phonemizer:
    """The pronunciation of one of Kokoro's languages ("en-us", "fr"); made once, safe to share by threads.

    Raises:
        MissingLanguage: the language is not pronounced here.
    """
    if language in ("en-us", "en-gb"):
        return _OneAtATime(_English(british=language == "en-gb"))
    if language in _ESPEAK:
        return _OneAtATime(_ThroughEspeak(_ESPEAK[language]))
    raise MissingLanguage(
        f"'{language}' cannot be turned into phonemes here",
        f"These languages can: {', '.join(sorted(PRONOUNCED))}",
    )


@cache
def rough_phonemizer(espeak_code: str) -> Phonemizer:
    """espeak-ng's pronunciation of any language, for the draft voice; not what Kokoro was trained on."""
    return _OneAtATime(_ThroughEspeak(espeak_code))


def tagger_is_installed() -> bool:
    """Whether English pronunciation has its part-of-speech tagger."""
    import spacy.util

    return bool(spacy.util.is_package(TAGGER))


class _OneAtATime:
    """A phonemizer behind a lock: neither espeak-ng nor misaki's tokens may be shared by threads."""

    def __init__(self, pronounce: Callable[[str], Pronounced]) -> None:
        self._pronounce = pronounce
        self._lock = threading.Lock()

    def __call__(self, text: str) -> Pronounced:
        with self._lock:
            return self._pronounce(text)


class _English:
    """misaki's English with our own spaCy pipeline: misaki's constructor would download one."""

    def __init__(self, british: bool, pipeline: Language | None = None) -> None:
        from misaki import en, espeak

        g2p = en.G2P.__new__(en.G2P)
        g2p.version = None
        g2p.british = british
        g2p.nlp = pipeline or _english_pipeline()
        g2p.lexicon = en.Lexicon(british)
        g2p.fallback = espeak.EspeakFallback(british=british)
        g2p.unk = _UNKNOWN
        self._g2p = g2p

    def __call__(self, text: str) -> Pronounced:
        """Square brackets and markup must be gone from `text`; misaki would take them for its own."""
        _, tokens = self._g2p(text, preprocess=False)
        return _joined(text, ((token.text, token.phonemes or _UNKNOWN, token.whitespace) for token in tokens))


class _ThroughEspeak:
    """misaki's espeak-ng pronunciation, for the languages that have no lexicon of their own."""

    def __init__(self, code: str) -> None:
        from misaki import espeak

        self._g2p = espeak.EspeakG2P(language=code)

    def __call__(self, text: str) -> Pronounced:
        """One clause at a time, so that words can be matched to their phonemes."""
        return _joined(text, self._words(text))

    def _words(self, text: str) -> Iterator[tuple[str, str, str]]:
        written = text.split()
        said = self._g2p(text)[0].split()
        if len(said) != len(written):
            # espeak-ng runs some words together or spells a symbol out: say the words one by one
            said = ["".join(self._g2p(word)[0].split()) for word in written]
        yield from ((word, sound, " ") for word, sound in zip(written, said, strict=True))


def _joined(text: str, tokens: Iterable[tuple[str, str, str]]) -> Pronounced:
    """Put (written, phonemes, white space) triples together into words."""
    phonemes = ""
    words: list[PronouncedWord] = []
    unknown: list[str] = []
    at = 0
    glued = False  # the token before had no white space after it
    for written, sounds, space in tokens:
        start = text.find(written, at)
        assert start >= 0, f"{written!r} is not in {text[at:]!r}"
        known = "".join(symbol for symbol in sounds if symbol in VOCABULARY)
        if len(known) < len(sounds):
            unknown.append(written)
        at = start + len(written)
        if known or glued:
            if glued and words:
                words[-1] = replace(words[-1], end=at, phoneme_end=len(phonemes) + len(known))
            else:
                words.append(PronouncedWord(start, at, len(phonemes), len(phonemes) + len(known)))
        phonemes += known
        glued = not space and bool(words)
        if space and phonemes and not phonemes.endswith(" "):
            phonemes += " "
    return Pronounced(text, phonemes.rstrip(), tuple(words), tuple(unknown))


@cache
def _english_pipeline() -> Language:
    """The tagger when it is installed, else a rule of thumb, said once and loudly."""
    import spacy

    if tagger_is_installed():
        return spacy.load(TAGGER, enable=["tok2vec", "tagger"])
    from synth.tagging import COMPONENT

    pipeline = spacy.blank("en")
    pipeline.add_pipe(COMPONENT)
    return pipeline
