import json

import pytest


class TestBind:
    def test_put_binds_an_existing_bucket(self, cloud):
        cloud.seed()

        reply = cloud.put("/")

        assert reply.status == 200
        assert [child.tag for child in reply.xml] == ["RequestId", "CIBucket"]
        assert [(child.tag, child.text) for child in reply.xml.find("CIBucket")] == [
            ("BucketId", cloud.bucket),
            ("Region", cloud.region),
        ]
        assert cloud.control.state()["buckets"][0]["ci"] == "on"

    def test_put_answers_nothing_on_the_legacy_host(self, cloud):
        cloud.seed()

        assert cloud.put("/", host=cloud.pic).body == b""
        assert cloud.control.state()["buckets"][0]["ci"] == "on"

    def test_put_is_accepted_again(self, cloud):
        cloud.seed(ci="on")

        assert cloud.put("/").status == 200

    def test_put_is_refused_again_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"bind_when_bound": "refuse"})
        cloud.seed(ci="on")

        assert cloud.put("/").refusal == (403, "MediaBucketAlreadyBinded")

    def test_put_answers_nothing_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"bind_answer": "empty"})
        cloud.seed()

        assert cloud.put("/").body == b""

    def test_put_refuses_a_bucket_that_does_not_exist(self, cloud):
        assert cloud.put("/").refusal == (404, "NoSuchBucket")

    def test_put_waits_for_no_unbinding(self, make_cloud):
        cloud = make_cloud(unbind_seconds=5)
        cloud.seed(ci="on")
        cloud.put("/", query={"unbind": ""})

        assert cloud.put("/").refusal == (400, "InvalidArgument")
        assert cloud.post("/asrbucket").refusal == (400, "InvalidArgument")

    def test_put_ends_the_unbinding_when_assumed(self, make_cloud):
        cloud = make_cloud(unbind_seconds=5, assumptions={"bind_while_unbinding": "accept"})
        cloud.seed(ci="on")
        cloud.put("/", query={"unbind": ""})

        assert cloud.put("/").status == 200
        assert json.loads(cloud.get("/").body) == {"CIStatus": "on"}


class TestStatus:
    def test_get_is_json_without_a_type(self, cloud):
        cloud.seed(ci="on")

        reply = cloud.get("/")

        assert reply.body == b'{"CIStatus":"on"}'
        assert "content-type" not in reply.headers
        assert reply.headers["content-length"] == "17"

    @pytest.mark.parametrize(
        ("host", "accept", "is_xml"),
        [
            ("ci", "application/xml", True),
            ("ci", "*/*", False),
            ("pic", "*/*", True),
            ("pic", "application/json", False),
        ],
    )
    def test_get_follows_host_and_accept(self, cloud, host, accept, is_xml):
        cloud.seed()

        reply = cloud.get("/", host=getattr(cloud, host), headers={"Accept": accept})

        if is_xml:
            assert (reply.xml.tag, reply.xml.text) == ("CIStatus", "off")
            assert reply.headers["content-type"] == "application/xml"
        else:
            assert reply.body == b'{"CIStatus":"off"}'

    def test_get_refuses_a_bucket_that_does_not_exist(self, cloud):
        assert cloud.get("/").refusal == (404, "NoSuchBucket")


