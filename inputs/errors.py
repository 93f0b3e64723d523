"""What can be wrong with a document, each with its code, its words and what to do."""

from __future__ import annotations

from pathlib import Path


class DocumentError(Exception):
    """A document cannot be read; `str()` of it is one line for a person.

    code: short and stable, for programs. message: what is wrong. hint: what to do about it.
    """

    code = "document"

    def __init__(self, path: Path, message: str, hint: str) -> None:
        super().__init__(path, message, hint)
        self.path = path
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.path}: {self.message}. {self.hint}"


class NoSuchDocument(DocumentError):
    """The path leads nowhere, or to something that is not a file."""

    code = "no-such-file"


class NotADocument(DocumentError):
    """The file is not of a kind that is read here, or its content is not what its name says."""

    code = "not-a-document"


class EmptyDocument(DocumentError):
    """The file is empty, or there is nothing to speak in it."""

    code = "empty"


class DamagedDocument(DocumentError):
    """The file is of the right kind, but broken beyond reading."""

    code = "damaged"


class PasswordNeeded(DocumentError):
    """The document is encrypted and opens with a password only."""

    code = "password-needed"


class ProtectedDocument(DocumentError):
    """The document's text is locked by a DRM scheme, which the message names."""

    code = "drm"


class NoTextLayer(DocumentError):
    """The pages are pictures: a scan without text."""

    code = "no-text"


class OcrMissing(DocumentError):
    """Pages are to be recognised, but what does it is not installed, or not for the language."""

    code = "ocr-missing"


class OcrFailed(DocumentError):
    """The recognition of a document's pages was refused, broke down or took too long."""

    code = "ocr-failed"


class DocumentTooLarge(DocumentError):
    """Reading it would take more memory, time or space than a document may."""

    code = "too-large"


class NoSuchChapter(DocumentError):
    """A chapter was asked for by a number that the document does not have."""

    code = "no-such-chapter"


class BadBookToml(DocumentError):
    """A book.toml cannot be followed: not TOML, an unknown key, a value of the wrong kind."""

    code = "book-toml"
