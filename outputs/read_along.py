"""An EPUB and its finished chapters into a read-along: an EPUB 3 that lights up the sentence that is heard.

All of the book stays as it is, but for the elements that its sentences get (EPUB 3.3, section 9: Media
Overlays). What an older EPUB has in another way becomes EPUB 3 first.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lxml import etree

from inputs.archive import Archive, inside
from inputs.book import Book, EpubPlace
from inputs.epub_package import read_package
from inputs.errors import DocumentError
from inputs.markup import name_of, parse
from outputs.epub3 import CONTAINER, Epub3Package, container, document_bytes, nav_document, relative
from outputs.errors import BadSource
from outputs.ffmpeg import Ffmpeg
from outputs.files import sha256_of
from outputs.finish import Part
from outputs.m4b import bind, check_bound
from outputs.sentence_spans import Span, wrap_sentences
from outputs.tags import BookTags
from outputs.text_places import TextPlaces, text_places
from outputs.timeline import HeardSentence
from outputs.xhtml5 import XHTML, as_xhtml5
from synth.audio import SAMPLE_RATE_HZ

READ_ALONG_VERSION: Final = 1  # raise it when the same book and parts would give another file
_ACTIVE: Final = "-epub-media-overlay-active"
# legible on white, sepia and black pages alike
_CSS: Final = f".{_ACTIVE} {{ background-color: #ffe08a; color: #1a1a1a; }}\n".encode()
_MEDIA_TYPES: Final = {".m4a": "audio/mp4", ".mp3": "audio/mpeg"}
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
_PACKED_ALREADY: Final = frozenset(
    (".m4a", ".mp3", ".mp4", ".jpg", ".jpeg", ".png", ".gif", ".webp", ".woff", ".woff2")
)
_LEFT_OUT: Final = frozenset(("mimetype", CONTAINER, "META-INF/signatures.xml", "META-INF/manifest.xml"))


@dataclass(frozen=True, slots=True)
class SpokenChapter:
    """A chapter in a codec that a read-along can hold: AAC or MP3."""

    number: int
    title: str
    part: Part
    timeline: tuple[HeardSentence, ...]


@dataclass(frozen=True, slots=True)
class _Clip:
    """What is heard of a chapter, in milliseconds, while an element is lit up."""

    element: str
    chapter: int
    begin_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class _Document:
    """A content document whose sentences have elements; `sentences` are (chapter, sentence) numbers."""

    name: str
    root: etree._Element
    places: TextPlaces
    sentences: tuple[tuple[int, int], ...]
    spans: tuple[Span, ...]


def write_read_along(
    path: Path, book: Book, tags: BookTags, chapters: Sequence[SpokenChapter], ffmpeg: Ffmpeg
) -> None:
    """Make the read-along of an EPUB.

    Raises:
        BadSource: the EPUB is not there any more, was changed since it was read, or is too large to copy.
        EncoderFailed: ffmpeg did not wrap a chapter's sound.
        NotAsPlanned: a chapter's sound was not wrapped as it is.
        DiskFull: there is no room left.
    """
    assert book.format == "epub", "only an EPUB has pages to light up"
    if not book.source.is_file() or sha256_of(book.source) != book.sha256:
        raise BadSource(f"{book.source}: it was changed since it was read", "Run again")
    try:
        with (
            Archive(book.source) as archive,
            zipfile.ZipFile(path, "w") as target,
            tempfile.TemporaryDirectory(dir=path.parent, prefix=".audio-") as folder,
        ):
            _write(archive, target, book, tags, chapters, ffmpeg, Path(folder))
    except DocumentError as error:
        raise BadSource(f"{error.message} (for its read-along)", error.hint) from error


def read_along_digest(book: Book, tags: BookTags, chapters: Sequence[SpokenChapter]) -> list[object]:
    """All that a read-along's bytes depend on, ffmpeg aside, as JSON."""
    heard = [
        (
            one.number,
            one.title,
            one.part.digest,
            [(s.start_sample, str(s.place), s.start) for s in one.timeline],
        )
        for one in chapters
    ]
    return [READ_ALONG_VERSION, book.sha256, book.title, book.language, tags.narrator, heard]