class TestUnbind:
    def test_unbind_answers_nothing_and_is_over_at_once_by_default(self, cloud):
        cloud.seed(ci="on")

        reply = cloud.put("/", query={"unbind": ""})

        assert (reply.status, reply.body) == (200, b"")
        assert cloud.get("/").body == b'{"CIStatus":"off"}'

    def test_unbind_takes_its_time_by_the_clock(self, make_cloud):
        cloud = make_cloud(unbind_seconds=30)
        cloud.seed(ci="on")
        cloud.put("/", query={"unbind": ""})

        assert cloud.get("/").body == b'{"CIStatus":"unbinding"}'
        cloud.control.advance(29)
        assert cloud.get("/").body == b'{"CIStatus":"unbinding"}'
        cloud.control.advance(1)
        assert cloud.get("/").body == b'{"CIStatus":"off"}'

    def test_unbind_takes_two_reads_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"unbinding_ends": "reads"})
        cloud.seed(ci="on")
        cloud.put("/", query={"unbind": ""})

        assert [json.loads(cloud.get("/").body)["CIStatus"] for _ in range(3)] == ["unbinding", "unbinding", "off"]

    @pytest.mark.parametrize(
        "left",
        [
            {"asr": "on"},
            {"services": ["media"]},
            {"moderation": True},
            {"workflows": [{"id": "w1", "name": "w", "state": "Paused"}]},
            {"batch_jobs": [{"id": "b1", "name": "b", "state": "Pause", "type": "Job"}]},
        ],
        ids=["Smart Audio", "another service", "moderation", "a paused workflow", "a batch job"],
    )
    def test_unbind_is_refused_while_something_is_left(self, cloud, left):
        cloud.seed(ci="on", **left)

        assert cloud.put("/", query={"unbind": ""}).refusal == (400, "InvalidArgument")
        assert cloud.get("/").body == b'{"CIStatus":"on"}'

    def test_unbind_is_not_hindered_by_what_has_ended(self, cloud):
        cloud.seed(ci="on", batch_jobs=[{"id": "b1", "state": "Success"}])

        assert cloud.put("/", query={"unbind": ""}).status == 200

    def test_unbind_is_refused_with_another_code_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"unbind_refusal_code": "AccessDenied"})
        cloud.seed(ci="on", moderation=True)

        assert cloud.put("/", query={"unbind": ""}).refusal == (403, "AccessDenied")

    def test_unbind_of_an_unbound_bucket_is_accepted(self, cloud):
        cloud.seed()

        assert cloud.put("/", query={"unbind": ""}).status == 200
        assert cloud.get("/").body == b'{"CIStatus":"off"}'

    def test_unbind_of_an_unbound_bucket_is_refused_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"unbind_when_off": "refuse"})
        cloud.seed()

        assert cloud.put("/", query={"unbind": ""}).refusal == (400, "InvalidArgument")

    def test_unbind_again_does_not_begin_anew(self, make_cloud):
        cloud = make_cloud(unbind_seconds=30)
        cloud.seed(ci="on")
        cloud.put("/", query={"unbind": ""})
        cloud.control.advance(20)

        assert cloud.put("/", query={"unbind": ""}).status == 200
        cloud.control.advance(10)
        assert cloud.get("/").body == b'{"CIStatus":"off"}'


class TestList:
    def test_list_has_the_buckets_that_are_bound(self, cloud):
        cloud.seed(ci="on")
        cloud.control.put_bucket("ap-beijing", "other-1250000000", ci="on")
        cloud.control.put_bucket("ap-beijing", "unbound-1250000000")

        reply = cloud.get("/cibuckets", host=cloud.regional)

        assert reply.text("TotalCount") == "2"
        assert [(child.tag, child.text) for child in reply.xml.findall("CIBucketList")[1]] == [
            ("BucketId", cloud.bucket),
            ("BucketName", "test"),
            ("AppId", "1250000000"),
            ("CreateTime", "2023-11-15T06:13:20+0800"),
            ("Region", cloud.region),
            ("Status", "on"),
        ]

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({"bucketName": "ot"}, ["other-1250000000"]),
            ({"region": "ap-chongqing"}, ["test-1250000000"]),
            ({"tagKey": "a;b"}, []),
            ({"pageNumber": "2", "pageSize": "1"}, ["test-1250000000"]),
        ],
    )
    def test_list_follows_its_parameters(self, cloud, query, names):
        cloud.seed(ci="on")
        cloud.control.put_bucket("ap-beijing", "other-1250000000", ci="on")

        assert cloud.get("/cibuckets", host=cloud.regional, query=query).texts("CIBucketList/BucketId") == names

    def test_list_may_be_without_the_status(self, make_cloud):
        cloud = make_cloud(assumptions={"bucket_status": "absent"})
        cloud.seed(ci="on")

        (item,) = cloud.get("/cibuckets", host=cloud.regional).xml.findall("CIBucketList")
        assert "Status" not in [child.tag for child in item]


class TestUnboundBucket:
    def test_other_calls_are_refused_when_only_smart_audio_was_left_on(self, cloud):
        cloud.seed(ci="off", asr="on")

        assert cloud.get("/asrqueue").refusal == (400, "InvalidArgument")
        assert cloud.get("/workflow").refusal == (400, "InvalidArgument")

    def test_other_calls_are_refused_with_another_code_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"unbound_code": "AccessDenied"})
        cloud.seed()

        assert cloud.get("/inventorytriggerjob").refusal == (403, "AccessDenied")

    def test_a_bucket_whose_folder_is_gone_is_forgotten(self, cloud, tmp_path):
        cloud.seed(ci="on")
        (tmp_path / "data-0" / cloud.region / cloud.bucket).rmdir()

        assert cloud.get("/").refusal == (404, "NoSuchBucket")
        cloud.seed()
        assert cloud.get("/").body == b'{"CIStatus":"off"}'

    def test_a_deleted_bucket_takes_its_records_along(self, cloud):
        cloud.seed(ci="on", asr="on", jobs=[{"id": "j1", "state": "Submitted"}])
        cloud.post("/template", body=b"<Request><Tag>NoiseReduction</Tag><Name>n</Name><NoiseReduction/></Request>")

        assert cloud.delete("/", host=cloud.cos).status == 204
        assert cloud.put("/", host=cloud.cos).status == 200

        state = cloud.control.state()
        assert (state["jobs"], state["templates"], state["queues"]) == ([], [], [])
        assert state["buckets"][0]["ci"] == "off"
