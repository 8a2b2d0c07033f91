"""Where settings come from, and which of them are refused."""

from pathlib import Path

import pytest

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.client import Client
from pulumi_ci_audio.api.errors import NotConnectedError, SettingsError
from pulumi_ci_audio.api.settings import READ_TIMEOUT_SECONDS, SETTLE_SECONDS, Settings
from tests.support.clock import FakeClock


def settings(configuration=None, **environment):
    return Settings(configuration=configuration or {}, environment=environment, home=Path("/nowhere"))


class TestRegion:
    @pytest.mark.parametrize(
        ("configured", "first", "second", "expected"),
        [
            ("r1", "r2", "r3", "r1"),
            ("", "r2", "r3", "r2"),
            (None, "r2", "r3", "r2"),
            (None, "", "r3", "r3"),
            (None, "", "", None),
        ],
    )
    def test_sources_are_asked_in_their_order(self, configured, first, second, expected):
        configuration = {} if configured is None else {"tencentcloud:region": configured}

        assert settings(configuration, TENCENTCLOUD_REGION=first, COS_REGION=second).region == expected

    def test_region_may_be_nowhere(self):
        assert settings().region is None


class TestEndpoint:
    def test_there_is_none_unless_one_is_set(self):
        assert settings().endpoint is None
        assert settings({"ci-audio:endpoint": ""}, CI_AUDIO_ENDPOINT="").endpoint is None

    def test_configuration_comes_before_the_environment(self):
        found = settings({"ci-audio:endpoint": "http://a:1"}, CI_AUDIO_ENDPOINT="http://b:2")

        assert found.endpoint == "http://a:1"
        assert found.endpoint_source == "ci-audio:endpoint"
        assert settings(CI_AUDIO_ENDPOINT="http://b:2").endpoint_source == "CI_AUDIO_ENDPOINT"
        assert settings().endpoint_source == ""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("http://127.0.0.1:9350", "http://127.0.0.1:9350"),
            ("http://127.0.0.1:9350/", "http://127.0.0.1:9350"),
            ("https://emulator.example", "https://emulator.example"),
            ("HTTP://Emulator.example:80", "http://Emulator.example:80"),
            ("http://[::1]:9350", "http://[::1]:9350"),
            ("http://127.0.0.1:9350\n", "http://127.0.0.1:9350"),
        ],
    )
    def test_address_of_a_server_is_taken(self, text, expected):
        assert settings(CI_AUDIO_ENDPOINT=text).endpoint == expected

    @pytest.mark.parametrize(
        "text",
        [
            "127.0.0.1:9350",
            "localhost",
            "ftp://127.0.0.1",
            "file:///etc",
            "http://",
            "http://:9350",
            "http://a/path",
            "http://a?query",
            "http://a/?query",
            "http://a#fragment",
            "http://user:password@a",
            "http://a:port",
            "http://a:99999",
            "http://[::1",
        ],
    )
    def test_anything_else_is_refused_with_an_example_and_not_repeated(self, text):
        with pytest.raises(SettingsError, match=r"ci-audio:endpoint.*CI_AUDIO_ENDPOINT.*http://127\.0\.0\.1:9350") as e:
            _ = settings(CI_AUDIO_ENDPOINT=text).endpoint

        assert "password" not in str(e.value)


class TestPace:
    @pytest.mark.parametrize(("text", "expected"), [("5", 5.0), ("0.5", 0.5), ("", None)])
    def test_rate_is_a_positive_number_or_absent(self, text, expected):
        assert settings(CI_AUDIO_REQUESTS_PER_SECOND=text).requests_per_second == expected

    @pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "many"])
    def test_anything_else_is_refused_by_name(self, text):
        with pytest.raises(SettingsError, match="CI_AUDIO_REQUESTS_PER_SECOND must be a positive number of requests"):
            _ = settings(CI_AUDIO_REQUESTS_PER_SECOND=text).requests_per_second


def test_bundle_that_does_not_exist_makes_no_client():
    found = settings(REQUESTS_CA_BUNDLE="/nowhere/ca.pem")

    with pytest.raises(SettingsError, match="REQUESTS_CA_BUNDLE names /nowhere/ca"):
        Client.from_settings(found, FakeClock().waiter())


