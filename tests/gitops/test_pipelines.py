"""The pipelines of the example: their steps, run from their files, on the real engine against the emulator."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.emulators import job_states, write_calls
from tests.support.pipelines import GITHUB, GITLAB, Runner, github_steps, gitlab_script
from tests.support.places import BUCKET, REGION, ROOT

PROJECT = ROOT / "examples" / "gitops"


def run_all(runner: Runner, job: str, **variables: str) -> str:
    """Run every step of a job of the workflow, and return what they printed; each must succeed."""
    printed = ""
    for name, script in github_steps(PROJECT, job):
        if name == "Install" and runner.is_installed:
            continue
        runner.is_installed |= name == "Install"
        ended = runner.run(script, **variables)
        printed += ended.text
        assert ended.code == 0, f"{name}: {ended.text}"
    return printed


def step(job: str, name: str) -> str:
    return dict(github_steps(PROJECT, job))[name]


def has_accepted(cloud: RunningEmulator, call: str) -> Callable[[], bool]:
    return lambda: call in write_calls(cloud)


@pytest.mark.engine
def test_preview_deployment_killed_recovered_drift_found_and_repaired(runner: Runner, cloud: RunningEmulator) -> None:
    # A pull request: its preview becomes a comment.
    run_all(runner, "preview", PULL_REQUEST="7")
    assert runner.told == ["gh pr comment 7 --edit-last --create-if-none --body-file comment.md"]
    comment = (runner.checkout / "comment.md").read_text(encoding="utf-8")
    assert "exit code 0" in comment
    assert "+ 4 to create" in comment
    assert "recordings|local|policy" in comment
    assert write_calls(cloud) == []

    # A merge whose runner is killed when the job was submitted: somebody recovers by hand.
    cloud.change_settings(job_seconds=3600)
    runner.run_until(step("up", "Deploy"), has_accepted(cloud, "POST /jobs"))
    cloud.change_settings(job_seconds=0)
    locked = runner.run(step("up", "Deploy"))
    assert locked.code != 0
    assert "the stack is currently locked by 1 lock(s)" in locked.text
    run_all(runner, "recover")
    assert job_states(cloud) == ["Success"]
    assert write_calls(cloud).count("POST /jobs") == 1

    # The hourly look finds nothing, until somebody switches Smart Audio off: 7, and one issue.
    run_all(runner, "drift")
    assert len(runner.told) == 1
    cloud.put_bucket(REGION, BUCKET, asr="off")
    run_all(runner, "drift")
    assert runner.told[2:] == ["gh issue create --title Drift in production --body-file issue.md"]
    assert '"off" => "on"' in (runner.checkout / "issue.md").read_text(encoding="utf-8")
    for _ in range(2):
        look = gitlab_script(PROJECT, "drift")
        drift = runner.run(look, CI_API_V4_URL="https://gitlab.test/api/v4", CI_PROJECT_ID="1", GITLAB_TOKEN="t")
        assert drift.code == 0, drift.text
    assert "\n".join(runner.told[3:]).count("title=Drift in production") == 1

    # The next deployment repairs it, and pays nothing.
    run_all(runner, "up")
    assert [(bucket["ci"], bucket["asr"]) for bucket in cloud.state()["buckets"]] == [("on", "on")]
    assert write_calls(cloud).count("POST /jobs") == 1

    # A look that fails is no drift: it fails the run.
    told = len(runner.told)
    assert runner.run(step("drift", "Look for drift"), STACK="missing").code not in {0, 7}
    assert len(runner.told) == told


@pytest.mark.engine
def test_policies_name_each_thing_that_is_forbidden(runner: Runner, cloud: RunningEmulator) -> None:
    (runner.checkout / "__main__.py").write_text(
        f"""
from pulumi_ci_audio import CiBucketBinding, NoiseReductionJob

CiBucketBinding("far", bucket={BUCKET!r}, region="ap-beijing", on_destroy="off")
for number in range(21):
    NoiseReductionJob(
        f"job-{{number}}", bucket={BUCKET!r}, region={REGION!r}, input_object="raw/speech.mp3",
        output_object=f"clean/{{number}}.wav", callback={{"url": "http://example.com/hook"}} if not number else None,
    )
""",
        encoding="utf-8",
    )

    ended = runner.run(step("preview", "Preview"), PULL_REQUEST="8")

    comment = (runner.checkout / "comment.md").read_text(encoding="utf-8")
    assert ended.code != 0
    for complaint in (
        'onDestroy must be "restore" or "keep" in production',
        "region must be one of ap-chongqing, ap-shanghai",
        "callback.url must begin with https://",
        "21 paid jobs are new, at most 20 may be at once",
    ):
        assert comment.count(complaint) == 1, comment
    assert write_calls(cloud) == []


def test_both_hosts_run_the_same_commands() -> None:
    def commands(path: Path) -> set[str]:
        text = path.read_text(encoding="utf-8")
        return set(re.findall(r"pulumi (?:up|preview|refresh|cancel) --.*|pulumi install && .*", text))

    assert commands(PROJECT / GITHUB) == commands(PROJECT / GITLAB)


def test_no_run_is_cancelled_and_one_is_at_work_at_a_time() -> None:
    github = yaml.safe_load((PROJECT / GITHUB).read_text(encoding="utf-8"))
    gitlab = yaml.safe_load((PROJECT / GITLAB).read_text(encoding="utf-8"))["default"]

    assert github["concurrency"] == {"group": "pulumi-production", "cancel-in-progress": False}
    assert (gitlab["interruptible"], gitlab["resource_group"]) == (False, "production")
    assert gitlab["image"].startswith("pulumi/pulumi-python:3.")
    # YAML 1.1 takes the key `on` for a truth value.
    assert set(github[True]) == {"pull_request", "push", "schedule", "workflow_dispatch"}


def test_operator_is_given_what_it_needs() -> None:
    documents = list(yaml.safe_load_all((PROJECT / "k8s" / "stack.yaml").read_text(encoding="utf-8")))
    account, binding, stack = documents
    spec = stack["spec"]

    assert [document["kind"] for document in documents] == ["ServiceAccount", "ClusterRoleBinding", "Stack"]
    assert stack["apiVersion"] == "pulumi.com/v1"
    assert binding["roleRef"]["name"] == "system:auth-delegator"
    assert binding["subjects"] == [{"kind": "ServiceAccount", **account["metadata"]}]
    assert spec["serviceAccountName"] == account["metadata"]["name"]
    assert (spec["refresh"], spec["continueResyncOnCommitMatch"]) == (True, True)
    assert spec["resyncFrequencySeconds"] >= 60
    assert {reference["type"] for reference in spec["envRefs"].values()} == {"Secret"}
    assert {"TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "PULUMI_CONFIG_PASSPHRASE"} <= set(spec["envRefs"])
