from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.abbreviations import _AFTER_NAMES, _ANYWHERE, _BEFORE_NAMES, _BEFORE_NUMBERS
from synth.amounts import _AREAS, _UNITS
from synth.reading import Reading, ReadingPreferences
from synth.script import Dropped
from synth.spoken import Spoken, spoken, uncovered

CASES = [
    # years and other numbers of four digits
    ("In 1805 men were few.", "In eighteen oh five men were few."),
    ("In 1805, 1805 men fought.", "In eighteen oh five, one thousand eight hundred five men fought."),
    ("1984 was a novel.", "nineteen eighty-four was a novel."),
    ("It is 1248 tons.", "It is one thousand two hundred forty-eight tons."),
    ("since 2000, 2003 and 2015", "since two thousand, two thousand three and twenty fifteen"),
    ("the year 1900", "the year nineteen hundred"),
    ("3,500 people", "three thousand five hundred people"),
    ("1998–99", "nineteen ninety-eight to ninety-nine"),
    ("1805–6", "eighteen oh five to six"),
    ("(1809-1882)", "(eighteen oh nine to eighteen eighty-two)"),
    ("(b. 1850, d. 1920)", "(born eighteen fifty, died nineteen twenty)"),
    ("c. 1850", "circa eighteen fifty"),
    ("A.D. 79", "A.D. seventy-nine"),
    ("300–200 BCE", "three hundred to two hundred B.C.E."),
    ("the 1920s", "the nineteen twenties"),
    ("a 1960's car", "a nineteen sixties car"),
    ("mid-1990s", "mid-nineteen nineties"),
    ("in January, ’85, my", "in January, eighty-five, my"),
    ("July 7th, 17—.", "July seventh, seventeen blank."),
    # dates
    ("3 Sept. 1939", "the third of September nineteen thirty-nine"),
    ("the 5 May", "the fifth of May"),
    ("on the 5th of May, 1770", "on the fifth of May, seventeen seventy"),
    ("Jan. 2.—Then", "January second. — Then"),
    ("25/12/1999", "December twenty-fifth, nineteen ninety-nine"),
    ("12.03.1945", "March twelfth, nineteen forty-five"),
    ("In May 1845 he", "In May eighteen forty-five he"),
    ("May 5 people come?", "May five people come?"),
    ("May 10–14", "May tenth to fourteenth"),
    # times and ratios
    ("at 3:30 p.m. sharp", "at three thirty P.M. sharp"),
    ("9am to 5pm", "nine A.M. to five P.M."),
    ("at 6:00", "at six o'clock"),
    ("at 15:00", "at fifteen hundred"),
    ("6.30 p.m.", "six thirty P.M."),
    ("odds of 3:1", "odds of three to one"),
    ("John 3:16–18", "John three sixteen to eighteen"),
    # money
    ("$1.5 million", "one point five million dollars"),
    ("£3.50", "three pounds and fifty pence"),
    ("$0.99", "ninety-nine cents"),
    ("a $20 bill", "a twenty dollar bill"),
    ("$10–$20", "ten to twenty dollars"),
    ("€1.5bn", "one point five billion euros"),
    ("¥500", "five hundred yen"),
    ("C$40", "forty Canadian dollars"),
    ("7s. 6d. each", "seven shillings and sixpence each"),
    ("£5 10s. more", "five pounds ten shillings more"),
    ("12s. 6½d.", "twelve shillings and six and a half pence."),
    # measures
    ("10 kg", "ten kilograms"),
    ("1 km and 0.5 km", "one kilometer and zero point five kilometers"),
    ("a 5-km run", "a five kilometer run"),
    ("6 ft. 2 in. tall", "six feet two inches tall"),
    ("20 sq. ft.", "twenty square feet."),
    ("5 m²", "five square meters"),
    ("−5 °C", "minus five degrees Celsius"),
    ("12°30′26″ N", "twelve degrees thirty minutes twenty-six seconds north"),
    ("5–10%", "five to ten percent"),
    ("10%–20%", "ten percent to twenty percent"),
    ("16GB of it", "sixteen gigabytes of it"),
    # fractions
    ("2½ miles", "two and a half miles"),
    ("5 1/2 inches", "five and a half inches"),
    ("¾ cup", "three quarters of a cup"),
    ("½ mile", "half a mile"),
    ("5/8 of it", "five eighths of it"),
    # other numbers
    ("the 21st, 22nd and 101st", "the twenty-first, twenty-second and one hundred first"),
    ("2ndly, shelter", "secondly, shelter"),
    ("3.14159", "three point one four one five nine"),
    ("agent 007", "agent zero zero seven"),
    ("call 555-1234", "call five five five, one two three four"),
    ("MP3 and F-16", "M.P. three and F sixteen"),
    ("Nos. 3 and 4", "Numbers three and four"),
    ("24/7", "twenty-four seven"),
    # Roman numerals, and what looks like them
    ("World War II ended.", "World War two ended."),
    ("Louis XVI's head", "Louis the sixteenth's head"),
    ("Pope John Paul II", "Pope John Paul the second"),
    ("Elizabeth I saw; Queen Elizabeth I saw", "Elizabeth I saw; Queen Elizabeth the first saw"),
    ("Act II, Scene I.", "Act two, Scene one."),
    ("pp. ix–xii", "pages nine to twelve"),
    ("Malcolm X met Section C.", "Malcolm X met Section C."),
    ("f(x); (iv) more", "f(x); four, more"),
    ("The MIX is mild; I saw XI.", "The MIX is mild; I saw eleven."),
    # abbreviations, and what looks like them
    ("in St. Louis", "in Saint Louis"),
    ("Lord Robert St. Simon", "Lord Robert Saint Simon"),
    ("in Baker St. near Mt. Vernon", "in Baker Street near Mount Vernon"),
    ("“No.” No. No. 7.", "“No.” No. Number seven."),
    ("1 Cor. 13:4", "First Corinthians thirteen four"),
    ("25 m/s²", "twenty-five meters per second squared"),
    ("Charles I of England", "Charles the first of England"),
    ("London S.W.1", "London S.W. one"),
    ("£100 p.a. or so", "one hundred pounds per annum or so"),
    ("Lt.-Col. Jones", "Lieutenant-Colonel Jones"),
    ("Roe v. Wade", "Roe versus Wade"),
    ("Fig. 3.2, ch. 4, § 5", "Figure three point two, chapter four, section five"),
    ("piles, &c., and etc.", "piles, et cetera, and et cetera."),
    ("the U.S. Army", "the U.S. Army"),
    ("J. R. R. Tolkien, M.D.", "J. R. R. Tolkien, M.D."),
    ("AT&T, NASA and the FBI", "AT and T, NASA and the FBI"),
    ("Dec. 25th, Sat. morning", "December twenty-fifth, Saturday morning"),
    # marks
    ("x² + y² = z²", "x squared plus y squared equals z squared"),
    ("10⁻⁶ and H₂O", "ten to the minus sixth and H two O"),
    ("a < b, n ≥ 3", "a less than b, n greater than or equal to three"),
    ("2π and Δx", "two pi and delta x"),
    ("8½ × 11", "eight and a half by eleven"),
    ("“D⸺n it!”", "“D blank n it!”"),
    ("w/ him, he/she", "with him, he she"),
    ("#1 and C#", "number one and C sharp"),
    # capitals
    ("DON'T TOUCH THE CROW'S NEST", "Don't Touch the Crow's Nest"),
    ("He was VERY angry.", "He was Very angry."),
    ("THE END OF WORLD WAR II", "The End of World War two"),
    # references
    ("text.[1] More", "text. More"),
    ("so (Jones & Lee, 1999; Fox et al., 2003a) say", "so say"),
    ("see www.example.com/a/b/c/d.html?x=1 now", "see example dot com now"),
    ("Text² and word.”3", "Text and word.”"),
    # typography
    ("‘I don’t know,’ he said.", "“I don't know,” he said."),
    ("the girls’ ’em", "the girls' 'em"),
    ("“Yes”—and so", "“Yes” — and so"),
    ("Hello . . . no....", "Hello… no…"),
    ("(a)(b)", "(a) (b)"),
    ("sou’-wester", "sou'-wester"),
]


