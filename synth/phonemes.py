"""Spoken text into phonemes in Kokoro's vocabulary, word by word, through misaki."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Final, Protocol

from synth.east_asian import Reader, with_numbers, words_of
from synth.errors import MissingLanguage
from synth.japanese import Japanese
from synth.lexicon import Given
from synth.mandarin import Mandarin
from synth.respelling import Respelled, respelled
from synth.trained_tagger import english_pipeline
from synth.vocabulary import SILENT_SYMBOLS, VOCABULARY

if TYPE_CHECKING:
    from misaki.token import MToken
    from spacy.language import Language
    from spacy.tokens import Doc

_UNKNOWN: Final = "❓"  # misaki's mark for a word that it cannot say

# misaki's espeak code of each language that needs no extra, by Kokoro's language.
_ESPEAK: Final = {"es": "es", "fr": "fr-fr", "hi": "hi", "it": "it", "pt-br": "pt-br"}

PRONOUNCED: Final = frozenset({"en-us", "en-gb", *_ESPEAK})  # as Kokoro was trained to hear them
WITH_EXTRAS: Final = frozenset({"ja", "zh"})  # these too, where their extras are installed


@dataclass(frozen=True, slots=True)
class PronouncedWord:
    """Characters `[start, end)` of a text are said by phonemes `[phoneme_start, phoneme_end)`.

    Words are what white space separates, with the punctuation that sticks to them; words that have one
    pronunciation together are one.
    """

    start: int
    end: int
    phoneme_start: int
    phoneme_end: int
    said: str | None = None  # in letters, for a voice that reads them, where not as written

    def moved(self, characters: int, phonemes: int) -> PronouncedWord:
        """The same word in a text that has this much more before it."""
        return PronouncedWord(
            self.start + characters,
            self.end + characters,
            self.phoneme_start + phonemes,
            self.phoneme_end + phonemes,
            self.said,
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

    def __call__(self, text: str, given: Sequence[Given] = ()) -> Pronounced:
        """The phonemes of a spoken text; `given` are pronunciations of parts of it, in order, apart."""
        ...


@cache
def phonemizer(language: str, tagger: str | None = None) -> Phonemizer:
    """The pronunciation of one of Kokoro's languages ("en-us", "fr"); made once, safe to share by threads.

    tagger: of English, as `synth.trained_tagger.find_tagger` found it; without one a rule of thumb.

    Raises:
        MissingLanguage: the language is not pronounced here, or needs an extra that is not installed.
        TaggerMissing: the tagger cannot be loaded.
    """
    if language in ("en-us", "en-gb"):
        return _OneAtATime(_English(language == "en-gb", english_pipeline(tagger)))
    if language in _ESPEAK:
        return _OneAtATime(_ThroughEspeak(_ESPEAK[language]))
    if language in WITH_EXTRAS:
        reader = Mandarin() if language == "zh" else Japanese()
        return _OneAtATime(_WithoutSpaces(reader, phonemizer("en-us", tagger)))
    raise MissingLanguage(
        f"'{language}' cannot be turned into phonemes here",
        f"These languages can: {', '.join(sorted(PRONOUNCED | WITH_EXTRAS))}",
    )


@cache
def rough_phonemizer(espeak_code: str) -> Phonemizer:
    """espeak-ng's pronunciation of any language, for the draft voice; not what Kokoro was trained on."""
    return _OneAtATime(_ThroughEspeak(espeak_code))


class _OneAtATime:
    """A phonemizer behind a lock: neither espeak-ng nor misaki's tokens may be shared by threads."""

    def __init__(self, pronounce: Callable[[str, Sequence[Given]], Pronounced]) -> None:
        self._pronounce = pronounce
        self._lock = threading.Lock()

    def __call__(self, text: str, given: Sequence[Given] = ()) -> Pronounced:
        with self._lock:
            return self._pronounce(text, given)