def test_client_that_cannot_connect_names_the_endpoint_and_its_setting():
    found = settings(CI_AUDIO_ENDPOINT="http://127.0.0.1:9", TENCENTCLOUD_SECRET_ID="id", TENCENTCLOUD_SECRET_KEY="key")

    with pytest.raises(
        NotConnectedError, match=r"could not bind bucket .* http://127\.0\.0\.1:9, which CI_AUDIO_ENDPOINT"
    ):
        Client.from_settings(found, FakeClock().waiter()).create_ci_bucket(Bucket("ap-beijing", "test-1250000000"))


class TestSeconds:
    @pytest.mark.parametrize("text", ["1", "0.25", "1e3"])
    def test_positive_numbers_are_taken(self, text):
        found = settings(CI_AUDIO_READ_TIMEOUT_SECONDS=text, CI_AUDIO_SETTLE_SECONDS=text)

        assert (found.read_timeout_seconds, found.settle_seconds) == (float(text), float(text))

    def test_absent_and_empty_ones_have_defaults(self):
        for found in (settings(), settings(CI_AUDIO_READ_TIMEOUT_SECONDS="", CI_AUDIO_SETTLE_SECONDS="")):
            assert (found.read_timeout_seconds, found.settle_seconds) == (READ_TIMEOUT_SECONDS, SETTLE_SECONDS)

    @pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "-inf", "1e999", "soon", "1s", " "])
    def test_anything_else_is_refused_by_name(self, text):
        found = settings(CI_AUDIO_READ_TIMEOUT_SECONDS=text, CI_AUDIO_SETTLE_SECONDS=text)

        with pytest.raises(SettingsError, match="CI_AUDIO_READ_TIMEOUT_SECONDS must be a positive number of seconds"):
            _ = found.read_timeout_seconds
        with pytest.raises(SettingsError, match="CI_AUDIO_SETTLE_SECONDS must be a positive number of seconds"):
            _ = found.settle_seconds


class TestSharing:
    def test_there_are_defaults(self):
        sharing = settings().sharing

        assert (sharing.list_seconds, sharing.jobs_at_most, sharing.gather_seconds) == (10.0, 10, 0.025)

    @pytest.mark.parametrize(("text", "seconds"), [("0", 0.0), ("2.5", 2.5)])
    def test_a_list_may_answer_for_any_time_or_none(self, text, seconds):
        assert settings(CI_AUDIO_LIST_SECONDS=text).sharing.list_seconds == seconds

    @pytest.mark.parametrize("text", ["1", "7", "100"])
    def test_a_request_may_name_up_to_a_hundred_jobs(self, text):
        assert settings(CI_AUDIO_JOBS_PER_REQUEST=text).sharing.jobs_at_most == int(text)

    @pytest.mark.parametrize(
        ("variable", "text"),
        [
            ("CI_AUDIO_LIST_SECONDS", "-1"),
            ("CI_AUDIO_LIST_SECONDS", "inf"),
            ("CI_AUDIO_LIST_SECONDS", "soon"),
            ("CI_AUDIO_JOBS_PER_REQUEST", "0"),
            ("CI_AUDIO_JOBS_PER_REQUEST", "1.5"),
            ("CI_AUDIO_JOBS_PER_REQUEST", "101"),
            ("CI_AUDIO_JOBS_PER_REQUEST", "many"),
        ],
    )
    def test_anything_else_is_refused_by_name(self, variable, text):
        with pytest.raises(SettingsError, match=f"{variable} must be "):
            _ = settings(**{variable: text}).sharing


def test_settings_of_the_process_are_those_of_now(monkeypatch, tmp_path):
    monkeypatch.setenv("TENCENTCLOUD_REGION", "ap-first")
    found = Settings.of_process({"tencentcloud:secretId": "id", "tencentcloud:secretKey": "key"})
    monkeypatch.setenv("TENCENTCLOUD_REGION", "ap-second")

    assert found.region == "ap-second"
    assert found.home == tmp_path / "home"
    assert found.credentials()().secret_id == "id"
