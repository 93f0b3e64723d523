"""An EPUB file to a Book: chapters are table-of-contents entries, cut as ranges over the reading order."""

from __future__ import annotations

from pathlib import Path

from inputs import language as languages
from inputs.archive import Archive
from inputs.book import Book, ReadingWarning, SkipReason
from inputs.epub_package import Package, read_package
from inputs.errors import DamagedDocument, EmptyDocument
from inputs.gutenberg import licence_marked
from inputs.markup import parse
from inputs.notes import notes_marked
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
        stream = _read_stream(path, archive, package, language, warnings)
    if not any(passage.block.text for passage in stream.passages):
        raise EmptyDocument(path, "there is no text in it, only pictures", _NO_TEXT_HINT)
    if language is None:
        language = _guessed_language(stream, warnings)
    chapters = chapters_of(stream, package.toc, package.titles, warnings)
    if not any(chapter.is_spoken for chapter in chapters):
        raise EmptyDocument(path, "there is nothing to speak in it but front and back matter", _NO_TEXT_HINT)
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
    )


_NO_TEXT_HINT = "Books of pictures cannot be spoken; look into it with an EPUB reader"


def _read_stream(
    path: Path, archive: Archive, package: Package, language: str | None, warnings: list[ReadingWarning]
) -> Stream:
    passages: list[Passage] = []
    documents: list[Document] = []
    anchors: dict[tuple[str, str], int] = {}
    note_links: list[tuple[int, str, str]] = []
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
        content = read_content(root, item.href, language)
        start = len(passages)
        again = any(document.item.href == item.href for document in documents)
        passages += (
            [skipped(one, SkipReason.REPEATED) for one in content.passages] if again else content.passages
        )
        documents.append(Document(item, content.title, start, len(passages)))
        for key, index in content.anchors.items():
            anchors.setdefault((item.href, key), start + index)
        note_links += [(start + index, item.href, link) for index, link in content.note_links]
        if item.linear:
            linear_end = len(passages)
    if not documents:
        raise DamagedDocument(
            path, "none of its documents can be read", "Get the book again: this copy is broken"
        )
    passages = licence_marked(notes_marked(passages, anchors, note_links))
    passages = repeats_marked(passages, [(document.start, document.end) for document in documents])
    return Stream(tuple(passages), tuple(documents), anchors, linear_end)


def _guessed_language(stream: Stream, warnings: list[ReadingWarning]) -> str:
    sample = " ".join(passage.block.text for passage in stream.passages[:3000])
    guessed = languages.guess(sample)
    message = f"the book does not state its language; {guessed or 'en'} was " + (
        "recognised" if guessed else "assumed"
    )
    warnings.append(ReadingWarning("language-guessed", message))
    return guessed or "en"
