"""What the configuration of a stack says, read by the engine, which alone can decrypt it. Nothing of it is printed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pulumi_ci_audio.api.configuration_keys import (
    CONFIGURATION_KEYS,
    PLUGIN_SECRET_KEYS,
    REGION_KEY,
    SECRET_CONFIGURATION_KEYS,
    SECRET_ID_KEY,
)
from pulumi_ci_audio.api.errors import SettingsError
from pulumi_ci_audio.api.settings import Settings
from pulumi_ci_audio.lifecycle.checking import check_properties, unknown_properties
from pulumi_ci_audio.provider.configuration import ENGINES_OWN, RULES, ProviderInputs, settings_of

_PLUGINS_OWN = "ci-audio:"
_SECONDS = 60
"""A backend may be far away, and so may the service that holds the key of the secrets."""


@dataclass(frozen=True)
class Configuration:
    """The configuration of a stack.

    Attributes:
        values: by their keys, secrets in plain.
        plain: the keys of those that should be secrets and are not.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    plain: tuple[str, ...] = ()

    def seen_by_one_family(self) -> Iterator[tuple[str, str]]:
        """Yield the keys that one family of classes reads, each with the one that the other family reads instead."""
        for ours, theirs in ((REGION_KEY, "ci-audio:region"), (SECRET_ID_KEY, "ci-audio:secretId")):
            if (ours in self.values) != (theirs in self.values):
                yield (ours, theirs) if ours in self.values else (theirs, ours)


def read_configuration(stack: str) -> Configuration:
    """Return the stack's configuration. The engine is run in the current folder.

    Raises:
        SettingsError: there is no engine, no such stack, or its secrets cannot be decrypted.
    """
    command = ["pulumi", "config", "--json", "--show-secrets", "--non-interactive", "--stack", stack]
    what = f"the configuration of the stack {stack} could not be read"
    try:
        ran = subprocess.run(  # noqa: S603  the user's own engine
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=_SECONDS, check=False
        )
    except FileNotFoundError:
        raise SettingsError(f"{what}: there is no `pulumi` on PATH") from None
    except (OSError, subprocess.SubprocessError):
        raise SettingsError(f"{what}: `pulumi config` does not answer") from None
    if ran.returncode:
        said = next((line for line in ran.stderr.splitlines() if line.startswith("error: ")), "error: nothing")
        raise SettingsError(f"{what}: `pulumi config` said {said.removeprefix('error: ')}")
    try:
        items = {key: item for key, item in json.loads(ran.stdout).items() if "value" in item}
        plain = tuple(
            key
            for key in (*SECRET_CONFIGURATION_KEYS, *PLUGIN_SECRET_KEYS)
            if key in items and not items[key]["secret"]
        )
        return Configuration({key: str(item["value"]) for key, item in items.items()}, plain)
    except (ValueError, AttributeError, TypeError, KeyError):
        # What was printed instead may hold a secret.
        raise SettingsError(f"{what}: `pulumi config` printed something else") from None


def settings_with(configuration: Mapping[str, str], environment: Mapping[str, str], home: Path) -> Settings:
    """Return the settings of a program whose stack has ``configuration``. What is set for the plugin goes first.

    Args:
        configuration: of the stack.
        environment: the environment's variables.
        home: the folder that holds ``.tencentcloud/credentials``.

    Raises:
        SettingsError: what is set for the plugin makes no sense.
    """
    own = {
        name: value
        for key, value in configuration.items()
        if key.startswith(_PLUGINS_OWN) and (name := key.removeprefix(_PLUGINS_OWN)) not in ENGINES_OWN
    }
    inputs, failures = check_properties(ProviderInputs, {}, own, None, RULES)
    for failure in (*failures, *unknown_properties(ProviderInputs, own)):
        raise SettingsError(f"the stack configuration: {_PLUGINS_OWN}{failure.property} {failure.reason}")
    plugin = settings_of(inputs, environment, home)
    # A key is never combined with an id of another source.
    hidden = {SECRET_ID_KEY, *SECRET_CONFIGURATION_KEYS} if inputs.secret_id else set()
    others = {key: configuration[key] for key in CONFIGURATION_KEYS if key in configuration and key not in hidden}
    return replace(plugin, configuration={**others, **plugin.configuration})
