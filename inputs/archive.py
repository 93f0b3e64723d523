"""A hostile zip file to named members, inflated one at a time and only as far as the limits allow."""

from __future__ import annotations

import posixpath
import struct
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote

from inputs.errors import DamagedDocument, DocumentTooLarge, PasswordNeeded

# The largest real content document at hand, a whole algebra text book in MathML, has 3 MB; all of it 25 MB.
MEMBER_LIMIT_BYTES = 64 * 2**20
TOTAL_LIMIT_BYTES = 512 * 2**20
MEMBERS_LIMIT = 100_000
# XHTML deflates to a tenth; 300 MB of one repeated letter deflates to a thousandth.
RATIO_LIMIT = 200
RATIO_FREE_BYTES = 16 * 2**20  # a small member may be as repetitive as it likes

# what zipfile and zlib raise for a broken member
_MEMBER_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError)


class Archive:
    """The members of a zip file by forgiving names; nothing is ever written from it.

    A name is looked up as it is, percent-decoded, with `..` resolved inside the archive, and without regard
    to case, in this order.
    """

    def __init__(self, path: Path) -> None:
        """Open the file's directory, without inflating anything.

        Raises:
            DamagedDocument: the zip directory cannot be read.
            DocumentTooLarge: there are more than `MEMBERS_LIMIT` members.
        """
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (*_MEMBER_FAULTS, struct.error) as error:
            raise DamagedDocument(
                path, f"the archive cannot be opened ({error})", "Get the file again: this copy is broken"
            ) from error
        infos = self._zip.infolist()
        if len(infos) > MEMBERS_LIMIT:
            raise DocumentTooLarge(path, f"the archive has {len(infos)} members", _TOO_LARGE_HINT)
        self._by_name: dict[str, zipfile.ZipInfo] = {}
        self._by_folded: dict[str, str] = {}
        for info in infos:
            if not info.is_dir() and info.filename not in self._by_name:
                self._by_name[info.filename] = info
                self._by_folded.setdefault(info.filename.casefold(), info.filename)
        self._inflated_bytes = 0

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    @property
    def names(self) -> tuple[str, ...]:
        """All member names, in the archive's order."""
        return tuple(self._by_name)

    def find(self, name: str) -> str | None:
        """The member that `name` means, or None."""
        for candidate in (name, unquote(name), inside(name), inside(unquote(name))):
            if candidate in self._by_name:
                return candidate
        return self._by_folded.get(inside(unquote(name)).casefold())

    def declared_bytes(self, name: str) -> int:
        """The unpacked size that the archive states for a member found by `find`."""
        return self._by_name[name].file_size

    def read(self, name: str) -> bytes | None:
        """The bytes of the member that `name` means; None where there is none or it is broken.

        Raises:
            DocumentTooLarge: the member, or all that was read so far, is beyond the limits.
            PasswordNeeded: the archive itself is encrypted.
        """
        member = self.find(name)
        if member is None:
            return None
        info = self._by_name[member]
        if info.flag_bits & 1:
            raise PasswordNeeded(self._path, "the archive is encrypted", "Unpack it and zip it again without")
        self._refuse_oversize(info)
        try:
            with self._zip.open(info) as stream:
                data = stream.read(MEMBER_LIMIT_BYTES + 1)
        except _MEMBER_FAULTS:
            return None
        self._inflated_bytes += len(data)
        return data

    def _refuse_oversize(self, info: zipfile.ZipInfo) -> None:
        """Zipfile never inflates past the declared size, so the declaration is what has to be judged."""
        ratio = info.file_size / max(1, info.compress_size)
        if (
            info.file_size > MEMBER_LIMIT_BYTES
            or self._inflated_bytes + info.file_size > TOTAL_LIMIT_BYTES
            or (info.file_size > RATIO_FREE_BYTES and ratio > RATIO_LIMIT)
        ):
            raise DocumentTooLarge(
                self._path,
                f"{info.filename} unpacks to {info.file_size / 2**20:.0f} MB, {ratio:.0f} times its size",
                _TOO_LARGE_HINT,
            )


def inside(name: str) -> str:
    """`name` with `.` and `..` resolved, never leading out of the archive's root."""
    return posixpath.normpath("/" + name.replace("\\", "/")).lstrip("/")


_TOO_LARGE_HINT = "No book looks like this; if it is one, split it"
