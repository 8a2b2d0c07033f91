"""The way of a request: built from a row of the table, signed, sent, repeated, and its pages put together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TypeVar

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.coalescing import LongListError
from pulumi_ci_audio.api.credentials import CredentialSource
from pulumi_ci_audio.api.errors import ApiError, CiAudioError, DecodeError, SettingsError, TransportError
from pulumi_ci_audio.api.limiter import Limiter
from pulumi_ci_audio.api.messages import Element, Model, decode, encode
from pulumi_ci_audio.api.operations import Host, Operation, Repeat
from pulumi_ci_audio.api.refusals import api_error, request_id_of
from pulumi_ci_audio.api.retrying import LONGEST_RETRY_AFTER_SECONDS, attempt
from pulumi_ci_audio.api.signing import authorization
from pulumi_ci_audio.api.transport import Request, Response, Transport
from pulumi_ci_audio.api.waiting import Waiter

PAGE_SIZE = 100
"""The largest page of every list (documents 1045/73364, 460/60576)."""

MOST_PAGES = 1_000
MOST_ITEMS = MOST_PAGES * PAGE_SIZE
"""A list with more pages, or more full pages of items, than this is taken for one without an end."""

_LOG = logging.getLogger("pulumi_ci_audio")
_SIGNATURE_SECONDS = 900
_SKEW_SECONDS = 60

Pairs = tuple[tuple[str, str], ...]
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Paging:
    """How a list whose pages are found by what the page before says spells its parameters.

    Attributes:
        size: the parameter of how many items a page has at most.
        token: the parameter of where the page begins.
        largest: the largest page.
    """

    size: str
    token: str
    largest: int


BY_TOKEN = Paging("size", "nextToken", PAGE_SIZE)
"""The lists of CI (documents 460/60576, 460/76894)."""

BY_MARKER = Paging("max-keys", "marker", 1_000)
"""The list of a bucket's objects (document 436/7734)."""


@dataclass(frozen=True)
class Target:
    """What an operation is applied to.

    Attributes:
        region: whose host is asked.
        bucket: the bucket whose host is asked; empty for the lists of a region.
        name: the id or key that stands in the path; empty where there is none.
        phrase: how errors name it.
    """

    region: str
    bucket: str
    name: str
    phrase: str

    @classmethod
    def bucket_itself(cls, bucket: Bucket) -> Target:
        """Return the target of a call on the bucket."""
        return cls(bucket.region, bucket.name, "", f"bucket {bucket}")

    @classmethod
    def list_of(cls, bucket: Bucket) -> Target:
        """Return the target of a call that lists what belongs to the bucket."""
        return cls(bucket.region, bucket.name, "", f"of bucket {bucket}")

    @classmethod
    def in_bucket(cls, bucket: Bucket, name: str) -> Target:
        """Return the target of a call on something in the bucket."""
        return cls(bucket.region, bucket.name, name, f"{name} of bucket {bucket}")

    @classmethod
    def list_of_region(cls, region: str) -> Target:
        """Return the target of a call that lists what belongs to the account, asked in ``region``."""
        return cls(region, "", "", f"of region {region}")


