"""What keeps documents from being taken out of an inbox, with its code, its words and what to do."""

from __future__ import annotations


class InboxUnusable(Exception):
    """An inbox cannot be worked in; `str()` of it is one line for a person."""

    code = "inbox"

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}"