@pytest.mark.parametrize(("written", "said"), CASES)
def test_written_text_is_said(written: str, said: str) -> None:
    assert spoken(written).text == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("I", "One"),
        ("IV", "Four"),
        ("XIX. A Boat", "Nineteen. A Boat"),
        ("I GO TO SEA", "I Go to Sea"),
        ("HENRY VIII AND HIS WIVES", "Henry the eighth and His Wives"),
        ("CHAPTER I\nThe Sea", "Chapter one. The Sea"),
    ],
)
def test_a_heading_may_be_a_numeral(written: str, said: str) -> None:
    assert spoken(written, heading=True).text == said


def test_day_and_month_change_places_in_british_books() -> None:
    assert spoken("3/4/2003", "en-us").text == "March fourth, two thousand three"
    assert spoken("3/4/2003", "en-GB").text == "the third of April, two thousand and three"


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        ("es", "Tenía 21 años y 3,5 kg.", "Tenía veintiún años y tres coma cinco kilos."),
        (
            "es",
            "El 3 de mayo de 1808, a las 10:30.",
            "El tres de mayo de mil ochocientos ocho, a las diez treinta.",
        ),
        ("es", "1.º de enero; 2ª edición", "primero de enero; segunda edición"),
        ("es", "12/05/2020", "doce de mayo de dos mil veinte"),
        ("es", "el siglo XIX, Felipe II y el n.º 5", "el siglo diecinueve, Felipe segundo y el número cinco"),
        ("es", "$50, 1.200 € y 5–10 km", "cincuenta dólares, mil doscientos euros y cinco a diez kilómetros"),
        ("es", "una casa y 1 casa, 1 perro", "una casa y una casa, un perro"),
        ("es", "tel. 912 345 678 y 3/4", "tel. 912 345 678 y 3/4"),
        ("fr", "L’an 1805, 50 %", "L'an mille huit cent cinq, cinquante pour cent"),
        ("fr", "le 1er mai à 10h30", "le premier mai à dix heures trente"),
        ("fr", "au XIXe siècle, sous Louis XIV", "au dix-neuvième siècle, sous Louis quatorze"),
        (
            "fr",
            "1 234,50 € au chapitre IV",
            "mille deux cent trente-quatre euros cinquante au chapitre quatre",
        ),
        ("fr", "-5 °C, n° 5", "moins cinq degrés Celsius, numéro cinq"),
        ("it", "1.234 lire", "milleduecentotrentaquattro lire"),
        ("it", "5,5% nel XX secolo", "cinque virgola cinque per cento nel ventesimo secolo"),
        ("it", "1° gennaio 1861, alle 10:30", "primo gennaio milleottocentosessantuno, alle dieci e trenta"),
        ("pt", "_São_ 20", "São vinte"),
        ("pt-br", "R$ 1.000,50 e R$ 0,01", "mil reais e cinquenta centavos e um centavo"),
        ("pt", "no séc. XIX", "no século dezenove"),
        ("es", "en el s. XIX", "en el siglo diecinueve"),
        ("fr", "au s. XIX", "au dix-neuvième siècle"),
        ("pt-br", "R$ 50,00 às 10h30", "cinquenta reais às dez e trinta"),
        ("pt", "1.º andar, século XIX, 1 hora", "primeiro andar, século dezenove, uma hora"),
        ("hi", "₹500 और 50%", "500 रुपये और 50 प्रतिशत"),
        ("ja", "¥500、2024年5月1日", "500円、2024年5月1日"),
        ("zh", "¥500", "500元"),
        ("hi", "5 लोग", "5 लोग"),
        ("zh", "有5个人", "有5个人"),
    ],
)
def test_other_languages_have_numbers_where_words_are_known(language: str, written: str, said: str) -> None:
    assert spoken(written, language).text == said


