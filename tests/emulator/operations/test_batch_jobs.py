"""Batches of noise reduction, which really run; those that a control call plants are in test_workflows."""

import pytest

BATCH = (
    "<Request><Name>{name}</Name><Type>{type}</Type><Input>{source}</Input><Operation>{interval}<Tag>{tag}</Tag>"
    "<JobParam>{parameters}</JobParam><Output><Region>ap-chongqing</Region><Bucket>test-1250000000</Bucket>"
    "<Object>{output}</Object></Output><UserData>mine</UserData></Operation></Request>"
)
MARKED = {
    "name": "nightly",
    "type": "Job",
    "source": "<Prefix>raw/</Prefix>",
    "interval": "",
    "tag": "NoiseReduction",
    "parameters": "<NoiseReduction><Format>mp3</Format></NoiseReduction>",
    "output": "clean/${InputName}.mp3",
}


def submit(cloud, **changes):
    return cloud.post("/inventorytriggerjob", body=BATCH.format(**{**MARKED, **changes}).encode())


def submitted(cloud, **changes):
    reply = submit(cloud, **changes)
    assert reply.status == 200, reply.body
    return reply.text("JobsDetail/JobId")


def ended(cloud, batch_id, state="Success"):
    """Return the description of a batch once its jobs have ended."""
    for job_id in files(cloud, batch_id).texts("JobsDetail/JobId"):
        cloud.job_in(job_id, "Success", "Failed", "Cancel")
    reply = cloud.get(f"/inventorytriggerjob/{batch_id}")
    assert reply.text("JobsDetail/State") == state
    return reply


def files(cloud, batch_id):
    return cloud.get(
        "/jobs",
        query={
            "tag": "NoiseReduction",
            "inventoryTriggerJobId": batch_id,
            "orderByTime": "Asc",
            "size": "100",
            "states": "All",
        },
    )


@pytest.fixture
def recordings(ready, recording):
    for key in ("raw/a.wav", "raw/deep/b.wav", "other/c.wav"):
        ready.control.put_object(ready.region, ready.bucket, key, recording)
    ready.put("/raw/", host=ready.cos)
    return ready


def keys(cloud, prefix="clean/"):
    return cloud.get("/", host=cloud.cos, query={"prefix": prefix}).texts("Contents/Key")


def test_every_recording_under_a_prefix_is_cleaned(recordings):
    reply = submit(recordings)
    batch_id = reply.text("JobsDetail/JobId")
    finished = ended(recordings, batch_id)

    assert batch_id.startswith("b")
    assert (reply.text("JobsDetail/State"), reply.text("JobsDetail/Type")) == ("Submitted", "Job")
    assert reply.text("JobsDetail/Input/Prefix") == "raw/"
    assert reply.text("JobsDetail/Operation/Output/Object") == "clean/${InputName}.mp3"
    assert finished.text("JobsDetail/EndTime") != "-"
    assert keys(recordings) == ["clean/a.mp3", "clean/b.mp3"]
    listed = files(recordings, batch_id)
    assert listed.texts("JobsDetail/Input/Object") == ["raw/a.wav", "raw/deep/b.wav"]
    assert listed.texts("JobsDetail/Operation/UserData") == ["mine", "mine"]


@pytest.mark.parametrize("by", ["key", "address"])
def test_a_list_of_addresses_names_the_recordings(recordings, by):
    lines = [f"https://{recordings.cos}/raw/a.wav", f"https://{recordings.cos}/other/c.wav", ""]
    recordings.control.put_object(recordings.region, recordings.bucket, "list 1", "\r\n".join(lines).encode())
    named = "list 1" if by == "key" else f"https://{recordings.cos}/list%201"

    ended(recordings, submitted(recordings, source=f"<UrlFile>{named}</UrlFile>"))

    assert keys(recordings) == ["clean/a.mp3", "clean/c.mp3"]


