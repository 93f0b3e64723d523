"""An EPUB's package document into one of EPUB 3 that can be added to."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from lxml import etree

from inputs.archive import Archive
from inputs.book import Book
from inputs.epub_package import DC, OPF
from inputs.markup import name_of, parse, text_of
from inputs.navigation import Entry, is_remote, resolve
from outputs.errors import BadSource
from outputs.xhtml5 import XHTML

CONTAINER: Final = "META-INF/container.xml"
TEXT_TYPES: Final = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")
_XHTML_TYPE: Final = "application/xhtml+xml"
_OPS: Final = "http://www.idpf.org/2007/ops"
_MODIFIED: Final = "dcterms:modified"
_NEVER: Final = "2000-01-01T00:00:00Z"  # of sources that do not say when: the same book is the same bytes
_MAY_REPEAT: Final = frozenset(
    ("identifier", "title", "language", "contributor", "coverage", "creator", "description", "format",
     "publisher", "relation", "rights", "source", "subject", "type")
)  # fmt: skip  # all of Dublin Core's but the date (EPUB 3.3 section 5.5.4.2)


class Epub3Package:
    """A package document of EPUB 3, made from that of any EPUB.

    `name` is its own name in the archive; `items` are the manifest's, by their name in the archive.
    """

    def __init__(self, path: Path, archive: Archive, book: Book) -> None:
        """Read the package, and bring it to EPUB 3 if it is of an older one.

        Raises:
            BadSource: the archive has no package that can be read.
        """
        self.name = _package_name(path, archive)
        root = parse(archive.read(self.name) or b"")
        if root is None or name_of(root) != "package":
            raise BadSource(f"{path}: its package {self.name} cannot be read", _READ_AGAIN)
        self.is_new = not (root.get("version") or "").strip().startswith("3")  # made EPUB 3 here
        self.root = _upgraded(root, book) if self.is_new else root
        self.metadata = self._section("metadata")
        self.manifest = self._section("manifest")
        self.spine = self._section("spine")
        self._ids = {str(one.get("id")) for one in self.root.iter() if one.get("id")}
        self.items: dict[str, etree._Element] = {}
        for item in list(self.manifest):
            found = None if is_remote(item.get("href") or "") else archive.find(self._inside(item))
            if found is None and not is_remote(item.get("href") or ""):
                self._remove(item)  # listed, but not there
            elif found is not None and found not in self.items:
                self.items[found] = item
        if self.is_new:
            self._drop_dead_references()

    def texts(self) -> Iterator[str]:
        """The names of the XHTML documents, in the manifest's order."""
        return (name for name, item in self.items.items() if item.get("media-type") in TEXT_TYPES)

    def read_order(self) -> list[str]:
        """The names of the documents of the spine, each once."""
        names = {item.get("id"): name for name, item in self.items.items()}
        order = (names.get(one.get("idref")) for one in self.spine)
        return list(dict.fromkeys(name for name in order if name is not None))

    def add(self, name: str, media_type: str, wanted_id: str, properties: str = "") -> str:
        """List another file; returns its id."""
        identifier = wanted_id
        while identifier in self._ids:
            identifier += "x"
        self._ids.add(identifier)
        item = etree.SubElement(self.manifest, f"{{{OPF}}}item", {"id": identifier, "href": self.href(name)})
        item.set("media-type", media_type)
        if properties:
            item.set("properties", properties)
        self.items[name] = item
        return identifier

    def say(self, name: str, text: str, refines: str | None = None) -> None:
        """Add a piece of metadata, about the book or about an item."""
        meta = etree.SubElement(self.metadata, f"{{{OPF}}}meta", {"property": name})
        if refines is not None:
            meta.set("refines", f"#{refines}")
        meta.text = text

    def unsay(self, prefix: str) -> None:
        """Take out the metadata whose property begins so."""
        for meta in list(self.metadata):
            if name_of(meta) == "meta" and (meta.get("property") or "").startswith(prefix):
                self.metadata.remove(meta)

    def drop_overlays(self) -> None:
        """Take out the read-along that the source has already; its audio stays."""
        for item in list(self.manifest):
            item.attrib.pop("media-overlay", "")
            if item.get("media-type") == "application/smil+xml":
                self._remove(item)
        self.items = {name: item for name, item in self.items.items() if item.getparent() is not None}
        for item in self.manifest:
            self._mend_fallback(item)
        self.unsay("media:")

    def has_nav(self) -> bool:
        """Whether the manifest names a navigation document."""
        return any("nav" in (item.get("properties") or "").split() for item in self.manifest)

    def href(self, name: str) -> str:
        """A file of the archive as the package refers to it."""
        return relative(name, self.name)

    def mark_properties(self, name: str, root: etree._Element) -> None:
        """Say what EPUB 3 wants to be told of a document: drawings, formulas, scripts, links out."""
        found = set((self.items[name].get("properties") or "").split())
        for element in root.iter():
            kind = name_of(element)
            if kind in ("svg", "math"):
                found.add("svg" if kind == "svg" else "mathml")
            if kind in ("script", "form") or any(str(key).startswith("on") for key in element.attrib):
                found.add("scripted")
            if kind in ("img", "audio", "video", "source", "iframe") and is_remote(element.get("src") or ""):
                found.add("remote-resources")
        if found:
            self.items[name].set("properties", " ".join(sorted(found)))

    def as_bytes(self) -> bytes:
        """The package as a file."""
        etree.indent(self.root)
        return etree.tostring(self.root, encoding="utf-8", xml_declaration=True) + b"\n"

    def _section(self, wanted: str) -> etree._Element:
        found = next((child for child in self.root if name_of(child) == wanted), None)
        return etree.SubElement(self.root, f"{{{OPF}}}{wanted}") if found is None else found

    def _inside(self, item: etree._Element) -> str:
        return resolve(item.get("href") or "", self.name)[0]

    def _remove(self, item: etree._Element) -> None:
        self.manifest.remove(item)
        for reference in [one for one in self.spine if one.get("idref") == item.get("id")]:
            self.spine.remove(reference)
        if self.spine.get("toc") == item.get("id"):
            del self.spine.attrib["toc"]

    def _mend_fallback(self, item: etree._Element) -> None:
        if item.get("fallback") is not None and item.get("fallback") not in {
            one.get("id") for one in self.manifest
        }:
            del item.attrib["fallback"]

    def _drop_dead_references(self) -> None:
        ids = {item.get("id") for item in self.manifest}
        for reference in list(self.spine):
            if reference.get("idref") not in ids:
                self.spine.remove(reference)
        for item in self.manifest:
            self._mend_fallback(item)
        for guide in [child for child in self.root if name_of(child) == "guide"]:
            self.root.remove(guide)  # EPUB 3 has landmarks instead, and needs neither


