"""Noise-reduction templates through the official SDK (1045/73377, 1045/73378, 1045/72989, 1045/49918)."""

from __future__ import annotations

import pytest
from qcloud_cos.cos_exception import CosServiceError

from tests.conformance.conftest import BUCKET, is_time


def body_of(name, **parameters):
    return {"Tag": "NoiseReduction", "Name": name, "NoiseReduction": parameters}


def create(client, name, **parameters):
    return client.ci_create_template(Bucket=BUCKET, Template=body_of(name, **parameters))["Template"]


def names(answer):
    found = answer.get("TemplateList", [])
    return [template["Name"] for template in found]


class TestCreation:
    def test_answer_holds_what_the_page_names(self, ready, sdk):
        template = create(ready, "会议_calls-*", Format="mp3", Samplerate="44100")

        assert sdk.last.headers["Content-Type"] == b"application/xml"
        assert "content-type" in sdk.signed("q-header-list")
        template_id = template.pop("TemplateId")
        assert template_id.startswith("t1")
        assert len(template_id) == 34
        assert is_time(template.pop("CreateTime"))
        assert is_time(template.pop("UpdateTime"))
        assert template == {
            "Name": "会议_calls-*",
            "State": "Normal",
            "Tag": "NoiseReduction",
            "BucketId": BUCKET,
            "Category": "Custom",
            "NoiseReduction": {"Format": "mp3", "Samplerate": "44100"},
        }

    def test_empty_block_gets_the_documented_defaults(self, ready):
        assert create(ready, "calls")["NoiseReduction"] == {"Format": "wav", "Samplerate": "16000"}

    def test_name_that_is_taken_is_refused(self, ready):
        create(ready, "calls")
        with pytest.raises(CosServiceError) as caught:
            create(ready, "calls", Format="mp3")

        assert "<Code>TemplateNameDuplicate</Code>" in caught.value.get_origin_msg()

    @pytest.mark.parametrize("name", ["a b", "x" * 65, ""])
    def test_name_that_the_page_does_not_allow_is_refused(self, ready, name):
        with pytest.raises(CosServiceError) as caught:
            create(ready, name)

        assert "<Code>InvalidArgument</Code>" in caught.value.get_origin_msg()


class TestUpdate:
    def test_answer_holds_the_new_content_under_the_same_id(self, ready):
        before = create(ready, "calls", Format="mp3", Samplerate="8000")
        answer = ready.ci_update_template(
            Bucket=BUCKET, TemplateId=before["TemplateId"], Template=body_of("talks", Format="m4a", Samplerate="48000")
        )
        after = answer["Template"]

        assert (after["TemplateId"], after["Name"]) == (before["TemplateId"], "talks")
        assert after["NoiseReduction"] == {"Format": "m4a", "Samplerate": "48000"}
        assert after["CreateTime"] == before["CreateTime"]
        assert [after] == ready.ci_get_template(Bucket=BUCKET)["TemplateList"]

    def test_own_name_is_not_taken(self, ready):
        template_id = create(ready, "calls")["TemplateId"]

        assert ready.ci_update_template(Bucket=BUCKET, TemplateId=template_id, Template=body_of("calls"))

    def test_unknown_one_is_refused(self, ready):
        with pytest.raises(CosServiceError) as caught:
            ready.ci_update_template(Bucket=BUCKET, TemplateId="t10", Template=body_of("calls"))

        assert "<Code>TemplateNotFound</Code>" in caught.value.get_origin_msg()


class TestListing:
    @pytest.fixture
    def ids(self, ready):
        return [create(ready, name)["TemplateId"] for name in ("a1", "a2", "b1")]

    def test_every_parameter_is_sent_even_without_a_value(self, ready, sdk, ids):
        answer = ready.ci_get_template(Bucket=BUCKET)

        assert sdk.last.url.endswith("?category=Custom&ids=&name=&pageNumber=1&pageSize=10")
        assert (answer["TotalCount"], answer["PageNumber"], answer["PageSize"]) == ("3", "1", "10")
        assert sorted(names(answer)) == ["a1", "a2", "b1"]

    def test_conditions_choose(self, ready, ids):
        def listed(**conditions):
            return sorted(names(ready.ci_get_template(Bucket=BUCKET, **conditions)))

        assert listed(Name="a") == ["a1", "a2"]
        assert listed(Ids=f"{ids[0]},{ids[2]}") == ["a1", "b1"]
        assert listed(Ids="t10") == []
        assert listed(Category="Official") == []

    def test_pages_hold_each_template_once(self, ready, ids):
        pages = [ready.ci_get_template(Bucket=BUCKET, PageNumber=number, PageSize=2) for number in (1, 2)]

        assert [len(names(page)) for page in pages] == [2, 1]
        assert sorted(names(pages[0]) + names(pages[1])) == ["a1", "a2", "b1"]


class TestDeletion:
    def test_answer_names_the_template(self, ready):
        template_id = create(ready, "calls")["TemplateId"]
        answer = ready.ci_delete_template(Bucket=BUCKET, TemplateId=template_id)

        assert answer["TemplateId"] == template_id
        assert answer["RequestId"]
        assert names(ready.ci_get_template(Bucket=BUCKET)) == []

    def test_again_it_is_no_error(self, ready):
        """The SDK's own tests delete an id that they made up."""
        answer = ready.ci_delete_template(Bucket=BUCKET, TemplateId="t1bdxxxxxxxxxxxxxxxxx94a9")

        assert answer["TemplateId"] == "t1bdxxxxxxxxxxxxxxxxx94a9"
