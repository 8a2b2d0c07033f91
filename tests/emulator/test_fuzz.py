"""Arbitrary requests, through both doors.

There is no server error, no write outside of the data folder, no hang, and every answer has a documented shape.
"""

import contextlib
import http.client
import io
import json
import shutil
import socket
import string
import time
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from pulumi_ci_audio.api.signing import authorization, url_encode
from pulumi_ci_audio.emulator.errors import STATUS, ConnectionResetFault
from pulumi_ci_audio.emulator.http.messages import Request
from pulumi_ci_audio.emulator.http.server import EmulatorServer
from pulumi_ci_audio.emulator.operations.jobs import TAGS
from pulumi_ci_audio.emulator.operations.routes import ROUTES

SECRET = "what no answer may hold"
BOUND_SECONDS = 5.0
"""No answer takes longer: most take a millisecond."""

UNAUTHENTICATED = {code for code, status in STATUS.items() if status == 401} | {"SignatureDoesNotMatch"}
ROOTS = {
    "Response",
    "CIStatus",
    "ListBucketResult",
    "ListPartsResult",
    "ListMultipartUploadsResult",
    "InitiateMultipartUploadResult",
    "CompleteMultipartUploadResult",
    "CopyObjectResult",
    "CopyPartResult",
    "DeleteResult",
}
OBJECT_HEADERS = {
    "accept-ranges",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "expires",
    "last-modified",
    "server",
    "x-ci-request-id",
    "x-cos-bucket-region",
    "x-cos-hash-crc64ecma",
    "x-cos-request-id",
    "x-cos-trace-id",
}


def fuzzed(examples):
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


# What requests are made of

LATIN_1 = st.characters(codec="latin-1", exclude_characters="\r\n")
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=16)

METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS"])
KNOWN_PATHS = sorted({route.path for route in ROUTES if "<key>" not in route.path})
SEGMENTS = st.one_of(
    st.sampled_from(
        ["job", "template", "queue", "workflow", "batch", "in.wav", "..", ".", "", "\0", "jobs", ".emulator"]
    ),
    ANY_TEXT,
    st.sampled_from(["a" * 256, "é" * 128, "%2e%2e", "data:text", "a\\b", "q?x#y", "job,job", "\n"]),
)
KEYS = st.lists(SEGMENTS, max_size=5).map("/".join)
PATHS = st.one_of(st.sampled_from(KNOWN_PATHS), KEYS.map(lambda key: f"/{key}"))

KNOWN_NAMES = sorted({name for route in ROUTES for name in route.marks | route.takes})
KNOWN_VALUES = [
    *("", "0", "1", "-1", "100", "101", "999999999", "9" * 30, "1.5", "²", "All", "Asc", "Custom", "Workflow", "url"),
    *("template", "queue", "job", "workflow", "upload", "NoiseReduction", "Submitted,Running", "ap-chongqing"),
    *("2022-06-27T15:23:10+0800", "0001-01-01T00:00:00+2359", "9999-12-31T23:59:59-2359", "2022-06-27"),
]
QUERIES = st.lists(
    st.tuples(st.one_of(st.sampled_from(KNOWN_NAMES), ANY_TEXT), st.one_of(st.sampled_from(KNOWN_VALUES), ANY_TEXT)),
    max_size=4,
    unique_by=lambda pair: url_encode(pair[0]).lower(),  # what a signature tells apart
)

KNOWN_HEADERS = [
    *("Accept", "Range", "Content-MD5", "Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding"),
    *("Expires", "X-Cos-Meta-Colour", "X-Cos-Copy-Source", "X-Cos-Security-Token", "X-Ci-Security-Token", "If-Match"),
]
HEADERS = st.dictionaries(
    st.one_of(st.sampled_from(KNOWN_HEADERS), st.text(string.ascii_letters, min_size=1, max_size=8).map("X-{}".format)),
    st.one_of(
        st.text(LATIN_1, max_size=16),
        st.sampled_from(["bytes=0-", "bytes=-1", "bytes=5-2", "bytes=0-0,2-3", "bytes=-0", "bytes=99999999999-", "=="]),
        st.sampled_from(
            ["application/xml", "application/json", "multipart/form-data; boundary=", "1B2M2Y8AsgTpgAmY7PhCfg=="]
        ),
    ),
    max_size=3,
)

