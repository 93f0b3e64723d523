"""Addresses, citations, note marks and markup into what is said of them, which is often nothing."""

from __future__ import annotations

import re
from typing import Final

from synth.announcements import announcements
from synth.numerals import cardinal, digits
from synth.reading import Reading
from synth.rewriting import Again, Left, Rule, Said, Saying, Situation, left_out
from synth.wordset import words

_TOP_LEVELS: Final = "com|org|net|edu|gov|info|io|co\\.uk|ac\\.uk|gov\\.uk|de|fr|eu|int|mil|tv|me|ai|app|dev"
_SPOKEN_PATH_SEGMENTS: Final = 3  # a longer path is for eyes


def _labels(name: str, language: str) -> str:
    """Said form of a host or a path segment: gutenberg.org -> gutenberg dot org."""
    said = re.sub(r"\.", f" {announcements(language).dot} ", name)
    said = re.sub(r"[^\w.]+|_+", " ", said)
    return _DIGITS.sub(_figures if language == "en" else r" \g<0> ", said).strip()


_DIGITS: Final = re.compile(r"\d+")


def _figures(found: re.Match[str]) -> str:
    return f" {cardinal(int(found[0])) if len(found[0]) <= 6 else digits(found[0])} "


def _say_address(match: re.Match[str], situation: Situation) -> Saying:
    """The host, and the path if it is short and made of words and numbers; the rest is left out."""
    reading = situation.urls
    address = match[0].rstrip(".,;:!?'”*_")
    while address.endswith(")") and address.count("(") < address.count(")"):
        address = address[:-1].rstrip(".,;:!?'”")
    lead = re.match(r"(?:[a-z]+://)?(?:www\.)?", address)
    assert lead is not None
    host, _, path = address[lead.end() :].partition("/")
    host = host.partition("?")[0].partition("#")[0]
    if not host:
        return None
    start, host_end, end = match.start(), match.start() + lead.end() + len(host), match.start() + len(address)
    if reading is Reading.SKIP:
        return (Left(start, end, "web address", space=True), Again(end, match.end()))
    parts: list[Said | Left] = []
    if lead.end():
        parts.append(Left(start, start + lead.end(), "web address"))
    words = announcements(situation.language)
    announced = f"{words.web_address} " if reading is Reading.ANNOUNCE else ""
    said_host = re.sub(r"\s+", " ", _labels(re.sub(r":\d+$", "", host), situation.language))
    parts.append(Said(start + lead.end(), host_end, announced + said_host))
    segments = [segment for segment in path.split("/") if segment]
    short = len(segments) <= _SPOKEN_PATH_SEGMENTS and all(map(_SEGMENT.fullmatch, segments))
    if segments and (reading is Reading.READ or (short and reading is not Reading.ANNOUNCE)):
        said = "".join(f" {words.slash} {_labels(segment, situation.language)}" for segment in segments)
        parts.append(Said(host_end, end, re.sub(r"\s+", " ", said)))
    elif end > host_end:
        parts.append(Left(host_end, end, "web address"))
    tail = match.end() - end
    return [*parts, Again(end, match.end())] if tail else parts


_ENDINGS: Final = (
    "pdf|txt|html?|docx?|xlsx?|pptx?|jpe?g|png|gif|svg|csv|json|xml|yaml|toml|py|exe|zip|mp[34]|wav|epub|css"
    "|sh|bat|dll"
)
_SPELLED_ENDINGS: Final = words("pdf txt html htm xls xlsx ppt png gif svg csv xml exe css dll")


def _say_file(match: re.Match[str], situation: Situation) -> Saying:
    """report.pdf: report dot P.D.F."""
    ending = match["ending"]
    said = ending.upper() if ending in _SPELLED_ENDINGS else _labels(ending, situation.language)
    name = _labels(match["name"], situation.language)
    name = name.lower() if name.isupper() else name
    return re.sub(r"\s+", " ", f"{name} {announcements(situation.language).dot} {said}") if name else None


