"""How an operation on a resource fails, and what an error of the API advises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_ci_audio.api.errors import ApiError, CiAudioError

if TYPE_CHECKING:
    from pulumi_ci_audio.lifecycle.models import ResourceModel
    from pulumi_ci_audio.lifecycle.resource_id import ResourceId


class ResourceError(Exception):
    """An operation on a resource failed; the text is one line and says what to do next."""


class ResourceInitFailedError(ResourceError):
    """An operation failed, but the resource exists and must be kept.

    Attributes:
        id: the resource's id.
        state: what is known of it.
    """

    def __init__(self, message: str, *, id: ResourceId, state: ResourceModel) -> None:  # noqa: A002  Pulumi's word
        super().__init__(message)
        self.id = id
        self.state = state


def explain(error: CiAudioError) -> str:
    """Return the error's text with what to do about it, on one line."""
    if not isinstance(error, ApiError) or error.entry is None:
        return str(error)
    everywhere = " on every resource (*), since a policy narrowed to the bucket never matches it"
    return f"{error}; {error.entry.advice.format(grant=error.action + everywhere * error.any_resource)}"