ELEMENTS = [
    *("Request", "Tag", "Name", "State", "Input", "Object", "Operation", "Output", "Region", "Bucket", "TemplateId"),
    *("NoiseReduction", "Format", "Samplerate", "SampleRate", "UserData", "JobLevel", "QueueId", "CallBack"),
    *("CallBackType", "CallBackMqConfig", "NotifyConfig", "Event", "Type", "Url", "CompleteMultipartUpload", "Part"),
    *("PartNumber", "ETag", "KafkaConfig"),
]
TEXTS = st.one_of(
    st.sampled_from(
        ["", "NoiseReduction", "wav", "16000", "Active", "On", "in.wav", "../x", "/etc/passwd", "ap-x", "http://["]
    ),
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=12),
)


def element(name, content):
    made = etree.Element(name)
    if isinstance(content, str):
        made.text = content
    else:
        made.extend(content)
    return made


TREES = st.recursive(
    st.builds(element, st.sampled_from(ELEMENTS), TEXTS),
    lambda children: st.builds(element, st.sampled_from(ELEMENTS), st.lists(children, max_size=4)),
    max_leaves=10,
)
JOB = (
    "<Request><Tag>NoiseReduction</Tag><Input><Object>{key}</Object></Input><Operation>"
    "<NoiseReduction><Format>{format}</Format></NoiseReduction><Output><Region>ap-chongqing</Region>"
    "<Bucket>{bucket}</Bucket><Object>{output}</Object></Output><UserData>{data}</UserData></Operation></Request>"
)
TEMPLATE = (
    "<Request><Tag>NoiseReduction</Tag><Name>{data}</Name>"
    "<NoiseReduction><Format>{format}</Format></NoiseReduction></Request>"
)
ESCAPED = st.one_of(TEXTS, KEYS).map(
    lambda text: "".join(
        f"&#{ord(letter)};" if letter in "&<>" else letter for letter in text if letter.isprintable() or letter == "\n"
    )
)
DOCUMENTS = st.builds(
    str.format,
    st.sampled_from([JOB, TEMPLATE]),
    key=ESCAPED,
    output=ESCAPED,
    data=ESCAPED,
    format=st.sampled_from(["wav", "mp3", "ogg", ""]),
    bucket=st.sampled_from(["test-1250000000", "absent-1250000000", "../..-1250000000", ".."]),
).map(str.encode)


@st.composite
def damaged_documents(draw):
    document = draw(DOCUMENTS)
    start, length = draw(st.integers(0, len(document))), draw(st.integers(0, 20))
    return document[:start] + draw(st.binary(max_size=8)) + document[start + length :]


BODIES = st.one_of(
    st.binary(max_size=80),
    DOCUMENTS,
    damaged_documents(),
    TREES.map(etree.tostring),
    TREES.map(lambda tree: etree.tostring(tree, encoding="utf-16")),
)


