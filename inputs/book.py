"""What a document is once it is read: a Book of chapters of blocks, each block with its place in the source.

Nothing is lost on the way in. Text that is not to be spoken stays in the book, marked with the reason:
a whole block by `Block.skip`, a part of one (a note mark inside a sentence) by `Block.skips`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

SLOWEST: Final = 0.5  # times a voice's own pace
FASTEST: Final = 2.0
COVER_LIMIT_BYTES: Final = 16 * 2**20


class BlockKind(StrEnum):
    """What a paragraph-like unit of the source is; it decides the pause after it and how it is read."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    VERSE = "verse"  # lines are separated by "\n"
    QUOTE = "quote"
    LIST_ITEM = "list item"
    TABLE = "table"  # cells separated by " | ", rows by "\n"
    CODE = "code"
    CAPTION = "caption"
    NOTE = "note"
    IMAGE_ALT = "image alt"
    SEPARATOR = "separator"  # a scene break; its text may be empty or ornaments


class SkipReason(StrEnum):
    """Why a piece of the source is not spoken."""

    FRONT_MATTER = "front matter"
    BACK_MATTER = "back matter"
    CONTENTS = "table of contents"
    INDEX = "index"
    DROPPED = "dropped by book.toml"
    RUNNING_HEAD = "running head"
    PAGE_NUMBER = "page number"
    NOTE = "note"
    NOTE_MARK = "note mark"
    TABLE = "table"
    CODE = "code"
    IMAGE = "image"
    ORNAMENT = "ornament"
    FORMULA = "formula"
    READING_AID = "reading aid"  # ruby: the pronunciation printed beside a word
    FURNITURE = "page furniture"  # what surrounds the text of a web page: menus, headers, footers, side bars
    REPEATED = "repeated"  # a long stretch that stood in the document before, word for word
    NOT_SHOWN = "not shown"  # hidden, outside the visible page, or offered to readers that lack a feature
    UNREADABLE = "unreadable"  # a text layer without a usable encoding, an entity without a meaning


class Matter(StrEnum):
    """Front matter, body or back matter (preface, introduction and epilogue are spoken all the same)."""

    FRONT = "front"
    BODY = "body"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class EpubPlace:
    """A stretch of one content document: of an EPUB's, or of a web page, a Markdown or a Word file itself."""

    href: str  # path of the content document inside the archive; the name of a file that has no archive
    fragment: str | None  # the nearest id at or above the block, if there is one
    start: int  # characters of the document's text, spaces collapsed
    end: int

    def __str__(self) -> str:
        return f"{self.href}#{self.fragment}" if self.fragment else self.href


@dataclass(frozen=True, slots=True)
class PdfPlace:
    """A box on a page; a block that runs over to the next page is placed where it begins."""

    page: int  # 1 is the first page of the file
    box: tuple[float, float, float, float] | None = None  # left, bottom, right, top in points

    def __str__(self) -> str:
        return f"page {self.page}"


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Lines of a plain text."""

    line: int  # 1 is the first line of the file
    last_line: int

    def __str__(self) -> str:
        return f"line {self.line}"


Place = EpubPlace | PdfPlace | TextPlace


@dataclass(frozen=True, slots=True)
class Skip:
    """A part of a block's text that is not spoken: characters `[start, end)` of `Block.text`."""

    start: int
    end: int
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """How the publisher wants a part of a block said: characters `[start, end)` of `Block.text`."""

    start: int
    end: int
    ipa: str


@dataclass(frozen=True, slots=True)
class Lexeme:
    """How the publisher wants a word, or several in a row, said wherever it stands."""

    word: str
    ipa: str = ""
    respelling: str = ""  # plain words, where there is no `ipa`
    language: str | None = None  # BCP 47; None: the book's


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph-like unit of the source.

    `text` is the source's own wording: Unicode NFC, runs of white space collapsed to one space, lines of a
    paragraph joined (words hyphenated at a line's end made whole). It is never rewritten for speech.
    """

    kind: BlockKind
    text: str
    place: Place
    skip: SkipReason | None = None  # the whole block is not spoken, for this reason
    skips: tuple[Skip, ...] = ()  # parts that are not spoken, in order, not overlapping
    language: str | None = None  # where it differs from the book's (BCP 47)
    pronunciations: tuple[Pronunciation, ...] = ()  # in order, not overlapping

    def __post_init__(self) -> None:
        end = 0
        for skip in self.skips:
            assert end <= skip.start < skip.end <= len(self.text), f"skips out of order in {self.place}"
            end = skip.end


@dataclass(frozen=True, slots=True)
class Chapter:
    """A titled run of blocks; `parents` are the titles above it, outermost first ("Part One")."""

    title: str
    blocks: tuple[Block, ...]
    parents: tuple[str, ...] = ()
    matter: Matter = Matter.BODY
    voice: str | None = None  # a producer's choice for this chapter; None: the book's
    speed: float | None = None  # the same

    @property
    def spoken_words(self) -> int:
        """Words (split at white space) of the blocks that are not skipped as a whole."""
        return sum(len(block.text.split()) for block in self.blocks if block.skip is None)

    @property
    def is_spoken(self) -> bool:
        """A chapter is spoken unless every block of it is skipped."""
        return self.spoken_words > 0


@dataclass(frozen=True, slots=True)
class Cover:
    """The document's own cover picture."""

    data: bytes
    media_type: str  # image/jpeg or image/png

    @staticmethod
    def of(data: bytes) -> Cover | None:
        """The picture in a file's bytes; None if it is neither JPEG nor PNG."""
        if data.startswith(b"\xff\xd8\xff"):
            return Cover(data, "image/jpeg")
        if data.startswith(b"\x89PNG\r\n"):
            return Cover(data, "image/png")
        return None


@dataclass(frozen=True, slots=True)
class ReadingWarning:
    """Something a careful reader should know about how the document was read."""

    code: str  # short and stable, for programs: "missing-fragment"
    message: str


@dataclass(frozen=True, slots=True)
class Book:
    """A whole document, front to back, in reading order."""

    source: Path
    sha256: str  # of the file's bytes, hex
    format: str  # "epub", "pdf", "docx", "html", "markdown" or "text"
    title: str
    authors: tuple[str, ...]
    language: str  # BCP 47, lower case primary tag: "en", "en-gb", "fr"
    chapters: tuple[Chapter, ...]
    publisher: str | None = None
    published: str | None = None  # as the document has it, usually YYYY or YYYY-MM-DD
    description: str | None = None
    identifier: str | None = None  # the document's own: ISBN, URN, DOI
    cover: Cover | None = None
    series: str | None = None
    series_part: str | None = None  # "2", "1.5"
    narrator: str | None = None  # who is named as the reader; None: the voices that are heard
    warnings: tuple[ReadingWarning, ...] = ()
    lexemes: tuple[Lexeme, ...] = ()
    kept_at: Path | None = None  # where the file is put when all is done; None: it stays at `source`

    @property
    def spoken_chapters(self) -> tuple[Chapter, ...]:
        """The chapters that a listener hears, in order; chapter numbers are 1-based places in this tuple."""
        return tuple(chapter for chapter in self.chapters if chapter.is_spoken)
