from __future__ import annotations

from pathlib import Path

import pytest

from synth.errors import BadLexicon
from synth.lexicon import Given, Lexicon, Lookup, first_come, lexicon_of, read_lexicon

FILE = Path("lexicon.toml")


def lexicon(**words: object) -> Lexicon:
    return lexicon_of(words, FILE)


def heard(text: str, *lexicons: Lexicon, language: str = "en-us") -> list[tuple[str, str]]:
    return [
        (text[one.start : one.end], one.phonemes or one.respelling)
        for one in Lookup(language, *lexicons).given(text)
    ]


HERMIONE = lexicon(Hermione="/hɝˈmaɪəni/")


def test_a_word_is_found_whole_in_any_case_and_nowhere_else() -> None:
    said = "hɜɹmˈIəni"
    assert heard("Hermione, hermione—“HERMIONE”!", HERMIONE) == [
        ("Hermione", said),
        ("hermione", said),
        ("HERMIONE", said),
    ]
    assert heard("Hermioneish, xHermione, Hermione2, Hermióne", HERMIONE) == []
    assert heard("don't O’Don", lexicon(don="/dɔn/")) == [], "an apostrophe is inside a word"
    assert heard("Anne-Marie", lexicon(Anne="/æn/")) == [("Anne", "ˈæn")], "a hyphen is between words"


@pytest.mark.parametrize(
    ("word", "ipa", "written", "phonemes"),
    [
        ("Hermione", "hɝˈmaɪəni", "Hermione's", "hɜɹmˈIəniz"),
        ("Hermione", "hɝˈmaɪəni", "Hermione’s", "hɜɹmˈIəniz"),
        ("Hermione", "hɝˈmaɪəni", "HERMIONE’S", "hɜɹmˈIəniz"),
        ("Hermione", "hɝˈmaɪəni", "Hermiones", "hɜɹmˈIəniz"),
        ("Hermione", "hɝˈmaɪəni", "Hermione'll", "hɜɹmˈIəniᵊl"),
        ("Astark", "ˈæstɑːrk", "Astark's", "ˈæstɑɹks"),
        ("Voss", "vɔs", "Voss's", "vˈɔsᵻz"),
        ("Voss", "vɔs", "Vosses", "vˈɔsᵻz"),
        ("Brandt", "brænt", "Brandt'd", "bɹˈæntᵻd"),
    ],
)
def test_a_word_is_found_with_its_english_endings(word: str, ipa: str, written: str, phonemes: str) -> None:
    assert heard(f"“{written}?”", lexicon(**{word: f"/{ipa}/"})) == [(written, phonemes)]


def test_an_ending_is_that_of_the_accent_and_of_english_alone() -> None:
    voss = lexicon(Voss="/vɔs/")
    assert heard("Voss's", voss, language="en-gb") == [("Voss's", "vˈɔsɪz")]
    assert heard("Hermiones", HERMIONE, language="fr") == []


def test_what_only_looks_like_a_plural_is_another_word() -> None:
    assert heard("his princess", lexicon(hi="/haɪ/", princes="/prɪnsɪz/")) == []


def test_an_entry_with_the_ending_beats_one_without() -> None:
    both = lexicon(Hermione="/hɝˈmaɪəni/", Hermiones="the girls")
    assert heard("Hermiones", both) == [("Hermiones", "the girls")]


def test_the_longest_match_wins_and_white_space_is_any() -> None:
    names = lexicon(**{"Saint John": "/ˈsɪndʒən/", "John": "/dʒɑn/", "Saint": "holy"})
    assert heard("Saint John’s, saint\u00a0John, John Saint", names) == [
        ("Saint John’s", "sˈɪnʤənz"),
        ("saint\u00a0John", "sˈɪnʤən"),
        ("John", "ʤˈɑn"),
        ("Saint", "holy"),
    ]