class _English:
    """misaki's English with our own spaCy pipeline: misaki's constructor would download one."""

    def __init__(self, british: bool, pipeline: Language) -> None:
        from misaki import en, espeak

        g2p = en.G2P.__new__(en.G2P)
        g2p.version = None
        g2p.british = british
        g2p.nlp = pipeline
        g2p.lexicon = en.Lexicon(british)
        g2p.fallback = espeak.EspeakFallback(british=british)
        g2p.unk = _UNKNOWN
        g2p.tokenize = self._tokens
        self._g2p = g2p
        self._mute = _MuteCharacters(lambda one: "".join(sounds for _, sounds, _ in self._said(one)))

    def __call__(self, text: str, given: Sequence[Given]) -> Pronounced:
        """Nothing is markup: misaki would take `[word](/x/)` for its own, and books have brackets too."""
        said = respelled(text, given)
        given_words = {said.text[one.start : one.end] for one in said.given}
        tokens = (
            (written, sounds if written in given_words else self._mute.marked(written, sounds), space)
            for written, sounds, space in self._said(said.text, said.given)
        )
        return _joined(text, tokens, said)

    def _said(self, text: str, given: Sequence[Given] = ()) -> list[tuple[str, str, str]]:
        _, tokens = self._g2p(text, preprocess=lambda text: (text, [], given))
        return [(token.text, token.phonemes or _UNKNOWN, token.whitespace) for token in tokens]

    def _tokens(self, text: str, _words: list[str], given: Sequence[Given]) -> list[MToken]:
        """The tokens of a text, tagged; each given pronunciation is a token of its own, and settled."""
        from misaki.token import MToken

        doc = _cut(self._g2p.nlp.make_doc(text), given) if given else text
        phonemes = {one.start: one.phonemes for one in given}
        return [
            MToken(
                text=token.text,
                tag=token.tag_,
                whitespace=token.whitespace_,
                phonemes=phonemes.get(token.idx),
                _=MToken.Underscore(
                    is_head=True, num_flags="", prespace=False, rating=5 if token.idx in phonemes else None
                ),
            )
            for token in self._g2p.nlp(doc)
        ]


class _ThroughEspeak:
    """misaki's espeak-ng pronunciation, for the languages that have no lexicon of their own."""

    def __init__(self, code: str) -> None:
        from misaki import espeak

        self._g2p = espeak.EspeakG2P(language=code)
        self._elided = _ELIDED.get(code, {})
        self._mute = _MuteCharacters(self._alone)

    def __call__(self, text: str, given: Sequence[Given]) -> Pronounced:
        said = respelled(text, given)
        return _joined(text, self._words(said.text, said.given), said)

    def _words(self, text: str, given: Sequence[Given]) -> Iterator[tuple[str, str, str]]:
        """Words with their phonemes; words that share a given pronunciation come as one."""
        spans = [match.span() for match in _WORD.finditer(text)]
        said = self._g2p(text)[0].split()
        if len(said) != len(spans):
            # espeak-ng runs some words together or spells a symbol out: say the words one by one
            said = [self._alone(text[start:end]) for start, end in spans]
        done = 0
        for (start, end), sounds in zip(spans, said, strict=True):
            if start < done:
                continue
            inside = [one for one in given if start < one.end and one.start < end]
            if not inside:
                yield text[start:end], self._mute.marked(text[start:end], sounds), " "
                continue
            while end < inside[-1].end:
                end = next(later for _, later in spans if later >= inside[-1].end)
                inside = [one for one in given if start < one.end and one.start < end]
            yield text[start:end], self._around(text, start, end, inside), " "
            done = end

    def _around(self, text: str, start: int, end: int, given: Sequence[Given]) -> str:
        """Given pronunciations, and espeak-ng's of the punctuation and letters that stick to them."""
        sounds, at = "", start
        for one in given:
            before = text[at : one.start]
            elided = _ELISION.search(before)
            if elided:  # by itself, espeak-ng would name the letter
                before = before[: elided.start()]
            sounds += self._alone(before)
            if elided:
                sounds += self._elided.get(elided[1].lower(), elided[1].lower())
            sounds += one.phonemes
            at = one.end
        return sounds + self._alone(text[at:end])

    def _alone(self, word: str) -> str:
        return "".join(self._g2p(word)[0].split()) if word else ""


class _WithoutSpaces:
    """Chinese or Japanese; words in Latin letters among them are said as English."""

    def __init__(self, reader: Reader, english: Phonemizer) -> None:
        self._reader = reader
        self._english = english

    def __call__(self, text: str, given: Sequence[Given]) -> Pronounced:
        said = with_numbers(text, given, self._reader)
        return _joined(text, words_of(said, self._reader, lambda word: self._english(word).phonemes), said)


class _MuteCharacters:
    """Letters, digits and symbols that a phonemizer passes over or spells by their code, wherever they stand.

    espeak-ng says "letter F D F A" for U+FDFA and "Chinese letter" for 漢.
    """

    def __init__(self, sounds_of: Callable[[str], str]) -> None:
        """sounds_of: what characters by themselves sound like; asked once of each."""
        self._sounds_of = sounds_of
        self._sound = cache(lambda character: _unstressed(_known(sounds_of(character))))

    def marked(self, word: str, sounds: str) -> str:
        """The sounds of a word, marked as unknown if something of it is not heard; without spelled codes."""
        if any(unicodedata.category(one) == "Cc" and not one.isspace() for one in word):
            return sounds + _UNKNOWN  # espeak-ng ends its text at a NUL
        audible = [one for one in word if unicodedata.category(one)[0] in "LNS"]
        unusual = [one for one in audible if not (one.isascii() and one.isalnum())]
        if any(self._is_spelled(one) for one in unusual):
            rest = "".join(one for one in word if one not in unusual or not self._is_spelled(one))
            return (self._sounds_of(rest) if rest.strip() else "") + _UNKNOWN
        is_lost = (audible and not sounds) or not all(self._sound(one) for one in unusual)
        return sounds + _UNKNOWN if is_lost else sounds

    def _is_spelled(self, character: str) -> bool:
        return len(self._letter) >= _SHORTEST_LETTER and self._letter in self._sound(character)

    @cached_property
    def _letter(self) -> str:
        """The word "letter" in this language, less its first sound, which words before it change."""
        spelled = zip(*map(self._sound, _NAMELESS), strict=False)
        return "".join(at[0] for at in takewhile(lambda at: len(set(at)) == 1, spelled))[1:]


