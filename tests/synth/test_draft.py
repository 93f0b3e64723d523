from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from synth.audio import SAMPLE_RATE_HZ, AudioSegment
from synth.chunks import Chunk, Line, pack
from synth.draft import DraftSpeaker, draft_languages, espeak_voice
from synth.errors import DraftVoiceFailed
from synth.lexicon import Given
from synth.phonemes import phonemizer
from synth.script import Pause
from synth.voices import VOICES

LONG = "The bell had hung there for four hundred years, and nobody had thought to ask for it back."
SHORT = "“Well?” she said."


def chunk(text: str, voice: str = "af_heart", speed: float = 1.0) -> Chunk:
    return Chunk(text, "a", voice, speed, "en-us", Pause.SENTENCE)


def say(*chunks: Chunk) -> list[AudioSegment]:
    return list(DraftSpeaker().speak(chunks))


def test_a_chunk_sounds_the_same_whatever_was_said_before_it() -> None:
    alone = say(chunk(LONG))[0]
    after_others = say(chunk(SHORT), chunk(LONG), chunk(SHORT), chunk(LONG))
    assert np.array_equal(after_others[1].samples, alone.samples)
    assert np.array_equal(after_others[3].samples, alone.samples)


def test_a_chunk_sounds_the_same_while_phonemes_come_from_the_same_library() -> None:
    alone = say(chunk(LONG))[0]
    assert phonemizer("fr")("Bonjour.").phonemes
    say(chunk(SHORT))
    assert np.array_equal(say(chunk(LONG))[0].samples, alone.samples)


