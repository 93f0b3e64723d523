"""A producer's book.toml into Directions: what is wanted of a book, checked, with nothing applied yet."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass as plain_dataclass
from dataclasses import field, fields
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from inputs import language as languages
from inputs.book import COVER_LIMIT_BYTES, FASTEST, SLOWEST, Cover
from inputs.errors import BadBookToml

COMMON_NAME: Final = "book.toml"  # beside a document that has its folder to itself
SHORTEST_HEAD_S: Final = 0.05  # before the first word: the AAC encoder eats 43 ms
LONGEST_PAUSE_S: Final = 60.0

_BOOKS: Final = frozenset((".epub", ".pdf", ".docx"))
_CHECKED: Final = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def _language(tag: str) -> str:
    usable = languages.declared(tag)
    if usable is None:
        raise ValueError("should be a language tag such as en, en-gb or fr")
    return usable


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Speed = Annotated[float, Field(ge=SLOWEST, le=FASTEST)]
Seconds = Annotated[float, Field(ge=0, le=LONGEST_PAUSE_S)]
Language = Annotated[str, AfterValidator(_language)]


class MatterChoice(StrEnum):
    """How much of a document is spoken."""

    BODY = "body"  # without title pages, copyright pages, notes and the like
    ALL = "all"  # with them; contents and indexes stay silent


@dataclass(frozen=True, slots=True, config=_CHECKED)
class BookDirections:
    """What is wanted of the book as a whole; what is None is as the document has it, or by default."""

    title: Words | None = None
    authors: tuple[Words, ...] | None = None
    language: Language | None = None
    publisher: Words | None = None
    published: Words | None = None
    description: Words | None = None
    isbn: Words | None = None
    series: Words | None = None
    part: Words | None = None  # which of the series: "2", "1.5"
    narrator: Words | None = None
    cover: Words | None = None  # a file beside the book.toml or below
    voice: Words | None = None
    speed: Speed | None = None
    matter: MatterChoice | None = None


@dataclass(frozen=True, slots=True, config=_CHECKED)
class PauseDirections:
    """The silences that are wanted, in seconds; None: as usual."""

    clause: Seconds | None = None
    sentence: Seconds | None = None
    line: Seconds | None = None
    paragraph: Seconds | None = None
    heading: Seconds | None = None
    section: Seconds | None = None
    head: Annotated[float, Field(ge=SHORTEST_HEAD_S, le=LONGEST_PAUSE_S)] | None = None
    tail: Seconds | None = None

    def chosen(self) -> dict[str, float]:
        """Those that are wanted, by name."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: seconds for name, seconds in values.items() if seconds is not None}


@dataclass(frozen=True, slots=True, config=_CHECKED)
class Split:
    """Where a new chapter is to begin: at the paragraph or heading that starts with these words."""

    at: Words
    title: Words | None = None  # None: the heading there, else the words


@dataclass(frozen=True, slots=True, config=_CHECKED)
class ChapterDirections:
    """What is wanted of one chapter, which is known by its name and by the first words of its text."""

    name: Words | None = None  # its title in the document
    begins: Words | None = None
    title: Words | None = None
    speak: bool | None = None
    merge: bool = False  # with the chapter that is spoken before it
    split: tuple[Split, ...] = ()
    voice: Words | None = None
    speed: Speed | None = None

    def __post_init__(self) -> None:
        if self.name is None and self.begins is None:
            raise ValueError("needs a name, or the words that the chapter begins with")
        if self.merge and (self.title or self.voice or self.speed or self.speak is False):
            raise ValueError(
                "is merged with the chapter before it, so it cannot have a title, voice or speed of its own, "
                "nor be left out"
            )
        if self.speak is False and self.split:
            raise ValueError("is left out, so it cannot be split")

    def __str__(self) -> str:
        return f"“{self.name or self.begins}”"

    @property
    def asks_for_something(self) -> bool:
        """False for an entry that only names its chapter, as most of a file that was written for you do."""
        return self != ChapterDirections(self.name, self.begins)


@dataclass(frozen=True, slots=True, config=_CHECKED)
class Directions:
    """All that a book.toml asks for. lexicon and reading are checked by those who understand them."""

    book: BookDirections = field(default_factory=BookDirections)
    pauses: PauseDirections = field(default_factory=PauseDirections)
    lexicon: dict[str, Any] = field(default_factory=dict)
    reading: dict[str, str] = field(default_factory=dict)
    chapter: tuple[ChapterDirections, ...] = ()