def nav_document(
    entries: Sequence[Entry],
    title: str,
    name: str,
    ids: Mapping[str, frozenset[str]],
    otherwise: Sequence[str],
) -> bytes:
    """A navigation document of a table of contents.

    name: its own name. ids: the documents that it may lead to, and the ids in them. otherwise: what it lists
    where the contents lead nowhere.
    """
    usual: dict[Any, str] = {"epub": _OPS, None: XHTML}
    html = etree.Element(f"{{{XHTML}}}html", nsmap=usual)
    head = etree.SubElement(html, f"{{{XHTML}}}head")
    etree.SubElement(head, f"{{{XHTML}}}meta", {"charset": "utf-8"})
    etree.SubElement(head, f"{{{XHTML}}}title").text = title
    nav = etree.SubElement(etree.SubElement(html, f"{{{XHTML}}}body"), f"{{{XHTML}}}nav")
    nav.set(f"{{{_OPS}}}type", "toc")
    living = [one for one in entries if one.href in ids and one.title]
    if not living:
        living = [Entry(title, href, None, 0) for href in otherwise[:1]]
    lists = [etree.SubElement(nav, f"{{{XHTML}}}ol")]
    for entry in living:
        level = min(entry.level, len(lists) if len(lists[-1]) else 0)
        del lists[level + 1 :]
        if level == len(lists):
            lists.append(etree.SubElement(lists[-1][-1], f"{{{XHTML}}}ol"))
        assert entry.href is not None
        fragment = f"#{quote(entry.fragment)}" if entry.fragment in ids[entry.href] and entry.fragment else ""
        link = etree.SubElement(etree.SubElement(lists[-1], f"{{{XHTML}}}li"), f"{{{XHTML}}}a")
        link.set("href", relative(entry.href, name) + fragment)
        link.text = entry.title
    etree.indent(html)
    return document_bytes(html)


def document_bytes(root: etree._Element) -> bytes:
    """A content document as a file."""
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, doctype="<!DOCTYPE html>") + b"\n"


def relative(name: str, base: str) -> str:
    """A file of an archive as another one, `base`, refers to it."""
    return quote(posixpath.relpath("/" + name, "/" + posixpath.dirname(base)))


