import io
import time
import wave

import av
import pytest

RUNNING, ENDED = ("Running",), ("Success", "Failed", "Cancel")


def block(*elements):
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in elements)
    return f"<NoiseReduction>{inner}</NoiseReduction>"


class TestSubmit:
    def test_post_echoes_the_job(self, ready):
        reply = ready.submit(
            block=block(("Format", "mp3"), ("Samplerate", "8000")),
            operation="<UserData>my data</UserData><JobLevel>2</JobLevel>",
        )

        assert reply.status == 200
        assert [child.tag for child in reply.xml] == ["JobsDetail"]
        job = reply.xml.find("JobsDetail")
        assert [child.tag for child in job] == [
            "Code",
            "CreationTime",
            "EndTime",
            "Input",
            "JobId",
            "Message",
            "Operation",
            "QueueId",
            "QueueType",
            "StartTime",
            "State",
            "Tag",
        ]
        assert reply.text("JobsDetail/JobId").startswith("j")
        assert {name: job.findtext(name) for name in ("Code", "Message", "State", "CreationTime", "StartTime")} == {
            "Code": "Success",
            "Message": "",
            "State": "Submitted",
            "CreationTime": "2023-11-15T06:13:20+0800",
            "StartTime": "-",
        }
        assert [(child.tag, child.text) for child in job.find("Input")] == [
            ("BucketId", ready.bucket),
            ("Object", "in.wav"),
            ("Region", ready.region),
        ]
        operation = job.find("Operation")
        assert [child.tag for child in operation] == ["JobLevel", "NoiseReduction", "Output", "UserData"]
        assert [(child.tag, child.text) for child in operation.find("NoiseReduction")] == [
            ("Format", "mp3"),
            ("Samplerate", "8000"),
        ]
        assert (operation.findtext("UserData"), operation.findtext("JobLevel")) == ("my data", "2")

    def test_post_echoes_the_spelling_that_was_sent(self, ready):
        reply = ready.submit(block=block(("SampleRate", "48000")))

        assert reply.text("JobsDetail/Operation/NoiseReduction/SampleRate") == "48000"
        assert reply.text("JobsDetail/Operation/NoiseReduction/Format") == "wav"
        assert reply.xml.find("JobsDetail/Operation/NoiseReduction/Samplerate") is None

    @pytest.mark.parametrize(("counts", "other"), [("Samplerate", "SampleRate"), ("SampleRate", "Samplerate")])
    def test_post_ignores_the_spelling_that_does_not_count(self, make_cloud, counts, other):
        cloud = make_cloud(assumptions={"sample_rate_spelling": counts})
        cloud.ready()

        ignored = cloud.submit(block=block((other, "48000")))
        counted = cloud.submit(block=block((counts, "48000")))

        assert ignored.text(f"JobsDetail/Operation/NoiseReduction/{counts}") == "16000"
        assert counted.text(f"JobsDetail/Operation/NoiseReduction/{counts}") == "48000"

    def test_post_without_parameters_uses_the_defaults(self, ready):
        reply = ready.submit(output="out.mp3")

        assert reply.text("JobsDetail/Operation/NoiseReduction/Format") == "wav"
        assert reply.xml.find("JobsDetail/Operation/UserData") is None
        assert reply.xml.find("JobsDetail/Operation/JobLevel") is None

    def test_post_without_parameters_uses_the_extension_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"parameters_absent": "extension"})
        cloud.ready()

        assert cloud.submit(output="out.mp3").text("JobsDetail/Operation/NoiseReduction/Format") == "mp3"
        assert cloud.submit(output="out").text("JobsDetail/Operation/NoiseReduction/Format") == "wav"

    def test_post_follows_a_template_rather_than_the_parameters(self, ready):
        made = ready.post(
            "/template",
            body=b"<Request><Tag>NoiseReduction</Tag><Name>mp3</Name><NoiseReduction><Format>mp3</Format>"
            b"</NoiseReduction></Request>",
        )
        template_id = made.text("Template/TemplateId")

        reply = ready.submit(block=f"<TemplateId>{template_id}</TemplateId>{block(('Format', 'm4a'))}")

        operation = reply.xml.find("JobsDetail/Operation")
        assert operation.findtext("TemplateId") == template_id
        assert operation.findtext("TemplateName") == "mp3"
        assert operation.findtext("NoiseReduction/Format") == "mp3"

    def test_post_refuses_an_unknown_template(self, ready):
        assert ready.submit(block="<TemplateId>t1</TemplateId>").refusal == (400, "TemplateNotFound")

    def test_post_refuses_an_unknown_queue(self, ready):
        assert ready.submit(further="<QueueId>p1</QueueId>").refusal == (400, "QueueNotFound")

    def test_post_accepts_its_queue(self, ready):
        queue_id = ready.control.state()["queues"][0]["id"]

        assert ready.submit(further=f"<QueueId>{queue_id}</QueueId>").status == 200

    @pytest.mark.parametrize(
        "changes",
        [
            {"block": block(("Fromat", "wav"))},
            {"block": block(("samplerate", "16000"))},
            {"block": block(("Format", "flac"))},
            {"block": block(("Samplerate", "11025"))},
            {"block": block(("Format", "wav"), ("Format", "mp3"))},
            {"block": "<NoiseReduction>wav</NoiseReduction>"},
            {"block": "<noiseReduction/>"},
            {"operation": "<JobLevel>3</JobLevel>"},
            {"operation": f"<UserData>{'x' * 1025}</UserData>"},
            {"operation": "<UserData>\u00e9</UserData>"},
            {"operation": "<UserData><Data/></UserData>"},
            {"further": "<Callback>http://example.com</Callback>"},
            {"further": "<CallBack>example.com</CallBack>"},
            {"further": "<CallBack>http://10.0.0.1/</CallBack>"},
            {"further": "<CallBackFormat>xml</CallBackFormat>"},
            {"further": "<CallBackType>TDMQ</CallBackType>"},
            {"further": "<CallBackMqConfig><MqRegion>shanghai</MqRegion></CallBackMqConfig>"},
            {"key": ""},
            {"output": ""},
            {"output": "../../outside.wav"},
            {"output": "/etc/passwd"},
            {"key": "../secret"},
        ],
    )
    def test_post_refuses_what_the_page_rules_out(self, strict, changes):
        assert strict.submit(**changes).refusal == (400, "InvalidArgument")
        assert strict.control.state()["jobs"] == []

    def test_post_passes_over_what_the_java_sdk_sends_besides(self, make_cloud):
        cloud = make_cloud()
        cloud.ready()

        reply = cloud.submit(further=f"<BucketName>{cloud.bucket}</BucketName><Size>10</Size><NextToken/>")

        assert reply.status == 200

    def test_post_to_a_paused_queue_waits_or_is_refused_when_assumed(self, make_cloud):
        for choice in ("accept", "refuse"):
            cloud = make_cloud(assumptions={"paused_queue": choice})
            cloud.ready()
            body = "<Request><Name>q</Name><State>Paused</State><NotifyConfig/></Request>"
            cloud.put(f"/asrqueue/{cloud.control.state()['queues'][0]['id']}", body=body.encode())

            if choice == "accept":
                assert cloud.state_of(cloud.submitted()) == "Pause"
            else:
                assert cloud.submit().refusal == (403, "QueuePaused")

    def test_post_to_a_full_queue_is_refused_unless_assumed_otherwise(self, make_cloud, denoise_gate):
        for choice in ("refuse", "accept"):
            cloud = make_cloud(queue_size=2, assumptions={"full_queue": choice})
            cloud.ready()
            for _ in range(2):
                cloud.submitted()

            if choice == "refuse":
                assert cloud.submit().refusal == (403, "QueueSaturated")
            else:
                assert cloud.submit().status == 200

    def test_post_needs_the_role_of_ci(self, make_cloud):
        cloud = make_cloud(assumptions={"ci_role": "missing"})
        cloud.ready()

        assert cloud.submit().refusal == (400, "CIRoleNotExist")
        assert cloud.control.state()["jobs"] == []

    def test_elements_come_in_the_order_of_their_names(self, ready):
        job = ready.submit(operation="<UserData>mine</UserData>").xml.find("JobsDetail")

        for element in (job, job.find("Input"), job.find("Operation"), job.find("Operation/Output")):
            names = [child.tag for child in element]
            assert names == sorted(names)

    @pytest.mark.parametrize(
        "further",
        [
            "<CallBack>https://example.com/hook</CallBack><CallBackFormat>JSON</CallBackFormat>",
            "<CallBack>no</CallBack>",
            (
                "<CallBackType>TDMQ</CallBackType><CallBackMqConfig><MqRegion>sh</MqRegion><MqMode>Topic</MqMode>"
                "<MqName>topic</MqName></CallBackMqConfig>"
            ),
        ],
    )
    def test_post_accepts_the_ways_to_be_called_back(self, ready, further):
        assert ready.submit(further=further).status == 200

    @pytest.mark.parametrize("tag", ["Transcode", "NoiseReducton", "tts"])
    def test_post_refuses_tags_that_are_not_of_smart_audio(self, ready, tag):
        body = ready.job().replace(b"NoiseReduction", tag.encode())

        assert ready.post("/jobs", body=body).refusal == (400, "InvalidArgument")

    @pytest.mark.parametrize("name", ["Tag", "Input", "Operation", "Output", "Region", "Bucket"])
    def test_post_refuses_a_job_without_a_required_element(self, ready, name):
        body = ready.job()
        start, end = body.index(f"<{name}>".encode()), body.index(f"</{name}>".encode()) + len(name) + 3

        assert ready.post("/jobs", body=body[:start] + body[end:]).refusal == (400, "InvalidArgument")

    def test_post_ignores_unknown_elements_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"unknown_names": "ignore"})
        cloud.ready()

        reply = cloud.submit(block=block(("Fromat", "mp3")), further="<Surprise/>")

        assert reply.text("JobsDetail/Operation/NoiseReduction/Format") == "wav"
        assert cloud.get("/jobs", query={"tag": "NoiseReduction", "surprise": "1"}).status == 200


