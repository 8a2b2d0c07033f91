import time
from urllib.parse import urlencode

import pytest

from pulumi_ci_audio.api.signing import authorization
from pulumi_ci_audio.emulator.app import Emulator

NOW = 1_700_000_000


@pytest.fixture(autouse=True)
def _bucket(cloud):
    cloud.seed(ci="on", asr="on")


def sign(cloud, **changes):
    wanted = {
        "secret_id": "emulator",
        "secret_key": "emulator",
        "key_time": f"{NOW - 60};{NOW + 60}",
        "method": "GET",
        "path": "/asrqueue",
        "parameters": [],
        "headers": [("host", cloud.ci)],
        **changes,
    }
    return authorization(**wanted)


def get(cloud, signature, *, target="/asrqueue", host=None, **headers):
    given = {} if signature is None else {"Authorization": signature}
    return cloud.send("GET", host or cloud.ci, target, {**given, **headers}, b"")


class TestRefusal:
    def test_an_unsigned_request(self, cloud):
        assert get(cloud, None).refusal == (401, "MissingAuthorization")

    @pytest.mark.parametrize(
        "signature",
        [
            "",
            "Basic dXNlcjpwYXNz",
            "q-sign-algorithm=sha1&q-ak=emulator",
            "q-sign-algorithm=md5&q-ak=emulator&q-sign-time=1;2&q-key-time=1;2&q-header-list=&q-url-param-list=&q-signature=a",
            "q-sign-algorithm=sha1&q-ak=emulator&q-sign-time=now&q-key-time=1;2&q-header-list=&q-url-param-list=&q-signature=a",
            "q-sign-algorithm=sha1&q-ak=emulator&q-sign-time=1;2&q-key-time=x&q-header-list=&q-url-param-list=&q-signature=a",
        ],
    )
    def test_a_malformed_signature(self, cloud, signature):
        assert get(cloud, signature).refusal == (401, "InvalidAuthorization")

    def test_an_unknown_key(self, cloud):
        assert get(cloud, sign(cloud, secret_id="other")).refusal == (401, "SecretidNotExist")

    @pytest.mark.parametrize("key_time", [f"{NOW - 60};{NOW - 1}", f"{NOW + 1};{NOW + 60}"])
    def test_a_signature_of_another_time(self, cloud, key_time):
        assert get(cloud, sign(cloud, key_time=key_time)).refusal == (401, "SignatureExpired")

    @pytest.mark.parametrize("name", ["q-sign-time", "q-key-time"])
    def test_a_time_that_was_rewritten(self, cloud, name):
        expired, valid = f"{NOW - 60};{NOW - 1}", f"{NOW - 60};{NOW + 60}"
        rewritten = sign(cloud, key_time=expired).replace(expired, valid)
        partly = sign(cloud, key_time=valid).replace(f"{name}={valid}", f"{name}={NOW - 60};{NOW + 61}")

        assert get(cloud, rewritten).refusal == (403, "SignatureDoesNotMatch")
        assert get(cloud, partly).refusal == (403, "SignatureDoesNotMatch")

    def test_a_key_whose_time_is_over(self, cloud):
        signature = sign(cloud).replace(f"q-key-time={NOW - 60};{NOW + 60}", f"q-key-time={NOW - 60};{NOW - 1}")

        assert get(cloud, signature).refusal == (401, "SignatureExpired")

    @pytest.mark.parametrize(
        "changes",
        [
            {"secret_key": "other"},
            {"method": "PUT"},
            {"path": "/asrqueues"},
            {"parameters": [("state", "All")]},
            {"headers": [("host", "other-1250000000.ci.ap-chongqing.myqcloud.com")]},
            {"headers": [("x-ci-absent", "1")]},
        ],
        ids=["key", "method", "path", "parameter", "host", "absent header"],
    )
    def test_a_signature_of_another_request(self, cloud, changes):
        assert get(cloud, sign(cloud, **changes)).refusal == (403, "SignatureDoesNotMatch")

    def test_a_changed_parameter(self, cloud):
        signature = sign(cloud, parameters=[("state", "All")])

        assert get(cloud, signature, target="/asrqueue?state=All").status == 200
        assert get(cloud, signature, target="/asrqueue?state=Active").refusal == (403, "SignatureDoesNotMatch")

    def test_a_changed_signature(self, cloud):
        signature = sign(cloud)
        last = "0" if signature[-1] != "0" else "1"

        assert get(cloud, signature[:-1] + last).refusal == (403, "SignatureDoesNotMatch")
        assert get(cloud, signature + "é").refusal == (403, "SignatureDoesNotMatch")

    def test_the_advanced_clock_expires_no_signature(self, cloud):
        cloud.control.advance(100_000)

        assert get(cloud, sign(cloud)).status == 200

    def test_paths_that_lead_nowhere_are_signed_too(self, cloud):
        assert get(cloud, None, target="/nowhere").refusal == (401, "MissingAuthorization")


