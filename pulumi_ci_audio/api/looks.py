"""How a client asks together with others: whose requests may be shared, and what becomes of a refusal of several."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.coalescing import Coalescer, Gatherer, LongListError, RefusedTogetherError, Sharing
from pulumi_ci_audio.api.credentials import Credentials
from pulumi_ci_audio.api.errors import ApiError, CiAudioError, DecodeError
from pulumi_ci_audio.api.session import MOST_ITEMS, Session

Answer = TypeVar("Answer")


class Looks:
    """The looks of one client, which share their requests with those of others that have the same credentials.

    Args:
        session: sends the requests.
        coalescer: of the process.
    """

    def __init__(self, session: Session, coalescer: Coalescer) -> None:
        self._session = session
        self._coalescer = coalescer

    @property
    def sharing(self) -> Sharing:
        """How requests are shared."""
        return self._coalescer.sharing

    @contextmanager
    def writing(self, bucket: Bucket) -> Iterator[None]:
        """Carry out what changes how the bucket stands: no list that was sent before its end tells of the bucket."""
        self._coalescer.write(bucket)
        try:
            yield
        finally:
            self._coalescer.write(bucket)

    def ask(
        self,
        kind: str,
        place: Hashable,
        key: str,
        send: Callable[[Sequence[str]], Mapping[str, Answer]],
        *,
        most: int,
    ) -> Callable[[], Answer]:
        """Ask for ``key`` now, and return the function that waits for the answer.

        Args:
            kind: what is asked for.
            place: where.
            key: names it.
            send: asks for several, or for one; it tells of one in any case. What it does not tell of, and everything
                where several are refused, is asked for alone.
            most: how many one request may name.
        """

        def together(keys: Sequence[str]) -> Mapping[str, Answer]:
            return send(keys) if len(keys) == 1 else _unless_refused(lambda: send(keys))

        gatherer = self._coalescer.gatherer((kind, self._identity(), place), most)
        return gatherer.ask(key, together, lambda: send((key,))[key], self._session.waiter)

    def find_in_list(
        self,
        kind: str,
        bucket: Bucket,
        list_all: Callable[[int], Mapping[str, Answer]],
        alone: Callable[[], Answer],
    ) -> Answer:
        """Return what a list of the whole region tells of ``bucket``, or what ``alone`` returns.

        Args:
            kind: what is listed.
            bucket: asked for.
            list_all: sends the list, of so many pages at most.
            alone: asks for what the list does not tell, and for everything while single questions cost less.
        """
        waiter, what = self._session.waiter, ("list", kind, self._identity(), bucket.region)
        listing = self._coalescer.listing(what)
        listing.count()

        def told_of(names: Sequence[str]) -> Mapping[str, Answer]:
            written_as = {name: self._coalescer.written_as(Bucket(bucket.region, name)) for name in names}
            return listing.recall(written_as)

        def send(names: Sequence[str]) -> Mapping[str, Answer]:
            if listing.is_recent(waiter.now()):
                return told_of(names)
            most_pages = listing.worth()
            if most_pages == 0:
                return {}
            sent_at, sent_as = waiter.now(), self._coalescer.next()
            try:
                told = _unless_refused(lambda: list_all(most_pages))
            except LongListError as error:
                listing.set_pages(error.pages)
                return {}
            listing.tell(told, sent_at=sent_at, sent_as=sent_as)
            return told_of(names)

        if listing.is_recent(waiter.now()):
            told = told_of((bucket.name,))
            return told[bucket.name] if told else alone()
        gatherer: Gatherer[str, Answer] = self._coalescer.gatherer(what, MOST_ITEMS)
        return gatherer.ask(bucket.name, send, alone, waiter)()

    def _identity(self) -> Credentials | None:
        """Return whose requests these are, or ``None`` where the request itself will say what is wrong with them."""
        try:
            return self._session.credentials()
        except CiAudioError:
            return None


def _unless_refused(ask: Callable[[], Answer]) -> Answer:
    """Return what ``ask`` returns, and tell a refusal of what was asked together from trouble that passes.

    Raises:
        RefusedTogetherError: each is to be asked for alone.
    """
    try:
        return ask()
    except DecodeError as error:
        raise RefusedTogetherError(is_final=False) from error
    except ApiError as error:
        if error.is_transient or error.is_signature_refused:
            raise
        raise RefusedTogetherError(is_final=error.is_denied) from error
