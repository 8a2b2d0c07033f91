import pytest


def names(element):
    return [child.tag for child in element]


class TestEnable:
    def test_post_enables_binds_and_makes_a_queue(self, cloud):
        cloud.seed()

        reply = cloud.post("/asrbucket")

        assert reply.status == 200
        assert names(reply.xml) == ["RequestId", "AsrBucket"]
        assert names(reply.xml.find("AsrBucket")) == ["Name", "CreateTime", "Region", "AliasBucketId", "BucketId"]
        assert reply.text("AsrBucket/BucketId") == cloud.bucket
        assert cloud.get("/").body == b'{"CIStatus":"on"}'
        assert len(cloud.control.state()["queues"]) == 1

    def test_post_ignores_a_body(self, cloud):
        cloud.seed()

        assert cloud.post("/asrbucket", body=b"<Request><Bucket>wrong</Bucket></Request>").status == 200

    def test_post_again_changes_nothing(self, cloud):
        cloud.seed()
        first = cloud.post("/asrbucket")
        queues = cloud.control.state()["queues"]
        cloud.control.advance(60)

        assert cloud.post("/asrbucket").text("AsrBucket/CreateTime") == first.text("AsrBucket/CreateTime")
        assert cloud.control.state()["queues"] == queues

    def test_post_refuses_a_bucket_that_does_not_exist(self, cloud):
        assert cloud.post("/asrbucket").refusal == (404, "NoSuchBucket")


class TestDisable:
    def test_delete_names_the_bucket_and_drops_the_queue(self, ready):
        reply = ready.delete("/asrbucket")

        assert [(child.tag, child.text) for child in reply.xml][1:] == [("BucketName", ready.bucket)]
        assert ready.control.state()["queues"] == []

    def test_delete_when_off_is_refused_with_the_known_message(self, cloud):
        cloud.seed(ci="on")

        reply = cloud.delete("/asrbucket")

        assert reply.refusal == (400, "AsrBucketUnBinded")
        assert reply.text("Message") == "Asr processing service is not activated"

    def test_enabling_again_makes_another_queue(self, ready):
        before = ready.control.state()["queues"][0]["id"]
        ready.delete("/asrbucket")
        ready.post("/asrbucket")

        assert ready.control.state()["queues"][0]["id"] != before

    def test_delete_cancels_what_waits(self, make_cloud, denoise_gate):
        cloud = make_cloud(queue_concurrency=1)
        cloud.ready()
        running, waiting = cloud.submitted(), cloud.submitted()

        cloud.delete("/asrbucket")

        states = {job["id"]: job["state"] for job in cloud.control.state()["jobs"]}
        assert states == {running: "Running", waiting: "Cancel"}

    def test_delete_is_refused_while_jobs_are_unfinished_when_assumed(self, make_cloud, denoise_gate):
        cloud = make_cloud(assumptions={"disable_with_waiting_jobs": "refuse"})
        cloud.ready()
        cloud.submitted()

        assert cloud.delete("/asrbucket").refusal == (400, "InvalidArgument")


class TestOff:
    @pytest.mark.parametrize(
        ("method", "path", "query"),
        [
            ("POST", "/jobs", {}),
            ("GET", "/jobs/j1", {}),
            ("GET", "/jobs", {"tag": "NoiseReduction"}),
            ("PUT", "/jobs/j1", {"cancel": ""}),
            ("GET", "/asrqueue", {}),
            ("PUT", "/asrqueue/p1", {}),
            ("POST", "/template", {}),
            ("GET", "/template", {}),
            ("PUT", "/template/t1", {}),
            ("DELETE", "/template/t1", {}),
        ],
    )
    def test_every_call_that_needs_smart_audio_is_refused(self, cloud, method, path, query):
        cloud.seed(ci="on")

        assert cloud.call(method, path, query=query).refusal == (400, "AsrBucketUnBinded")


