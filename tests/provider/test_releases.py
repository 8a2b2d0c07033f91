"""What stacks of every released version hold is read by this one with no change, of both families."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi.runtime.proto import provider_pb2

from pulumi_ci_audio.lifecycle.lifecycles import LIFECYCLES
from tests.data.record_release import RELEASES
from tests.support.families import MODULES, Family
from tests.support.places import REGION
from tests.support.provider_host import Host, Resource

FILES = sorted(RELEASES.glob("*.json"))


@pytest.fixture(scope="module", params=MODULES)
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """A provider that can reach nothing: what is known already must do."""
    family: Family = request.param
    nowhere = {"CI_AUDIO_ENDPOINT": "http://127.0.0.1:9", "TENCENTCLOUD_REGION": REGION}
    with Host(nowhere, family=family) as host:
        yield host


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_stored_resources_of_a_release_change_nothing(host: Host, file: Path) -> None:
    resources = json.loads(file.read_text(encoding="utf-8"))[host.family]

    for name, stored in resources.items():
        kind = stored["type"].rpartition(":")[2]
        checked, failures = host.check(kind, stored["inputs"], stored["inputs"])
        # The provider as it was pickled then is among the inputs of the dynamic family.
        inputs = {key: value for key, value in stored["inputs"].items() if key != "__provider"}
        diff = host.diff(kind, Resource(stored["id"], stored["outputs"], stored["inputs"]), stored["inputs"])

        assert failures == {}, name
        # The owner comes from the URN, which is the same for all resources here.
        assert checked | {"__owner": ""} == inputs | {"__owner": ""}, name
        assert diff.changes == provider_pb2.DiffResponse.DIFF_NONE, (name, list(diff.diffs), list(diff.replaces))


def test_every_kind_is_stored_in_both_families() -> None:
    assert FILES
    for file in FILES:
        families = json.loads(file.read_text(encoding="utf-8"))
        assert set(families) == set(MODULES)
    latest = json.loads(FILES[-1].read_text(encoding="utf-8"))
    for resources in latest.values():
        assert {stored["type"].rpartition(":")[2] for stored in resources.values()} == set(LIFECYCLES)
