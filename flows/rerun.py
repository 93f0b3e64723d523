"""A finished book into the same book with what has changed since: lexicons, book.toml, text, options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field

from flows.editions import editions_of, is_document
from flows.narrate import RUNNER, NarrationOptions, narrate, order_of
from flows.news import tell_of_run
from flows.report import Narrated
from flows.settings import Settings
from inputs.choosing import CHOICE_PATTERN, numbers_in
from inputs.errors import NoSuchChapter
from outputs.errors import CannotRerun
from outputs.files import sha256_of
from outputs.finished import FinishedBook, options_of, sole_edition
from tasks.job import Order, Staying
from tasks.kept_plans import plan_path


@dataclass(frozen=True, slots=True)
class Again:
    """What is asked for when a finished book is to be made again."""

    book: FinishedBook  # as it was published
    order: Order
    options: NarrationOptions
    document_changed: bool  # its bytes are not those that the book was made from


@flow(
    name="rerun-chapters",
    flow_run_name=lambda: f"rerun {Path(flow_run.parameters['book']).name}",
    task_runner=RUNNER,  # type: ignore[arg-type]  # Prefect's own annotation is too narrow
    persist_result=False,
    on_completion=[tell_of_run],
    on_failure=[tell_of_run],
)
def rerun_chapters(
    book: str,
    chapters: Annotated[str, Field(pattern=CHOICE_PATTERN)] | None = None,
    given: dict[str, Any] | None = None,
    document: str | None = None,
) -> Narrated:
    """Make a finished book again, as it was made; only what has changed is spoken and written.

    Args:
        book: its folder in the library, or its document
        chapters: numbers and ranges, such as 2-4,7: the others stay as they are; empty: all may change
        given: options that go before those that the book was made with
        document: where its document is now; empty: where it was
    """
    settings = Settings.read()
    again = order_again(Path(book), given or {}, settings, chapters, Path(document) if document else None)
    return narrate(again.order, again.options, settings)


def order_again(
    named: Path,
    given: Mapping[str, Any],
    settings: Settings,
    chapters: str | None = None,
    document: Path | None = None,
) -> Again:
    """What it takes to make a finished book again; the parameters are those of `rerun_chapters`.

    Raises:
        NoSuchBook: nothing, or more than one book, goes by that name.
        CannotRerun: its document is not where it was, or its options are not known.
        NoSuchChapter: a chapter is not one of the book's.
        BadLexicon: a lexicon cannot be used.
        ValidationError: an option does not exist in this form.
    """
    library = Path(given["library"]) if given.get("library") else settings.library
    book = sole_edition(editions_of(named, library, given.get("engine")), str(named))
    options = NarrationOptions.model_validate({"library": str(book.library), **options_of(book), **given})
    source = _document_of(book, document or (named if is_document(named) else None))
    order = order_of(str(source), options, settings)
    if chapters is not None:
        order = _limited(order, book, chapters, settings.parts)
    changed = source.is_file() and sha256_of(source) != book.sha256
    return Again(book, order, options, changed)


def _document_of(book: FinishedBook, named: Path | None) -> Path:
    """The document to read. named: where the user says that it is."""
    if named is None:
        if book.document.is_file():
            return book.document
        raise CannotRerun(
            f"“{book.title}” was made from {book.document}, which is not there any more",
            "Say where it is now with --document",
        )
    same_place = named.absolute() == book.document
    if named.is_file() and not same_place and sha256_of(named) != book.sha256:
        raise CannotRerun(
            f"{named} is not the document that “{book.title}” was made from: it has other content",
            f"Put a new edition of it to {book.document}, or make a book of its own with `bindery convert`",
        )
    return named


def _limited(order: Order, book: FinishedBook, chapters: str, parts: Path) -> Order:
    """The order, for some chapters alone: the others stay as they were published."""
    published = {chapter.number for chapter in book.chapters}
    changing = numbers_in(chapters, max(published), order.document)
    absent = sorted(changing - published)
    if absent:
        raise NoSuchChapter(
            order.document,
            f"chapter {absent[0]} is not in {book.folder.name}",
            f"It has {', '.join(map(str, sorted(published)))}",
        )
    staying = {
        one.number: Staying(one.plan, plan_path(parts, one.part, book.sha256))
        for one in book.chapters
        if one.number not in changing
    }
    return replace(order, changing=tuple(sorted(changing)), staying=staying)
