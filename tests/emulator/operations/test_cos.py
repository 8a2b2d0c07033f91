import base64
import hashlib
import os

import fastcrc
import pytest

CONTENT = b"0123456789"
ETAG = '"781e5e245d69b566979b86e28d23f2c7"'
CRC64 = str(fastcrc.crc64.xz(CONTENT))
MD5_OF_PARTS = hashlib.md5(hashlib.md5(b"01234").digest() + hashlib.md5(b"56789").digest()).hexdigest()


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

    def test_answers_name_the_request_as_cos_does(self, cloud, cos):
        reply = cos.get("/absent")

        assert reply.refusal == (404, "NoSuchKey")
        assert reply.headers["server"] == "tencent-cos"
        assert reply.headers["x-cos-request-id"] == reply.text("RequestId")
        assert reply.text("Resource") == f"{cloud.cos}/absent"
        assert reply.headers["x-cos-trace-id"]
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

    def test_a_pipe_put_by_hand_is_no_object_and_hangs_nothing(self, cloud, cos, tmp_path):
        folder = tmp_path / "data-0" / cloud.region / cloud.bucket
        os.mkfifo(folder / "pipe")

        assert cos.get("/pipe").refusal == (404, "NoSuchKey")
        assert cos.get().texts("Contents/Key") == []
        assert cos.put("/pipe", body=CONTENT).status == 200
        assert cos.get("/pipe").body == CONTENT

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
        assert cos.put("/a", body=b"other", headers={"Content-MD5": digest}).refusal == (400, "BadDigest")
        assert cos.put("/a", body=b"other", headers={"Content-MD5": "?"}).refusal == (400, "InvalidDigest")
        assert cos.get("/a").body == CONTENT

    @pytest.mark.parametrize(
        ("wanted", "content", "described"),
        [
            ("bytes=0-3", b"0123", "bytes 0-3/10"),
            ("bytes=5-", b"56789", "bytes 5-9/10"),
            ("bytes=-2", b"89", "bytes 8-9/10"),
            ("bytes=8-99", b"89", "bytes 8-9/10"),
            ("bytes=-99", b"0123456789", "bytes 0-9/10"),
        ],
    )
    def test_a_range_is_answered_by_206(self, cos, wanted, content, described):
        cos.put("/a", body=CONTENT)

        reply = cos.get("/a", headers={"Range": wanted})

        assert (reply.status, reply.body) == (206, content)
        assert reply.headers["content-range"] == described

    @pytest.mark.parametrize(
        "wanted", ["bytes=10-", "bytes=0-1,3-4", "lines=1-2", "bytes", "bytes=3-1", "bytes=-", "bytes=-0"]
    )
    def test_a_range_that_makes_no_sense_is_refused(self, cos, wanted):
        cos.put("/a", body=CONTENT)

        assert cos.get("/a", headers={"Range": wanted}).refusal == (416, "InvalidRange")

    def test_every_answer_about_content_tells_its_crc(self, cos):
        put, got, head = cos.put("/a", body=CONTENT), cos.get("/a"), cos.head("/a")
        part = cos.get("/a", headers={"Range": "bytes=0-3"})

        assert {reply.headers["x-cos-hash-crc64ecma"] for reply in (put, got, head, part)} == {CRC64}
        cos.put("/empty")
        assert cos.head("/empty").headers["x-cos-hash-crc64ecma"] == "0"

    @pytest.mark.parametrize(
        ("condition", "value", "status"),
        [
            ("If-None-Match", ETAG, 304),
            ("If-None-Match", ETAG.strip('"'), 304),
            ("If-None-Match", "*", 304),
            ("If-None-Match", f'"0", W/{ETAG}', 304),
            ("If-None-Match", '"0"', 200),
            ("If-Match", ETAG, 200),
            ("If-Match", '"0"', 412),
            ("If-Modified-Since", "Tue, 14 Nov 2023 22:13:20 GMT", 304),
            ("If-Modified-Since", "Tue, 14 Nov 2023 22:13:19 GMT", 200),
            ("If-Modified-Since", "yesterday", 200),
            ("If-Unmodified-Since", "Tue, 14 Nov 2023 22:13:20 GMT", 200),
            ("If-Unmodified-Since", "Tue, 14 Nov 2023 22:13:19 GMT", 412),
        ],
    )
    @pytest.mark.parametrize("method", ["get", "head"])
    def test_a_condition_decides_what_is_sent(self, cos, method, condition, value, status):
        cos.put("/a", body=CONTENT)

        reply = getattr(cos, method)("/a", headers={condition: value})

        assert reply.status == status
        assert reply.body == b"" if status == 304 or method == "head" else reply.body
        if status == 304:
            assert reply.headers["etag"] == ETAG
        if (status, method) == (412, "get"):
            assert reply.refusal == (412, "PreconditionFailed")

    def test_an_object_is_not_replaced_when_that_is_forbidden(self, cos):
        forbidden = {"x-cos-forbid-overwrite": "true"}

        assert cos.put("/a", body=CONTENT, headers=forbidden).status == 200
        assert cos.put("/a", body=b"other", headers=forbidden).refusal == (409, "FileAlreadyExists")
        assert cos.get("/a").body == CONTENT

    def test_a_missing_bucket_is_told(self, cloud):
        host = cloud.cos.replace("test", "absent")

        assert cloud.put("/a", host=host).refusal == (404, "NoSuchBucket")
        assert cloud.get("/a", host=host).refusal == (404, "NoSuchBucket")

    @pytest.mark.parametrize(
        ("method", "query"), [("PUT", {"acl": ""}), ("GET", {"versionId": "1"}), ("GET", {"acl": ""})]
    )
    def test_sub_resources_that_are_not_emulated_are_refused(self, cos, method, query):
        assert getattr(cos, method.lower())("/a", query=query).refusal == (501, "NotImplemented")


