"""What ``CiBucketBinding`` and ``AsrBucketBinding`` mean: a service that is on for a bucket.

The two differ in how a service is looked at, switched on and switched off (:class:`Switch`); everything they promise
is written once.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from pulumi_ci_audio.api.errors import ApiError, CiAudioError, InterruptedWaitError, WaitTimeoutError
from pulumi_ci_audio.api.places import Bucket
from pulumi_ci_audio.api.transport import is_outcome_unknown
from pulumi_ci_audio.lifecycle import blockers, fields
from pulumi_ci_audio.lifecycle.fields import Placed
from pulumi_ci_audio.lifecycle.protocol import (
    Checked,
    Context,
    Created,
    Diff,
    KeptError,
    Observed,
    Properties,
    ResourceError,
    explain,
)

ON, OFF, UNBINDING = "on", "off", "unbinding"


class BindingInputs(Placed):
    """The inputs of a binding."""

    on_destroy: Literal["restore", "off", "keep"] = Field(
        "restore",
        description="What deleting does: `restore` switches off what this resource switched on, `off` switches off "
        "in any case, `keep` leaves it on.",
    )
    timeout_seconds: Annotated[int, Field(ge=1)] = Field(
        300, description="How long to wait until the service says on, or off, in seconds."
    )
    status: Literal["on", "off", "unbinding"] = Field(
        "on", description="Filled in as `on`; what differs in state is a change made by hand."
    )


class BindingState(BindingInputs):
    """The state of a :class:`CiBucketBinding`."""

    adopted: bool = Field(False, description="Whether it was on already when the resource was created.")


class AsrBindingState(BindingState):
    """The state of an :class:`AsrBucketBinding`."""

    create_time: str | None = Field(None, description="When Smart Audio was enabled, as the service writes it.")
    queue_id: str | None = Field(None, description="The id of the bucket's default queue.")


class Seen(NamedTuple):
    """What a look at a service brought: its status, and what else the state holds of one that is on."""

    status: str
    details: dict[str, Any]


class Switch:
    """What two services have in common that are on or off for a bucket."""

    kind: ClassVar[str]
    inputs: ClassVar[type[BindingInputs]] = BindingInputs
    state: ClassVar[type[BindingState]] = BindingState
    service: ClassVar[str]
    probes: ClassVar[tuple[blockers.Probe, ...]]

    # How the services differ

    @abstractmethod
    def look(self, context: Context, bucket: Bucket) -> Seen:
        """Return how the service stands.

        Raises:
            ApiError: among others, because the bucket does not exist.
        """

    @abstractmethod
    def switch_on(self, context: Context, bucket: Bucket) -> None:
        """Ask the service to switch on; on already is fine."""

    @abstractmethod
    def switch_off(self, context: Context, bucket: Bucket) -> None:
        """Ask the service to switch off."""

    # What they promise

    def check(self, old_inputs: Properties, inputs: Properties, region: str | None) -> Checked:
        """See :class:`~pulumi_ci_audio.lifecycle.protocol.Lifecycle`."""
        return fields.check(self.inputs, old_inputs, inputs, region)

    def diff(self, state: Properties, inputs: Properties) -> Diff:
        """See :class:`~pulumi_ci_audio.lifecycle.protocol.Lifecycle`."""
        return fields.diff(self.inputs, state, inputs)

    def create(self, context: Context, inputs: Properties) -> Created:
        """Look first: what is on already is adopted without a request."""
        bucket = self.inputs.model_validate(inputs).place
        context.memory.claim((self.kind, bucket))
        seen = self.look(context, bucket)
        adopted = context.memory.first_seen((self.kind, bucket), seen.status) == ON
        state = self.state.model_validate({**inputs, "adopted": adopted})
        return Created(f"{bucket.region}/{bucket.name}", self._turned_on(context, state, seen))

    def read(self, context: Context, id: str, state: Properties) -> Observed | None:  # noqa: A002
        """Return the status that the service reports, as input and as state."""
        bucket, _ = fields.split_id(id)
        try:
            seen = self.look(context, bucket)
        except ApiError as error:
            if error.is_bucket_gone:
                return None
            raise
        known = {**state, "bucket": bucket.name, "region": bucket.region, "status": seen.status}
        found = self.state.model_validate(known).model_copy(update=seen.details)
        return Observed(_plain(self.inputs.model_validate(known)), _plain(found))

    def update(self, context: Context, id: str, state: Properties, inputs: Properties) -> dict[str, Any]:  # noqa: A002
        """Switch on again what was switched off by hand; changing anything else sends nothing."""
        bucket, _ = fields.split_id(id)
        context.memory.claim((self.kind, bucket))
        wanted = self.state.model_validate({**state, **inputs})
        if wanted.status != ON or state.get("status") == ON:
            return _plain(wanted)
        return self._turned_on(context, wanted, self.look(context, bucket))

    def delete(self, context: Context, id: str, state: Properties) -> None:  # noqa: A002
        """Switch off, if that is this resource's to do and nothing stands in the way."""
        found = self.state.model_validate(state)
        bucket, _ = fields.split_id(id)
        mine = found.on_destroy == "off" or (found.on_destroy == "restore" and not found.adopted)
        if not mine or context.memory.is_claimed((self.kind, bucket)):
            return
        try:
            if self.look(context, bucket).status == ON:
                attempted = f"switch {self.service} off for bucket {bucket}"
                blockers.require_none(context.client, bucket, self.probes, attempted=attempted)
                context.report(f"switching {self.service} off")
                self._switch_off(context, bucket)
            self._wait(context, found, OFF)
        except ApiError as error:
            if not error.is_bucket_gone:
                raise
        except (WaitTimeoutError, InterruptedWaitError) as error:
            raise ResourceError(f"{error}; run again to go on waiting, nothing is sent twice") from error

    # Steps

    def _turned_on(self, context: Context, state: BindingState, seen: Seen) -> dict[str, Any]:
        """Return the state of a service that is on, switching it on where it is not.

        Once the request was sent, the resource is kept whatever happens: what it switched on is its own to undo.
        """
        if seen.status != ON:
            try:
                if seen.status == UNBINDING:
                    self._wait(context, state, OFF)
            except (WaitTimeoutError, InterruptedWaitError) as error:
                raise ResourceError(f"{error}; nothing was sent yet, run `pulumi up` again to go on") from error
            context.report(f"switching {self.service} on")
            is_sent = False
            try:
                self.switch_on(context, state.place)
                is_sent = True
                seen = self._wait(context, state, ON)
            except CiAudioError as error:
                if not is_sent and not _may_have_switched(error):
                    raise
                raise KeptError(
                    f"{explain(error)}; run `pulumi up` again to go on",
                    id=f"{state.region}/{state.bucket}",
                    state=_plain(state.model_copy(update={"status": OFF})),
                ) from error
        return _plain(state.model_copy(update={"status": ON, **seen.details}))

    def _wait(self, context: Context, state: BindingState, target: str) -> Seen:
        timeout = context.timeout_seconds or state.timeout_seconds
        seen = Seen("unseen", {})
        for waited in context.waiter.looks(timeout):
            seen = self.look(context, state.place)
            if seen.status == target:
                return seen
            context.report(f"{self.service} is {seen.status}, waiting for {target} ({waited:.0f} s)")
        raise WaitTimeoutError(
            f"{self.service} of bucket {state.place} was still {seen.status} after {timeout:.0f} s, not {target}"
        )

    def _switch_off(self, context: Context, bucket: Bucket) -> None:
        try:
            self.switch_off(context, bucket)
        except ApiError as error:
            if error.is_service_off:
                return
            passing = error.is_throttled or error.is_server_fault
            if error.is_denied or error.is_signature_refused or error.is_bucket_gone or passing:
                raise
            # Something may have come in between, which the probes can name now.
            found = blockers.find(context.client, bucket, self.probes).blockers
            reason = "in the way: " + "; ".join(map(str, found)) if found else blockers.UNSEEN
            raise ResourceError(f"{error}; {reason}; clear it and run again") from error


