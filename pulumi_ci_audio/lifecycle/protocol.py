"""The vocabulary that all kinds of resources share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Final, Protocol

from pulumi_ci_audio.api.client import Client
from pulumi_ci_audio.api.errors import ApiError, CiAudioError
from pulumi_ci_audio.api.waiting import Waiter
from pulumi_ci_audio.lifecycle.process import Journal, Memory

Properties = Mapping[str, Any]
"""Inputs or state as plain values under the names the engine stores: camelCase."""


class _Unknown(Enum):
    UNKNOWN = "unknown until deployment"


UNKNOWN: Final = _Unknown.UNKNOWN
"""Stands for a value that is not known before deployment."""


@dataclass(frozen=True)
class CheckFailure:
    """Why an input cannot be.

    Attributes:
        property: the name of the input. Empty where the engine must not print the value beside the reason.
        reason: what is wrong and what would be right.
    """

    property: str
    reason: str


@dataclass(frozen=True)
class Checked:
    """The inputs with defaults filled in, and what is wrong with them."""

    inputs: dict[str, Any]
    failures: tuple[CheckFailure, ...] = ()


@dataclass(frozen=True)
class Diff:
    """What a deployment would do to an existing resource.

    Attributes:
        replaces: the properties that force a new one.
        updates: the properties that change in place.
        delete_before_replace: whether the old one goes before the new one comes.
    """

    replaces: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    delete_before_replace: bool = False

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.replaces or self.updates)


@dataclass(frozen=True)
class Created:
    """A new resource: its id and its state."""

    id: str
    state: dict[str, Any]


@dataclass(frozen=True)
class Observed:
    """An existing resource as it was found: what the program would have had to say, and the state."""

    inputs: dict[str, Any]
    state: dict[str, Any]


class ResourceError(Exception):
    """An operation on a resource failed; the text is one line and says what to do next."""


class KeptError(ResourceError):
    """An operation failed, but the resource exists and must be kept.

    Attributes:
        id: the resource's id.
        state: what is known of it.
    """

    def __init__(self, message: str, *, id: str, state: dict[str, Any]) -> None:  # noqa: A002  Pulumi's word
        super().__init__(message)
        self.id = id
        self.state = state


@dataclass(frozen=True)
class Context:
    """What an operation may use of the world.

    Attributes:
        client: the API.
        waiter: time.
        report: says on the resource's own row what is going on.
        engine_is_there: whether whoever asked for the operation still wants its answer.
        timeout_seconds: the engine's own bound for the operation, where one was set.
        memory: what this process remembers.
        journal: what this machine remembers of submissions.
        settle_seconds: after this time a submitted job is taken to be in the service's list.
        in_flight_seconds: how long a submission may be on its way before it is accepted or given up.
    """

    client: Client
    waiter: Waiter
    report: Callable[[str], None]
    engine_is_there: Callable[[], bool]
    timeout_seconds: float | None
    memory: Memory
    journal: Journal
    settle_seconds: float
    in_flight_seconds: float

    def deadline(self, timeout_seconds: float) -> float:
        """Return when the operation is to end, by the engine's own bound if there is one."""
        return self.waiter.now() + (self.timeout_seconds or timeout_seconds)


class Lifecycle(Protocol):
    """What one kind of resource means.

    ``check`` and ``diff`` decide from what they are given. The others may raise :class:`ResourceError` or
    :class:`~pulumi_ci_audio.api.errors.CiAudioError`.
    """

    kind: ClassVar[str]
    """The name of the kind, which is the name of its resource class."""

    def check(self, old_inputs: Properties, inputs: Properties, region: str | None) -> Checked:
        """Return the inputs with defaults, and what is wrong; ``region`` stands in where the program names none."""

    def diff(self, state: Properties, inputs: Properties) -> Diff:
        """Return what a deployment of ``inputs`` would do."""

    def create(self, context: Context, inputs: Properties) -> Created:
        """Make it so."""

    def read(self, context: Context, id: str, state: Properties) -> Observed | None:  # noqa: A002
        """Return what is there, or ``None`` where it is gone. The id alone suffices; ``state`` may be empty."""

    def update(self, context: Context, id: str, state: Properties, inputs: Properties) -> dict[str, Any]:  # noqa: A002
        """Change it in place and return its state."""

    def delete(self, context: Context, id: str, state: Properties) -> None:  # noqa: A002
        """Take it away; that it is gone already is fine."""


def explain(error: CiAudioError) -> str:
    """Return the error's text with what to do about it, on one line."""
    if not isinstance(error, ApiError):
        return str(error)
    advice = ""
    if error.is_denied:
        where = " on every resource (*), since a policy narrowed to the bucket never matches it" * error.any_resource
        advice = f"grant {error.action}{where}"
    elif error.is_signature_refused:
        advice = "check the secret id, key and token, and this machine's clock"
    elif error.is_bucket_gone:
        advice = "the bucket does not exist in this region: create it first or correct its name"
    elif error.is_service_off:
        advice = "the service is off for this bucket: declare an AsrBucketBinding that this resource depends on"
    elif error.is_throttled or error.is_server_fault:
        advice = "run `pulumi up` again later"
    return f"{error}; {advice}" if advice else str(error)