# No language of espeak-ng names them; their codes begin with F, A, 1 and 2.
_NAMELESS: Final = ("\ufdfa", "\ua000", "\U00012000", "\u2d40")
_SHORTEST_LETTER: Final = 3  # sounds; fewer would be found in names of letters too


def _unstressed(sounds: str) -> str:
    return sounds.replace("ˈ", "").replace("ˌ", "")


def _known(sounds: str) -> str:
    return "".join(symbol for symbol in sounds if symbol in VOCABULARY)


_WORD: Final = re.compile(r"\S+")
_ELISION: Final = re.compile(r"(?<!\w)([^\W\d_])['’]$")  # the article of "l'ami", "d'Artagnan"
_ELIDED: Final = {"fr-fr": {"c": "s", "j": "ʒ"}, "it": {"c": "ʧ"}}  # where the sound is not the letter


def _cut(doc: Doc, given: Sequence[Given]) -> Doc:
    """The same text in tokens of which each given pronunciation is exactly one."""
    from spacy.tokens import Doc

    edges = {edge for one in given for edge in (one.start, one.end)}
    spans: list[tuple[int, int]] = [(one.start, one.end) for one in given]
    for token in doc:
        end = token.idx + len(token)
        cuts = [token.idx, *sorted(edge for edge in edges if token.idx < edge < end), end]
        spans += [
            (first, last)
            for first, last in pairwise(cuts)
            if not any(one.start <= first < one.end for one in given)
        ]
    spans.sort()
    starts = [*(start for start, _ in spans[1:]), len(doc.text)]
    return Doc(
        doc.vocab,
        words=[doc.text[start:end] for start, end in spans],
        spaces=[end < following for (_, end), following in zip(spans, starts, strict=True)],
    )


def _joined(text: str, tokens: Iterable[tuple[str, str, str]], said: Respelled) -> Pronounced:
    """Put (written, phonemes, white space) triples together into words.

    text: the original. tokens: of `said.text`.
    """
    phonemes = ""
    words: list[PronouncedWord] = []
    unknown: list[str] = []
    at = 0
    glued = False  # the token before had no white space after it
    for written, sounds, space in tokens:
        start, end = _place(written, said.text, at)
        if written.isspace():
            at, glued = end, False
            if phonemes and not phonemes.endswith(" "):
                phonemes += " "
            continue
        known = _known(sounds)
        if len(known) < len(sounds):
            unknown.append(written)
        at = end
        first, last = said.original(start, at)
        if known or glued:
            if words and (glued or first < words[-1].end):  # words of one respelling are one
                words[-1] = replace(words[-1], end=last, phoneme_end=len(phonemes) + len(known))
            else:
                words.append(PronouncedWord(first, last, len(phonemes), len(phonemes) + len(known)))
        phonemes += known
        glued = not space and bool(words)
        if space and phonemes and not phonemes.endswith(" "):
            phonemes += " "
    said_so_far = Pronounced(text, phonemes.rstrip(), tuple(words), tuple(unknown))
    return _with_full_stop(said_so_far) if _FULL_STOP.search(text) else said_so_far


def _place(written: str, text: str, at: int) -> tuple[int, int]:
    """Where a token stands in a text from `at` on; misaki drops an apostrophe between digits from it."""
    start = text.find(written, at)
    if start >= 0:
        return start, start + len(written)
    places = [at - 1]
    for character in written:
        places.append(text.index(character, places[-1] + 1))
    return places[1], places[-1] + 1


_FULL_STOP: Final = re.compile(r"\.[”’\"')\]]*\s*$")
_CLOSING: Final = '”")'


def _with_full_stop(said: Pronounced) -> Pronounced:
    """End a sentence as it is written: misaki and espeak-ng drop the stop after "6 p.m." and "etc"."""
    at = len(said.phonemes.rstrip(_CLOSING))
    if not at or said.phonemes[at - 1] in SILENT_SYMBOLS:
        return said
    words = [
        replace(
            word,
            phoneme_start=word.phoneme_start + (word.phoneme_start >= at),
            phoneme_end=word.phoneme_end + (word.phoneme_end >= at),
        )
        for word in said.words
    ]
    return replace(said, phonemes=f"{said.phonemes[:at]}.{said.phonemes[at:]}", words=tuple(words))
