"""https on the emulator's port: directly, and as a proxy that lets tunnels through."""

from __future__ import annotations

import errno
import socket
import ssl
import struct
import threading
import time

import pytest
import requests
from qcloud_cos import CosConfig, CosS3Client

from pulumi_ci_audio.emulator.errors import ConnectionResetFault
from pulumi_ci_audio.emulator.http.certificates import Authority
from pulumi_ci_audio.emulator.http.messages import Response
from pulumi_ci_audio.emulator.http.server import EmulatorServer
from tests.emulator.conftest import BUCKET, REGION
from tests.support.emulators import running_emulator

HOST = f"{BUCKET}.ci.{REGION}.myqcloud.com"


class Application:
    """Tells how a request came, and whether its client is still there."""

    def __init__(self):
        self.entered, self.gone = threading.Event(), threading.Event()

    @staticmethod
    def most_body_bytes(_request):
        return 10**9

    def handle(self, request):
        size = len(request.body.read())
        if request.path == "/reset":
            raise ConnectionResetFault
        if request.path == "/wait":
            assert not request.client_gone()
            self.entered.set()
            deadline = time.monotonic() + 5
            while not request.client_gone() and time.monotonic() < deadline:
                time.sleep(0.005)
            self.gone.set()
        return Response(200, f"{request.host} {request.is_secure} {size}".encode())


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
def application():
    return Application()


@pytest.fixture
def server(application, authority):
    with EmulatorServer(application, tls=authority.context) as running:
        yield running


@pytest.fixture
def ca_file(authority, tmp_path):
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    return str(tmp_path / "ca.pem")


@pytest.fixture
def session(ca_file):
    with requests.Session() as session:
        session.trust_env = False
        session.verify = ca_file
        yield session


def connect(server, ca_file, name="localhost"):
    context = ssl.create_default_context(cafile=ca_file)
    raw = socket.create_connection(("127.0.0.1", server.port), timeout=5)
    return context.wrap_socket(raw, server_hostname=name)


def test_a_client_that_trusts_the_authority_is_served(server, session):
    assert server.url.startswith("https://127.0.0.1:")
    answers = [session.put(server.url, data=b"x" * size).text for size in (0, 1, 3_000_000)]

    assert answers == ["127.0.0.1 True 0", "127.0.0.1 True 1", "127.0.0.1 True 3000000"]


def test_a_client_that_does_not_trust_it_is_not(server):
    with pytest.raises(requests.exceptions.SSLError), requests.Session() as session:
        session.get(server.url)
    # The next one is served all the same.
    assert requests.get(server.url.replace("https", "http"), timeout=5).text.endswith("False 0")


@pytest.mark.parametrize(
    "name",
    [
        HOST,
        f"ci.{REGION}.myqcloud.com",
        f"{BUCKET}.cos.{REGION}.tencentcos.cn",
        f"{BUCKET.upper()}.pic.{REGION}.myqcloud.com",
        "127.0.0.1",
        "localhost",
    ],
)
def test_the_certificate_is_for_the_host_that_is_asked_for(server, ca_file, name):
    with connect(server, ca_file, name) as client:
        assert client.version()


def test_another_host_has_no_certificate(server, ca_file):
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(server, ca_file, "example.com").close()


def test_a_proxy_lets_a_tunnel_through(server, session):
    proxy = {"https": server.url.replace("https", "http")}

    answer = session.get(f"https://{HOST}/a", proxies=proxy)

    assert answer.text == f"{HOST} True 0"


def test_a_tunnel_in_a_tunnel_is_refused(server, ca_file):
    with connect(server, ca_file) as client:
        client.sendall(b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n")

        assert client.recv(1000).startswith(b"HTTP/1.1 405 ")


def test_a_client_that_hung_up_is_gone(server, application, ca_file):
    with connect(server, ca_file) as client:
        client.sendall(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
        assert application.entered.wait(5)

    assert application.gone.wait(5)


def test_a_reset_reaches_the_client_as_a_reset(server, ca_file):
    with connect(server, ca_file) as client:
        client.sendall(b"GET /reset HTTP/1.1\r\nHost: h\r\n\r\n")
        deadline, error = time.monotonic() + 5, 0
        while not error:  # asked of the socket: Python's TLS takes a reset for an end
            assert time.monotonic() < deadline
            error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    assert error == errno.ECONNRESET


def test_closing_the_server_ends_its_connections(application, authority, ca_file):
    with EmulatorServer(application, tls=authority.context) as server:
        client = connect(server, ca_file)
    with client:
        assert client.recv(1) == b""


@pytest.mark.parametrize("sent", [b"\x16", b"\x16\x03\x01" + struct.pack(">H", 500) + bytes(500), b"\x16nonsense" * 50])
def test_what_only_looks_like_a_handshake_ends_the_connection(server, caplog, sent):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: client.recv(1000), b""))

    assert not received.startswith(b"HTTP")
    assert caplog.text == ""


def test_a_client_that_never_finishes_its_handshake_is_cut_off(application, authority):
    with (
        EmulatorServer(application, tls=authority.context, idle_seconds=0.2) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as client,
    ):
        client.sendall(b"\x16\x03\x01")

        assert client.recv(1) == b""


def test_the_official_sdk_runs_with_https_as_in_production(tmp_path, authority, ca_file, session):
    with running_emulator(tmp_path / "data") as emulator:
        emulator.put_bucket(REGION, BUCKET, asr="on", ci="on")
        with EmulatorServer(emulator.emulator, tls=authority.context) as server:
            config = CosConfig(
                Region=REGION,
                SecretId="emulator",
                SecretKey="emulator",
                Scheme="https",
                Proxies={"https": f"http://127.0.0.1:{server.port}"},
            )
            client = CosS3Client(config, retry=0, session=session)
            client.put_object(Bucket=BUCKET, Key="a", Body=b"content")

            assert client.get_object(Bucket=BUCKET, Key="a")["Body"].get_raw_stream().read() == b"content"
            assert client.ci_get_asr_queue(Bucket=BUCKET)["TotalCount"] == "1"
