"""Buckets and objects through the official SDK: what a program around a job does with it (436/7733, 436/7749).

Appending, versions, tags and access rules are in the SDK and not in the emulator, which has as much of COS as a program
around a job needs.
"""

from __future__ import annotations

import hashlib
from urllib.parse import unquote

import pytest
import requests
from qcloud_cos.cos_exception import CosServiceError

from tests.conformance.conftest import BUCKET, REGION

CONTENT = bytes(range(256)) * 4
SPECIAL_KEYS = [
    pytest.param("录音/会议 1.wav", id="Chinese"),
    pytest.param("a+b.wav", id="plus"),
    pytest.param("a,b;c.wav", id="comma"),
    pytest.param("a%2Fb.wav", id="percent escape"),
    pytest.param(" a  b .wav", id="spaces"),
    pytest.param("a&b=c?d#e.wav", id="reserved"),
    pytest.param("a~!'()*$@:[]{}|^`<>\"\\.wav", id="punctuation"),
    pytest.param("🎧.wav", id="beyond the BMP"),
]


def read(answer):
    return answer["Body"].get_raw_stream().read()


class TestBuckets:
    def test_new_one_is_there(self, client):
        other = "archive-1250000000"
        assert not client.bucket_exists(Bucket=other)
        client.create_bucket(Bucket=other)

        assert client.bucket_exists(Bucket=other)
        assert client.head_bucket(Bucket=other)["x-cos-bucket-region"] == REGION

    def test_existing_one_is_not_made_again(self, client):
        with pytest.raises(CosServiceError) as caught:
            client.create_bucket(Bucket=BUCKET)

        assert (caught.value.get_status_code(), caught.value.get_error_code()) == (409, "BucketAlreadyOwnedByYou")

    def test_only_an_empty_one_is_deleted(self, client):
        client.put_object(Bucket=BUCKET, Key="a", Body=b"")
        with pytest.raises(CosServiceError) as caught:
            client.delete_bucket(Bucket=BUCKET)
        client.delete_object(Bucket=BUCKET, Key="a")
        client.delete_bucket(Bucket=BUCKET)

        assert caught.value.get_error_code() == "BucketNotEmpty"
        assert not client.bucket_exists(Bucket=BUCKET)


