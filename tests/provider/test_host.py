"""The guarded hooks of the dynamic host, on whichever SDK these tests run: one clean line, kept state, row progress."""

import base64
import sys
import threading

import pytest
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import engine_pb2

from pulumi_ci_audio.lifecycle.binding import CiBinding
from pulumi_ci_audio.provider.dynamic import CiBucketBindingProvider, NoiseReductionJobProvider
from tests.support.polling import until
from tests.support.provider_host import UNKNOWN, CallError, Host, Resource, State, urn

REGION, BUCKET = "ap-chongqing", "recordings-1250000000"
BINDING = {"bucket": BUCKET, "region": REGION}
JOB = {**BINDING, "inputObject": "voice.mp3", "outputObject": "voice.wav", "__owner": "recordings/dev//job"}
KIND = "NoiseReductionJob"


@pytest.fixture
def emulator(ci_audio_emulator, noisy_audio):
    ci_audio_emulator.put_bucket(REGION, BUCKET, ci="on", asr="on")
    ci_audio_emulator.put_object(REGION, BUCKET, "voice.mp3", noisy_audio)
    return ci_audio_emulator


@pytest.fixture
def environment(emulator, tmp_path):
    return {**emulator.environment(region=REGION), "CI_AUDIO_SETTLE_SECONDS": "0.5"}


@pytest.fixture
def host(environment):
    with Host(environment) as host:
        yield host


def test_an_error_is_one_line_without_a_traceback(host, emulator):
    with pytest.raises(CallError) as failed:
        host.create("CiBucketBinding", {"bucket": "nowhere-1250000000", "region": REGION})

    assert failed.value.message.startswith(
        "could not read the CI status of bucket nowhere-1250000000 in ap-chongqing: "
    )
    assert "NoSuchBucket (HTTP 404)" in failed.value.message
    assert "\n" not in failed.value.message
    assert failed.value.kept is None


def test_a_failed_job_is_kept_with_its_id_and_reason(host, emulator):
    emulator.put_object(REGION, BUCKET, "voice.mp3", b"this is no audio")
    inputs, _ = host.check(KIND, JOB)

    with pytest.raises(CallError) as failed:
        host.create(KIND, inputs)

    kept = failed.value.kept
    assert kept.id == f"{REGION}/{BUCKET}/{emulator.state()['jobs'][0]['id']}"
    assert kept.properties["state"] == "Failed"
    assert kept.properties["__provider"]
    assert list(kept.reasons) == [failed.value.message]
    assert "\n" not in failed.value.message


def test_progress_is_on_the_resources_own_row_and_ephemeral(host):
    inputs, _ = host.check(KIND, JOB)

    host.create(KIND, inputs)

    shown = [entry for entry in host.logged if entry.message]
    assert shown[0].message == "[1/3] submitting"
    assert {(entry.urn, entry.ephemeral, entry.severity) for entry in shown} == {(urn(KIND), True, engine_pb2.INFO)}


def test_the_programs_own_timeout_bounds_the_wait(host, emulator):
    emulator.change_settings(job_seconds=60)
    inputs, _ = host.check(KIND, JOB)

    with pytest.raises(CallError, match="was still Running after 1 s"):
        host.create(KIND, inputs, timeout=1)


def test_nothing_is_submitted_for_an_engine_that_is_gone(host, emulator):
    inputs, _ = host.check(KIND, JOB)
    emulator.add_fault(method="GET", path="/asrbucket", times=1, effect="before", action={"delay": 1})
    creating = threading.Thread(target=_ignoring_failures, args=(host.create, KIND, inputs))
    creating.start()
    until(lambda: emulator.faults()[0]["fired"], "the request before the submission")
    host.kill_engine()
    creating.join()
    host.process.kill()
    host.process.wait()

    assert not any(entry["method"] == "POST" for entry in emulator.requests())


def test_state_of_a_newer_version_is_refused_by_name(host):
    inputs, _ = host.check("CiBucketBinding", BINDING)
    newer = Resource(f"{REGION}/{BUCKET}", {**inputs, "adopted": False, "loudness": 3}, inputs)

    with pytest.raises(CallError, match=r"holds loudness of a CiBucketBinding, .* a newer one wrote it"):
        host.diff("CiBucketBinding", newer, inputs)