class TestQuery:
    @pytest.fixture(autouse=True)
    def _buckets(self, cloud):
        cloud.seed(asr="on")
        cloud.control.put_bucket("ap-beijing", "other-1250000000", asr="on", services=["media", "ai"])
        cloud.control.put_bucket("ap-beijing", "plain-1250000000", services=["media"])

    def test_query_describes_the_enabled_buckets(self, cloud):
        reply = cloud.get("/asrbucket", host=cloud.regional)

        assert names(reply.xml) == [
            "RequestId",
            "TotalCount",
            "PageNumber",
            "PageSize",
            "AsrBucketList",
            "AsrBucketList",
        ]
        assert [reply.text(name) for name in ("TotalCount", "PageNumber", "PageSize")] == ["2", "1", "10"]
        assert {child.tag: child.text for child in reply.xml.findall("AsrBucketList")[1]} == {
            "BucketId": cloud.bucket,
            "Name": cloud.bucket,
            "Region": cloud.region,
            "CreateTime": "2023-11-15T06:13:20+0800",
            "AliasBucketId": None,
        }

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"regions": "ap-chongqing"}, ["test-1250000000"]),
            ({"regions": "ap-chongqing,ap-beijing"}, ["other-1250000000", "test-1250000000"]),
            ({"regions": "All"}, ["other-1250000000", "test-1250000000"]),
            ({"bucketNames": "test-1250000000,absent-1250000000"}, ["test-1250000000"]),
            ({"bucketName": "oth"}, ["other-1250000000"]),
            ({"bucketName": "other", "regions": "ap-chongqing"}, []),
            ({"pageSize": "1", "pageNumber": "2"}, ["test-1250000000"]),
            ({"pageSize": "1", "pageNumber": "3"}, []),
            ({"bucketNames": "", "bucketName": "", "regions": ""}, ["other-1250000000", "test-1250000000"]),
        ],
    )
    def test_query_follows_its_parameters(self, cloud, query, found):
        assert cloud.get("/asrbucket", host=cloud.regional, query=query).texts("AsrBucketList/BucketId") == found

    @pytest.mark.parametrize(
        "query", [{"pageSize": "0"}, {"pageSize": "101"}, {"pageNumber": "0"}, {"pageSize": "ten"}]
    )
    def test_query_refuses_what_it_does_not_know(self, cloud, query):
        assert cloud.get("/asrbucket", host=cloud.regional, query=query).refusal == (400, "InvalidArgument")

    def test_query_refuses_a_misspelt_name_when_strict(self, strict):
        reply = strict.get("/asrbucket", host=strict.regional, query={"regoins": "a"})

        assert reply.refusal == (400, "InvalidArgument")

    @pytest.mark.parametrize("path", ["/mediabucket", "/docbucket", "/file_bucket", "/picbucket", "/ai_bucket"])
    def test_siblings_are_listed_on_the_bucket_host_too(self, cloud, path):
        assert cloud.get(path).body.count(b"<TotalCount>") == 1

    def test_query_is_answered_on_the_bucket_host_too(self, cloud):
        assert cloud.get("/asrbucket").text("TotalCount") == "2"

    def test_query_is_answered_on_the_backup_domain(self, cloud):
        host = f"ci.{cloud.region}.tencentci.cn"

        assert cloud.get("/asrbucket", host=host).text("TotalCount") == "2"

    @pytest.mark.parametrize(
        ("path", "element", "found"),
        [
            ("/mediabucket", "MediaBucketList", ["other-1250000000", "plain-1250000000"]),
            ("/ai_bucket", "AiBucketList", ["other-1250000000"]),
            ("/docbucket", "DocBucketList", []),
            ("/file_bucket", "FileBucketList", []),
            ("/picbucket", "PicBucketList", []),
        ],
    )
    def test_siblings_are_listed_alike(self, cloud, path, element, found):
        reply = cloud.get(path, host=cloud.regional)

        assert reply.texts(f"{element}/BucketId") == found
        assert reply.text("TotalCount") == str(len(found))


def test_query_knows_only_the_region_of_its_host_when_assumed(make_cloud):
    cloud = make_cloud(assumptions={"default_regions": "host"})
    cloud.seed(asr="on")
    cloud.control.put_bucket("ap-beijing", "other-1250000000", asr="on")

    assert cloud.get("/asrbucket", host=cloud.regional).texts("AsrBucketList/Region") == [cloud.region]
    assert len(cloud.get("/asrbucket", host=cloud.regional, query={"regions": "All"}).texts("AsrBucketList")) == 2


class TestSiblings:
    @pytest.mark.parametrize(
        ("path", "element", "name", "code"),
        [
            ("/mediabucket", "MediaBucket", "media", "MediaBucketUnBinded"),
            ("/docbucket", "DocBucket", "doc", "DocBucketUnBinded"),
            ("/file_bucket", "FileBucket", "file", "FileBucketUnBinded"),
            ("/picbucket", "PicBucket", "pic", "PicBucketUnBinded"),
            ("/ai_bucket", "AiBucket", "ai", "AIBucketUnBinded"),
        ],
    )
    def test_a_service_is_enabled_and_disabled(self, make_cloud, path, element, name, code):
        cloud = make_cloud()
        cloud.seed()

        assert cloud.post(path).text(f"{element}/BucketId") == cloud.bucket
        (state,) = cloud.control.state()["buckets"]
        assert (state["ci"], state["services"]) == ("on", [name])
        assert cloud.delete(path).text("BucketName") == cloud.bucket
        assert cloud.delete(path).refusal == (400, code)

    def test_enabling_again_changes_nothing(self, make_cloud):
        cloud = make_cloud()
        cloud.seed()
        first = cloud.post("/mediabucket").text("MediaBucket/CreateTime")
        cloud.control.advance(60)

        assert cloud.post("/mediabucket").text("MediaBucket/CreateTime") == first
