"""The tool that records cassettes: whom it refuses, what it finds different. It reaches no network here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

from pulumi_ci_audio.emulator import Emulator, EmulatorServer, RunningEmulator
from pulumi_ci_audio.emulator.assumptions import ASSUMPTIONS
from tests.cassettes.conftest import ROOT
from tests.conftest import load_tool

record = load_tool("record")

COMPLETE = {
    "TENCENTCLOUD_SECRET_ID": "id",
    "TENCENTCLOUD_SECRET_KEY": "key",
    "CI_AUDIO_RECORD_BUCKET": "my-ci-audio-record-1250000000",
    "CI_AUDIO_RECORD_REGION": "ap-chongqing",
}
CASSETTE = """\
interactions:
- request: {{body: null, headers: {{}}, method: PUT, uri: "https://a.ci.b.myqcloud.com/?unbind"}}
  response:
    body: {{string: {body!r}}}
    headers: {{}}
    status: {{code: {status}, message: OK}}
version: 1
"""
ERROR = "<Error><Code>{code}</Code><Message>m</Message><RequestId>{request_id}</RequestId></Error>"


@pytest.fixture
def folders(tmp_path):
    """Return a function that writes the same cassette for both sides, with another answer on each."""

    def write(*answers):
        made = []
        for side, answer in zip(("emulator", "service"), answers, strict=True):
            folder = tmp_path / side
            (folder / "test_module").mkdir(parents=True)
            made.append(folder)
            if answer is not None:
                status, body = answer
                text = CASSETTE.format(status=status, body=body)
                (folder / "test_module" / "test_it.yaml").write_text(text)
        return made

    return write


class TestRefusal:
    @pytest.fixture(autouse=True)
    def _nothing_is_started(self, monkeypatch):
        monkeypatch.setattr(record, "record", lambda *_, **__: pytest.fail("a recording was started"))

    def test_missing_variables_are_named_on_one_line(self, capsys):
        status = record.main([], {})
        printed = capsys.readouterr()

        assert (status, printed.out) == (1, "")
        assert printed.err.count("\n") == 1
        assert all(name in printed.err for name in COMPLETE)

    @pytest.mark.parametrize("name", COMPLETE)
    def test_every_variable_is_needed(self, capsys, name):
        status = record.main([], {**COMPLETE, name: ""})

        assert status == 1
        assert capsys.readouterr().err == f"record: set {name} to record against the real service\n"

    @pytest.mark.parametrize(
        "bucket",
        [
            "production-1250000000",
            "ci-audio-record",
            "my-ci-audio-recor-1250000000",
            "my-ci-audio-record-12",
            "My-ci-audio-record-1250000000",
            "-ci-audio-record-1250000000",
            "a.ci-audio-record-1250000000",
            "x-1250000000/ci-audio-record-1250000000",
        ],
    )
    def test_bucket_that_is_not_for_the_purpose_is_refused(self, capsys, bucket):
        status = record.main([], {**COMPLETE, "CI_AUDIO_RECORD_BUCKET": bucket})

        assert status == 1
        assert capsys.readouterr().err.startswith("record: CI_AUDIO_RECORD_BUCKET must name a bucket for this purpose")

    def test_region_that_is_none_is_refused(self, capsys):
        assert record.main([], {**COMPLETE, "CI_AUDIO_RECORD_REGION": "here/there"}) == 1
        assert "CI_AUDIO_RECORD_REGION" in capsys.readouterr().err

    def test_emulator_is_not_recorded_as_the_service(self, capsys):
        assert record.main([], {**COMPLETE, "CI_AUDIO_ENDPOINT": "http://127.0.0.1:9350"}) == 1
        assert "it is not the service that answers" in capsys.readouterr().err

    def test_bucket_for_the_purpose_passes(self):
        assert record.refusal(COMPLETE) is None
        assert record.refusal({**COMPLETE, "CI_AUDIO_RECORD_BUCKET": "ci-audio-record-125000000"}) is None

    def test_script_ends_with_one_line_and_status_1(self):
        environment = {name: text for name, text in os.environ.items() if name not in COMPLETE}
        ended = subprocess.run(
            [sys.executable, ROOT / "tools" / "record.py"], env=environment, capture_output=True, text=True, check=False
        )

        assert (ended.returncode, ended.stdout) == (1, "")
        assert re.fullmatch(r"record: set .*\n", ended.stderr)


class TestRecording:
    @pytest.fixture
    def started(self, monkeypatch):
        """The commands that would have been run, and with which environment."""
        commands = []

        def run(command, *, env, **_):
            commands.append((command, env))
            return subprocess.CompletedProcess(command, returncode=self.status)

        self.status = 1
        monkeypatch.setattr(record.subprocess, "run", run)
        return commands

    def test_service_is_recorded_beside_what_the_tests_replay(self, started, tmp_path, capsys):
        record.main(["--into", str(tmp_path)], COMPLETE)
        ((command, environment),) = started

        assert "--record-mode" in command
        assert environment["CI_AUDIO_RECORD"] == "service"
        assert environment["CI_AUDIO_CASSETTES"] == str(tmp_path)
        assert record.FROM_SERVICE.parent == record.CASSETTES

    def test_differences_follow_even_when_tests_failed(self, started, tmp_path, capsys):
        assert record.main(["--into", str(tmp_path)], COMPLETE) == 0
        assert "0 cassettes compared" in capsys.readouterr().out

    def test_recording_that_broke_off_is_no_success(self, started, tmp_path, capsys):
        self.status = 2

        assert record.main(["--into", str(tmp_path)], COMPLETE) == 2
        assert capsys.readouterr().out == ""

    def test_emulator_is_recorded_with_a_made_up_account(self, started, tmp_path):
        record.main(["--emulator", "--into", str(tmp_path)], {})
        ((_, environment),) = started

        assert environment["CI_AUDIO_RECORD"] == "emulator"
        assert record.BUCKET.fullmatch(environment["CI_AUDIO_RECORD_BUCKET"])


class TestDifferences:
    def test_equal_answers_have_none(self, folders):
        """What belongs to the moment is no difference."""
        ours, theirs = (ERROR.format(code="InvalidArgument", request_id=request_id) for request_id in "ab")

        assert record.compare(*folders((400, ours), (400, theirs))) == []

    def test_another_code_and_status_are_told_with_the_call(self, folders):
        ours, theirs = (ERROR.format(code=code, request_id="r") for code in ("InvalidArgument", "Forbidden"))

        assert record.compare(*folders((400, ours), (403, theirs))) == [
            "test_module/test_it: PUT /?unbind: status 400 against 403",
            "test_module/test_it: PUT /?unbind: Error/Code is 'InvalidArgument' against 'Forbidden'",
        ]

    def test_elements_of_one_side_are_told(self, folders):
        ours, theirs = "<Response><A/><B><C>1</C></B></Response>", "<Response><A/><A/><D>1</D></Response>"

        assert record.compare(*folders((200, ours), (200, theirs))) == [
            "test_module/test_it: PUT /?unbind: only the first has Response/B, Response/B/C",
            "test_module/test_it: PUT /?unbind: only the second has Response/D",
        ]

    def test_json_against_xml_is_told(self, folders):
        lines = record.compare(*folders((200, '{"CIStatus":"on"}'), (200, "<CIStatus>on</CIStatus>")))

        assert [line.partition("only")[2] for line in lines] == [
            " the first has JSON/CIStatus",
            " the second has CIStatus",
        ]

    def test_another_status_in_json_is_told(self, folders):
        lines = record.compare(*folders((200, '{"CIStatus":"on"}'), (200, '{"CIStatus":"off"}')))

        assert len(lines) == 1
        assert '"on"' in lines[0]

    def test_document_against_nothing_is_told(self, folders):
        assert len(record.compare(*folders((200, "<Response/>"), (200, "")))) == 1

    def test_cassette_that_was_not_recorded_is_told(self, folders, monkeypatch, capsys):
        ours, theirs = folders((200, ""), None)
        monkeypatch.setattr(record, "CASSETTES", ours)
        record.main(["--compare", str(theirs)], {})

        assert f"test_module/test_it: not recorded in {theirs}\n" in capsys.readouterr().out

    def test_exchange_of_one_side_is_told(self, folders):
        ours, theirs = folders((200, ""), (200, ""))
        cassette = theirs / "test_module" / "test_it.yaml"
        cassette.write_text("interactions: []\nversion: 1\n")

        assert record.compare(ours, theirs) == ["test_module/test_it: PUT /?unbind is on one side only"]

    def test_report_counts_and_succeeds(self, folders, monkeypatch, capsys):
        ours, theirs = folders((200, ""), (204, ""))
        monkeypatch.setattr(record, "CASSETTES", ours)

        assert record.main(["--compare", str(theirs)], {}) == 0
        assert "1 cassettes compared, 1 differences" in capsys.readouterr().out

    def test_line_names_the_assumption_that_is_at_stake(self, tmp_path, monkeypatch):
        name = "test_binding/test_bound_bucket_is_bound_again"
        for side, status in (("ours", 200), ("theirs", 400)):
            cassette = tmp_path / side / f"{name}.yaml"
            cassette.parent.mkdir(parents=True)
            cassette.write_text(CASSETTE.format(status=status, body=""))

        (line,) = record.compare(tmp_path / "ours", tmp_path / "theirs")
        assert line.startswith(f"{name} [bind_when_bound]: ")

    def test_assumptions_and_cassettes_that_it_names_exist(self):
        keys = {assumption.key for assumption in ASSUMPTIONS}

        assert set(record.PROVES.values()) <= keys
        assert [name for name in record.PROVES if not (record.CASSETTES / f"{name}.yaml").exists()] == []


def test_cassettes_are_what_the_emulator_says_today(tmp_path):
    """The same tests, recorded once more, give the same cassettes: byte for byte, as scrubbing leaves nothing else."""
    into = tmp_path / "fresh"
    ended = subprocess.run(
        [sys.executable, ROOT / "tools" / "record.py", "--emulator", "--into", into],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr

    fresh = {path.relative_to(into): path.read_text() for path in into.glob("test_*/*.yaml")}
    kept = {path.relative_to(record.CASSETTES): path.read_text() for path in record.CASSETTES.glob("test_*/*.yaml")}
    assert sorted(kept) == sorted(fresh)
    assert [str(path) for path, text in kept.items() if text != fresh[path]] == []
    assert record.compare(record.CASSETTES, into) == []
    shutil.rmtree(into)


def test_rehearsal_against_another_emulator_tells_what_is_other_there(tmp_path):
    """The whole way of a real account, with an emulator in place of the service that is made to answer otherwise."""
    emulator = Emulator(
        data=tmp_path / "data", assumptions={"unbind_refusal_code": "AccessDenied", "unknown_id_status": "404"}
    )
    account = {
        **{name: text for name, text in os.environ.items() if name not in COMPLETE},
        "TENCENTCLOUD_SECRET_ID": "emulator",
        "TENCENTCLOUD_SECRET_KEY": "emulator",
        "CI_AUDIO_RECORD_BUCKET": "my-ci-audio-record-1251234567",
        "CI_AUDIO_RECORD_REGION": "ap-guangzhou",
    }
    with EmulatorServer(emulator) as server:
        RunningEmulator(server, emulator).put_bucket("ap-guangzhou", "my-ci-audio-record-1251234567")
        ended = subprocess.run(
            [sys.executable, ROOT / "tools" / "record.py", "--into", tmp_path / "fresh"],
            env={**account, "CI_AUDIO_ENDPOINT": server.url},
            capture_output=True,
            text=True,
            check=False,
        )
    emulator.close()

    said = ended.stdout
    assert ended.returncode == 0, said + ended.stderr
    at_stake = set(re.findall(r"^test_\w+/\S+ \[(\w+)\]: ", said, re.MULTILINE))
    # This emulator ends unbinding at once, since nobody there tells it to take its time.
    assert at_stake == {"unbind_refusal_code", "unknown_id_status", "unbinding_ends"}
    assert "Error/Code is 'InvalidArgument' against 'AccessDenied'" in said
    assert "PUT /template/" in said
    assert "status 400 against 404" in said
    assert "test_failures/test_error_in_json_is_read: not recorded in" in said
    assert "125123" not in "".join(path.read_text() for path in (tmp_path / "fresh").glob("test_*/*.yaml"))
