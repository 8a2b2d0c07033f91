"""The main job on the real engine: preview, up, up again, refresh, destroy; and what it leaves in state."""

import pulumi
import pytest

from pulumi_ci_audio import AsrBucketBinding, CiBucketBinding, NoiseReductionJob, NoiseReductionTemplate
from pulumi_ci_audio.emulator.app import Emulator
from pulumi_ci_audio.emulator.control import RunningEmulator
from pulumi_ci_audio.emulator.server import EmulatorServer

from .conftest import BUCKET, REGION, writes

pytestmark = pytest.mark.engine

KEY = "k3y-that-must-never-be-seen"


def program():
    binding = CiBucketBinding("binding", bucket=BUCKET)
    audio = AsrBucketBinding("audio", bucket=binding.bucket)
    NoiseReductionJob("clean", bucket=audio.bucket, input_object="raw/voice.mp3", output_object="clean/voice.wav")


def every_kind():
    program()
    audio = AsrBucketBinding("more", bucket=BUCKET, region=REGION, on_destroy="keep", timeout_seconds=60)
    template = NoiseReductionTemplate("template", bucket=audio.bucket, template_name="voices", format="mp3")
    NoiseReductionJob(
        "templated",
        bucket=audio.bucket,
        region=audio.region,
        input_object="raw/voice.mp3",
        output_object="clean/voice.mp3",
        output_bucket=BUCKET,
        output_region=REGION,
        template_id=template.template_id,
        queue_id=audio.queue_id,
        job_level=1,
        user_data="a text",
        callback={"mq_region": "gz", "mq_mode": "Queue", "mq_name": "jobs", "format": "JSON"},
        triggers=["one", 2, True],
        wait=True,
        timeout_seconds=60,
        on_failure="record",
    )


@pytest.fixture
def recording(emulator, noisy_audio):
    emulator.put_object(REGION, BUCKET, "raw/voice.mp3", noisy_audio)


def test_it_previews_runs_rests_refreshes_and_goes(stack, emulator, recording):
    preview = stack.preview(program)

    assert preview.changes == {"create": 4}
    assert emulator.requests() == []

    up = stack.up()

    assert up.changes == {"create": 4}
    assert writes(emulator) == ["PUT /", "POST /asrbucket", "POST /jobs"]
    assert "[2/3]" in up.text
    assert emulator.get_object(REGION, BUCKET, "clean/voice.wav")[:4] == b"RIFF"

    emulator.clear_requests()

    assert stack.up().changes == {"same": 4}
    assert emulator.requests() == []
    assert stack.refresh().changes == {"same": 4}
    assert writes(emulator) == []
    assert stack.preview(expect_no_changes=True).succeeded

    destroy = stack.destroy()

    assert destroy.changes == {"delete": 4}
    assert writes(emulator) == ["DELETE /asrbucket", "PUT /?unbind"]
    assert emulator.get_object(REGION, BUCKET, "clean/voice.wav")
    assert {(bucket["ci"], bucket["asr"]) for bucket in emulator.state()["buckets"]} == {("off", "off")}


def test_no_file_or_output_of_the_engine_holds_a_credential(new_stack, tmp_path, noisy_audio):
    data = tmp_path / "cloud"
    emulator = Emulator(data=data, secret_id="AKIDstrict", secret_key=KEY)
    with EmulatorServer(emulator) as server:
        cloud = RunningEmulator(server, emulator)
        cloud.put_object(REGION, BUCKET, "raw/voice.mp3", noisy_audio)
        stack = new_stack("secret")
        stack.change_environment(
            CI_AUDIO_ENDPOINT=server.url, TENCENTCLOUD_SECRET_ID=None, TENCENTCLOUD_SECRET_KEY=None
        )
        stack.set_config("tencentcloud:secretId", "AKIDstrict")
        stack.set_config("tencentcloud:secretKey", KEY, secret=True)
        cloud.add_fault(method="GET", path="/jobs/*", times=1, effect="before", action={"status": 403})

        outcomes = [stack.up(program), stack.up(program), stack.refresh(), stack.destroy()]
    emulator.close()

    assert [outcome.succeeded for outcome in outcomes] == [False, True, True, True]
    files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_relative_to(data)]
    written = {str(path): path.read_text(errors="replace") for path in files}
    written |= {f"output {number}": outcome.text for number, outcome in enumerate(outcomes)}
    assert len(written) > 10
    for secret in (KEY, "q-signature="):
        assert [name for name, text in written.items() if secret in text] == []


