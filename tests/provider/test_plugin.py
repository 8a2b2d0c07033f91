"""The resource plugin as the engine sees it: a process that answers the provider protocol."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from google.protobuf import empty_pb2
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import engine_pb2, provider_pb2

from pulumi_ci_audio.provider.wire import SECRET, SIGNATURE, UNKNOWN_TEXT, to_struct
from tests.support.places import BUCKET, CLEAN, OTHER_REGION, RAW, REGION
from tests.support.polling import until
from tests.support.provider_host import CallError, Host, Resource, urn

KIND = "NoiseReductionJob"
BINDING = {"bucket": BUCKET, "region": REGION}
JOB = {**BINDING, "inputObject": RAW, "outputObject": CLEAN}
PLUGIN = str(Path(sys.executable).with_name("pulumi-resource-ci-audio"))
STARTER = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""
"""A program that starts the plugin and says which process it is."""

_PropertyDiff = provider_pb2.PropertyDiff


@pytest.fixture
def emulator(ci_audio_emulator, noisy_audio):
    ci_audio_emulator.put_bucket(REGION, BUCKET, ci="on", asr="on")
    ci_audio_emulator.put_object(REGION, BUCKET, RAW, noisy_audio)
    return ci_audio_emulator


@pytest.fixture
def plugin(emulator):
    with Host({**emulator.environment(region=REGION), "CI_AUDIO_SETTLE_SECONDS": "0.5"}, family="native") as host:
        yield host


@pytest.fixture(scope="module")
def offline():
    """A plugin that can reach no service, for what it answers without one; shared, since it takes a while to start."""
    with Host({"CI_AUDIO_ENDPOINT": "http://127.0.0.1:9", "TENCENTCLOUD_REGION": REGION}, family="native") as host:
        yield host


def struct(properties) -> Struct:
    return to_struct(properties)


def secret(value) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def native_urn(kind: str) -> str:
    return urn(kind, "native")


def failures_of(response) -> dict[str, str]:
    return {failure.property: failure.reason for failure in response.failures}


def check_config(plugin: Host, inputs, **request):
    return plugin.stub.CheckConfig(provider_pb2.CheckRequest(urn="", news=struct(inputs), **request))


@contextmanager
def refused(match: str):
    with pytest.raises(grpc.RpcError, match=match) as failed:
        yield
    assert "\n" not in failed.value.details()
    assert failed.value.code() == grpc.StatusCode.UNKNOWN


class TestHello:
    def test_it_says_its_version_and_its_schema(self, offline):
        info = offline.stub.GetPluginInfo(empty_pb2.Empty())
        schema = offline.stub.GetSchema(provider_pb2.GetSchemaRequest())

        assert info.version == metadata.version("pulumi-ci-audio")
        assert '"ci-audio:index:NoiseReductionJob"' in schema.schema

    def test_it_takes_secrets_and_previews_creations(self, offline):
        shaken = offline.stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address=""))
        configured = offline.stub.Configure(provider_pb2.ConfigureRequest(args=struct({})))

        assert shaken.accept_secrets
        assert configured.acceptSecrets
        assert configured.supportsPreview
        assert not configured.acceptResources

    @pytest.mark.parametrize("call", ["Construct", "Call"])
    def test_what_it_does_not_have_is_refused_in_one_line(self, offline, call):
        request = provider_pb2.ConstructRequest if call == "Construct" else provider_pb2.CallRequest
        with refused("ci-audio has resources and functions, and no"):
            getattr(offline.stub, call)(request())


class TestProviderInputs:
    @pytest.mark.parametrize(
        ("inputs", "name", "reason"),
        [
            ({"secretId": "AKID"}, "secretKey", "must be given beside secretId"),
            ({"secretKey": secret("k")}, "secretId", "must be given beside secretKey"),
            ({"region": "Chongqing"}, "region", "must be a region such as"),
            ({"endpoint": "127.0.0.1:9350"}, "endpoint", "must look like http://"),
            ({"secretid": "AKID"}, "secretid", "did you mean secretId?"),
        ],
    )
    def test_what_makes_no_sense_is_named_on_its_property(self, offline, inputs, name, reason):
        found = failures_of(check_config(offline, inputs))

        # A failure of a secret has no property: the engine would print its value.
        assert any(reason in text for prop, text in found.items() if prop in {name, ""}), found

    def test_what_is_not_known_yet_is_not_complained_about(self, offline):
        assert failures_of(check_config(offline, {"secretId": UNKNOWN_TEXT, "secretKey": UNKNOWN_TEXT})) == {}

    def test_keys_are_secret_even_where_the_configuration_is_plain(self, offline):
        inputs = MessageToDict(check_config(offline, {"secretId": "AKID", "secretKey": "plain"}).inputs)

        assert inputs == {"secretId": "AKID", "secretKey": secret("plain")}

    def test_a_changed_credential_replaces_nothing(self, offline):
        diff = offline.stub.DiffConfig(
            provider_pb2.DiffRequest(
                olds=struct({"secretKey": secret("a"), "region": REGION}),
                news=struct({"secretKey": secret("b"), "region": OTHER_REGION}),
            )
        )

        assert diff.changes == provider_pb2.DiffResponse.DIFF_SOME
        assert list(diff.replaces) == []
        assert {change.kind for change in diff.detailedDiff.values()} == {_PropertyDiff.UPDATE}

    def test_a_program_of_another_version_is_told(self, offline):
        check_config(offline, {"version": "99.0.0"})

        (warning,) = (entry for entry in offline.logged if entry.severity == engine_pb2.WARNING)
        assert "asks for version 99.0.0 of ci-audio, and the plugin that was found is" in warning.message

    def test_its_own_key_is_used_and_not_the_environments(self, emulator):
        wrong = {**emulator.environment(region=REGION), "TENCENTCLOUD_SECRET_KEY": "wrong"}
        own = {"secretId": "emulator", "secretKey": secret("emulator"), "region": REGION, "endpoint": emulator.url}

        with Host(wrong, own, family="native") as plugin:
            created = plugin.create("CiBucketBinding", BINDING)
        with (
            Host(
                {**emulator.environment(region=REGION)}, {**own, "secretKey": secret("wrong")}, family="native"
            ) as plugin,
            pytest.raises(CallError, match="SignatureDoesNotMatch"),
        ):
            plugin.create("CiBucketBinding", BINDING)

        assert created.state["status"] == "on"

    def test_the_role_of_the_environment_is_not_assumed_with_the_programs_own_key(self, emulator):
        environment = {**emulator.environment(region=REGION), "TENCENTCLOUD_ASSUME_ROLE_ARN": "qcs::cam::uin/1:role/x"}
        own = {"secretId": "emulator", "secretKey": secret("emulator")}

        with Host(environment, own, family="native") as plugin:
            assert plugin.create("CiBucketBinding", BINDING).state["status"] == "on"


class TestCheck:
    def test_defaults_are_filled_in_and_the_region_is_the_providers(self, offline):
        inputs, failures = offline.check("CiBucketBinding", {"bucket": BUCKET})

        assert failures == {}
        assert inputs == {**BINDING, "onDestroy": "restore", "timeoutSeconds": 300, "status": "on"}

    @pytest.mark.parametrize(
        ("given", "name", "reason"),
        [
            ({"bucket": "Recordings-1250000000"}, "bucket", "must be lower case"),
            ({"timeoutSecond": 5}, "timeoutSecond", "is no property of this; did you mean timeoutSeconds?"),
            ({"zzz": 5}, "zzz", "is no property of this; there are bucket, region, onDestroy, timeoutSeconds"),
        ],
    )
    def test_bad_input_is_named_on_its_property(self, offline, given, name, reason):
        _, failures = offline.check("CiBucketBinding", {**BINDING, **given})

        assert reason in failures[name]

    def test_an_unknown_property_within_another_is_named_by_its_path(self, offline):
        _, failures = offline.check(KIND, {**JOB, "callback": {"url": "https://example.com", "formatt": "XML"}})

        assert failures == {"callback.formatt": "is no property of this; did you mean format?"}

    def test_nothing_is_said_of_what_is_not_known_yet(self, offline):
        output_value = {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4"}

        inputs, failures = offline.check(KIND, {**JOB, "bucket": UNKNOWN_TEXT, "inputObject": output_value})

        assert failures == {}
        assert (inputs["bucket"], inputs["inputObject"]) == (UNKNOWN_TEXT, UNKNOWN_TEXT)

    def test_an_output_value_counts_as_its_value(self, offline):
        known = {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": CLEAN, "secret": True}

        inputs, failures = offline.check(KIND, {**JOB, "outputObject": known})

        assert failures == {}
        assert inputs["outputObject"] == secret(CLEAN)

    def test_a_secret_is_neither_lost_nor_printed(self, offline):
        inputs, failures = offline.check(KIND, {**JOB, "triggers": secret(["hush"]), "inputObject": secret("/hush")})

        assert inputs["triggers"] == secret(["hush"])
        assert "inputObject" not in failures
        assert "hush" not in str(failures)

    def test_a_child_of_a_component_is_found_by_the_end_of_its_type(self, offline):
        request = provider_pb2.CheckRequest(
            urn=f"urn:pulumi:dev::recordings::my:index:Studio$ci-audio:index:{KIND}::clean", news=struct(JOB)
        )

        inputs = MessageToDict(offline.stub.Check(request).inputs)

        assert inputs["__owner"] == request.urn

    def test_a_kind_that_it_does_not_know_is_named_with_the_nearest(self, offline):
        with refused(
            "ci-audio has no resource ci-audio:index:NoiseReductionJobs; it has ci-audio:index:NoiseReductionJob"
        ):
            offline.stub.Check(provider_pb2.CheckRequest(urn=native_urn("NoiseReductionJobs"), news=struct(JOB)))


class TestPreview:
    def test_a_creation_knows_its_inputs_and_no_output(self, offline):
        inputs, _ = offline.check(KIND, JOB)
        request = provider_pb2.CreateRequest(urn=native_urn(KIND), properties=struct(inputs), preview=True)

        seen = MessageToDict(offline.stub.Create(request).properties)

        assert seen["format"] == "wav"
        assert {name for name, value in seen.items() if value == UNKNOWN_TEXT} == {
            *("jobId", "state", "code", "message", "creationTime", "startTime", "endTime"),
            *("inputEtag", "currentInputEtag", "outputEtag", "outputSize", "outputUrl"),
        }

    def test_an_update_that_asks_nothing_of_the_service_keeps_every_output(self, plugin, emulator):
        job = plugin.create(KIND, plugin.check(KIND, JOB)[0])
        inputs, _ = plugin.check(KIND, {**JOB, "jobLevel": 2}, job.inputs)
        emulator.clear_requests()
        request = provider_pb2.UpdateRequest(
            id=job.id, urn=native_urn(KIND), olds=struct(job.state), news=struct(inputs), preview=True
        )

        seen = MessageToDict(plugin.stub.Update(request).properties)

        assert seen == {**job.state, "jobLevel": 2}
        assert emulator.requests() == []

    def test_an_update_that_switches_on_leaves_open_what_the_service_will_say(self, plugin):
        audio = plugin.create("AsrBucketBinding", plugin.check("AsrBucketBinding", BINDING)[0])
        request = provider_pb2.UpdateRequest(
            id=audio.id,
            urn=native_urn("AsrBucketBinding"),
            olds=struct({**audio.state, "status": "off"}),
            news=struct(audio.inputs),
            preview=True,
        )

        seen = MessageToDict(plugin.stub.Update(request).properties)

        assert (seen["queueId"], seen["createTime"]) == (UNKNOWN_TEXT, UNKNOWN_TEXT)
        assert (seen["adopted"], seen["status"]) == (True, "on")


class TestDiff:
    def test_each_property_has_its_kind(self, offline):
        inputs = {**JOB, "format": "wav", "sampleRate": 16000, "jobLevel": 1}
        job = Resource("", {**inputs, "state": "Success"}, inputs)

        diff = offline.diff(KIND, job, {**JOB, "format": "mp3", "sampleRate": 16000, "queueId": "p1"})

        assert diff.hasDetailedDiff
        assert {name: change.kind for name, change in diff.detailedDiff.items()} == {
            "format": _PropertyDiff.UPDATE_REPLACE,
            "jobLevel": _PropertyDiff.DELETE,
            "queueId": _PropertyDiff.ADD,
        }
        assert diff.deleteBeforeReplace

    def test_a_change_of_the_recording_is_left_for_the_engine_to_show(self, offline):
        state = {**JOB, "format": "wav", "sampleRate": 16000, "state": "Success", "jobId": "j1"}
        changed = {**state, "inputEtag": "E1", "currentInputEtag": "E2"}

        diff = offline.diff(KIND, Resource("", changed, JOB), {**JOB, "format": "wav", "sampleRate": 16000})

        assert list(diff.replaces) == ["currentInputEtag"]
        assert not diff.hasDetailedDiff

    def test_state_of_a_newer_version_is_refused_by_name(self, offline):
        newer = Resource("", {**JOB, "loudness": 3}, JOB)

        with pytest.raises(CallError, match=r"holds loudness of a NoiseReductionJob, .* a newer one wrote it"):
            offline.diff(KIND, newer, JOB)

    def test_state_of_another_version_that_does_not_fit_is_refused_by_name(self, offline):
        older = Resource("", {**BINDING, "timeoutSeconds": "long"}, BINDING)

        with pytest.raises(CallError, match=r"does not fit this version of pulumi-ci-audio \(timeoutSeconds\)"):
            offline.diff("CiBucketBinding", older, BINDING)


class TestFailures:
    def test_a_failed_job_is_kept_with_its_secrets_still_secret(self, plugin, emulator):
        emulator.put_object(REGION, BUCKET, RAW, b"this is no audio")
        inputs, _ = plugin.check(KIND, {**JOB, "userData": secret("hush")})

        with pytest.raises(CallError, match="failed: ResourceNotSupported") as failed:
            plugin.create(KIND, inputs)

        kept = failed.value.kept
        assert kept is not None
        assert kept.id.rpartition("/")[2] == emulator.state()["jobs"][0]["id"]
        assert MessageToDict(kept.properties)["userData"] == secret("hush")
        assert list(kept.reasons) == [failed.value.message]

    def test_an_error_never_prints_a_secret(self, plugin):
        inputs, _ = plugin.check("CiBucketBinding", {"bucket": secret("hush-1250000000")})

        with pytest.raises(CallError, match="NoSuchBucket") as failed:
            plugin.create("CiBucketBinding", inputs)

        assert "hush" not in str(failed.value)
        assert "[secret]" in str(failed.value)

    @pytest.mark.parametrize("id_", ["", "recordings-1250000000", f"{REGION}/Recordings", f"{REGION}/{BUCKET}/x"])
    def test_an_id_that_cannot_be_is_one_line(self, offline, id_):
        with pytest.raises(CallError, match="the id of a CiBucketBinding must look like ap-chongqing/recordings-"):
            offline.read("CiBucketBinding", id_, {})


class TestImport:
    def test_a_binding_that_is_known_by_its_id_counts_as_adopted(self, plugin):
        found = plugin.read("CiBucketBinding", f"{REGION}/{BUCKET}", {})

        assert found is not None
        assert found.state["adopted"] is True
        assert found.inputs == {**BINDING, "onDestroy": "restore", "timeoutSeconds": 300, "status": "on"}

    def test_a_job_is_known_by_its_id(self, plugin):
        job = plugin.create(KIND, plugin.check(KIND, JOB)[0])

        found = plugin.read(KIND, job.id, {})

        assert found is not None
        assert found.state["state"] == "Success"
        inputs, failures = plugin.check(KIND, JOB, found.inputs)
        assert failures == {}
        diff = plugin.diff(KIND, found, inputs)
        assert diff.changes == provider_pb2.DiffResponse.DIFF_NONE

    def test_one_that_a_program_only_reads_needs_no_more_than_its_id(self, plugin):
        job = plugin.create(KIND, plugin.check(KIND, JOB)[0])

        found = plugin.read(KIND, job.id, {"__keepsOld": False})

        assert found is not None
        assert found.state["outputUrl"] == job.state["outputUrl"]

    def test_a_bucket_that_does_not_exist_has_nothing(self, plugin):
        assert plugin.read("CiBucketBinding", f"{REGION}/nowhere-1250000000", {}) is None


class TestFunctions:
    def test_a_function_answers_with_the_names_of_the_protocol(self, plugin):
        request = provider_pb2.InvokeRequest(tok="ci-audio:index:getAsrBuckets", args=struct({"bucketNames": [BUCKET]}))

        answer = MessageToDict(getattr(plugin.stub.Invoke(request), "return"))

        assert [bucket["bucket"] for bucket in answer["buckets"]] == [BUCKET]
        assert answer["buckets"][0].keys() == {"bucket", "region", "createTime"}

    def test_an_argument_that_it_does_not_have_is_a_failure(self, offline):
        request = provider_pb2.InvokeRequest(tok="ci-audio:index:getCiBucket", args=struct({"buckett": BUCKET}))

        assert failures_of(offline.stub.Invoke(request)) == {"buckett": "is no property of this; did you mean bucket?"}

    def test_a_function_that_it_does_not_have_is_named(self, offline):
        with refused("ci-audio has no function ci-audio:index:getNothing; it has"):
            offline.stub.Invoke(provider_pb2.InvokeRequest(tok="ci-audio:index:getNothing"))


class TestManyAtOnce:
    def test_as_many_operations_run_as_the_engine_asks_for(self, plugin, emulator):
        emulator.change_settings(job_seconds=3600, queue_concurrency=100)
        names = [f"clean/{number}.wav" for number in range(24)]

        def create(name: str) -> str:
            inputs = {**plugin.check(KIND, {**JOB, "outputObject": name})[0], "__owner": name}
            return str(plugin.create(KIND, inputs).state["state"])

        with ThreadPoolExecutor(len(names)) as pool:
            waiting = [pool.submit(create, name) for name in names]
            until(lambda: len(emulator.state()["jobs"]) == len(names), "all of the jobs at once")
            emulator.advance(7200)
            ended = [future.result() for future in waiting]

        assert ended == ["Success"] * len(names)

    def test_cancel_ends_a_wait_within_a_second_and_the_job_is_kept(self, plugin, emulator):
        emulator.change_settings(job_seconds=3600)
        failures: list[CallError] = []

        def create() -> None:
            try:
                plugin.create(KIND, plugin.check(KIND, JOB)[0])
            except CallError as error:
                failures.append(error)

        creating = threading.Thread(target=create)
        creating.start()
        until(lambda: any("[2/3]" in entry.message for entry in plugin.logged), "the wait")
        start = time.monotonic()
        plugin.stub.Cancel(empty_pb2.Empty())
        creating.join()

        assert time.monotonic() - start < 1
        assert failures[0].kept is not None
        assert failures[0].kept.id.rpartition("/")[2] == emulator.state()["jobs"][0]["id"]


class TestProcess:
    def test_the_engine_can_run_it_as_a_module_of_the_package(self, emulator):
        command = (sys.executable, "-m", "pulumi.run.plugin", "pulumi-ci-audio")

        with Host(emulator.environment(region=REGION), command=command, family="native") as plugin:
            assert plugin.create("CiBucketBinding", BINDING).state["status"] == "on"

    def test_an_engine_that_cannot_be_reached_ends_it(self):
        code = (
            "import sys; from pulumi_ci_audio.provider.plugin_process import main; sys.exit(main(connect_seconds=0.5))"
        )

        ended = subprocess.run(
            [sys.executable, "-c", code, "127.0.0.1:1"], capture_output=True, text=True, timeout=30, check=False
        )

        assert ended.returncode == 1
        assert ended.stderr.splitlines()[-1] == (
            "pulumi-resource-ci-audio: the engine at 127.0.0.1:1 did not answer within 0.5 s"
        )

    def test_it_ends_with_the_process_that_started_it(self):
        starter = subprocess.Popen(
            [
                sys.executable,
                "-c",
                STARTER,
                PLUGIN,
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert starter.stdout is not None
        process = psutil.Process(int(starter.stdout.readline()))

        starter.kill()
        starter.wait()
        starter.stdout.close()

        until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, "the end of the plugin")

    def test_only_the_port_is_printed(self, plugin):
        assert plugin.process.poll() is None
        plugin.create("CiBucketBinding", BINDING)
        plugin.process.terminate()

        assert plugin.process.stdout.read() == b""