class TestObjects:
    def test_what_went_up_comes_down(self, client):
        put = client.put_object(
            Bucket=BUCKET,
            Key="a.wav",
            Body=CONTENT,
            EnableMD5=True,
            ContentType="audio/wav",
            Metadata={"x-cos-meta-a": "b"},
        )
        got = client.get_object(Bucket=BUCKET, Key="a.wav")

        assert read(got) == CONTENT
        assert put["ETag"] == got["ETag"] == f'"{hashlib.md5(CONTENT).hexdigest()}"'
        assert (got["Content-Type"], got["Content-Length"]) == ("audio/wav", "1024")
        assert got["x-cos-meta-a"] == "b"
        assert got["Last-Modified"].endswith(" GMT")
        assert got["x-cos-request-id"]
        assert "x-ci-request-id" not in got

    def test_head_tells_what_get_tells(self, client):
        client.put_object(Bucket=BUCKET, Key="a.wav", Body=CONTENT)
        got, head = client.get_object(Bucket=BUCKET, Key="a.wav"), client.head_object(Bucket=BUCKET, Key="a.wav")
        read(got)

        names = ("ETag", "Content-Length", "Content-Type", "Last-Modified")
        assert [got[name] for name in names] == [head[name] for name in names]

    def test_body_that_is_not_what_its_digest_says_is_refused(self, client):
        with pytest.raises(CosServiceError) as caught:
            client.put_object(Bucket=BUCKET, Key="a", Body=b"a", ContentMD5="mQ/fVh815F3k6TAUm8m0eg==")

        assert caught.value.get_error_code() == "BadDigest"
        assert not client.object_exists(Bucket=BUCKET, Key="a")

    @pytest.mark.parametrize(
        ("wanted", "content", "described"),
        [
            pytest.param("bytes=0-9", CONTENT[:10], "bytes 0-9/1024", id="begin"),
            pytest.param("bytes=1000-", CONTENT[1000:], "bytes 1000-1023/1024", id="end"),
            pytest.param("bytes=-3", CONTENT[-3:], "bytes 1021-1023/1024", id="suffix"),
            pytest.param("bytes=1020-5000", CONTENT[1020:], "bytes 1020-1023/1024", id="over the end"),
        ],
    )
    def test_ranges_are_cut_out(self, client, sdk, wanted, content, described):
        client.put_object(Bucket=BUCKET, Key="a", Body=CONTENT)
        got = client.get_object(Bucket=BUCKET, Key="a", Range=wanted)

        assert read(got) == content
        assert (got["Content-Range"], got["Content-Length"]) == (described, str(len(content)))
        assert "range" in sdk.signed("q-header-list")

    def test_condition_on_the_etag_decides_what_is_sent(self, client, ci_audio_emulator):
        etag = client.put_object(Bucket=BUCKET, Key="a", Body=CONTENT)["ETag"]
        url = client.get_presigned_url(Bucket=BUCKET, Key="a", Method="GET")
        known = requests.get(url, headers={"If-None-Match": etag}, proxies={"http": ci_audio_emulator.url}, timeout=10)
        with pytest.raises(CosServiceError) as caught:
            client.get_object(Bucket=BUCKET, Key="a", IfMatch='"0"')

        assert read(client.get_object(Bucket=BUCKET, Key="a", IfMatch=etag)) == CONTENT
        assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", etag)
        assert (caught.value.get_status_code(), caught.value.get_error_code()) == (412, "PreconditionFailed")

    def test_every_answer_tells_the_crc_of_the_whole(self, client):
        put = client.put_object(Bucket=BUCKET, Key="a", Body=b"123456789")
        head = client.head_object(Bucket=BUCKET, Key="a")

        # The check value that catalogues of CRCs have for CRC-64/XZ.
        assert put["x-cos-hash-crc64ecma"] == head["x-cos-hash-crc64ecma"] == str(0x995DC9BBDF1939FA)

    def test_many_are_deleted_at_once(self, client):
        for key in ("a", "b/c", "d"):
            client.put_object(Bucket=BUCKET, Key=key, Body=CONTENT)
        answer = client.delete_objects(
            Bucket=BUCKET, Delete={"Object": [{"Key": "a"}, {"Key": "b/c"}, {"Key": "absent"}], "Quiet": "false"}
        )

        assert [item["Key"] for item in answer["Deleted"]] == ["a", "b/c", "absent"]
        assert [item["Key"] for item in client.list_objects(Bucket=BUCKET)["Contents"]] == ["d"]

    def test_range_behind_the_end_is_refused(self, client):
        client.put_object(Bucket=BUCKET, Key="a", Body=CONTENT)
        with pytest.raises(CosServiceError) as caught:
            client.get_object(Bucket=BUCKET, Key="a", Range="bytes=2000-")

        assert (caught.value.get_status_code(), caught.value.get_error_code()) == (416, "InvalidRange")

    def test_answer_takes_the_headers_that_are_wished_for(self, client):
        client.put_object(Bucket=BUCKET, Key="a", Body=CONTENT)
        got = client.get_object(Bucket=BUCKET, Key="a", ResponseContentType="text/x-wish")
        read(got)

        assert got["Content-Type"] == "text/x-wish"

    def test_deleting_twice_is_fine(self, client):
        client.put_object(Bucket=BUCKET, Key="a", Body=CONTENT)
        for _ in range(2):
            client.delete_object(Bucket=BUCKET, Key="a")

        assert not client.object_exists(Bucket=BUCKET, Key="a")


class TestKeys:
    @pytest.mark.parametrize("key", SPECIAL_KEYS)
    def test_special_ones_are_kept(self, client, ci_audio_emulator, key):
        client.put_object(Bucket=BUCKET, Key=key, Body=key.encode())

        assert read(client.get_object(Bucket=BUCKET, Key=key)) == key.encode()
        assert [item["Key"] for item in client.list_objects(Bucket=BUCKET)["Contents"]] == [key]
        assert ci_audio_emulator.get_object(REGION, BUCKET, key) == key.encode()
        client.delete_object(Bucket=BUCKET, Key=key)
        assert not client.object_exists(Bucket=BUCKET, Key=key)

    def test_leading_slash_is_dropped_by_the_sdk(self, client):
        client.put_object(Bucket=BUCKET, Key="/a.wav", Body=CONTENT)

        assert [item["Key"] for item in client.list_objects(Bucket=BUCKET)["Contents"]] == ["a.wav"]

    def test_one_with_a_slash_behind_is_a_folder(self, client):
        client.put_object(Bucket=BUCKET, Key="raw/", Body=b"")
        client.put_object(Bucket=BUCKET, Key="raw/a.wav", Body=CONTENT)

        assert client.object_exists(Bucket=BUCKET, Key="raw/")
        assert [item["Key"] for item in client.list_objects(Bucket=BUCKET)["Contents"]] == ["raw/", "raw/a.wav"]

    @pytest.mark.parametrize("key", ["a//b.wav", "//a.wav"])
    def test_empty_segments_are_refused_for_themselves_not_for_their_signature(self, client, key):
        """COS takes such keys; the emulator's objects are files, as its table of assumptions says."""
        with pytest.raises(CosServiceError) as caught:
            client.put_object(Bucket=BUCKET, Key=key, Body=CONTENT)

        assert caught.value.get_error_code() == "InvalidObjectName"


