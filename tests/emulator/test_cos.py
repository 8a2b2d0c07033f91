import base64
import hashlib

import pytest

CONTENT = b"0123456789"
ETAG = '"781e5e245d69b566979b86e28d23f2c7"'


@pytest.fixture(autouse=True)
def _bucket(cloud):
    cloud.seed()


class Cos:
    def __init__(self, cloud):
        self.cloud = cloud

    def __getattr__(self, name):
        method = name.upper()
        return lambda path="/", **options: self.cloud.call(method, path, host=self.cloud.cos, **options)


@pytest.fixture
def cos(cloud):
    return Cos(cloud)


class TestBucket:
    def test_put_makes_a_bucket_once(self, cloud):
        host = cloud.cos.replace("test", "new")

        assert cloud.put("/", host=host).status == 200
        assert cloud.call("HEAD", "/", host=host).status == 200
        assert cloud.put("/", host=host).refusal == (409, "BucketAlreadyOwnedByYou")

    def test_head_of_a_missing_bucket_has_no_body(self, cloud):
        reply = cloud.call("HEAD", "/", host=cloud.cos.replace("test", "absent"))

        assert (reply.status, reply.body) == (404, b"")

    def test_head_tells_the_region(self, cos):
        assert cos.head().headers["x-cos-bucket-region"] == "ap-chongqing"

    def test_delete_needs_an_empty_bucket(self, cos):
        cos.put("/a/b", body=CONTENT)

        assert cos.delete().refusal == (409, "BucketNotEmpty")
        cos.delete("/a/b")
        assert cos.delete().status == 204
        assert cos.get().refusal == (404, "NoSuchBucket")


