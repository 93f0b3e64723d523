from __future__ import annotations

from pathlib import Path

import pytest

from inputs.book import Block, BlockKind, Book, Chapter, Cover, EpubPlace, Matter, PdfPlace, ReadingWarning
from tasks.job import Job, Order

ORDER = Order(Path("a.epub"), "draft", None, 1.0, None, ("mp3",), Path("library"))


@pytest.mark.parametrize(
    "cover", [None, Cover(b"\x89PNG\r\n\xff\x00", "image/png"), Cover(b"\xff\xd8", "image/jpeg")]
)
def test_a_book_comes_out_of_its_work_folder_as_it_went_in(tmp_path: Path, cover: Cover | None) -> None:
    job = Job(tmp_path / "job", ORDER, "af_heart", 1.0, (), 0, 0, 0, ())
    book = Book(
        source=Path("a.epub"),
        sha256="0" * 64,
        format="epub",
        title="“Títle”",
        authors=("A", "B"),
        language="en",
        chapters=(
            Chapter(
                "One", (Block(BlockKind.VERSE, "a\nb", EpubPlace("x", "id", 0, 3)),), ("Part",), Matter.FRONT
            ),
            Chapter("Two", (Block(BlockKind.PARAGRAPH, "c", PdfPlace(3, (0.0, 1.0, 2.0, 3.5))),)),
        ),
        cover=cover,
        warnings=(ReadingWarning("code", "words"),),
    )
    job.write_book(book)
    assert job.book() == book
