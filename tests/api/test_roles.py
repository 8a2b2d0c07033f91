"""Credentials of a role, asked for from a local server that stands for STS and for an instance's metadata."""

import json
import logging
import socket
import ssl
import threading
from contextlib import closing
from functools import partial
from urllib.request import urlopen

import pytest

from pulumi_ci_audio.api import roles
from pulumi_ci_audio.api.credentials import Addresses, find_credentials
from pulumi_ci_audio.api.errors import SettingsError
from tests.api.servers import answering, dripping, hanging, resetting

NOW = 1_700_000_000.0
PAIR = {"COS_SECRET_ID": "id-cos", "COS_SECRET_KEY": "key-cos"}
ARN = "qcs::cam::uin/1:roleName/ci"
ROLES = {
    "assumed role": (PAIR | {"TENCENTCLOUD_ASSUME_ROLE_ARN": ARN}, "could not assume the role of TENCENTCLOUD_ASSUME"),
    "cluster": (
        {"TKE_REGION": "ap-beijing", "TKE_PROVIDER_ID": "provider", "TKE_ROLE_ARN": ARN},
        "could not take the role of the cluster's identity provider",
    ),
    "instance": ({"TENCENTCLOUD_CAM_ROLE_NAME": "ci role"}, "could not take the role of this instance"),
}


def granted(number=1, *, lifetime=7200.0):
    """Return an answer that serves both kinds of servers, with credentials that carry ``number``."""
    parts = {"TmpSecretId": f"id-{number}", "TmpSecretKey": f"key-{number}", "Token": f"token-{number}"}
    response = {"Credentials": parts, "ExpiredTime": NOW + lifetime, "RequestId": "r"}
    body = json.dumps(parts | {"Code": "Success", "ExpiredTime": NOW + lifetime, "Response": response})
    return answering(200, body.encode(), Content_Type="application/json")


class Stage:
    """A source of credentials whose server and clock the test holds."""

    def __init__(self, server, name, tmp_path, **more):
        self.server = server
        self.now = NOW
        token = tmp_path / "token"
        token.write_text("the cluster's token")
        environment, self.complaint = ROLES[name]
        if name == "cluster":
            environment = environment | {"TKE_WEB_IDENTITY_TOKEN_FILE": str(token)}
        addresses = Addresses(sts=server.address, metadata=f"{server.address}/roles/")
        self.find = partial(
            find_credentials, {}, environment | more, tmp_path, addresses=addresses, unix_time=lambda: self.now
        )
        self.source = self.find()

    def values(self):
        credentials = self.source()
        return credentials.secret_id, credentials.secret_key, credentials.token

    @property
    def asked(self):
        return len(self.server.seen)


@pytest.fixture(params=ROLES)
def stage(request, server, tmp_path):
    server.behave = granted()
    return Stage(server, request.param, tmp_path)


