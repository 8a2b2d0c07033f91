"""What ``CiBucketBinding`` and ``AsrBucketBinding`` mean: a service that is on for a bucket.

The two differ in how a service's status is read and how it is switched (:class:`ServiceBinding`'s abstract methods);
everything they promise is written once.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import ApiError, CiAudioError, WaitCancelledError, WaitTimeoutError
from pulumi_ci_audio.api.operations import SMART_AUDIO
from pulumi_ci_audio.api.records import OFF, ON, UNBINDING, BucketRecord
from pulumi_ci_audio.lifecycle import blockers
from pulumi_ci_audio.lifecycle.binding_models import AsrBindingState, BindingInputs, BindingState
from pulumi_ci_audio.lifecycle.errors import ResourceError, ResourceInitFailedError, explain
from pulumi_ci_audio.lifecycle.kinds import ASR_BUCKET_BINDING, CI_BUCKET_BINDING
from pulumi_ci_audio.lifecycle.resource_id import ResourceId
from pulumi_ci_audio.lifecycle.types import Context, CreateResult, Lifecycle, ReadResult

if TYPE_CHECKING:
    from pulumi_ci_audio.lifecycle.memory import Memory

StateT = TypeVar("StateT", bound=BindingState)


@dataclass(frozen=True)
class ServiceStatus:
    """What the service reports.

    Attributes:
        status: ``on``, ``off`` or ``unbinding``.
        details: the further state of a service that is on, by Python's names.
    """

    status: str
    details: dict[str, Any] = field(default_factory=dict)


class ServiceBinding(Lifecycle[BindingInputs, StateT]):
    """What two services have in common that are on or off for a bucket."""

    service: ClassVar[str]
    probes: ClassVar[tuple[blockers.Probe, ...]]
    """What to ask before the service is switched off."""
    witnesses: ClassVar[tuple[blockers.Probe, ...]]
    """Those of them that are turned away where the service is off."""

    @abstractmethod
    def describe(self, context: Context, bucket: Bucket) -> ServiceStatus:
        """Return how the service stands now."""

    @abstractmethod
    def refresh(self, context: Context, bucket: Bucket, state: StateT) -> ServiceStatus:
        """Return how the service stands, asked together with what others refresh.

        Args:
            context: the world.
            bucket: whose service.
            state: what was known of it.
        """

    def describe_switched_off(self, context: Context, bucket: Bucket) -> ServiceStatus:
        """Return how the service stands after it was told to switch off."""
        return self.describe(context, bucket)

    @abstractmethod
    def switch_on(self, context: Context, bucket: Bucket) -> None:
        """Ask the service to switch on; on already is fine."""

    @abstractmethod
    def switch_off(self, context: Context, bucket: Bucket) -> None:
        """Ask the service to switch off."""

    def claim(self, memory: Memory, inputs: BindingInputs) -> None:
        """Claim the service: what a program declares stays on, whatever else of it is deleted in the same run."""
        if not {"bucket", "region"} & inputs.unknown:
            memory.claim((self.kind, inputs.location))

    def create(self, context: Context, inputs: BindingInputs) -> CreateResult[StateT]:
        """Ask first: what is on already is adopted without a request."""
        bucket = inputs.location
        context.memory.claim((self.kind, bucket))
        current = self.describe(context, bucket)
        adopted = context.memory.first_seen((self.kind, bucket), current.status) == ON
        state = self.state_model.model_validate({**inputs.dump(), "adopted": adopted})
        state = self._switch_on_and_wait(context, state, current)
        if current.status == ON:
            context.report("on already: adopted" if adopted else "on already")
        return CreateResult(ResourceId(bucket), state)

    def find(self, context: Context, id: ResourceId, state: StateT | None) -> ReadResult[BindingInputs, StateT]:  # noqa: A002
        """Return the status that the service reports, as input and as state."""
        # An import is no refresh: what it finds becomes the program's own, so it looks for itself.
        current = self.refresh(context, id.bucket, state) if state else self.describe(context, id.bucket)
        # One that is known by its id alone was switched on by somebody else, if it is on.
        before = state.dump() if state else {"adopted": current.status == ON}
        known = {**before, "bucket": id.bucket.name, "region": id.bucket.region}
        known["status"] = current.status
        found = self.state_model.model_validate(known).model_copy(update=current.details)
        return ReadResult(BindingInputs.model_validate(known), found)

    def update(self, context: Context, id: ResourceId, state: StateT, inputs: BindingInputs) -> StateT:  # noqa: A002
        """Switch on again what was switched off by hand; changing anything else sends nothing."""
        context.memory.claim((self.kind, id.bucket))
        updated = self.state_model.model_validate({**state.dump(), **inputs.dump()})
        if updated.status != ON or state.status == ON:
            return updated
        return self._switch_on_and_wait(context, updated, self.describe(context, id.bucket))

    def remove(self, context: Context, id: ResourceId, state: StateT) -> None:  # noqa: A002
        """Switch off, if that is this resource's to do and nothing stands in the way."""
        is_own = state.on_destroy == "off" or (state.on_destroy == "restore" and not state.adopted)
        if not is_own or context.memory.is_claimed((self.kind, id.bucket)):
            context.report(f"left {self.service} on")
            return
        try:
            status = self._require_nothing_in_the_way(context, state)
            if status == ON:
                context.report(f"switching {self.service} off")
                self._switch_off_unless_blocked(context, id.bucket)
            if status != OFF:
                self._wait_until(OFF, context, state, look=self.describe_switched_off)
                context.report(f"switched {self.service} off")
        except (WaitTimeoutError, WaitCancelledError) as error:
            raise ResourceError(f"{error}; run again to go on waiting, nothing is sent twice") from error

    def _require_nothing_in_the_way(self, context: Context, state: StateT) -> str:
        """Return the service's status; where it is on, nothing stands in the way of switching it off.

        The probes come first. They tell that the service is on, too, so that its status is asked for only where
        something is in the way, or could not be told.
        """
        bucket = state.location
        found = blockers.find(context.client, bucket, self.probes)
        if found.is_clear(self.witnesses):
            return ON
        current = self.describe(context, bucket)
        if current.status == UNBINDING:
            # What is being switched off may be switched on again by somebody else meanwhile.
            current = self._wait_until(OFF, context, state, or_until=ON)
            if current.status == ON:
                found = blockers.find(context.client, bucket, self.probes)
        if current.status == ON:
            blockers.require_none(context, found, attempted=f"switch {self.service} off for bucket {bucket}")
        return current.status

    def _switch_on_and_wait(self, context: Context, state: StateT, current: ServiceStatus) -> StateT:
        """Return the state of a service that is on, switching it on where it is not.

        Once the request was sent, the resource is kept whatever happens: what it switched on is its own to undo.
        """
        if current.status != ON:
            try:
                if current.status == UNBINDING:
                    self._wait_until(OFF, context, state)
            except (WaitTimeoutError, WaitCancelledError) as error:
                raise ResourceError(f"{error}; nothing was sent yet, run `pulumi up` again to go on") from error
            context.report(f"switching {self.service} on")
            is_sent = False
            try:
                self.switch_on(context, state.location)
                is_sent = True
                current = self._wait_until(ON, context, state)
            except (CiAudioError, WaitCancelledError) as error:
                if isinstance(error, CiAudioError) and not is_sent and not error.is_outcome_unknown:
                    raise
                text = explain(error) if isinstance(error, CiAudioError) else str(error)
                raise ResourceInitFailedError(
                    f"{text}; run `pulumi up` again to go on",
                    id=ResourceId(state.location),
                    state=state.model_copy(update={"status": OFF}),
                ) from error
            context.report(f"switched {self.service} on")
        return state.model_copy(update={"status": ON, **current.details})

    def _wait_until(
        self,
        target: str,
        context: Context,
        state: StateT,
        *,
        or_until: str | None = None,
        look: Callable[[Context, Bucket], ServiceStatus] | None = None,
    ) -> ServiceStatus:
        timeout = context.timeout_seconds or state.timeout_seconds
        status = "unknown"
        for waited in context.waiter.polls(timeout):
            current = (look or self.describe)(context, state.location)
            status = current.status
            if status in {target, or_until}:
                return current
            context.report(f"{self.service} is {status}, waiting for {target} ({waited:.0f} s)")
        raise WaitTimeoutError(
            f"{self.service} of bucket {state.location} was still {status} after {timeout:.0f} s, not {target}"
        )

    def _switch_off_unless_blocked(self, context: Context, bucket: Bucket) -> None:
        try:
            self.switch_off(context, bucket)
        except ApiError as error:
            if error.is_service_off:
                return
            says_nothing_of_blockers = error.is_transient or error.is_outcome_unknown
            if error.is_denied or error.is_signature_refused or error.is_bucket_gone or says_nothing_of_blockers:
                raise
            if self.describe(context, bucket).status != ON:
                return
            # Something may have come in between, which the probes can name now.
            found = blockers.find(context.client, bucket, self.probes).blockers
            reason = "in the way: " + "; ".join(map(str, found)) if found else blockers.UNSEEN
            raise ResourceError(f"{error}; {reason}; clear it and run again") from error


