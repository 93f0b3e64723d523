"""A chapter's title and its document's types to its place in the book: front, body or back, spoken or not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inputs.book import Matter, SkipReason


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a chapter stands, and why it is not spoken (None: it is)."""

    matter: Matter
    skip: SkipReason | None = None


BODY = Standing(Matter.BODY)
_FRONT_SKIPPED = Standing(Matter.FRONT, SkipReason.FRONT_MATTER)
_FRONT_SPOKEN = Standing(Matter.FRONT)
_BACK_SKIPPED = Standing(Matter.BACK, SkipReason.BACK_MATTER)
_BACK_SPOKEN = Standing(Matter.BACK)
_INDEX = Standing(Matter.BACK, SkipReason.INDEX)
_CONTENTS = Standing(Matter.FRONT, SkipReason.CONTENTS)
_NOTES = Standing(Matter.BACK, SkipReason.NOTE)

# EPUB 3 Structural Semantics Vocabulary, EPUB 2 guide types and DPUB-ARIA roles
_TYPES = {
    **dict.fromkeys(["toc", "loi", "lot", "lof", "loa", "lov", "landmarks", "page-list"], _CONTENTS),
    **dict.fromkeys(
        ["cover", "titlepage", "title-page", "halftitlepage", "copyright-page", "copyright", "imprint",
         "imprimatur", "seriespage", "other-credits", "contributors", "halftitle-page"],
        _FRONT_SKIPPED,
    ),
    **dict.fromkeys(
        ["preface", "foreword", "introduction", "preamble", "dedication", "epigraph", "acknowledgments",
         "acknowledgements", "abstract"],
        _FRONT_SPOKEN,
    ),
    **dict.fromkeys(
        ["bibliography", "colophon", "credits", "errata", "revision-history"], _BACK_SKIPPED
    ),
    "index": _INDEX,
    **dict.fromkeys(["notes", "endnotes", "footnotes", "rearnotes"], _NOTES),
    **dict.fromkeys(["appendix", "glossary", "afterword"], _BACK_SPOKEN),
    **dict.fromkeys(["prologue", "epilogue", "conclusion", "chapter", "part", "volume"], BODY),
}  # fmt: skip
_ORDER = {Matter.FRONT: "frontmatter", Matter.BODY: "bodymatter", Matter.BACK: "backmatter"}

_NUMBER = r"(?:(?:\d+(?:\.\d+)*|[ivxlc]+|[a-z])[.):]?\s+)?"
_TITLES = tuple(
    (re.compile(rf"{_NUMBER}(?:{pattern})[\s.:]*", re.I), standing)
    for pattern, standing in (
        (r"(?:table of |brief |detailed )?contents(?: in brief)?|toc|list of (?:figures|tables"
         r"|illustrations|plates|maps|abbreviations|symbols)|(?:list of )?illustrations"
         r"|inhalt(?:sverzeichnis)?|table des matières|sommaire"
         r"|índice(?: general)?|indice|sumário|inhoud(?:sopgave)?|目次|목차",
         _CONTENTS),
        (r"(?:front )?cover(?: page)?|half[- ]?title(?: page)?|title[- ]?page"
         r"|copyright(?: (?:page|notice|information))?|imprint|impressum|legal notice|also by .*"
         r"|(?:other )?books by .*|by the same author|praise for .*"
         r"|advance praise.*|titelseite|titelblatt|page de titre|newsletter.*|transcriber[’']?s notes?"
         r"|about (?:the |this )?(?:e-?book|publisher|edition)|(?:the )?project gutenberg.*"
         r"|pg (?:boilerplate|header).*|license",
         _FRONT_SKIPPED),
        (r"(?:general |subject |name |author )?index(?: of .*)?|stichwortverzeichnis|sachregister", _INDEX),
        (r"bibliography|(?:select(?:ed)? )?references"
         r"|works cited|further reading|colophon|uncopyright|back cover|permissions|credits"
         r"|(?:photo|picture|image|illustration) credits|errata|literatur"
         r"(?:verzeichnis)?|quellen(?:verzeichnis)?|bildquellen|bibliographie|bildnachweis"
         r"|(?:the )?full project gutenberg.*|pg licen[cs]e.*|back matter|advertisements?|symbolverzeichnis"
         r"|abkürzungsverzeichnis|abbreviations",
         _BACK_SKIPPED),
        (r"(?:end ?|foot ?)?notes?|anmerkungen|fußnoten|endnoten|notas", _NOTES),
        (r"preface.*|foreword.*|introduction|introductory.*|dedication|epigraph|vorwort.*|einleitung"
         r"|avant-propos|préface|prefacio|prólogo|prefazione|a note (?:on|to|from) .*"
         r"|author[’']?s note|to the reader",
         _FRONT_SPOKEN),
        (r"appendix.*|appendices|annex.*|anhang.*|afterword.*|nachwort|postface|glossary.*|glossar"
         r"|about the authors?.*|acknowledge?ments?|danksagung|remerciements|biographical note.*|lösungen.*",
         _BACK_SPOKEN),
    )
)  # fmt: skip


def by_types(types: frozenset[str]) -> Standing | None:
    """The standing that epub:type, role or guide values give; None where they say nothing about it."""
    for kind, standing in _TYPES.items():  # in its order: a set has none that lasts
        if kind in types:
            if standing is _FRONT_SPOKEN and "backmatter" in types:
                return _BACK_SPOKEN
            if standing is _FRONT_SPOKEN and "bodymatter" in types:
                return BODY
            return standing
    return None


def by_title(title: str) -> Standing | None:
    """The standing that a title alone gives, None for a title like any other."""
    for pattern, standing in _TITLES:
        if pattern.fullmatch(title.strip()):
            numbered = title.strip()[:1].isdigit() or re.match(r"[IVXLC]+[.)\s]", title.strip())
            return BODY if standing is _FRONT_SPOKEN and numbered else standing
    return None


def region(types: frozenset[str]) -> Matter | None:
    """Front, body or back where the types say it outright."""
    return next((matter for matter, name in _ORDER.items() if name in types), None)
