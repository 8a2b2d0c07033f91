"""How buckets stand: on or off, what is in the way, what is unfinished. Everything is asked, nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import IntEnum
from typing import TypeVar

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.client import BucketQuery, Client
from pulumi_ci_audio.api.errors import ApiError, CiAudioError, SettingsError, TransportError
from pulumi_ci_audio.api.operations import SMART_AUDIO
from pulumi_ci_audio.api.records import OFF, ON
from pulumi_ci_audio.lifecycle import blockers
from pulumi_ci_audio.lifecycle.blockers import Blocker
from pulumi_ci_audio.lifecycle.errors import explain

AT_ONCE = 16
"""How many buckets are asked about at the same time."""

UNKNOWN = "?"

Found = TypeVar("Found")


class Verdict(IntEnum):
    """What all of it comes to; the value is the status that the command exits with."""

    ON = 0
    OFF_OR_BLOCKED = 1
    UNKNOWN = 2


@dataclass(frozen=True)
class Standing:
    """How one bucket stands.

    Attributes:
        bucket: its full name.
        region: where it is.
        ci: ``on``, ``off``, ``unbinding`` or ``?``.
        smart_audio: ``on``, ``off`` or ``?``.
        blockers: what stands in the way of switching off, and does not end by itself; ``None`` where it was not asked.
        jobs: the unfinished jobs; ``None`` in the same way.
        batches: the unfinished batch jobs; ``None`` in the same way.
        unanswered: why something could not be found out.
    """

    bucket: str
    region: str
    ci: str
    smart_audio: str
    blockers: tuple[Blocker, ...] | None = None
    jobs: tuple[Blocker, ...] | None = None
    batches: tuple[Blocker, ...] | None = None
    unanswered: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What it comes to. Work that is under way is no fault."""
        if self.unanswered:
            return Verdict.UNKNOWN
        return Verdict.ON if self.ci == self.smart_audio == ON and not self.blockers else Verdict.OFF_OR_BLOCKED


@dataclass(frozen=True)
class Listed:
    """The buckets of a region that are bound, or have Smart Audio, as two lists say.

    Attributes:
        region: it.
        names: of all of them. What a list says of the status is not documented, so that each may be off as well.
        bound: the names of those that the list calls bound.
        smart_audio: the names of those with Smart Audio.
        bound_refusal: why the first list was not given; empty where it was.
        smart_audio_refusal: the same for the second one.
    """

    region: str
    names: frozenset[str]
    bound: frozenset[str]
    smart_audio: frozenset[str]
    bound_refusal: str = ""
    smart_audio_refusal: str = ""

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why something is missing."""
        return tuple(refusal for refusal in (self.bound_refusal, self.smart_audio_refusal) if refusal)

    def nearest(self, name: str) -> str:
        """Return a question for the name most like ``name``; empty where none is."""
        found = get_close_matches(name, self.names - {name}, n=1)
        return f"; did you mean {found[0]}?" if found else ""


def listed(client: Client, region: str) -> Listed:
    """Return the buckets that are bound or have Smart Audio, every page of them.

    Raises:
        CiAudioError: nothing can be asked at all.
    """
    there, bound_refusal = _allowed(lambda: client.describe_ci_buckets(region))
    smart_audio, smart_audio_refusal = _allowed(
        lambda: client.describe_asr_buckets(region, BucketQuery(regions=(region,)))
    )
    return Listed(
        region,
        frozenset((*(found.bucket for found in there), *(found.bucket for found in smart_audio))),
        frozenset(found.bucket for found in there if found.status == ON),
        frozenset(found.bucket for found in smart_audio),
        bound_refusal,
        smart_audio_refusal,
    )


def _allowed(ask: Callable[[], list[Found]]) -> tuple[list[Found], str]:
    try:
        return ask(), ""
    except ApiError as error:
        if not error.is_denied:
            raise
        return [], explain(error)


def survey(client: Client, known: Listed, names: Collection[str], *, is_quick: bool = False) -> Iterator[Standing]:
    """Yield how each of the buckets stands, as the answers come.

    Args:
        client: the API.
        known: what the lists of the region say.
        names: of the buckets to look at.
        is_quick: whether to ask for nothing but CI and Smart Audio.

    Raises:
        TransportError: the service does not answer any more.
        SettingsError: there are no credentials any more.
    """
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        asked = [
            pool.submit(standing_of, client, known, Bucket(known.region, name), is_quick=is_quick) for name in names
        ]
        for answer in as_completed(asked):
            yield answer.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def standing_of(client: Client, known: Listed, bucket: Bucket, *, is_quick: bool) -> Standing:
    """Return how one bucket stands; see :func:`survey`."""
    unanswered = [known.smart_audio_refusal] if known.smart_audio_refusal else []
    smart_audio = UNKNOWN if unanswered else ON if bucket.name in known.smart_audio else OFF
    try:
        # Asked exactly, which also notices at once that nothing answers any more.
        ci = ON if is_quick and bucket.name in known.bound else client.describe_ci_bucket(bucket)
    except (TransportError, SettingsError):
        raise
    except CiAudioError as error:
        gone = isinstance(error, ApiError) and error.is_bucket_gone
        reason = f"there is no bucket {bucket}{known.nearest(bucket.name)}" if gone else explain(error)
        smart_audio = UNKNOWN if gone else smart_audio
        return Standing(bucket.name, bucket.region, UNKNOWN, smart_audio, unanswered=(reason, *unanswered))
    if ci != ON or is_quick:
        seen = Standing(bucket.name, bucket.region, ci, smart_audio, unanswered=tuple(unanswered))
        # A bucket that is not bound has nothing of the kind.
        return seen if is_quick else replace(seen, blockers=(), jobs=(), batches=())
    binding = blockers.find(client, bucket, blockers.BINDING_PROBES)
    waiting = (
        blockers.Findings((), ()) if smart_audio == OFF else blockers.find(client, bucket, blockers.SMART_AUDIO_PROBES)
    )
    batches = [found for found in binding.blockers if found.kind == blockers.BATCH_JOB]
    smart_audio_itself = (blockers.SERVICE, SMART_AUDIO.name)
    others = [found for found in binding.blockers if (found.kind, found.name) != smart_audio_itself]
    return Standing(
        bucket.name,
        bucket.region,
        ci,
        smart_audio,
        tuple(found for found in others if found not in batches),
        waiting.blockers,
        tuple(batches),
        tuple(dict.fromkeys([*unanswered, *binding.unanswered, *waiting.unanswered])),
    )


def verdict_of(standings: Sequence[Standing]) -> Verdict:
    """Return what all of them come to: the worst of them."""
    return max((standing.verdict for standing in standings), default=Verdict.ON)
