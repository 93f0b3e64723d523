"""A shelf of 20 documents put into the inbox of `bindery serve`, and what the schedule makes of it.

    python -m bench.shelf                              # waits for a tick of the schedule: up to seven minutes
    python -m bench.shelf --field FOLDER --json shelf.json

Ten that are well (EPUB, PDF, text, Markdown, web page), five that cannot be read, two scanned PDFs and three
that are there twice. Every good one must be in the library, whole, with its page among Prefect's artifacts;
every other in `failed/` with its reason, or recognised. The exit status is 1 where one is not. The draft
voice speaks. With --field the good, the bad and the scanned ones are real: small documents of that folder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from slugify import slugify

from bench.machine import Machine, Serving, hidden_in, serving, table, until, visible_in
from bench.writing import write_epub, write_markdown, write_page, write_pdf, write_scan, write_text

_TICK_LIMIT_S: Final = 900.0  # five minutes to the tick, and the work
_SENTENCES: Final = 20
_DUPLICATES: Final = 3
# Of a folder of field documents, by where each lies in it.
_FIELD_GOOD: Final = (
    *("epub/bmaupin_minimal-v3.epub", "epub/ebooklib_test01.epub", "epub/idpf_hefty-water.epub"),
    *("epub/w3c_pss-support.epub", "epub/abogen_debug_tts_samples.epub"),
    *("pdf/small_crazyones.pdf", "pdf/small_header-footer.pdf", "pdf/small_pdflatex-4-pages.pdf"),
    *("pdf/small_toc-outline.pdf", "pdf/small_nested-outline.pdf"),
)
_FIELD_BAD: Final = (
    *("bad/enc_r2-user-password.pdf", "bad/enc_sechandler-unknown.pdf", "bad/crafted_drm-lcp.epub"),
    *("bad/crafted_zip-bomb-300mb-xhtml.epub", "bad/epub_ocf-zip-unreadable-no-end-header-fatal.epub"),
)
_FIELD_SCANNED: Final = ("pdf/scan_linn.pdf", "pdf/scan_skew.pdf")

_LOCK: Final = {
    "META-INF/license.lcpl": "{}",
    "META-INF/encryption.xml": '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
    'xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:EncryptionMethod '
    'Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/><enc:CipherData>'
    '<enc:CipherReference URI="one.xhtml"/></enc:CipherData></enc:EncryptedData></encryption>',
}


@dataclass(frozen=True, slots=True)
class Found:
    """One document, and where it was found after the tick. why: the reason's code, or what is not right."""

    name: str
    kind: str  # good, bad, scanned, duplicate
    became: str
    why: str
    holds: bool


