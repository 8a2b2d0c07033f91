"""What programs ask: at once from the environment, and as outputs inside a program on the real engine."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import Any, ClassVar

import pulumi
import pytest

from pulumi_ci_audio import (
    CiBucketBinding,
    functions,
    get_asr_buckets,
    get_asr_buckets_output,
    get_ci_bucket,
    get_ci_bucket_output,
    get_noise_reduction_jobs,
    get_noise_reduction_jobs_output,
    get_pending_recordings,
    get_pending_recordings_output,
)
from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.places import BUCKET, OTHER_REGION, REGION
from tests.support.stacks import Stack

DELAY_SECONDS = 1.0


@pytest.fixture
def asked(emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> RunningEmulator:
    """The emulator, found through this process's environment."""
    for name, value in emulator.environment(region=REGION).items():
        monkeypatch.setenv(name, value)
    return emulator


class TestCiBucket:
    def test_off_has_nothing_in_the_way(self, asked: RunningEmulator) -> None:
        assert get_ci_bucket(BUCKET) == functions.CiBucket("off", [], [])

    def test_on_names_what_is_in_the_way(self, asked: RunningEmulator) -> None:
        workflow = {"id": "w" + "0" * 32, "name": "nightly", "state": "Active"}
        asked.put_bucket(REGION, BUCKET, ci="on", asr="on", workflows=[workflow])

        found = get_ci_bucket(BUCKET, REGION)

        assert found.status == "on"
        assert {(blocker.kind, blocker.name) for blocker in found.blockers} == {
            ("service", "Smart Audio"),
            ("workflow", "nightly"),
        }
        assert found.unanswered == []

    def test_what_could_not_be_found_out_is_said(self, asked: RunningEmulator) -> None:
        asked.put_bucket(REGION, BUCKET, ci="on")
        asked.add_fault(method="GET", path="/workflow", times=1, action={"status": 403, "code": "AccessDenied"})

        (unanswered,) = get_ci_bucket(BUCKET).unanswered

        assert "grant ci:DescribeMediaWorkflows" in unanswered

    def test_a_bucket_that_does_not_exist_is_an_error(self, asked: RunningEmulator) -> None:
        with pytest.raises(pulumi.RunError, match=r"NoSuchBucket .*; there is no such bucket in this region: correct"):
            get_ci_bucket("nowhere-1250000000")


class TestAsrBuckets:
    @pytest.fixture(autouse=True)
    def _many(self, asked: RunningEmulator) -> None:
        for number in range(105):
            asked.put_bucket(REGION, f"tape-{number:03}-1250000000", asr="on")
        asked.put_bucket(OTHER_REGION, "reel-1250000000", asr="on")

    def test_every_page_is_returned(self) -> None:
        buckets = get_asr_buckets()

        assert len({bucket.bucket for bucket in buckets}) == 105
        assert {bucket.region for bucket in buckets} == {REGION}
        assert all(bucket.create_time for bucket in buckets)

    def test_a_page_is_returned_where_one_is_asked_for(self) -> None:
        assert len(get_asr_buckets(page_number=2, page_size=100)) == 5
        assert len(get_asr_buckets(page_number=1, page_size=10)) == 10

    def test_filters_are_the_services_own(self) -> None:
        assert len(get_asr_buckets(prefix="tape-10")) == 5
        assert len(get_asr_buckets(bucket_names=["tape-001-1250000000", "none-1250000000"])) == 1
        assert [bucket.bucket for bucket in get_asr_buckets(regions=[OTHER_REGION])] == ["reel-1250000000"]
        assert get_asr_buckets(regions=OTHER_REGION) == get_asr_buckets(regions=[OTHER_REGION])

    @pytest.mark.parametrize("page", [{"page_number": 0}, {"page_size": 0}, {"page_size": 101}])
    def test_pages_that_cannot_be_are_refused(self, page: dict[str, Any]) -> None:
        with pytest.raises(pulumi.RunError, match="get_asr_buckets: page"):
            get_asr_buckets(**page)