def _say_hashtag(match: re.Match[str], situation: Situation) -> Saying:
    """#MeToo: hashtag Me Too."""
    if match["name"].lower() == "hashtag":
        return "hashtag"
    return f"hashtag {_labels(_CAMEL.sub(' ', match['name']), situation.language)}"


_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _say_version(match: re.Match[str], situation: Situation) -> Saying:
    """v2.0.1: version two point zero point one."""
    if situation.language != "en":
        return None
    return "version " + " point ".join(cardinal(int(part)) for part in match["number"].split("."))


def _say_doi(match: re.Match[str], situation: Situation) -> Saying:
    """A number for libraries."""
    if situation.urls is Reading.READ:
        return re.sub(r"\s+", " ", f"D.O.I. {_labels(match['number'], situation.language)}")
    return (Left(match.start(), match.end(), "web address"),)


_SEGMENT: Final = re.compile(r"[A-Za-z][A-Za-z-]{0,24}|\d{1,6}")


def _say_mail(match: re.Match[str], situation: Situation) -> Saying:
    if situation.urls is Reading.SKIP:
        return (Left(match.start(), match.end(), "mail address", space=True),)
    words = announcements(situation.language)
    user, host = (_labels(match[name], situation.language) for name in ("user", "host"))
    if situation.urls is Reading.ANNOUNCE:
        user = words.mail_address
    return re.sub(r"\s+", " ", f"{user} {words.at} {host}")


def _say_link(match: re.Match[str], _: Situation) -> Saying:
    """[the note](page 3): misaki would take it for markup; an address in it is left out."""
    start, label_end, target, target_end = (
        match.start(),
        match.end("label"),
        match.start("target"),
        match.end("target"),
    )
    parts: list[Said | Left | Again] = [Left(start, start + 1, "link mark"), Again(start + 1, label_end)]
    if re.match(
        r"(?:[a-z]+:|www\.|\#|/|\.\.?/)|[\w./-]+\.(?:x?html?|md|png|jpe?g|gif|svg)\b|\s*$", match["target"]
    ):
        parts.append(Left(label_end, match.end(), "link"))
    else:
        follows = match.string[match.end() : match.end() + 1]
        parts += [Said(label_end, target, ", "), Again(target, target_end)]
        if follows in ".,;:!?" and follows:
            parts.append(Left(target_end, match.end(), "link mark"))
        else:
            parts.append(Said(target_end, match.end(), ","))
    return parts


def _say_picture(match: re.Match[str], _: Situation) -> Saying:
    """[Illustration: A boat] is its caption; without one it is left out."""
    start, end = match.span("caption")
    if not match["caption"] or "unavailable" in match[0].lower():
        return (Left(match.start(), match.end(), "image mark"),)
    return (
        Left(match.start(), start, "image mark"),
        Again(start, end),
        Left(end, match.end(), "image mark"),
    )


def _say_bracket(match: re.Match[str], _: Situation) -> Saying:
    return "(" if match[0] in "[{" else ")"


def _say_note_digits(match: re.Match[str], _: Situation) -> Saying:
    """river1, end.2: digits that were raised before the text lost its shape."""
    word = _WORD_BEFORE.search(match.string, max(0, match.start() - 24), match.start())
    if word is None or word[0].lower() in _NUMBERED_WORDS:
        return None
    return (Left(match.start(), match.end(), "note mark"),)


def _say_note_list(match: re.Match[str], _: Situation) -> Saying:
    """end.13,14 and end.15–17; pages.15–17 and vols.2–3 are numbers."""
    word = _LABEL_BEFORE.search(match.string, max(0, match.start() - 8), match.start())
    return None if word else (Left(match.start(), match.end(), "note mark"),)


