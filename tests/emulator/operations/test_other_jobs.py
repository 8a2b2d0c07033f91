"""Jobs of Smart Audio's other tags: accepted, queued and ended, with a result that a control call sets."""

import json

import pytest

BODY = (
    "<Request><Tag>{tag}</Tag>{source}<Operation><SpeechRecognition><EngineModelType>16k_zh</EngineModelType>"
    "</SpeechRecognition><Output><Region>ap-chongqing</Region><Bucket>test-1250000000</Bucket><Object>out.txt</Object>"
    "</Output><UserData>mine</UserData></Operation></Request>"
)
TAGS = ["SoundHound", "SpeechRecognition", "Translation", "Tts", "VoiceSeparate", "WordsGeneralize"]


def submit(cloud, tag="SpeechRecognition", source="<Input><Object>in.wav</Object></Input>", path="/jobs"):
    reply = cloud.post(path, body=BODY.format(tag=tag, source=source).encode())
    assert reply.status == 200, reply.body
    return reply


@pytest.mark.parametrize("tag", TAGS)
def test_a_job_is_echoed_listed_and_ends(ready, tag):
    submitted = submit(ready, tag)
    job_id = submitted.text("JobsDetail/JobId")
    ended = ready.job_in(job_id, "Success")

    assert submitted.text("JobsDetail/Tag") == tag
    assert submitted.text("JobsDetail/Operation/SpeechRecognition/EngineModelType") == "16k_zh"
    assert ended.text("JobsDetail/Operation/UserData") == "mine"
    assert ready.get("/jobs", query={"tag": tag}).texts("JobsDetail/JobId") == [job_id]
    assert ready.get("/jobs", query={"tag": "NoiseReduction"}).texts("JobsDetail/JobId") == []
    assert ready.control.get_object(ready.region, ready.bucket, "out.txt") is None


def test_a_control_call_sets_the_result(ready):
    result = {"SpeechRecognitionResult": {"Result": "[0:0] hello", "Word": [{"Text": "hel"}, {"Text": "lo"}]}}
    answer = ready.send(
        "PUT",
        "localhost",
        "/_emulator/results/SpeechRecognition",
        {},
        json.dumps({"result": result, "output": "hello"}).encode(),
    )
    assert (answer.status, answer.body) == (200, b"{}")

    ended = ready.job_in(submit(ready).text("JobsDetail/JobId"), "Success")

    assert ended.text("JobsDetail/Operation/SpeechRecognitionResult/Result") == "[0:0] hello"
    assert ended.texts("JobsDetail/Operation/SpeechRecognitionResult/Word/Text") == ["hel", "lo"]
    assert ready.control.get_object(ready.region, ready.bucket, "out.txt") == b"hello"


def test_a_control_call_makes_jobs_of_a_tag_fail(ready):
    ready.control.put_result("Tts", code="InternalError", message="no voice")

    failed = ready.job_in(submit(ready, "Tts", "").text("JobsDetail/JobId"), "Failed")
    spared = ready.job_in(submit(ready, "SoundHound").text("JobsDetail/JobId"), "Success")

    assert (failed.text("JobsDetail/Code"), failed.text("JobsDetail/Message")) == ("InternalError", "no voice")
    assert spared.text("JobsDetail/Code") == "Success"


def test_a_reset_forgets_the_results(ready):
    ready.control.put_result("Tts", code="InternalError")
    ready.control.reset()
    ready.ready()

    ready.job_in(submit(ready, "Tts", "").text("JobsDetail/JobId"), "Success")


def test_an_address_is_an_input_too_and_a_missing_object_fails_the_job(ready):
    by_address = submit(ready, source="<Input><Url>https://example.com/a.wav</Url></Input>")
    absent = submit(ready, source="<Input><Object>absent.wav</Object></Input>")

    ready.job_in(by_address.text("JobsDetail/JobId"), "Success")
    assert ready.job_in(absent.text("JobsDetail/JobId"), "Failed").text("JobsDetail/Code") == "ResourceNotFound"


def test_the_older_path_is_the_same(ready):
    job_id = submit(ready, path="/asr_jobs").text("JobsDetail/JobId")

    assert ready.get(f"/asr_jobs/{job_id}").text("JobsDetail/JobId") == job_id
    assert ready.get("/asr_jobs", query={"tag": "SpeechRecognition"}).texts("JobsDetail/JobId") == [job_id]
    assert ready.job_in(job_id, "Success")


def test_they_wait_in_the_queue_like_the_others(make_cloud, denoise_gate):
    cloud = make_cloud(queue_concurrency=1)
    cloud.ready()
    cloud.submitted()
    job_id = submit(cloud).text("JobsDetail/JobId")

    assert cloud.state_of(job_id) == "Submitted"
    cloud.put(f"/jobs/{job_id}", query={"cancel": ""})
    assert cloud.state_of(job_id) == "Cancel"


@pytest.mark.parametrize(
    ("tag", "result"),
    [
        ("NoiseReduction", {}),
        ("tts", {}),
        ("Tts", {"state": "Failed"}),
        ("Tts", {"code": 5}),
        ("Tts", {"result": "text"}),
        ("Tts", {"result": {"a b": "x"}}),
        ("Tts", {"result": {"A": None}}),
        ("Tts", {"result": {"A": [[1]]}}),
        ("Tts", {"result": {"A": True}}),
    ],
)
def test_a_result_that_makes_no_sense_is_refused(cloud, tag, result):
    with pytest.raises(ValueError, match=r"must be|no name|has no"):
        cloud.control.put_result(tag, **result)


def test_a_body_without_an_operation_is_refused(ready):
    assert ready.post("/jobs", body=b"<Request><Tag>Tts</Tag></Request>").refusal == (400, "InvalidArgument")