def main() -> int:
    """Fill the inbox, wait for the schedule, look; the table goes to standard output, JSON to --json."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="shelf-") as folder:
        machine = Machine(Path(folder), {"BINDERY_INBOX": str(Path(folder) / "inbox")})
        inbox = Path(folder) / "inbox"
        inbox.mkdir()
        with serving(machine) as served:
            _speak_as_draft(served)
            kinds = _fill(inbox, options.field)
            put = datetime.now(UTC)
            print(f"{len(kinds)} documents put into the inbox at {put:%H:%M:%S}", flush=True)
            took_s = until(lambda: _is_worked_through(inbox, served), _TICK_LIMIT_S, 1.0)
            runs = _runs(served)
            pages = _pages(served)
        found = [_found(name, kind, machine, pages) for name, kind in kinds.items()]
        left = hidden_in(machine.library)
    print("\n" + table(("document", "", "became", "why", ""), _lines(found)))
    for run in runs:
        print(f"\n{run['name']}, scheduled for {run['expected_start_time']}: {run['state']['message']}")
    print(f"\n{took_s or -1:.0f} s after they were put there; {len(pages)} pages among the artifacts")
    holds = took_s is not None and all(one.holds for one in found) and not left and bool(runs)
    if options.json:
        facts = {"found": [asdict(one) for one in found], "took_s": took_s, "pages": pages, "left": left}
        options.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return 0 if holds else 1


def _speak_as_draft(served: Serving) -> None:
    """Have the schedule's runs use the draft voice, as on Prefect's page of the deployment."""
    deployment = served.ask("GET", "/deployments/name/narrate-inbox/inbox")
    served.ask("PATCH", f"/deployments/{deployment['id']}", parameters={"options": {"engine": "draft"}})


def _fill(inbox: Path, field: Path | None) -> dict[str, str]:
    """Put the shelf into the inbox, and say of what kind each document is."""
    (inbox / "again").mkdir()
    kinds = _from_field(inbox, field) if field else _written(inbox)
    for name in [name for name, kind in kinds.items() if kind == "good"][:_DUPLICATES]:
        shutil.copyfile(inbox / name, inbox / "again" / f"copy of {name}")
        kinds[f"again/copy of {name}"] = "duplicate"
    return kinds


def _from_field(inbox: Path, field: Path) -> dict[str, str]:
    kinds = {}
    for kind, names in (("good", _FIELD_GOOD), ("bad", _FIELD_BAD), ("scanned", _FIELD_SCANNED)):
        for name in names:
            shutil.copyfile(field / name, inbox / Path(name).name)
            kinds[Path(name).name] = kind
    return kinds


def _written(inbox: Path) -> dict[str, str]:
    write: Mapping[str, Callable[[Path], object]] = {
        "epub": lambda path: write_epub(path, _SENTENCES),
        "pdf": lambda path: write_pdf(path, _SENTENCES),
        "txt": lambda path: write_text(path, _SENTENCES),
        "md": lambda path: write_markdown(path, 2, _SENTENCES),
        "html": lambda path: write_page(path, _SENTENCES),
    }
    kinds = {}
    for suffix, write_one in write.items():
        for number in ("one", "two"):
            write_one(inbox / f"good {number} {suffix}.{suffix}")
            kinds[f"good {number} {suffix}.{suffix}"] = "good"
    (inbox / "picture.epub").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (inbox / "empty.pdf").touch()
    write_pdf(inbox / "locked.pdf", _SENTENCES, password="secret")  # noqa: S106
    whole = write_epub(inbox / "cut off.epub", _SENTENCES).read_bytes()
    (inbox / "cut off.epub").write_bytes(whole[: len(whole) // 2])
    write_epub(inbox / "protected.epub", _SENTENCES, _LOCK)
    kinds |= dict.fromkeys(
        ("picture.epub", "empty.pdf", "locked.pdf", "cut off.epub", "protected.epub"), "bad"
    )
    for name in ("scan of a letter.pdf", "scan of a page.pdf"):
        write_scan(inbox / name)
        kinds[name] = "scanned"
    return kinds


def _is_worked_through(inbox: Path, served: Serving) -> bool:
    waiting = [path for path in visible_in(inbox) if path.parts[0] not in ("done", "failed")]
    taken = [path for path in (inbox / ".claimed").glob("*/**/*") if path.is_file() and path.name != ".run"]
    return not waiting and not taken and bool(_runs(served))


def _runs(served: Serving) -> list[dict[str, Any]]:
    """The schedule's runs that came to an end with something done."""
    deployment = served.ask("GET", "/deployments/name/narrate-inbox/inbox")
    runs = served.ask(
        "POST",
        "/flow_runs/filter",
        deployments={"id": {"any_": [deployment["id"]]}},
        flow_runs={"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}},
    )
    return [
        run for run in runs or [] if run["auto_scheduled"] and "nothing has" not in run["state"]["message"]
    ]


def _pages(served: Serving) -> list[str]:
    """The keys of the books' pages among Prefect's artifacts."""
    artifacts = served.ask("POST", "/artifacts/filter", artifacts={"key": {"like_": "book-%"}}, limit=200)
    return sorted({artifact["key"] for artifact in artifacts or []})


def _found(name: str, kind: str, machine: Machine, pages: list[str]) -> Found:
    """Where a document is, and whether that is where it must be."""
    inbox = machine.root / "inbox"
    done, failed = inbox / "done" / name, inbox / "failed" / name
    reason = failed.with_name(failed.name + ".reason.txt")
    if failed.exists():
        lines = reason.read_text().splitlines() if reason.exists() else []
        code = next((line.removeprefix("Code: ") for line in lines if line.startswith("Code: ")), "no reason")
        return Found(name, kind, "failed", code, kind in ("bad", "scanned") and code != "no reason")
    if not done.exists():
        return Found(name, kind, "nowhere", "", False)
    books = _books(machine.library).get(hashlib.sha256(done.read_bytes()).hexdigest(), [])
    if done.with_name(done.name + ".note.txt").exists():
        return Found(
            name, kind, "known", books[0].name if books else "no book", bool(books) and _may_be_known(kind)
        )
    wrong = [problem for book in books for problem in _wrong(book, pages)] if books else ["no book"]
    return Found(name, kind, "done", "; ".join(wrong) or books[0].name, _may_be_known(kind) and not wrong)


def _may_be_known(kind: str) -> bool:
    """Of two that are the same, either may come first."""
    return kind in ("good", "duplicate")


def _books(library: Path) -> dict[str, list[Path]]:
    """The folders of each document's book, by the document's hash."""
    found: dict[str, list[Path]] = {}
    for manifest in library.rglob("book.json"):
        found.setdefault(json.loads(manifest.read_bytes())["source"]["sha256"], []).append(manifest.parent)
    return found


def _wrong(book: Path, pages: list[str]) -> list[str]:
    """What is not as the book's manifest says, and whether it has no page."""
    files = json.loads((book / "book.json").read_bytes())["files"]
    wrong = [
        f"{name} is not whole"
        for name, facts in files.items()
        if not (book / name).exists()
        or hashlib.sha256((book / name).read_bytes()).hexdigest() != facts["sha256"]
    ]
    return wrong if f"book-{slugify(book.name, max_length=80)}" in pages else [*wrong, "no page"]


def _lines(found: list[Found]) -> list[tuple[str, ...]]:
    return [(one.name, one.kind, one.became, one.why, "✓" if one.holds else "✗") for one in found]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--field", type=Path, help="a folder of field documents: bad, epub, pdf")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
