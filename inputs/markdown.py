"""A Markdown text to a Book, by way of the HTML that it means."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from inputs.book import Book
from inputs.errors import EmptyDocument
from inputs.markup import parse
from inputs.one_piece import Facts, book_of
from inputs.wording import one_line
from inputs.xhtml import read_content

_HEADING: Final = re.compile(r"^#{1,6}[ \t]+\S.*$", re.M)
_FENCE: Final = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)", re.M | re.S)
_FRONT: Final = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_FRONT_LINE: Final = re.compile(r"^([A-Za-z][\w-]*)[ \t]*:[ \t]*(.*)$|^[ \t]*-[ \t]+(.*)$", re.M)
_TITLE_BLOCK: Final = re.compile(r"\A% *(.*)\n(?:% *(.*)\n)?(?:% *(.*)\n)?")
_AUTHORS_BETWEEN: Final = re.compile(r"\s*(?:;| and )\s*")


def is_markdown(text: str) -> bool:
    """Whether a text is Markdown by its look: it has headings that Markdown alone writes so."""
    return len(_HEADING.findall(_FENCE.sub("", text[:200_000]))) >= 2


def read_markdown(path: Path, sha256: str, text: str) -> Book:
    """Read a Markdown text, with the title, authors and language that its front matter states.

    Raises:
        EmptyDocument: there is nothing to speak in it.
    """
    facts, body = _facts(text)
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    rendered = reader.use(footnote_plugin).use(deflist_plugin).render(body)
    root = parse(f"<html><body>{rendered}</body></html>".encode())
    if root is None:
        raise EmptyDocument(path, "there is nothing to speak in it", "Look into it with an editor")
    return book_of(path, sha256, "markdown", read_content(root, path.name, facts.language), facts)


def _facts(text: str) -> tuple[Facts, str]:
    """What the front matter states (YAML between dashes, or Pandoc's lines of %), and the text behind it."""
    front = _FRONT.match(text)
    if front:
        stated: dict[str, list[str]] = {}
        name = ""
        for line in _FRONT_LINE.finditer(front[1]):
            name = (line[1] or name).lower()
            value = one_line((line[2] if line[1] else line[3]) or "").strip("\"'[]")
            if value:
                stated.setdefault(name, []).append(value)
        one = {name: values[0] for name, values in stated.items()}
        authors = [
            author
            for value in stated.get("author", []) + stated.get("authors", []) + stated.get("creator", [])
            for author in value.split("," if "[" in front[1] else ";")
        ]
        facts = Facts(
            title=one.get("title", ""),
            authors=tuple(filter(None, (author.strip(" \"'") for author in authors))),
            language=one.get("lang") or one.get("language"),
            publisher=one.get("publisher"),
            published=one.get("date"),
            description=one.get("description"),
        )
        return facts, text[front.end() :]
    block = _TITLE_BLOCK.match(text)
    if block:
        names = _AUTHORS_BETWEEN.split(one_line(block[2] or ""))
        published = one_line(block[3] or "") or None
        facts = Facts(title=one_line(block[1]), authors=tuple(filter(None, names)), published=published)
        return facts, text[block.end() :]
    return Facts(), text
