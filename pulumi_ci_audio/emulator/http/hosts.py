"""Which part of the cloud a ``Host`` names. The table follows "Request Structure" and the pages of the operations."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import Enum

# A bucket is <name>-<APPID>. Neither pattern has a dot or a slash: both name folders.
_BUCKET = r"(?P<bucket>[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?-[0-9]{6,12})"
_REGION = r"(?P<region>[a-z]{2,12}(?:-[a-z0-9]{1,20}){1,4})"

BUCKET = re.compile(_BUCKET.replace("?P<bucket>", ""))
REGION = re.compile(_REGION.replace("?P<region>", ""))


class Plane(Enum):
    """A set of operations that share a kind of host."""

    CI_BUCKET = "ci-bucket"
    CI_REGION = "ci-region"
    CI_LEGACY = "ci-legacy"
    COS = "cos"


_HOSTS = (
    (Plane.CI_BUCKET, re.compile(rf"{_BUCKET}\.ci\.{_REGION}\.myqcloud\.com")),
    (Plane.CI_REGION, re.compile(rf"ci\.{_REGION}\.myqcloud\.com")),
    (Plane.COS, re.compile(rf"{_BUCKET}\.cos\.{_REGION}\.myqcloud\.com")),
    # The domain of the pages of 2024 for binding, still used by the Terraform provider.
    (Plane.CI_LEGACY, re.compile(rf"{_BUCKET}\.pic\.{_REGION}\.myqcloud\.com")),
    # The backup domains that SDKs switch to when the others fail.
    (Plane.COS, re.compile(rf"{_BUCKET}\.cos\.{_REGION}\.tencentcos\.cn")),
    (Plane.CI_BUCKET, re.compile(rf"{_BUCKET}\.ci\.{_REGION}\.tencentci\.cn")),
    (Plane.CI_REGION, re.compile(rf"ci\.{_REGION}\.tencentci\.cn")),
)


@dataclass(frozen=True)
class Destination:
    """What a host names; ``bucket`` is empty on the hosts that serve a whole region."""

    plane: Plane
    region: str
    bucket: str = ""


def is_loopback(host: str) -> bool:
    """Return whether a lower-case ``host`` without port names this machine, seen from itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def find_destination(host: str) -> Destination | None:
    """Return what a lower-case ``host`` without port names, or None if the service has no such host."""
    for plane, pattern in _HOSTS:
        match = pattern.fullmatch(host)
        if match:
            return Destination(plane, **match.groupdict())
    return None
