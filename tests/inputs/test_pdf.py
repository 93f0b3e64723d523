"""Laws of reading PDFs: chapters, furniture, notes, hyphens, columns, hostile files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from inputs import pdf
from inputs.book import Block, BlockKind, Book, PdfPlace, SkipReason
from inputs.errors import (
    DamagedDocument,
    DocumentError,
    DocumentTooLarge,
    EmptyDocument,
    NoTextLayer,
    PasswordNeeded,
)
from inputs.pdf_garbled import mark_unreadable
from inputs.pdf_pages import Line, Page, Run, even_out
from inputs.read import read

WritePdf = Callable[..., Path]

Drawn = tuple[float, float, float, bool, str]
LINES = [
    "The keeper of the light had not spoken to anyone since the",
    "boat came in March, and now that it was June he found that",
    "he did not mind. He wound the clock, and he trimmed the wick,",
    "and he wrote down the weather in a book that nobody read.",
]


def paragraph(top: float, lines: list[str], left: float = 50, size: float = 11) -> list[Drawn]:
    """Lines 14 points apart, the first one indented."""
    return [(left + (15 if i == 0 else 0), top - 14 * i, size, False, line) for i, line in enumerate(lines)]


def furnished(number: int, head: str, body: list[Drawn]) -> list[Drawn]:
    """A page with a running head and its number at the foot."""
    return [(150, 560, 9, False, head), *body, (195, 30, 9, False, str(number))]


def blocks(book: Book, reason: SkipReason | None = None) -> list[Block]:
    return [b for c in book.chapters for b in c.blocks if b.skip is reason]


def spoken_text(book: Book) -> str:
    return " ".join(block.text for block in blocks(book))


def test_an_outline_cuts_chapters_at_its_places_even_within_a_page(write_pdf: WritePdf) -> None:
    page = [
        (50, 520, 16, True, "The Light"), *paragraph(490, LINES),
        (50, 400, 16, True, "The Boat"), *paragraph(370, LINES),
    ]  # fmt: skip
    path = write_pdf([page], outline=[("The Light", 0, 540), ("The Boat", 0, 420)])
    book = read(path)
    assert [c.title for c in book.chapters] == ["The Light", "The Boat"]
    assert all(c.blocks[0].kind is BlockKind.HEADING and c.spoken_words > 40 for c in book.chapters)


def test_headings_cut_chapters_where_there_is_no_outline(write_pdf: WritePdf) -> None:
    pages = [
        [(50, 500, 18, True, f"Chapter {n}"), *paragraph(470, LINES * 4), *paragraph(230, LINES * 2)]
        for n in (1, 2, 3)
    ]
    assert [c.title for c in read(write_pdf(pages)).chapters] == ["Chapter 1", "Chapter 2", "Chapter 3"]


def test_running_heads_and_page_numbers_are_kept_but_not_spoken(write_pdf: WritePdf) -> None:
    pages = [furnished(n + 7, "THE KEEPER", paragraph(500, LINES * 3)) for n in range(5)]
    book = read(write_pdf(pages))
    assert "KEEPER" not in spoken_text(book)
    assert len(blocks(book, SkipReason.RUNNING_HEAD)) == 5
    assert [b.text for b in blocks(book, SkipReason.PAGE_NUMBER)] == ["7", "8", "9", "10", "11"]


def test_a_paragraph_goes_on_over_a_page_break(write_pdf: WritePdf) -> None:
    pages = [
        furnished(1, "THE KEEPER", paragraph(500, LINES)),
        furnished(2, "THE KEEPER", [(x - 15 * (i == 0), y, s, b, t) for i, (x, y, s, b, t) in enumerate(
            paragraph(500, ["which is as it should be, for a", "light is not a thing to be read about."]))]),
        furnished(3, "THE KEEPER", paragraph(500, LINES)),
    ]  # fmt: skip
    pages[0][-2] = (50, 458, 11, False, "and he wrote down the weather in a great book of his own")
    book = read(write_pdf(pages))
    assert any("a great book of his own which is as it should be" in block.text for block in blocks(book))


def test_words_broken_at_a_lines_end_are_made_whole(write_pdf: WritePdf) -> None:
    page = paragraph(
        500, ["The light-", "house keeper had twenty-", "two lamps and a self-", "portrait in oil."]
    )
    text = spoken_text(read(write_pdf([page])))
    assert text == "The lighthouse keeper had twenty-two lamps and a self-portrait in oil."


def test_columns_are_read_one_after_the_other(write_pdf: WritePdf) -> None:
    narrow = ["first of the left col-", "umn goes on and on,", "until its foot where", "it turns to the top"]
    right = ["of the other one, and", "ends there in the end."]
    page = paragraph(500, narrow, left=40) + [(220, 500 - 14 * i, 11, False, t) for i, t in enumerate(right)]
    text = spoken_text(read(write_pdf([page])))
    assert "left column goes on" in text
    assert "to the top of the other one" in text


def test_columns_stored_row_by_row_are_reported(write_pdf: WritePdf) -> None:
    page = [
        (30 + 125 * column, 500 - 14 * row, 8, False, "some prose in a narrow col")
        for row in range(5)
        for column in range(3)
    ]
    book = read(write_pdf([[*paragraph(570, LINES), *page]]))
    assert "columns-as-tables" in [w.code for w in book.warnings]
    assert len(blocks(book, SkipReason.TABLE)) == 1


def test_footnotes_and_their_marks_are_not_spoken(write_pdf: WritePdf) -> None:
    body = paragraph(500, LINES * 4)
    page = [*body, (50, 262, 11, False, "He drank rum"), (112, 266, 6, False, "1"),
            (118, 262, 11, False, "at night."),
            (50, 60, 8, False, "1 A drink made from sugar cane.")]  # fmt: skip
    book = read(write_pdf([page]))
    assert [b.text for b in blocks(book, SkipReason.NOTE)] == ["1 A drink made from sugar cane."]
    last = next(b for b in blocks(book) if "rum" in b.text)
    assert [(last.text[s.start : s.end].strip(), s.reason) for s in last.skips] == [
        ("1", SkipReason.NOTE_MARK)
    ]


def test_what_lies_outside_the_crop_box_is_marked_as_not_shown(write_pdf: WritePdf) -> None:
    page = [*paragraph(500, LINES), (10, 590, 8, False, "4TH PASS PAGES")]
    book = read(write_pdf([page], crop=(0, 0, 400, 580)))
    assert "PASS" not in spoken_text(book)
    assert [b.text for b in blocks(book, SkipReason.NOT_SHOWN)] == ["4TH PASS PAGES"]


def test_a_printed_list_of_contents_is_not_spoken(write_pdf: WritePdf) -> None:
    contents = [
        (50, 520 - 14 * i, 11, False, f"Chapter {i} . . . . . . . . . . . . . . {i * 7}") for i in range(1, 7)
    ]
    book = read(write_pdf([contents, paragraph(500, LINES * 3)]))
    assert len(blocks(book, SkipReason.CONTENTS)) >= 1
    assert ". . ." not in spoken_text(book)


def test_a_rotated_page_is_read_upright(write_pdf: WritePdf) -> None:
    book = read(write_pdf([paragraph(500, LINES)], page_extra="/Rotate 90"))
    assert spoken_text(book) == " ".join(LINES)


def test_a_block_knows_its_page_and_box(write_pdf: WritePdf) -> None:
    book = read(write_pdf([paragraph(500, LINES), paragraph(500, LINES)]))
    places = [b.place for b in blocks(book)]
    assert all(isinstance(place, PdfPlace) and place.box is not None for place in places)
    assert [place.page for place in places if isinstance(place, PdfPlace)] == [1, 2]


def test_metadata_is_read_and_file_names_are_no_titles(write_pdf: WritePdf) -> None:
    pages = [[(50, 540, 20, True, "The Light"), *paragraph(500, LINES * 3)]]
    named = read(write_pdf(pages, info="/Title(A Real Title)/Author(Ann Other; Bo)/CreationDate(D:20200131)"))
    assert (named.title, named.authors, named.published) == (
        "A Real Title",
        ("Ann Other", "Bo"),
        "2020-01-31",
    )
    assert read(write_pdf(pages, info="/Title(ms_final.indd)")).title == "The Light"


def test_a_password_is_asked_for_and_an_empty_one_opens(write_pdf: WritePdf, tmp_path: Path) -> None:
    source = write_pdf([paragraph(500, LINES)])
    for password, name in (("", "open.pdf"), ("secret", "locked.pdf")):
        writer = PdfWriter(clone_from=PdfReader(source))
        writer.encrypt(user_password=password, algorithm="AES-256")
        with (tmp_path / name).open("wb") as stream:
            writer.write(stream)
    assert spoken_text(read(tmp_path / "open.pdf")) == " ".join(LINES)
    with pytest.raises(PasswordNeeded, match="password"):
        read(tmp_path / "locked.pdf")


def test_pages_without_text_are_named(write_pdf: WritePdf) -> None:
    with pytest.raises(EmptyDocument):
        read(write_pdf([[], []]))


def test_a_scan_is_refused_with_its_pages(tmp_path: Path) -> None:
    image = (
        b"<</Type/XObject/Subtype/Image/Width 1/Height"
        b" 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>stream\nx\nendstream"
    )
    draw = b"<</Length 30>>stream\nq 400 0 0 600 0 0 cm /I Do Q  \nendstream"
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 600]/Resources<</XObject<</I 4 0 R>>>>/Contents 5 0 R>>",
        image,
        draw,
    ]
    data = b"%PDF-1.4\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (i, body) for i, body in enumerate(bodies, 1))
    path = tmp_path / "scan.pdf"
    path.write_bytes(data + b"trailer<</Root 1 0 R>>\n%%EOF")
    with pytest.raises(NoTextLayer, match=r"page 1 of 1.*OCR"):
        read(path)


def test_noise_behind_a_pdf_header_is_a_damaged_document(tmp_path: Path) -> None:
    path = tmp_path / "noise.pdf"
    path.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 20)
    with pytest.raises(DamagedDocument):
        read(path)


def test_pages_that_call_themselves_do_not_take_the_reader_down(tmp_path: Path) -> None:
    """A form that draws itself can end PDFium; then the second reader, or an error, answers."""
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 600]/Resources<</XObject<</F 4 0 R>>"
        b"/Font<</R 6 0 R>>>>/Contents 5 0 R>>",
        b"<</Type/XObject/Subtype/Form/BBox[0 0 400 600]/Resources<</XObject<</F 4 0 R>>>>"
        b"/Length 11>>stream\n/F Do /F Do\nendstream",
        b"<</Length 52>>stream\nBT /R 12 Tf 50 500 Td (Good words here) Tj ET /F Do  \nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>",
    ]
    data = b"%PDF-1.4\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (i, body) for i, body in enumerate(bodies, 1))
    path = tmp_path / "self.pdf"
    path.write_bytes(data + b"trailer<</Root 1 0 R>>\n%%EOF")
    try:
        book = read(path)
    except DocumentError:
        return
    assert "Good words here" in spoken_text(book)


def test_the_second_reader_goes_on_where_the_first_one_died(
    write_pdf: WritePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = pdf._run

    def dying(job: str, path: Path, *, first_page: int = 0) -> pdf._Told:
        told = run(job, path, first_page=first_page)
        return pdf._Told(-6, told.facts, told.pages[:1]) if job == "text" else told

    monkeypatch.setattr(pdf, "_run", dying)
    book = read(write_pdf([paragraph(500, LINES), paragraph(500, ["The second page is read by another."])]))
    assert "read by another" in spoken_text(book)
    assert "second-reader" in [w.code for w in book.warnings]


def test_a_reader_that_never_answers_is_stopped_and_named(
    write_pdf: WritePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "READING_S", 0.0)
    monkeypatch.setattr(pdf, "PAGE_S", 0.0)
    with pytest.raises(DocumentTooLarge, match="more than"):
        read(write_pdf([paragraph(500, LINES)]))


def shifted(text: str, by: int) -> str:
    """As a font whose codes are its glyphs' numbers comes out: every character moved by the same step."""
    return "".join(chr(ord(c) + by) for c in text)


