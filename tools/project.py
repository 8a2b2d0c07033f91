"""An example as a user's own copy, whose commands print as they would in a terminal."""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pulumi import automation

from tools.terminal import BOLD, HAS_COLOUR, plain, say, show_engine_line


class EngineFailedError(Exception):
    """A command of the engine failed.

    Attributes:
        printed: what it printed.
    """

    def __init__(self, message: str, lines: list[str]) -> None:
        super().__init__(message)
        self.printed = "\n".join(lines)


class Project:
    """A copy of an example with a stack ``dev``.

    Args:
        example: the folder of the example, which gives the project its name.
        folder: where the copy is made; must not exist yet.
    """

    def __init__(self, example: Path, folder: Path) -> None:
        folder.mkdir()
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(example / name, folder)
        self._program = folder / "__main__.py"
        self._stack = automation.create_or_select_stack(
            "dev",
            project_name=example.name,
            program=self._run,
            opts=automation.LocalWorkspaceOptions(work_dir=str(folder)),
        )

    def configure(self, **values: str) -> None:
        """Run ``pulumi config set`` for each value, and show it."""
        for key, value in values.items():
            say(f"$ pulumi config set {key} {value}", BOLD)
            self._stack.set_config(key, automation.ConfigValue(value))

    def preview(self, **options: Any) -> str:
        """Run ``pulumi preview`` and return what it printed.

        Raises:
            EngineFailedError: it failed. So do the other commands.
        """
        return self._streamed(self._stack.preview, options)

    def up(self, **options: Any) -> str:
        """Run ``pulumi up`` and return what it printed."""
        return self._streamed(self._stack.up, options)

    def destroy(self) -> str:
        """Run ``pulumi destroy`` and return what it printed."""
        return self._streamed(self._stack.destroy, {})

    def _streamed(self, operation: Callable[..., Any], options: dict[str, Any]) -> str:
        lines: list[str] = []

        def show(line: str) -> None:
            lines.append(plain(line))
            show_engine_line(line)

        try:
            operation(on_output=show, on_error=show, color="always" if HAS_COLOUR else "never", **options)
        except automation.CommandError as error:
            raise EngineFailedError(f"`pulumi {operation.__name__}` failed, its output says why", lines) from error
        return "\n".join(lines)

    def _run(self) -> None:
        runpy.run_path(str(self._program))
