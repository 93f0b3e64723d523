"""A user's pronunciation lexicon into what is given for the words of a text: phonemes, or other words.

A lexicon is the table `[lexicon]` of a TOML file. A word, or several in a row, stands for its phonemes in IPA
between slashes, or for plain words that are said instead:

    [lexicon]
    Hermione = "/hɝˈmaɪəni/"
    Versailles = "ver sigh"
    "Saint John" = "/ˈsɪndʒən/"
    Polish = { say = "/ˈpoʊlɪʃ/", case = true }
    chat = { say = "/ʃa/", language = "fr" }

    [lexicon.language.fr]
    Vernon = "/vɛʁ.nɔ̃/"
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from synth.endings import ENDINGS, with_ending
from synth.errors import BadLexicon
from synth.ipa import UnknownSymbol, phonemes_of
from synth.voices import LANGUAGES


@dataclass(frozen=True, slots=True)
class Entry:
    """How a word, or several in a row, is said; either `ipa` or `respelling` is filled."""

    word: str  # as written, single spaces
    ipa: str = ""
    respelling: str = ""  # plain words
    case_matters: bool = False
    language: str | None = None  # "fr" or "en-gb"; None: any
    source: str = ""  # the file, or who it is from, for people

    @property
    def said(self) -> str:
        """How it is said, as a lexicon's file has it."""
        return f"/{self.ipa}/" if self.ipa else self.respelling

    @property
    def identity(self) -> tuple[str, bool, str | None]:
        """What no two entries of a lexicon have in common."""
        return (self.word if self.case_matters else _folded(self.word), self.case_matters, self.language)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Entries, each word of each language and case once."""

    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """Characters `[start, end)` of a text are said so, whatever they look like.

    Either `phonemes` or `respelling` is filled. entry: of the lexicon that it comes from, if there is one.
    """

    start: int
    end: int
    phonemes: str = ""  # in Kokoro's vocabulary, of the language that is spoken
    respelling: str = ""  # plain words
    entry: Entry | None = None


def read_lexicon(path: Path) -> Lexicon:
    """The lexicon in a TOML file.

    Raises:
        BadLexicon: it cannot be read, is not TOML, or has something in it that is no lexicon.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows' editor writes a mark in front
    except OSError as error:
        raise BadLexicon(f"{path} cannot be read ({error.strerror})", "Check the path") from error
    except UnicodeDecodeError as error:
        raise BadLexicon(f"{path} is not text in UTF-8", "Save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise BadLexicon(f"{path} is not TOML: {error}", _LINES) from error
    except (ValueError, RecursionError) as error:
        raise BadLexicon(
            f"{path} is not a lexicon: it has a number that is too long, or lists nested too deeply", _LINES
        ) from error
    for name in tables:
        if name != "lexicon":
            raise BadLexicon(f"{path}: unknown key “{name}”", "A lexicon is one table, [lexicon]")
    table = tables.get("lexicon", {})
    if not isinstance(table, dict):
        raise BadLexicon(f"{path}: “lexicon” is no table", "Begin the list of words with the line [lexicon]")
    return lexicon_of(table, path)


def lexicon_of(table: Mapping[str, object], source: Path) -> Lexicon:
    """The lexicon in a table that was read from a TOML file.

    source: the file, for errors and for `bindery lexicon test`.

    Raises:
        BadLexicon: an entry is not of the right form, says nothing that can be heard, has a symbol that
            Kokoro has never heard, or is for a language that no voice speaks.
    """
    entries: list[Entry] = []
    for word, value in table.items():
        if word == "language" and isinstance(value, dict) and "say" not in value:
            for language, words in value.items():
                if not isinstance(words, dict):
                    raise BadLexicon(
                        f"{source}: [lexicon.language] has “{language}”, which is no table",
                        "Write [lexicon.language.fr], and the words below it",
                    )
                entries += [entry_of(one, said, source, language) for one, said in words.items()]
        else:
            entries.append(entry_of(word, value, source, None))
    seen: set[tuple[str, bool, str | None]] = set()
    for entry in entries:
        if entry.identity in seen:
            raise BadLexicon(f"{source}: “{entry.word}” is there twice", "Upper and lower case are one word")
        seen.add(entry.identity)
    return Lexicon(tuple(entries))


class Lookup:
    """Some lexicons, ready to be asked for the words of one language."""

    def __init__(self, language: str, *lexicons: Lexicon) -> None:
        """lexicons: the best first; where several have a word, its entry is the first one's."""
        self._language = language
        ranked = [
            (rank, not entry.case_matters, entry.language is None, entry)
            for rank, lexicon in enumerate(lexicons)
            for entry in lexicon.entries
            if entry.language is None or _is_spoken_in(entry.language, language)
        ]
        self._entries: dict[str, list[Entry]] = {}  # by word without case; the best first
        self._most_words = 0
        for *_, entry in sorted(ranked, key=lambda one: one[:3]):
            self._entries.setdefault(_folded(entry.word), []).append(entry)
            self._most_words = max(self._most_words, len(_words(entry.word, language)))

    def given(self, text: str) -> tuple[Given, ...]:
        """What the lexicons give for a text, in order: whole words, and the most words in a row.

        English words are found with 's, a plural's s and what else is glued to them by an apostrophe, unless
        an entry has them so.
        """
        if not self._entries:
            return ()
        words = _words(text, self._language)
        found: list[Given] = []
        first = 0
        while first < len(words):
            for last in range(min(first + self._most_words, len(words)) - 1, first - 1, -1):
                one = self._lookup(text, words[first][0], words[last][1])
                if one is not None:
                    found.append(one)
                    first = last
                    break
            first += 1
        return tuple(found)

    def _lookup(self, text: str, start: int, end: int) -> Given | None:
        written = text[start:end]
        for ending, stem in _endings(_folded(written), self._language):
            for entry in self._entries.get(stem, ()):
                as_written = _straight(written)[: len(written) - len(ending)]
                if entry.case_matters and as_written != _straight(entry.word):
                    continue
                return self._said(entry, ending, start, end)
        return None

    def _said(self, entry: Entry, ending: str, start: int, end: int) -> Given:
        if entry.respelling:
            # a plural's s sounds like that of a possessive, which never touches the spelling before it
            glued = "'s" if ending in ("s", "es") else ending
            return Given(start, end, respelling=entry.respelling + glued, entry=entry)
        stem = phonemes_of(entry.ipa, self._language)
        return Given(start, end, phonemes=with_ending(stem, ending, self._language), entry=entry)


def first_come(*by_precedence: Iterable[Given]) -> tuple[Given, ...]:
    """Join what several sources give for a text; where two overlap, the earlier source's stays. In order."""
    taken: list[Given] = []
    for source in by_precedence:
        taken += [
            one for one in source if all(one.end <= other.start or other.end <= one.start for other in taken)
        ]
    return tuple(sorted(taken, key=lambda one: one.start))


def is_same_word(one: str, other: str) -> bool:
    """Whether two words differ in no more than case, kind of apostrophe and spaces."""
    return _folded(one) == _folded(other)


def entry_of(word: str, value: object, source: Path, language: str | None) -> Entry:
    """The entry in one line of a lexicon. language: of the table that it stands in.

    Raises:
        BadLexicon: it is not of the right form, or has a symbol that Kokoro has never heard.
    """
    where = f"{source}: “{word}”"
    case_matters = False
    if isinstance(value, dict):
        for name, kind in value.items():
            if name not in _KEYS:
                raise BadLexicon(f"{where} has the unknown key “{name}”", f"These exist: {', '.join(_KEYS)}")
            if not isinstance(kind, _KEYS[name]):
                raise BadLexicon(f"{where}: {name} is of the wrong type", _FORM)
        case_matters = value.get("case", False)
        language = value.get("language", language)
        value = value.get("say")
    if not isinstance(value, str) or not value.strip():
        raise BadLexicon(f"{where} does not say how it is said", _FORM)
    word = unicodedata.normalize("NFC", " ".join(word.split()))
    if not any(map(str.isalnum, word)) or not (_is_of_a_word(word[0]) and _is_of_a_word(word[-1])):
        raise BadLexicon(f"{where} is no word", "A word begins and ends with a letter or a digit")
    said = " ".join(value.split())
    tag = language.lower().replace("_", "-") if language is not None else None
    if tag is not None and not _TAG.fullmatch(tag):
        raise BadLexicon(f"{where}: “{language}” is no language", "Write fr, or en-gb")
    if tag is not None and not _is_of_a_voice(tag):
        raise BadLexicon(
            f"{where}: no voice speaks “{language}”",
            f"Kokoro speaks {', '.join(LANGUAGES.values())}; `en` is both of its kinds of English",
        )
    if said.startswith("/"):
        ipa = said[1:-1].strip()
        if not said.endswith("/") or not ipa or "/" in ipa:
            raise BadLexicon(f"{where}: “{said}” is not IPA between two slashes", _FORM)
        try:
            sounds = phonemes_of(ipa, tag or "en-us")
        except UnknownSymbol as error:
            raise BadLexicon(
                f"{where}: Kokoro has no sound for “{error.symbol}” ({_name(error.symbol)}) in {said}",
                "Use a similar symbol, or plain words",
            ) from error
        if all(symbol in _SOUNDLESS for symbol in sounds):
            raise BadLexicon(f"{where}: nothing of {said} can be heard", "Write its vowels and consonants")
        return Entry(word, ipa=ipa, case_matters=case_matters, language=tag, source=str(source))
    if not any(map(str.isalpha, said)):
        raise BadLexicon(f"{where}: nothing of “{said}” can be heard", "Write it in letters")
    for character in said:
        if not (_is_of_a_word(character) or character in _BETWEEN_WORDS) or character.isdigit():
            raise BadLexicon(
                f"{where}: “{character}” cannot stand in plain words ({said})",
                "Use letters, spaces, hyphens and apostrophes, or IPA between slashes",
            )
    return Entry(word, respelling=said, case_matters=case_matters, language=tag, source=str(source))


_TAG: Final = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]+)*")
_KEYS: Final[Mapping[str, type]] = {"say": str, "case": bool, "language": str}
_FORM: Final = (
    'Write word = "/ipa/", word = "plain words" or word = { say = "…", case = true, language = "en-gb" }'
)
_LINES: Final = 'Write lines such as word = "/wɝd/"'
_BETWEEN_WORDS: Final = " -'’"
_SOUNDLESS: Final = " ˈˌːʰʲ↓→↗↘\N{COMBINING TILDE}"  # they only change the sound that is beside them


