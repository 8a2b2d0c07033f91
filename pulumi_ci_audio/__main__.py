"""The resource plugin, for an engine that runs the package as a module (see ``PulumiPlugin.yaml``)."""

from pulumi_ci_audio.provider.plugin_process import run

run()