class World:
    """A cloud with something of every kind in it, and the folder around it, which has to stay as it is."""

    def __init__(self, cloud, parent):
        self.cloud, self.parent = cloud, parent
        self.data = parent / "data-0"
        (parent / "secret.txt").write_text(SECRET)
        self.surroundings = self.around()

    def around(self):
        found = {}
        for path in sorted(self.parent.rglob("*")):
            if self.data not in (path, *path.parents):
                found[path.relative_to(self.parent).as_posix()] = path.read_bytes() if path.is_file() else None
        return found

    def restore(self):
        """Undo what requests did, since each of them has to find everything in place."""
        cloud = self.cloud
        with cloud.emulator.store.lock:
            cloud.control.reset()
            for path in self.data.iterdir():
                shutil.rmtree(path)
            cloud.ready()
            cloud.seed(
                workflows=[{"id": "workflow", "state": "Paused"}],
                batch_jobs=[{"id": "batch"}],
                services=["media"],
                jobs=[{"id": "job", "state": "Submitted"}],
            )
        template = cloud.post(
            "/template", body=b"<Request><Tag>NoiseReduction</Tag><Name>t</Name><NoiseReduction/></Request>"
        )
        upload = cloud.post("/in.wav", host=cloud.cos, query={"uploads": ""})
        queue = cloud.control.state()["queues"][0]
        self.ids = {
            "template": template.text("Template/TemplateId"),
            "upload": upload.text("UploadId"),
            "queue": queue["id"],
        }

    def named(self, text):
        """Return ``text`` with the ids that only this world knows."""
        return self.ids.get(text, text)

    def check(self):
        assert self.around() == self.surroundings
        assert {path.name for path in self.data.iterdir()} <= {".emulator", self.cloud.region}
        assert {path.name for path in (self.data / self.cloud.region).iterdir()} <= {self.cloud.bucket}
        assert not [path for path in self.data.rglob("*") if path.is_symlink()]


@pytest.fixture
def world(make_cloud, tmp_path, fake_denoise):
    # No delay of a fault is waited for.
    return World(make_cloud(sleep=lambda _seconds: None), tmp_path)


def signed(method, host, path, query):
    return authorization(
        secret_id="emulator",
        secret_key="emulator",
        key_time="1699999940;1700000600",
        method=method,
        path=path,
        parameters=query,
        headers=[("host", host)],
    )


def encoded(query):
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)


def sent_in_process(emulator, method, host, path, query, headers, body):
    """Return status, headers and body."""
    target = quote(path) + f"?{encoded(query)}" * bool(query)
    request = Request.parse(method, target, [("Host", host), *headers.items()], body)
    with contextlib.closing(emulator.handle(request).framed()) as response:
        received = {name.lower(): text for name, text in response.headers.items()}
        return response.status, received, b"".join(response.pieces())


def assert_documented(method, host, answer):
    """Assert that an answer is a refusal of the table, or what an operation answers; return a refusal's code."""
    status, headers, body = answer
    is_cos = ".cos." in host.lower()
    assert bool(headers.get("x-cos-request-id")) != bool(headers.get("x-ci-request-id"))
    assert SECRET.encode() not in body
    if status < 400:
        assert status in {200, 204, 206}
        if body and headers.get("content-type") == "application/xml" and not (is_cos and "etag" in headers):
            assert etree.fromstring(body).tag in ROOTS
        elif body and not is_cos:
            assert list(json.loads(body)) == ["CIStatus"]
        return None
    if method == "HEAD":
        assert body == b""
        assert status in STATUS.values()
        return None
    error = etree.fromstring(body)
    names = [child.tag for child in error]
    assert (error.tag, headers["content-type"]) == ("Error", "application/xml")
    assert [name for name in names if name != "Resource"] == ["Code", "Message", "RequestId", "TraceId"]
    assert ("Resource" in names) <= is_cos
    assert STATUS[error.findtext("Code")] == status < 500
    assert error.findtext("RequestId") in {headers.get("x-ci-request-id"), headers.get("x-cos-request-id")}
    return error.findtext("Code")


PLANES = st.sampled_from(["ci", "pic", "cos", "regional"])