class TestRun:
    @pytest.mark.parametrize("audio_format", ["wav", "mp3", "m4a"])
    def test_a_job_writes_the_format_and_rate_that_were_asked_for(self, ready, audio_format):
        job = ready.submitted(
            output=f"clean/out.{audio_format}", block=block(("Format", audio_format), ("Samplerate", "24000"))
        )

        reply = ready.job_in(job, *ENDED)

        assert reply.text("JobsDetail/State") == "Success"
        assert reply.text("JobsDetail/StartTime") == reply.text("JobsDetail/EndTime") == "2023-11-15T06:13:20+0800"
        content = ready.control.get_object(ready.region, ready.bucket, f"clean/out.{audio_format}")
        with av.open(io.BytesIO(content)) as sound:
            stream = sound.streams.audio[0]
            assert (stream.rate, stream.layout.nb_channels) == (24000, 1)
            names = {"wav": "wav", "mp3": "mp3", "m4a": "mov"}
            assert names[audio_format] in sound.format.name

    def test_the_output_may_go_to_another_bucket_and_region(self, ready):
        ready.control.put_bucket("ap-beijing", "other-1250000000")
        body = ready.job().replace(b"<Region>ap-chongqing", b"<Region>ap-beijing")
        body = body.replace(b"<Bucket>test", b"<Bucket>other")

        job = ready.post("/jobs", body=body).text("JobsDetail/JobId")
        ready.job_in(job, "Success")

        with wave.open(io.BytesIO(ready.control.get_object("ap-beijing", "other-1250000000", "out.wav"))) as sound:
            assert sound.getframerate() == 16000

    def test_the_outputs_time_is_the_clocks(self, ready, fake_denoise):
        ready.control.advance(3600)
        ready.job_in(ready.submitted(), "Success")

        reply = ready.call("HEAD", "/out.wav", host=ready.cos)

        assert reply.headers["last-modified"] == "Tue, 14 Nov 2023 23:13:20 GMT"

    def test_a_missing_input_fails_the_job(self, ready):
        reply = ready.job_in(ready.submitted(key="absent.wav"), *ENDED)

        assert reply.text("JobsDetail/State") == "Failed"
        assert reply.text("JobsDetail/Code") == "ResourceNotFound"
        assert reply.text("JobsDetail/Message")

    def test_a_missing_input_is_refused_at_once_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"missing_input": "refuse"})
        cloud.ready()

        assert cloud.submit(key="absent.wav").refusal == (400, "ResourceNotFound")
        assert cloud.control.state()["jobs"] == []

    def test_a_large_input_fails_the_job(self, ready):
        ready.control.put_object(ready.region, ready.bucket, "large.wav", bytes(10 * 1024**2 + 1))

        reply = ready.job_in(ready.submitted(key="large.wav"), *ENDED)

        assert (reply.text("JobsDetail/State"), reply.text("JobsDetail/Code")) == ("Failed", "InvalidArgument")

    def test_a_large_input_is_refused_at_once_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"large_input": "refuse"})
        cloud.ready()
        cloud.control.put_object(cloud.region, cloud.bucket, "large.wav", bytes(10 * 1024**2 + 1))

        assert cloud.submit(key="large.wav").refusal == (400, "InvalidArgument")

    @pytest.mark.parametrize("content", [b"", b"just text", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"])
    def test_input_that_is_no_audio_fails_the_job(self, ready, content):
        ready.control.put_object(ready.region, ready.bucket, "text.m3u8", content)

        reply = ready.job_in(ready.submitted(key="text.m3u8"), *ENDED)

        assert (reply.text("JobsDetail/State"), reply.text("JobsDetail/Code")) == ("Failed", "ResourceNotSupported")
        assert ready.control.get_object(ready.region, ready.bucket, "out.wav") is None

    def test_input_that_is_no_audio_fails_with_another_code_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"not_audio": "InternalError"})
        cloud.ready()
        cloud.control.put_object(cloud.region, cloud.bucket, "text.wav", b"text")

        assert cloud.job_in(cloud.submitted(key="text.wav"), *ENDED).text("JobsDetail/Code") == "InternalError"

    def test_a_missing_output_bucket_fails_the_job(self, ready, fake_denoise):
        body = ready.job().replace(b"<Bucket>test", b"<Bucket>absent")

        job = ready.post("/jobs", body=body).text("JobsDetail/JobId")

        assert ready.job_in(job, *ENDED).text("JobsDetail/Code") == "WriteTargetBucketDenied"
        assert not list(ready.emulator.store.objects.new_file().parent.glob("*"))

    def test_an_output_below_another_object_fails_the_job(self, ready, fake_denoise):
        reply = ready.job_in(ready.submitted(output="in.wav/out.wav"), *ENDED)

        assert reply.text("JobsDetail/Code") == "WriteTargetBucketDenied"

    def test_a_failure_inside_fails_the_job_and_not_the_worker(self, ready, denoising, fake_denoise):
        working = denoising.act
        denoising.act = lambda *_, **__: 1 / 0
        reply = ready.job_in(ready.submitted(), *ENDED)

        assert reply.text("JobsDetail/Code") == "InternalError"

        denoising.act = working
        ready.job_in(ready.submitted(), "Success")


