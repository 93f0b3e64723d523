"""An EPUB archive to its package: metadata, reading order, table of contents, cover.

EbookLib reads the package document. It is given a tree that was made whole first, because by itself it stops
at the first missing item, wrong letter case or absent element; and it is kept from unpacking everything.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ebooklib import epub
from lxml import etree

from inputs.archive import Archive, inside
from inputs.book import COVER_LIMIT_BYTES, Cover, ReadingWarning
from inputs.errors import DamagedDocument, EmptyDocument, NotADocument, ProtectedDocument
from inputs.markup import attribute, name_of, parse
from inputs.navigation import Entry, is_remote, read_nav, read_ncx, resolve
from inputs.wording import one_line

OPF = "http://www.idpf.org/2007/opf"
DC = "http://purl.org/dc/elements/1.1/"
# Fonts may be scrambled without any lock on the text (EPUB 3.3 section 4.3; Adobe's older scheme)
_FONT_SCRAMBLING = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_LOCKS = (
    ("META-INF/license.lcpl", "Readium LCP"),
    ("META-INF/sinf.xml", "Apple FairPlay"),
    ("META-INF/rights.xml", "Adobe ADEPT"),
)
_TEXT_TYPES = (
    "application/xhtml+xml",
    "text/html",
    "text/x-oeb1-document",
    "application/x-dtbook+xml",
    "text/xml",
)
_TEXT_SUFFIXES = (".xhtml", ".html", ".htm", ".xml")


@dataclass(frozen=True, slots=True)
class SpineItem:
    """One content document of the reading order."""

    href: str  # the member's name in the archive
    linear: bool
    types: frozenset[str]  # what guide, landmarks and manifest properties call it


@dataclass(frozen=True, slots=True)
class Package:
    """What the package document says."""

    titles: tuple[str, ...]
    authors: tuple[str, ...]
    languages: tuple[str, ...]
    publisher: str | None
    published: str | None
    description: str | None
    identifier: str | None
    spine: tuple[SpineItem, ...]
    nav_href: str | None
    toc: tuple[Entry, ...]
    landmarks: tuple[Entry, ...]
    cover: Cover | None
    warnings: tuple[ReadingWarning, ...]


def read_package(path: Path, archive: Archive) -> Package:
    """Find and read the package document of an opened archive.

    Raises:
        NotADocument: the archive holds no package document and no content documents.
        DamagedDocument: the package document cannot be parsed, or lists nothing readable.
        ProtectedDocument: content documents are encrypted.
    """
    warnings: list[ReadingWarning] = []
    reader = _Reader(path, archive, warnings)
    book = reader.load()
    guide = [
        Entry(
            one_line(line.get("title") or ""),
            *resolve(line["href"], reader.opf_file),
            0,
            frozenset([kind.lower()]),
        )
        for line in book.guide
        if line.get("href") and (kind := line.get("type")) and not is_remote(line["href"])
    ]
    nav_href, toc, landmarks = _contents(archive, book, reader)
    spine = _spine(archive, book, reader, tuple(guide) + landmarks, warnings)
    if not spine and any(warning.code == "not-text" for warning in warnings):
        raise EmptyDocument(
            path, "its pages are pictures, there is no text", "Books of pictures cannot be spoken"
        )
    if not spine:
        raise DamagedDocument(path, "the package lists no document to read", _GET_AGAIN)
    _refuse_locked(path, archive, spine)
    dc = book.metadata.get(DC, {})
    return Package(
        titles=_values(dc, "title"),
        authors=_authors(book),
        languages=_values(dc, "language"),
        publisher=_first(dc, "publisher"),
        published=_published(dc),
        description=_first(dc, "description"),
        identifier=one_line(book.uid or "") or _first(dc, "identifier"),
        spine=spine,
        nav_href=nav_href,
        toc=toc,
        landmarks=landmarks + tuple(guide),
        cover=_cover(archive, book, reader, tuple(guide)),
        warnings=tuple(warnings),
    )


_DEFAULT_NAMESPACE: dict[Any, str] = {None: OPF}  # lxml's stubs know no default namespace
_GET_AGAIN = "Get the book again, or repair it with an EPUB editor"


class _Reader(epub.EpubReader):  # type: ignore[misc]  # EbookLib carries no types
    """EbookLib's reader over an `Archive`: items stay in the archive, whatever is missing is reported."""

    def __init__(self, path: Path, archive: Archive, warnings: list[ReadingWarning]) -> None:
        super().__init__(str(path), {"ignore_ncx": True})
        self._path = path
        self._archive = archive
        self._warnings = warnings

    def read_file(self, name: str) -> bytes:
        """EbookLib asks for every item's content; it gets none, and content is read when it is needed."""
        if self._archive.find(name) is None:
            self._warnings.append(ReadingWarning("missing-item", f"{name} is listed but not in the archive"))
        return b""

    def _load(self) -> None:
        self.opf_file = self._package_name()
        self.opf_dir = posixpath.dirname(self.opf_file)
        self.container = etree.ElementTree(self._whole_package())
        self._load_metadata()
        self._load_manifest()
        self._load_spine()
        self._load_guide()

    def _parse_ncx(self, data: bytes) -> None:
        """Tables of contents are read by `inputs.navigation`, which forgives more."""

    def _parse_nav(self, data: bytes, base_path: str, navtype: str = "toc") -> None:
        """See `_parse_ncx`."""

    def _package_name(self) -> str:
        """The first package that the container names, else the first one that lies in the archive."""
        data = self._archive.read("META-INF/container.xml")
        root = parse(data) if data else None
        for element in root.iter() if root is not None else ():
            if name_of(element) == "rootfile" and element.get("full-path"):
                found = self._archive.find(str(element.get("full-path")))
                if found:
                    return found
        packages = sorted(
            (name for name in self._archive.names if name.lower().endswith(".opf")),
            key=lambda n: n.count("/"),
        )
        if not packages:
            raise NotADocument(
                self._path, "there is no EPUB package in this archive", "If it is a book, get it as an EPUB"
            )
        self._warnings.append(
            ReadingWarning("no-container", "the container names no package; found one by its suffix")
        )
        return packages[0]

    def _whole_package(self) -> etree._Element:
        """The package in the form that EbookLib expects: OPF 2 names, every section, no dangling items."""
        data = self._archive.read(self.opf_file)
        source = parse(data) if data else None
        if source is None or name_of(source) not in ("package", "html"):
            raise DamagedDocument(self._path, f"the package {self.opf_file} cannot be read", _GET_AGAIN)
        package = etree.Element(f"{{{OPF}}}package", _attributes(source), nsmap=_DEFAULT_NAMESPACE)
        metadata = etree.SubElement(package, f"{{{OPF}}}metadata", nsmap={"dc": DC, "opf": OPF})
        manifest = etree.SubElement(package, f"{{{OPF}}}manifest")
        spine = etree.SubElement(package, f"{{{OPF}}}spine")
        guide = etree.SubElement(package, f"{{{OPF}}}guide")
        seen: set[str] = set()
        for element in source.iter():
            name, parent = name_of(element), element.getparent()
            above = name_of(parent) if parent is not None else ""
            if name == "item" and above == "manifest":
                identifier, href = element.get("id"), element.get("href")
                if not identifier or not href or identifier in seen or is_remote(href):
                    continue
                seen.add(identifier)
                item = etree.SubElement(manifest, f"{{{OPF}}}item", _attributes(element))
                item.set("media-type", element.get("media-type") or "application/xhtml+xml")
                item.set("href", self._name_from_package(href))
            elif name == "itemref":
                etree.SubElement(spine, f"{{{OPF}}}itemref", _attributes(element))
            elif name == "spine":
                for name, value in _attributes(element).items():
                    spine.set(name, value)
            elif name == "reference" and above == "guide":
                etree.SubElement(guide, f"{{{OPF}}}reference", _attributes(element))
            elif above in ("metadata", "dc-metadata", "x-metadata") and name not in (
                "dc-metadata",
                "x-metadata",
            ):
                namespace = OPF if name in ("meta", "link") else DC
                copy = etree.SubElement(metadata, f"{{{namespace}}}{name}", _attributes(element))
                copy.text = "".join(str(text) for text in element.itertext())
        return package

    def _name_from_package(self, href: str) -> str:
        """The item's name relative to the package, spelled as the archive spells it."""
        name, _ = resolve(href, self.opf_file)
        found = self._archive.find(name)
        if found and inside(found) != name and found != name:
            self._warnings.append(ReadingWarning("wrong-name", f"{href} is spelled {found} in the archive"))
        return posixpath.relpath("/" + (found or name), "/" + self.opf_dir).replace("%", "%25")