@pytest.mark.parametrize("key", ["tencentcloud:secretKey", "tencentcloud:securityToken"])
def test_a_plain_credential_in_the_configuration_is_refused_with_the_command_that_mends_it(stack, emulator, key):
    stack.set_config("tencentcloud:secretId", "emulator")
    stack.set_config("tencentcloud:secretKey", "emulator", secret=key != "tencentcloud:secretKey")
    stack.set_config(key, KEY)

    preview = stack.preview(program)

    assert not preview.succeeded
    assert f"pulumi config set --secret {key}" in preview.text
    assert KEY not in preview.text
    assert emulator.requests() == []


def test_what_stacks_store_never_changes(stack, emulator, recording):
    assert stack.up(every_kind).succeeded

    stored = stack.resources()
    assert {name: resource["type"] for name, resource in stored.items()} == {
        "binding": "pulumi-python:dynamic/ci-audio:CiBucketBinding",
        "audio": "pulumi-python:dynamic/ci-audio:AsrBucketBinding",
        "more": "pulumi-python:dynamic/ci-audio:AsrBucketBinding",
        "clean": "pulumi-python:dynamic/ci-audio:NoiseReductionJob",
        "template": "pulumi-python:dynamic/ci-audio:NoiseReductionTemplate",
        "templated": "pulumi-python:dynamic/ci-audio:NoiseReductionJob",
    }
    assert {name: resource["id"].rpartition("/")[0] for name, resource in stored.items()} == {
        "binding": REGION,
        "audio": REGION,
        "more": REGION,
        "clean": f"{REGION}/{BUCKET}",
        "template": f"{REGION}/{BUCKET}",
        "templated": f"{REGION}/{BUCKET}",
    }
    job = {"__owner", "__provider", "bucket", "region", "inputObject", "outputObject", "wait"}
    job |= {"timeoutSeconds", "onFailure"}
    outcome = {"jobId", "state", "creationTime", "startTime", "endTime", "inputEtag", "currentInputEtag"}
    outcome |= {"outputEtag", "outputSize", "outputUrl"}
    binding = {"__provider", "bucket", "region", "onDestroy", "timeoutSeconds", "status"}
    template = {"__owner", "__provider", "bucket", "region", "templateName", "format", "sampleRate"}
    options = {"outputBucket", "outputRegion", "templateId", "queueId", "jobLevel", "userData", "callback", "triggers"}
    assert {name: set(resource["inputs"]) for name, resource in stored.items()} == {
        "binding": binding,
        "audio": binding,
        "more": binding,
        "clean": job | {"format", "sampleRate"},
        "template": template,
        "templated": job | options,
    }
    assert {name: set(resource["outputs"]) for name, resource in stored.items()} == {
        "binding": binding | {"adopted"},
        "audio": binding | {"adopted", "createTime", "queueId"},
        "more": binding | {"adopted", "createTime", "queueId"},
        "clean": job | outcome | {"format", "sampleRate"},
        "template": template | {"templateId", "createTime", "updateTime"},
        "templated": job | outcome | options,
    }
    assert set(stored["templated"]["outputs"]["callback"]) == {"mqRegion", "mqMode", "mqName", "format"}
    assert stack.up().changes == {"same": 7}


def test_whole_numbers_and_booleans_come_back_as_such(stack, emulator, recording):
    def exporting():
        binding = CiBucketBinding("binding", bucket=BUCKET)
        audio = AsrBucketBinding("audio", bucket=binding.bucket)
        job = NoiseReductionJob(
            "clean", bucket=audio.bucket, input_object="raw/voice.mp3", output_object="clean/voice.wav"
        )
        kinds = pulumi.Output.all(binding.timeout_seconds, job.sample_rate, job.output_size, binding.adopted, job.wait)
        pulumi.export("kinds", kinds.apply(lambda values: [type(value).__name__ for value in values]))
        pulumi.export("missing", job.template_id.apply(lambda value: value is None))
        pulumi.export("region", binding.region)

    outputs = stack.up(exporting).outputs

    assert outputs == {"kinds": ["int", "int", "int", "bool", "bool"], "missing": True, "region": REGION}