class TestTime:
    def test_a_job_runs_for_its_seconds_by_the_clock(self, make_cloud, fake_denoise):
        cloud = make_cloud(job_seconds=30)
        cloud.ready()
        job = cloud.submitted()

        cloud.control.advance(29)
        assert cloud.state_of(job) == "Running"
        assert cloud.control.get_object(cloud.region, cloud.bucket, "out.wav") is None

        cloud.control.advance(71)
        reply = cloud.job_in(job, "Success")
        assert reply.text("JobsDetail/StartTime") == "2023-11-15T06:13:20+0800"
        assert reply.text("JobsDetail/EndTime") in {"2023-11-15T06:13:50+0800", "2023-11-15T06:15:00+0800"}

    def test_a_result_is_written_in_time_though_nobody_asks(self, make_cloud, fake_denoise, tmp_path):
        cloud = make_cloud(job_seconds=0.05, now=time.time)
        cloud.ready()
        key = {"times": (time.time() - 60, time.time() + 60)}
        cloud.post("/jobs", body=cloud.job(), **key)

        deadline = time.monotonic() + 20
        while not (tmp_path / "data-0" / cloud.region / cloud.bucket / "out.wav").exists():
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def test_only_so_many_run_at_once_and_higher_levels_go_first(self, make_cloud, denoise_gate):
        cloud = make_cloud(queue_concurrency=2)
        cloud.ready()
        jobs = [cloud.submitted(operation=f"<JobLevel>{level}</JobLevel>") for level in (0, 0, 0, 2)]

        assert [cloud.state_of(job) for job in jobs] == ["Running", "Running", "Submitted", "Submitted"]

        cloud.control.change_settings(queue_concurrency=3)

        assert [cloud.state_of(job) for job in jobs] == ["Running", "Running", "Submitted", "Running"]

    def test_a_new_job_is_missing_from_lists_for_the_lag(self, make_cloud, fake_denoise):
        cloud = make_cloud(list_lag_seconds=5)
        cloud.ready()
        job = cloud.submitted()

        assert cloud.get("/jobs", query={"tag": "NoiseReduction"}).texts("JobsDetail/JobId") == []
        assert cloud.get(f"/jobs/{job}").text("JobsDetail/JobId") == job
        cloud.control.advance(5)
        assert cloud.get("/jobs", query={"tag": "NoiseReduction"}).texts("JobsDetail/JobId") == [job]