def _write(
    archive: Archive,
    target: zipfile.ZipFile,
    book: Book,
    tags: BookTags,
    chapters: Sequence[SpokenChapter],
    ffmpeg: Ffmpeg,
    work: Path,
) -> None:
    package = Epub3Package(book.source, archive, book)
    dropped = {
        name for name, item in package.items.items() if item.get("media-type") == "application/smil+xml"
    }
    package.drop_overlays()
    home = _home(package, archive)
    documents = [_lit(name, archive, book, chapters) for name in _texts_with_speech(package, chapters)]
    clips = _clips(documents, chapters)
    new: dict[str, bytes] = {}
    if package.is_new:
        _upgrade_the_rest(package, archive, book, {one.name for one in documents}, new)
    new[f"{home}read-along.css"] = _CSS
    package.add(f"{home}read-along.css", "text/css", "read-along-css")
    total_ms = 0
    audio = {
        number: f"{home}audio/{one.number:03d}{'.mp3' if one.part.path.suffix == '.mp3' else '.m4a'}"
        for number, one in enumerate(chapters)
        if any(clip.chapter == number for of_one in clips for clip in of_one)
    }
    for number, (document, of_one) in enumerate(zip(documents, clips, strict=True), 1):
        root = _finished(document, package, book, f"{home}read-along.css")
        new[document.name] = document_bytes(root)
        if not of_one:
            continue
        overlay = f"{home}{number:03d}.smil"
        new[overlay] = _smil(overlay, document.name, of_one, audio)
        identifier = package.add(overlay, "application/smil+xml", f"overlay-{number}")
        package.items[document.name].set("media-overlay", identifier)
        length_ms = sum(clip.end_ms - clip.begin_ms for clip in of_one)
        package.say("media:duration", _clock(length_ms), identifier)
        total_ms += length_ms
    package.say("media:duration", _clock(total_ms))
    package.say("media:active-class", _ACTIVE)
    package.say("media:narrator", tags.narrator)
    package.say("schema:accessibilityFeature", "synchronizedAudioText")
    for number, name in audio.items():
        package.add(name, _MEDIA_TYPES[Path(name).suffix], f"audio-{chapters[number].number}")
    if not package.has_nav():
        _add_nav(package, archive, book, f"{home}nav.xhtml", new)
    _put(target, "mimetype", b"application/epub+zip")
    _put(target, CONTAINER, container(package.name))
    _put(target, package.name, package.as_bytes())
    for name in archive.names:
        if name not in _LEFT_OUT | dropped | {package.name} and inside(name) == name:
            data = new.pop(name) if name in new else archive.read(name)
            if data is not None:
                _put(target, name, data)
    for name, data in new.items():
        _put(target, name, data)
    for number, name in audio.items():
        _put_file(target, name, _sound(chapters[number], ffmpeg, work))


def _texts_with_speech(package: Epub3Package, chapters: Sequence[SpokenChapter]) -> list[str]:
    """The documents in which something is heard, in reading order."""
    spoken = {
        sentence.place.href
        for chapter in chapters
        for sentence in chapter.timeline
        if isinstance(sentence.place, EpubPlace)
    }
    texts = set(package.texts())
    return [name for name in package.read_order() if name in spoken and name in texts]


def _lit(name: str, archive: Archive, book: Book, chapters: Sequence[SpokenChapter]) -> _Document:
    """A document in which each sentence that is heard has an element."""
    root = parse(archive.read(name) or b"")
    assert root is not None, f"{name} was read before, and the book has not changed"
    places = text_places(root, name, book.language)
    sentences: list[tuple[int, int]] = []
    regions: list[tuple[int, int] | None] = []
    for number, chapter in enumerate(chapters):
        for index, heard in enumerate(chapter.timeline):
            if isinstance(heard.place, EpubPlace) and heard.place.href == name:
                sentences.append((number, index))
                regions.append(places.region(heard.place.start + heard.start, heard.place.start + heard.end))
    ids = {str(element.get("id")) for element in root.iter() if element.get("id")}
    prefix = "ra"
    while any(one.startswith(prefix) for one in ids):
        prefix += "-"
    spans = wrap_sentences(places, regions, prefix)
    return _Document(name, root, places, tuple(sentences), tuple(spans))


def _clips(documents: Sequence[_Document], chapters: Sequence[SpokenChapter]) -> list[list[_Clip]]:
    """For each document its clips, in the order of its text.

    A sentence's clip lasts until the next one begins, so that pauses are heard; what has no element of its
    own (a title that is announced) is heard with what comes before it, or with the chapter's first.
    """
    found = {document.sentences[span.sentence] for document in documents for span in document.spans}
    bounds: dict[tuple[int, int], tuple[int, int]] = {}
    for number, chapter in enumerate(chapters):
        own = [index for index in range(len(chapter.timeline)) if (number, index) in found]
        starts = [_ms(chapter.timeline[index].start_sample) for index in own]
        starts[:1] = [0] if own else []
        for index, begin_ms, end_ms in zip(
            own, starts, [*starts[1:], _ms(chapter.part.samples)], strict=True
        ):
            bounds[number, index] = begin_ms, end_ms
    return [list(_clips_of(document, chapters, bounds)) for document in documents]


def _clips_of(
    document: _Document, chapters: Sequence[SpokenChapter], bounds: dict[tuple[int, int], tuple[int, int]]
) -> Iterator[_Clip]:
    spans = document.spans
    for at, span in enumerate(spans):
        chapter, index = document.sentences[span.sentence]
        begin_ms, end_ms = bounds[chapter, index]
        heard = chapters[chapter].timeline[index]
        goes_on = at > 0 and spans[at - 1].sentence == span.sentence
        if goes_on:
            begin_ms = _moment_ms(document.places, heard, span, begin_ms, end_ms)
        if at + 1 < len(spans) and spans[at + 1].sentence == span.sentence:
            end_ms = _moment_ms(document.places, heard, spans[at + 1], begin_ms, end_ms)
        if begin_ms < end_ms:
            yield _Clip(span.id, chapter, begin_ms, end_ms)