def test_a_list_lies_in_another_bucket_unless_that_is_refused(make_cloud, recording):
    for choice, refusal in (("any", None), ("own", (400, "InvalidArgument"))):
        cloud = make_cloud(assumptions={"batch_list_place": choice})
        cloud.ready()
        cloud.control.put_object(cloud.region, cloud.bucket, "raw/a.wav", recording)
        cloud.control.put_object(cloud.region, "lists-1250000000", "list", f"https://{cloud.cos}/raw/a.wav".encode())
        source = "<UrlFile>https://lists-1250000000.cos.ap-chongqing.myqcloud.com/list</UrlFile>"

        if refusal is None:
            ended(cloud, submitted(cloud, source=source))
            assert keys(cloud) == ["clean/a.mp3"]
        else:
            assert submit(cloud, source=source).refusal == refusal


@pytest.mark.parametrize(
    "line", ["https://other-1250000000.cos.ap-chongqing.myqcloud.com/a.wav", "raw/a.wav", "https://example.com/a"]
)
def test_a_list_of_other_things_is_refused(recordings, line):
    recordings.control.put_object(recordings.region, recordings.bucket, "list", line.encode())

    assert submit(recordings, source="<UrlFile>list</UrlFile>").refusal == (400, "InvalidArgument")
    assert recordings.control.state()["jobs"] == []


def test_one_object_and_a_template(recordings):
    block = "<NoiseReduction><Format>m4a</Format></NoiseReduction>"
    body = f"<Request><Tag>NoiseReduction</Tag><Name>n</Name>{block}</Request>"
    template_id = recordings.post("/template", body=body.encode()).text("Template/TemplateId")
    batch_id = submitted(
        recordings,
        source="<Object>raw/a.wav</Object>",
        parameters=f"<TemplateId>{template_id}</TemplateId>",
        output="clean/${InventoryTriggerJobId}-${InputName}.${ext}.m4a",
    )
    ended(recordings, batch_id)

    assert keys(recordings) == [f"clean/{batch_id}-a.wav.m4a"]


def test_the_time_of_modification_chooses(recordings, recording):
    recordings.control.advance(3600)
    recordings.control.put_object(recordings.region, recordings.bucket, "raw/late.wav", recording)
    since = "<TimeInterval><Start>2023-11-15T06:30:00+0800</Start></TimeInterval>"

    ended(recordings, submitted(recordings, interval=since))

    assert keys(recordings) == ["clean/late.mp3"]


def test_it_runs_until_its_jobs_have_ended_and_stands_in_the_way_of_unbinding(make_cloud, denoise_gate):
    cloud = make_cloud(queue_concurrency=1)
    cloud.ready()
    cloud.control.put_object(cloud.region, cloud.bucket, "raw/a.wav", b"a")
    batch_id = submitted(cloud)

    assert cloud.get("/inventorytriggerjob", query={"states": "Running"}).texts("JobsDetail/JobId") == [batch_id]
    assert cloud.control.state()["buckets"][0]["batch_jobs"] == [
        {"id": batch_id, "name": "nightly", "state": "Running", "type": "Job"}
    ]
    cloud.seed(asr="off")
    assert cloud.put("/", query={"unbind": ""}).refusal == (400, "InvalidArgument")


def test_cancelling_ends_it_and_what_waits(make_cloud, denoise_gate):
    cloud = make_cloud(queue_concurrency=1)
    cloud.ready()
    for name in "ab":
        cloud.control.put_object(cloud.region, cloud.bucket, f"raw/{name}.wav", b"a")
    batch_id = submitted(cloud)

    assert cloud.put(f"/inventorytriggerjob/{batch_id}", query={"cancel": ""}).status == 200

    assert cloud.get(f"/inventorytriggerjob/{batch_id}").text("JobsDetail/State") == "Cancel"
    assert files(cloud, batch_id).texts("JobsDetail/State") == ["Running", "Cancel"]
    assert cloud.put(f"/inventorytriggerjob/{batch_id}", query={"cancel": ""}).refusal == (400, "InvalidArgument")


def test_a_recording_that_is_none_fails_alone(make_cloud, recording):
    for choice in ("Success", "Failed"):
        cloud = make_cloud(assumptions={"batch_failure": choice})
        cloud.ready()
        cloud.control.put_object(cloud.region, cloud.bucket, "raw/a.wav", recording)
        cloud.control.put_object(cloud.region, cloud.bucket, "raw/b.wav", b"no audio")
        batch_id = submitted(cloud)

        ended(cloud, batch_id, choice)
        assert files(cloud, batch_id).texts("JobsDetail/Code") == ["Success", "ResourceNotSupported"]


