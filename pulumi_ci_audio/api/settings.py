"""Where requests go and whose they are: stack configuration first, environment second. No I/O here.

The order of sources is that of the table of settings in docs/reference.md.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pulumi_ci_audio.api.coalescing import GATHER_SECONDS, Sharing
from pulumi_ci_audio.api.configuration_keys import ENDPOINT_KEY, REGION_KEY
from pulumi_ci_audio.api.credentials import (
    Credentials,
    CredentialSource,
    find_credentials,
)
from pulumi_ci_audio.api.errors import SettingsError
from pulumi_ci_audio.api.trust import find_ca_bundle

REGION_VARIABLES = ("TENCENTCLOUD_REGION", "COS_REGION")
ENDPOINT_VARIABLE = "CI_AUDIO_ENDPOINT"
READ_TIMEOUT_VARIABLE = "CI_AUDIO_READ_TIMEOUT_SECONDS"
PACE_VARIABLE = "CI_AUDIO_REQUESTS_PER_SECOND"
SETTLE_VARIABLE = "CI_AUDIO_SETTLE_SECONDS"
LIST_VARIABLE = "CI_AUDIO_LIST_SECONDS"
JOBS_VARIABLE = "CI_AUDIO_JOBS_PER_REQUEST"
CONNECT_TIMEOUT_SECONDS = 10.0
READ_TIMEOUT_SECONDS = 30.0
SETTLE_SECONDS = 10.0
LIST_SECONDS = 10.0
MOST_JOBS_PER_REQUEST = 100


def home_folder() -> Path:
    """Return the user's home folder; for a user without one, a path below which there is nothing."""
    try:
        return Path.home()
    except RuntimeError:
        return Path(os.devnull)


@dataclass(frozen=True)
class Settings:
    """What the program's configuration and the environment say.

    Attributes:
        configuration: the stack's configuration, keys with their namespace.
        environment: the environment's variables.
        home: the folder that holds ``.tencentcloud/credentials``.
    """

    configuration: Mapping[str, str] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    home: Path

    @classmethod
    def of_process(cls, configuration: Mapping[str, str] | None = None) -> Settings:
        """Return the settings of this process, read when they are asked for, never before."""
        return cls(configuration=configuration or {}, environment=os.environ, home=home_folder())

    @property
    def region(self) -> str | None:
        """The region to use where a program names none."""
        candidates = [self.configuration.get(REGION_KEY), *map(self.environment.get, REGION_VARIABLES)]
        return next((region for region in candidates if region), None)

    @property
    def endpoint(self) -> str | None:
        """The address every request goes to, with its true ``Host`` header, or ``None`` for the cloud itself.

        Raises:
            SettingsError: it is not an ``http`` or ``https`` address of a server.
        """
        endpoint = self.configuration.get(ENDPOINT_KEY) or self.environment.get(ENDPOINT_VARIABLE)
        if not endpoint:
            return None
        try:
            parts = urlsplit(endpoint)
            valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.path in {"", "/"}
            valid = valid and (parts.port or 1) > 0 and "@" not in parts.netloc
            valid = valid and not parts.query and not parts.fragment
        except ValueError:
            valid = False
        if not valid:
            raise SettingsError(
                f"the endpoint ({ENDPOINT_KEY} or {ENDPOINT_VARIABLE}) must look like http://127.0.0.1:9350"
            )
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def endpoint_source(self) -> str:
        """Which setting names the endpoint; empty where none does."""
        if self.configuration.get(ENDPOINT_KEY):
            return ENDPOINT_KEY
        return ENDPOINT_VARIABLE if self.environment.get(ENDPOINT_VARIABLE) else ""

    @property
    def read_timeout_seconds(self) -> float:
        """How long the service may be silent before an answer counts as lost.

        Raises:
            SettingsError: the variable holds no positive number.
        """
        return self._number(READ_TIMEOUT_VARIABLE, "seconds") or READ_TIMEOUT_SECONDS

    @property
    def connect_timeout_seconds(self) -> float:
        """How long a connection may take to be made.

        Raises:
            SettingsError: the variable of the read timeout holds no positive number.
        """
        return min(CONNECT_TIMEOUT_SECONDS, self.read_timeout_seconds)

    @property
    def settle_seconds(self) -> float:
        """The time after which the service lists every job that it accepted, in seconds.

        Raises:
            SettingsError: the variable holds no positive number.
        """
        return self._number(SETTLE_VARIABLE, "seconds") or SETTLE_SECONDS

    @property
    def requests_per_second(self) -> float | None:
        """The most requests in a second to one host, or ``None`` where only the service limits them.

        Raises:
            SettingsError: the variable holds no positive number.
        """
        return self._number(PACE_VARIABLE, "requests")

    @property
    def sharing(self) -> Sharing:
        """How requests are shared by those who ask at the same time.

        Raises:
            SettingsError: a variable holds no such number.
        """
        list_seconds = self._number(LIST_VARIABLE, "seconds, or 0", may_be_zero=True)
        jobs = self._number(JOBS_VARIABLE, "jobs")
        if jobs is not None and (jobs != int(jobs) or jobs > MOST_JOBS_PER_REQUEST):
            raise SettingsError(f"{JOBS_VARIABLE} must be a whole number from 1 to {MOST_JOBS_PER_REQUEST}")
        return Sharing(
            gather_seconds=GATHER_SECONDS,
            list_seconds=LIST_SECONDS if list_seconds is None else list_seconds,
            jobs_at_most=Sharing.jobs_at_most if jobs is None else int(jobs),
        )

    @property
    def ca_bundle(self) -> str | None:
        """The path of the certificates to trust, or ``None`` for those of the HTTP library.

        Raises:
            SettingsError: the environment names something that does not exist or holds no certificates.
        """
        return find_ca_bundle(self.environment)

    def _number(self, variable: str, unit: str, *, may_be_zero: bool = False) -> float | None:
        text = self.environment.get(variable)
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not 0 <= number < math.inf or (number == 0 and not may_be_zero):
            raise SettingsError(f"{variable} must be a positive number of {unit}")
        return number

    def credentials(self) -> CredentialSource:
        """Return the source of the credentials.

        They are looked for at the first request, not before: a preview without requests needs none. They are looked
        for once, so that a role keeps what it was given. The source raises ``SettingsError`` where there are none.
        """
        found: list[CredentialSource] = []

        def current() -> Credentials:
            if not found:
                found.append(find_credentials(self.configuration, self.environment, self.home))
            return found[0]()

        return current