def test_an_entry_can_say_that_case_matters() -> None:
    polish = lexicon(Polish={"say": "/ˈpoʊlɪʃ/", "case": True}, US={"say": "you ess", "case": True})
    assert heard("Polish polish POLISH, US us", polish) == [("Polish", "pˈOlɪʃ"), ("US", "you ess")]
    both = lexicon(US={"say": "you ess", "case": True}, us="/ʌs/")
    assert [said for _, said in heard("US us Us", both)] == ["you ess", "ˈʌs", "ˈʌs"]


def test_an_entry_of_a_language_is_for_its_voices_alone() -> None:
    words = lexicon(
        chat={"say": "/ʃa/", "language": "fr"},
        tomato={"say": "/təˈmɑːtəʊ/", "language": "en-gb"},
        Vernon={"say": "/ˈvɜːnən/", "language": "en"},
        language={"it": {"ciao": "/ˈtʃao/"}},
    )
    text = "chat tomato Vernon ciao"
    assert [word for word, _ in heard(text, words, language="fr")] == ["chat"]
    assert [word for word, _ in heard(text, words, language="en-gb")] == ["tomato", "Vernon"]
    assert [word for word, _ in heard(text, words, language="en-us")] == ["Vernon"]
    assert heard(text, words, language="it") == [("ciao", "ʧˈao")]


def test_the_word_language_can_have_a_pronunciation() -> None:
    assert heard("language", lexicon(language="lingo")) == [("language", "lingo")]
    assert heard("language", lexicon(language={"say": "lingo"})) == [("language", "lingo")]


def test_the_first_lexicon_has_the_word_whatever_its_case_rules() -> None:
    shelf = lexicon(Polish={"say": "/ˈpoʊlɪʃ/", "case": True}, Hermione="her mine")
    book = lexicon(polish="shoe cream")
    assert heard("Polish Hermione", book, shelf) == [("Polish", "shoe cream"), ("Hermione", "her mine")]
    assert heard("Polish Hermione", shelf, book)[0] == ("Polish", "pˈOlɪʃ")


def test_a_respelling_keeps_its_ending_to_itself() -> None:
    words = lexicon(Versailles="ver sigh")
    assert heard("Versailles, Versailles's", words) == [
        ("Versailles", "ver sigh"),
        ("Versailles's", "ver sigh's"),
    ]


def test_words_are_found_where_no_spaces_are_between_them() -> None:
    words = lexicon(**{"北京": "/peɪ/", "京": "/tɕiŋ/", "ABC": "ay"})
    assert heard("我在北京ABC京。", words, language="zh") == [("北京", "pˈA"), ("ABC", "ay"), ("京", "tɕˈiŋ")]
    assert heard("xABC", words, language="zh") == []


def test_accents_and_vowel_signs_are_part_of_their_word() -> None:
    assert heard("नमस्ते नमस", lexicon(नमस="/nəməs/"), language="hi") == [("नमस", "nəməs")]
    assert heard("Zoë zoe", lexicon(Zoë="/ˈzoʊi/")) == [("Zoë", "zˈOi")]


def test_an_elided_article_leaves_its_word_to_be_found() -> None:
    assert heard("l’Aramis, d'aramis", lexicon(Aramis="/aʁaˈmis/"), language="fr") == [
        ("Aramis", "aʁamˈis"),
        ("aramis", "aʁamˈis"),
    ]
    assert heard("aujourd'hui", lexicon(**{"aujourd'hui": "/oʒuʁˈdɥi/"}), language="fr") == [
        ("aujourd'hui", "oʒuʁdɥˈi")
    ]


