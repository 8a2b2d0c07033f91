"""The doctor says what is set up and what to do, sends nothing that changes anything, and asks what it can."""

from __future__ import annotations

import os
import socket
import sys
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from pulumi_ci_audio.api.operations import OPERATIONS
from pulumi_ci_audio.cli.permissions import READS, WRITES
from tests.support.places import BUCKET, REGION

pytestmark = pytest.mark.usefixtures("parts_on_path")


@pytest.fixture
def parts_on_path(engine_on_path, monkeypatch):
    """The engine and the plugin, where an active virtual environment has them."""
    monkeypatch.setenv("PATH", f"{engine_on_path}:{Path(sys.executable).parent}:/usr/bin:/bin")


@pytest.fixture
def bucket(emulator):
    emulator.put_bucket(REGION, BUCKET, ci="on", asr="on")
    emulator.clear_requests()
    return emulator


def marks(result):
    """Return the first words of the lines, and the lines by their subjects."""
    lines = [line.split(None, 2) for line in result.output.splitlines()]
    return {word for word, *_ in lines}, {subject: text for _, subject, text in lines}


def test_all_in_order_exits_with_0_and_changes_nothing(bucket, run):
    result = run("doctor")

    words, lines = marks(result)
    assert result.exit_code == 0
    assert words == {"ok", "note"}
    assert list(lines) == ["engine", "SDK", "plugin", "region", "credentials", "endpoint", "clock", "permissions"]
    assert lines["credentials"] == "from the environment, as TENCENTCLOUD_SECRET_ID"
    assert lines["endpoint"] == f"{bucket.url} (CI_AUDIO_ENDPOINT) answers"
    assert {request["method"] for request in bucket.requests()} <= {"GET", "HEAD"}


def test_every_permission_is_named_as_there_or_as_not_tried(bucket, run):
    result = run("doctor", "--bucket", BUCKET)

    for operation in OPERATIONS:
        for action in operation.action.split(" and "):
            assert action in result.output


def test_reads_are_what_the_table_says_and_the_rest_is_not_tried():
    assert {operation.method for operation in READS} == {"GET", "HEAD"}
    assert {operation.method for operation in WRITES} <= {"PUT", "POST", "DELETE"}


@pytest.mark.parametrize(
    ("fault", "action"),
    [
        ({"method": "GET", "path": "/workflow"}, "ci:DescribeMediaWorkflows"),
        ({"method": "GET", "path": "/jobs/*"}, "ci:DescribeMediaJob and ci:DescribeAsrJob"),
        ({"method": "HEAD"}, "cos:HeadObject"),
    ],
)
def test_a_missing_permission_is_named_with_what_to_grant(bucket, run, fault, action):
    bucket.add_fault(**fault, times=100, action={"status": 403, "code": "AccessDenied"})

    result = run("doctor")

    (line,) = [line for line in result.output.splitlines() if line.startswith("mend")]
    assert result.exit_code == 1
    assert f"permissions {action}: could not" in line
    assert f"grant {action}" in line


@pytest.mark.parametrize("asr", ["on", "off"])
def test_a_bucket_that_is_not_bound_yet_is_a_note_and_permissions_are_told_all_the_same(emulator, run, asr):
    emulator.put_bucket(REGION, BUCKET, ci="off", asr=asr)

    result = run("doctor", "--bucket", BUCKET)

    words, lines = marks(result)
    assert (result.exit_code, words) == (0, {"ok", "note"}), result.output
    assert lines["bucket"] == f"{BUCKET} in {REGION} is not bound to CI: a CiBucketBinding binds it"
    assert "ci:DescribeMediaWorkflows" in result.output


def test_a_bucket_that_does_not_exist_is_told_once_with_the_nearest(bucket, run):
    result = run("doctor", "--bucket", "recording-1250000000")

    assert result.exit_code == 1
    assert result.output.count("recording-1250000000") == 1
    assert f"did you mean {BUCKET}?; create it, or correct" in marks(result)[1]["bucket"]
    assert "cos:HeadObject" not in [line for line in result.output.splitlines() if line.startswith("ok")][-1]


def test_a_region_without_buckets_asks_for_one(emulator, run):
    result = run("doctor")

    assert result.exit_code == 0
    assert "name one with --bucket" in result.output


@pytest.mark.parametrize("missing", [["TENCENTCLOUD_SECRET_ID"], ["TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"]])
def test_half_a_key_or_none_is_to_be_mended_and_the_rest_is_checked(bucket, run, monkeypatch, missing):
    for variable in missing:
        monkeypatch.delenv(variable)

    result = run("doctor")

    _, lines = marks(result)
    assert result.exit_code == 1
    assert "TENCENTCLOUD_SECRET_ID" in lines["credentials"]
    assert "clock" in lines
    assert "permissions" not in lines


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CI_AUDIO_REQUESTS_PER_SECOND", "abc"),
        ("CI_AUDIO_LIST_SECONDS", "x"),
        ("CI_AUDIO_JOBS_PER_REQUEST", "1000"),
        ("CI_AUDIO_SETTLE_SECONDS", "x"),
    ],
)
def test_a_number_that_is_none_is_to_be_mended(bucket, run, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)

    result = run("doctor")

    assert result.exit_code == 1
    assert f"{variable} must be a" in marks(result)[1]["settings"]


def test_a_wrong_clock_is_told_with_its_distance(bucket, run):
    date = formatdate(time.time() - 600, usegmt=True)
    bucket.add_fault(times=100, effect="after", action={"headers": {"Date": date}})

    result = run("doctor")

    assert result.exit_code == 1
    assert "ahead of the service's: correct it, or signatures are refused" in marks(result)[1]["clock"]


