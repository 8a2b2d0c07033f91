"""What one kind of job adds to what all kinds have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from pulumi_ci_audio.api.records import JobRecord, JobRequest
from pulumi_ci_audio.lifecycle.checking import Rule
from pulumi_ci_audio.lifecycle.job_models import RULES, AudioJobInputs, AudioJobState
from pulumi_ci_audio.lifecycle.models import REPLACES, marked

Inputs = TypeVar("Inputs", bound=AudioJobInputs)
State = TypeVar("State", bound=AudioJobState)


class JobSpec(ABC, Generic[Inputs, State]):
    """Models, tag, rules, request and echo of a kind of job."""

    tag: ClassVar[str]
    """The API's tag of the kind."""
    rules: ClassVar[Sequence[Rule]] = RULES
    """What must hold between several inputs."""

    inputs_model: type[Inputs]
    state_model: type[State]

    @property
    def content_fields(self) -> tuple[str, ...]:
        """The stored names of the inputs whose change is a new job."""
        return marked(self.inputs_model, REPLACES)

    @abstractmethod
    def request(self, inputs: Inputs, user_data: str) -> JobRequest:
        """Return the job to submit; ``user_data`` carries the marker."""

    @abstractmethod
    def ignored_parameters(self, state: State, record: JobRecord) -> list[str]:
        """Return how the parameters that the service repeats differ from those asked for, one phrase each."""

    @abstractmethod
    def inputs_of(self, record: JobRecord) -> dict[str, Any]:
        """Return the kind's own inputs that a job's record repeats, by their stored names."""