def test_unknown_values_pass_check_and_count_as_different(host):
    inputs, failures = host.check(KIND, {**JOB, "bucket": UNKNOWN})

    assert failures == {}
    assert inputs["bucket"] == UNKNOWN


def test_the_life_of_a_job_through_the_hosts_door(environment, emulator):
    state = State(KIND)
    with Host(environment) as host:
        state.up(host, JOB)
        first = state.resource.state["jobId"]
        state.up(host, JOB)
        state.up(host, {**JOB, "format": "mp3"})
        read = host.read(KIND, state.resource.id, {})
        deleted = state.resource
        assert deleted is not None
        host.delete(KIND, deleted)

    assert first != state.resource.state["jobId"]
    assert len(emulator.state()["jobs"]) == 2
    assert (read.inputs["format"], read.inputs["inputObject"]) == ("mp3", "voice.mp3")
    assert (read.state["outputEtag"], read.state["state"]) == (state.resource.state["outputEtag"], "Success")


def test_outside_of_the_host_the_same_line_is_an_ordinary_error(environment, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(RuntimeError, match=r"^could not read the CI status of bucket nowhere"):
        CiBucketBindingProvider().create({"bucket": "nowhere-1250000000", "region": REGION})


def test_outside_of_the_host_a_failed_job_is_an_ordinary_error_that_names_it(environment, emulator, monkeypatch):
    emulator.put_object(REGION, BUCKET, "voice.mp3", b"this is no audio")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    inputs = NoiseReductionJobProvider().check({}, JOB).inputs

    with pytest.raises(RuntimeError) as failed:
        NoiseReductionJobProvider().create(inputs)

    assert emulator.state()["jobs"][0]["id"] in str(failed.value)


def test_what_is_no_exception_never_leaves_a_call_unanswered():
    class StubbornBinding(CiBinding):
        kind = "Stubborn"

        def diff(self, *_):
            raise SystemExit(1)

    class Stubborn(CiBucketBindingProvider):
        lifecycle = StubbornBinding()

    with pytest.raises(RuntimeError, match="Stubborn: SystemExit"):
        Stubborn().diff("id", BINDING, BINDING)


class TestHiddenCall:
    """A version of the SDK whose servicer this package does not recognise."""

    HIDE = """
import runpy, sys, pulumi.runtime.proto as proto
real, proto.ResourceProviderServicer = proto.ResourceProviderServicer, type("Other", (), {})
import pulumi_ci_audio.provider.dynamic_host
proto.ResourceProviderServicer = real
sys.argv = ["pulumi.dynamic", *sys.argv[1:]]
runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
"""

    @pytest.fixture
    def host(self, environment):
        with Host(environment, command=(sys.executable, "-u", "-c", self.HIDE)) as host:
            yield host

    def test_operations_work_and_the_warning_comes_once(self, host, emulator):
        inputs, failures = host.check(KIND, JOB)
        created = host.create(KIND, inputs)
        host.delete(KIND, created)

        assert failures == {}
        assert created.state["state"] == "Success"
        assert host.end().count("this version of the Pulumi SDK hides the engine's call") == 1

    def test_failure_still_says_what_happened(self, host):
        with pytest.raises(CallError, match="NoSuchBucket"):
            host.create("CiBucketBinding", {"bucket": "nowhere-1250000000", "region": REGION})

    def test_nothing_is_submitted_for_an_engine_that_is_gone(self, host, emulator):
        inputs, _ = host.check(KIND, JOB)
        host.engine.stop(None).wait()

        with pytest.raises(CallError, match="the engine that asked for the job is gone, nothing was submitted"):
            host.create(KIND, inputs)

        assert not any(entry["method"] == "POST" for entry in emulator.requests())


def test_stack_of_another_layout_fails_by_the_name_of_what_is_missing(host):
    """What a stack stores of its provider is a reference to a class; where that is gone, its name must be told."""
    # The name has the length of the present one, so that the pickle stays whole.
    pickled = base64.b64decode(serialize_provider(CiBucketBindingProvider())).replace(b".provider.", b".formerly.")
    stored = base64.b64encode(pickled).decode()

    with pytest.raises(CallError, match=r"No module named 'pulumi_ci_audio\.formerly'"):
        host.read("CiBucketBinding", f"{REGION}/{BUCKET}", {**BINDING, "__provider": stored})


def _ignoring_failures(call, *arguments):
    try:
        call(*arguments)
    except CallError:
        return