def test_a_wrong_key_is_told_once(bucket, run, monkeypatch):
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "another")

    result = run("doctor")

    (line,) = [line for line in result.output.splitlines() if line.startswith("mend")]
    assert result.exit_code == 1
    assert "credentials" in line
    assert "check the secret id, key and token" in line
    assert "another" not in result.output


@pytest.fixture
def configure(bucket, stack_on_disk, monkeypatch):
    """A function that moves what the environment says into the configuration of a stack, under other names."""

    def move(names):
        values = {key: os.environ[variable] for variable, key in names.items()}
        stack_on_disk("config", "set-all", *(f"--secret={key}={value}" for key, value in values.items()))
        for variable in names:
            monkeypatch.delenv(variable)

    return move


VARIABLES = ("CI_AUDIO_ENDPOINT", "TENCENTCLOUD_REGION", "TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY")


@pytest.mark.engine
@pytest.mark.parametrize(
    "keys",
    [
        ("ci-audio:endpoint", "tencentcloud:region", "tencentcloud:secretId", "tencentcloud:secretKey"),
        ("ci-audio:endpoint", "ci-audio:region", "ci-audio:secretId", "ci-audio:secretKey"),
    ],
)
def test_the_configuration_of_a_stack_is_looked_at_where_one_is_named(bucket, configure, run, keys):
    configure(dict(zip(VARIABLES, keys, strict=True)))

    result = run("doctor", "--stack", "dev")

    words, lines = marks(result)
    assert (result.exit_code, words) == (0, {"ok", "note"}), result.output
    assert lines["region"] == REGION
    assert lines["credentials"] == "from the stack configuration"
    family, other = ("", ".native") if keys[1].startswith("tencentcloud") else (".native", "")
    assert f"{keys[2]} is for the classes of pulumi_ci_audio{family}; those of pulumi_ci_audio{other} need" in (
        result.output
    )
    assert lines["endpoint"] == f"{bucket.url} (ci-audio:endpoint) answers"
    assert run("status", "--stack", "dev").exit_code == 0
    assert run("status").exit_code == 2


@pytest.mark.engine
@pytest.mark.parametrize("key", ["tencentcloud:secretKey", "ci-audio:secretKey"])
def test_a_plain_key_is_to_be_rotated(bucket, stack_on_disk, run, key):
    stack_on_disk("config", "set-all", f"--plaintext={key}=emulator", f"--secret={key[:-3]}Id=emulator")

    result = run("doctor", "--stack", "dev")

    assert result.exit_code == 1
    (line,) = [line for line in result.output.splitlines() if line.startswith("mend")]
    assert f"holds {key} in plain text, with which pulumi_ci_audio deploys nothing" in line
    assert f"`pulumi config set --secret {key}`" in line


@pytest.mark.engine
@pytest.mark.parametrize(
    ("stack", "passphrase", "said"),
    [
        ("prod", "", "could not be read: `pulumi config` said no stack named 'prod' found"),
        ("dev", "another", "could not be read: `pulumi config` said incorrect passphrase"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_told(configure, run, monkeypatch, stack, passphrase, said):
    configure({"TENCENTCLOUD_SECRET_KEY": "tencentcloud:secretKey"})
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", passphrase)

    result = run("doctor", "--stack", stack)

    assert result.exit_code == 1
    assert f"the configuration of the stack {stack} {said}" in marks(result)[1]["settings"]


@pytest.mark.parametrize("printed", ["", "wait, please\n{}", "null", '["hush"]'])
def test_an_engine_that_prints_something_else_is_told_and_not_repeated(bucket, run, monkeypatch, tmp_path, printed):
    engine = tmp_path / "pulumi"
    engine.write_text(f"#!/bin/sh\ncat <<'END'\n{printed}\nEND\n")
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")

    result = run("doctor", "--stack", "dev")

    assert "could not be read: `pulumi config` printed something else" in result.output
    assert "hush" not in marks(result)[1]["settings"]


@pytest.mark.engine
def test_what_makes_no_sense_in_a_configuration_is_named(configure, run):
    configure({"TENCENTCLOUD_SECRET_KEY": "ci-audio:secretKey"})

    result = run("status", "--stack", "dev")

    assert result.exit_code == 2
    assert "ci-audio:secretId must be given beside secretKey" in result.output


def test_a_dead_endpoint_is_told_at_once(emulator, run, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("CI_AUDIO_ENDPOINT", url)

    result = run("doctor")

    assert result.exit_code == 2
    assert f"does the emulator run at the endpoint {url}, which CI_AUDIO_ENDPOINT names?" in result.output


def test_something_else_in_the_services_place_is_told(bucket, run):
    bucket.add_fault(path="/asrbucket", action={"status": 200, "headers": {"x-ci-request-id": ""}, "body": "<html/>"})

    result = run("doctor")

    assert result.exit_code == 1
    assert "answers without the service's mark, HTTP 200: a proxy or a wrong endpoint?" in result.output


def test_missing_parts_are_named_with_where_to_get_them(emulator, run, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")

    result = run("doctor")

    _, lines = marks(result)
    assert result.exit_code == 1
    assert "https://www.pulumi.com/docs/install/" in lines["engine"]
    assert f"name {Path(sys.executable).parent} under plugins" in lines["plugin"]


def test_an_old_engine_is_to_be_replaced(emulator, run, monkeypatch, tmp_path):
    old = tmp_path / "pulumi"
    old.write_text("#!/bin/sh\necho v3.100.0\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")

    result = run("doctor")

    assert "is 3.100.0; install Pulumi 3.216 or newer" in result.output