class TestDescribe:
    def test_get_describes_several_and_names_the_unknown(self, ready, fake_denoise):
        first, second = ready.submitted(), ready.submitted()

        reply = ready.get(f"/jobs/{second},j1,{first},j2")

        assert reply.status == 200
        assert reply.texts("JobsDetail/JobId") == [second, first]
        assert reply.texts("NonExistJobIds") == ["j1", "j2"]
        assert reply.xml.find("RequestId") is None

    def test_get_joins_the_unknown_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"unknown_job_ids": "comma"})
        cloud.ready()

        assert cloud.get("/jobs/j1,j2").texts("NonExistJobIds") == ["j1,j2"]

    def test_a_job_of_another_bucket_is_unknown(self, ready, fake_denoise):
        job = ready.submitted()
        ready.control.put_bucket(ready.region, "other-1250000000", ci="on", asr="on")

        reply = ready.get(f"/jobs/{job}", host=ready.ci.replace("test", "other"))

        assert reply.texts("NonExistJobIds") == [job]

    def test_records_outlive_the_service(self, ready, fake_denoise):
        job = ready.submitted()
        ready.job_in(job, "Success")
        ready.delete("/asrbucket")
        ready.post("/asrbucket")

        assert ready.state_of(job) == "Success"


class TestList:
    def listed(self, cloud, **query):
        return cloud.get("/jobs", query={"tag": "NoiseReduction", **query}).texts("JobsDetail/JobId")

    def test_list_is_ordered_by_creation(self, ready, fake_denoise):
        jobs = [ready.submitted() for _ in range(3)]

        assert self.listed(ready) == jobs[::-1]
        assert self.listed(ready, orderByTime="Asc") == jobs

    @pytest.mark.parametrize("order", ["Asc", "Desc"])
    def test_list_goes_on_with_tokens_though_jobs_are_added(self, ready, fake_denoise, order):
        jobs = [ready.submitted() for _ in range(5)]
        query = {"tag": "NoiseReduction", "size": "2", "orderByTime": order, "nextToken": ""}
        found, pages = [], 0
        while True:
            reply = ready.get("/jobs", query=query)
            found += reply.texts("JobsDetail/JobId")
            pages += 1
            token = reply.text("NextToken")
            if token is None:
                break
            query["nextToken"] = token
            if pages == 1 and order == "Desc":
                ready.submitted()

        assert found == (jobs if order == "Asc" else jobs[::-1])
        assert pages == 3

    def test_list_ends_with_an_empty_token_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"end_of_list": "empty"})
        cloud.ready()

        assert cloud.get("/jobs", query={"tag": "NoiseReduction"}).text("NextToken") == ""

    def test_list_follows_its_parameters(self, ready, fake_denoise):
        early = ready.submitted()
        ready.job_in(early, "Success")
        ready.control.advance(60)
        late = ready.submitted(key="absent.wav")
        ready.job_in(late, "Failed")
        queue_id = ready.control.state()["queues"][0]["id"]

        assert self.listed(ready, states="Failed") == [late]
        assert self.listed(ready, states="Success,Failed") == [late, early]
        assert self.listed(ready, states="Submitted,Running,Pause") == []
        assert self.listed(ready, inputObject="in.wav") == [early]
        assert self.listed(ready, queueId=queue_id) == [late, early]
        assert self.listed(ready, queueId="p1") == []
        assert self.listed(ready, startCreationTime="2023-11-15T06:13:20+0800") == [late]
        assert self.listed(ready, endCreationTime="2023-11-15T06:14:20+0800") == [early]
        assert self.listed(ready, workflowId="w1") == []

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"tag": "NoiseReducton"},
            {"tag": "NoiseReduction", "states": "Paused"},
            {"tag": "NoiseReduction", "size": "101"},
            {"tag": "NoiseReduction", "nextToken": "x"},
            {"tag": "NoiseReduction", "orderByTime": "asc"},
            {"tag": "NoiseReduction", "startCreationTime": "yesterday"},
            {"tag": "NoiseReduction", "States": "All"},
        ],
    )
    def test_list_refuses_what_it_does_not_know(self, strict, query):
        assert strict.get("/jobs", query=query).refusal == (400, "InvalidArgument")

    def test_list_passes_over_what_no_page_names(self, make_cloud):
        cloud = make_cloud()
        cloud.ready()

        query = {"tag": "NoiseReduction", "response-cache-control": "no-cache", "names": "x"}
        assert cloud.get("/jobs", query=query).status == 200

    def test_planted_jobs_of_other_tags_are_listed_and_never_move(self, ready):
        ready.seed(jobs=[{"id": "j1", "tag": "SpeechRecognition", "state": "Running"}])
        ready.control.advance(3600)

        assert self.listed(ready) == []
        reply = ready.get("/jobs", query={"tag": "SpeechRecognition", "states": "Submitted,Running,Pause"})
        assert reply.texts("JobsDetail/JobId") == ["j1"]
        assert ready.state_of("j1") == "Running"


