"""The tool that records cassettes: whom it refuses, what it finds different. It reaches no network here."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from pulumi_ci_audio.emulator.assumptions import ASSUMPTIONS
from tests.support.emulators import running_emulator
from tests.support.places import ROOT
from tests.support.tool_runs import run_tool
from tools import record

Folders = Callable[..., list[Path]]

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
def folders(tmp_path: Path) -> Folders:
    """Return a function that writes the same cassette for both sides, with another answer on each."""

    def write(*answers: tuple[int, str] | None) -> list[Path]:
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


def refused_main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run the tool where it must not start anything."""

    def run(*_: object, **__: object) -> NoReturn:
        pytest.fail("a recording was started")

    return record.main(arguments, environment, run=run)


class TestRefusal:
    def test_missing_variables_are_named_on_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        status = refused_main([], {})
        printed = capsys.readouterr()

        assert (status, printed.out) == (1, "")
        assert printed.err.count("\n") == 1
        assert all(name in printed.err for name in COMPLETE)

    @pytest.mark.parametrize("name", COMPLETE)
    def test_every_variable_is_needed(self, capsys: pytest.CaptureFixture[str], name: str) -> None:
        status = refused_main([], {**COMPLETE, name: ""})

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
    def test_bucket_that_is_not_for_the_purpose_is_refused(
        self, capsys: pytest.CaptureFixture[str], bucket: str
    ) -> None:
        status = refused_main([], {**COMPLETE, "CI_AUDIO_RECORD_BUCKET": bucket})

        assert status == 1
        assert capsys.readouterr().err.startswith("record: CI_AUDIO_RECORD_BUCKET must name a bucket for this purpose")

    def test_region_that_is_none_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert refused_main([], {**COMPLETE, "CI_AUDIO_RECORD_REGION": "here/there"}) == 1
        assert "CI_AUDIO_RECORD_REGION" in capsys.readouterr().err

    def test_emulator_is_not_recorded_as_the_service(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert refused_main([], {**COMPLETE, "CI_AUDIO_ENDPOINT": "http://127.0.0.1:9350"}) == 1
        assert "it is not the service that answers" in capsys.readouterr().err

    def test_bucket_for_the_purpose_passes(self) -> None:
        assert record.refusal(COMPLETE) is None
        assert record.refusal({**COMPLETE, "CI_AUDIO_RECORD_BUCKET": "ci-audio-record-125000000"}) is None

    def test_script_ends_with_one_line_and_status_1(self) -> None:
        environment = {name: text for name, text in os.environ.items() if name not in COMPLETE}

        status, output, errors = run_tool("record", environment=environment)

        assert (status, output) == (1, "")
        assert re.fullmatch(r"record: set .*\n", errors)


class Recorder:
    """Notes the commands that would have been run, and with which environment.

    Args:
        status: with which each of them ends.
    """

    def __init__(self, status: int = 1) -> None:
        self._status = status
        self.started: list[tuple[Sequence[str], Mapping[str, str]]] = []

    def __call__(
        self, command: Sequence[str], /, *, cwd: Path, env: Mapping[str, str], check: bool
    ) -> subprocess.CompletedProcess[bytes]:
        assert (cwd, check) == (ROOT, False)
        self.started.append((command, env))
        return subprocess.CompletedProcess(command, returncode=self._status)


class TestRecording:
    def test_service_is_recorded_beside_what_the_tests_replay(self, tmp_path: Path) -> None:
        recorder = Recorder()

        record.main(["--into", str(tmp_path)], COMPLETE, run=recorder)

        ((command, environment),) = recorder.started
        assert "--record-mode" in command
        assert environment["CI_AUDIO_RECORD"] == "service"
        assert environment["CI_AUDIO_CASSETTES"] == str(tmp_path)
        assert record.FROM_SERVICE.parent == record.CASSETTES

    def test_differences_follow_even_when_tests_failed(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert record.main(["--into", str(tmp_path)], COMPLETE, run=Recorder(status=1)) == 0
        assert "0 cassettes compared" in capsys.readouterr().out

    def test_recording_that_broke_off_is_no_success(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert record.main(["--into", str(tmp_path)], COMPLETE, run=Recorder(status=2)) == 2
        assert capsys.readouterr().out == ""

    def test_emulator_is_recorded_with_a_made_up_account(self, tmp_path: Path) -> None:
        recorder = Recorder()

        record.main(["--emulator", "--into", str(tmp_path)], {}, run=recorder)

        ((_, environment),) = recorder.started
        assert environment["CI_AUDIO_RECORD"] == "emulator"
        assert record.BUCKET.fullmatch(environment["CI_AUDIO_RECORD_BUCKET"])


class TestDifferences:
    def test_equal_answers_have_none(self, folders: Folders) -> None:
        """What belongs to the moment is no difference."""
        ours, theirs = (ERROR.format(code="InvalidArgument", request_id=request_id) for request_id in "ab")

        assert record.compare(*folders((400, ours), (400, theirs))) == []

    def test_another_code_and_status_are_told_with_the_call(self, folders: Folders) -> None:
        ours, theirs = (ERROR.format(code=code, request_id="r") for code in ("InvalidArgument", "Forbidden"))

        assert record.compare(*folders((400, ours), (403, theirs))) == [
            "test_module/test_it: PUT /?unbind: status 400 against 403",
            "test_module/test_it: PUT /?unbind: Error/Code is 'InvalidArgument' against 'Forbidden'",
        ]

    def test_elements_of_one_side_are_told(self, folders: Folders) -> None:
        ours, theirs = "<Response><A/><B><C>1</C></B></Response>", "<Response><A/><A/><D>1</D></Response>"

        assert record.compare(*folders((200, ours), (200, theirs))) == [
            "test_module/test_it: PUT /?unbind: only the first has Response/B, Response/B/C",
            "test_module/test_it: PUT /?unbind: only the second has Response/D",
        ]

    def test_json_against_xml_is_told(self, folders: Folders) -> None:
        lines = record.compare(*folders((200, '{"CIStatus":"on"}'), (200, "<CIStatus>on</CIStatus>")))

        assert [line.partition("only")[2] for line in lines] == [
            " the first has JSON/CIStatus",
            " the second has CIStatus",
        ]

    def test_another_status_in_json_is_told(self, folders: Folders) -> None:
        lines = record.compare(*folders((200, '{"CIStatus":"on"}'), (200, '{"CIStatus":"off"}')))

        assert len(lines) == 1
        assert '"on"' in lines[0]

    def test_document_against_nothing_is_told(self, folders: Folders) -> None:
        assert len(record.compare(*folders((200, "<Response/>"), (200, "")))) == 1

    def test_cassette_that_was_not_recorded_is_told(
        self, folders: Folders, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ours, theirs = folders((200, ""), None)
        monkeypatch.setattr(record, "CASSETTES", ours)
        record.main(["--compare", str(theirs)], {})

        assert f"test_module/test_it: not recorded in {theirs}\n" in capsys.readouterr().out

    def test_exchange_of_one_side_is_told(self, folders: Folders) -> None:
        ours, theirs = folders((200, ""), (200, ""))
        cassette = theirs / "test_module" / "test_it.yaml"
        cassette.write_text("interactions: []\nversion: 1\n")

        assert record.compare(ours, theirs) == ["test_module/test_it: PUT /?unbind is on one side only"]

    def test_report_counts_and_succeeds(
        self, folders: Folders, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ours, theirs = folders((200, ""), (204, ""))
        monkeypatch.setattr(record, "CASSETTES", ours)

        assert record.main(["--compare", str(theirs)], {}) == 0
        assert "1 cassettes compared, 1 differences" in capsys.readouterr().out

    def test_line_names_the_assumption_that_is_at_stake(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        name = "test_binding/test_bound_bucket_is_bound_again"
        for side, status in (("ours", 200), ("theirs", 400)):
            cassette = tmp_path / side / f"{name}.yaml"
            cassette.parent.mkdir(parents=True)
            cassette.write_text(CASSETTE.format(status=status, body=""))

        (line,) = record.compare(tmp_path / "ours", tmp_path / "theirs")
        assert line.startswith(f"{name} [bind_when_bound]: ")

    def test_assumptions_and_cassettes_that_it_names_exist(self) -> None:
        keys = {assumption.key for assumption in ASSUMPTIONS}

        assert set(record.PROVES.values()) <= keys
        assert [name for name in record.PROVES if not (record.CASSETTES / f"{name}.yaml").exists()] == []


def test_cassettes_are_what_the_emulator_says_today(tmp_path: Path) -> None:
    """The same tests, recorded once more, give the same cassettes: byte for byte, as scrubbing leaves nothing else."""
    into = tmp_path / "fresh"

    status, output, errors = run_tool("record", "--emulator", "--into", into)

    assert status == 0, output + errors
    fresh = {path.relative_to(into): path.read_text() for path in into.glob("test_*/*.yaml")}
    kept = {path.relative_to(record.CASSETTES): path.read_text() for path in record.CASSETTES.glob("test_*/*.yaml")}
    assert sorted(kept) == sorted(fresh)
    assert [str(path) for path, text in kept.items() if text != fresh[path]] == []
    assert record.compare(record.CASSETTES, into) == []


def test_rehearsal_against_another_emulator_tells_what_is_other_there(tmp_path: Path) -> None:
    """The whole way of a real account, with an emulator in place of the service that is made to answer otherwise."""
    otherwise = {"unbind_refusal_code": "AccessDenied", "unknown_id_status": "404"}
    account = {
        **{name: text for name, text in os.environ.items() if name not in COMPLETE},
        "TENCENTCLOUD_SECRET_ID": "emulator",
        "TENCENTCLOUD_SECRET_KEY": "emulator",
        "CI_AUDIO_RECORD_BUCKET": "my-ci-audio-record-1251234567",
        "CI_AUDIO_RECORD_REGION": "ap-guangzhou",
    }
    with running_emulator(tmp_path / "data", assumptions=otherwise) as emulator:
        emulator.put_bucket("ap-guangzhou", "my-ci-audio-record-1251234567")
        environment = {**account, "CI_AUDIO_ENDPOINT": emulator.url}
        status, said, errors = run_tool("record", "--into", tmp_path / "fresh", environment=environment)

    assert status == 0, said + errors
    at_stake = set(re.findall(r"^test_\w+/\S+ \[(\w+)\]: ", said, re.MULTILINE))
    # This emulator ends unbinding at once, since nobody there tells it to take its time.
    assert at_stake == {"unbind_refusal_code", "unknown_id_status", "unbinding_ends"}
    assert "Error/Code is 'InvalidArgument' against 'AccessDenied'" in said
    assert "PUT /template/" in said
    assert "status 400 against 404" in said
    assert "test_failures/test_error_in_json_is_read: not recorded in" in said
    assert "125123" not in "".join(path.read_text() for path in (tmp_path / "fresh").glob("test_*/*.yaml"))