@pytest.mark.parametrize(
    ("written", "reasons"),
    [
        ("it _was_ *nice*", {"emphasis mark"}),
        ("said it [12].", {"citation"}),
        ("con\u00adver\u200bsa\u2060tion\ufeff", {"invisible"}),
        ("★ 😀 ❦", {"ornament"}),
        ("* * *", {"ornament"}),
        ("http://a.org", {"web address"}),
        ("the end.*", {"note mark"}),
        ("[Illustration: A boat]", {"image mark"}),
        ("\ue000x", {"unreadable"}),
    ],
)
def test_what_is_left_out_has_a_reason(written: str, reasons: set[str]) -> None:
    assert {one.reason for one in spoken(written).dropped} == reasons


def test_every_abbreviation_has_its_words() -> None:
    tables = (_BEFORE_NAMES, _AFTER_NAMES, _BEFORE_NUMBERS, _ANYWHERE, _UNITS, _AREAS)
    for short in {word for table in tables for word in table}:
        for written in (
            f"Ann {short}. Bo",
            f"Ann {short} 5",
            f"Ann {short}. 5",
            f"5 {short}.",
            f"5 sq. {short} on",
        ):
            for cased in (written, written.upper(), written.lower()):
                assert uncovered(cased, spoken(cased)) == []


