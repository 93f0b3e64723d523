"""A content document of EPUB 2 (XHTML 1.1, and what was taken for it) into one of EPUB 3 (XHTML5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from inputs.markup import name_of, text_of

XHTML: Final = "http://www.w3.org/1999/xhtml"
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")  # a lenient parser lets more through: <p::p>
# prefixes that stay as they are in what is read as HTML
_SPACES: Final[Mapping[str, str]] = {
    "epub": "http://www.idpf.org/2007/ops",
    "xlink": "http://www.w3.org/1999/xlink",
    "xml": "http://www.w3.org/XML/1998/namespace",
}
# elements that HTML5 has no more: what they are now, and how that looks the same
_RENAMED: Final[Mapping[str, tuple[str, str]]] = {
    "acronym": ("abbr", ""),
    "big": ("span", "font-size: larger"),
    "center": ("div", "text-align: center"),
    "dir": ("ul", ""),
    "font": ("span", ""),
    "nobr": ("span", "white-space: nowrap"),
    "strike": ("s", ""),
    "tt": ("span", "font-family: monospace"),
}
_LOOKS: Final[Mapping[str, str]] = {
    "bgcolor": "background-color",
    "color": "color",
    "face": "font-family",
    "height": "height",
    "text": "color",
    "valign": "vertical-align",
    "width": "width",
}
# attributes that HTML5 has no more, or that only some elements may have
_GONE: Final = frozenset(
    ("align", "alink", "axis", "background", "bgcolor", "border", "cellpadding", "cellspacing", "char",
     "charoff", "clear", "color", "compact", "face", "frame", "hspace", "link", "longdesc", "noshade",
     "nowrap", "profile", "rev", "rules", "scheme", "summary", "text", "valign", "version", "vlink", "vspace")
)  # fmt: skip
_SIZED: Final = frozenset(("img", "video", "canvas", "iframe", "object", "embed", "input", "svg", "image"))
_NAMED: Final = frozenset(
    ("meta", "map", "object", "input", "select", "textarea", "form", "iframe", "button", "param", "slot")
)


def as_xhtml5(root: etree._Element, title: str) -> etree._Element:
    """The document in XHTML5, its looks kept; no text is changed. The tree that comes in is used up.

    title: for a document without one.
    """
    html = etree.Element(f"{{{XHTML}}}html", _attributes(root), nsmap=_namespaces(root))
    html.text = root.text
    for child in list(root) if name_of(root) == "html" else [root]:
        html.append(child)
    seen: set[str] = set()
    for element in html.iter():
        if not isinstance(element.tag, str):
            continue
        space, _, name = element.tag.rpartition("}")
        if space in ("", f"{{{XHTML}"):
            element.tag = f"{{{XHTML}}}{name.lower() if _NAME.fullmatch(name) else 'span'}"
            _mend(element)
        _keep_first_id(element, seen)
    _mend_head(html, title)
    for element in list(html.iter(f"{{{XHTML}}}ul", f"{{{XHTML}}}ol")):
        _into_items(element)
    return html


def _namespaces(root: etree._Element) -> dict[Any, str]:  # lxml's stubs know no default namespace
    own = {prefix: uri for prefix, uri in root.nsmap.items() if prefix is not None and uri != XHTML}
    return {**own, None: XHTML}


def _mend(element: etree._Element) -> None:
    name = name_of(element)
    new, style = _RENAMED.get(name, (name, ""))
    styles = [style] if style else []
    attributes = _attributes(element)
    align = attributes.get("align", "").lower()
    if align in ("left", "right") and name in ("img", "table"):
        styles.append(f"float: {align}")
    elif align == "center" and name == "table":
        styles.append("margin-left: auto; margin-right: auto")
    elif align in ("left", "right", "center", "justify"):
        styles.append(f"text-align: {align}")
    if attributes.get("border", "0").isdigit() and int(attributes.get("border", "0")):
        styles.append(f"border: {attributes['border']}px solid")
    if "nowrap" in attributes:
        styles.append("white-space: nowrap")
    if attributes.get("clear", "").lower() in ("left", "right", "all"):
        styles.append(f"clear: {attributes['clear'].lower().replace('all', 'both')}")
    for old, look in _LOOKS.items():
        value = attributes.get(old, "").strip()
        if not value or (old in ("width", "height") and _may_be_sized(name, value)):
            continue
        if old in ("width", "height"):
            del attributes[old]
            if not re.fullmatch(r"\d+(\.\d+)?(px|em|%)?", value):
                continue
            value += "px" if value[-1].isdigit() else ""
        styles.append(f"{look}: {value}")
    for plain in list(attributes):
        only_here = (plain == "size" and new in ("span", "hr")) or (plain == "type" and name in ("ul", "li"))
        if plain in _GONE or only_here:
            del attributes[plain]
    if "name" in attributes and name not in _NAMED:
        anchor = attributes.pop("name")
        if "id" not in attributes and not re.search(r"\s", anchor) and anchor:
            attributes["id"] = anchor
    language, own = attributes.get(f"{_XML}lang"), attributes.get("lang")
    if language is not None and own is not None and language.lower() != own.lower():
        attributes["lang"] = language
    attributes.pop(f"{_XML}space", "")
    attributes.pop(f"{_XML}base", "")
    if styles:
        before = attributes.get("style", "").strip().rstrip(";")
        attributes["style"] = "; ".join(filter(None, [*styles, before]))  # what was said expressly wins
    element.attrib.clear()
    element.attrib.update(list(attributes.items()))
    if new != name:
        element.tag = f"{{{XHTML}}}{new}"


def _attributes(element: etree._Element) -> dict[str, str]:
    named = ((_in_its_space(str(name)), str(value)) for name, value in element.attrib.items())
    return {name: value for name, value in named if _NAME.fullmatch(name.rpartition("}")[2])}


def _in_its_space(name: str) -> str:
    prefix, _, plain = name.partition(":")
    return f"{{{_SPACES[prefix]}}}{plain}" if prefix in _SPACES and plain else name


def _may_be_sized(name: str, value: str) -> bool:
    return name in _SIZED and (value.isdigit() or name in ("svg", "image"))


def _keep_first_id(element: etree._Element, seen: set[str]) -> None:
    identifier = element.get("id")
    if identifier is None:
        return
    if not identifier.strip() or identifier in seen or re.search(r"\s", identifier):
        del element.attrib["id"]
    seen.add(identifier)


def _mend_head(html: etree._Element, title: str) -> None:
    head = html.find(f"{{{XHTML}}}head")
    if head is None:
        head = etree.Element(f"{{{XHTML}}}head")
        html.insert(0, head)
    for meta in list(head.iter(f"{{{XHTML}}}meta")):
        if (
            meta.get("http-equiv") is not None
            or meta.get("charset") is not None
            or meta.get("content") is None
        ):
            _drop(meta)
    etree.SubElement(head, f"{{{XHTML}}}meta", {"charset": "utf-8"})
    titles = head.findall(f"{{{XHTML}}}title")
    for extra in titles[1:]:
        _drop(extra)
    own = titles[0] if titles else etree.SubElement(head, f"{{{XHTML}}}title")
    if not text_of(own).strip():
        own.text = title


def _into_items(items: etree._Element) -> None:
    """A list's children are its items: a list inside a list stands in one of its own."""
    for child in list(items):
        if name_of(child) not in ("li", "script", "template"):
            item = etree.Element(f"{{{XHTML}}}li", {"style": "list-style: none"})
            items.replace(child, item)
            item.tail, child.tail = child.tail, None
            item.append(child)


def _drop(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