@given(method=METHODS, plane=PLANES, path=PATHS, query=QUERIES, headers=HEADERS, body=BODIES)
@example(method="PUT", plane="cos", path="/a", query=[], headers={"Content-MD5": "é"}, body=b"")
@example(method="PUT", plane="cos", path="//etc/passwd", query=[], headers={}, body=b"x")
@example(method="PUT", plane="cos", path="/../../../secret.txt", query=[], headers={}, body=b"x")
@example(method="GET", plane="cos", path="/../../../secret.txt", query=[], headers={}, body=b"")
@example(method="GET", plane="cos", path="/in.wav", query=[], headers={"Range": "bytes=-0"}, body=b"")
@fuzzed(400)
def test_a_signed_request_is_answered_as_documented(world, method, plane, path, query, headers, body):
    world.restore()
    host = getattr(world.cloud, plane)
    path = "/" + "/".join(world.named(segment) for segment in path[1:].split("/"))
    query = [(name, world.named(value)) for name, value in query]
    headers = {**headers, "Authorization": signed(method, host, path, query)}
    started = time.monotonic()

    answer = sent_in_process(world.cloud.emulator, method, host, path, query, headers, body)

    assert assert_documented(method, host, answer) not in UNAUTHENTICATED
    assert time.monotonic() - started < BOUND_SECONDS
    world.check()


@given(path=PATHS, query=QUERIES, headers=HEADERS)
@example(path="/in.wav", query=[("response-content-length", "many")], headers={})
@example(path="/in.wav", query=[("response-content-length", "1")], headers={})
@example(path="/in.wav", query=[("response-\r\nx-injected", "1")], headers={})
@fuzzed(60)
def test_an_object_is_sent_whole_though_unknown_names_are_ignored(make_cloud, path, query, headers):
    cloud = make_cloud(assumptions={"unknown_names": "ignore"})
    cloud.ready()
    headers = {**headers, "Authorization": signed("GET", cloud.cos, path, query)}

    status, received, body = answer = sent_in_process(cloud.emulator, "GET", cloud.cos, path, query, headers, b"")

    assert_documented("GET", cloud.cos, answer)
    assert set(received) <= OBJECT_HEADERS
    assert status >= 400 or len(body) == int(received["content-length"])
    cloud.emulator.close()


HOSTS = st.one_of(
    st.text(LATIN_1, max_size=24),
    st.builds(
        "{}.{}.{}.{}".format,
        st.sampled_from(["test-1250000000", "TEST-1250000000", "..-1250000000", "a/b-1250000000", "absent-1250000000"]),
        st.sampled_from(["ci", "cos", "pic", "other"]),
        st.sampled_from(["ap-chongqing", "ap-chongqing/..", "..", "ap-x"]),
        st.sampled_from(["myqcloud.com", "tencentci.cn", "myqcloud.com:80", "myqcloud.com.", "myqcloud.com:é"]),
    ),
)


@given(method=METHODS, host=HOSTS, path=PATHS, is_signed=st.booleans(), signature=st.text(LATIN_1, max_size=24))
@fuzzed(200)
def test_an_arbitrary_host_or_signature_is_answered_as_documented(world, method, host, path, is_signed, signature):
    world.restore()
    path = path if not path.startswith("/_emulator/") else "/"
    headers = {"Authorization": signed(method, host, path, []) if is_signed else signature}

    status, received, body = answer = sent_in_process(world.cloud.emulator, method, host, path, [], headers, b"")
    code = assert_documented(method, host, answer)

    if not is_signed:
        assert status in {400, 401, 403}
        assert method == "HEAD" or code in {"InvalidHost", "InvalidAuthorization", "AccessDenied"}
        assert body or method == "HEAD", received
    # A signed PUT may make the bucket of any host that names one.
    assert world.around() == world.surroundings
    assert all(path.name in {".emulator", "ap-chongqing", "ap-x"} for path in world.data.iterdir())