def _name(symbol: str) -> str:
    return unicodedata.name(symbol, f"U+{ord(symbol):04X}").lower()


def _is_of_a_voice(language: str) -> bool:
    """Whether an entry of this language is ever heard: by Kokoro, or by the draft voice."""
    if any(_is_spoken_in(language, one) for one in LANGUAGES.values()):
        return True
    from synth.draft import draft_languages  # it needs this module itself

    return any(_is_spoken_in(language, one.lower()) for one in draft_languages())


def _is_spoken_in(language: str, voice_language: str) -> bool:
    """An "en" entry is for "en-gb" too, an "en-us" one is not."""
    return voice_language == language or voice_language.startswith(f"{language}-")


def _endings(folded: str, language: str) -> Iterator[tuple[str, str]]:
    """(ending, stem) of a word without case, the word as it is first."""
    yield "", folded
    if language.startswith("en"):
        for ending in ENDINGS:
            stem = folded.removesuffix(ending)
            if stem != folded and (ending.startswith("'") or _has_plural(stem, ending)):
                yield ending, stem


def _has_plural(stem: str, ending: str) -> bool:
    """Whether a word takes this plural; "his" is not the plural of "hi", nor "princess" that of "princes"."""
    hisses = stem.endswith(("s", "x", "z", "ch", "sh"))
    return len(stem) >= _SHORTEST_WITH_PLURAL and hisses == (ending == "es")


