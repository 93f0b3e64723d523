"""The catalogue of Kokoro-82M v1.0's voices: language, gender and published grade of each."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import Final

from synth.errors import MissingLanguage, UnknownVoice

# A voice's first letter is its language in Kokoro's own code; the second says female or male.
LANGUAGES: Final = {
    "a": "en-us",
    "b": "en-gb",
    "e": "es",
    "f": "fr",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-br",
    "z": "zh",
}

# Names and overall grades as the model's VOICES.md has them; a voice without a grade there has none here.
_GRADES: Final = {
    "af": "heart A, alloy C, aoede C+, bella A-, jessica D, kore C+, nicole B-, nova C, river D, sarah C+, "
    "sky C-",
    "am": "adam F+, echo D, eric D, fenrir C+, liam D, michael C+, onyx D, puck C+, santa D-",
    "bf": "alice D, emma B-, isabella C, lily D",
    "bm": "daniel D, fable C, george C, lewis D+",
    "ef": "dora",
    "em": "alex, santa",
    "ff": "siwis B-",
    "hf": "alpha C, beta C",
    "hm": "omega C, psi C",
    "if": "sara C",
    "im": "nicola C",
    "jf": "alpha C+, gongitsune C, nezumi C-, tebukuro C",
    "jm": "kumo C-",
    "pf": "dora",
    "pm": "alex, santa",
    "zf": "xiaobei D, xiaoni D, xiaoxiao D, xiaoyi D",
    "zm": "yunjian D, yunxi D, yunxia D, yunyang D",
}

# The best-graded voice of each language, by primary language tag; "en-gb" has its own.
_DEFAULTS: Final = {
    "en": "af_heart",
    "en-gb": "bf_emma",
    "es": "ef_dora",
    "fr": "ff_siwis",
    "hi": "hf_alpha",
    "it": "if_sara",
    "ja": "jf_alpha",
    "pt": "pf_dora",
    "zh": "zf_xiaoxiao",
}


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of the catalogue."""

    name: str  # "af_heart"
    grade: str | None  # "A" is best; the publisher's own judgement

    @property
    def language(self) -> str:
        """The language it speaks, as a BCP 47 tag in lower case."""
        return LANGUAGES[self.name[0]]

    @property
    def gender(self) -> str:
        """Either "female" or "male"."""
        return "female" if self.name[1] == "f" else "male"


VOICES: Final[dict[str, Voice]] = {
    f"{prefix}_{name}": Voice(f"{prefix}_{name}", grade or None)
    for prefix, entries in _GRADES.items()
    for name, _, grade in (entry.partition(" ") for entry in entries.split(", "))
}


def voice_named(name: str) -> Voice:
    """The voice of that name.

    Raises:
        UnknownVoice: there is none; the hint lists the names that look like it.
    """
    if name in VOICES:
        return VOICES[name]
    near = difflib.get_close_matches(name, VOICES, n=3, cutoff=0.5) or list(VOICES)[:3]
    raise UnknownVoice(
        f"there is no voice named '{name}'",
        f"Did you mean {', '.join(near)}? `bindery voices` lists all {len(VOICES)}",
    )


_MOST_PARTS: Final = 1000  # of one voice in a blend


def parse_blend(voice: str) -> dict[str, float]:
    """The voices of a blend and their shares, which sum to 1.

    "af_bella:0.5+af_sarah:0.5" -> {"af_bella": 0.5, "af_sarah": 0.5}; a voice without a number has 1 part.

    Raises:
        UnknownVoice: it is not written as a blend: a name is empty or twice there, a weight is not above 0.
    """
    shares: dict[str, float] = {}
    for part in voice.split("+"):
        name, colon, number = part.strip().partition(":")
        try:
            weight = float(number) if colon else 1.0
        except ValueError:
            weight = math.nan
        if not name or name in shares or not (0 < weight <= _MOST_PARTS):
            raise UnknownVoice(
                f"'{voice}' is neither a voice nor a blend of voices (see '{part}')",
                "Write a blend as af_bella:0.5+af_sarah:0.5, each voice once, each weight above 0 and "
                f"at most {_MOST_PARTS}",
            )
        shares[name] = weight
    total = sum(shares.values())
    return {name: weight / total for name, weight in shares.items()}


def spoken_language(voice: str) -> str:
    """The language of a voice; of a blend, that of its first voice.

    Raises:
        UnknownVoice: a voice is not in the catalogue, or the blend is not written as one.
    """
    languages = [voice_named(name).language for name in parse_blend(voice)]
    return languages[0]


def has_voice(language: str) -> bool:
    """Whether Kokoro has a voice of this language."""
    return primary_tag(language) in _DEFAULTS


def default_voice(language: str) -> Voice:
    """The best voice of a language ("en-gb", "fr").

    Raises:
        MissingLanguage: Kokoro has no voice of that language.
    """
    name = _DEFAULTS.get(language.lower()) or _DEFAULTS.get(primary_tag(language))
    if name is None:
        raise MissingLanguage(
            f"Kokoro has no voice that speaks '{language}'",
            "It speaks English, Spanish, French, Hindi, Italian, Japanese, Portuguese and Chinese; "
            "name one of its voices with --voice, or use --engine draft to hear the book all the same",
        )
    return VOICES[name]


def language_warnings(voice: str, voice_language: str, book_language: str) -> tuple[str, ...]:
    """One warning if the voice speaks another language than the book's, else none."""
    if primary_tag(voice_language) == primary_tag(book_language):
        return ()
    return (f"the voice {voice} speaks {voice_language}, but the book is in '{book_language}'",)


def primary_tag(language: str) -> str:
    """The language without region or script: "en" of "en-GB"."""
    return language.lower().replace("_", "-").partition("-")[0]
