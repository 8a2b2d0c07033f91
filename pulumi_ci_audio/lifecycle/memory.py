"""What one provider process remembers between operations."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping

from pulumi_ci_audio.lifecycle.resource_id import ResourceId


class Memory:
    """What one provider process remembers between operations; safe to use from several threads.

    A forced replacement creates the new resource and then deletes the old one. Where both are the same thing in the
    cloud, the deletion would undo the creation: so creating claims, and deleting leaves alone what is claimed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._claimed: set[Hashable] = set()
        self._given_up: dict[str, list[ResourceId]] = {}
        self._first_seen: dict[Hashable, str] = {}
        self._identities: dict[str, Mapping[str, str]] = {}

    def claim(self, identity: Hashable) -> None:
        """Remember that ``identity`` is wanted by a resource of this process."""
        with self._lock:
            self._claimed.add(identity)

    def is_claimed(self, identity: Hashable) -> bool:
        """Return whether a resource of this process wants ``identity``."""
        with self._lock:
            return identity in self._claimed

    def first_seen(self, identity: Hashable, status: str) -> str:
        """Return the status in which this process saw ``identity`` first, which is ``status`` the first time.

        Enabling Smart Audio binds the bucket. A binding created in the same deployment must not mistake that for a
        binding that was there before.
        """
        with self._lock:
            return self._first_seen.setdefault(identity, status)

    def identity_of(self, urn: str, known: Mapping[str, str]) -> Mapping[str, str]:
        """Return the identifying inputs of the resource ``urn``: ``known``, else those that were known before.

        For a replacement, the engine asks a second time, without what the resource was.
        """
        with self._lock:
            return self._identities.setdefault(urn, known) if known else self._identities.get(urn, {})

    def give_up(self, owner: str, job: ResourceId) -> None:
        """Remember that the resource ``owner`` gave its job up, so that a new run does not take it over."""
        with self._lock:
            self._given_up.setdefault(owner, []).append(job)

    def given_up_by(self, owner: str) -> tuple[ResourceId, ...]:
        """Return the jobs that the resource ``owner`` gave up in this process.

        So are those of resources whose owner is not known, as after an import: an id is enough to tell them apart.
        """
        with self._lock:
            return (*self._given_up.get(owner, ()), *(self._given_up.get("", ()) if owner else ()))