class TestKeys:
    @pytest.mark.parametrize(
        "key", ["腾讯云.wav", "a b+c,d&e=f.wav", "q?x#y%2F", "new\nline", "~", "a\\b", ".hidden", "x" * 255]
    )
    def test_unusual_keys_are_kept(self, cos, key):
        cos.put(f"/{key}", body=CONTENT)

        assert cos.get(f"/{key}").body == CONTENT
        assert cos.get(query={"encoding-type": "url"}).status == 200

    @pytest.mark.parametrize(
        "key",
        [
            "../outside",
            "a/../../outside",
            "a/..",
            "/absolute",
            "a//b",
            "dir//",
            "./a",
            "a\0b",
            "..",
            "/",
            "a/.emulator-folder",
        ],
    )
    def test_keys_that_are_no_plain_path_are_refused(self, cos, key, tmp_path):
        before = sorted(tmp_path.rglob("*"))

        for method in ("PUT", "GET", "DELETE", "POST"):
            query = {"uploads": ""} if method == "POST" else {}
            assert getattr(cos, method.lower())(f"/{key}", query=query).refusal == (400, "InvalidObjectName")
        assert cos.head(f"/{key}").status == 400
        assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == [p for p in before if p.is_file()]

    @pytest.mark.parametrize("key", ["x" * 256, "/".join(["x" * 200] * 5)])
    def test_long_keys_are_refused(self, cos, key):
        assert cos.put(f"/{key}", body=CONTENT).refusal == (400, "KeyTooLong")

    def test_a_key_with_a_slash_behind_is_a_folder(self, cos):
        assert cos.put("/raw/deep/").status == 200
        cos.put("/raw/deep/a", body=CONTENT)

        assert cos.head("/raw/deep/").headers["content-length"] == "0"
        assert cos.get().texts("Contents/Key") == ["raw/deep/", "raw/deep/a"]
        assert cos.get(query={"prefix": "raw/deep/", "delimiter": "/"}).texts("Contents/Key") == [
            "raw/deep/",
            "raw/deep/a",
        ]
        assert cos.get("/raw/deep").refusal == (404, "NoSuchKey")
        assert cos.get("/raw/").refusal == (404, "NoSuchKey")
        cos.delete("/raw/deep/a")
        assert cos.get().texts("Contents/Key") == ["raw/deep/"]
        cos.delete("/raw/deep/")
        assert cos.put("/raw", body=CONTENT).status == 200

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
        assert (reply.text("Key"), reply.text("ETag")) == ("big", f'"{MD5_OF_PARTS}-2"')
        assert cos.head("/big").headers["etag"] == reply.text("ETag")
        assert reply.headers["x-cos-hash-crc64ecma"] == CRC64
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
            ((), "MalformedXML"),
        ):
            reply = cos.post("/big", query=upload, body=self.completion(*parts))
            assert reply.refusal == (400, code)
        assert cos.post("/big", query=upload, body=b"<").refusal == (400, "MalformedXML")
        assert cos.post("/big", query=upload).refusal == (400, "MissingRequestBodyError")
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


