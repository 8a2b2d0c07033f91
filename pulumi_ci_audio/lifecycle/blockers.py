"""What stands in the way of switching a service off, and how to clear it. Everything is asked, nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import ApiError, CiAudioError
from pulumi_ci_audio.api.operations import OTHER_SERVICES, SMART_AUDIO, Service
from pulumi_ci_audio.api.records import UNFINISHED_STATES
from pulumi_ci_audio.lifecycle.errors import ResourceError, explain

if TYPE_CHECKING:
    from pulumi_ci_audio.api.client import Client
    from pulumi_ci_audio.lifecycle.types import Context

SMART_AUDIO_TAGS = {
    "NoiseReduction": "noise-reduction job",
    "SpeechRecognition": "speech-recognition job",
    "VoiceSeparate": "voice-separation job",
    "Tts": "text-to-speech job",
    "SoundHound": "song-recognition job",
}
"""The tags whose jobs wait in the queue of Smart Audio, and what their jobs are called."""

SERVICE, BATCH_JOB = "service", "batch job"
"""What two kinds of blockers are called."""

UNSEEN = (
    "what cannot be checked from here: automatic moderation and reviews of historical data; look for both in the "
    "console under Cloud Infinite > Bucket Management > the bucket > Content Moderation"
)
"""Tasks that keep a bucket bound and that no public API lists."""


@dataclass(frozen=True)
class Blocker:
    """One thing that stands in the way.

    Attributes:
        kind: what it is.
        id: its id; empty for a service, which has none.
        name: its name, where it has one.
        state: its state.
        remedy: the call or console page that clears it.
    """

    kind: str
    id: str
    name: str
    state: str
    remedy: str

    def __str__(self) -> str:
        """Return how errors name it."""
        # A name is somebody's text: it may hold what would break the line.
        name = f'"{self.name}"' if self.name.isprintable() else ascii(self.name)
        named = " ".join(part for part in (self.kind, self.id, name if self.name else "") if part)
        return f"{named} ({self.state}): {self.remedy}"


Probe = Callable[["Client", Bucket], Iterator[Blocker]]
"""Asks one thing: what of its kind stands in the way. The answer is awaited where the iteration begins."""


def _service(service: Service, hint: str = "") -> Probe:
    path = service.describe_buckets.path
    blocker = Blocker(SERVICE, "", service.name, "enabled", f"DELETE {path}, or console: {service.name}{hint}")

    def probe(client: Client, bucket: Bucket) -> Iterator[Blocker]:
        # Asked now and awaited last, so that the questions of all threads have the time to meet in one request.
        answer = client.ask_service_bucket(service, bucket)

        def blockers() -> Iterator[Blocker]:
            if answer() is not None:
                yield blocker

        return blockers()

    return probe


def _workflows(client: Client, bucket: Bucket) -> Iterator[Blocker]:
    for workflow in client.describe_workflows(bucket):
        path = f"/workflow/{workflow.workflow_id}"
        pause = f"PUT {path}?paused, then " if workflow.state == "Active" else ""
        remedy = f"{pause}DELETE {path}, or console: Workflows"
        yield Blocker("workflow", workflow.workflow_id, workflow.name or "", workflow.state or "?", remedy)


def _batch_jobs(kind: str) -> Probe:
    def probe(client: Client, bucket: Bucket) -> Iterator[Blocker]:
        for job in client.describe_batch_jobs(bucket, kind=kind, states=UNFINISHED_STATES):
            remedy = f"PUT /inventorytriggerjob/{job.job_id}?cancel, or console: Batch tasks"
            yield Blocker(BATCH_JOB, job.job_id, job.name or "", job.state or "?", remedy)

    return probe


def _jobs(tag: str) -> Probe:
    def probe(client: Client, bucket: Bucket) -> Iterator[Blocker]:
        for job in client.describe_jobs(bucket, tag=tag, states=UNFINISHED_STATES):
            started = job.state == "Running"
            remedy = "wait until it ends" if started else f"PUT /jobs/{job.job_id}?cancel, or wait until it ends"
            yield Blocker(SMART_AUDIO_TAGS[tag], job.job_id, "", job.state or "?", remedy)

    return probe


_BATCH_JOBS: tuple[Probe, ...] = tuple(_batch_jobs(kind) for kind in ("Workflow", "Job"))

BINDING_PROBES: tuple[Probe, ...] = (
    _workflows,
    *_BATCH_JOBS,
    _service(
        SMART_AUDIO,
        ". If the program declares an AsrBucketBinding for the bucket, give it bucket=binding.bucket (or depends_on), "
        "so that it goes first",
    ),
    *(_service(service) for service in OTHER_SERVICES),
)
"""What to ask before a bucket is unbound. Each asks one thing, so that one refusal hides nothing else."""

BINDING_WITNESSES = _BATCH_JOBS
"""Those of them that need no service but the binding: they are answered where the bucket is bound."""

SMART_AUDIO_PROBES: tuple[Probe, ...] = tuple(_jobs(tag) for tag in SMART_AUDIO_TAGS)
"""What to ask before Smart Audio is disabled: its queue, and what waits in it, goes with it."""


@dataclass(frozen=True)
class Findings:
    """What the probes brought.

    Attributes:
        blockers: what stands in the way.
        unanswered: why some probes could not tell.
        turned_away: the probes that were told that the service they ask is not enabled: it has nothing in the way.
    """

    blockers: tuple[Blocker, ...]
    unanswered: tuple[str, ...]
    turned_away: tuple[Probe, ...] = ()

    def is_clear(self, witnesses: Iterable[Probe]) -> bool:
        """Return whether nothing is in the way, and all ``witnesses`` were answered by services that are on."""
        return not self.blockers and not self.unanswered and not set(self.turned_away) & set(witnesses)


def find(client: Client, bucket: Bucket, probes: tuple[Probe, ...]) -> Findings:
    """Ask every probe, whatever the others said.

    A service that is not enabled has nothing that could be in the way; any other refusal leaves the question open.
    """
    blockers: list[Blocker] = []
    unanswered: dict[str, str] = {}
    turned_away: list[Probe] = []
    for probe, answer in [(probe, probe(client, bucket)) for probe in probes]:
        try:
            blockers.extend(answer)
        except ApiError as error:
            if error.is_service_off:
                turned_away.append(probe)
            else:
                # One refusal is said once, though every request that met it has an id of its own.
                unanswered.setdefault(explain(error).replace(error.request_id or " ", ""), explain(error))
        except CiAudioError as error:
            unanswered.setdefault(str(error), explain(error))
    return Findings(tuple(blockers), tuple(unanswered.values()), tuple(turned_away))


def require_none(context: Context, findings: Findings, *, attempted: str) -> None:
    """Return if nothing stands in the way.

    Args:
        context: the world.
        findings: what the probes brought.
        attempted: what is about to be done, to be read after "did not".

    Raises:
        ResourceError: something does, or a probe could not tell; the error names all of it.
    """
    if findings.blockers:
        named = "; ".join(map(str, findings.blockers))
        raise ResourceError(
            f"did not {attempted}, nothing was changed: {len(findings.blockers)} in the way: {named}"
            + "".join(f"; not checked: {reason}" for reason in findings.unanswered)
            + "; clear them and run again"
        )
    if findings.unanswered:
        reasons = "; ".join(findings.unanswered)
        raise ResourceError(
            f"did not {attempted}, nothing was changed: could not check for blockers: {reasons}; "
            f"fix this and run again, or leave it as it is and forget it with {context.command('state delete')}"
        )