def test_a_page_in_a_cipher_is_named_and_not_spoken(write_pdf: WritePdf) -> None:
    secret = [shifted(line, 3).replace("#", " ") for line in LINES]
    book = read(write_pdf([paragraph(500, LINES), paragraph(500, secret), paragraph(500, LINES)]))
    assert spoken_text(book).count("boat came in March") == 2
    assert [b.place.page for b in blocks(book, SkipReason.UNREADABLE) if isinstance(b.place, PdfPlace)] == [2]
    assert any(w.code == "garbled-text" and "page 2:" in w.message for w in book.warnings)


def test_a_document_without_a_readable_page_is_refused_with_what_to_do(write_pdf: WritePdf) -> None:
    for lines in (['"7+%&(=', "=(&%+/#"], ["0SVIQ\x04MTWYQ"], ["(cid:12)(cid:7)(cid:45) (cid:3)"]):
        with pytest.raises(NoTextLayer, match=r"page 1 has no usable encoding.*OCR"):
            read(write_pdf([paragraph(500, lines)]))


@pytest.mark.parametrize(
    "lines",
    [
        ["Strč prst skrz krk, říká se, a kdo to zvládne napoprvé, ten je opravdu pašák. Příliš žluťoučký",
         "kůň úpěl ďábelské ódy a všichni ostatní koně na to jen tiše koukali z ohrady u starého mlýna."],
        ["Ég á hest sem heitir Skjóni og hann er mjög þrjóskur, svo að við förum sjaldan langt í einu.",
         "Í gær fórum við þó alla leið niður að sjó og til baka aftur áður en það fór að rigna."],
        ["Tôi yêu tiếng nước tôi từ khi mới ra đời, người ơi. Mẹ hiền ru những câu xa vời, à à ơi.",
         "Tiếng ru muôn đời, tiếng nước tôi. Bốn ngàn năm ròng rã buồn vui, khóc cười theo mệnh nước."],
        ["Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni",
         "rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa, zawsze i wszędzie."],
        ["IRS TIN ITIN W-7 CP565 Form 1040NR, line 72d; see also Pub. 519, Sch. OI, Sch. NEC and Form 8843.",
         "XML, HTTP, DNS, TCP/IP, SMTP, SSH are spoken by RFC-compliant hosts; MX, NS, SRV are DNS types."],
    ],
)  # fmt: skip
def test_no_language_is_taken_for_a_cipher(lines: list[str]) -> None:
    runs = [Run(text, 50, 500, 400, 510, 11, "", False, 500) for text in lines]
    page = Page(0, 400, 600, [Line(0, (run,)) for run in runs], [])
    assert mark_unreadable([page]) == []
    assert [line.skip for line in page.lines] == [None, None]


