"""Sentences into phonemes, said as the lexicons and the publisher want them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from inputs.book import Lexeme, Pronunciation
from synth.ipa import UnknownSymbol, phonemes_of
from synth.lexicon import Entry, Given, Lexicon, Lookup, first_come
from synth.phonemes import Pronounced
from synth.script import Sentence
from synth.speaker import Diction


class Pronouncer:
    """One book's pronunciation, by one speaker.

    Where several want a word, this is who gets it: the book's own lexicons, the publisher at that place, then
    the publisher's lexicon and the listener's standing one, in which a longer run of words goes before a
    shorter.
    """

    def __init__(
        self, speaker: Diction, own: Sequence[Lexicon], lexemes: Sequence[Lexeme], standing: Lexicon
    ) -> None:
        """own: the best first. lexemes: the publisher's."""
        self._speaker = speaker
        self._refused: list[tuple[str, str, str]] = []  # words, IPA, the symbol that has no sound
        self._unheard: set[str] = set()  # words whose phonemes the speaker cannot be given
        publisher = Lexicon(tuple(self._entries(lexemes)))
        self._strong = cache(lambda language: Lookup(language, *own))
        self._weak = cache(lambda language: Lookup(language, publisher, standing))

    def __call__(self, sentence: Sentence, placed: Sequence[Pronunciation], language: str) -> Pronounced:
        """Pronounce a sentence in a voice's language.

        placed: the publisher's, at characters of `sentence.spoken`.
        """
        text = sentence.spoken
        given = first_come(
            self._strong(language).given(text),
            self._at_their_places(placed, text, language),
            self._weak(language).given(text),
        )
        if not self._speaker.takes_phonemes(language):
            self._unheard |= {text[one.start : one.end] for one in given if one.phonemes}
        return self._speaker.pronounce(text, language, given)

    def warnings(self) -> tuple[str, ...]:
        """What could not be said as it is wanted; complete when everything was pronounced."""
        found: list[str] = []
        if self._refused:
            words, ipa, symbol = self._refused[0]
            found.append(
                f"{len(self._refused)} of the publisher's pronunciations were not used: there is no sound for"
                f" “{symbol}”, as in /{ipa}/ for “{words}”"
            )
        if self._unheard:
            found.append(
                f"the {self._speaker.engine} voice cannot be given phonemes in this language: it reads"
                f" {len(self._unheard)} words as they are written, such as “{min(self._unheard)}”"
            )
        return tuple(found)

    def _entries(self, lexemes: Sequence[Lexeme]) -> Iterator[Entry]:
        for lexeme in lexemes:
            # "US" is not "us", and "Polish" not "polish"; a plain word may begin a sentence
            case_matters = lexeme.word != lexeme.word.lower()
            # an American publisher's names are for a British voice too
            language = lexeme.language.partition("-")[0] if lexeme.language else None
            if not lexeme.ipa or self._phonemes(lexeme.word, lexeme.ipa, "en-us"):
                yield Entry(
                    lexeme.word, lexeme.ipa, lexeme.respelling, case_matters, language, "the publisher"
                )

    def _at_their_places(self, placed: Sequence[Pronunciation], text: str, language: str) -> Iterator[Given]:
        for one in placed:
            phonemes = self._phonemes(text[one.start : one.end], one.ipa, language)
            if phonemes:
                yield Given(one.start, one.end, phonemes)

    def _phonemes(self, words: str, ipa: str, language: str) -> str:
        try:
            return phonemes_of(ipa, language)
        except UnknownSymbol as error:
            self._refused.append((words, ipa, error.symbol))
            return ""


def placed(sentence: Sentence, text: str, wanted: Sequence[Pronunciation]) -> tuple[Pronunciation, ...]:
    """The pronunciations of a passage's words at the places where a sentence of it says them.

    A word that is said in other words ("Dr" as "Doctor") has its pronunciation for all of those. One that is
    said together with its neighbours ("30° 31′") is left to the rules that joined them.

    text: of the passage. wanted: at characters of it, in order, apart.
    """
    found: list[Pronunciation] = []
    for one in wanted:
        if sentence.start <= one.start and one.end <= sentence.end:
            start, end = _spoken_place(sentence, text, one)
            if start < end and (not found or found[-1].end <= start):
                found.append(Pronunciation(start, end, one.ipa))
    return tuple(found)


def _spoken_place(sentence: Sentence, text: str, wanted: Pronunciation) -> tuple[int, int]:
    """Where the words of a pronunciation are in the spoken text; an empty place if that is not clear."""
    spoken, source, spoken_end, source_end = 0, sentence.start, len(sentence.spoken), sentence.end
    for index, place in sentence.offsets:
        if place <= wanted.start:
            spoken, source = index, place
        elif place >= wanted.end:
            spoken_end, source_end = index, place
            break
    words = _plain(text[wanted.start : wanted.end])
    stretch = _plain(sentence.spoken[spoken:spoken_end])
    at = stretch.find(words, wanted.start - source)  # there, unless something before it is said otherwise
    at = at if at >= 0 else stretch.find(words)
    if at >= 0:
        return spoken + at, spoken + at + len(words)
    alone = source == wanted.start and not any(map(str.isalnum, text[wanted.end : source_end]))
    if not alone:
        return 0, 0
    said = sentence.spoken[spoken:spoken_end].rstrip(_AROUND)
    return spoken, spoken + len(said)


_AROUND = " .,;:!?…—”’\"')]"


def _plain(text: str) -> str:
    """The text without its case and its typography, which spoken text may have changed; as long as it was."""
    lower = (letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    return "".join(lower).translate(_TYPOGRAPHY)


_TYPOGRAPHY = str.maketrans("‘’“”\u00a0\u202f\u2009", "''\"\"   ")
