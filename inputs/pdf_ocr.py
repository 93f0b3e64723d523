"""Pages of a PDF that are pictures or garbled to a PDF with a text layer, by ocrmypdf and tesseract."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from inputs.errors import OcrFailed, OcrMissing

PAGE_S = 120.0  # a page takes tesseract 1-20 s on one core
_EXIT_MISSING = 3  # ocrmypdf's: tesseract, or its data for the language
_INSTALL = (
    "Install ocrmypdf (pip install 'audiobindery[ocr]') and, from your system's packages, tesseract with its "
    "data for the language, such as tesseract-ocr and tesseract-ocr-deu; ocrmypdf 16 needs ghostscript, too"
)
# ISO 639-1 to tesseract's names, which are ISO 639-2/T but for Chinese
_NAMES = {
    "ar": "ara", "cs": "ces", "da": "dan", "de": "deu", "el": "ell", "en": "eng", "es": "spa", "fi": "fin",
    "fr": "fra", "he": "heb", "hi": "hin", "hu": "hun", "it": "ita", "ja": "jpn", "ko": "kor", "la": "lat",
    "nl": "nld", "no": "nor", "pl": "pol", "pt": "por", "ro": "ron", "ru": "rus", "sv": "swe", "tr": "tur",
    "uk": "ukr", "vi": "vie", "zh": "chi_sim",
}  # fmt: skip


def recognised(path: Path, sha256: str, pages: Sequence[int], language: str, kept: Path) -> Path:
    """A copy of the PDF whose given pages have been recognised; their old text layer is gone.

    sha256: of the file's bytes. pages: 0 is the first. language: BCP 47. kept: the folder where copies are
    kept, by content; what is there is not made again.

    Raises:
        OcrMissing: ocrmypdf, tesseract or its data for the language is not installed.
        OcrFailed: ocrmypdf refused the file, or took too long.
    """
    name = _NAMES.get(language.partition("-")[0], "eng")
    wanted = ",".join(str(page + 1) for page in pages)
    key = hashlib.sha256(f"{sha256} {name} {wanted}".encode()).hexdigest()
    copy = kept / f"{key[:32]}.pdf"
    if copy.exists():
        return copy
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept) as scratch:
        made = Path(scratch) / "recognised.pdf"
        # of the type pdf, as PDF/A takes ghostscript; pages that lie on their side are turned
        command = [_ocrmypdf(path), "--force-ocr", "--pages", wanted, "-l", name, "--rotate-pages"]
        command += ["--output-type", "pdf", "--optimize", "0", "--quiet", str(path.resolve()), str(made)]
        _run(command, path, made, limit_s=PAGE_S * (1 + len(pages)))
        made.replace(copy)
    return copy


def _ocrmypdf(path: Path) -> str:
    beside = str(Path(sys.executable).parent)
    found = shutil.which("ocrmypdf") or shutil.which("ocrmypdf", path=beside)
    if found is None:
        raise OcrMissing(path, "its pages are to be recognised, but ocrmypdf is not installed", _INSTALL)
    return found


def _run(command: list[str], path: Path, made: Path, *, limit_s: float) -> None:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = f"recognising its pages took more than {limit_s:.0f} s"
        raise OcrFailed(path, message, "Run ocrmypdf on it yourself, and read what that makes") from error
    if done.returncode == 0 and made.exists():
        return
    told = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    said = " ".join(told[:2]) or f"exit status {done.returncode}"
    if done.returncode == _EXIT_MISSING:
        raise OcrMissing(
            path, f"its pages are to be recognised, but ocrmypdf lacks something: {said}", _INSTALL
        )
    raise OcrFailed(path, f"ocrmypdf: {said}", "Run ocrmypdf on it yourself, and read what that makes")