def in_rows(columns: list[list[str]], left: float, step: float, top: float = 500) -> list[Drawn]:
    """Columns side by side, drawn row by row."""
    return [
        (left + step * place, top - 11 * row, 8, False, column[row])
        for row in range(max(map(len, columns)))
        for place, column in enumerate(columns)
        if row < len(column)
    ]


NARROW = [
    "The keeper of the light had not", "spoken to anyone since the boat", "came in March, and now that it",
    "was", "June he found that he did not", "mind. He wound the clock, and", "he trimmed the wick, and he",
    "wrote the weather into a book", "that nobody in the whole of the", "country had ever asked to read.",
]  # fmt: skip


@pytest.mark.parametrize("count", [2, 3])
def test_columns_stored_row_by_row_are_read_one_after_the_other(write_pdf: WritePdf, count: int) -> None:
    columns = [[line.replace("keeper", f"keeper{n}") for line in NARROW] for n in range(count)]
    heading = (30.0, 540.0, 12.0, True, "A heading that runs over the whole width of the page")
    book = read(write_pdf([[heading, *in_rows(columns, 30, 120)]]))
    text = spoken_text(book)
    assert "columns-as-tables" not in [w.code for w in book.warnings]
    assert [text.index(f"The keeper{n} of the light had not spoken") for n in range(count)] == sorted(
        text.index(f"keeper{n}") - 4 for n in range(count)
    )
    assert text.count("came in March, and now that it was June he found") == count


