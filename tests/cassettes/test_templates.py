"""Noise-reduction templates (1045/73377, 1045/73378, 1045/72989, 1045/49918)."""

from __future__ import annotations

import pytest

from pulumi_ci_audio.api.errors import ApiError
from pulumi_ci_audio.api.records import NoiseReductionParameters

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

UNKNOWN = "t1" + "0" * 32


@pytest.fixture(autouse=True)
def _enabled_without_templates(stage):
    stage.enabled()
    stage.cleared_templates()


def test_template_is_created(stage, client, bucket, template_of):
    template = client.create_template(bucket, template_of("created", format="mp3", sample_rate=24000))

    assert template.template_id.startswith("t")
    assert (template.name, template.tag) == ("ci-audio-record-created", "NoiseReduction")
    assert template.noise_reduction == NoiseReductionParameters("mp3", 24000)


def test_name_that_is_taken_is_refused(stage, client, bucket, template_of):
    stage.template(template_of("taken", format="mp3"))
    with pytest.raises(ApiError) as caught:
        client.create_template(bucket, template_of("taken", format="wav"))

    assert caught.value.code == "TemplateNameDuplicate"


def test_unknown_rate_is_refused(stage, client, bucket, template_of):
    with pytest.raises(ApiError) as caught:
        client.create_template(bucket, template_of("rate", sample_rate=11025))

    assert caught.value.code == "InvalidArgument"


def test_creation_is_refused_when_smart_audio_is_not_activated(stage, client, bucket, template_of):
    stage.bound()
    with pytest.raises(ApiError) as caught:
        client.create_template(bucket, template_of("off", format="wav"))

    assert caught.value.is_service_off


def test_template_is_updated(stage, client, bucket, template_of):
    template_id = stage.template(template_of("before", format="mp3", sample_rate=8000))
    template = client.update_template(bucket, template_id, template_of("after", format="m4a", sample_rate=48000))

    assert (template.template_id, template.name) == (template_id, "ci-audio-record-after")
    assert template.noise_reduction.format == "m4a"


def test_unknown_template_is_not_updated(stage, client, bucket, template_of):
    with pytest.raises(ApiError) as caught:
        client.update_template(bucket, UNKNOWN, template_of("unknown", format="wav"))

    assert caught.value.code == "TemplateNotFound"


def test_templates_are_found_by_id(stage, client, bucket, template_of):
    ids = [stage.template(template_of(name, format="wav")) for name in ("one", "two", "three")]
    found = client.describe_templates(bucket, ids=ids[:2])

    assert {template.template_id for template in found} == set(ids[:2])


def test_templates_are_found_by_prefix(stage, client, bucket, template_of):
    template_id = stage.template(template_of("prefix", format="wav"))
    (found,) = client.describe_templates(bucket, prefix="ci-audio-record-pre")

    assert (found.template_id, found.name) == (template_id, "ci-audio-record-prefix")


def test_unknown_template_is_not_listed(stage, client, bucket):
    assert client.describe_templates(bucket, ids=[UNKNOWN]) == []


def test_template_is_deleted(stage, client, bucket, template_of):
    template_id = stage.template(template_of("deleted", format="wav"))
    client.delete_template(bucket, template_id)

    assert client.describe_templates(bucket, ids=[template_id]) == []


def test_unknown_template_is_deleted_without_an_error(stage, client, bucket):
    client.delete_template(bucket, UNKNOWN)

    assert client.describe_templates(bucket, ids=[UNKNOWN]) == []
