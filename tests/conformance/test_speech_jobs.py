"""Recognition jobs through the official SDK, which has them on their older path, ``/asr_jobs``."""

from __future__ import annotations

import time

from tests.conformance.conftest import BUCKET, REGION


def test_job_is_submitted_ends_with_its_result_and_is_listed(ready, ci_audio_emulator):
    ci_audio_emulator.put_object(REGION, BUCKET, "in.mp3", b"any")
    ci_audio_emulator.put_result("SpeechRecognition", result={"SpeechRecognitionResult": {"Result": "hello"}})
    submitted = ready.ci_create_asr_job(
        Bucket=BUCKET,
        OutputBucket=BUCKET,
        OutputRegion=REGION,
        OutputObject="out.txt",
        InputObject="in.mp3",
        SpeechRecognition={"EngineModelType": "16k_zh", "ChannelNum": "1", "ResTextFormat": "1"},
    )
    job_id = submitted["JobsDetail"]["JobId"]
    deadline = time.monotonic() + 10
    while (job := ready.ci_get_asr_job(Bucket=BUCKET, JobID=job_id)["JobsDetail"][0])["State"] != "Success":
        assert time.monotonic() < deadline, job
        time.sleep(0.01)

    assert submitted["JobsDetail"]["Operation"]["SpeechRecognition"]["EngineModelType"] == "16k_zh"
    assert job["Operation"]["SpeechRecognitionResult"]["Result"] == "hello"
    assert [found["JobId"] for found in ready.ci_list_asr_jobs(Bucket=BUCKET)["JobsDetail"]] == [job_id]