@dataclass(frozen=True)
class Session:
    """Sends operations of the table.

    Attributes:
        transport: carries the requests.
        credentials: asked for every attempt of every request.
        waiter: the pauses between two attempts.
        limiter: how fast requests may follow each other.
        unix_time: the time that signatures are made with.
    """

    transport: Transport
    credentials: CredentialSource = field(repr=False)
    waiter: Waiter
    limiter: Limiter
    unix_time: Callable[[], float]

    def call(
        self,
        operation: Operation,
        target: Target,
        read: Callable[[Response], Result],
        *,
        query: Pairs = (),
        body: Element | None = None,
        content: tuple[bytes, str] | None = None,
        accept: str | None = None,
        about_to_send: Callable[[], None] | None = None,
    ) -> Result:
        """Return what ``read`` makes of the answer.

        Args:
            operation: the row of the table.
            target: what it is applied to.
            read: reads a good answer; where it raises :class:`DecodeError`, the outcome is unknown.
            query: further parameters.
            body: the document to send.
            content: what to send instead where it is no document, and its media type.
            accept: the media type to ask for.
            about_to_send: called before each attempt is sent, after it has waited for its turn; where it raises,
                nothing is sent.

        Raises:
            ApiError: the service refused.
            TransportError: there is no answer.
            DecodeError: the answer cannot be read.
            SettingsError: there are no credentials.
        """
        request = _request(operation, target, query, body, content, accept)
        phrase = operation.phrase.format(target.phrase)

        def once() -> Result:
            try:
                response = self._send(request, about_to_send)
                if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                    raise api_error(phrase, operation, response, self.unix_time())
                result = read(response)
                _require_mark(response)
            except ApiError as error:
                if error.is_overload:
                    asked = min(error.retry_after or 0.0, LONGEST_RETRY_AFTER_SECONDS)
                    self.limiter.slow_down(request.host, self.waiter.now(), pause=asked)
                raise
            except (TransportError, DecodeError, SettingsError) as error:
                raise type(error)(f"could not {phrase}: {error}") from None
            self.limiter.speed_up(request.host)
            return result

        return attempt(once, repeat=operation.repeat, waiter=self.waiter)

    def _send(self, request: Request, about_to_send: Callable[[], None] | None) -> Response:
        self.limiter.admit(request.host, self.waiter)
        signed = self._signed(request)
        if about_to_send is not None:
            about_to_send()
        start = self.waiter.now()
        line = f"{request.method} {request.host}{request.target}"
        try:
            response = self.transport.send(signed)
        except CiAudioError as error:
            _LOG.debug("%s: %s after %.2f s", line, error, self.waiter.now() - start)
            raise
        seconds = self.waiter.now() - start
        _LOG.debug("%s: %d in %.2f s, request id %s", line, response.status, seconds, request_id_of(response) or "none")
        return response

    def document(self, operation: Operation, target: Target, model: type[Model], query: Pairs = ()) -> Model:
        """Return the answer as ``model``; see :meth:`call`."""
        return self.call(operation, target, lambda response: decode(response.body, model), query=query)

    def numbered_pages(
        self,
        operation: Operation,
        target: Target,
        model: type[Model],
        items: Callable[[Model], list[Item]],
        filters: Pairs = (),
        *,
        page_number: int | None = None,
        page_size: int = PAGE_SIZE,
        most_pages: int | None = None,
    ) -> list[Item]:
        """Return the items of every page of a list that counts its pages, or of the one page that is asked for.

        Raises:
            LongListError: it has more pages than ``most_pages``; no further one was asked for.
            DecodeError: the list has no end, see :data:`MOST_ITEMS`, or what :meth:`call` says of it.
        """
        found: list[Item] = []
        page: list[Item] = []
        for number in range(1, MOST_ITEMS // page_size + 1) if page_number is None else (page_number,):
            paging = (("pageNumber", str(number)), ("pageSize", str(page_size)))
            query = tuple(pair for pair in (*filters, *paging) if pair[1])
            document = self.document(operation, target, model, query)
            before, page = page, items(document)
            # A service that ignored the page's number would go on without end.
            if not page or page == before:
                return found
            found += page
            total = getattr(document, "total_count", None)
            if len(found) >= total if total is not None else len(page) < page_size:
                return found
            pages = number + 1 if total is None else -(-total // page_size)
            if most_pages is not None and pages > most_pages:
                raise LongListError(pages)
            if len(found) > MOST_ITEMS:
                break
        if page_number is not None:
            return found
        raise _endless(operation, target)

    def tokened_pages(
        self,
        operation: Operation,
        target: Target,
        model: type[Model],
        page_of: Callable[[Model], tuple[list[Item], str | None]],
        filters: Pairs = (),
        *,
        paging: Paging = BY_TOKEN,
        page_size: int | None = None,
    ) -> Iterator[Item]:
        """Yield the items of a list whose pages are found by tokens, asking for further pages as they are needed.

        Raises:
            DecodeError: the list has no end, see :data:`MOST_ITEMS`, or what :meth:`call` says of it.
        """
        token: str | None = None
        seen: set[str] = set()
        items = 0
        size = page_size or paging.largest
        for _ in range(MOST_PAGES):
            query = (*filters, (paging.size, str(size)), *(((paging.token, token),) if token else ()))
            page, token = page_of(self.document(operation, target, model, query))
            yield from page
            items += len(page)
            # Filters may leave a page empty, so only an absent or empty token is the end; one seen before goes round.
            if not token or token in seen:
                return
            if items > MOST_PAGES * paging.largest:
                break
            seen.add(token)
        raise _endless(operation, target)

    def _signed(self, request: Request) -> Request:
        credentials = self.credentials()
        now = int(self.unix_time())
        headers = dict(request.headers or {})
        if credentials.token:
            plane = "cos" if ".cos." in request.host else "ci"
            headers[f"x-{plane}-security-token"] = credentials.token
        headers["Authorization"] = authorization(
            secret_id=credentials.secret_id,
            secret_key=credentials.secret_key,
            key_time=f"{now - _SKEW_SECONDS};{now + _SIGNATURE_SECONDS}",
            method=request.method,
            path=request.path,
            parameters=request.query,
            headers=[
                ("host", request.host),
                *((name, headers[name]) for name in headers if name != "Accept"),
            ],
        )
        return replace(request, headers=headers)


def _require_mark(response: Response) -> None:
    # Something else in the service's place would be believed where it says nothing: that there are no jobs, say.
    if not request_id_of(response):
        raise DecodeError("an answer without the service's mark: a proxy or a wrong endpoint?")


def _endless(operation: Operation, target: Target) -> DecodeError:
    return DecodeError(f"could not {operation.phrase.format(target.phrase)}: the list has no end")


def _request(
    operation: Operation,
    target: Target,
    query: Pairs,
    body: Element | None,
    content: tuple[bytes, str] | None,
    accept: str | None,
) -> Request:
    headers = {}
    # The documents send the type with every request that changes something, with and without a body.
    if operation.host is Host.CI_BUCKET and operation.method != "GET":
        headers["Content-Type"] = "application/xml"
    sent = encode(body) if body is not None else b""
    if content is not None:
        sent, headers["Content-Type"] = content
    if accept:
        headers["Accept"] = accept
    return Request(
        method=operation.method,
        host=operation.host.of(target.region, target.bucket),
        path=operation.path.format(target.name),
        query=(*(((operation.sub_resource, ""),) if operation.sub_resource else ()), *query),
        headers=headers,
        body=sent,
        is_unrepeatable=operation.repeat is not Repeat.SAFELY,
    )