_LABEL_BEFORE: Final = re.compile(
    r"\b(?:vols?|chaps?|ch|figs?|arts?|secs?|sect|paras?|nos?|pts?|bks?|cols?|pp|nn|vv|ll)\.$", re.IGNORECASE
)
_WORD_BEFORE: Final = re.compile(r"(?<![\w.@/-])[A-Za-z]?[a-z]{2,}$")
_NUMBERED_WORDS: Final = words(
    """
    mp sha utf ipv base python web catch vitamin covid windows area route studio channel formula
    level chapter page section figure table vol fig apollo
    """
)


def _say_sources(match: re.Match[str], situation: Situation) -> Saying:
    """A list of sources is for eyes; a lone (Smith et al., 2003) is read, as is (Rome, 1837; Bari, 1871)."""
    several = match[0].count(";")
    if situation.citations is Reading.READ or (situation.citations is Reading.USUAL and not several):
        return None
    if not _SCHOLARLY.search(match[0]) and several < 2 and (several or not _LONE.fullmatch(match[0])):
        return None
    if situation.citations is Reading.ANNOUNCE:
        return f"({announcements(situation.language).citation[several > 0]})"
    return (Left(match.start(), match.end(), "citation"),)


def _say_numbered(match: re.Match[str], situation: Situation) -> Saying:
    """[12], [3, 5-7]: the numbers of sources in a list at the end."""
    several = not match["numbers"].rstrip("abcdefghijklmnopqrstuvwxyz").isdecimal()
    if situation.citations is Reading.ANNOUNCE:
        return f"({announcements(situation.language).citation[several]})"
    if situation.citations is not Reading.READ:
        return (Left(match.start(), match.end(), "citation"),)
    lead = f"({announcements(situation.language).reference[several]} "
    return (
        Said(match.start(), match.start("numbers"), lead),
        Again(match.start("numbers"), match.end() - 1),
        Said(match.end() - 1, match.end(), ")"),
    )


_LONE: Final = re.compile(
    r"\((?:see\s|cf\.\s)?[A-Z][\w'-]+(?:(?:,|,?\sand|\s&)?\s[A-Z][\w.'-]*)*,?\s\d{4}.*\)"
)
_SCHOLARLY: Final = re.compile(
    r"et\sal|&|\d{4}[a-z]\b|\bpp?\.|[A-Z][\w'-]+\sand\s[A-Z]|\b(?:19[5-9]\d|20\d\d)\b.*;.*\b(?:19[5-9]\d|20\d\d)\b"
)


def _say_raised(match: re.Match[str], _: Situation) -> Saying:
    """A raised number after a word leads to a note; after a bracket in a formula it is a power."""
    if match.string[match.start() - 1] == ")" and "=" in match.string:
        return None
    return (Left(match.start(), match.end(), "note mark"),)


def _say_star(match: re.Match[str], _: Situation) -> Saying:
    """The second of two stars closes an emphasis, a single one leads to a note."""
    closes = "*" in match.string[max(0, match.start() - 400) : match.start()]
    return (Left(match.start(), match.end(), "emphasis mark" if closes else "note mark"),)


_SOURCE: Final = (
    r"(?:(?:see|cf\.|e\.g\.,?|see\salso)\s)?[A-Z][^();\d]{1,90},?\s(?:1[5-9]|20)\d\d[a-z]?"
    r"(?:,\s(?:1[5-9]|20)\d\d[a-z]?|(?:,|:)\s?(?:pp?\.\s?)?\d+(?:[–-]\d+)?)*"
)

