"""What programs import and what stacks store: both change on purpose only."""

import base64
import importlib
import json
from importlib import resources as files

import dill
import pytest
from pulumi.dynamic.dynamic import serialize_provider

import pulumi_ci_audio
import pulumi_ci_audio.functions
from pulumi_ci_audio.provider import dynamic

KINDS = ("CiBucketBinding", "AsrBucketBinding", "NoiseReductionTemplate", "NoiseReductionJob", "NoiseReductionBatch")


def test_the_public_names_are_sorted_and_all_there() -> None:
    names = pulumi_ci_audio.__all__

    assert sorted(names) == names
    assert all(getattr(pulumi_ci_audio, name).__doc__ for name in names)
    with pytest.raises(AttributeError):
        _ = pulumi_ci_audio.nothing_of_the_kind


@pytest.mark.parametrize("kind", KINDS)
def test_type_tokens_never_change(kind: str) -> None:
    assert getattr(pulumi_ci_audio, kind)._resource_type_name == f"dynamic/ci-audio:{kind}"


@pytest.mark.parametrize("kind", KINDS)
def test_providers_are_pickled_by_reference_and_hold_nothing(kind: str) -> None:
    provider = getattr(dynamic, f"{kind}Provider")

    pickled = serialize_provider(provider())

    assert provider.serialize_as_secret_always is False
    assert vars(provider()) == {}
    assert len(pickled) < 140
    assert type(dill.loads(base64.b64decode(pickled))) is provider  # noqa: S301  our own bytes
    assert f"{provider.__module__}:{provider.__qualname__}" == f"pulumi_ci_audio.provider.dynamic:{kind}Provider"
    assert provider.kind.name == provider().lifecycle.kind == kind


def test_the_package_declares_that_it_is_no_plugin() -> None:
    """The language host would otherwise look for a resource plugin of the distribution's name."""
    declared = files.files("pulumi_ci_audio").joinpath("pulumi-plugin.json").read_text()

    assert json.loads(declared) == {"resource": False}


def test_the_package_is_typed() -> None:
    assert files.files("pulumi_ci_audio").joinpath("py.typed").is_file()


def test_every_name_of_a_layer_can_be_imported_alone() -> None:
    for module in (
        "api.client",
        "lifecycle.job.noise_reduction",
        "provider.dynamic",
        "emulator",
        "functions",
        "resources",
    ):
        assert importlib.import_module(f"pulumi_ci_audio.{module}").__doc__
