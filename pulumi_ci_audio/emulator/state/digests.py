"""What COS says of an object's content: the MD5 that its ETag is made of, and a CRC-64.

The CRC is the one of ECMA-182 (436/43320), in the reflected form that catalogues of CRCs call CRC-64/XZ and every SDK
computes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import fastcrc

_PIECE_BYTES = 1024**2


@dataclass(frozen=True)
class Digests:
    """The digests of some content."""

    md5: bytes
    crc64: int


@dataclass
class Digester:
    """Makes the digests of content that comes in pieces."""

    _md5: hashlib._Hash = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))
    _crc64: int | None = None

    def add(self, piece: bytes) -> None:
        """Take in the next piece."""
        self._md5.update(piece)
        self._crc64 = fastcrc.crc64.xz(piece, self._crc64)

    def digests(self) -> Digests:
        """Return the digests of all pieces so far."""
        return Digests(self._md5.digest(), self._crc64 or 0)


def digest_file(path: Path) -> Digests:
    """Return the digests of a file's content.

    Raises:
        OSError: it cannot be read.
    """
    digester = Digester()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digester.add(piece)
    return digester.digests()