class TestAcceptance:
    @pytest.mark.parametrize("headers", [[], [("Host", "{ci}")], [("host", "{ci}"), ("X-Ci-Test", "a b+ü/")]])
    def test_only_listed_headers_count(self, cloud, headers):
        named = [(name, value.format(ci=cloud.ci)) for name, value in headers]
        sent = {name: value.encode().decode("latin-1") for name, value in named if name.lower() != "host"}

        assert get(cloud, sign(cloud, headers=named), **sent).status == 200

    @pytest.mark.parametrize("signed_port", ["", ":8080"])
    def test_the_host_may_be_signed_with_or_without_its_port(self, cloud, signed_port):
        signature = sign(cloud, headers=[("host", cloud.ci + signed_port)])

        assert get(cloud, signature, host=f"{cloud.ci}:8080").status == 200

    def test_an_upper_case_host_is_the_same(self, cloud):
        host = cloud.ci.upper()

        assert get(cloud, sign(cloud, headers=[("host", host)]), host=host).status == 200

    def test_the_path_is_signed_decoded(self, cloud):
        signature = sign(cloud, path="/jobs/j1,j2")

        assert get(cloud, signature, target="/jobs/j1%2Cj2").texts("NonExistJobIds") == ["j1", "j2"]

    def test_parameters_without_values_are_empty(self, cloud):
        signature = sign(cloud, parameters=[("state", "")])

        assert get(cloud, signature, target="/asrqueue?state").status == 200
        assert get(cloud, signature, target="/asrqueue?state=").status == 200

    def test_unlisted_parameters_are_accepted(self, cloud):
        assert get(cloud, sign(cloud), target="/asrqueue?state=All").status == 200

    @pytest.mark.parametrize("name", ["x-cos-security-token", "x-ci-security-token"])
    @pytest.mark.parametrize("is_signed", [True, False])
    def test_tokens_are_accepted_signed_or_not(self, cloud, name, is_signed):
        headers = [("host", cloud.ci), *([(name, "TOKEN/abc+123==")] if is_signed else [])]

        assert get(cloud, sign(cloud, headers=headers), **{name: "TOKEN/abc+123=="}).status == 200

    def test_the_query_may_hold_the_signature(self, cloud):
        fields = dict(part.split("=", 1) for part in sign(cloud, parameters=[("state", "All")]).split("&"))

        assert get(cloud, None, target=f"/asrqueue?state=All&{urlencode(fields)}").status == 200
        fields["q-signature"] = "0" * 40
        target = f"/asrqueue?state=All&{urlencode(fields)}"
        assert get(cloud, None, target=target).refusal == (403, "SignatureDoesNotMatch")


def test_the_published_vector_is_accepted(tmp_path, make_cloud):
    """Vector of "Request Signature" (436/7778), GET with parameters."""
    cloud = make_cloud(
        secret_id="AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q",
        secret_key="BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz",
        now=lambda: 1557990000.0,
    )
    cloud.control.put_object("ap-beijing", "examplebucket-1250000000", "exampleobject(腾讯云)", b"content")
    signature = (
        "q-sign-algorithm=sha1&q-ak=AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q&q-sign-time=1557989753;1557996953"
        "&q-key-time=1557989753;1557996953&q-header-list=date;host"
        "&q-url-param-list=response-cache-control;response-content-type"
        "&q-signature=01681b8c9d798a678e43b685a9f1bba0f6c0e012"
    )
    reply = cloud.send(
        "GET",
        "examplebucket-1250000000.cos.ap-beijing.myqcloud.com",
        "/exampleobject(%E8%85%BE%E8%AE%AF%E4%BA%91)"
        "?response-content-type=application%2Foctet-stream&response-cache-control=max-age%3D600",
        {"Date": "Thu, 16 May 2019 06:55:53 GMT", "Authorization": signature},
        b"",
    )

    assert (reply.status, reply.body) == (200, b"content")
    assert reply.headers["cache-control"] == "max-age=600"
    assert reply.headers["content-type"] == "application/octet-stream"


def test_signatures_are_judged_by_real_time_by_default(tmp_path):
    emulator = Emulator(data=tmp_path)

    assert abs(emulator.clock.real() - time.time()) < 60
