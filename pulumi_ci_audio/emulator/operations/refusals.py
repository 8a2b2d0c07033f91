"""How each plane words a refusal. The operations raise CI's codes, COS has others for some of them."""

from __future__ import annotations

from pulumi_ci_audio.emulator.errors import STATUS, ServiceError
from pulumi_ci_audio.emulator.http.hosts import Plane
from pulumi_ci_audio.emulator.state.store import Store

# CI's code, COS's, and COS's message where clients look at it (436/7730; the messages by the SDK for Node, which
# corrects its clock by them).
_ON_COS: dict[str, tuple[str, str | None]] = {
    "InvalidAuthorization": ("AccessDenied", None),
    "InvalidContent": ("MalformedXML", None),
    "InvalidUrl": ("InvalidURI", None),
    "MissingAuthorization": ("AccessDenied", "Access Denied."),
    "MissingContent": ("MissingRequestBodyError", None),
    "SecretidNotExist": ("InvalidAccessKeyId", None),
    "SignatureExpired": ("AccessDenied", "Request has expired"),
}


def on_plane(store: Store, plane: Plane | None, error: ServiceError) -> ServiceError:
    """Return a refusal as a plane words it."""
    if plane is Plane.COS:
        code, message = _ON_COS.get(error.code, (error.code, None))
    else:
        code, message = error.code, None
        if code == "SignatureDoesNotMatch":
            code = store.assumed("wrong_signature")
    if code == error.code:
        return error
    return ServiceError(code, message or error.message)


def status_on_plane(store: Store, plane: Plane | None, code: str) -> int:
    """Return the status that a code comes with on a plane; 500 for one that nobody knows."""
    if code == "SlowDown" and plane is not Plane.COS:
        return int(store.assumed("throttling"))
    return STATUS.get(code, 500)
