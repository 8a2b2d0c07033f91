"""The signature against the published vectors A and B and those taken from the official SDK's signer, C to H."""

import hashlib

import pytest

from pulumi_ci_audio.api import signing

SECRET_ID = "AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q"
SECRET_KEY = "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz"
SDK_TIME = "1700000000;1700010060"
COS = "examplebucket-1250000000.cos.ap-beijing.myqcloud.com"
BUCKET = "test-1234567890.ci.ap-chongqing.myqcloud.com"
OBJECT = "/exampleobject(腾讯云)"

VECTORS = {
    "A put object, documented": (
        "1557989151;1557996351",
        "PUT",
        OBJECT,
        {},
        {
            "Date": "Thu, 16 May 2019 06:45:51 GMT",
            "Host": COS,
            "Content-Type": "text/plain",
            "Content-Length": "13",
            "Content-MD5": "mQ/fVh815F3k6TAUm8m0eg==",
            "x-cos-acl": "private",
            "x-cos-grant-read": 'uin="100000000011"',
        },
        "3b8851a11a569213c17ba8fa7dcf2abec6935172",
    ),
    "B get object with parameters, documented": (
        "1557989753;1557996953",
        "GET",
        OBJECT,
        {"response-content-type": "application/octet-stream", "response-cache-control": "max-age=600"},
        {"Date": "Thu, 16 May 2019 06:55:53 GMT", "Host": COS},
        "01681b8c9d798a678e43b685a9f1bba0f6c0e012",
    ),
    "C query Smart Audio": (
        SDK_TIME,
        "GET",
        "/asrbucket",
        {"regions": "ap-chongqing", "bucketNames": "test-1234567890", "pageNumber": "1", "pageSize": "10"},
        {"host": "ci.ap-chongqing.myqcloud.com"},
        "7b8b3f5e990f40d0a3824d4853c69a665b8ea1b0",
    ),
    "D disable Smart Audio": (
        SDK_TIME,
        "DELETE",
        "/asrbucket",
        {},
        {"Content-Type": "application/xml", "Content-Length": "0", "host": BUCKET},
        "242200b0a476dfda52b3c1ac31eddbd153a162da",
    ),
    "E unbind": (
        SDK_TIME,
        "PUT",
        "/",
        {"unbind": ""},
        {"Content-Length": "0", "host": BUCKET},
        "55f38e4297cf7a1fa2656db11afbdbd4b2f03a9a",
    ),
    "F submit a job with a token": (
        SDK_TIME,
        "POST",
        "/jobs",
        {},
        {
            "Content-Type": "application/xml",
            "Content-Length": "44",
            "host": BUCKET,
            "x-ci-security-token": "TOKEN/abc+123==",
        },
        "f40945f7daadf50b25a0aeb33080666c7c223200",
    ),
    "G get two jobs": (
        SDK_TIME,
        "GET",
        "/jobs/j1,j2",
        {},
        {"host": BUCKET},
        "695f7edad2cd66772f34fdc1516391f4ce289d81",
    ),
    "H list jobs": (
        SDK_TIME,
        "GET",
        "/jobs",
        {
            "tag": "NoiseReduction",
            "states": "All",
            "orderByTime": "Desc",
            "size": "10",
            "nextToken": "",
            "startCreationTime": "2024-01-01T00:00:00+0800",
        },
        {"host": BUCKET},
        "664c9d3d8458cc83839061cc95577786fb723e70",
    ),
    "cancel as the official SDK signs it": (
        SDK_TIME,
        "PUT",
        "/jobs/j8d121820f5e411ec926ef19d53ba9c6f",
        {},
        {"Content-Length": "0", "host": BUCKET},
        "e8c042faa7289d2a9613ba809fa48929a6fa7af3",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_signature_equals_the_vector(name):
    key_time, method, path, parameters, headers, expected = VECTORS[name]

    actual = signing.signature(
        secret_key=SECRET_KEY,
        key_time=key_time,
        method=method,
        path=path,
        parameters=parameters.items(),
        headers=headers.items(),
    )

    assert expected == actual


def test_authorization_equals_the_whole_header_of_vector_c():
    key_time, method, path, parameters, headers, _ = VECTORS["C query Smart Audio"]

    actual = signing.authorization(
        secret_id=SECRET_ID,
        secret_key=SECRET_KEY,
        key_time=key_time,
        method=method,
        path=path,
        parameters=parameters.items(),
        headers=headers.items(),
    )

    assert actual == (
        f"q-sign-algorithm=sha1&q-ak={SECRET_ID}&q-sign-time={SDK_TIME}&q-key-time={SDK_TIME}"
        "&q-header-list=host&q-url-param-list=bucketnames;pagenumber;pagesize;regions"
        "&q-signature=7b8b3f5e990f40d0a3824d4853c69a665b8ea1b0"
    )


def test_canonical_text_hashes_to_the_documented_digest():
    _, _, _, parameters, headers, _ = VECTORS["B get object with parameters, documented"]
    text = f"get\n{OBJECT}\n{signing.signed_list(parameters.items())[1]}\n{signing.signed_list(headers.items())[1]}\n"

    assert hashlib.sha1(text.encode()).hexdigest() == "54ecfe22f59d3514fdc764b87a32d8133ea611e6"


def test_names_are_encoded_lowered_and_sorted():
    names, text = signing.signed_list([("B b", "x/y z"), ("a", "!'()*")])

    assert (names, text) == ("a;b%20b", "a=%21%27%28%29%2A&b%20b=x%2Fy%20z")