def container(package: str) -> bytes:
    """META-INF/container.xml."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        f'<rootfile full-path="{package}" media-type="application/oebps-package+xml"/>'
        "</rootfiles></container>\n"
    ).encode()


def _package_name(path: Path, archive: Archive) -> str:
    root = parse(archive.read(CONTAINER) or b"")
    for element in root.iter() if root is not None else ():
        if name_of(element) == "rootfile" and (found := archive.find(str(element.get("full-path")))):
            return found
    packages = sorted((n for n in archive.names if n.lower().endswith(".opf")), key=lambda n: n.count("/"))
    if not packages:
        raise BadSource(f"{path}: there is no EPUB package in it any more", _READ_AGAIN)
    return packages[0]


_READ_AGAIN: Final = "Run again, and leave the document as it is meanwhile"


def _upgraded(source: etree._Element, book: Book) -> etree._Element:
    """A package of EPUB 3 with what one of EPUB 2 says, and all that EPUB 3 wants to be told."""
    package = etree.Element(f"{{{OPF}}}package", {"version": "3.0"}, nsmap=_DEFAULT)
    if source.get("dir") in ("ltr", "rtl"):
        package.set("dir", str(source.get("dir")))
    metadata = etree.SubElement(package, f"{{{OPF}}}metadata", nsmap={"dc": DC})
    manifest = etree.SubElement(package, f"{{{OPF}}}manifest")
    spine = etree.SubElement(package, f"{{{OPF}}}spine")
    ids: set[str] = set()
    said: set[str] = set()
    for element in source.iter():
        parent = element.getparent()
        above = name_of(parent) if parent is not None else ""
        name = name_of(element)
        if above in ("metadata", "dc-metadata", "x-metadata"):
            _copy_metadata(element, metadata, ids, said)
        elif name == "item" and above == "manifest" and element.get("id") and element.get("id") not in ids:
            ids.add(str(element.get("id")))
            item = etree.SubElement(manifest, f"{{{OPF}}}item", _some(element, "id", "href", "fallback"))
            media_type = element.get("media-type") or _XHTML_TYPE
            item.set("media-type", _XHTML_TYPE if media_type in TEXT_TYPES else media_type)
        elif name == "itemref" and element.get("idref") not in {one.get("idref") for one in spine}:
            etree.SubElement(spine, f"{{{OPF}}}itemref", _some(element, "idref", "linear"))
        elif name == "spine":
            for key, value in _some(element, "toc", "page-progression-direction").items():
                spine.set(key, value)
    _fill_in(package, metadata, source.get("unique-identifier"), said, book)
    return package


_DEFAULT: Final[dict[Any, str]] = {None: OPF}  # lxml's stubs know no default namespace


def _some(element: etree._Element, *names: str) -> dict[str, str]:
    return {name: str(element.get(name)) for name in names if element.get(name) is not None}


def _copy_metadata(element: etree._Element, metadata: etree._Element, ids: set[str], said: set[str]) -> None:
    name = name_of(element)
    text = text_of(element).strip()
    if name == "meta" and element.get("name") and element.get("content"):
        etree.SubElement(metadata, f"{{{OPF}}}meta", _some(element, "name", "content"))
        return
    event = _plain(element, "event")
    if not text or (
        name not in _MAY_REPEAT and (name != "date" or "date" in said or event == "modification")
    ):
        return
    said.add(name)
    copy = etree.SubElement(metadata, f"{{{DC}}}{name}")
    copy.text = text
    identifier = element.get("id")
    if identifier and identifier not in ids:
        ids.add(identifier)
        copy.set("id", identifier)
    elif _plain(element, "role") or _plain(element, "file-as"):
        copy.set("id", f"{name}-{len(metadata)}")
    for key in ("role", "file-as"):
        value = _plain(element, key)
        if value and copy.get("id") and name in ("creator", "contributor"):
            meta = etree.SubElement(
                metadata, f"{{{OPF}}}meta", {"refines": f"#{copy.get('id')}", "property": key}
            )
            meta.text = value
            if key == "role":
                meta.set("scheme", "marc:relators")


def _plain(element: etree._Element, name: str) -> str:
    """An attribute in whatever namespace it is written."""
    values = (value for key, value in element.attrib.items() if str(key).rpartition("}")[2] == name)
    return str(next(values, "")).strip()


def _fill_in(
    package: etree._Element, metadata: etree._Element, unique: str | None, said: set[str], book: Book
) -> None:
    """What EPUB 3 cannot do without."""
    for name, text in (
        ("title", book.title),
        ("language", book.language),
        ("identifier", uuid5(NAMESPACE_URL, book.sha256).urn),
    ):
        if name not in said:
            etree.SubElement(metadata, f"{{{DC}}}{name}").text = text
    identifiers = metadata.findall(f"{{{DC}}}identifier")
    own = next((one for one in identifiers if unique and one.get("id") == unique), identifiers[0])
    if not own.get("id"):
        own.set("id", "unique-identifier")
    package.set("unique-identifier", str(own.get("id")))
    for language in metadata.findall(f"{{{DC}}}language"):
        if not re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", (language.text or "").strip()):
            language.text = book.language
    meta = etree.SubElement(metadata, f"{{{OPF}}}meta", {"property": _MODIFIED})
    meta.text = _NEVER