def test_a_chunk_sounds_the_same_in_another_process() -> None:
    program = (
        "import hashlib\n"
        "from synth.chunks import Chunk\n"
        "from synth.draft import DraftSpeaker\n"
        "from synth.script import Pause\n"
        f"chunk = Chunk({LONG!r}, 'a', 'af_heart', 1.0, 'en-us', Pause.SENTENCE)\n"
        "said = next(DraftSpeaker().speak([chunk]))\n"
        "print(hashlib.sha256(said.samples.tobytes()).hexdigest())\n"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    here = hashlib.sha256(say(chunk(LONG))[0].samples.tobytes()).hexdigest()
    assert there.stdout.strip() == here


def test_segments_come_in_the_order_of_the_chunks_under_their_keys() -> None:
    chunks = [chunk(SHORT), chunk(LONG), chunk("One.")]
    assert [segment.key for segment in say(*chunks)] == [DraftSpeaker().key(one) for one in chunks]


def test_sound_is_24_khz_and_about_as_long_as_a_person_would_take() -> None:
    words = len(LONG.split())
    spoken_s = say(chunk(LONG))[0].duration_s
    assert 120 < words / spoken_s * 60 < 240, "words per minute"


def test_the_resampled_sound_keeps_its_pitch_and_is_not_clipped() -> None:
    samples = say(chunk(LONG))[0].samples
    spectrum = np.abs(np.fft.rfft(samples))
    frequencies_hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
    above = spectrum[frequencies_hz > 11_100].sum() / spectrum.sum()
    assert above < 0.01, "espeak-ng's own 22.05 kHz leaves nothing above 11 kHz"
    assert 0.05 < np.abs(samples).max() < 1.0


def test_twice_the_speed_takes_about_half_the_time() -> None:
    slow, fast = say(chunk(LONG, speed=1.0), chunk(LONG, speed=2.0))
    assert 1.7 < slow.duration_s / fast.duration_s < 2.3


def test_word_times_rise_and_name_the_words_of_the_text() -> None:
    segment = say(chunk(LONG))[0]
    starts = [word.start_sample for word in segment.words]
    assert starts == sorted(starts)
    assert segment.words[-1].end_sample == len(segment.samples)
    heard = [LONG[word.start : word.end] for word in segment.words]
    assert {"bell", "hundred", "nobody", "back"} <= set(heard)


def test_the_key_changes_with_all_that_is_heard_and_nothing_else() -> None:
    key = DraftSpeaker().key
    assert (
        len({key(chunk(SHORT)), key(chunk(LONG)), key(chunk(SHORT, "am_adam")), key(chunk(SHORT, speed=1.1))})
        == 4
    )
    same = Chunk(SHORT, "b", "af_heart", 1.0, "en-us", Pause.PARAGRAPH)
    assert key(same) == key(chunk(SHORT)), "phonemes and pauses are not heard in the draft voice"


@pytest.mark.parametrize(
    "voice", sorted({min(v for v in VOICES if v[:2] == prefix) for prefix in {v[:2] for v in VOICES}})
)
def test_every_language_and_gender_of_the_catalogue_is_spoken(voice: str) -> None:
    assert say(chunk("Kokoro 12.", voice))[0].duration_s > 0.2


def test_men_and_women_differ() -> None:
    assert espeak_voice("am_adam") != espeak_voice("af_heart")
    assert espeak_voice("am_adam:0.5+af_heart:0.5") == espeak_voice("am_adam"), "the first stands for a blend"
    woman, man = say(chunk(LONG, "af_heart"), chunk(LONG, "am_adam"))
    assert not np.array_equal(woman.samples[:1000], man.samples[:1000])


def test_languages_beyond_kokoro_are_named_by_their_tag() -> None:
    assert "de" in draft_languages()
    assert say(chunk("Guten Tag.", "de"))[0].duration_s > 0.3


def test_an_unknown_voice_says_what_to_name_instead() -> None:
    with pytest.raises(DraftVoiceFailed, match=r"does not speak 'martian'.*bindery voices"):
        say(chunk(SHORT, "martian"))


def test_text_without_sound_is_an_error_not_silence() -> None:
    with pytest.raises(DraftVoiceFailed, match="made no sound"):
        say(chunk(""))


def given_chunk(text: str, *given: Given, voice: str = "af_heart") -> Chunk:
    """A chunk of a text with given pronunciations, as it comes out of packing."""
    speaker = DraftSpeaker()
    language = speaker.language_of(voice)
    line = Line(0, 0, speaker.pronounce(text, language, given), Pause.SENTENCE)
    (packed,) = pack([line], voice, 1.0, language)
    return packed


def test_a_respelling_is_heard_and_its_word_is_the_one_of_the_text() -> None:
    text = "To Versailles, at last."
    chunk_of_it = given_chunk(text, Given(3, 13, respelling="ver sigh"))
    segment, plain = say(chunk_of_it, chunk("To ver sigh, at last."))
    assert chunk_of_it.text == text
    assert np.array_equal(segment.samples, plain.samples)
    assert [text[word.start : word.end] for word in segment.words] == ["To", "Versailles,", "at", "last"]
    assert segment.words[-1].end_sample == len(segment.samples)


# espeak-ng and misaki agree on these; together they have nearly every sound of English
AGREED = "boat judge church thing that vision sheep loud boy my nurse hot cup good too bed gap wing yes cow"


@pytest.mark.parametrize("voice", ["af_heart", "bf_emma"])
def test_english_phonemes_are_heard_as_they_are_given(voice: str) -> None:
    words = AGREED.split()
    language = DraftSpeaker().language_of(voice)
    given = [
        given_chunk("Qqq.", Given(0, 3, phonemizer(language)(word).phonemes), voice=voice) for word in words
    ]
    plain = [chunk(f"{word}.", voice) for word in words]
    differ = [
        word
        for word, one, other in zip(words, say(*given), say(*plain), strict=True)
        if not np.array_equal(one.samples, other.samples)
    ]
    assert differ == []


def test_double_brackets_of_a_book_are_never_phonemes() -> None:
    text = "See [[h@l'oU]] Zaza."
    plain, given = given_chunk(text), given_chunk(text, Given(15, 19, "zˈɑzə"))
    assert DraftSpeaker().key(plain) == DraftSpeaker().key(chunk(text))
    spelled_out, with_given = say(plain, given)
    assert len(with_given.words) > 3, "the brackets were spelled out, not spoken as one word"
    assert text[with_given.words[-1].start : with_given.words[-1].end] == "Zaza."
    assert abs(with_given.duration_s - spelled_out.duration_s) < 1.5


def test_a_given_word_changes_the_keys_of_its_chunks_alone() -> None:
    key = DraftSpeaker().key
    assert key(given_chunk(SHORT)) == key(chunk(SHORT))
    said = given_chunk("To Zaza.", Given(3, 7, "zˈɑzə"))
    again = given_chunk("To Zaza.", Given(3, 7, "zˈizə"))
    assert len({key(said), key(again), key(chunk("To Zaza."))}) == 3


def test_phonemes_of_another_language_are_not_taken_and_the_word_is_read() -> None:
    assert DraftSpeaker().takes_phonemes("en-gb")
    assert not DraftSpeaker().takes_phonemes("fr")
    said = given_chunk("Bonjour Zaza.", Given(8, 12, "zazˈa"), voice="ff_siwis")
    assert DraftSpeaker().key(said) == DraftSpeaker().key(chunk("Bonjour Zaza.", "ff_siwis"))