class TestJobs:
    def test_jobs_are_returned_newest_first_and_by_state(self, asked: RunningEmulator) -> None:
        planted = [{"id": f"j{n:032}", "tag": "NoiseReduction", "state": "Submitted"} for n in range(3)]
        asked.put_bucket(REGION, BUCKET, ci="on", asr="on", jobs=planted)

        assert len(get_noise_reduction_jobs(BUCKET)) == 3
        assert get_noise_reduction_jobs(BUCKET, states=["Failed"]) == []
        assert get_noise_reduction_jobs(BUCKET, states=["Submitted"])[0].state == "Submitted"

    @pytest.mark.parametrize("ci", ["on", "off"])
    def test_where_smart_audio_is_off_there_are_none(self, asked: RunningEmulator, ci: str) -> None:
        asked.put_bucket(REGION, BUCKET, ci=ci)

        assert get_noise_reduction_jobs(BUCKET) == []


class TestPendingRecordings:
    FOLDER: ClassVar[dict[str, Any]] = {"input_prefix": "raw/", "output_prefix": "clean/"}

    def test_what_a_batch_would_run_is_returned_with_the_reason(self, asked: RunningEmulator) -> None:
        for key, content in (("raw/a.mp3", b"a"), ("raw/b.mp3", b"b"), ("clean/b.wav", b"done"), ("clean/a.mp3", b"")):
            asked.put_object(REGION, BUCKET, key, content)

        assert get_pending_recordings(BUCKET, **self.FOLDER) == [
            functions.PendingRecording("raw/a.mp3", "clean/a.wav", 1, "missing")
        ]
        reasons = [item.reason for item in get_pending_recordings(BUCKET, **self.FOLDER, output_extension="mp3")]
        assert reasons == ["empty", "missing"]

    def test_folders_that_hold_one_another_are_refused(self, asked: RunningEmulator) -> None:
        with pytest.raises(pulumi.RunError, match="outputPrefix must not begin with inputPrefix"):
            get_pending_recordings(BUCKET, input_prefix="raw/", output_prefix="raw/clean/")


def test_without_a_region_there_is_an_error_that_says_where_to_put_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError, match="TENCENTCLOUD_REGION"):
        get_ci_bucket(BUCKET)


@pytest.mark.engine
def test_the_twins_take_outputs_and_ask_off_the_event_loop(stack: Stack, emulator: RunningEmulator) -> None:
    emulator.put_bucket(REGION, BUCKET, asr="on")
    for key, value in (("tencentcloud:secretId", "emulator"), ("tencentcloud:region", REGION)):
        stack.set_config(key, value)
    stack.set_config("tencentcloud:secretKey", "emulator", secret=True)
    stack.set_config("ci-audio:endpoint", emulator.url)
    emulator.add_fault(method="GET", path="/asrbucket", times=9, effect="after", action={"delay": DELAY_SECONDS})
    ticks: list[float] = []

    def program() -> None:
        loop = asyncio.get_running_loop()

        def tick() -> None:
            ticks.append(time.monotonic())
            loop.call_later(0.02, tick)

        tick()
        binding = CiBucketBinding("binding", bucket=BUCKET)
        pulumi.export("status", get_ci_bucket_output(binding.bucket, binding.region).apply(lambda b: b.status))
        pulumi.export("smart", get_asr_buckets_output(bucket_names=[binding.bucket]).apply(lambda bs: bs[0].bucket))
        pulumi.export("jobs", get_noise_reduction_jobs_output(binding.bucket).apply(len))
        pending = get_pending_recordings_output(binding.bucket, input_prefix="raw/", output_prefix="clean/")
        pulumi.export("pending", pending.apply(len))

    up = stack.up(program)

    assert up.outputs == {"status": "on", "smart": BUCKET, "jobs": 0, "pending": 0}
    assert max(after - before for before, after in pairwise(ticks)) < DELAY_SECONDS / 2