def _attributes(element: etree._Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in element.attrib.items()}


def _contents(
    archive: Archive, book: epub.EpubBook, reader: _Reader
) -> tuple[str | None, tuple[Entry, ...], tuple[Entry, ...]]:
    """The name of the navigation document, the table of contents (nav first, then NCX), the landmarks."""
    nav_href: str | None = None
    toc: tuple[Entry, ...] = ()
    landmarks: tuple[Entry, ...] = ()
    for item in book.get_items():
        if isinstance(item, epub.EpubNav) or "nav" in getattr(item, "properties", ()):
            nav_href = _member(reader, item.file_name)
            root = _root(archive, nav_href)
            if root is not None:
                toc, landmarks = read_nav(root, nav_href), read_nav(root, nav_href, "landmarks")
            break
    if not any(entry.href for entry in toc):
        for item in book.get_items():
            if isinstance(item, epub.EpubNcx) or item.file_name.lower().endswith(".ncx"):
                href = _member(reader, item.file_name)
                root = _root(archive, href)
                toc = read_ncx(root, href) if root is not None else ()
                if toc:
                    break
    return nav_href, toc, landmarks


def _spine(
    archive: Archive,
    book: epub.EpubBook,
    reader: _Reader,
    marks: tuple[Entry, ...],
    warnings: list[ReadingWarning],
) -> tuple[SpineItem, ...]:
    """The reading order without missing documents, pictures and sounds."""
    items = {item.get_id(): item for item in book.get_items()}
    order = [(str(idref), linear != "no") for idref, linear in book.spine if idref in items]
    if not order:
        warnings.append(
            ReadingWarning("no-spine", "the package gives no reading order; the manifest's is used")
        )
        order = [(identifier, True) for identifier, item in items.items() if item.media_type in _TEXT_TYPES]
    types: dict[str, set[str]] = {}
    for mark in marks:
        if mark.href and not mark.fragment:
            types.setdefault(archive.find(mark.href) or mark.href, set()).update(mark.types)
    spine: list[SpineItem] = []
    for identifier, linear in order:
        item = items[identifier]
        if item.media_type not in _TEXT_TYPES and not item.file_name.lower().endswith(_TEXT_SUFFIXES):
            warnings.append(
                ReadingWarning("not-text", f"{item.file_name} in the reading order is {item.media_type}")
            )
            continue
        href = archive.find(_member(reader, item.file_name))
        if href is None:
            warnings.append(
                ReadingWarning("missing-text", f"{item.file_name} is in the reading order but missing")
            )
        else:
            nav = (
                {"toc"}
                if "nav" in getattr(item, "properties", ()) or isinstance(item, epub.EpubNav)
                else set()
            )
            spine.append(SpineItem(href, linear, frozenset(types.get(href, set()) | nav)))
    if not any(item.linear for item in spine):
        return tuple(SpineItem(item.href, True, item.types) for item in spine)
    return tuple(spine)