@pytest.mark.parametrize(
    "figures", ["9" * 19, "9" * 5000, "0" * 20, "1" + "0" * 18, "9," + "999," * 10 + "999"]
)
@pytest.mark.parametrize(
    "pattern",
    ["{}", "${}", "£{}.50", "{} km", "{}th", "{}s", "{}½", "x^{}", "{} BC", "{}:{}", "{}/{}", "{}–{}"],
)
def test_absurd_numbers_are_said_all_the_same(pattern: str, figures: str) -> None:
    written = pattern.format(figures, figures)
    for language in ("en", "fr", "ja"):
        assert uncovered(written, spoken(written, language)) == []


def test_invisible_characters_do_not_part_a_word() -> None:
    assert spoken("con\u00adver\u200bsation").text == "conversation"
    assert spoken("Mr.\u00a0Holmes said\u2060—\u2060he").text == "Mr. Holmes said — he"


def test_plain_text_is_left_alone() -> None:
    text = "He said nothing, and she (who knew) went on; then they left."
    result = spoken(text)
    assert (result.text, result.dropped) == (text, ())


def test_each_word_leads_back_to_its_source() -> None:
    text = "On 12 March 1945 (ﬁrst) it _ended_."
    result = spoken(text)
    assert result.text == "On the twelfth of March nineteen forty-five (first) it ended."
    places = dict(result.offsets)
    for word, source in {"On": "On", "the": "12", "(first)": "(ﬁrst)", "it": "it", "ended": "ended"}.items():
        assert places[result.text.index(word)] == text.index(source)


def test_a_stretch_that_is_neither_said_nor_dropped_is_found() -> None:
    assert uncovered("two words", Spoken("words", ((0, 4),), ())) == [(0, 4)]
    assert uncovered("two words", Spoken("words", ((0, 4),), (Dropped(0, 3, "because"),))) == []
    assert uncovered("a 5 b", Spoken("a — b", ((0, 0), (2, 2), (4, 4)), ())) == [(2, 4)]
    assert uncovered("gone", Spoken("", (), ())) == [(0, 4)]


_SNIPPETS = [
    "a.m.",
    " 12 ",
    "Mr. ",
    " et al. ",
    "www.a.org",
    "1945",
    " km ",
    "[x](y)",
    "17— ",
    "No. ",
    "https://x.y/z?q ",
]
_SNIPPETS += [
    "St. ",
    "5'10\"",
    "Chapter IV",
    "(Smith, 2003; Lee, 2004)",
    "[12]",
    "£1 2s. 6d.",
    "1939–45",
    "e.g. ",
    "*x*",
]
_CHARACTERS = st.characters(codec="utf-8") | st.sampled_from(
    "aAIVXst 0123456789.,;:'\"’‘“”—–-()[]{}*_=#&/£$½²°×≤π"
)
_TEXTS = st.lists(st.text(_CHARACTERS, max_size=5) | st.sampled_from(_SNIPPETS), max_size=7).map("".join)


@settings(max_examples=300, deadline=None)  # the first one compiles the rules
@given(
    _TEXTS,
    st.sampled_from(["en", "en-gb", "fr", "ja", "hi"]),
    st.booleans(),
    st.builds(ReadingPreferences, st.sampled_from(list(Reading)), st.sampled_from(list(Reading))),
)
def test_every_character_is_said_or_dropped(
    text: str, language: str, heading: bool, preferences: ReadingPreferences
) -> None:
    result = spoken(text, language, heading, preferences)
    assert uncovered(text, result) == []
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(result.offsets))
    assert bool(result.offsets) == bool(result.text)
    assert all(0 <= said < len(result.text) and 0 <= source < len(text) for said, source in result.offsets)
    assert all(0 <= one.start < one.end <= len(text) for one in result.dropped)
    assert all(a.end <= b.start for a, b in pairwise(result.dropped))


@settings(max_examples=200, deadline=None)  # the first one compiles the rules
@given(_TEXTS)
def test_no_markup_reaches_the_phonemizer(text: str) -> None:
    said = spoken(text).text
    assert not set(said) & set("[]{}_*\u00a0\u00ad\u200b\u2060\ufeff–’‘")
    assert "  " not in said
    assert said == said.strip()