@plain_dataclass(frozen=True, slots=True)
class BookToml:
    """A book.toml as it was read."""

    path: Path
    sha256: str  # hex, of its bytes and of those of the cover that it names
    directions: Directions
    cover: Cover | None = None


def book_toml_of(document: Path) -> BookToml | None:
    """Find and read the book.toml of a document; None if it has none.

    Raises:
        BadBookToml: it cannot be read or followed, or it is not clear which document it belongs to.
    """
    path = _path_of(document) if document.is_file() else None
    return read_book_toml(path) if path else None


def files_beside(document: Path) -> tuple[Path, ...]:
    """What has to go where a document goes: its book.toml, and the picture that this names as its cover.

    Raises:
        BadBookToml: it is not clear which document the book.toml belongs to. That it can be followed is not
            looked at.
    """
    path = _path_of(document)
    if path is None:
        return ()
    try:
        cover = read_book_toml(path).directions.book.cover
    except BadBookToml:
        return (path,)
    if not cover:
        return (path,)
    folder = path.parent.resolve()
    return path, path.parent / (folder / cover).resolve().relative_to(folder)


def path_for_new(document: Path) -> Path:
    """Where a document's own file is to be written: Emma.toml for Emma.epub.

    Raises:
        BadBookToml: the document has one already.
    """
    own, common = _own_path(document), document.with_name(COMMON_NAME)
    there = own if own.exists() else common if common.is_file() and not _other_books(document) else None
    if there is not None:
        raise BadBookToml(
            there, f"{there.name} is there already", "Edit it, or move it away to get a new one"
        )
    return own


def read_book_toml(path: Path) -> BookToml:
    """Read and check a book.toml.

    Raises:
        BadBookToml: it cannot be read or followed; the message names the key.
    """
    try:
        data = path.read_bytes()
        table = tomllib.loads(data.decode("utf-8-sig"))  # Windows' editor writes a mark in front
    except OSError as error:
        raise BadBookToml(path, f"{path.name} cannot be opened ({error.strerror})", _PERMISSIONS) from error
    except UnicodeDecodeError as error:
        raise BadBookToml(path, f"{path.name} is not written in UTF-8", "Save it as UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise BadBookToml(
            path,
            f"{path.name} is not TOML: {str(error).lower()}",
            'Text stands in quotes (voice = "af_heart"), yes and no are true and false',
        ) from error
    except (ValueError, RecursionError) as error:
        raise _beyond_reading(path) from error
    directions = _checked(path, table)
    cover = _cover(path, directions.book.cover) if directions.book.cover else None
    sha256 = hashlib.sha256(data)
    sha256.update(cover.data if cover else b"")
    return BookToml(path, sha256.hexdigest(), directions, cover)


_PERMISSIONS: Final = "Check its permissions"
_DIRECTIONS: Final = TypeAdapter(Directions)
_TABLES: Final = {
    (): Directions,
    ("book",): BookDirections,
    ("pauses",): PauseDirections,
    ("chapter",): ChapterDirections,
    ("chapter", "split"): Split,
}
_BOOK_KEYS: Final = frozenset(one.name for one in fields(BookDirections))
_KINDS: Final = {
    "string_type": "should be text in quotes",
    "bool_type": "should be true or false",
    "float_type": "should be a number",
    "tuple_type": "should be a list in square brackets",
    "dict_type": "should be a table",
    "dataclass_type": "should be a table",
    "string_too_short": "is empty",
}


def _path_of(document: Path) -> Path | None:
    own, common = _own_path(document), document.with_name(COMMON_NAME)
    if own.is_file():
        return own
    if not common.is_file():
        return None
    others = _other_books(document)
    if others:
        raise BadBookToml(
            common,
            f"{COMMON_NAME} stands beside {len(others) + 1} books, so it is not clear which one it is for",
            f"Call it {own.name} if it is for {document.name}, or give each book a folder of its own",
        )
    return common


def _own_path(document: Path) -> Path:
    return document.with_suffix(".toml")


def _other_books(document: Path) -> set[str]:
    """The books in a document's folder but for itself; one book may be there in several formats."""
    kinds = _BOOKS | {document.suffix.lower()}
    return {
        path.stem
        for path in document.parent.iterdir()
        if path.suffix.lower() in kinds and not path.name.startswith(".") and path.is_file()
    } - {document.stem}


