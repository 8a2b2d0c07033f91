"""Stacks on the real engine, against a running emulator, without a trace on this machine."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation
from pulumi.automation import (
    CommandError,
    EngineEvent,
    LocalWorkspaceOptions,
    OutputValue,
    ProjectBackend,
    ProjectSettings,
)
from qcloud_cos import CosConfig, CosS3Client

REGION = "ap-chongqing"
BUCKET = "recordings-1250000000"
OTHER_BUCKET = "archive-1250000000"
PROJECT = "recordings"


@dataclass(frozen=True)
class Outcome:
    """What an operation of the engine printed, and whether it succeeded."""

    text: str
    succeeded: bool
    changes: dict[str, int]
    ask_for_outputs: Callable[[], dict[str, OutputValue]]

    @property
    def outputs(self) -> dict[str, Any]:
        """What the program exports."""
        return {name: output.value for name, output in self.ask_for_outputs().items()}

    def errors(self) -> list[str]:
        """The lines of errors; the engine writes a star before that of a resource it keeps."""
        return [line.strip() for line in self.text.splitlines() if line.strip().startswith(("error:", "* "))]


class Stack:
    """One stack of one program. The program may be exchanged, as an edit of its source would."""

    def __init__(self, name: str, folder: Path, environment: dict[str, str], project: str = PROJECT) -> None:
        self.name = name
        self.program: Callable[[], None] = lambda: None
        self._environment = environment
        self._home = folder / "home"
        self.folder = folder / name
        (folder / "backend").mkdir(parents=True, exist_ok=True)
        self.folder.mkdir()
        self._checkpoint = folder / "backend" / ".pulumi" / "stacks" / project / f"{name}.json"
        settings = ProjectSettings(
            name=project, runtime="python", backend=ProjectBackend(url=f"file://{folder / 'backend'}")
        )
        self._stack = automation.create_or_select_stack(
            name,
            project_name=project,
            program=lambda: self.program(),  # noqa: PLW0108  the program of the moment
            opts=LocalWorkspaceOptions(
                work_dir=str(self.folder),
                pulumi_home=str(self._home),
                env_vars=environment,
                project_settings=settings,
            ),
        )
        # After each operation the Automation API asks the engine for outputs and history, which takes longer than most
        # operations here. The events say the same.
        self._stack.outputs = dict
        self._stack.info = lambda *_: self

    def change_environment(self, **variables: str | None) -> None:
        """Set variables for what follows; ``None`` takes one away."""
        self._stack.workspace.env_vars.update({name: value or "" for name, value in variables.items()})

    def set_config(self, key: str, value: str, *, secret: bool = False) -> None:
        self._stack.set_config(key, automation.ConfigValue(value=value, secret=secret))

    def preview(self, program: Callable[[], None] | None = None, **options: Any) -> Outcome:
        return self._run("preview", program, options)

    def up(self, program: Callable[[], None] | None = None, **options: Any) -> Outcome:
        return self._run("up", program, options)

    def refresh(self, **options: Any) -> Outcome:
        return self._run("refresh", None, options)

    def destroy(self, **options: Any) -> Outcome:
        return self._run("destroy", None, options)

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the engine that needs no program."""
        environment = {**self._stack.workspace.env_vars, "PULUMI_HOME": str(self._home)}
        return subprocess.run(
            ["pulumi", *arguments, "--stack", self.name],
            cwd=self.folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )

    def unlock(self) -> None:
        """Take the lock of a killed engine away."""
        self._stack.cancel()

    def state(self) -> dict[str, Any]:
        """The stack's state as it is stored."""
        return json.loads(self._checkpoint.read_text(encoding="utf-8"))["checkpoint"]["latest"]

    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources of our kinds, by their names in the program."""
        return {
            resource["urn"].rpartition("::")[2]: resource
            for resource in self.state().get("resources", [])
            if "dynamic/ci-audio" in resource["type"]
        }

    def outputs_of(self, name: str) -> dict[str, Any]:
        return self.resources()[name]["outputs"]

    def urn(self, name: str) -> str:
        return self.resources()[name]["urn"]

    def _run(self, operation: str, program: Callable[[], None] | None, options: dict[str, Any]) -> Outcome:
        if program is not None:
            self.program = program
        printed: list[str] = []
        changes: dict[str, int] = {}

        def note(event: EngineEvent) -> None:
            if event.summary_event:
                counted = event.summary_event.resource_changes
                changes.update({str(getattr(kind, "value", kind)): count for kind, count in counted.items()})

        outputs = partial(self._stack.workspace.stack_outputs, self.name)
        try:
            getattr(self._stack, operation)(on_output=printed.append, on_event=note, color="never", **options)
        except CommandError as error:
            return Outcome("\n".join(printed) + f"\n{error}", succeeded=False, changes=changes, ask_for_outputs=outputs)
        return Outcome("\n".join(printed), succeeded=True, changes=changes, ask_for_outputs=outputs)


@pytest.fixture
def emulator(ci_audio_emulator):
    """A running emulator with an empty bucket."""
    ci_audio_emulator.put_bucket(REGION, BUCKET)
    return ci_audio_emulator


def hermetic() -> dict[str, str]:
    """What keeps the engine from asking, phoning home or looking for plugins."""
    return {
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_PYTHON_CMD": sys.executable,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true",
        "PULUMI_CREDENTIAL_STORE": "plaintext",
    }


@pytest.fixture
def environment(emulator, tmp_path) -> dict[str, str]:
    return {
        **hermetic(),
        **emulator.environment(region=REGION),
        "HOME": str(tmp_path / "home"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }


@pytest.fixture
def new_stack(engine_on_path, environment, tmp_path) -> Iterator[Callable[..., Stack]]:
    """Return a function that makes stacks over one backend."""

    def make(name: str = "dev", *, project: str = PROJECT) -> Stack:
        return Stack(name, tmp_path / "pulumi", environment, project)

    yield make
    # What the Automation API leaves behind goes now, and not while Python 3.11 parses a module, which that breaks.
    gc.collect()


@pytest.fixture
def stack(new_stack) -> Stack:
    return new_stack()


def writes(emulator) -> list[str]:
    """The requests that changed or might have changed something, as ``METHOD host/path?query``."""
    return [
        f"{entry['method']} {entry['path']}" + (f"?{entry['query']}" if entry["query"] else "")
        for entry in emulator.requests()
        if entry["method"] in {"PUT", "POST", "DELETE"}
    ]


class Console:
    """Somebody at the console: the official SDK, changing things behind the stack's back."""

    def __init__(self, url: str) -> None:
        self.sdk = CosS3Client(
            CosConfig(Region=REGION, SecretId="emulator", SecretKey="emulator", Scheme="http", Proxies={"http": url})
        )

    def remove_bucket(self, bucket: str = BUCKET) -> None:
        for entry in self.sdk.list_objects(bucket).get("Contents", []):
            self.sdk.delete_object(bucket, entry["Key"])
        self.sdk.delete_bucket(bucket)

    def pause_queue(self) -> None:
        queue = self.sdk.ci_get_asr_queue(Bucket=BUCKET)["QueueList"][0]
        body = {"Name": queue["Name"], "QueueID": queue["QueueId"], "State": "Paused", "NotifyConfig": {"State": "Off"}}
        self.sdk.ci_update_asr_queue(Bucket=BUCKET, QueueId=queue["QueueId"], Request=body)

    def cancel_job(self, job_id: str) -> None:
        self.sdk.ci_cancel_jobs(Bucket=BUCKET, JobID=job_id)

    def jobs(self) -> list[dict[str, Any]]:
        """The jobs as the service lists them, oldest first."""
        listed = self.sdk.ci_list_media_jobs(Bucket=BUCKET, Tag="NoiseReduction", OrderByTime="Asc", Size=100)
        return listed["JobsDetail"]

    def change_template(self, template_id: str, name: str, **parameters: str) -> None:
        body = {"Tag": "NoiseReduction", "Name": name, "NoiseReduction": parameters}
        self.sdk.ci_update_template(Bucket=BUCKET, TemplateId=template_id, Template=body)

    def remove_template(self, template_id: str) -> None:
        self.sdk.ci_delete_template(Bucket=BUCKET, TemplateId=template_id)


@pytest.fixture
def console(emulator) -> Console:
    return Console(emulator.url)