class TestListing:
    @pytest.fixture(autouse=True)
    def _objects(self, client):
        for key in ("a/1", "a/2", "b/1", "c"):
            client.put_object(Bucket=BUCKET, Key=key, Body=key.encode())

    def test_items_hold_what_the_page_names(self, client):
        answer = client.list_objects(Bucket=BUCKET, Prefix="a/", MaxKeys=1)
        (item,) = answer["Contents"]

        assert (answer["Name"], answer["Prefix"], answer["MaxKeys"]) == (BUCKET, "a/", "1")
        assert (answer["IsTruncated"], answer["NextMarker"]) == ("true", "a/1")
        assert (item["Key"], item["Size"], item["StorageClass"]) == ("a/1", "3", "STANDARD")
        assert item["ETag"] == f'"{hashlib.md5(b"a/1").hexdigest()}"'
        assert item["LastModified"].endswith("Z")

    def test_delimiter_rolls_keys_up(self, client):
        answer = client.list_objects(Bucket=BUCKET, Delimiter="/")

        assert [item["Prefix"] for item in answer["CommonPrefixes"]] == ["a/", "b/"]
        assert [item["Key"] for item in answer["Contents"]] == ["c"]

    def test_marker_leads_through_all_pages(self, client):
        found, marker = [], ""
        while True:
            page = client.list_objects(Bucket=BUCKET, Marker=marker, MaxKeys=3)
            found += [item["Key"] for item in page["Contents"]]
            if page["IsTruncated"] == "false":
                break
            marker = page["NextMarker"]

        assert found == ["a/1", "a/2", "b/1", "c"]

    def test_keys_come_encoded_when_that_is_wished_for(self, client):
        client.put_object(Bucket=BUCKET, Key="录 音", Body=b"")
        answer = client.list_objects(Bucket=BUCKET, Prefix="录", EncodingType="url")

        assert answer["EncodingType"] == "url"
        assert [unquote(item["Key"]) for item in answer["Contents"]] == ["录 音"]
        assert answer["Contents"][0]["Key"].isascii()


class TestMultipartUpload:
    def test_large_file_goes_up_in_parts_and_comes_down_in_ranges(self, client, sdk, tmp_path):
        source, copy = tmp_path / "source", tmp_path / "copy"
        source.write_bytes(CONTENT * 1024 * 3)
        client.upload_file(Bucket=BUCKET, Key="large", LocalFilePath=str(source), PartSize=1, MAXThread=2)
        parts = [request.url for request in sdk.sent if "partNumber" in request.url]
        client.download_file(
            Bucket=BUCKET, Key="large", DestFilePath=str(copy), PartSize=1, MAXThread=2, EnableCRC=True
        )

        assert len(parts) == 3
        assert client.head_object(Bucket=BUCKET, Key="large")["ETag"].endswith('-3"')
        assert copy.read_bytes() == source.read_bytes()

    def test_unfinished_one_is_listed_until_it_is_given_up(self, client):
        upload_id = client.create_multipart_upload(Bucket=BUCKET, Key="large")["UploadId"]
        part = client.upload_part(Bucket=BUCKET, Key="large", Body=CONTENT, PartNumber=1, UploadId=upload_id)
        parts = client.list_parts(Bucket=BUCKET, Key="large", UploadId=upload_id)["Part"]
        uploads = client.list_multipart_uploads(Bucket=BUCKET)["Upload"]
        client.abort_multipart_upload(Bucket=BUCKET, Key="large", UploadId=upload_id)

        assert [(found["PartNumber"], found["ETag"], found["Size"]) for found in parts] == [("1", part["ETag"], "1024")]
        assert [(found["Key"], found["UploadId"]) for found in uploads] == [("large", upload_id)]
        assert "Upload" not in client.list_multipart_uploads(Bucket=BUCKET)
        assert not client.object_exists(Bucket=BUCKET, Key="large")

    def test_wrong_tag_of_a_part_is_refused(self, client):
        upload_id = client.create_multipart_upload(Bucket=BUCKET, Key="large")["UploadId"]
        client.upload_part(Bucket=BUCKET, Key="large", Body=CONTENT, PartNumber=1, UploadId=upload_id)
        with pytest.raises(CosServiceError) as caught:
            client.complete_multipart_upload(
                Bucket=BUCKET,
                Key="large",
                UploadId=upload_id,
                MultipartUpload={"Part": [{"PartNumber": 1, "ETag": '"0"'}]},
            )

        assert caught.value.get_error_code() == "InvalidPart"