def test_where_sources_overlap_the_first_ones_stays() -> None:
    a, b, c = Given(0, 4, "a"), Given(3, 6, "b"), Given(6, 9, "c")
    assert first_come([b], [a, c]) == (b, c)
    assert first_come([a], [], [b, c]) == (a, c)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[lexicon]\nHermione = her\n", "is not TOML: .*line 2"),
        ("[lexcion]\nHermione = 'a'", "unknown key “lexcion”"),
        ("lexicon = 3", "“lexicon” is no table"),
        ("[lexicon]\nHermione = 3", "“Hermione” does not say"),
        ("[lexicon]\nHermione = ''", "“Hermione” does not say"),
        ("[lexicon]\nHermione = { case = true }", "“Hermione” does not say"),
        ("[lexicon]\nHermione = { say = 'a', cases = true }", "“Hermione” has the unknown key “cases”"),
        ("[lexicon]\nHermione = { say = 'a', case = 1 }", "“Hermione”: case is of the wrong type"),
        ("[lexicon]\nHermione = '/a'", "“Hermione”: “/a” is not IPA between two slashes"),
        ("[lexicon]\nHermione = '//'", "“Hermione”: “//” is not IPA"),
        (
            "[lexicon]\nHermione = '/hɝˈmʘ/'",
            "“Hermione”: Kokoro has no sound for “ʘ” .*bilabial click",
        ),
        ("[lexicon]\nHermione = '[her](/a/)'", r"“Hermione”: “\[” cannot stand in plain words"),
        ("[lexicon]\nHermione = 'her 4'", "“4” cannot stand"),
        ("[lexicon]\n'C++' = 'see'", r"“C\+\+” is no word"),
        ("[lexicon]\nHermione = 'a'\nhermione = 'b'", "“hermione” is there twice"),
        ("[lexicon]\nchat = { say = 'a', language = 'french' }", "“chat”: “french” is no language"),
        (
            "[lexicon]\nchat = { say = 'a', language = 'xx' }",
            "“chat”: no voice speaks “xx”.*en-us, en-gb",
        ),
        ("[lexicon.language.en-au]\nchat = 'a'", "“chat”: no voice speaks “en-au”"),
        ("[lexicon.language]\nfr = 'a'", "“fr”, which is no table"),
        ("[lexicon]\nfoo = '---'", "“foo”: nothing of “---” can be heard"),
        ("[lexicon]\nfoo = '\u0301'", "“foo”: nothing of “\u0301” can be heard"),
        ("[lexicon]\n'\u0301' = 'foo'", "“\u0301” is no word"),
        ("[lexicon]\nfoo = '/./'", "“foo”: nothing of /./ can be heard"),
        ("[lexicon]\nfoo = '/ . /'", "“foo”: nothing of / . / can be heard"),
        ("[lexicon]\nfoo = '/ˈ/'", "“foo”: nothing of /ˈ/ can be heard"),
        ("[lexicon]\nfoo = { say = '/ʰː̃/', language = 'fr' }", "“foo”: nothing of /ʰː̃/ can be heard"),
        ("[lexicon]\nfoo = " + "1" * 5000, "a number that is too long"),
        ("[lexicon]\nfoo = " + "[" * 5000, "nested too deeply"),
    ],
)
def test_a_bad_lexicon_is_one_error_with_file_and_entry(tmp_path: Path, toml: str, message: str) -> None:
    path = tmp_path / "my.toml"
    path.write_text(toml, encoding="utf-8")
    with pytest.raises(BadLexicon, match=rf"my\.toml.*{message}"):
        read_lexicon(path)


def test_an_entry_can_be_for_a_language_of_the_draft_voice_alone() -> None:
    words = lexicon(Weg={"say": "/veːk/", "language": "de"})
    assert [word for word, _ in heard("Weg", words, language="de")] == ["Weg"]


def test_an_editor_on_windows_may_have_written_it(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(b'\xef\xbb\xbf[lexicon]\r\nVersailles = "ver sigh"\r\n')
    assert heard("Versailles", read_lexicon(path)) == [("Versailles", "ver sigh")]


def test_a_lexicon_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadLexicon, match=r"none\.toml cannot be read"):
        read_lexicon(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadLexicon, match=r"bytes\.toml is not text in UTF-8"):
        read_lexicon(tmp_path / "bytes.toml")