_SHORTEST_WITH_PLURAL: Final = 3


def _words(text: str, language: str) -> list[tuple[int, int]]:
    """Where the words of a text are: letters, digits and accents.

    An apostrophe is inside an English word ("don't"), and between two of another language ("l'ami"). Where
    words are written without spaces, each character but a Latin one counts as a word.
    """
    edges = [False, *map(_is_of_a_word, text), False]
    if language.startswith("en"):
        for place in range(1, len(text) - 1):
            if text[place] in "'’" and edges[place] and edges[place + 2]:
                edges[place + 1] = True
    bounds = [place for place, (before, after) in enumerate(pairwise(edges)) if before != after]
    words = list(zip(bounds[::2], bounds[1::2], strict=True))
    if language.partition("-")[0] in _WITHOUT_SPACES:
        return [
            (start + match.start(), start + match.end())
            for start, end in words
            for match in _LATIN_OR_ONE.finditer(text[start:end])
        ]
    return words


_WITHOUT_SPACES: Final = frozenset(("zh", "ja"))
_LATIN_OR_ONE: Final = re.compile(r"[!-ɏ]+|.")


def _is_of_a_word(character: str) -> bool:
    # vowel signs of Indian scripts are marks, not letters
    return character.isalnum() or (character > "\x7f" and unicodedata.category(character)[0] == "M")


def _straight(text: str) -> str:
    return " ".join(text.replace("’", "'").split())


def _folded(text: str) -> str:
    return _straight(text).casefold()