SOURCE = {"Bucket": BUCKET, "Region": REGION, "Key": "录音/a b.wav"}


class TestCopies:
    @pytest.fixture(autouse=True)
    def _source(self, client):
        client.put_object(
            Bucket=BUCKET, Key=SOURCE["Key"], Body=CONTENT, ContentType="audio/wav", Metadata={"x-cos-meta-a": "b"}
        )

    def test_copy_has_the_content_and_the_headers(self, client):
        answer = client.copy_object(Bucket=BUCKET, Key="copy.wav", CopySource=SOURCE)
        got = client.get_object(Bucket=BUCKET, Key="copy.wav")

        assert read(got) == CONTENT
        assert got["ETag"] == answer["ETag"] == f'"{hashlib.md5(CONTENT).hexdigest()}"'
        assert (got["Content-Type"], got["x-cos-meta-a"]) == ("audio/wav", "b")

    def test_headers_of_an_object_are_changed_by_a_copy_onto_itself(self, client):
        client.copy_object(
            Bucket=BUCKET,
            Key=SOURCE["Key"],
            CopySource=SOURCE,
            CopyStatus="Replaced",
            Metadata={"x-cos-meta-a": "c"},
        )

        assert client.head_object(Bucket=BUCKET, Key=SOURCE["Key"])["x-cos-meta-a"] == "c"

    def test_parts_are_copied_by_range(self, client):
        upload_id = client.create_multipart_upload(Bucket=BUCKET, Key="copy.wav")["UploadId"]
        parts = [
            {
                "PartNumber": number,
                "ETag": client.upload_part_copy(
                    Bucket=BUCKET,
                    Key="copy.wav",
                    PartNumber=number,
                    UploadId=upload_id,
                    CopySource=SOURCE,
                    CopySourceRange=wanted,
                )["ETag"],
            }
            for number, wanted in ((1, "bytes=0-999"), (2, "bytes=1000-1023"))
        ]
        client.complete_multipart_upload(
            Bucket=BUCKET, Key="copy.wav", UploadId=upload_id, MultipartUpload={"Part": parts}
        )

        assert read(client.get_object(Bucket=BUCKET, Key="copy.wav")) == CONTENT

    def test_absent_source_is_told(self, client):
        with pytest.raises(CosServiceError) as caught:
            client.copy_object(Bucket=BUCKET, Key="copy.wav", CopySource={**SOURCE, "Key": "absent"})

        assert (caught.value.get_status_code(), caught.value.get_error_code()) == (404, "NoSuchCopySource")


class TestPresignedUrls:
    @pytest.mark.parametrize("key", SPECIAL_KEYS)
    def test_object_comes_without_a_header(self, client, sdk, ci_audio_emulator, key):
        client.put_object(Bucket=BUCKET, Key=key, Body=CONTENT)
        url = client.get_presigned_url(Bucket=BUCKET, Key=key, Method="GET")
        answer = requests.get(url, proxies={"http": ci_audio_emulator.url}, timeout=10)

        assert (answer.status_code, answer.content) == (200, CONTENT)
        assert "Authorization" not in answer.request.headers

    def test_object_goes_up(self, client, ci_audio_emulator):
        url = client.get_presigned_url(Bucket=BUCKET, Key="a.wav", Method="PUT")
        answer = requests.put(url, data=CONTENT, proxies={"http": ci_audio_emulator.url}, timeout=10)

        assert answer.status_code == 200
        assert ci_audio_emulator.get_object(REGION, BUCKET, "a.wav") == CONTENT

    def test_parameters_may_be_signed_too(self, client, ci_audio_emulator):
        client.put_object(Bucket=BUCKET, Key="a.wav", Body=CONTENT)
        url = client.get_presigned_url(
            Bucket=BUCKET, Key="a.wav", Method="GET", Params={"response-content-type": "text/x-wish"}
        )
        answer = requests.get(url, proxies={"http": ci_audio_emulator.url}, timeout=10)

        assert answer.headers["Content-Type"] == "text/x-wish"

    def test_one_of_another_method_is_refused(self, client, ci_audio_emulator):
        url = client.get_presigned_url(Bucket=BUCKET, Key="a.wav", Method="GET")
        answer = requests.put(url, data=CONTENT, proxies={"http": ci_audio_emulator.url}, timeout=10)

        assert answer.status_code == 403
        assert b"SignatureDoesNotMatch" in answer.content

    def test_expired_one_is_refused(self, client, ci_audio_emulator):
        url = client.get_presigned_url(Bucket=BUCKET, Key="a.wav", Method="GET", Expired=-1)
        answer = requests.get(url, proxies={"http": ci_audio_emulator.url}, timeout=10)

        assert answer.status_code == 403
        assert b"Request has expired" in answer.content
