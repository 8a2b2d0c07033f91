"""How an operation on a resource fails, and what an error of the API advises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from pulumi_ci_audio.api.errors import ApiError, CiAudioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi_ci_audio.lifecycle.models import ResourceModel
    from pulumi_ci_audio.lifecycle.resource_id import ResourceId


Model = TypeVar("Model", bound=BaseModel)


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


def as_model(model: type[Model], properties: Mapping[str, Any], what: str) -> Model:
    """Return what the service says of something as a model of a resource.

    Raises:
        ResourceError: it is nothing that this package can declare; ``what`` names it.
    """
    try:
        return model.model_validate(properties)
    except ValidationError as error:
        said = ", ".join(f"{'.'.join(map(str, item['loc']))}={item['input']!r}" for item in error.errors())
        raise ResourceError(
            f"{what} has {said}, which this version of pulumi-ci-audio cannot declare: change it in the console, or "
            "leave it out of the program"
        ) from None


def explain(error: CiAudioError) -> str:
    """Return the error's text with what to do about it, on one line."""
    if not isinstance(error, ApiError) or error.entry is None:
        return str(error)
    everywhere = " on every resource (*), since a policy narrowed to the bucket never matches it"
    return f"{error}; {error.entry.advice.format(grant=error.action + everywhere * error.any_resource)}"
