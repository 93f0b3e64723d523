"""An EPUB file to a Book: chapters are table-of-contents entries, cut as ranges over the reading order."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from inputs import language as languages
from inputs.archive import Archive
from inputs.book import Book, Lexeme, ReadingWarning, SkipReason
from inputs.epub_package import Package, read_package
from inputs.errors import DamagedDocument, EmptyDocument
from inputs.gutenberg import licence_marked
from inputs.markup import parse
from inputs.navigation import is_remote, resolve
from inputs.notes import notes_marked
from inputs.page_turners import without_page_turners
from inputs.pls import lexicon_links, read_pls
from inputs.repeats import repeats_marked
from inputs.stream_chapters import Document, Stream, chapters_of
from inputs.wording import one_line
from inputs.xhtml import Passage, read_content, skipped


def read_epub(path: Path, sha256: str) -> Book:
    """Read an EPUB.

    sha256: of the file's bytes, hex.

    Raises:
        DocumentError: the archive is damaged, locked, too large, not an EPUB, or has nothing to speak.
    """
    with Archive(path) as archive:
        package = read_package(path, archive)
        warnings = list(package.warnings)
        language = next(filter(None, map(languages.declared, package.languages)), None)
        lexemes: list[Lexeme] = []
        stream = _read_stream(path, archive, package, language, warnings, lexemes)
    if not any(passage.block.text for passage in stream.passages):
        raise EmptyDocument(path, "there is no text in it, only pictures", _NO_TEXT_HINT)
    if language is None:
        language = _guessed_language(stream, warnings)
    chapters = chapters_of(stream, package.toc, package.titles, warnings)
    title = next(iter(package.titles), "") or one_line(stream.documents[0].title) or path.stem
    return Book(
        source=path,
        sha256=sha256,
        format="epub",
        title=title,
        authors=package.authors,
        language=language,
        chapters=chapters,
        publisher=package.publisher,
        published=package.published,
        description=package.description,
        identifier=package.identifier,
        cover=package.cover,
        warnings=tuple(dict.fromkeys(warnings)),
        lexemes=tuple(dict.fromkeys(lexemes)),
    )


_NO_TEXT_HINT = "Books of pictures cannot be spoken; look into it with an EPUB reader"


def _read_stream(
    path: Path,
    archive: Archive,
    package: Package,
    language: str | None,
    warnings: list[ReadingWarning],
    lexemes: list[Lexeme],
) -> Stream:
    """Read all content documents; `warnings` and `lexemes` are added to."""
    lexicons: set[str] = set()
    alphabets: set[str] = set()
    passages: list[Passage] = []
    documents: list[Document] = []
    anchors: dict[tuple[str, str], int] = {}
    note_links: list[tuple[int, str, str]] = []
    seen: set[str] = set()
    linear_end = 0
    ordered = sorted(package.spine, key=lambda item: not item.linear)
    for item in ordered:
        data = archive.read(item.href)
        root = parse(data) if data else None
        if root is None:
            warnings.append(
                ReadingWarning("unreadable-item", f"{item.href} is broken or empty and was left out")
            )
            continue
        alphabets |= _read_lexicons(root, item.href, archive, lexicons, lexemes, warnings)
        content = without_page_turners(read_content(root, item.href, language))
        alphabets |= content.unknown_alphabets
        start = len(passages)
        again = item.href in seen
        seen.add(item.href)
        passages += (
            [skipped(one, SkipReason.REPEATED) for one in content.passages] if again else content.passages
        )
        documents.append(Document(item, content.title, start, len(passages)))
        for key, index in content.anchors.items():
            anchors.setdefault((item.href, key), start + index)
        note_links += [(start + index, item.href, link) for index, link in content.note_links]
        if item.linear:
            linear_end = len(passages)
    warnings += [
        ReadingWarning("unknown-alphabet", f"the publisher's pronunciations in “{name}” are not understood")
        for name in sorted(alphabets)
    ]
    if not documents:
        raise DamagedDocument(
            path, "none of its documents can be read", "Get the book again: this copy is broken"
        )
    passages = licence_marked(notes_marked(passages, anchors, note_links))
    passages = repeats_marked(passages, [(document.start, document.end) for document in documents])
    return Stream(tuple(passages), tuple(documents), anchors, linear_end)


def _read_lexicons(
    root: etree._Element,
    href: str,
    archive: Archive,
    read: set[str],
    lexemes: list[Lexeme],
    warnings: list[ReadingWarning],
) -> frozenset[str]:
    """Add the words of the lexicons that a document names; returns the alphabets that are unknown here.

    read: the lexicons that were read already; added to.
    """
    unknown: frozenset[str] = frozenset()
    for link, language in lexicon_links(root):
        name = None if is_remote(link) else archive.find(resolve(link, href)[0])
        if name is None:
            warnings.append(ReadingWarning("missing-lexicon", f"the pronunciations in {link} are missing"))
        elif name not in read:
            read.add(name)
            data = archive.read(name)
            tree = parse(data) if data else None
            if tree is None:
                warnings.append(
                    ReadingWarning("unreadable-lexicon", f"the pronunciations in {name} cannot be read")
                )
                continue
            words, odd = read_pls(tree, language)
            lexemes += words
            unknown |= odd
    return unknown


def _guessed_language(stream: Stream, warnings: list[ReadingWarning]) -> str:
    sample = " ".join(passage.block.text for passage in stream.passages[:3000])
    guessed = languages.guess(sample)
    message = f"the book does not state its language; {guessed or 'en'} was " + (
        "recognised" if guessed else "assumed"
    )
    warnings.append(ReadingWarning("language-guessed", message))
    return guessed or "en"
