"""What a cassette must not tell, and what stands in its place: the same for every account, so cassettes compare.

Ids become numbered ones in the order in which they were met, so a test that asks for a job by its id asks for the same
id in every recording. Scrubbing what is scrubbed changes nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

REGION = "ap-chongqing"
APP_ID = "1250000000"
BUCKET = f"recordings-{APP_ID}"
TIME = "2026-01-01T00:00:00+0800"
HTTP_TIME = "Thu, 01 Jan 2026 00:00:00 GMT"
REQUEST_ID = "c2NydWJiZWQ="

# What both sides may keep: all else is dropped, whatever it is called.
KEPT_HEADERS = frozenset(
    {
        "accept",
        "content-length",
        "content-type",
        "etag",
        "host",
        "last-modified",
        "x-ci-request-id",  # the mark by which the client knows an answer of the service
        "x-cos-request-id",
    }
)

# A word begins after what is no letter or digit, or after an escape such as the %2C between two ids in a query.
_START = r"(?:(?<![0-9A-Za-z])|(?<=%[0-9A-F]{2}))"
_IDS = re.compile(_START + r"(t[0-9]|[jspwb])([0-9a-f]{32})(?![0-9A-Za-z])")
_TIMES = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:[+-]\d{2}:?\d{2}|\.\d{3}Z)")
_REQUEST_IDS = re.compile(r"(<(RequestId|TraceId)>)[^<]*(</\2>)|(\"(?:RequestId|TraceId)\"\s*:\s*\")[^\"]*(\")")
_TOKENS = re.compile(r"(<NextToken>)[^<]+|((?<=[?&])nextToken=)[^&\s]+")
_APP_IDS = re.compile(r"(?<=[a-z0-9]-)1[0-9]{8,9}(?![0-9A-Za-z])|(?<=uid/)[0-9]+")
_ACCOUNTS = re.compile(_START + r"1000[0-9]{8}(?![0-9A-Za-z])")


class Scrubber:
    """Replaces what identifies an account, a request or a moment.

    Args:
        bucket: the name of the bucket that is recorded with.
        region: its region.
        secrets: texts that must not be seen: id, key and token.
    """

    def __init__(self, bucket: str = BUCKET, region: str = REGION, secrets: Iterable[str] = ()) -> None:
        self._names = [(bucket, BUCKET), (bucket.rpartition("-")[2], APP_ID), (region, REGION)]
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)
        self._ids: dict[str, str] = {}
        self._counts: dict[str, int] = defaultdict(int)

    def text(self, text: str) -> str:
        """Return ``text`` without what it must not tell."""
        for secret in self._secrets:
            text = text.replace(secret, "scrubbed")
        for name, stand_in in self._names:
            text = re.sub(rf"{_START}{re.escape(name)}(?![0-9A-Za-z])", stand_in, text)
        text = _APP_IDS.sub(APP_ID, text)
        text = _ACCOUNTS.sub("100000000000", text)
        text = _REQUEST_IDS.sub(lambda m: (m[1] or m[4]) + REQUEST_ID + (m[3] or m[5]), text)
        # How a list goes on is told by a number that counts what the account had before.
        text = _TOKENS.sub(lambda match: (match[1] or match[2]) + "next", text)
        text = _IDS.sub(lambda match: self._id(match[1], match[0]), text)
        return _TIMES.sub(TIME, text)

    def body(self, body: bytes | None) -> bytes | None:
        """Return a body without what it must not tell; one that is no text is kept."""
        try:
            return body and self.text(body.decode()).encode()
        except UnicodeDecodeError:
            return body

    def next_id(self, kind: str) -> str:
        """Return the stand-in for the next id of its kind, which is what a replayed test asks for."""
        self._counts[kind] += 1
        return f"{kind}{self._counts[kind]:032x}"

    def headers(self, headers: dict[str, str], body: bytes | None) -> dict[str, str]:
        """Return the headers that are kept, with the length that ``body`` has now."""
        kept = {name.lower(): self.text(text) for name, text in headers.items() if name.lower() in KEPT_HEADERS}
        if "last-modified" in kept:
            kept["last-modified"] = HTTP_TIME
        kept.update((name, REQUEST_ID) for name in kept if name.endswith("-request-id"))
        if body and "content-length" in kept:
            kept["content-length"] = str(len(body))
        return kept

    def _id(self, kind: str, found: str) -> str:
        number = found[len(kind) :]
        if number.startswith("0" * 24):  # a stand-in already
            return found
        if found not in self._ids:
            self._ids[found] = self.next_id(kind)
        return self._ids[found]
