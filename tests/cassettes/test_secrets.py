"""Nothing on a cassette tells whose account it was recorded with, or when. Nor does anything else in the folder."""

from __future__ import annotations

import re

import pytest

from tests.cassettes.conftest import ROOT, Tape
from tests.cassettes.scrubbing import APP_ID, BUCKET, REQUEST_ID, TIME, Scrubber

FOLDER = ROOT / "cassettes"
LEAKS = {
    "secret id": r"AKID[0-9A-Za-z]{8,}",
    "signature": r"(?i)q-signature|q-ak|q-sign-time",
    "authorization": r"(?im)^\s*\"?'?authorization\b|authorization['\"]?\s*:",
    "token": r"(?i)security-token\b\s*['\"]?[:=]|sessiontoken",
    "cookie": r"(?i)cookie['\"]?\s*:",
    "app id": rf"(?<=[a-z0-9]-)(?!{APP_ID})1[0-9]{{8,9}}(?![0-9A-Za-z])|(?<=uid/)(?!{APP_ID})[0-9]+",
    "account": r"(?<![0-9A-Za-z])1000(?!00000000)[0-9]{8}(?![0-9A-Za-z])",
    "request id": rf"<(?:RequestId|TraceId)>(?!{REQUEST_ID}<)[^<]+<|x-c(?:i|os)-trace-id"
    rf"|x-c(?:i|os)-request-id:\s*(?:- )?(?!\s|- |{REQUEST_ID}$)\S",
    "job, queue or template": r"(?<![0-9A-Za-z])(?:t\d|[jspwb])(?!0{24})[0-9a-f]{32}(?![0-9A-Za-z])",
    "time": rf"(?!{re.escape(TIME)})\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d",
    "date": r"(?i)^\s*date:",
    "address": r"(?<![0-9.])(?:\d{1,3}\.){3}\d{1,3}(?![0-9.])",
}
SAMPLES = {
    "secret id": "AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q",
    "signature": "?q-signature=3b8851a11a569213c17ba8fa7dcf2abec6935172",
    "authorization": "      authorization:\n      - scrubbed",
    "token": "x-ci-security-token: abc",
    "cookie": "set-cookie: a=b",
    "app id": "recordings-1251234567.ci.ap-chongqing.myqcloud.com",
    "account": "uin/100012345678",
    "request id": "<RequestId>NjJmMzYxMDlfOTBmYTUwNjRfNGE2YV83</RequestId>",
    "job, queue or template": "<JobId>j8d121820f5e411ec926ef19d53ba9c6f</JobId>",
    "time": "<CreateTime>2022-06-27T15:23:10+0800</CreateTime>",
    "date": "      date:\n      - now",
    "address": "from 203.0.113.7",
}

ACCOUNT = Scrubber("my-ci-audio-record-1251234567", "eu-frankfurt", ["AKIDreal0000000000", "real+key", "real/token=="])


def leaks_in(text):
    return [kind for kind, pattern in LEAKS.items() if re.search(pattern, text, re.MULTILINE)]


@pytest.mark.parametrize("kind", LEAKS)
def test_search_finds_each_kind_of_leak(kind):
    assert kind in leaks_in(SAMPLES[kind])


@pytest.mark.parametrize("plane", ["ci", "cos"])
def test_search_finds_a_request_id_in_a_header(plane):
    assert leaks_in(f"      x-{plane}-request-id:\n      - NjJmMzYx\n") == ["request id"]
    assert leaks_in(f"      x-{plane}-request-id:\n      - {REQUEST_ID}\n") == []


def test_nothing_in_the_folder_leaks():
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    found = {str(path.relative_to(FOLDER)): leaks_in(path.read_text(encoding="utf-8")) for path in files}

    assert len([path for path in files if path.suffix == ".yaml"]) > 50
    assert {name: kinds for name, kinds in found.items() if kinds} == {}


class TestScrubbing:
    @pytest.fixture
    def request_of(self):
        class Request:
            method = "POST"

            def __init__(self, host, path, body, **headers):
                self.uri = f"http://127.0.0.1:4711{path}"
                self.body = body
                self.headers = {"Host": host, **{name.replace("_", "-"): text for name, text in headers.items()}}

        return Request

    def test_request_loses_its_account(self, request_of):
        request = request_of(
            "my-ci-audio-record-1251234567.ci.eu-frankfurt.myqcloud.com",
            "/jobs/j8d121820f5e411ec926ef19d53ba9c6f%2Cj8d121820f5e411ec926ef19d53ba9c70?a=",
            b"<Bucket>my-ci-audio-record-1251234567</Bucket><Region>eu-frankfurt</Region>",
            Authorization="q-sign-algorithm=sha1&q-ak=AKIDreal0000000000",
            X_CI_Security_Token="real/token==",
            Cookie="a=b",
            Date="now",
            Content_Length="77",
        )
        scrubbed = Tape(ACCOUNT).request(request)

        host = f"{BUCKET}.ci.ap-chongqing.myqcloud.com"
        assert scrubbed.uri == f"https://{host}/jobs/j{1:032x}%2Cj{2:032x}?a="
        assert scrubbed.body == f"<Bucket>{BUCKET}</Bucket><Region>ap-chongqing</Region>".encode()
        assert scrubbed.headers == {"host": host, "content-length": str(len(scrubbed.body))}

    def test_response_loses_its_account(self):
        body = (
            "".join(SAMPLES.values()) + " real+key uid/1251234567:bucket/my-ci-audio-record-1251234567 other-1257654321"
        )
        headers = {
            "Content-Type": ["application/xml"],
            "Content-Length": [str(len(body))],
            "Set-Cookie": ["a=b"],
            "Date": ["now"],
            "x-ci-request-id": ["NjJm"],
            "Last-Modified": ["Fri, 20 Nov 2026 00:00:00 GMT"],
        }
        response = {
            "status": {"code": 403, "message": "Forbidden"},
            "headers": headers,
            "body": {"string": body.encode()},
        }
        scrubbed = Tape(ACCOUNT).response(response)
        text = scrubbed["body"]["string"].decode()

        assert sorted(scrubbed["headers"]) == ["content-length", "content-type", "last-modified", "x-ci-request-id"]
        assert scrubbed["headers"]["x-ci-request-id"] == [REQUEST_ID]
        assert scrubbed["headers"]["content-length"] == [str(len(text))]
        assert "real+key" not in text
        assert "125123" not in text
        assert "125765" not in text
        assert f"uid/{APP_ID}:bucket/{BUCKET}" in text
        assert {"app id", "account", "request id", "job, queue or template", "time"} & set(leaks_in(text)) == set()
        assert "2026" not in scrubbed["headers"]["last-modified"][0].replace("2026 00:00:00", "")

    def test_it_changes_nothing_the_second_time(self):
        once = ACCOUNT.text(" ".join(SAMPLES.values()))

        assert once == ACCOUNT.text(once) == Scrubber().text(once)

    def test_same_id_has_the_same_stand_in(self):
        scrubber = Scrubber()
        first, second = (f"j{digit * 32}" for digit in "ab")

        assert scrubber.text(f"{first} {second} {first}") == f"j{1:032x} j{2:032x} j{1:032x}"

    def test_nothing_passes_while_the_tape_is_stopped(self, request_of):
        tape = Tape(Scrubber())
        with tape.stopped():
            assert tape.request(request_of("h", "/", b"")) is None
        assert tape.request(request_of("h", "/", b"")) is not None
