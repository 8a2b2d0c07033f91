"""What every kind of resource takes and returns, and what it may use of the world."""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from pulumi_ci_audio.api.errors import ApiError
from pulumi_ci_audio.lifecycle.checking import CheckFailure, Rule, check_properties
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.kinds import Kind
from pulumi_ci_audio.lifecycle.models import InBucket, Properties, differing_fields
from pulumi_ci_audio.lifecycle.resource_id import ResourceId
from pulumi_ci_audio.lifecycle.validators import bucket_name, region_name

if TYPE_CHECKING:
    from pulumi_ci_audio.api.client import Client
    from pulumi_ci_audio.api.waiting import Waiter
    from pulumi_ci_audio.lifecycle.journal import SubmissionJournal
    from pulumi_ci_audio.lifecycle.memory import Memory

Inputs = TypeVar("Inputs", bound=InBucket)
State = TypeVar("State", bound=InBucket)


@dataclass(frozen=True)
class CheckResult(Generic[Inputs]):
    """The inputs with their defaults, as far as they are known and valid, and what is wrong with the others."""

    inputs: Inputs
    failures: tuple[CheckFailure, ...] = ()


@dataclass(frozen=True)
class Diff:
    """What a deployment would do to an existing resource.

    Attributes:
        replaces: the stored names of the properties that force a new one.
        updates: the stored names of the properties that change in place.
        reason: why, where the program's own properties do not tell.
    """

    replaces: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    reason: str = ""

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.replaces or self.updates)


@dataclass(frozen=True)
class CreateResult(Generic[State]):
    """A new resource."""

    id: ResourceId
    state: State


@dataclass(frozen=True)
class ReadResult(Generic[Inputs, State]):
    """A resource as it was found: the inputs that would produce it, and its state."""

    inputs: Inputs
    state: State


@dataclass(frozen=True)
class Context:
    """What an operation may use of the world.

    Attributes:
        client: the API.
        waiter: time.
        report: shows a text on the resource's own row, until the next one comes.
        warn: shows a text beside the resource for good.
        engine_is_alive: returns whether whoever asked for the operation still wants its answer.
        timeout_seconds: the engine's own bound for the operation, where one was set.
        memory: what this process remembers.
        journal: what this machine remembers of submissions.
        unix_time: returns the time in unix seconds.
        settle_seconds: the time after which the service lists every job that it accepted.
        in_flight_seconds: how long a submission may be on its way before it is accepted or lost.
        urn: of the resource, for advice that names it; empty where it is not known.
    """

    client: Client
    waiter: Waiter
    report: Callable[[str], None]
    warn: Callable[[str], None]
    engine_is_alive: Callable[[], bool]
    timeout_seconds: float | None
    memory: Memory
    journal: SubmissionJournal
    unix_time: Callable[[], float]
    settle_seconds: float
    in_flight_seconds: float
    urn: str = ""

    def deadline(self, timeout_seconds: float) -> float:
        """Return when the operation is to end, by the engine's own bound if there is one."""
        return self.waiter.now() + (self.timeout_seconds or timeout_seconds)

    def command(self, command: str) -> str:
        """Return a command of Pulumi on this resource, as it can be typed."""
        return f"`pulumi {command} {shlex.quote(self.urn) if self.urn else '<its URN>'}`"


class Lifecycle(ABC, Generic[Inputs, State]):
    """What one kind of resource means.

    ``check`` and ``diff`` decide from what they are given. The others may raise
    :class:`~pulumi_ci_audio.lifecycle.errors.ResourceError`, :class:`~pulumi_ci_audio.api.errors.CiAudioError` or
    :class:`~pulumi_ci_audio.api.errors.WaitCancelledError`.
    """

    rules: ClassVar[Sequence[Rule]] = ()
    """What must hold between several inputs."""

    kind: ClassVar[str]
    delete_before_replace: ClassVar[bool]
    id_example: ClassVar[str]
    inputs_model: type[Inputs]
    state_model: type[State]

    def __init_subclass__(cls, *, kind: Kind | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if kind is not None:
            cls.kind, cls.id_example = kind.name, kind.id_example
            cls.delete_before_replace = kind.delete_before_replace
            cls.inputs_model = cast("type[Inputs]", kind.inputs)
            cls.state_model = cast("type[State]", kind.state)

    def parse_id(self, text: str) -> ResourceId:
        """Return the id that ``text`` spells.

        Raises:
            ResourceError: it cannot be the id of a resource of this kind.
        """
        id_ = ResourceId.parse(text)
        try:
            region_name(id_.bucket.region)
            bucket_name(id_.bucket.name)
            well_formed = bool(id_.remote_id) == bool(ResourceId.parse(self.id_example).remote_id)
        except ValueError:
            well_formed = False
        if not well_formed:
            raise ResourceError(f"the id of a {self.kind} must look like {self.id_example}, not {text!r}")
        return id_

    def check(self, old_inputs: Properties, inputs: Properties, region: str | None) -> CheckResult[Inputs]:
        """Return the inputs with defaults, and what is wrong with them.

        Args:
            old_inputs: the inputs in state, raw; empty for a new resource.
            inputs: the program's inputs, raw: names as stored, values perhaps unknown.
            region: stands in where neither names one.
        """
        model, failures = check_properties(self.inputs_model, old_inputs, inputs, region, self.rules)
        return CheckResult(model, failures)

    def diff(self, state: State, inputs: Inputs) -> Diff:
        """Return what a deployment of ``inputs`` would do."""
        return Diff(*differing_fields(state, inputs))

    def claim(self, memory: Memory, inputs: Inputs) -> None:
        """Note what the program wants of the cloud, as far as it is known, before anything is deleted."""

    @abstractmethod
    def create(self, context: Context, inputs: Inputs) -> CreateResult[State]:
        """Create the resource."""

    def read(self, context: Context, id: ResourceId, state: State | None) -> ReadResult[Inputs, State] | None:  # noqa: A002
        """Return what is there, or ``None`` where it, or its bucket, is gone.

        Args:
            context: the world.
            id: suffices alone.
            state: what was known of it, if anything.
        """
        try:
            return self.find(context, id, state)
        except ApiError as error:
            if error.is_bucket_gone:
                return None
            raise

    @abstractmethod
    def update(self, context: Context, id: ResourceId, state: State, inputs: Inputs) -> State:  # noqa: A002
        """Change it in place and return its state."""

    def delete(self, context: Context, id: ResourceId, state: State) -> None:  # noqa: A002
        """Delete it; that it, or its bucket, is gone already is fine."""
        try:
            self.remove(context, id, state)
        except ApiError as error:
            if not error.is_bucket_gone:
                raise

    @abstractmethod
    def find(self, context: Context, id: ResourceId, state: State | None) -> ReadResult[Inputs, State] | None:  # noqa: A002
        """Do what :meth:`read` does in a bucket that exists."""

    @abstractmethod
    def remove(self, context: Context, id: ResourceId, state: State) -> None:  # noqa: A002
        """Do what :meth:`delete` does in a bucket that exists."""
