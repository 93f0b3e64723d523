"""Bytes of XML or HTML to an lxml tree, whatever their encoding, entities or faults."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from html.entities import html5

from lxml import etree, html

from inputs.encoding import damaged_utf_8

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED_ENCODING = re.compile(rb"""(?:encoding|charset)\s*=\s*["']?\s*([A-Za-z0-9._:-]+)""")
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(\[.*?\]\s*)?>", re.S | re.I)
_INTERNAL_ENTITY = re.compile(r"""<!ENTITY\s+([\w.-]+)\s+(?:"([^"<&%]*)"|'([^'<&%]*)')\s*>""")
_ENTITY = re.compile(r"&([A-Za-z][\w.-]*);")
_XML_ENTITIES = {"amp", "lt", "gt", "quot", "apos"}
_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*)[^>]*?(/?)>")
# libxml2 gives up at a nesting of 256, or 2048 when told that the tree is huge; no real document passes 60
DEPTH_LIMIT = 200
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"]
)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def parse(data: bytes) -> etree._Element | None:
    """The root element of an XML or HTML document; None where there is no markup at all.

    Encodings are taken from the byte order mark, then the declaration, then UTF-8 (which may have some
    damage), then Windows-1252. HTML's
    named entities and the document's own plain-text entities are replaced; nothing external is ever loaded.
    What is not well-formed XML is read as HTML.
    """
    text = _NOT_XML.sub("", _decoded(data))
    text = _XML_DECLARATION.sub("", text, count=1)
    entities: dict[str, str] = {}
    doctype = _DOCTYPE.search(text, 0, 100_000)
    if doctype:
        entities = {m[1]: m[2] or m[3] or "" for m in _INTERNAL_ENTITY.finditer(doctype.group())}
        text = text[: doctype.start()] + text[doctype.end() :]
    text = _ENTITY.sub(lambda match: _entity(match, entities), text).strip()
    if "<" not in text:
        return None
    try:
        return etree.fromstring(text.encode(), _xml_parser())
    except etree.XMLSyntaxError:
        flat = _flattened(text)  # not before: it takes longer than parsing
    try:
        return etree.fromstring(flat.encode(), _xml_parser())
    except etree.XMLSyntaxError:
        return _as_html(flat)


def name_of(element: etree._Element) -> str:
    """The element's name without its namespace, in lower case."""
    tag = element.tag
    return _plain_name(tag) if isinstance(tag, str) else ""


@lru_cache(1024)
def _plain_name(tag: str) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2].lower()


def attribute(element: etree._Element, name: str) -> str:
    """An attribute by its name without a namespace ("type" finds epub:type); "" where there is none."""
    plain = element.get(name)
    if plain is not None:
        return plain
    for key, value in element.items():
        if str(key).endswith(name) and str(key).rpartition("}")[2].rpartition(":")[2] == name:
            return str(value)
    return ""


def text_of(element: etree._Element) -> str:
    """All text below the element, as it stands."""
    return "".join(str(text) for text in element.itertext())


def _decoded(data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    for pattern, encoding in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if data.startswith(pattern):
            return data.decode(encoding, "replace")
    declared = _DECLARED_ENCODING.search(data[:1024])
    if declared:
        label = declared[1].decode("ascii")
        try:
            encoding = codecs.lookup(label).name
            # browsers read these labels as their Windows supersets (WHATWG Encoding Standard, section 4.2)
            encoding = {"iso8859-1": "cp1252", "ascii": "cp1252"}.get(encoding, encoding)
            return data.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            pass  # the declaration is wrong: go by the bytes
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return damaged_utf_8(data) or data.decode("cp1252", "replace")


def _entity(match: re.Match[str], own: dict[str, str]) -> str:
    name = match[1]
    if name in _XML_ENTITIES:
        return match.group()
    if name in own:
        return own[name]
    character = html5.get(name + ";")
    if character is None:
        return f"&amp;{name};"
    return {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(character, character)


def _flattened(text: str) -> str:
    """Drop the tags that lie deeper than `DEPTH_LIMIT`, and keep their text."""
    tags = [match for match in _TAG.finditer(text) if not match[3] and match[2].lower() not in _VOID]
    depths, depth = [], 0
    for match in tags:
        depth += -1 if match[1] else 1
        depths.append(depth if not match[1] else depth + 1)
    # where half of the end tags are left out, as HTML allows, counting tags says nothing about depth
    if max(depths, default=0) <= DEPTH_LIMIT or depth > len(tags) // 4:
        return text
    kept, done = [], 0
    for match, level in zip(tags, depths, strict=True):
        if level > DEPTH_LIMIT:
            kept.append(text[done : match.start()])
            done = match.end()
    return " ".join([*kept, text[done:]])


def _xml_parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=True,
        remove_comments=True,
        remove_pis=True,
    )


def _as_html(text: str) -> etree._Element | None:
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True, no_network=True
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, etree.ParserError):
        return None
    return root