def _checked(path: Path, table: dict[str, Any]) -> Directions:
    """TOML checked as if it were JSON: lists may become tuples there, but "1" does not become a number."""
    try:
        return _DIRECTIONS.validate_json(json.dumps(_in_full(table), default=str))
    except ValidationError as error:
        raise _refusal(path, table, error) from error
    except (ValueError, RecursionError) as error:  # hexadecimal numbers and dotted names pass the TOML parser
        raise _beyond_reading(path) from error


def _beyond_reading(path: Path) -> BadBookToml:
    return BadBookToml(
        path,
        f"{path.name} is not TOML that can be followed: it has a number that is too long, or lists or tables "
        "nested too deeply",
        "Remove what is in it by mistake",
    )


def _in_full(table: dict[str, Any]) -> dict[str, Any]:
    """The shorter ways of writing made one with the longer: `split = ["words"]` and `part = 2`."""
    table = dict(table)
    book = table.get("book")
    if isinstance(book, dict) and type(book.get("part")) in (int, float):
        part = book["part"]
        table["book"] = book | {"part": str(part) if isinstance(part, int) else f"{part:g}"}
    chapters = table.get("chapter")
    if isinstance(chapters, list):
        table["chapter"] = [_with_whole_splits(chapter) for chapter in chapters]
    return table


def _with_whole_splits(chapter: Any) -> Any:
    splits = chapter.get("split") if isinstance(chapter, dict) else None
    if not isinstance(splits, list):
        return chapter
    return chapter | {"split": [{"at": one} if isinstance(one, str) else one for one in splits]}


def _refusal(path: Path, table: Mapping[str, Any], error: ValidationError) -> BadBookToml:
    """The first thing that is wrong, by the name of its key."""
    first, *others = error.errors(include_url=False)
    where, kind = first["loc"], first["type"]
    more = f" (and {len(others)} more)" if others else ""
    if kind == "unexpected_keyword_argument":
        keys = [
            one.name for one in fields(_TABLES[tuple(step for step in where[:-1] if isinstance(step, str))])
        ]
        near = get_close_matches(str(where[-1]), keys, n=2)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"The keys there are {', '.join(keys)}"
        if len(where) == 1 and where[0] in _BOOK_KEYS:
            hint = "Put it below a line [book]"
        return BadBookToml(path, f"{path.name}: {_place(where, table)}: there is no such key{more}", hint)
    problem = _KINDS.get(kind) or first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if where == ("chapter",) and kind == "tuple_type":
        problem = "should be written with two brackets: [[chapter]]"
    if kind == "missing":
        problem = "is missing"
    return BadBookToml(path, f"{path.name}: {_place(where, table)} {problem}{more}", "Correct that line")


def _place(where: tuple[int | str, ...], table: Mapping[str, Any]) -> str:
    """Where something stands, as the producer sees it: [book] voice; [[chapter]] 3 (“The Drawer”) speed."""
    if not where:
        return "the file"
    if where[0] != "chapter":
        return " ".join((f"[{where[0]}]", *map(str, where[1:]))) if len(where) > 1 else str(where[0])
    if len(where) == 1:
        return "[chapter]"
    number = int(where[1])
    entry = table["chapter"][number]
    name = (entry.get("name") or entry.get("begins")) if isinstance(entry, dict) else None
    below = (str(step + 1 if isinstance(step, int) else step) for step in where[2:])
    return " ".join(filter(None, (f"[[chapter]] {number + 1}", f"(“{name}”)" if name else "", *below)))


def _cover(path: Path, name: str) -> Cover:
    """The picture that `cover` names; it lies in the file's own folder, or below it.

    Raises:
        BadBookToml: it is not there, lies elsewhere, or is no JPEG or PNG of a sane size.
    """
    where = f"{path.name}: [book] cover: {name}"
    folder = path.parent.resolve()
    picture = (folder / name.replace("\0", "")).resolve()
    if not picture.is_relative_to(folder):
        raise BadBookToml(path, f"{where} lies outside its folder", "Put the picture beside the book.toml")
    try:
        large = picture.stat().st_size > COVER_LIMIT_BYTES
        data = b"" if large else picture.read_bytes()
    except OSError as error:
        raise BadBookToml(path, f"{where} cannot be opened ({error.strerror})", "Check the name") from error
    if large:
        raise BadBookToml(
            path, f"{where} is over {COVER_LIMIT_BYTES // 2**20} MB", "Make the picture smaller"
        )
    cover = Cover.of(data)
    if cover is None:
        raise BadBookToml(path, f"{where} is neither a JPEG nor a PNG", "Save it as one of them")
    return cover