class BucketBinding(Switch):
    """What ``CiBucketBinding`` means: the bucket is bound to CI."""

    kind = "CiBucketBinding"
    service = "CI"
    probes = blockers.BINDING_PROBES

    def look(self, context: Context, bucket: Bucket) -> Seen:
        """Return the status the service reports."""
        return Seen(context.client.describe_bucket(bucket), {})

    def switch_on(self, context: Context, bucket: Bucket) -> None:
        """Bind."""
        try:
            context.client.bind_bucket(bucket)
        except ApiError as error:
            # Bound in the meantime; whether the service says so or succeeds is not documented.
            if error.code != "BucketAlreadyBinded":
                raise

    def switch_off(self, context: Context, bucket: Bucket) -> None:
        """Unbind."""
        context.client.unbind_bucket(bucket)


class AsrBinding(Switch):
    """What ``AsrBucketBinding`` means: Smart Audio is enabled for the bucket."""

    kind = "AsrBucketBinding"
    service = "Smart Audio"
    state = AsrBindingState
    probes = blockers.SMART_AUDIO_PROBES

    def look(self, context: Context, bucket: Bucket) -> Seen:
        """Return ``on`` where the bucket is listed and bound: a record may stay listed after unbinding (Q23)."""
        binding = self._binding(context, bucket)
        if binding != ON:
            return Seen(binding, {})
        listed = context.client.describe_asr_buckets(bucket.region, regions=[bucket.region], bucket_names=[bucket.name])
        item = next((item for item in listed if item.bucket_id == bucket.name), None)
        if item is None:
            return Seen(OFF, {})
        return Seen(ON, {"create_time": item.create_time, "queue_id": self._queue_id(context, bucket)})

    def switch_on(self, context: Context, bucket: Bucket) -> None:
        """Enable; enabled already counts as success, and an unbound bucket is bound by it."""
        context.client.create_asr_bucket(bucket)

    def switch_off(self, context: Context, bucket: Bucket) -> None:
        """Disable."""
        context.client.delete_asr_bucket(bucket)

    @staticmethod
    def _binding(context: Context, bucket: Bucket) -> str:
        try:
            status = context.client.describe_bucket(bucket)
        except ApiError as error:
            # Seeing the binding is a help, not a need: Smart Audio's own permissions suffice.
            if error.is_denied:
                return ON
            raise
        context.memory.first_seen((BucketBinding.kind, bucket), status)
        return status

    @staticmethod
    def _queue_id(context: Context, bucket: Bucket) -> str | None:
        try:
            queues = context.client.describe_asr_queues(bucket)
        except ApiError:
            return None
        return queues[0].queue_id if queues else None


def _may_have_switched(error: CiAudioError) -> bool:
    return is_outcome_unknown(error) or isinstance(error, InterruptedWaitError)


def _plain(model: BindingInputs) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)