RULES: Final = (
    Rule(r"\b(?:https?|ftp)://[^\s<>\"“”\[\]]+|\bwww\.[^\s<>\"“”\[\]]+", _say_address),
    Rule(r"(?<![\w.])(?P<user>[\w.+-]{1,64})@(?P<host>(?:[A-Za-z0-9-]{1,62}\.){1,8}[A-Za-z]{2,})", _say_mail),
    Rule(
        rf"(?<![\w.@/])[a-z0-9][a-z0-9-]{{0,62}}(?:\.[a-z0-9-]{{1,62}}){{0,8}}\.(?:{_TOP_LEVELS})(?![\w@]|\.\w)"
        r"(?:/[^\s<>\"“”\[\])]*)?",
        _say_address,
    ),
    Rule(rf"(?<![\w./@])(?P<name>[\w-]{{1,60}})\.(?P<ending>{_ENDINGS})(?![\w@]|\.\w)", _say_file),
    Rule(r"(?<![\w&])\#(?P<name>[A-Za-z]\w{1,60})", _say_hashtag),
    Rule(r"(?<![\w.])v\.?(?P<number>\d{1,4}(?:\.\d{1,4})+)(?!\w|\.\d)", _say_version),
    Rule(
        r"(?<![\w.@/])[A-Z][A-Za-z0-9-]{1,62}\.(?:com|org|net|edu|gov|co\.uk)(?![\w@]|\.\w)(?:/[^\s<>\"“”\[\])]*)?",
        _say_address,
    ),
    Rule(r"\b(?:doi|DOI):?\s?(?P<number>10\.\S+[^\s.,;:)\]])", _say_doi, quiet=True),
    Rule(r"\[(?P<label>[^\[\]\n]{1,300})\]\((?P<target>[^()\n]{0,300})\)", _say_link),
    Rule(
        r"\[(?i:illustration|image|picture|photo|figure|drawing)\b\s?(?:unavailable)?[:.]?\s*"
        r"(?P<caption>[^\[\]]{0,600})\]",
        _say_picture,
    ),
    Rule(
        r"\[(?P<numbers>\d{1,3}[a-z]?(?:\s?[,;–-]\s?\d{1,3}[a-z]?)*(?:,\sp+\.\s?[\d–-]+)?)\]",
        _say_numbered,
    ),
    Rule(
        r"\[(?:[a-z]|[*†‡§]+|(?i:note|footnote|fn\.?|citation\sneeded|edit)[\s\d]*)\]",
        left_out("note mark"),
    ),
    Rule(rf"\({_SOURCE}(?:;\s{_SOURCE})*\)", _say_sources),
    Rule(r"(?:(?<=[A-Za-z]{3})|(?<=[.,;:!?\"'”)]))[¹²³⁰-⁹]+(?![\w/])", _say_raised),
    Rule(r"(?<=[a-z]{3})\d{1,3}(?=[\s.,;:!?)\"'”—]|$)", _say_note_digits),
    Rule(r"(?:(?<=[a-z]{2}[.,;:!?])|(?<=[.,!?][\"'”)]))\d{1,3}(?=\s|$)", left_out("note mark")),
    Rule(r"(?:(?<=[a-z]{2}[.!?])|(?<=[.!?][\"'”)]))\d{1,3}(?:[,–-]\d{1,3})+(?=\s|$)", _say_note_list),
    Rule(r"[†‡]+", left_out("note mark")),
    Rule(r"(?<=[\w.,;:!?\"'”)])\*{1,3}(?=[\s.,;:!?)\"'”]|$)", _say_star),
    Rule(r"(?<![\w*])(?:[*_~=\#•·+-]\s?){3,}(?![\w*])|(?:[*_~=•·]){3,}", left_out("ornament", space=True)),
    Rule(r"(?<=[A-Za-z0-9])_+(?=[A-Za-z0-9])", left_out("underscore", space=True)),
    Rule(r"_+|`+|(?<!\w)\*{1,3}(?=[\w\"“'(])|(?<=[\w.,;:!?\"'”)])\*{1,3}(?!\w)", left_out("emphasis mark")),
    Rule(r"(?<!\S)={1,6}(?=\w)|(?<=\w)={1,6}(?!\S)", left_out("emphasis mark")),
    Rule(r"\A\s*\#{1,6}(?=\s)", left_out("heading mark")),
    Rule(r"[\[\]{}]", _say_bracket),
)