def test_a_table_with_words_in_its_cells_stays_a_table(write_pdf: WritePdf) -> None:
    terms = ["Wick", "Lamp", "Boat", "Clock", "Rum", "Log", "Gull", "Rope", "Flag", "Oil"]
    other = [f"{n} of them are kept here" for n in range(10)]
    book = read(write_pdf([[*paragraph(570, LINES), *in_rows([terms, NARROW, other], 30, 120)]]))
    assert len(blocks(book, SkipReason.TABLE)) == 1
    assert "Wick" not in spoken_text(book)


def test_words_set_bold_at_a_paragraphs_start_are_no_heading(write_pdf: WritePdf) -> None:
    page = [
        (50, 500, 11, True, "Of the clock which he wound each day."), (252, 500, 11, False, "The"),
        *[(50.0, 486.0 - 14 * i, 11.0, False, line) for i, line in enumerate(LINES[1:])],
    ]  # fmt: skip
    book = read(write_pdf([[*paragraph(570, LINES), *page]]))
    assert "each day. The boat came in March" in spoken_text(book)
    assert BlockKind.HEADING not in [block.kind for block in blocks(book)]


def test_a_raised_mark_does_not_cut_its_line(write_pdf: WritePdf) -> None:
    page = [
        (50, 500, 11, False, "He drank rum,"), (110, 505, 7, False, "[12][13]"),
        (137, 500, 11, False, "and slept."),
    ]  # fmt: skip
    (block,) = blocks(read(write_pdf([page])))
    assert block.text == "He drank rum,[12][13] and slept."
    assert [(block.text[s.start : s.end], s.reason) for s in block.skips] == [
        ("[12][13]", SkipReason.NOTE_MARK)
    ]


