"""Stacks on the real engine, without a trace on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pulumi import automation
from pulumi.automation import (
    CommandError,
    EngineEvent,
    LocalWorkspace,
    OutputValue,
    ProjectSettings,
    PulumiCommand,
    UpdateSummary,
)

from tests.support.families import TYPES, Family, registering
from tests.support.key_service import running_key_service
from tools.hermetic import engine_variables

PROJECT = "recordings"

Program = Callable[[], object]


@dataclass(frozen=True)
class Outcome:
    """What an operation of the engine came to.

    Attributes:
        text: what it printed.
        succeeded: whether it did.
        changes: how many resources were created, updated, and so on.
        ask_for_outputs: asks the engine, which takes as long as a small operation.
    """

    text: str
    succeeded: bool
    changes: dict[str, int]
    ask_for_outputs: Callable[[], Mapping[str, OutputValue]]

    @property
    def outputs(self) -> dict[str, Any]:
        """What the program exports."""
        return {name: output.value for name, output in self.ask_for_outputs().items()}

    def errors(self) -> list[str]:
        """Return the lines of errors; the engine writes a star before that of a resource it keeps."""
        return [line.strip() for line in self.text.splitlines() if line.strip().startswith(("error:", "* "))]


class Stack:
    """One stack of one program. The program may be exchanged, as an edit of its source would.

    Args:
        name: of the stack, unique within its folder.
        folder: holds the backend and what else the engine keeps; several stacks may share it.
        settings: the variables the package is to find, such as the emulator's.
        project: of the stack.
        family: of the classes that the program takes from ``tests.support.families``.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        settings: Mapping[str, str],
        project: str = PROJECT,
        family: Family = "dynamic",
    ) -> None:
        self.name = name
        self.family = family
        self.program: Program = lambda: None
        self.folder = folder / name
        self.folder.mkdir(parents=True)
        self.printed: list[str] = []
        """What the operation that runs now has printed so far, or the last one."""
        # The plugin is found where the package is installed.
        search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._variables = {**_variables(folder), "PATH": search, **settings}
        self._checkpoint = folder / "backend" / ".pulumi" / "stacks" / project / f"{name}.json"
        for path, content in _new_stack(name, project, os.environ["PATH"]).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        workspace = _workspace(self.folder, project, self._variables)
        workspace.program = self._run_program
        self._stack = _SilentStack(name, workspace)

    def change_environment(self, **variables: str | None) -> None:
        """Set variables for what follows; ``None`` takes one away."""
        self._variables.update({name: value or "" for name, value in variables.items()})

    def prepend_to_path(self, folder: Path) -> None:
        """Let the engine look for its plugins in ``folder`` first."""
        self._variables["PATH"] = f"{folder}{os.pathsep}{self._variables['PATH']}"

    def set_config(self, key: str, value: str, *, secret: bool = False) -> None:
        """Run ``pulumi config set``."""
        self._stack.set_config(key, automation.ConfigValue(value=value, secret=secret))

    def preview(self, program: Program | None = None, **options: Any) -> Outcome:
        """Run ``pulumi preview``, of another program from now on if one is given."""
        return self._run(self._stack.preview, program, options)

    def up(self, program: Program | None = None, **options: Any) -> Outcome:
        """Run ``pulumi up``, of another program from now on if one is given."""
        return self._run(self._stack.up, program, options)

    def refresh(self, **options: Any) -> Outcome:
        """Run ``pulumi refresh``."""
        return self._run(self._stack.refresh, None, options)

    def destroy(self, **options: Any) -> Outcome:
        """Run ``pulumi destroy``."""
        return self._run(self._stack.destroy, None, options)

    def cli(self, *arguments: str) -> str:
        """Run a command of the engine that needs no program, on this stack, and return what it printed."""
        return self._command(*arguments, "--stack", self.name)

    def _command(self, *arguments: str) -> str:
        return subprocess.run(
            ["pulumi", *arguments],
            cwd=self.folder,
            env={**os.environ, **self._variables},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def rename(self, name: str) -> None:
        """Run ``pulumi stack rename``."""
        self.cli("stack", "rename", name)
        self.name = self._stack.name = name
        self._checkpoint = self._checkpoint.with_name(f"{name}.json")

    def move_to(self, other: Stack) -> None:
        """Run ``pulumi state move`` for every resource of the package's classes."""
        urns = [resource["urn"] for resource in self.resources().values()]
        self._command("state", "move", "--source", self.name, "--dest", other.name, "--yes", *urns)

    def unlock(self) -> None:
        """Take the lock of a killed engine away."""
        self._stack.cancel()

    def state(self) -> dict[str, Any]:
        """Return the stack's state as it is stored."""
        state: dict[str, Any] = json.loads(self._checkpoint.read_text(encoding="utf-8"))["checkpoint"]["latest"]
        return state

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return the resources of the package's classes, by their names in the program."""
        return {
            resource["urn"].rpartition("::")[2]: resource
            for resource in self.state().get("resources", [])
            if resource["type"].startswith(tuple(TYPES.values()))
        }

    def outputs_of(self, name: str) -> dict[str, Any]:
        """Return the stored outputs of a resource."""
        outputs: dict[str, Any] = self.resources()[name]["outputs"]
        return outputs

    def urn(self, name: str) -> str:
        """Return the URN of a resource."""
        return str(self.resources()[name]["urn"])

    def _run_program(self) -> None:
        with registering(self.family):
            self.program()

    def _run(self, operation: Callable[..., object], program: Program | None, options: dict[str, Any]) -> Outcome:
        if program is not None:
            self.program = program
        self.printed = printed = list[str]()
        changes: dict[str, int] = {}

        def note(event: EngineEvent) -> None:
            if event.summary_event:
                counted = event.summary_event.resource_changes
                changes.update({str(getattr(kind, "value", kind)): count for kind, count in counted.items()})

        def ask_for_outputs() -> Mapping[str, OutputValue]:
            return self._stack.workspace.stack_outputs(self.name)

        try:
            operation(on_output=printed.append, on_event=note, color="never", **options)
        except CommandError as error:
            text = "\n".join(printed) + f"\n{error}"
            return Outcome(text, succeeded=False, changes=changes, ask_for_outputs=ask_for_outputs)
        return Outcome("\n".join(printed), succeeded=True, changes=changes, ask_for_outputs=ask_for_outputs)


class _SilentStack(automation.Stack):
    """Asks the engine neither to select the stack, nor for outputs and history after each operation.

    That takes longer than most operations here, and the events say the same.
    """

    def __init__(self, name: str, workspace: LocalWorkspace) -> None:
        self.name = name
        self.workspace = workspace

    def outputs(self) -> dict[str, OutputValue]:
        return {}

    def info(self, show_secrets: bool = True) -> UpdateSummary:  # noqa: FBT001, FBT002  the SDK's own signature
        assert show_secrets in {True, False}
        return UpdateSummary("update", datetime.now(tz=timezone.utc), "", {}, {}, "succeeded")


def _variables(folder: Path) -> dict[str, str]:
    return {**engine_variables(folder), **running_key_service().variables}


def _workspace(folder: Path, project: str, variables: dict[str, str]) -> LocalWorkspace:
    return LocalWorkspace(
        work_dir=str(folder),
        env_vars=variables,
        project_settings=ProjectSettings(name=project, runtime="python"),
        pulumi_command=_command(os.environ["PATH"]),
        secrets_provider=running_key_service().secrets_provider,
    )


@cache
def _new_stack(name: str, project: str, _path: str) -> Mapping[Path, bytes]:
    """Return the files of a new stack as the engine that is first on ``PATH`` makes them.

    It makes each once in a process, since that takes as long as a small operation.
    """
    with TemporaryDirectory() as made:
        folder = Path(made)
        (folder / name).mkdir()
        automation.Stack.create(name, _workspace(folder / name, project, _variables(folder)))
        files = [path for part in ("backend", name) for path in (folder / part).rglob("*") if path.is_file()]
        return {path.relative_to(folder): path.read_bytes() for path in files}


@cache
def _command(_path: str) -> PulumiCommand:
    """Return the engine that is first on ``PATH``, whose version is asked for once."""
    return PulumiCommand()