class TestCopy:
    @pytest.fixture(autouse=True)
    def _source(self, cloud, cos):
        cloud.control.put_bucket("ap-beijing", "other-1250000000")
        headers = {"Content-Type": "audio/wav", "x-cos-meta-note": "hello"}
        cloud.put("/源 a.wav", host="other-1250000000.cos.ap-beijing.myqcloud.com", body=CONTENT, headers=headers)

    SOURCE = "other-1250000000.cos.ap-beijing.myqcloud.com/%E6%BA%90%20a.wav"

    def copy(self, cos, key="/copy", source=SOURCE, **headers):
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cos.put(key, headers={"x-cos-copy-source": source, **named})

    def test_it_holds_the_content_and_the_headers(self, cos):
        reply = self.copy(cos)
        got = cos.get("/copy")

        assert reply.xml.tag == "CopyObjectResult"
        assert (reply.text("ETag"), reply.text("CRC64")) == (ETAG, CRC64)
        assert reply.text("LastModified") == "2023-11-14T22:13:20.000Z"
        assert (got.body, got.headers["content-type"], got.headers["x-cos-meta-note"]) == (
            CONTENT,
            "audio/wav",
            "hello",
        )

    def test_it_takes_the_headers_of_the_request_when_they_replace(self, cos):
        self.copy(cos, x_cos_metadata_directive="Replaced", x_cos_meta_colour="red")
        got = cos.get("/copy")

        assert "x-cos-meta-note" not in got.headers
        assert got.headers["x-cos-meta-colour"] == "red"

    def test_it_may_be_of_itself(self, cloud, cos):
        cos.put("/a", body=CONTENT)
        self.copy(cos, "/a", f"{cloud.cos}/a", x_cos_metadata_directive="Replaced", x_cos_meta_colour="red")

        assert (cos.get("/a").body, cos.get("/a").headers["x-cos-meta-colour"]) == (CONTENT, "red")

    @pytest.mark.parametrize(
        ("source", "refusal"),
        [
            (f"{SOURCE}x", (404, "NoSuchCopySource")),
            ("absent-1250000000.cos.ap-beijing.myqcloud.com/a", (404, "NoSuchCopySource")),
            ("other-1250000000.cos.ap-beijing.myqcloud.com", (400, "InvalidCopySource")),
            ("other-1250000000.ci.ap-beijing.myqcloud.com/a", (400, "InvalidCopySource")),
            ("example.com/a", (400, "InvalidCopySource")),
            ("other-1250000000.cos.ap-beijing.myqcloud.com/../a", (400, "InvalidObjectName")),
            (f"{SOURCE}?versionId=1", (501, "NotImplemented")),
        ],
    )
    def test_a_source_that_cannot_be_copied_is_refused(self, cos, source, refusal):
        assert self.copy(cos, source=source).refusal == refusal
        assert cos.get("/copy").refusal == (404, "NoSuchKey")

    @pytest.mark.parametrize(
        ("condition", "value", "status"),
        [
            ("If-Match", ETAG, 200),
            ("If-Match", '"0"', 412),
            ("If-None-Match", ETAG, 412),
            ("If-Modified-Since", "Tue, 14 Nov 2023 22:13:20 GMT", 412),
            ("If-Unmodified-Since", "Tue, 14 Nov 2023 22:13:19 GMT", 412),
        ],
    )
    def test_a_condition_on_the_source_decides(self, cos, condition, value, status):
        reply = self.copy(cos, **{f"x-cos-copy-source-{condition}": value})

        assert reply.status == status

    def test_a_range_becomes_a_part(self, cos):
        upload = {"uploadId": cos.post("/big", query={"uploads": ""}).text("UploadId")}
        source = {"x-cos-copy-source": self.SOURCE}
        parts = []
        for number, wanted in ((1, "bytes=0-4"), (2, "bytes=5-9")):
            headers = {**source, "x-cos-copy-source-range": wanted}
            reply = cos.put("/big", query={"partNumber": str(number), **upload}, headers=headers)
            assert reply.xml.tag == "CopyPartResult"
            parts.append((number, reply.text("ETag")))
        completed = cos.post("/big", query=upload, body=TestUpload.completion(*parts))

        assert parts[0][1] == f'"{hashlib.md5(b"01234").hexdigest()}"'
        assert completed.text("ETag") == f'"{MD5_OF_PARTS}-2"'
        assert cos.get("/big").body == CONTENT

    def test_a_whole_object_becomes_a_part(self, cos):
        upload = {"uploadId": cos.post("/big", query={"uploads": ""}).text("UploadId")}
        cos.put("/big", query={"partNumber": "1", **upload}, headers={"x-cos-copy-source": self.SOURCE})

        assert cos.get("/big", query=upload).texts("Part/Size") == ["10"]

    def test_a_part_of_a_missing_source_is_refused(self, cos):
        upload = {"uploadId": cos.post("/big", query={"uploads": ""}).text("UploadId")}
        reply = cos.put("/big", query={"partNumber": "1", **upload}, headers={"x-cos-copy-source": f"{self.SOURCE}x"})

        assert reply.refusal == (404, "NoSuchCopySource")
        assert cos.get("/big", query=upload).texts("Part") == []