def test_an_exponent_is_no_note_mark(write_pdf: WritePdf) -> None:
    page = [(50, 500, 11, False, "The square of x is x"), (140, 505, 7, False, "2"),
            (145, 500, 11, False, "as ever.")]  # fmt: skip
    (block,) = blocks(read(write_pdf([page])))
    assert block.skips == ()


def test_the_number_in_a_name_is_no_note_mark(write_pdf: WritePdf) -> None:
    page = [*paragraph(500, [*LINES, "He kept it all in DB2 and in books.2 They never came"] * 3),
            (50, 60, 8, False, "2 A data base.")]  # fmt: skip
    spoken = blocks(read(write_pdf([page])))
    cut = [block.text[skip.start - 4 : skip.end] for block in spoken for skip in block.skips]
    assert cut == ["oks.2"] * 3


def test_heads_and_numbers_of_a_document_of_two_pages_are_not_spoken(write_pdf: WritePdf) -> None:
    pages = [
        [*paragraph(500, LINES * 3), (50, 30, 9, False, f"Page {n} | A Report on the Weather")]
        for n in (1, 2)
    ]
    assert "Report" not in spoken_text(read(write_pdf(pages)))


def test_pages_that_are_counted_anew_in_an_annex_keep_their_numbers_to_themselves(
    write_pdf: WritePdf,
) -> None:
    numbers = [*range(5, 12), *range(1, 9)]
    pages = [
        [*paragraph(500, LINES * 3), (195, 40, 9, False, str(n)), (50, 20, 9, False, "Final report")]
        for n in numbers
    ]
    book = read(write_pdf(pages))
    assert [int(b.text) for b in blocks(book, SkipReason.PAGE_NUMBER)] == numbers


def test_every_bullet_begins_an_item(write_pdf: WritePdf) -> None:
    items = ["\u2022 the wick and the lamp of the light", "\u2022 the boat", "\u2022 rum"]
    page = [
        (50, 500, 11, False, "He had brought with him these things and nothing more than them:"),
        *[(50.0, 486.0 - 14 * i, 11.0, False, item) for i, item in enumerate(items)],
    ]
    book = read(write_pdf([page]))
    assert [b.text for b in blocks(book) if b.kind is BlockKind.LIST_ITEM] == items


def test_recognised_lines_of_nearly_one_size_are_of_one_size() -> None:
    runs = [Run("some words in a line", 50, 500, 400, 510, size, "", False, 500) for size in (9, 10, 11, 18)]
    page = Page(0, 400, 600, [Line(0, (run,)) for run in runs], [])
    even_out(page)
    assert [line.size for line in page.lines] == [10.5, 10.5, 10.5, 18]


def test_a_pdf_that_lost_its_header_is_read_as_one(write_pdf: WritePdf) -> None:
    path = write_pdf([paragraph(500, LINES)])
    path.write_bytes(path.read_bytes().replace(b"%PDF-1.7", b"%\xe2\xe3\xcf\xd3   "))
    assert spoken_text(read(path)) == " ".join(LINES)


def test_the_same_single_line_on_two_pages_is_text(write_pdf: WritePdf) -> None:
    assert spoken_text(read(write_pdf([paragraph(560, LINES[:1])] * 2))).count("keeper") == 2


def test_a_heading_that_calls_itself_a_chapter_is_one_beside_others_of_its_size(write_pdf: WritePdf) -> None:
    pages = [
        [(50, 520, 18, True, title), *paragraph(490, LINES * 5)]
        for title in ("A Note on Lamps", "A Note on Boats")
    ]
    pages.append([(50, 520, 20, False, "Chapter 1. The Keeper"), *paragraph(490, LINES * 5)])
    titles = [c.title for c in read(write_pdf(pages)).chapters]
    assert titles == ["A Note on Lamps", "A Note on Boats", "Chapter 1. The Keeper"]