ENTITY_BODIES = [
    '<!DOCTYPE r [<!ENTITY e SYSTEM "file://{secret}">]>{document}',
    '<!DOCTYPE r [<!ENTITY % p SYSTEM "file://{secret}"> %p;]>{document}',
    '<!DOCTYPE r SYSTEM "file://{secret}">{document}',
    '<!DOCTYPE r PUBLIC "-//X//Y//EN" "http://127.0.0.1:{port}/x.dtd">{document}',
    '<!DOCTYPE r [<!ENTITY e SYSTEM "http://127.0.0.1:{port}/">]>{document}',
    '<!DOCTYPE r [<!ENTITY e "what no answer"><!ENTITY f "&e; may hold">]>{document}',
    '<!DOCTYPE r [<!ATTLIST Request xml:base CDATA "file:///">]>{document}',
    '<?xml-stylesheet href="file://{secret}"?><!DOCTYPE r>{document}',
]


@given(
    text=st.sampled_from(ENTITY_BODIES),
    reference=st.sampled_from(["&e;", "&f;", "plain"]),
    call=st.sampled_from(["POST /jobs", "POST /template", "PUT /asrqueue", "PUT /template"]),
    encoding=st.sampled_from(["utf-8", "utf-16"]),
)
@fuzzed(100)
def test_no_entity_is_expanded_or_fetched(world, text, reference, call, encoding):
    world.restore()
    method, path = call.split()
    path += {"PUT /asrqueue": f"/{world.ids['queue']}", "PUT /template": f"/{world.ids['template']}"}.get(call, "")
    document = TEMPLATE if "template" in path else JOB
    document = document.format(key="in.wav", output="o", data=reference, format="wav", bucket=world.cloud.bucket)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        body = text.format(secret=world.parent / "secret.txt", port=port, document=document).encode(encoding)

        reply = world.cloud.call(method, path, body=body)

        assert reply.refusal == (400, "InvalidContent")
        assert SECRET.encode() not in reply.body
        assert SECRET not in json.dumps(world.cloud.control.state())
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


# Control calls

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=8), children, max_size=3)
    ),
    max_leaves=6,
)
SECONDS = st.sampled_from([0, 0.5, 10**9, 1e9, 10**9 + 1, -1])


def records(**values):
    """Make records with some of ``values``, and now and then with a wrong one."""
    optional = {
        name: st.one_of(strategy, JSON) if n % 2 else strategy for n, (name, strategy) in enumerate(values.items())
    }
    return st.fixed_dictionaries({}, optional=optional)


ANY = st.text(st.characters(), max_size=8)
ROWS = st.lists(
    records(id=st.sampled_from(["a", "\ud800", "é"]), name=ANY, state=st.sampled_from(["Active", "Pause"])), max_size=2
)
ACTIONS = records(
    status=st.integers(190, 610),
    code=ANY,
    message=ANY,
    headers=st.dictionaries(ANY, ANY, max_size=2),
    body=ANY,
    content_type=ANY,
    delay=SECONDS,
    reset=st.booleans(),
)
CONTROL_BODIES = {
    "POST /_emulator/faults": records(
        effect=st.sampled_from(["before", "after"]),
        action=ACTIONS,
        method=st.sampled_from(["*", "GET", "[", "[!a-"]),
        path=st.sampled_from(["*", "/asrqueue", "[z-a]", "*a*a*a*a*a*a*b"]),
        times=st.integers(-1, 3),
        host=ANY,
    ),
    "POST /_emulator/clock": records(advance=SECONDS),
    "POST /_emulator/settings": records(
        job_seconds=SECONDS, unbind_seconds=SECONDS, list_lag_seconds=SECONDS, queue_concurrency=st.integers(-1, 10**40)
    ),
    "PUT /_emulator/buckets/ap-chongqing/test-1250000000": records(
        ci=st.sampled_from(["on", "off"]),
        workflows=ROWS,
        asr=st.sampled_from(["on", "off"]),
        batch_jobs=ROWS,
        services=st.lists(st.sampled_from(["media", "ai"]), max_size=2),
        jobs=st.lists(
            records(id=ANY, tag=st.sampled_from(sorted(TAGS)), state=st.sampled_from(["Running", "Pause"])), max_size=2
        ),
        moderation=st.booleans(),
    ),
    "PUT /_emulator/buckets/../..-1250000000": records(ci=st.just("on")),
    "POST /_emulator/reset": JSON,
    "GET /_emulator/state": JSON,
    "DELETE /_emulator/requests": JSON,
}
CONTROL_CALLS = st.sampled_from(sorted(CONTROL_BODIES)).flatmap(
    lambda call: st.tuples(
        st.just(call),
        st.one_of(CONTROL_BODIES[call].map(lambda body: json.dumps(body).encode()), st.binary(max_size=12)),
    )
)


