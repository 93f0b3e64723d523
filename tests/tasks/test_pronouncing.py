"""Who gets a word that several want to pronounce, and where a publisher's pronunciations end up."""

from __future__ import annotations

from pathlib import Path

import pytest

from inputs.book import Block, BlockKind, Chapter, EpubPlace, Lexeme, Pronunciation
from synth.chunks import Line, pack
from synth.draft import DraftSpeaker
from synth.lexicon import Given, Lexicon, lexicon_of
from synth.phonemes import Pronounced, phonemizer
from synth.script import Pause
from tasks.pronouncing import Pronouncer
from tasks.scripts import ChapterScript, chapter_script


class KokoroLike(DraftSpeaker):
    """Takes phonemes in every language, as Kokoro does; needs no weights."""

    engine = "kokoro"

    def takes_phonemes(self, language: str) -> bool:
        return True


def lexicon(**words: object) -> Lexicon:
    return lexicon_of(words, Path("my.toml"))


def script_of(text: str, wanted: dict[str, str] | None = None) -> ChapterScript:
    """A chapter of one paragraph in which the publisher wants some words pronounced so (in IPA)."""
    marks = []
    for words, ipa in (wanted or {}).items():
        start = text.index(words)
        marks.append(Pronunciation(start, start + len(words), ipa))
    block = Block(BlockKind.PARAGRAPH, text, EpubPlace("a", None, 0, len(text)), pronunciations=tuple(marks))
    return chapter_script(1, Chapter("", (block,)), "en-us")


def words_of(said: Pronounced) -> dict[str, str]:
    return {
        said.text[word.start : word.end]: said.phonemes[word.phoneme_start : word.phoneme_end]
        for word in said.words
    }


def say(script: ChapterScript, pronouncer: Pronouncer, language: str = "en-us") -> list[dict[str, str]]:
    return [
        words_of(pronouncer(sentence, wanted, language))
        for sentence, wanted in zip(script.sentences, script.pronunciations, strict=True)
    ]


def test_the_books_lexicon_goes_before_the_publisher_and_the_publisher_before_the_standing_one() -> None:
    script = script_of("Ann, Bob, Cid and Dan.", {"Ann": "æ", "Bob": "æ", "Cid": "æ"})
    own = lexicon(Ann="/i/")
    publisher = [Lexeme(word, "u") for word in ("Ann", "Bob", "Dan")]
    standing = lexicon(Ann="/ɔ/", Bob="/ɔ/", Cid="/ɔ/", Dan="/ɔ/")
    (said,) = say(script, Pronouncer(KokoroLike(), [own], publisher, standing))
    assert (said["Ann,"], said["Bob,"], said["Cid"], said["Dan."]) == ("ˈi,", "ˈæ,", "ˈæ", "ˈu.")


def test_the_first_of_the_books_lexicons_goes_before_the_second() -> None:
    pronouncer = Pronouncer(KokoroLike(), [lexicon(Ann="/i/"), lexicon(Ann="/u/", Bob="/u/")], [], Lexicon())
    (said,) = say(script_of("Ann Bob."), pronouncer)
    assert said == {"Ann": "ˈi", "Bob.": "ˈu."}


def test_a_publishers_word_is_pronounced_in_its_place_alone() -> None:
    text = "“I read,” she said. They read [1] it: read 12 times! He has read."
    start = text.index("read 12")
    marked = Pronunciation(start, start + 4, "ʃɑʃ")
    block = Block(BlockKind.PARAGRAPH, text, EpubPlace("a", None, 0, 70), pronunciations=(marked,))
    script = chapter_script(1, Chapter("", (block,)), "en-us")
    said = say(script, Pronouncer(KokoroLike(), [], [], Lexicon()))
    assert [(word, sound) for sentence in said for word, sound in sentence.items() if "ʃɑʃ" in sound] == []
    assert [
        (number, word)
        for number, sentence in enumerate(said)
        for word, sound in sentence.items()
        if sound == "ʃˈɑʃ"
    ] == [(1, "read")]


