"""The command tells how buckets stand, in its table, in JSON and by its exit code, and changes nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from click.testing import CliRunner

from pulumi_ci_audio.cli import main
from tests.support.console import official_sdk
from tests.support.emulators import write_calls
from tests.support.places import BUCKET, OTHER_BUCKET, REGION
from tests.support.polling import until

MARKED = {"x-ci-request-id": "r", "Content-Type": "application/xml"}
WITHOUT_STATUS = (
    "<Response><RequestId>r</RequestId><TotalCount>2</TotalCount><PageNumber>1</PageNumber><PageSize>100</PageSize>"
    + "".join(
        f"<CIBucketList><BucketId>{name}</BucketId><Name>{name}</Name><Region>{REGION}</Region></CIBucketList>"
        for name in (OTHER_BUCKET, BUCKET)
    )
    + "</Response>"
)
STATUS = [sys.executable, "-c", "import sys; sys.argv = ['', 'status']; from pulumi_ci_audio.cli import main; main()"]
DENIED = {"status": 403, "code": "AccessDenied"}


def on(emulator, *names):
    for name in names:
        emulator.put_bucket(REGION, name, ci="on", asr="on")


def test_everything_on_is_told_and_exits_with_0(emulator, run):
    on(emulator, BUCKET, OTHER_BUCKET)

    result = run("status")

    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line.split()[:3] for line in lines[1:3]] == [[OTHER_BUCKET, "on", "on"], [BUCKET, "on", "on"]]
    assert lines[-1] == f"2 in region {REGION}: 2 on, 0 off or blocked, 0 not told"
    assert write_calls(emulator) == []


@pytest.mark.parametrize(("ci", "asr"), [("off", "off"), ("on", "off")])
def test_what_is_off_exits_with_1(emulator, run, ci, asr):
    emulator.put_bucket(REGION, BUCKET, ci=ci, asr=asr)

    result = run("status", BUCKET)

    assert result.exit_code == 1
    assert result.output.splitlines()[1].split()[:3] == [BUCKET, ci, asr]


def test_what_is_in_the_way_is_named_with_what_clears_it_and_exits_with_1(emulator, run):
    emulator.put_bucket(
        REGION, BUCKET, ci="on", asr="on", workflows=[{"id": "w1", "name": "nightly", "state": "Active"}]
    )

    result = run("status", BUCKET)

    assert result.exit_code == 1
    assert f'{BUCKET}: workflow w1 "nightly" (Active): PUT /workflow/w1?paused, then DELETE' in result.output


def test_unfinished_work_is_shown_and_is_no_fault(emulator, run):
    on(emulator, BUCKET)
    emulator.change_settings(job_seconds=60)
    emulator.put_object(REGION, BUCKET, "raw/a.wav", b"sound")
    queue = official_sdk(emulator.url).ci_get_asr_queue(Bucket=BUCKET)["QueueList"][0]["QueueId"]
    operation = {
        "NoiseReduction": {"Format": "wav"},
        "Output": {"Region": REGION, "Bucket": BUCKET, "Object": "clean/a.wav"},
    }
    official_sdk(emulator.url).ci_create_media_jobs(
        Bucket=BUCKET,
        Jobs={"Tag": "NoiseReduction", "Input": {"Object": "raw/a.wav"}, "QueueId": queue, "Operation": operation},
        Lst={},
    )

    result = run("status", "--json")

    (bucket,) = json.loads(result.output)
    assert result.exit_code == 0
    assert [job["kind"] for job in bucket["jobs"]] == ["noise-reduction job"]
    assert (bucket["ci"], bucket["smartAudio"], bucket["blockers"], bucket["batches"]) == ("on", "on", [], [])


def test_a_prefix_chooses_buckets(emulator, run):
    on(emulator, BUCKET, OTHER_BUCKET)

    result = run("status", "--prefix", "rec", "--json")

    assert [bucket["bucket"] for bucket in json.loads(result.output)] == [BUCKET]


def test_a_quick_look_says_that_it_did_not_look_for_more(emulator, run):
    emulator.put_bucket(
        REGION, BUCKET, ci="on", asr="on", workflows=[{"id": "w1", "name": "nightly", "state": "Active"}]
    )

    assert run("status", "--quick").output.splitlines()[1].split() == [BUCKET, "on", "on", "-", "-", "-"]
    (bucket,) = json.loads(run("status", "--quick", "--json").output)
    assert (bucket["blockers"], bucket["jobs"], bucket["batches"]) == (None, None, None)


def test_a_bucket_that_is_named_is_shown_whatever_the_prefix(emulator, run):
    on(emulator, BUCKET)

    assert run("status", BUCKET, "--prefix", "zzz").output.splitlines()[1].split()[:3] == [BUCKET, "on", "on"]


def test_names_that_would_break_a_line_or_that_the_terminal_lacks_are_escaped(emulator):
    workflows = [
        {"id": "w1", "name": "x\nEVIL", "state": "Active"},
        {"id": "w2", "name": "夜间转码", "state": "Active"},
    ]
    emulator.put_bucket(REGION, BUCKET, ci="on", asr="on", workflows=workflows)

    ran = subprocess.run(STATUS, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=False)

    assert (ran.returncode, ran.stderr) == (1, b"")
    assert b"w1 'x\\nEVIL' (Active)" in ran.stdout
    assert rb'w2 "\u591c' in ran.stdout


def test_an_output_that_cannot_be_written_is_one_line(emulator):
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(STATUS, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert ran.returncode == 2
    assert ran.stderr == "Error: could not print: No space left on device\n"


def test_a_reader_that_has_seen_enough_gets_no_complaint(emulator):
    on(emulator, *(f"bucket-{number:03}-1250000000" for number in range(3)))
    reading, writing = os.pipe()
    os.close(reading)

    ran = subprocess.run(STATUS, stdout=writing, stderr=subprocess.PIPE, check=False)

    os.close(writing)
    assert (ran.returncode, ran.stderr) == (2, b"")


def test_a_prefix_is_printed_as_it_is(emulator, run):
    result = run("status", "--prefix", "[/x]")

    assert result.output == f"no bucket of region {REGION} with the prefix [/x] is bound to CI\n"


def test_a_bucket_whose_status_the_list_leaves_out_is_asked_for(emulator, run):
    on(emulator, BUCKET)
    emulator.put_bucket(REGION, OTHER_BUCKET, ci="on", asr="off")
    emulator.add_fault(
        method="GET", path="/cibuckets", times=9, effect="before", action={"headers": MARKED, "body": WITHOUT_STATUS}
    )

    result = run("status", "--json")

    assert [bucket["bucket"] for bucket in json.loads(result.output)] == [OTHER_BUCKET, BUCKET]
    assert result.exit_code == 1


def test_a_region_without_buckets_says_so(emulator, run):
    result = run("status", "--region", "ap-beijing")

    assert (result.exit_code, result.output) == (0, "no bucket of region ap-beijing is bound to CI\n")


def test_the_buckets_of_every_page_are_told(emulator, run):
    names = [f"bucket-{number:03}-1250000000" for number in range(101)]
    on(emulator, *names)

    result = run("status", "--json", "--quick")

    assert result.exit_code == 0
    assert len(emulator.requests()) == 1 + 2 + 2
    assert [bucket["bucket"] for bucket in json.loads(result.output)] == names


def test_an_unknown_bucket_is_answered_with_the_nearest_known_one(emulator, run):
    on(emulator, BUCKET)

    result = run("status", "recording-1250000000")

    assert result.exit_code == 2
    assert f"there is no bucket recording-1250000000 in {REGION}; did you mean {BUCKET}?" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--regoin", REGION), "No such option"),
        (("--regoin", REGION), "--region"),
        (("Recordings-1250000000",), "must be lower case"),
        (("--region", "x"), "must be a region such as ap-shanghai"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(emulator, run, arguments, said):
    result = run("status", *arguments)

    assert result.exit_code == 2
    assert said in result.output
    assert emulator.requests() == []


def test_an_unknown_command_is_answered_with_the_nearest_one(run):
    result = run("statsu")

    assert result.exit_code == 2
    assert "No such command 'statsu'. Did you mean 'status'?" in result.output


@pytest.mark.parametrize(
    "missing", ["TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "both", "TENCENTCLOUD_REGION"]
)
def test_half_a_key_none_or_no_region_is_told_before_anything_is_sent(emulator, run, monkeypatch, missing):
    both = ["TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"]
    for variable in both if missing == "both" else [missing]:
        monkeypatch.delenv(variable)

    result = run("status")

    assert result.exit_code == 2
    assert ("no credentials" if missing == "both" else missing) in result.output
    assert "emulator" not in result.output.replace("pulumi-ci-audio doctor", "")
    assert emulator.requests() == []


def test_a_bound_bucket_without_smart_audio_is_found_by_itself(emulator, run):
    emulator.put_bucket(REGION, BUCKET, ci="on")

    result = run("status")

    assert result.exit_code == 1
    assert result.output.splitlines()[1].split()[:3] == [BUCKET, "on", "off"]


def test_a_missing_permission_for_the_list_is_named(emulator, run):
    on(emulator, BUCKET)
    emulator.add_fault(path="/asrbucket", times=100, action=DENIED)

    unnamed, named = run("status"), run("status", BUCKET)

    assert unnamed.exit_code == named.exit_code == 2
    assert "grant ci:DescribeAsrBuckets on every resource (*)" in unnamed.output
    assert "or name the buckets to look at" in unnamed.output
    assert named.output.splitlines()[1].split()[:3] == [BUCKET, "on", "?"]


def test_a_missing_permission_for_a_blocker_leaves_the_rest_told(emulator, run):
    on(emulator, BUCKET)
    emulator.add_fault(path="/workflow", times=100, action=DENIED)

    result = run("status")

    assert result.exit_code == 2
    assert "grant ci:DescribeMediaWorkflows" in result.output
    assert result.output.splitlines()[1].split()[:3] == [BUCKET, "on", "on"]


def test_a_wrong_clock_is_named_with_its_distance(emulator, run):
    date = formatdate(time.time() + 7200, usegmt=True)
    emulator.add_fault(times=100, action={"code": "SignatureExpired", "headers": {"Date": date}})

    result = run("status")

    assert result.exit_code == 2
    assert re.search("this machine's clock is (7199|7200) s behind the service's: correct it", result.output)


def test_a_dead_endpoint_is_told_at_once(emulator, run, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = closed.getsockname()
    monkeypatch.setenv("CI_AUDIO_ENDPOINT", f"http://{address[0]}:{address[1]}")
    start = time.monotonic()

    result = run("status")

    assert result.exit_code == 2
    assert "no connection to ci.ap-chongqing.myqcloud.com" in result.output
    assert time.monotonic() - start < 5


def test_a_silent_endpoint_is_given_up_in_seconds(run, emulator, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("CI_AUDIO_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("CI_AUDIO_READ_TIMEOUT_SECONDS", "0.2")

        result = run("status")

    assert result.exit_code == 2
    assert "did not answer in time" in result.output


def test_a_service_that_falls_silent_in_the_middle_ends_the_listing(emulator, run):
    on(emulator, *(f"bucket-{number:03}-1250000000" for number in range(40)))
    emulator.add_fault(path="/workflow*", times=1000, action={"status": 403, "code": "AccessDenied"})
    emulator.add_fault(host="bucket-02*", path="/", times=1000, action={"reset": True})

    result = run("status")

    assert result.exit_code == 2
    assert "Error: could not read the CI status of bucket bucket-02" in result.output


def test_an_interrupt_ends_it_in_a_line(emulator):
    on(emulator, *(f"bucket-{number:03}-1250000000" for number in range(40)))
    emulator.add_fault(path="/workflow*", times=1000, action={"reset": True})
    command = [sys.executable, "-c", "from pulumi_ci_audio.cli import main; main()", "status"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        until(lambda: any(request["path"] == "/workflow" for request in emulator.requests()), "a question")
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        output, _ = process.communicate(timeout=20)

    assert process.returncode == 2
    assert re.fullmatch(r"Error: interrupted when \d+ buckets were told\n", output)
    assert time.monotonic() - start < 5


def test_every_command_shows_an_example(run):
    for command in ("status", "doctor", "emulator"):
        result = run(command, "--help")
        assert result.exit_code == 0
        assert f"Example: pulumi-ci-audio {command} " in " ".join(result.output.split())


def test_the_shell_completes_commands_and_options(run, monkeypatch):
    monkeypatch.setenv("_PULUMI_CI_AUDIO_COMPLETE", "bash_complete")
    for words, expected in (("pulumi-ci-audio st", "plain,status"), ("pulumi-ci-audio status --re", "plain,--region")):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))

        result = CliRunner().invoke(main, [], prog_name="pulumi-ci-audio")

        assert result.output.splitlines() == [expected]