def fault(**action):
    return ("POST /_emulator/faults", json.dumps({"action": action}).encode())


@given(calls=st.lists(CONTROL_CALLS, min_size=1, max_size=3))
@example(calls=[("POST /_emulator/faults", b'{"effect": []}')])
@example(calls=[("POST /_emulator/clock", b'{"advance": 1000000000}')] * 300)
@example(calls=[fault(body="\ud800")])
@example(calls=[fault(code="\ud800", message="\0")])
@fuzzed(250)
def test_a_control_call_makes_no_server_error_and_no_later_one(world, calls):
    world.restore()
    emulator = world.cloud.emulator
    asks_for_errors = False
    for call, body in calls:
        method, path = call.split()
        status, headers, answer = sent_in_process(emulator, method, "localhost", path, [], {}, body)
        assert headers["content-type"] == "application/json"
        assert (status == 200) != (list(json.loads(answer)) == ["error"]), answer
        assert status in {200, 400}
        asks_for_errors |= path.endswith("/faults")
    # What was accepted must not break the requests after it.
    for path in ("/asrqueue", "/workflow", "/inventorytriggerjob", "/jobs/job", "/"):
        try:
            reply = world.cloud.get(path)
        except ConnectionResetFault:
            assert asks_for_errors
            continue
        assert asks_for_errors or reply.status in {200, 400}
    assert sent_in_process(emulator, "GET", "localhost", "/_emulator/state", [], {}, b"")[0] == 200
    world.check()


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000], ids=["lists", "objects"])
def test_a_control_call_nested_too_deeply_is_refused(world, body):
    status, _, answer = sent_in_process(world.cloud.emulator, "POST", "localhost", "/_emulator/faults", [], {}, body)

    assert (status, json.loads(answer)) == (400, {"error": "the body is nested too deeply"})


@given(method=METHODS, path=KEYS, body=st.binary(max_size=20))
@fuzzed(100)
def test_an_arbitrary_control_path_is_refused_in_json(world, method, path, body):
    status, _, answer = sent_in_process(world.cloud.emulator, method, "localhost", f"/_emulator/{path}", [], {}, body)

    assert status in {200, 400, 404, 405}
    assert isinstance(json.loads(answer), dict)
    assert world.around() == world.surroundings


# The raw socket


@pytest.fixture
def served(world):
    world.restore()
    with EmulatorServer(world.cloud.emulator) as server:
        world.port = server.port
        yield world


def exchanged(port, sent):
    """Return every byte of the answer to ``sent``, after which nothing more comes."""
    with socket.create_connection(("127.0.0.1", port), timeout=BOUND_SECONDS) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            assert received  # it may not take the answer with it
        return received


class Replayed:
    """Bytes as ``http.client`` wants to read them."""

    def __init__(self, received):
        self.received = received

    def makefile(self, _mode):
        return io.BytesIO(self.received)


def parsed(received, method):
    """Return status, headers and body of a single well-formed answer."""
    with http.client.HTTPResponse(Replayed(received), method=method) as response:  # type: ignore[arg-type]  # it only reads
        response.begin()
        headers = {name.lower(): text for name, text in response.getheaders()}
        assert len(headers) == len(response.getheaders())
        body = response.read()
        assert response.status == 204 or method == "HEAD" or len(body) == int(headers["content-length"])
        return response.status, headers, body


