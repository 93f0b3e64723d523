"""Chunks into speech by the draft voice: espeak-ng, in process, at many hundred times real time.

The draft voice makes a whole book audible in seconds, so that chapters and pronunciations can be checked
by ear before any GPU time is spent. It is chosen by name and never stands in for Kokoro unasked.
"""

from __future__ import annotations

import _ctypes
import atexit
import ctypes
import hashlib
import json
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

import espeakng_loader
import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from synth.audio import SAMPLE_RATE_HZ, AudioSegment, WordTime
from synth.chunks import Chunk
from synth.errors import DraftVoiceFailed, MissingLanguage
from synth.lexicon import Given
from synth.mnemonics import mnemonics
from synth.phonemes import PRONOUNCED, Pronounced, PronouncedWord, phonemizer, rough_phonemizer
from synth.respelling import Respelled, respelled
from synth.voices import (
    VOICES,
    default_voice,
    has_voice,
    language_warnings,
    parse_blend,
    primary_tag,
    spoken_language,
)

DRAFT_VERSION: Final = 1  # raise it when the same chunk would give other samples

# Words per minute at speed 1. Kokoro's golden passages run at about 165; espeak-ng's own default is 175.
_WORDS_PER_MINUTE: Final = 165

# From espeak-ng's speak_lib.h.
_SYNCHRONOUS = 2  # samples go to the callback from within espeak_Synth, nothing is played
_POSITION_CHARACTER = 1
_UTF8 = 1
_PHONEMES = 0x100  # [[…]] is phonemes
_EVENT_END, _EVENT_WORD = 0, 1
_RATE_PARAMETER = 1
_OK = 0

_SEED: Final = 1  # of the noise in its consonants

_REINSTALL: Final = "Reinstall the espeakng-loader package"

_ESPEAK_NAMES: Final = {"en-gb": "en", "zh": "cmn"}  # where they are not Kokoro's own


class DraftSpeaker:
    """espeak-ng as a speaker. It takes Kokoro's voice names, and says them with their language and gender.

    A language that Kokoro has no voice for is named by itself: "de", "nl", "sv".
    """

    engine = "draft"
    narrator = "eSpeak NG draft voice"

    def default_voice(self, language: str) -> str:
        """Kokoro's best voice for the language, else the language itself.

        Raises:
            MissingLanguage: espeak-ng does not speak it either.
        """
        if has_voice(language):
            return default_voice(language).name
        for tag in (language.lower(), primary_tag(language)):
            if tag in draft_languages():
                return tag
        raise MissingLanguage(
            f"the draft voice does not speak '{language}'",
            "Name a voice with --voice to have it read all the same",
        )

    def language_of(self, voice: str) -> str:
        """The language of one of Kokoro's voices, else the language that the voice is named for.

        Raises:
            UnknownVoice: it is neither.
        """
        return voice if voice in draft_languages() else spoken_language(voice)

    def warnings(self, voice: str, language: str) -> tuple[str, ...]:
        """A voice of another language than the book's; kanji, which espeak-ng cannot read."""
        kanji = ("the draft voice cannot read kanji: it names them",) if primary_tag(language) == "ja" else ()
        return (*language_warnings(voice, self.language_of(voice), language), *kanji)

    def takes_phonemes(self, language: str) -> bool:
        """English ones; espeak-ng's mnemonics are others in every language."""
        return language in ("en-us", "en-gb")

    def pronounce(self, text: str, language: str, given: Sequence[Given] = ()) -> Pronounced:
        """Phonemes for packing chunks; the draft voice is given the text itself, or what is given for it."""
        if language in PRONOUNCED:
            said = phonemizer(language)(text, given)
        else:
            said = rough_phonemizer(_ESPEAK_NAMES.get(language, language))(text, given)
        heard = [one for one in given if one.respelling or self.takes_phonemes(language)]
        return replace(said, words=tuple(_as_given(word, text, heard, language) for word in said.words))

    def key(self, chunk: Chunk) -> str:
        """The sha256, hex, of the text, the voice, the speed and espeak-ng's version."""
        said = _said(chunk)
        heard = [DRAFT_VERSION, espeak_version(), espeak_voice(chunk.voice), chunk.speed, said.text]
        if _has_phonemes(chunk):
            heard.append("with phonemes")
        return hashlib.sha256(json.dumps(heard).encode()).hexdigest()

    def batch_efficiency(self) -> float:
        """It speaks one utterance at a time, so nothing is padded."""
        return 1.0

    def device_memory(self) -> None:
        """It needs no card."""
        return

    def speak(self, chunks: Iterable[Chunk]) -> Iterator[AudioSegment]:
        """One segment per chunk, in order, with the time of each word.

        Raises:
            DraftVoiceFailed: espeak-ng does not know the voice, or made no sound.
        """
        for chunk in chunks:
            said = _said(chunk)
            with _espeak() as espeak:
                pcm, words = espeak.say(
                    said.text, espeak_voice(chunk.voice), chunk.speed, phonemes=_has_phonemes(chunk)
                )
            samples = _at_24_khz(pcm, espeak.rate_hz)
            yield AudioSegment(
                self.key(chunk), samples, _word_times(words, said, len(chunk.text), len(samples))
            )