def _moment_ms(places: TextPlaces, heard: HeardSentence, span: Span, begin_ms: int, end_ms: int) -> int:
    """When the first word in a span is heard: by its own time, or by its place in the sentence."""
    assert isinstance(heard.place, EpubPlace)
    start = heard.place.start
    at = next(
        (one for one in range(heard.start, heard.end) if places.firsts[start + one] >= span.first), heard.end
    )
    word = next((word for word in heard.words if word.source_start >= at), None)
    if word is not None:
        sample = word.start_sample
    else:
        length = heard.end_sample - heard.start_sample
        sample = heard.start_sample + length * (at - heard.start) // (heard.end - heard.start)
    return min(max(_ms(sample), begin_ms), end_ms)


def _finished(document: _Document, package: Epub3Package, book: Book, css: str) -> etree._Element:
    """The document's tree, in XHTML5 and with the style of what is heard."""
    root = document.root
    if package.is_new or not str(root.tag).startswith(f"{{{XHTML}}}"):
        root = as_xhtml5(root, book.title)
        package.mark_properties(document.name, root)
    head = next((child for child in root if name_of(child) == "head"), None)
    if head is None:
        head = etree.Element(f"{{{XHTML}}}head")
        etree.SubElement(head, f"{{{XHTML}}}title").text = book.title
        root.insert(0, head)
    link = etree.SubElement(head, f"{{{XHTML}}}link", {"rel": "stylesheet", "type": "text/css"})
    link.set("href", relative(css, document.name))
    return root


def _upgrade_the_rest(
    package: Epub3Package, archive: Archive, book: Book, done: set[str], new: dict[str, bytes]
) -> None:
    """Bring the documents in which nothing is heard to EPUB 3 too."""
    for name in package.texts():
        root = parse(archive.read(name) or b"") if name not in done else None
        if root is not None:
            html = as_xhtml5(root, book.title)
            package.mark_properties(name, html)
            new[name] = document_bytes(html)


def _add_nav(package: Epub3Package, archive: Archive, book: Book, name: str, new: dict[str, bytes]) -> None:
    order = package.read_order()
    ids: dict[str, frozenset[str]] = {}
    for text in order:
        root = parse(new.get(text) or archive.read(text) or b"")
        if root is not None:
            ids[text] = frozenset(str(one.get("id")) for one in root.iter() if one.get("id"))
    contents = read_package(book.source, archive).toc
    new[name] = nav_document(contents, book.title, name, ids, order)
    package.add(name, "application/xhtml+xml", "read-along-nav", "nav")


def _home(package: Epub3Package, archive: Archive) -> str:
    """A folder beside the package that the source has not."""
    folder = package.name.rpartition("/")[0]
    home = f"{folder}/read-along/" if folder else "read-along/"
    while any(name.startswith(home) for name in archive.names):
        home = home[:-1] + "-/"
    return home


def _smil(name: str, text: str, clips: Sequence[_Clip], audio: dict[int, str]) -> bytes:
    target = relative(text, name)
    pars = "".join(
        f'<par id="p{number}"><text src="{target}#{clip.element}"/>'
        f'<audio src="{relative(audio[clip.chapter], name)}" '
        f'clipBegin="{_clock(clip.begin_ms)}" clipEnd="{_clock(clip.end_ms)}"/></par>\n'
        for number, clip in enumerate(clips, 1)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<smil xmlns="http://www.w3.org/ns/SMIL" version="3.0"><body>\n{pars}</body></smil>\n'
    ).encode()


def _sound(chapter: SpokenChapter, ffmpeg: Ffmpeg, work: Path) -> Path:
    """The chapter's sound as EPUB readers play it: AAC without a file around it gets one."""
    if chapter.part.codec != "aac":
        return chapter.part.path
    path = work / "chapter.m4a"
    bind([chapter.part], [chapter.title], path, ffmpeg)
    check_bound(path, [chapter.part], [chapter.title], ffmpeg)
    return path


def _put(target: zipfile.ZipFile, name: str, data: bytes) -> None:
    target.writestr(_member(name), data)


def _put_file(target: zipfile.ZipFile, name: str, path: Path) -> None:
    with path.open("rb") as source, target.open(_member(name), "w") as member:
        shutil.copyfileobj(source, member)


def _member(name: str) -> zipfile.ZipInfo:
    """A file of the archive, the same on any day; what does not get smaller is not packed."""
    member = zipfile.ZipInfo(name, _LONG_AGO)
    member.external_attr = 0o644 << 16
    stored = name == "mimetype" or Path(name).suffix.lower() in _PACKED_ALREADY
    member.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    return member


def _ms(samples: int) -> int:
    return round(samples * 1000 / SAMPLE_RATE_HZ)


def _clock(ms: int) -> str:
    """A SMIL clock value."""
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"
