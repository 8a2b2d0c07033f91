"""A bucket: what names it, and where its calls go. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_ci_audio.api.signing import url_encode


@dataclass(frozen=True)
class Bucket:
    """A bucket: its region and its full name with the ``-appid`` at its end."""

    region: str
    name: str

    def __str__(self) -> str:
        """Return how errors name the bucket."""
        return f"{self.name} in {self.region}"

    @property
    def cos_host(self) -> str:
        """The host of the bucket's object calls."""
        return f"{self.name}.cos.{self.region}.myqcloud.com"

    def url_of(self, key: str) -> str:
        """Return the unsigned address of the object ``key``."""
        return f"https://{self.cos_host}/" + "/".join(url_encode(segment) for segment in key.split("/"))