def _member(reader: _Reader, file_name: str) -> str:
    """An item's name inside the archive."""
    return inside(posixpath.join(reader.opf_dir, file_name))


def _root(archive: Archive, href: str) -> etree._Element | None:
    data = archive.read(href)
    return parse(data) if data else None


def _refuse_locked(path: Path, archive: Archive, spine: tuple[SpineItem, ...]) -> None:
    """Name the DRM scheme where content documents are encrypted; scrambled fonts are no lock."""
    data = archive.read("META-INF/encryption.xml")
    root = parse(data) if data else None
    if root is None:
        return
    texts = {item.href for item in spine}
    for encrypted in (element for element in root.iter() if name_of(element) == "encrypteddata"):
        algorithm = next(
            (
                attribute(inner, "Algorithm")
                for inner in encrypted.iter()
                if name_of(inner) == "encryptionmethod"
            ),
            "",
        )
        if algorithm in _FONT_SCRAMBLING:
            continue
        for reference in (inner for inner in encrypted.iter() if name_of(inner) == "cipherreference"):
            name = unquote(attribute(reference, "URI"))
            if archive.find(name) in texts:
                scheme = next((label for member, label in _LOCKS if archive.find(member)), None)
                raise ProtectedDocument(
                    path,
                    f"the text is locked by DRM ({scheme or f'unknown scheme, {algorithm}'})",
                    "Only a copy without DRM can be read",
                )


