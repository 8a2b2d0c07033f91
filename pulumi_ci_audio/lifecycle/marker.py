"""The marker of a submission: whose it is and what was asked for, so that it is told from every other one. Pure.

The API has no idempotency token. The marker stands in for one: it travels with what is submitted, and is looked for
before anything is submitted again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MARKER = re.compile(r"pulumi:([0-9a-f]{16}):([0-9a-f]{8})([0-9a-f]{8})$")
_UNKNOWN_ETAG = "0" * 8
MARKER_LENGTH = 40


@dataclass(frozen=True)
class SubmissionMarker:
    """Whose a job is, and what it was asked for.

    Attributes:
        owner: hash of the resource.
        content: hash of what replaces it.
        etag: hash of the recording's ETag; zeros where it could not be looked at.
    """

    owner: str
    content: str
    etag: str

    @classmethod
    def of(cls, owner: str, content: Mapping[str, Any], etag: str | None) -> SubmissionMarker:
        """Return the marker of the resource ``owner`` for ``content`` (what replaces it) and the recording's ETag."""
        asked = {name: value for name, value in content.items() if value not in (None, [])}
        text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
        return cls(_digest(owner, 16), _digest(text, 8), _digest(etag, 8) if etag else _UNKNOWN_ETAG)

    @classmethod
    def find_in(cls, user_data: str | None) -> SubmissionMarker | None:
        """Return the marker at the end of a job's ``UserData``."""
        found = _MARKER.search(user_data or "")
        return cls(found[1], found[2], found[3]) if found else None

    def __str__(self) -> str:
        """Return the marker as it stands at the end of ``UserData``."""
        return f"pulumi:{self.owner}:{self.content}{self.etag}"

    def after(self, user_data: str | None) -> str:
        """Return ``user_data`` with the marker behind it."""
        return f"{user_data} {self}" if user_data else str(self)

    def asks_the_same_as(self, other: SubmissionMarker) -> bool:
        """Return whether both are of one resource and one content, as far as the recording could be looked at."""
        same = (self.owner, self.content) == (other.owner, other.content)
        return same and (self.etag == other.etag or _UNKNOWN_ETAG in {self.etag, other.etag})

    @property
    def etag_is_known(self) -> bool:
        """Whether the recording could be looked at."""
        return self.etag != _UNKNOWN_ETAG


def without_marker(user_data: str | None) -> str | None:
    """Return what the program itself put into a job's ``UserData``, or ``None`` where there is nothing else."""
    return _MARKER.sub("", user_data or "").rstrip() or None


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]
