"""The official Python SDK as a client: what it sends is accepted, what it reads is there."""

import io
import time
import wave

import pytest
import requests
from qcloud_cos import CosConfig, CosS3Client
from qcloud_cos.cos_exception import CosServiceError

REGION, BUCKET = "ap-chongqing", "test-1250000000"


@pytest.fixture
def client(ci_audio_emulator):
    config = CosConfig(
        Region=REGION,
        SecretId="emulator",
        SecretKey="emulator",
        Scheme="http",
        Proxies={"http": ci_audio_emulator.url},
    )
    made = CosS3Client(config, retry=0)
    yield made
    made._session.close()


@pytest.fixture
def ready(client):
    client.create_bucket(Bucket=BUCKET)
    client.ci_open_asr_bucket(Bucket=BUCKET)
    return client


def test_objects_go_up_and_down(ready, tmp_path):
    for key in ("a.wav", "中文 +,&=.wav", "dir/a.wav"):
        put = ready.put_object(Bucket=BUCKET, Key=key, Body=b"content", EnableMD5=True)
        got = ready.get_object(Bucket=BUCKET, Key=key)

        assert got["Body"].get_raw_stream().read() == b"content"
        assert got["ETag"] == put["ETag"]
    assert ready.head_object(Bucket=BUCKET, Key="a.wav")["Content-Length"] == "7"
    assert [item["Key"] for item in ready.list_objects(Bucket=BUCKET)["Contents"]] == [
        "a.wav",
        "dir/a.wav",
        "中文 +,&=.wav",
    ]
    ready.delete_object(Bucket=BUCKET, Key="a.wav")
    with pytest.raises(CosServiceError) as caught:
        ready.get_object(Bucket=BUCKET, Key="a.wav")
    assert caught.value.get_error_code() == "NoSuchKey"
    ready.head_bucket(Bucket=BUCKET)


def test_large_files_go_up_in_parts(ready, tmp_path):
    file = tmp_path / "large"
    file.write_bytes(bytes(range(256)) * 4096 * 3)

    ready.upload_file(Bucket=BUCKET, Key="large", LocalFilePath=str(file), PartSize=1, MAXThread=2)
    ready.download_file(Bucket=BUCKET, Key="large", DestFilePath=str(tmp_path / "copy"), PartSize=1, MAXThread=2)

    assert (tmp_path / "copy").read_bytes() == file.read_bytes()


def test_presigned_urls_are_accepted(ready, ci_audio_emulator):
    ready.put_object(Bucket=BUCKET, Key="a b.wav", Body=b"content")
    url = ready.get_presigned_url(Bucket=BUCKET, Key="a b.wav", Method="GET")

    answer = requests.get(url, proxies={"http": ci_audio_emulator.url}, timeout=10)

    assert answer.content == b"content"


def test_smart_audio_is_asked_for_and_switched_off(ready):
    listed = ready.ci_get_asr_bucket(Regions=REGION, BucketNames=BUCKET)

    assert listed["AsrBucketList"][0]["BucketId"] == BUCKET
    assert ready.ci_get_asr_queue(Bucket=BUCKET)["QueueList"][0]["Category"] == "Speeching"
    _, closed = ready.ci_close_asr_bucket(Bucket=BUCKET)
    assert closed["BucketName"] == BUCKET
    assert ready.ci_get_asr_bucket(BucketNames=BUCKET)["TotalCount"] == "0"


def test_a_job_is_submitted_and_cleans_audio(ready, recording):
    ready.put_object(Bucket=BUCKET, Key="in.wav", Body=recording)
    template = ready.ci_create_template(
        Bucket=BUCKET,
        Template={"Name": "t", "Tag": "NoiseReduction", "NoiseReduction": {"Format": "wav", "Samplerate": "24000"}},
    )
    template_id = template["Template"]["TemplateId"]
    submitted = ready.ci_create_media_jobs(
        Bucket=BUCKET,
        Jobs={
            "Tag": "NoiseReduction",
            "Input": {"Object": "in.wav"},
            "Operation": {
                "TemplateId": template_id,
                "Output": {"Region": REGION, "Bucket": BUCKET, "Object": "out.wav"},
                "UserData": "mine",
            },
        },
        Lst={},
    )
    job_id = submitted["JobsDetail"][0]["JobId"]
    deadline = time.monotonic() + 20
    while (job := ready.ci_get_media_jobs(Bucket=BUCKET, JobIDs=job_id)["JobsDetail"][0])["State"] != "Success":
        assert job["State"] in {"Submitted", "Running"}, job
        assert time.monotonic() < deadline
        time.sleep(0.01)

    content = ready.get_object(Bucket=BUCKET, Key="out.wav")["Body"].get_raw_stream().read()
    with wave.open(io.BytesIO(content)) as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (24000, 1)
    listed = ready.ci_list_media_jobs(Bucket=BUCKET, Tag="NoiseReduction")
    assert [(found["JobId"], found["Operation"]["UserData"]) for found in listed["JobsDetail"]] == [(job_id, "mine")]
    assert ready.ci_get_media_jobs(Bucket=BUCKET, JobIDs=f"{job_id},j1")["NonExistJobIds"] == "j1"
    assert ready.ci_get_template(Bucket=BUCKET)["TemplateList"][0]["TemplateId"] == template_id
    ready.ci_delete_template(Bucket=BUCKET, TemplateId=template_id)
    with pytest.raises(CosServiceError) as caught:
        ready.ci_cancel_jobs(Bucket=BUCKET, JobID=job_id)
    assert "The job provided can not be modified" in caught.value.get_origin_msg()


def test_what_stands_in_the_way_is_listed(ready, ci_audio_emulator):
    ci_audio_emulator.put_bucket(
        REGION, BUCKET, workflows=[{"id": "w1"}], batch_jobs=[{"id": "b1"}], services=["media"]
    )

    assert ready.ci_get_workflow(Bucket=BUCKET)["MediaWorkflowList"][0]["WorkflowId"] == "w1"
    ready.ci_update_workflow_state(Bucket=BUCKET, WorkflowId="w1", UpdateState="paused")
    assert ready.ci_delete_workflow(Bucket=BUCKET, WorkflowId="w1")["WorkflowId"] == "w1"
    assert ready.ci_list_inventory_trigger_jobs(Bucket=BUCKET)["JobsDetail"][0]["JobId"] == "b1"
    assert ready.ci_get_inventory_trigger_jobs(Bucket=BUCKET, JobID="b1")["JobsDetail"][0]["State"] == "Running"
    ready.ci_delete_inventory_trigger_jobs(Bucket=BUCKET, JobId="b1")
    assert ready.ci_get_media_bucket(BucketNames=BUCKET)["MediaBucketList"][0]["BucketId"] == BUCKET