class TestDeleteMany:
    @staticmethod
    def body(*keys, quiet=""):
        return f"<Delete>{quiet}{''.join(f'<Object><Key>{key}</Key></Object>' for key in keys)}</Delete>".encode()

    def test_those_that_are_there_and_those_that_are_not_are_deleted(self, cos):
        for key in ("a", "b/c", "kept"):
            cos.put(f"/{key}", body=CONTENT)

        reply = cos.post(query={"delete": ""}, body=self.body("a", "b/c", "absent"))

        assert reply.xml.tag == "DeleteResult"
        assert reply.texts("Deleted/Key") == ["a", "b/c", "absent"]
        assert cos.get().texts("Contents/Key") == ["kept"]

    def test_what_cannot_be_deleted_is_told_and_in_a_quiet_one_nothing_else(self, cos):
        reply = cos.post(query={"delete": ""}, body=self.body("a", "../b", quiet="<Quiet>true</Quiet>"))

        assert reply.texts("Deleted") == []
        assert (reply.text("Error/Key"), reply.text("Error/Code")) == ("../b", "InvalidObjectName")

    @pytest.mark.parametrize("body", [b"<Delete/>", b"<Delete><Object/></Delete>", body(*"a" * 1001), b"<Other/>"])
    def test_what_is_no_list_of_keys_is_refused(self, cos, body):
        assert cos.post(query={"delete": ""}, body=body).refusal == (400, "MalformedXML")


class TestBackupDomain:
    def test_it_is_the_same_bucket(self, cloud, cos):
        cos.put("/a", body=CONTENT)

        assert cloud.get("/a", host=cloud.cos.replace("myqcloud.com", "tencentcos.cn")).body == CONTENT


class TestSignature:
    """COS's own codes (436/7730)."""

    def test_codes_are_those_of_cos(self, cloud, cos):
        now = 1_700_000_000
        unsigned = cloud.send("GET", cloud.cos, "/a", {}, b"")
        malformed = cloud.send("GET", cloud.cos, "/a", {"Authorization": "x"}, b"")
        expired = cos.get("/a", times=(now - 60, now - 1))

        assert unsigned.refusal == malformed.refusal == expired.refusal == (403, "AccessDenied")
        assert unsigned.text("Message") == "Access Denied."
        assert expired.text("Message") == "Request has expired"
        assert cos.get("/a", key=("other", "emulator")).refusal == (403, "InvalidAccessKeyId")
        assert cos.get("/a", key=("emulator", "other")).refusal == (403, "SignatureDoesNotMatch")

    def test_a_method_that_is_not_there_has_its_own_code(self, cos):
        assert cos.patch("/a").refusal == (405, "MethodNotAllowed")


def test_every_answer_about_a_bucket_tells_its_region(cloud, cos):
    made = cloud.put("/", host=cloud.cos.replace("test", "new"))

    for reply in (made, cos.head(), cos.get(), cos.get(query={"uploads": ""})):
        assert reply.headers["x-cos-bucket-region"] == cloud.region


def test_lists_name_whose_uploads_and_parts_they_are(cos):
    upload = {"uploadId": cos.post("/big", query={"uploads": ""}).text("UploadId")}
    uploads, parts = cos.get(query={"uploads": ""}), cos.get("/big", query=upload)

    assert {"KeyMarker", "UploadIdMarker"} <= {child.tag for child in uploads.xml}
    for name in ("Initiator", "Owner"):
        assert uploads.text(f"Upload/{name}/ID") == parts.text(f"{name}/ID")


def test_a_list_names_its_delimiter_only_if_it_has_one(cos):
    assert cos.get().xml.find("Delimiter") is None
    assert cos.get(query={"delimiter": "/"}).text("Delimiter") == "/"