class TestCancel:
    def cancel(self, cloud, *jobs):
        return cloud.put("/jobs/" + ",".join(jobs), query={"cancel": ""})

    def test_waiting_jobs_are_cancelled(self, make_cloud, denoise_gate):
        cloud = make_cloud(queue_concurrency=1)
        cloud.ready()
        jobs = [cloud.submitted() for _ in range(3)]

        reply = self.cancel(cloud, *jobs[1:])

        assert (reply.status, reply.body) == (200, b"")
        assert [cloud.state_of(job) for job in jobs] == ["Running", "Cancel", "Cancel"]
        assert cloud.get(f"/jobs/{jobs[1]}").text("JobsDetail/EndTime") == "2023-11-15T06:13:20+0800"

    def test_nothing_is_cancelled_if_one_has_started(self, make_cloud, denoise_gate):
        cloud = make_cloud(queue_concurrency=1)
        cloud.ready()
        jobs = [cloud.submitted() for _ in range(2)]

        reply = self.cancel(cloud, *jobs)

        assert reply.refusal == (400, "InvalidArgument")
        assert reply.text("Message") == "The job provided can not be modified"
        assert [cloud.state_of(job) for job in jobs] == ["Running", "Submitted"]

    def test_started_jobs_are_passed_over_when_assumed(self, make_cloud, denoise_gate):
        cloud = make_cloud(queue_concurrency=1, assumptions={"cancel_started": "ignore"})
        cloud.ready()
        jobs = [cloud.submitted() for _ in range(2)]

        assert self.cancel(cloud, *jobs).status == 200
        assert [cloud.state_of(job) for job in jobs] == ["Running", "Cancel"]

    def test_unknown_jobs_and_too_many_are_refused(self, ready):
        assert self.cancel(ready, "j1").refusal == (400, "ResourceNotFound")
        assert self.cancel(ready, *(f"j{n}" for n in range(11))).refusal == (400, "InvalidArgument")

    def test_an_unsigned_cancel_parameter_is_accepted(self, make_cloud, denoise_gate):
        cloud = make_cloud(queue_concurrency=1)
        cloud.ready()
        cloud.submitted()
        waiting = cloud.submitted()
        cloud.target = lambda path, _query: f"{path}?cancel"

        assert cloud.put(f"/jobs/{waiting}").status == 200