@pytest.mark.parametrize(
    ("text", "words", "ipa", "expected"),
    [
        ("It was “Hermione’s” hat.", "Hermione’s", "hɝˈmaɪəniz", {"“Hermione's”": "“hɜɹmˈIəniz”"}),
        ("Up the River Dr. today.", "Dr.", "ˈdraɪv", {"Drive": "dɹˈIv"}),
        ("In New\u00a0York, then.", "New\u00a0York", "nju ˈjɔrk", {"New York,": "nju jˈɔɹk,"}),
        ("ALL ABOUT GEORGIA NOW", "GEORGIA", "ˈdʒɔrdʒə", {"Georgia": "ʤˈɔɹʤə"}),
    ],
)  # fmt: skip
def test_a_publishers_word_is_found_in_the_words_that_are_said(
    text: str, words: str, ipa: str, expected: dict[str, str]
) -> None:
    (said,) = say(script_of(text, {words: ipa}), Pronouncer(KokoroLike(), [], [], Lexicon()))
    assert expected.items() <= said.items()


def test_a_publishers_word_with_case_is_not_the_one_without() -> None:
    publisher = [Lexeme("US", respelling="you ess"), Lexeme("ape", "ɑpɛ")]
    (said,) = say(script_of("US us Ape."), Pronouncer(KokoroLike(), [], publisher, Lexicon()))
    assert (said["us"], said["Ape."]) == (phonemizer("en-us")("US us.").phonemes.split()[-1][:-1], "ɑpɛ.")
    assert said["US"] == phonemizer("en-us")("you ess").phonemes


def test_a_publishers_lexicon_is_for_every_accent_of_its_language_and_no_other() -> None:
    publisher = [Lexeme("Xu", "ʃɑʃ", language="en-us"), Lexeme("Xo", "ʃɑʃ", language="fr")]
    (said,) = say(script_of("Xu Xo."), Pronouncer(KokoroLike(), [], publisher, Lexicon()), "en-gb")
    assert said["Xu"] == "ʃˈɑʃ"
    assert said["Xo."] != "ʃˈɑʃ."


def test_a_publishers_symbol_without_a_sound_is_a_warning_and_the_word_is_said_as_usual() -> None:
    script = script_of("Ann saw Bob.", {"Ann": "ʘa"})
    pronouncer = Pronouncer(KokoroLike(), [], [Lexeme("Bob", "ħɔħ"), Lexeme("Bobs", "ħɔħs")], Lexicon())
    (said,) = say(script, pronouncer)
    assert said == words_of(phonemizer("en-us")("Ann saw Bob."))
    assert pronouncer.warnings() == (
        "3 of the publisher's pronunciations were not used: there is no sound for “ħ”, as in /ħɔħ/ for “Bob”",
    )


def test_a_voice_that_cannot_be_given_phonemes_says_so_once() -> None:
    pronouncer = Pronouncer(DraftSpeaker(), [lexicon(Ann="/an/", Bob="/bɔb/", Cid="sid")], [], Lexicon())
    say(script_of("Ann, Ann, Bob, Cid."), pronouncer, "en-us")
    assert pronouncer.warnings() == ()
    say(script_of("Ann, Ann, Bob, Cid."), pronouncer, "fr")
    (warning,) = pronouncer.warnings()
    assert "reads 2 words as they are written, such as “Ann”" in warning


def test_a_changed_entry_changes_only_the_chunks_with_the_word() -> None:
    text = "Ann came home. " + "Nobody had thought to ask for the bell that hung there. " * 8 + "Bob slept."

    def phonemes(*own: Lexicon) -> list[str]:
        script, pronouncer = script_of(text), Pronouncer(KokoroLike(), own, [], Lexicon())
        lines = [
            Line(number, 0, pronouncer(sentence, (), "en-us"), Pause.SENTENCE)
            for number, sentence in enumerate(script.sentences)
        ]
        return [chunk.utterance for chunk in pack(lines, "af_heart", 1.0, "en-us")]

    before, after = phonemes(), phonemes(lexicon(Ann="/iɪn/", Unheard="/a/"))
    changed = [number for number, pair in enumerate(zip(before, after, strict=True)) if len(set(pair)) == 2]
    assert len(before) > 2
    assert changed == [0]


def test_given_pronunciations_are_given_to_the_speaker_in_order() -> None:
    heard: list[tuple[Given, ...]] = []

    class Listening(KokoroLike):
        def pronounce(self, text: str, language: str, given: tuple[Given, ...] = ()) -> Pronounced:  # type: ignore[override]
            heard.append(given)
            return super().pronounce(text, language, given)

    script = script_of("Ann met Bob.", {"Bob": "bɔb"})
    say(script, Pronouncer(Listening(), [lexicon(Ann="an")], [], lexicon(met="/mɪt/")))
    assert [(one.start, one.end) for one in heard[0]] == [(0, 3), (4, 7), (8, 11)]
