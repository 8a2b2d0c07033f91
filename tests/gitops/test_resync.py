"""An operator that deploys every minute pays once: thirty times `up --refresh`, as calls of the engine's protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.emulators import job_states, write_calls
from tests.support.places import BUCKET, REGION
from tests.support.provider_host import Host, State

PLACE: dict[str, Any] = {"bucket": BUCKET, "region": REGION}
PROGRAM: Mapping[str, dict[str, Any]] = {
    "CiBucketBinding": PLACE,
    "AsrBucketBinding": PLACE,
    "NoiseReductionJob": {
        **PLACE,
        "inputObject": "raw/speech.mp3",
        "outputObject": "clean/speech.wav",
        "__owner": "gitops/production//speech",
    },
}
RESTARTS, ROUNDS = 2, 15


def test_thirty_resyncs_pay_once_and_repair_what_drifts(cloud: RunningEmulator) -> None:
    states = {kind: State(kind) for kind in PROGRAM}

    for restart in range(RESTARTS):
        with Host(cloud.environment(region=REGION)) as host:
            for _ in range(ROUNDS):
                for kind, inputs in PROGRAM.items():
                    states[kind].refresh(host)
                    states[kind].up(host, inputs)
        if restart == 0:
            cloud.put_bucket(REGION, BUCKET, asr="off")

    calls = write_calls(cloud)
    assert calls.count("POST /jobs") == 1
    assert calls.count("POST /asrbucket") == 2  # the second one repairs
    assert len(calls) == 4
    assert job_states(cloud) == ["Success"]