def _values(dc: dict[str, list[tuple[str | None, dict[str, str]]]], name: str) -> tuple[str, ...]:
    found = (
        one_line(text or "") for key, entries in dc.items() if key.lower() == name for text, _ in entries
    )
    return tuple(value for value in found if value)


def _first(dc: dict[str, list[tuple[str | None, dict[str, str]]]], name: str) -> str | None:
    return next(iter(_values(dc, name)), None)


def _published(dc: dict[str, list[tuple[str | None, dict[str, str]]]]) -> str | None:
    """The publication date: the one marked so, else the first that is not a conversion or a change."""
    dates = [
        (one_line(text or ""), next((v for k, v in attrs.items() if k.rpartition("}")[2] == "event"), ""))
        for text, attrs in dc.get("date", [])
    ]
    for wanted in ("publication", "original-publication", "", "creation"):
        for date, event in dates:
            if date and event == wanted:
                return date
    return None


def _authors(book: epub.EpubBook) -> tuple[str, ...]:
    """Creators whose role is author, or that have no role; all creators when none is an author."""
    metas = book.metadata.get(OPF, {}).get("meta", [])
    roles: dict[str, set[str]] = {}
    for text, attrs in metas:
        if attrs.get("property") == "role" and attrs.get("refines"):
            roles.setdefault(attrs["refines"].lstrip("#"), set()).add((text or "").strip().lower())
    creators: list[tuple[str, set[str]]] = []
    for text, attrs in book.metadata.get(DC, {}).get("creator", []):
        own = {v.lower() for k, v in attrs.items() if k.rpartition("}")[2] == "role"}
        creators.append((one_line(text or ""), own | roles.get(attrs.get("id", ""), set())))
    creators = [(name, role) for name, role in creators if name]
    authors = [name for name, role in creators if not role or "aut" in role]
    return tuple(dict.fromkeys(authors or [name for name, _ in creators]))


def _cover(archive: Archive, book: epub.EpubBook, reader: _Reader, guide: tuple[Entry, ...]) -> Cover | None:
    """The cover picture: EPUB 3 property, EPUB 2 meta, then the picture on the guide's cover page."""
    items = {item.get_id(): item for item in book.get_items()}
    candidates = [
        _member(reader, item.file_name) for item in items.values() if isinstance(item, epub.EpubCover)
    ]
    for _, attrs in book.metadata.get(OPF, {}).get("meta", []):
        if attrs.get("name") == "cover":
            wanted = attrs.get("content", "")
            item = items.get(wanted)
            candidates.append(_member(reader, item.file_name if item is not None else wanted))
    for entry in guide:
        if "cover" in entry.types and entry.href:
            root = _root(archive, entry.href)
            for element in root.iter() if root is not None else ():
                if name_of(element) in ("img", "image"):
                    source = element.get("src") or attribute(element, "href")
                    if source and not is_remote(source):
                        candidates.append(resolve(source, entry.href)[0])
    candidates += [
        _member(reader, item.file_name) for key, item in items.items() if key in ("cover", "cover-image")
    ]
    for candidate in candidates:
        name = archive.find(candidate)
        if name and archive.declared_bytes(name) <= COVER_LIMIT_BYTES:
            cover = Cover.of(archive.read(name) or b"")
            if cover is not None:
                return cover
    return None
