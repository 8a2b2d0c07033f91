"""What the plugin says of itself, judged by the engine, and held against the models and the classes for Python."""

from __future__ import annotations

import inspect
import json
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from pulumi_ci_audio import native
from pulumi_ci_audio.lifecycle.lifecycles import LIFECYCLES
from pulumi_ci_audio.lifecycle.models import FILLED_IN, HIDDEN, has, stored_name
from pulumi_ci_audio.lifecycle.queries import QUERIES
from pulumi_ci_audio.provider.configuration import ProviderInputs
from pulumi_ci_audio.provider.schema import function_token, resource_token, schema
from tools.reference import SCHEMA

every_kind = pytest.mark.parametrize("kind", LIFECYCLES)


@pytest.fixture(scope="module")
def described():
    return schema(metadata.version("pulumi-ci-audio"))


@pytest.mark.engine
def test_the_engine_finds_nothing_wrong_with_it(engine_folder: Path):
    checked = subprocess.run(
        [engine_folder / "pulumi", "schema", "check", SCHEMA], capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_stored_one_is_current(described):
    assert json.loads(SCHEMA.read_text("utf-8")) == described


@every_kind
def test_a_resource_has_the_properties_of_its_models(described, kind):
    resource, lifecycle = described["resources"][resource_token(kind)], LIFECYCLES[kind]
    fields = lifecycle.inputs_model.model_fields
    settable = {stored_name(name, field) for name, field in fields.items() if not has(field, HIDDEN)}
    settable -= {stored_name(name, field) for name, field in fields.items() if has(field, FILLED_IN)}
    states = {stored_name(n, f) for n, f in lifecycle.state_model.model_fields.items() if not has(f, HIDDEN)}

    assert resource["inputProperties"].keys() == settable
    assert resource["properties"].keys() == states
    assert set(resource["requiredInputs"]) == {
        stored_name(name, fields[name])
        for name, parameter in inspect.signature(getattr(native, kind)).parameters.items()
        if name in fields and parameter.default is inspect.Parameter.empty
    }


@every_kind
def test_everything_is_described(described, kind):
    resource = described["resources"][resource_token(kind)]

    assert resource["description"]
    assert all(spec["description"] for spec in (resource["inputProperties"] | resource["properties"]).values())


def test_what_forces_a_new_resource_says_so(described):
    inputs = described["resources"][resource_token("NoiseReductionJob")]["inputProperties"]

    assert inputs["inputObject"]["willReplaceOnChanges"]
    assert "willReplaceOnChanges" not in inputs["timeoutSeconds"]


def test_keys_are_secret_and_have_no_default_that_would_be_stored(described):
    settings = described["provider"]["inputProperties"]

    for name in ("secretKey", "securityToken"):
        assert settings[name]["secret"]
        assert "defaultInfo" not in settings[name]
    assert settings["endpoint"]["defaultInfo"] == {"environment": ["CI_AUDIO_ENDPOINT"]}


def test_choices_are_enumerations(described):
    reference = described["resources"][resource_token("CiBucketBinding")]["inputProperties"]["onDestroy"]["$ref"]

    assert [choice["value"] for choice in described["types"][reference.removeprefix("#/types/")]["enum"]] == [
        "restore",
        "off",
        "keep",
    ]


def test_every_function_and_setting_is_there_in_every_form(described):
    assert described["functions"].keys() == {function_token(name) for name in QUERIES}
    assert all(callable(getattr(native, name)) and callable(getattr(native, f"{name}_output")) for name in QUERIES)
    parameters = inspect.signature(native.Provider).parameters.keys() - {"resource_name", "opts"}
    assert parameters == ProviderInputs.model_fields.keys()


def test_a_generated_program_finds_the_choices_that_it_names(described):
    """``pulumi import`` writes a choice of a resource as a member of the class that is named after the property."""
    for name, spec in described["types"].items():
        cls = name.rpartition(":")[2]
        if "enum" in spec and not cls.startswith("Callback"):
            assert [member.value for member in getattr(native, cls)] == [choice["value"] for choice in spec["enum"]]