class TestObject:
    def test_put_then_get(self, cos):
        put = cos.put("/dir/a.wav", body=CONTENT, headers={"Content-Type": "audio/wav", "x-cos-meta-note": "hello"})
        got = cos.get("/dir/a.wav")

        assert (put.status, put.headers["etag"]) == (200, ETAG)
        assert (got.status, got.body) == (200, CONTENT)
        assert got.headers["etag"] == ETAG
        assert got.headers["content-type"] == "audio/wav"
        assert got.headers["x-cos-meta-note"] == "hello"
        assert got.headers["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
        assert got.headers["accept-ranges"] == "bytes"

    def test_head_describes_without_a_body(self, cos):
        cos.put("/a", body=CONTENT)

        reply = cos.head("/a")

        assert (reply.status, reply.body) == (200, b"")
        assert reply.headers["content-length"] == "10"
        assert reply.headers["etag"] == ETAG

    def test_answers_name_the_request_as_cos_does(self, cos):
        reply = cos.get("/absent")

        assert reply.refusal == (404, "NoSuchKey")
        assert reply.headers["server"] == "tencent-cos"
        assert reply.headers["x-cos-request-id"] == reply.text("RequestId")
        assert reply.text("Resource") == "/absent"
        assert "x-ci-request-id" not in reply.headers

    def test_an_object_is_a_file(self, cos, tmp_path):
        cos.put("/dir/a.wav", body=CONTENT)

        assert (tmp_path / "data-0" / "ap-chongqing" / "test-1250000000" / "dir" / "a.wav").read_bytes() == CONTENT

    def test_a_file_put_by_hand_is_an_object(self, cos, tmp_path):
        file = tmp_path / "data-0" / "ap-chongqing" / "test-1250000000" / "a.wav"
        file.write_bytes(CONTENT)

        assert cos.head("/a.wav").headers["etag"] == ETAG
        assert "wav" in cos.head("/a.wav").headers["content-type"]

        file.write_bytes(b"changed by hand")

        assert cos.head("/a.wav").headers["etag"] == f'"{hashlib.md5(b"changed by hand").hexdigest()}"'

    def test_headers_are_forgotten_when_the_file_is_replaced_by_hand(self, cos, tmp_path):
        cos.put("/a.wav", body=CONTENT, headers={"x-cos-meta-note": "hello"})
        (tmp_path / "data-0" / "ap-chongqing" / "test-1250000000" / "a.wav").write_bytes(b"other")

        assert "x-cos-meta-note" not in cos.head("/a.wav").headers

    def test_put_replaces(self, cos):
        cos.put("/a", body=b"old")
        cos.put("/a", body=CONTENT)

        assert cos.get("/a").body == CONTENT

    def test_delete_removes_and_is_no_error_again(self, cos):
        cos.put("/dir/a", body=CONTENT)

        assert cos.delete("/dir/a").status == 204
        assert cos.delete("/dir/a").status == 204
        assert cos.get("/dir/a").refusal == (404, "NoSuchKey")

    def test_a_deleted_folder_leaves_its_name_free(self, cos):
        cos.put("/dir/a", body=CONTENT)
        cos.delete("/dir/a")

        assert cos.put("/dir", body=CONTENT).status == 200

    def test_a_wrong_digest_is_refused(self, cos):
        digest = base64.b64encode(hashlib.md5(CONTENT).digest()).decode()

        assert cos.put("/a", body=CONTENT, headers={"Content-MD5": digest}).status == 200
        assert cos.put("/a", body=b"other", headers={"Content-MD5": digest}).refusal == (400, "InvalidDigest")
        assert cos.put("/a", body=b"other", headers={"Content-MD5": "?"}).refusal == (400, "InvalidDigest")
        assert cos.get("/a").body == CONTENT

    @pytest.mark.parametrize(
        ("wanted", "content", "described"),
        [
            ("bytes=0-3", b"0123", "bytes 0-3/10"),
            ("bytes=5-", b"56789", "bytes 5-9/10"),
            ("bytes=-2", b"89", "bytes 8-9/10"),
            ("bytes=8-99", b"89", "bytes 8-9/10"),
        ],
    )
    def test_a_range_is_answered_by_206(self, cos, wanted, content, described):
        cos.put("/a", body=CONTENT)

        reply = cos.get("/a", headers={"Range": wanted})

        assert (reply.status, reply.body) == (206, content)
        assert reply.headers["content-range"] == described

    @pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=0-1,3-4", "lines=1-2", "bytes", "bytes=3-1"])
    def test_a_range_that_makes_no_sense_is_refused(self, cos, wanted):
        cos.put("/a", body=CONTENT)

        assert cos.get("/a", headers={"Range": wanted}).refusal == (416, "InvalidRange")

    def test_a_missing_bucket_is_told(self, cloud):
        host = cloud.cos.replace("test", "absent")

        assert cloud.put("/a", host=host).refusal == (404, "NoSuchBucket")
        assert cloud.get("/a", host=host).refusal == (404, "NoSuchBucket")

    @pytest.mark.parametrize(
        ("method", "query"), [("PUT", {"acl": ""}), ("GET", {"versionId": "1"}), ("GET", {"acl": ""})]
    )
    def test_sub_resources_that_are_not_emulated_are_refused(self, cos, method, query):
        assert getattr(cos, method.lower())("/a", query=query).refusal == (400, "InvalidArgument")

    def test_copying_is_refused(self, cos):
        reply = cos.put("/a", headers={"x-cos-copy-source": "other"})

        assert reply.refusal == (400, "InvalidArgument")


class TestKeys:
    @pytest.mark.parametrize(
        "key", ["腾讯云.wav", "a b+c,d&e=f.wav", "q?x#y%2F", "new\nline", "~", "a\\b", ".hidden", "x" * 255]
    )
    def test_unusual_keys_are_kept(self, cos, key):
        cos.put(f"/{key}", body=CONTENT)

        assert cos.get(f"/{key}").body == CONTENT
        assert cos.get(query={"encoding-type": "url"}).status == 200

    @pytest.mark.parametrize(
        "key", ["../outside", "a/../../outside", "a/..", "/absolute", "a//b", "dir/", "./a", "a\0b", "..", "/"]
    )
    def test_keys_that_are_no_plain_path_are_refused(self, cos, key, tmp_path):
        before = sorted(tmp_path.rglob("*"))

        for method in ("PUT", "GET", "DELETE", "POST"):
            query = {"uploads": ""} if method == "POST" else {}
            assert getattr(cos, method.lower())(f"/{key}", query=query).refusal == (400, "InvalidUrl")
        assert cos.head(f"/{key}").status == 400
        assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == [p for p in before if p.is_file()]

    @pytest.mark.parametrize("key", ["x" * 256, "/".join(["x" * 200] * 5)])
    def test_long_keys_are_refused(self, cos, key):
        assert cos.put(f"/{key}", body=CONTENT).refusal == (400, "KeyTooLong")

    def test_a_key_cannot_be_the_folder_of_another(self, cos):
        cos.put("/dir/a", body=CONTENT)
        cos.put("/file", body=CONTENT)

        assert cos.put("/dir", body=CONTENT).refusal == (409, "PathConflict")
        assert cos.put("/file/below", body=CONTENT).refusal == (409, "PathConflict")
        assert cos.get("/dir").refusal == (404, "NoSuchKey")
        assert cos.get("/file/below").refusal == (404, "NoSuchKey")
        assert cos.delete("/dir").status == 204
        assert cos.get("/dir/a").body == CONTENT

    def test_symbolic_links_lead_nowhere(self, cos, tmp_path):
        (tmp_path / "secret").mkdir()
        (tmp_path / "secret" / "file").write_text("secret")
        bucket = tmp_path / "data-0" / "ap-chongqing" / "test-1250000000"
        (bucket / "link").symlink_to(tmp_path / "secret")
        (bucket / "file").symlink_to(tmp_path / "secret" / "file")

        assert cos.get("/link/file").refusal == (404, "NoSuchKey")
        assert cos.get("/file").refusal == (404, "NoSuchKey")
        assert cos.put("/link/new", body=CONTENT).refusal == (409, "PathConflict")
        assert cos.get().texts("Contents/Key") == []


class TestList:
    @pytest.fixture(autouse=True)
    def _objects(self, cos):
        for key in ("a/1", "a/2", "b", "c/d/3", "é"):
            cos.put(f"/{key}", body=CONTENT)

    def test_get_describes_objects(self, cos):
        reply = cos.get()

        assert reply.texts("Contents/Key") == ["a/1", "a/2", "b", "c/d/3", "é"]
        assert [child.tag for child in reply.xml.find("Contents")] == [
            "Key",
            "LastModified",
            "ETag",
            "Size",
            "Owner",
            "StorageClass",
        ]
        assert reply.text("Contents/ETag") == ETAG
        assert reply.text("Contents/LastModified") == "2023-11-14T22:13:20.000Z"
        assert reply.text("IsTruncated") == "false"

    @pytest.mark.parametrize(
        ("query", "keys", "prefixes"),
        [
            ({"prefix": "a/"}, ["a/1", "a/2"], []),
            ({"delimiter": "/"}, ["b", "é"], ["a/", "c/"]),
            ({"prefix": "c/", "delimiter": "/"}, [], ["c/d/"]),
            ({"marker": "a/2"}, ["b", "c/d/3", "é"], []),
            ({"marker": "a/", "delimiter": "/"}, ["b", "é"], ["c/"]),
            ({"max-keys": "0"}, [], []),
            ({"prefix": "z"}, [], []),
            ({"encoding-type": "url", "prefix": "é"}, ["%C3%A9"], []),
        ],
    )
    def test_get_follows_its_parameters(self, cos, query, keys, prefixes):
        reply = cos.get(query=query)

        assert reply.texts("Contents/Key") == keys
        assert reply.texts("CommonPrefixes/Prefix") == prefixes

    @pytest.mark.parametrize("delimiter", ["", "/"])
    def test_get_goes_on_with_markers(self, cos, delimiter):
        found, query = [], {"max-keys": "1", "delimiter": delimiter}
        while True:
            reply = cos.get(query=query)
            found += reply.texts("Contents/Key") + reply.texts("CommonPrefixes/Prefix")
            if reply.text("IsTruncated") == "false":
                break
            query["marker"] = reply.text("NextMarker")

        assert found == (["a/", "b", "c/", "é"] if delimiter else ["a/1", "a/2", "b", "c/d/3", "é"])

    @pytest.mark.parametrize("query", [{"max-keys": "1001"}, {"max-keys": "-1"}, {"encoding-type": "xml"}])
    def test_get_refuses_what_it_does_not_know(self, cos, query):
        assert cos.get(query=query).refusal == (400, "InvalidArgument")


class TestUpload:
    @pytest.fixture
    def upload(self, cos):
        return {"uploadId": cos.post("/big", query={"uploads": ""}).text("UploadId")}

    @staticmethod
    def completion(*parts):
        rows = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag></Part>" for n, etag in parts)
        return f"<CompleteMultipartUpload>{rows}</CompleteMultipartUpload>".encode()

    def send(self, cos, upload, number, content):
        return cos.put("/big", query={"partNumber": str(number), **upload}, body=content).headers["etag"]

    def test_parts_become_an_object(self, cos, upload):
        second = self.send(cos, upload, 2, b"56789")
        self.send(cos, upload, 1, b"wrong")
        first = self.send(cos, upload, 1, b"01234")

        listed = cos.get("/big", query=upload)
        assert listed.texts("Part/PartNumber") == ["1", "2"]
        assert listed.texts("Part/ETag") == [first, second]
        assert cos.get("/big").refusal == (404, "NoSuchKey")
        assert cos.get(query={"uploads": ""}).texts("Upload/Key") == ["big"]

        reply = cos.post("/big", query=upload, body=self.completion((1, first), (2, second)))

        assert (reply.status, reply.xml.tag) == (200, "CompleteMultipartUploadResult")
        assert (reply.text("Key"), reply.text("ETag")) == ("big", ETAG)
        assert cos.get("/big").body == CONTENT
        assert cos.get("/big", query=upload).refusal == (404, "NoSuchUpload")
        assert cos.get(query={"uploads": ""}).texts("Upload") == []

    def test_parts_are_listed_page_by_page(self, cos, upload):
        for number in (1, 2, 3):
            self.send(cos, upload, number, b"part")

        first = cos.get("/big", query={**upload, "max-parts": "2"})
        second = cos.get("/big", query={**upload, "part-number-marker": first.text("NextPartNumberMarker")})

        assert first.texts("Part/PartNumber") + second.texts("Part/PartNumber") == ["1", "2", "3"]
        assert (first.text("IsTruncated"), second.text("IsTruncated")) == ("true", "false")

    def test_completing_is_refused_for_wrong_parts(self, cos, upload):
        first, second = self.send(cos, upload, 1, b"01234"), self.send(cos, upload, 2, b"56789")

        for parts, code in (
            (((2, second), (1, first)), "InvalidPartOrder"),
            (((1, first), (1, first)), "InvalidPartOrder"),
            (((1, second),), "InvalidPart"),
            (((3, first),), "InvalidPart"),
            ((("x", first),), "InvalidPart"),
            ((), "InvalidArgument"),
        ):
            reply = cos.post("/big", query=upload, body=self.completion(*parts))
            assert reply.refusal == (400, code)
        assert cos.post("/big", query=upload, body=b"<").refusal == (400, "InvalidContent")
        assert cos.get("/big", query=upload).status == 200

    def test_aborting_drops_the_parts(self, cos, cloud, upload):
        self.send(cos, upload, 1, b"01234")

        assert cos.delete("/big", query=upload).status == 204
        assert cos.delete("/big", query=upload).refusal == (404, "NoSuchUpload")
        assert not [path for path in cloud.emulator.store.objects.new_file().parent.rglob("*") if path.is_file()]

    def test_an_upload_belongs_to_its_key(self, cos, upload):
        assert cos.get("/other", query=upload).refusal == (404, "NoSuchUpload")
        query = {"partNumber": "0", **upload}
        assert cos.put("/big", query=query).refusal == (400, "InvalidArgument")
        assert cos.put("/big", query={**query, "partNumber": "10001"}).refusal == (400, "InvalidArgument")
