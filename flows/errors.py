"""What keeps a run from starting at all."""

from __future__ import annotations


class CannotStart(Exception):
    """Something that every document needs is not there; `str()` of it is one line for a person.

    message: what is wrong. hint: what to do about it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}"