def test_it_may_end_before_its_files_do(make_cloud, denoise_gate):
    cloud = make_cloud(queue_concurrency=1, assumptions={"batch_ends": "dispatched"})
    cloud.ready()
    cloud.control.put_object(cloud.region, cloud.bucket, "raw/a.wav", b"a")
    batch_id = submitted(cloud)

    assert cloud.get(f"/inventorytriggerjob/{batch_id}").text("JobsDetail/State") == "Success"
    assert files(cloud, batch_id).texts("JobsDetail/State") == ["Running"]


def test_a_recording_that_is_too_large_fails_or_is_skipped(make_cloud):
    for choice, codes in (("fail", ["InvalidArgument"]), ("skip", [])):
        cloud = make_cloud(assumptions={"batch_large_input": choice})
        cloud.ready()
        cloud.control.put_object(cloud.region, cloud.bucket, "raw/a.wav", bytes(10 * 1024**2 + 1))
        batch_id = submitted(cloud)

        ended(cloud, batch_id)
        assert files(cloud, batch_id).texts("JobsDetail/Code") == codes


def test_names_are_compared_whole_or_by_their_beginning(make_cloud):
    for choice, names in (("exact", []), ("prefix", ["nightly"])):
        cloud = make_cloud(assumptions={"batch_name": choice})
        cloud.ready()
        submitted(cloud)

        assert cloud.get("/inventorytriggerjob", query={"name": "night"}).texts("JobsDetail/Name") == names


def test_it_needs_the_role_of_the_service(make_cloud):
    cloud = make_cloud(assumptions={"ci_role": "missing"})
    cloud.ready()

    assert submit(cloud).refusal == (400, "CIRoleNotExist")


def test_a_batch_of_nothing_is_a_success(ready):
    ended(ready, submitted(ready, source="<Prefix>none/</Prefix>"))


def test_a_new_one_is_listed_after_the_lag(make_cloud):
    cloud = make_cloud(list_lag_seconds=5)
    cloud.ready()
    batch_id = submitted(cloud)

    assert cloud.get("/inventorytriggerjob", query={"name": "nightly"}).texts("JobsDetail/JobId") == []
    cloud.control.advance(6)
    assert cloud.get("/inventorytriggerjob", query={"name": "nightly"}).texts("JobsDetail/JobId") == [batch_id]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"name": "a b"}, (400, "InvalidArgument")),
        ({"name": "n" * 129}, (400, "InvalidArgument")),
        ({"type": "Workflow"}, (400, "InvalidArgument")),
        ({"tag": "Transcode"}, (400, "InvalidArgument")),
        ({"source": ""}, (400, "InvalidArgument")),
        ({"source": "<Prefix>a</Prefix><Object>b</Object>"}, (400, "InvalidArgument")),
        ({"source": "<Manifest>m.json</Manifest>"}, (501, "NotImplemented")),
        ({"source": "<UrlFile>absent</UrlFile>"}, (400, "ResourceNotFound")),
        ({"parameters": "<TemplateId>t1</TemplateId>"}, (400, "TemplateNotFound")),
        ({"interval": "<TimeInterval><Start>today</Start></TimeInterval>"}, (400, "InvalidArgument")),
    ],
)
def test_what_makes_no_sense_is_refused(ready, changes, refusal):
    assert submit(ready, **changes).refusal == refusal
    assert ready.control.state()["jobs"] == []
    assert ready.control.state()["buckets"][0]["batch_jobs"] == []


def test_it_needs_smart_audio_and_the_media_service_too_when_assumed(make_cloud):
    cloud = make_cloud(assumptions={"batch_service": "media"})
    cloud.seed(ci="on")
    assert submit(cloud).refusal == (400, "AsrBucketUnBinded")
    cloud.seed(asr="on")
    assert submit(cloud).refusal == (400, "MediaBucketUnBinded")
    cloud.seed(services=["media"])
    assert submit(cloud).status == 200