RAW_TARGETS = st.one_of(PATHS.map(quote), st.builds("{}?{}".format, PATHS.map(quote), QUERIES.map(encoded)))
# A request with one of the others is refused before anybody looks at it (RFC 9110, 5.5).
FIELD_CHARACTERS = st.characters(codec="latin-1", exclude_characters="\r\n\0\v\f")
RAW_VALUES = st.one_of(
    st.text(FIELD_CHARACTERS, max_size=12),
    st.sampled_from(["a\r\n b", "a\n X-Injected: 1", "a\n\tb", "multipart/x; boundary*=''%ff", "message/rfc822"]),
)


@given(
    method=METHODS,
    plane=PLANES,
    path=PATHS,
    query=QUERIES,
    headers=st.dictionaries(st.sampled_from(KNOWN_HEADERS), RAW_VALUES, max_size=2),
    body=BODIES,
    is_absolute=st.booleans(),
)
@example(
    method="PUT",
    plane="cos",
    path="/a",
    query=[],
    headers={"Content-Type": "a\n X-Injected: 1"},
    body=b"",
    is_absolute=False,
)
@fuzzed(120)
def test_a_signed_request_on_a_socket_is_answered_as_documented(
    served, method, plane, path, query, headers, body, is_absolute
):
    served.restore()
    host = getattr(served.cloud, plane)
    target = f"http://{host}" * is_absolute + quote(path) + f"?{encoded(query)}" * bool(query)
    lines = [
        f"{method} {target} HTTP/1.1",
        f"Host: {host}",
        f"Authorization: {signed(method, host, path, query)}",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]

    received = exchanged(served.port, "\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    assert assert_documented(method, host, parsed(received, method)) not in UNAUTHENTICATED
    served.check()
    if (method, plane) == ("PUT", "cos"):  # what was kept with the object comes back, and nothing else
        authorized = signed("GET", host, path, [])
        request = f"GET {quote(path)} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorized}\r\n\r\n"
        _, got, _ = parsed(exchanged(served.port, request.encode()), "GET")
        assert {name for name in got if not name.startswith("x-cos-meta-")} <= OBJECT_HEADERS
        assert not [text for text in got.values() if "\n" in text or "\r" in text]


RAW_HEADS = st.builds(
    "{} {} {}\r\n{}\r\n".format,
    st.one_of(METHODS, st.sampled_from(["TRACE", "CONNECT", "get", "é", ""])),
    st.one_of(RAW_TARGETS, st.text(LATIN_1, max_size=20), st.sampled_from(["*", "//", "http://", "http://[", "?"])),
    st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.10000000000", "HTTP/x", ""]),
    st.dictionaries(
        st.one_of(
            st.sampled_from(["Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect", "Authorization"]),
            st.text(LATIN_1, max_size=8),
        ),
        st.one_of(RAW_VALUES, st.sampled_from(["0", "1", "-1", "9" * 20, "chunked", "gzip", "100-continue", "close"])),
        max_size=3,
    ).map(lambda headers: "".join(f"{name}: {value}\r\n" for name, value in headers.items())),
).map(lambda head: head.encode("latin-1"))


@given(sent=st.one_of(st.binary(max_size=200), st.builds(bytes.__add__, RAW_HEADS, st.binary(max_size=60))))
@example(sent=b"FETCH / HTTP/0.9\r\n\r\n")
@example(sent=b"GET http://[ HTTP/1.1\r\nHost: \xb5\r\n\r\n")
@fuzzed(200)
def test_arbitrary_bytes_on_a_socket_are_refused_or_dropped(served, sent):
    received = exchanged(served.port, sent)

    if received.startswith(b"HTTP/1.1 100 "):
        received = received.partition(b"\r\n\r\n")[2]
    if received:  # none to a request that never was whole
        status, _, _ = parsed(received, sent.partition(b" ")[0].decode("latin-1"))
        assert status < 500 or status in {501, 505}  # of HTTP itself: unknown methods, codings and versions
    served.check()
    assert served.cloud.get("/").status == 200
