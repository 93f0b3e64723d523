"""A web page in one file to a Book: its text is heard, what surrounds it on the page is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lxml import etree

from inputs.book import Book, SkipReason
from inputs.errors import EmptyDocument
from inputs.markup import attribute, name_of, parse, text_of
from inputs.one_piece import Facts, book_of
from inputs.wording import one_line
from inputs.xhtml import read_content

_BEGINS: Final = re.compile(
    rb"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*(?:<!doctype\s+html|<(?:html|head|body|article|main|h[1-6]|p|div)\b)",
    re.I | re.S,
)
_FRAME_ELEMENTS: Final = frozenset(["nav", "footer", "aside", "form", "button", "select", "menu"])
_FRAME_ROLES: Final = frozenset(
    ["navigation", "banner", "contentinfo", "complementary", "search", "menu", "menubar", "toolbar", "dialog",
     "alert", "form"]
)  # fmt: skip
_FRAME_CLASS: Final = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|sidebar|breadcrumbs?|cookies?|consent|share|sharing|social"
    r"|related|comments|advert|ads|banner|newsletter|subscribe|pagination|pager|skip-?link|site-?header"
    r"|site-?footer|masthead|promo)(?:$|[\s_-])",
    re.I,
)
# A list of links is a menu; prose with links in it is prose.
_MENU_LINK_SHARE: Final = 0.5
# The page's main part holds most of what there is to read; where it does not, the page marks it wrongly.
_MAIN_SHARE: Final = 0.4
_AFTER_THE_TITLE: Final = re.compile(r"\s+[|–—·»]\s+|\s+-\s+")


def is_web_page(head: bytes) -> bool:
    """Whether the first bytes of a file are a web page's; UTF-16 is left to its byte order mark."""
    plain = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")
    return bool(_BEGINS.match(plain))


def read_web_page(path: Path, sha256: str, data: bytes) -> Book:
    """Read a web page.

    Raises:
        EmptyDocument: there is nothing to speak in it.
    """
    root = parse(data)
    if root is None:
        raise EmptyDocument(path, "there is no text in this web page", "Open it in a browser to see")
    facts = _facts(root)
    frame = dict.fromkeys(_frame(root), SkipReason.FURNITURE)
    content = read_content(root, path.name, facts.language, frame)
    return book_of(path, sha256, "html", content, facts)


def _facts(root: etree._Element) -> Facts:
    stated: dict[str, list[str]] = {}
    title = language = ""
    for element in root.iter():
        name = name_of(element)
        if name == "meta":
            key = (element.get("name") or element.get("property") or "").lower()
            value = one_line(element.get("content") or "")
            if key and value:
                stated.setdefault(key.removeprefix("og:").removeprefix("article:"), []).append(value)
        elif name == "title" and not title:
            title = one_line(text_of(element))
        elif name == "html":
            language = element.get("lang") or attribute(element, "lang")
    for prefix in ("dc.", "dcterms.", "dc:"):
        for key in [key for key in stated if key.startswith(prefix)]:
            stated.setdefault(key.removeprefix(prefix), stated[key])
    authors = stated.get("author") or stated.get("creator") or []
    return Facts(
        title=_without_site(root, stated.get("title", [""])[0] or title),
        authors=tuple(dict.fromkeys(author for author in authors if "://" not in author)),
        language=language or next(iter(stated.get("language", [])), None),
        publisher=next(iter(stated.get("site_name", stated.get("publisher", []))), None),
        published=next(iter(stated.get("published_time", stated.get("date", []))), None),
        description=next(iter(stated.get("description", [])), None),
    )


def _without_site(root: etree._Element, title: str) -> str:
    """“Article – The Site” is “Article” where the page's own heading says so."""
    parts = _AFTER_THE_TITLE.split(title)
    headings = {one_line(text_of(element)) for element in root.iter() if name_of(element) == "h1"}
    return next((part for part in parts if part in headings), title) if len(parts) > 1 else title


def _frame(root: etree._Element) -> Iterator[etree._Element]:
    """The elements that surround the text: the outermost ones, each with all that it holds."""
    inside = _main_part(root)
    around = set(inside.iterancestors()) if inside is not None else set()
    walker = etree.iterwalk(root, events=("start",))
    for _, element in walker:
        if element is inside or element in around or name_of(element) in ("html", "body", "head"):
            continue
        outside = inside is not None and inside not in element.iterancestors()
        if outside or _is_frame(element):
            yield element
            walker.skip_subtree()


def _main_part(root: etree._Element) -> etree._Element | None:
    """The <main> element, or the only <article>, where most of the text is in it."""
    mains = [e for e in root.iter() if name_of(e) == "main" or e.get("role") == "main"]
    articles = [element for element in root.iter() if name_of(element) == "article"]
    candidates = mains or articles
    if len(candidates) != 1:
        return None
    whole = len(text_of(root).strip())
    return candidates[0] if len(text_of(candidates[0])) > _MAIN_SHARE * whole else None


def _is_frame(element: etree._Element) -> bool:
    name = name_of(element)
    if name in _FRAME_ELEMENTS or (element.get("role") or "").lower() in _FRAME_ROLES:
        return True
    if name == "header":  # of the page; a header inside an article holds the article's title
        holds_title = any(name_of(inner) in ("h1", "h2") for inner in element.iterdescendants())
        in_article = any(
            name_of(above) in ("article", "main", "section") for above in element.iterancestors()
        )
        return not (in_article or holds_title)
    if name not in ("div", "ul", "ol", "section", "span", "p", "table", "td"):
        return False
    if not _FRAME_CLASS.search(f"{element.get('class') or ''} {element.get('id') or ''}"):
        return False
    text = len(text_of(element).strip())
    linked = sum(len(text_of(link).strip()) for link in element.iterdescendants() if name_of(link) == "a")
    return linked > _MENU_LINK_SHARE * text or text < 200
