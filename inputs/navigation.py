"""A navigation document or an NCX to the tree of entries that it lists."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from urllib.parse import unquote

from lxml import etree

from inputs.markup import attribute, name_of, text_of
from inputs.wording import one_line

# The deepest real table of contents at hand has 4 levels; what lies deeper is listed at the last level.
LEVELS_LIMIT = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a table of contents."""

    title: str
    href: str | None  # inside the archive, decoded, without its fragment; None for a line that leads nowhere
    fragment: str | None
    level: int  # 0 is outermost
    types: frozenset[str] = frozenset()


def read_nav(root: etree._Element, href: str, kind: str = "toc") -> tuple[Entry, ...]:
    """The entries of an EPUB 3 navigation document, in document order.

    root: the document. href: its own name, which its links are relative to. kind: "toc" or "landmarks".
    returns: () when there is no such list.
    """
    navs = [element for element in root.iter() if name_of(element) == "nav"]
    chosen = next((nav for nav in navs if kind in attribute(nav, "type").lower().split()), None)
    if chosen is None and kind == "toc":
        untyped = [nav for nav in navs if not attribute(nav, "type")]
        chosen = untyped[0] if untyped else None
    if chosen is None:
        return ()
    entries: list[Entry] = []
    depth = 0
    for event, element in etree.iterwalk(chosen, events=("start", "end")):
        name = name_of(element)
        if name in ("ol", "ul"):
            depth += 1 if event == "start" else -1
        elif event == "start" and name == "li":
            label = next((child for child in element if name_of(child) not in ("ol", "ul")), None)
            link = label if label is not None and name_of(label) == "a" else None
            if link is None and label is not None:
                link = next((inner for inner in label.iter() if name_of(inner) == "a"), None)
            title = one_line(text_of(label if label is not None else element)) if len(element) else ""
            title = title or (one_line(element.text or ""))
            target = link.get("href") if link is not None else None
            types = frozenset(attribute(link, "type").lower().split()) if link is not None else frozenset()
            entries.append(_entry(title, target, href, depth - 1, types))
    return tuple(entries)


def read_ncx(root: etree._Element, href: str) -> tuple[Entry, ...]:
    """The entries of an EPUB 2 NCX, in document order; arguments as for `read_nav`."""
    entries: list[Entry] = []
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if name_of(element) != "navpoint":
            continue
        if event == "end":
            depth -= 1
            continue
        label = next((child for child in element if name_of(child) == "navlabel"), None)
        content = next((child for child in element if name_of(child) == "content"), None)
        title = one_line(text_of(label)) if label is not None else ""
        entries.append(_entry(title, content.get("src") if content is not None else None, href, depth))
        depth += 1
    return tuple(entries)


def resolve(target: str, base: str) -> tuple[str, str | None]:
    """A link inside the archive to (name, fragment); both percent-decoded.

    base: the name of the document that the link stands in.
    """
    path, _, fragment = target.strip().partition("#")
    path = unquote(path.partition("?")[0])
    name = (
        posixpath.normpath(posixpath.join("/", posixpath.dirname(base), path)).lstrip("/") if path else base
    )
    return name, unquote(fragment) or None


def is_remote(target: str) -> bool:
    """True for links that lead out of the archive."""
    scheme = target.strip().partition(":")[0]
    return ":" in target and scheme.isalpha() and len(scheme) > 1 and "/" not in scheme


def _entry(
    title: str, target: str | None, base: str, level: int, types: frozenset[str] = frozenset()
) -> Entry:
    level = min(max(level, 0), LEVELS_LIMIT)
    if not target or is_remote(target):
        return Entry(title, None, None, level, types)
    href, fragment = resolve(target, base)
    return Entry(title, href, fragment, level, types)
