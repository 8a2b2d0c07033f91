"""The reference: its generated parts are current, and what is written by hand leaves nothing out."""

from __future__ import annotations

import pytest

from pulumi_ci_audio.api import configuration_keys, credentials, settings
from pulumi_ci_audio.api.operations import OPERATIONS
from tests.support.places import ROOT
from tools.reference import current

REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["reference", "unknowns"])
def test_generated_parts_are_current(page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")

    assert "<!-- generated:" in text
    assert current(text) == text


def test_reference_names_every_setting_that_is_read() -> None:
    names = [*configuration_keys.CONFIGURATION_KEYS, *settings.REGION_VARIABLES, settings.ENDPOINT_VARIABLE]
    names += [settings.READ_TIMEOUT_VARIABLE, settings.SETTLE_VARIABLE]
    names += [credentials.ROLE_ARN_VARIABLE, credentials.ROLE_SESSION_VARIABLE, credentials.INSTANCE_ROLE_VARIABLE]

    assert [name for name in names if name not in REFERENCE] == []


def test_reference_names_every_permission_that_an_operation_needs() -> None:
    needed = {action for operation in OPERATIONS for action in operation.action.split(" and ")}

    assert sorted(action for action in needed if f"`{action}`" not in REFERENCE) == []