class CiBinding(ServiceBinding[BindingState], kind=CI_BUCKET_BINDING):
    """What ``CiBucketBinding`` means: the bucket is bound to CI."""

    service = "CI"
    probes = blockers.BINDING_PROBES
    witnesses = blockers.BINDING_WITNESSES

    def describe(self, context: Context, bucket: Bucket) -> ServiceStatus:
        """Return the status the service reports."""
        return ServiceStatus(context.client.describe_ci_bucket(bucket))

    def refresh(self, context: Context, bucket: Bucket, state: BindingState) -> ServiceStatus:  # noqa: ARG002
        """Return the status the service reports, by the list of the bound buckets where that tells it."""
        return ServiceStatus(context.client.refresh_ci_bucket(bucket))

    def switch_on(self, context: Context, bucket: Bucket) -> None:
        """Bind."""
        try:
            context.client.create_ci_bucket(bucket)
        except ApiError as error:
            # Bound in the meantime; whether the service says so or succeeds is not documented.
            if not error.is_already_on:
                raise

    def switch_off(self, context: Context, bucket: Bucket) -> None:
        """Unbind."""
        context.client.delete_ci_bucket(bucket)


class AsrBinding(ServiceBinding[AsrBindingState], kind=ASR_BUCKET_BINDING):
    """What ``AsrBucketBinding`` means: Smart Audio is enabled for the bucket."""

    service = "Smart Audio"
    probes = blockers.SMART_AUDIO_PROBES
    witnesses = blockers.SMART_AUDIO_PROBES

    def describe(self, context: Context, bucket: Bucket) -> ServiceStatus:
        """Return ``on`` where the bucket is listed and bound.

        Unbinding stops Smart Audio, and the bucket may stay listed all the same (document 460/97481).
        """

        def describe_binding() -> str:
            status = context.client.describe_ci_bucket(bucket)
            context.memory.first_seen((CiBinding.kind, bucket), status)
            return status

        binding = _unless_denied(describe_binding)
        if binding != ON:
            return ServiceStatus(binding)
        record = context.client.find_service_bucket(SMART_AUDIO, bucket)
        return self._status_of(context, bucket, record, None)

    def refresh(self, context: Context, bucket: Bucket, state: AsrBindingState) -> ServiceStatus:
        """Return what :meth:`describe` does, by lists where these tell it."""
        binding = _unless_denied(lambda: context.client.refresh_ci_bucket(bucket))
        if binding != ON:
            return ServiceStatus(binding)
        record = context.client.refresh_service_bucket(SMART_AUDIO, bucket)
        return self._status_of(context, bucket, record, state)

    def describe_switched_off(self, context: Context, bucket: Bucket) -> ServiceStatus:
        """Return ``off`` where the bucket is not listed, whether it is bound or not."""
        is_listed = context.client.ask_service_bucket(SMART_AUDIO, bucket)() is not None
        return self.describe(context, bucket) if is_listed else ServiceStatus(OFF)

    def switch_on(self, context: Context, bucket: Bucket) -> None:
        """Enable; enabled already counts as success, and an unbound bucket is bound by it."""
        try:
            context.client.create_asr_bucket(bucket)
        except ApiError as error:
            if not error.is_already_on:
                raise

    def switch_off(self, context: Context, bucket: Bucket) -> None:
        """Disable."""
        context.client.delete_asr_bucket(bucket)

    def _status_of(
        self, context: Context, bucket: Bucket, record: BucketRecord | None, state: AsrBindingState | None
    ) -> ServiceStatus:
        """Return the status of a bound bucket. A queue lives as long as its service is enabled, and has one id."""
        if record is None:
            return ServiceStatus(OFF)
        is_known = state is not None and record.create_time is not None and state.create_time == record.create_time
        queue_id = state.queue_id if state is not None and is_known else None
        queue_id = queue_id or self._default_queue_id(context, bucket)
        return ServiceStatus(ON, {"create_time": record.create_time, "queue_id": queue_id})

    @staticmethod
    def _default_queue_id(context: Context, bucket: Bucket) -> str | None:
        try:
            queues = context.client.describe_asr_queues(bucket)
        except ApiError:
            return None
        return queues[0].queue_id if queues else None


def _unless_denied(describe_binding: Callable[[], str]) -> str:
    """Return the status of a bucket's binding; ``on`` where it may not be seen.

    Seeing it is a help, not a need: Smart Audio's own permissions suffice.
    """
    try:
        return describe_binding()
    except ApiError as error:
        if error.is_denied:
            return ON
        raise