class TestRotation:
    def test_role_brings_its_credentials(self, stage):
        assert stage.values() == ("id-1", "key-1", "token-1")

    def test_nothing_is_asked_before_the_first_request(self, stage):
        assert stage.asked == 0

    def test_credentials_are_kept_while_they_are_good(self, stage):
        stage.values()
        stage.now += 7200 - roles.REFRESH_SECONDS - 1
        stage.values()

        assert stage.asked == 1

    def test_credentials_are_renewed_before_they_expire(self, stage):
        stage.values()
        stage.now += 7200 - roles.REFRESH_SECONDS
        stage.server.behave = granted(2, lifetime=14_400)

        assert stage.values() == ("id-2", "key-2", "token-2")

    def test_short_lived_credentials_are_renewed_at_nine_tenths_of_their_time(self, stage):
        stage.server.behave = granted(lifetime=100)
        asked = []
        for seconds in (0, 89, 1):
            stage.now += seconds
            stage.values()
            asked.append(stage.asked)

        assert asked == [1, 1, 2]

    def test_good_credentials_outlive_a_failed_renewal(self, stage):
        stage.values()
        stage.now += 7200 - roles.REFRESH_SECONDS
        stage.server.behave = resetting

        assert stage.values() == ("id-1", "key-1", "token-1")

    def test_expired_credentials_do_not(self, stage):
        stage.values()
        stage.now += 7200
        stage.server.behave = resetting

        with pytest.raises(SettingsError, match=stage.complaint):
            stage.values()

    def test_operations_of_one_process_share_it(self, stage):
        first = stage.values()
        stage.source = stage.find()

        assert stage.values() == first
        assert stage.asked == 1

    def test_threads_that_begin_together_share_it(self, stage):
        values = []
        threads = [threading.Thread(target=lambda: values.append(stage.find()())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (len(values), stage.asked) == (8, 1)

    def test_threads_share_one_renewal(self, stage):
        threads = [threading.Thread(target=stage.values) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert stage.asked == 1


ERROR = {"Response": {"Error": {"Code": "AuthFailure", "Message": "no\nrole"}, "RequestId": "r"}}


class TestFailures:
    @pytest.mark.parametrize(
        "behave",
        [
            resetting,
            answering(500),
            answering(404, b"<html>"),
            answering(200, b"<html>", Content_Type="application/json"),
            answering(200, b"[]", Content_Type="application/json"),
            answering(200, b"{}", Content_Type="application/json"),
            answering(200, b'{"Response": {}}', Content_Type="application/json"),
            answering(200, json.dumps(ERROR).encode(), Content_Type="application/json"),
        ],
        ids=["reset", "500", "404", "no JSON", "list", "nothing", "half", "refused"],
    )
    def test_failure_is_a_settings_error_on_one_line(self, stage, behave):
        stage.server.behave = behave

        with pytest.raises(SettingsError, match=stage.complaint) as caught:
            stage.values()

        assert str(caught.value).isprintable()
        assert caught.value.__cause__ is None

    @pytest.mark.parametrize(
        "behave", [hanging, dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x")], ids=["silent", "dripping"]
    )
    def test_server_that_never_ends_is_given_up(self, server, behave):
        server.behave = behave

        def fetch():
            with urlopen(server.address) as answer:  # noqa: S310  the local server
                return answer.read()

        with pytest.raises(SettingsError, match=r"^could not ask: no answer within 0 s$"):
            roles.Rotating("ask", fetch, 0.2, lambda: NOW)()

    def test_metadata_is_given_up_in_seconds(self):
        assert roles.METADATA_SECONDS <= 5
        assert roles.STS_SECONDS <= 20

    def test_credentials_without_a_key_are_none(self, server, tmp_path):
        body = b'{"TmpSecretId": "id", "TmpSecretKey": "", "Token": "t", "ExpiredTime": 1700007200}'
        server.behave = answering(200, body)

        with pytest.raises(SettingsError, match="it brought no credentials"):
            Stage(server, "instance", tmp_path).values()


class TestRequests:
    @pytest.mark.parametrize(
        ("more", "session"),
        [({}, "pulumi-ci-audio"), ({"TENCENTCLOUD_ASSUME_ROLE_SESSION_NAME": "ours"}, "ours")],
    )
    def test_role_is_assumed_with_the_pair_that_was_found(self, server, tmp_path, more, session):
        server.behave = granted()
        Stage(server, "assumed role", tmp_path, **more).values()

        ((_, _, headers, body, _),) = server.seen
        assert headers["X-TC-Action"] == "AssumeRole"
        assert "Credential=id-cos/" in headers["Authorization"]
        assert json.loads(body) == {"RoleArn": ARN, "RoleSessionName": session, "DurationSeconds": 7200}

    def test_token_of_the_pair_is_sent_with_it(self, server, tmp_path):
        server.behave = granted()
        Stage(server, "assumed role", tmp_path, COS_SESSION_TOKEN="token-cos").values()

        assert server.seen[0][2]["X-TC-Token"] == "token-cos"

    def test_cluster_role_is_asked_for_with_the_token_of_the_moment(self, server, tmp_path):
        server.behave = granted(lifetime=100)
        stage = Stage(server, "cluster", tmp_path)
        stage.values()
        (tmp_path / "token").write_text("another token")
        stage.now += 100
        stage.values()

        assert [seen[2]["X-TC-Action"] for seen in server.seen] == ["AssumeRoleWithWebIdentity"] * 2
        assert [json.loads(seen[3])["WebIdentityToken"] for seen in server.seen] == [
            "the cluster's token",
            "another token",
        ]

    def test_cluster_without_its_token_is_named(self, server, tmp_path):
        stage = Stage(server, "cluster", tmp_path)
        (tmp_path / "token").unlink()

        with pytest.raises(SettingsError, match="No such file"):
            stage.values()

    def test_instance_role_is_the_named_one_and_no_proxy_stands_before_it(self, server, tmp_path, monkeypatch):
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        server.behave = granted()
        Stage(server, "instance", tmp_path).values()

        assert [seen[:2] for seen in server.seen] == [("GET", "/roles/ci%20role")]


class TestTrust:
    def test_bundle_of_the_environment_holds_for_roles_too(self, certificate, tmp_path):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        body = json.dumps(
            {
                "Response": {
                    "Credentials": {"TmpSecretId": "id", "TmpSecretKey": "key", "Token": "t"},
                    "ExpiredTime": NOW + 7200,
                }
            }
        ).encode()

        def answer(listener):
            connection, _ = listener.accept()
            with context.wrap_socket(connection, server_side=True) as encrypted:
                while not encrypted.recv(65536).endswith(b"}"):
                    pass
                encrypted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            thread = threading.Thread(target=answer, args=(listener,))
            thread.start()
            source = find_credentials(
                {},
                ROLES["assumed role"][0] | {"SSL_CERT_FILE": str(certificate)},
                tmp_path,
                addresses=Addresses(sts=f"https://localhost:{listener.getsockname()[1]}"),
            )
            assert source().secret_id == "id"
            thread.join()

    def test_bundle_that_does_not_exist_is_one_line(self, tmp_path):
        environment = ROLES["assumed role"][0] | {"SSL_CERT_FILE": "/nowhere/ca.pem"}

        with pytest.raises(SettingsError, match=r"^SSL_CERT_FILE names /nowhere/ca\.pem, which does not exist$"):
            find_credentials({}, environment, tmp_path)


class TestSecrecy:
    def test_no_log_holds_a_key_or_a_token(self, stage, caplog):
        caplog.set_level(logging.DEBUG)
        logging.getLogger("tencentcloud_sdk_common").setLevel(logging.DEBUG)
        stage.values()

        for secret in ("key-1", "token-1", "key-cos", "the cluster's token", "TC3-HMAC"):
            assert secret not in caplog.text

    def test_password_of_a_proxy_is_not_shown(self, server, tmp_path, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "http://somebody:hidden@proxy.invalid:bad")

        with pytest.raises(SettingsError) as caught:
            Stage(server, "assumed role", tmp_path).values()

        assert "hidden" not in str(caught.value)
