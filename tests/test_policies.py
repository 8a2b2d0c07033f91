"""The policies grant what the operations need, where it must be granted, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pulumi_ci_audio.api import operations
from pulumi_ci_audio.api.operations import OPERATIONS
from tests.support.places import BUCKET, REGION, ROOT

POLICIES = ROOT / "docs" / "policies"
READS = {operation for operation in OPERATIONS if operation.method in {"GET", "HEAD"}}
PAID = {
    operations.CREATE_JOB,
    operations.CANCEL_JOB,
    operations.CREATE_BATCH_JOB,
    operations.CANCEL_BATCH_JOB,
    operations.PUT_OBJECT,
}
GRANTED = {"read-only": READS, "operator": set(OPERATIONS) - PAID, "jobs": READS | PAID}
RESOURCES = {
    "ci": f"qcs::ci:{REGION}:uid/1250000000:bucket/{BUCKET}/*",
    "cos": f"qcs::cos:{REGION}:uid/1250000000:{BUCKET}/*",
    "cam": "qcs::cam::uin/100000000001:roleName/CI_QCSRole",
}


def policy(name: str) -> dict[str, Any]:
    written: dict[str, Any] = json.loads((POLICIES / f"{name}.json").read_text(encoding="utf-8"))
    return written


@pytest.mark.parametrize("name", GRANTED)
def test_policy_grants_what_its_operations_need_and_nothing_else(name: str) -> None:
    needed = {
        ("*" if operation.any_resource else RESOURCES[action.partition(":")[0]], action)
        for operation in GRANTED[name]
        for action in operation.action.split(" and ")
    }

    statements = policy(name)["statement"]

    granted = [
        (resource, action)
        for statement in statements
        for resource in statement["resource"]
        for action in statement["action"]
    ]
    assert policy(name)["version"] == "2.0"
    assert {statement["effect"] for statement in statements} == {"allow"}
    assert sorted(granted) == sorted(needed)


def test_every_policy_is_explained() -> None:
    page = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")

    assert {path.stem for path in POLICIES.glob("*.json")} == set(GRANTED)
    assert all(f"policies/{name}.json" in page for name in GRANTED)


def test_operator_and_jobs_together_grant_everything() -> None:
    assert GRANTED["operator"] | GRANTED["jobs"] == set(OPERATIONS)