@cache
def draft_languages() -> frozenset[str]:
    """The languages that the draft voice speaks, as espeak-ng has them ("de", "fr-be", "cmn")."""
    with _espeak() as espeak:
        return frozenset(espeak.languages())


@cache
def espeak_version() -> str:
    """espeak-ng's version: "1.52.0"."""
    with _espeak() as espeak:
        return espeak.version


def espeak_voice(voice: str) -> str:
    """espeak-ng's name for one of Kokoro's voices ("af_heart" -> "en-us+f2"), or for a bare language.

    It has no blends: the first voice of one stands for it.
    """
    name = next(iter(parse_blend(voice)))
    if name not in VOICES:
        return voice
    language = VOICES[name].language
    variant = "f2" if VOICES[name].gender == "female" else "m3"
    return f"{_ESPEAK_NAMES.get(language, language)}+{variant}"


def _at_24_khz(pcm: npt.NDArray[np.int16], rate_hz: int) -> npt.NDArray[np.float32]:
    """16-bit samples at espeak-ng's rate to float32 at 24 kHz, by polyphase filtering."""
    divisor = int(np.gcd(SAMPLE_RATE_HZ, rate_hz))
    resampled = resample_poly(pcm.astype(np.float64) / 32768, SAMPLE_RATE_HZ // divisor, rate_hz // divisor)
    return np.asarray(resampled, dtype=np.float32)


def _as_given(word: PronouncedWord, text: str, given: Sequence[Given], language: str) -> PronouncedWord:
    """The word with what espeak-ng is to be told instead of it, if anything is given for it."""
    inside = [one for one in given if word.start <= one.start and one.end <= word.end]
    if not inside:
        return word
    said, at = "", word.start
    for one in inside:
        said += _without_brackets(text[at : one.start])
        said += one.respelling or mnemonics(one.phonemes, language)
        at = one.end
    return replace(word, said=said + _without_brackets(text[at : word.end]))


def _without_brackets(text: str) -> str:
    """Book text that espeak-ng cannot take for phonemes; as long as it was."""
    return text.replace("[[", "((")


def _has_phonemes(chunk: Chunk) -> bool:
    return any("[[" in word.said for word in chunk.words if word.said is not None)


def _said(chunk: Chunk) -> Respelled:
    """What espeak-ng is told of a chunk, with the way back to the chunk's text."""
    text = _without_brackets(chunk.text) if _has_phonemes(chunk) else chunk.text
    return respelled(
        text, [Given(word.start, word.end, respelling=word.said) for word in chunk.words if word.said]
    )


def _word_times(
    words: list[tuple[int, int, float]], said: Respelled, characters: int, samples: int
) -> tuple[WordTime, ...]:
    """Each word of the chunk's text with its samples; a word lasts until the next one begins.

    words: (first character, length, seconds) of each word of `said`. characters: of the chunk's text.
    """
    begun: dict[tuple[int, int], int] = {}  # words of one respelling are one
    for first, length, begin_s in words:
        begun.setdefault(said.original(first, first + length), min(round(begin_s * SAMPLE_RATE_HZ), samples))
    starts = list(begun.values())
    return tuple(
        WordTime(first, min(last, characters), start, end)
        for (first, last), start, end in zip(begun, starts, [*starts[1:], samples], strict=True)
        if end > start
    )


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


class _Voice(ctypes.Structure):
    """espeak_VOICE of speak_lib.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def _espeak() -> Iterator[_Espeak]:
    """espeak-ng, loaded afresh and unloaded again.

    It keeps the phase of its waves and more in globals that nothing resets, so a second utterance
    depends on the first. Loading costs about 5 ms and makes every utterance a function of its text.
    """
    with _ONE_AT_A_TIME:
        espeak = _Espeak()
        try:
            yield espeak
        finally:
            espeak.unload()


@cache
def _private_copy() -> Path:
    """A copy of the library that nobody else in this process loads, or unloading ours would not unload it."""
    folder = tempfile.TemporaryDirectory(prefix="bindery-espeak-")
    atexit.register(folder.cleanup)
    return Path(shutil.copy(espeakng_loader.get_library_path(), folder.name))


class _Espeak:
    """espeak-ng through its C interface."""

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL(str(_private_copy()))
        except OSError as error:
            raise DraftVoiceFailed(f"espeak-ng cannot be loaded ({error})", _REINSTALL) from error
        self._library.espeak_Info.restype = ctypes.c_char_p
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        self._pcm: list[npt.NDArray[np.int16]] = []
        self._words: list[tuple[int, int, float]] = []
        data = espeakng_loader.get_data_path().encode()
        self.rate_hz: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0)
        if self.rate_hz <= 0:
            self.unload()
            raise DraftVoiceFailed("espeak-ng cannot be started", _REINSTALL)
        self._callback = _CALLBACK(self._collect)  # kept: C holds only the pointer
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))  # it seeds itself with the time
        self.version: str = self._library.espeak_Info(None).decode()

    def say(
        self, text: str, voice: str, speed: float, *, phonemes: bool
    ) -> tuple[npt.NDArray[np.int16], list[tuple[int, int, float]]]:
        """Samples (n,) at `rate_hz`, and (first character, length, seconds) of each word.

        phonemes: what stands between double square brackets is phonemes.

        Raises:
            DraftVoiceFailed: no such voice, or no sound came.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()) != _OK:
            raise DraftVoiceFailed(
                f"the draft voice does not speak '{voice}'",
                "Name a Kokoro voice (`bindery voices`) or a language such as 'de'",
            )
        self._library.espeak_SetParameter(_RATE_PARAMETER, round(_WORDS_PER_MINUTE * speed), 0)
        encoded = text.encode()
        status = self._library.espeak_Synth(
            encoded,
            len(encoded) + 1,
            0,
            _POSITION_CHARACTER,
            0,
            _UTF8 | (_PHONEMES if phonemes else 0),
            None,
            None,
        )
        if status != _OK or not self._words:
            raise DraftVoiceFailed(f"the draft voice made no sound of {text[:60]!r}", "Take that text out")
        return np.concatenate(self._pcm), self._words

    def languages(self) -> Iterator[str]:
        """The first language of each voice."""
        voices = self._library.espeak_ListVoices(None)
        index = 0
        while voices[index]:
            # a priority byte, the language and a zero byte
            yield ctypes.string_at(voices[index].contents.languages + 1).decode()
            index += 1

    def unload(self) -> None:
        """Give the library back to the operating system, its globals with it."""
        self._library.espeak_Terminate()
        _ctypes.dlclose(self._library._handle)

    def _collect(
        self, samples: ctypes.Array[ctypes.c_short], count: int, events: ctypes.Array[_Event]
    ) -> int:
        """espeak-ng calls this with each stretch of sound; 0 tells it to go on."""
        if samples and count > 0:
            self._pcm.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        index = 0
        while events[index].type != _EVENT_END:
            event = events[index]
            if event.type == _EVENT_WORD:
                self._words.append((event.text_position - 1, event.length, event.audio_position / 1000))
            index += 1
        return 0
