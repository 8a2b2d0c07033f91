"""What a program may say to the plugin's provider: credentials, region, endpoint and role. Pure.

A provider that names a secret id speaks for itself: the environment's role is then not assumed on top.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from pulumi_ci_audio.api.configuration_keys import (
    ENDPOINT_KEY,
    REGION_KEY,
    SECRET_ID_KEY,
    SECRET_KEY_KEY,
    TOKEN_KEY,
)
from pulumi_ci_audio.api.credentials import (
    INSTANCE_ROLE_VARIABLE,
    ROLE_ARN_VARIABLE,
    ROLE_SESSION_VARIABLE,
)
from pulumi_ci_audio.api.errors import SettingsError
from pulumi_ci_audio.api.settings import (
    ENDPOINT_VARIABLE,
    REGION_VARIABLES,
    Settings,
)
from pulumi_ci_audio.lifecycle.checking import CheckFailure, Rule
from pulumi_ci_audio.lifecycle.models import ResourceModel, stored_name
from pulumi_ci_audio.lifecycle.validators import region_name

ENGINES_OWN = frozenset({"version", "pluginDownloadURL"})
"""Inputs of a provider that are the engine's own."""


@dataclass(frozen=True)
class Setting:
    """Where a provider's input goes, and where it comes from if the program leaves it out.

    Attributes:
        key: of the configuration that :class:`Settings` reads.
        variable: of the environment that :class:`Settings` reads, for what has no key.
        is_secret: whether it is stored as a secret.
        environment: the variables that stand in for it, in this order.
    """

    key: str = ""
    variable: str = ""
    is_secret: bool = False
    environment: tuple[str, ...] = ()


def _endpoint(address: str) -> str:
    try:
        Settings({ENDPOINT_KEY: address}, {}, Path()).endpoint  # noqa: B018  it is a property that complains
    except SettingsError:
        raise ValueError("must look like http://127.0.0.1:9350") from None
    return address


class ProviderInputs(ResourceModel):
    """The inputs of the provider. Credentials that are left out are looked for in the environment, at every request."""

    secret_id: Annotated[str | None, Setting(key=SECRET_ID_KEY)] = Field(
        None,
        description="The id of the key to sign with. Left out: `TENCENTCLOUD_SECRET_ID`, and the other sources of "
        "credentials in their order.",
    )
    secret_key: Annotated[str | None, Setting(key=SECRET_KEY_KEY, is_secret=True)] = Field(
        None, description="The key that belongs to `secretId`."
    )
    security_token: Annotated[str | None, Setting(key=TOKEN_KEY, is_secret=True)] = Field(
        None, description="The token that belongs to a temporary `secretId`."
    )
    region: Annotated[
        str | None,
        AfterValidator(lambda region: region and region_name(region)),
        Setting(REGION_KEY, "", False, REGION_VARIABLES),
    ] = Field(None, description="The region of resources that name none.")
    endpoint: Annotated[
        str | None,
        AfterValidator(lambda address: address and _endpoint(address)),
        Setting(ENDPOINT_KEY, "", False, (ENDPOINT_VARIABLE,)),
    ] = Field(
        None,
        description="The address of an emulator, to which every request goes but those for the credentials of a role.",
    )
    role_arn: Annotated[str | None, Setting(variable=ROLE_ARN_VARIABLE)] = Field(
        None, description="The role to assume with the key."
    )
    role_session_name: Annotated[str | None, Setting(variable=ROLE_SESSION_VARIABLE)] = Field(
        None, description="The name of the session of the assumed role."
    )
    instance_role: Annotated[str | None, Setting(variable=INSTANCE_ROLE_VARIABLE)] = Field(
        None, description="The role of the instance that the program runs on; used where there is no key."
    )


def _pair(inputs: ProviderInputs) -> CheckFailure | None:
    if inputs.secret_id and not inputs.secret_key:
        return CheckFailure("secretKey", "must be given beside secretId: both must come from the same source")
    if not inputs.secret_id and (inputs.secret_key or inputs.security_token):
        return CheckFailure("secretId", "must be given beside secretKey and securityToken, which belong to it")
    return None


RULES = (Rule(("secret_id", "secret_key", "security_token"), _pair),)
"""What must hold between several inputs of the provider."""


def setting_of(name: str) -> Setting:
    """Return where the input ``name``, in Python's spelling, goes."""
    metadata = ProviderInputs.model_fields[name].metadata
    return next(item for item in metadata if isinstance(item, Setting))


SECRETS = frozenset(
    stored_name(name, field) for name, field in ProviderInputs.model_fields.items() if setting_of(name).is_secret
)
"""The stored names of the inputs that are secret, however the program or the configuration writes them."""


def settings_of(inputs: ProviderInputs, environment: Mapping[str, str], home: Path) -> Settings:
    """Return the settings of a provider.

    Args:
        inputs: what the program said to it, or what the stack's configuration says under ``ci-audio``.
        environment: the environment's variables.
        home: the folder that holds ``.tencentcloud/credentials``.
    """
    given = {name: value for name, value in inputs if value is not None}
    configuration: dict[str, str] = {}
    variables = dict(environment)
    if inputs.secret_id:
        for variable in (ROLE_ARN_VARIABLE, ROLE_SESSION_VARIABLE):
            variables.pop(variable, None)
    for name, value in given.items():
        setting = setting_of(name)
        if setting.key:
            configuration[setting.key] = value
        else:
            variables[setting.variable] = value
    return Settings(configuration, variables, home)
