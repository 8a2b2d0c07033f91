"""Smart Audio through the official SDK: enabling, the list of buckets, the queue (1045/73363 to 1045/73367).

Binding itself (``PUT /``, ``GET /``, ``PUT /?unbind``, ``GET /cibuckets``) has no call in this SDK: only enabling,
which binds, is to be had.
"""

from __future__ import annotations

import pytest
from qcloud_cos.cos_exception import CosServiceError

from tests.conformance.conftest import BUCKET, REGION, is_time

OTHERS = ("archive-1250000000", "archive2-1250000000")


def ci_status(emulator):
    return emulator.state()["buckets"][0]["ci"]


class TestEnabling:
    def test_its_answer_is_read_as_a_document(self, client, ci_audio_emulator):
        headers, document = client.ci_open_asr_bucket(Bucket=BUCKET)

        bucket = document["AsrBucket"]
        assert headers["Content-Type"] == "application/xml"
        assert headers["Server"] == "tencent-ci"
        assert headers["x-ci-request-id"] == document["RequestId"]
        assert "x-cos-request-id" not in headers
        assert sorted(bucket) == ["AliasBucketId", "BucketId", "CreateTime", "Name", "Region"]
        assert (bucket["Name"], bucket["BucketId"], bucket["Region"]) == (BUCKET, BUCKET, REGION)
        assert bucket["AliasBucketId"] is None
        assert is_time(bucket["CreateTime"])

    def test_it_binds_the_bucket(self, client, ci_audio_emulator):
        assert ci_status(ci_audio_emulator) == "off"
        client.ci_open_asr_bucket(Bucket=BUCKET)

        assert ci_status(ci_audio_emulator) == "on"

    def test_again_it_keeps_the_queue(self, client):
        client.ci_open_asr_bucket(Bucket=BUCKET)
        before = client.ci_get_asr_queue(Bucket=BUCKET)["QueueList"]
        client.ci_open_asr_bucket(Bucket=BUCKET)

        assert before == client.ci_get_asr_queue(Bucket=BUCKET)["QueueList"]

    def test_content_length_of_an_empty_body_is_signed(self, client, sdk):
        client.ci_open_asr_bucket(Bucket=BUCKET)

        assert sdk.last.headers["Content-Length"] == "0"
        assert "content-length" in sdk.signed("q-header-list")
        assert "Content-Type" not in sdk.last.headers


class TestDisabling:
    def test_its_answer_names_the_bucket(self, ready):
        headers, document = ready.ci_close_asr_bucket(Bucket=BUCKET)

        assert headers["Content-Type"] == "application/xml"
        assert document == {"RequestId": headers["x-ci-request-id"], "BucketName": BUCKET}

    def test_bucket_stays_bound_without_a_queue(self, ready, ci_audio_emulator):
        ready.ci_close_asr_bucket(Bucket=BUCKET)

        assert ci_status(ci_audio_emulator) == "on"
        assert ci_audio_emulator.state()["queues"] == []

    def test_again_it_is_refused(self, ready):
        ready.ci_close_asr_bucket(Bucket=BUCKET)
        with pytest.raises(CosServiceError) as caught:
            ready.ci_close_asr_bucket(Bucket=BUCKET)

        assert caught.value.get_status_code() == 400
        assert "Asr processing service is not activated" in caught.value.get_origin_msg()


class TestListOfBuckets:
    @pytest.fixture(autouse=True)
    def _buckets(self, ready, ci_audio_emulator):
        ci_audio_emulator.put_bucket(REGION, OTHERS[0], ci="on", asr="on")
        ci_audio_emulator.put_bucket("ap-shanghai", OTHERS[1], ci="on", asr="on")
        ci_audio_emulator.put_bucket(REGION, "unused-1250000000", ci="on")

    @staticmethod
    def names(answer):
        return sorted(item["BucketId"] for item in answer.get("AsrBucketList", []))

    def test_every_parameter_is_sent_even_without_a_value(self, ready, sdk):
        answer = ready.ci_get_asr_bucket()

        assert "regions=&bucketNames=&bucketName=&pageNumber=&pageSize=" in sdk.last.url
        assert sdk.signed("q-url-param-list") == ["bucketname", "bucketnames", "pagenumber", "pagesize", "regions"]
        assert self.names(answer) == sorted([BUCKET, *OTHERS])
        assert (answer["TotalCount"], answer["PageNumber"], answer["PageSize"]) == ("3", "1", "10")

    def test_items_hold_what_the_page_names(self, ready):
        (item,) = ready.ci_get_asr_bucket(BucketNames=BUCKET)["AsrBucketList"]

        assert item.pop("CreateTime")[10] == "T"
        assert item == {"BucketId": BUCKET, "Name": BUCKET, "Region": REGION, "AliasBucketId": None}

    @pytest.mark.parametrize(
        ("parameters", "expected"),
        [
            pytest.param({"Regions": "ap-shanghai"}, OTHERS[1:], id="one region"),
            pytest.param({"Regions": f"{REGION},ap-shanghai"}, (BUCKET, *OTHERS), id="regions joined by a comma"),
            pytest.param({"Regions": "All"}, (BUCKET, *OTHERS), id="all regions"),
            pytest.param({"BucketNames": f"{BUCKET},{OTHERS[1]}"}, (BUCKET, OTHERS[1]), id="exact names"),
            pytest.param({"BucketName": "archive"}, OTHERS, id="prefix"),
            pytest.param({"BucketName": "archive2", "Regions": REGION}, (), id="conditions together"),
            pytest.param({"BucketNames": "archive"}, (), id="half a name"),
        ],
    )
    def test_conditions_choose(self, ready, parameters, expected):
        answer = ready.ci_get_asr_bucket(**parameters)

        assert sorted(expected) == self.names(answer)
        assert answer["TotalCount"] == str(len(expected))

    def test_pages_hold_each_bucket_once(self, ready):
        pages = [ready.ci_get_asr_bucket(PageNumber=str(number), PageSize="2") for number in (1, 2, 3)]

        assert [len(self.names(page)) for page in pages] == [2, 1, 0]
        assert sorted(self.names(pages[0]) + self.names(pages[1])) == sorted([BUCKET, *OTHERS])
        assert {(page["TotalCount"], page["PageSize"]) for page in pages} == {("3", "2")}
        assert [page["PageNumber"] for page in pages] == ["1", "2", "3"]

    def test_nothing_found_is_a_list_without_elements(self, ready):
        answer = ready.ci_get_asr_bucket(BucketNames="absent-1250000000")

        assert answer["TotalCount"] == "0"
        assert "AsrBucketList" not in answer


class TestSiblingServices:
    @pytest.mark.parametrize(
        ("call", "service", "element"),
        [
            ("ci_get_media_bucket", "media", "MediaBucketList"),
            ("ci_get_doc_bucket", "doc", "DocBucketList"),
            ("ci_get_pic_bucket", "pic", "PicBucketList"),
            ("ci_get_ai_bucket", "ai", "AiBucketList"),
            # The list of file processing, /file_bucket, has no call in this SDK.
        ],
    )
    def test_enabled_one_lists_its_bucket(self, ready, ci_audio_emulator, call, service, element):
        assert getattr(ready, call)(BucketNames=BUCKET)["TotalCount"] == "0"
        ci_audio_emulator.put_bucket(REGION, BUCKET, services=[service])
        answer = getattr(ready, call)(BucketNames=BUCKET)

        # For some services the SDK does not make a single element a list.
        found = answer[element][0] if isinstance(answer[element], list) else answer[element]
        assert (found["BucketId"], found["Region"]) == (BUCKET, REGION)


class TestQueue:
    def test_description_holds_what_the_page_names(self, ready):
        answer = ready.ci_get_asr_queue(Bucket=BUCKET)
        (queue,) = answer["QueueList"]

        assert (answer["TotalCount"], answer["PageNumber"], answer["PageSize"]) == ("1", "1", "10")
        assert queue.pop("QueueId").startswith("p")
        assert is_time(queue.pop("CreateTime"))
        assert is_time(queue.pop("UpdateTime"))
        assert queue == {
            "Name": "queue-speech-1",
            "State": "Active",
            "NotifyConfig": {"Url": None, "Event": None, "Type": None, "State": "Off"},
            "MaxSize": "10000",
            "MaxConcurrent": "10",
            "BucketId": BUCKET,
            "Category": "Speeching",
        }

    def test_unknown_ids_are_told_beside_the_known(self, ready):
        known = ready.ci_get_asr_queue(Bucket=BUCKET)["QueueList"][0]["QueueId"]
        answer = ready.ci_get_asr_queue(Bucket=BUCKET, QueueIds=f"p0,{known},p1")

        assert [queue["QueueId"] for queue in answer["QueueList"]] == [known]
        assert answer["NonExistPIDs"] == {"QueueID": ["p0", "p1"]}
        assert "TotalCount" not in answer

    def test_state_chooses(self, ready):
        assert "QueueList" not in ready.ci_get_asr_queue(Bucket=BUCKET, State="Paused")
        assert len(ready.ci_get_asr_queue(Bucket=BUCKET, State="Active")["QueueList"]) == 1

    def test_update_answers_with_what_was_sent(self, ready):
        queue_id = ready.ci_get_asr_queue(Bucket=BUCKET)["QueueList"][0]["QueueId"]
        notify = {
            "State": "On",
            "Event": "TaskFinish,WorkflowFinish",
            "Type": "Url",
            "Url": "https://example.com/callback",
            "ResultFormat": "JSON",
        }
        body = {"Name": "降噪_queue-*", "QueueID": queue_id, "State": "Paused", "NotifyConfig": notify}
        answer = ready.ci_update_asr_queue(Bucket=BUCKET, QueueId=queue_id, Request=body)

        (queue,) = answer["Queue"]
        assert answer["RequestId"]
        assert (queue["QueueId"], queue["Name"], queue["State"]) == (queue_id, "降噪_queue-*", "Paused")
        assert queue["NotifyConfig"] == notify
        assert ready.ci_get_asr_queue(Bucket=BUCKET)["QueueList"] == [queue]

    def test_id_in_the_path_wins_over_one_in_the_body(self, ready):
        queue_id = ready.ci_get_asr_queue(Bucket=BUCKET)["QueueList"][0]["QueueId"]
        body = {"Name": "q", "QueueID": "p0", "State": "Active", "NotifyConfig": {"State": "Off"}}

        assert ready.ci_update_asr_queue(Bucket=BUCKET, QueueId=queue_id, Request=body)["Queue"][0]["Name"] == "q"

    def test_update_of_an_unknown_one_is_refused(self, ready):
        body = {"Name": "q", "State": "Active", "NotifyConfig": {"State": "Off"}}
        with pytest.raises(CosServiceError) as caught:
            ready.ci_update_asr_queue(Bucket=BUCKET, QueueId="p0", Request=body)

        assert "<Code>QueueNotFound</Code>" in caught.value.get_origin_msg()

    def test_new_one_comes_with_enabling_again(self, ready):
        before = ready.ci_get_asr_queue(Bucket=BUCKET)["QueueList"][0]["QueueId"]
        ready.ci_close_asr_bucket(Bucket=BUCKET)
        ready.ci_open_asr_bucket(Bucket=BUCKET)

        assert before != ready.ci_get_asr_queue(Bucket=BUCKET)["QueueList"][0]["QueueId"]


class TestSiblings:
    def test_switches_are_read_as_json_by_those_who_ask_for_it(self, client):
        headers, opened = client.ci_open_ai_bucket(Bucket=BUCKET, Accept="application/json")
        listed = client.ci_get_ai_bucket(BucketNames=BUCKET)
        _, closed = client.ci_close_ai_bucket(Bucket=BUCKET, Accept="application/json")

        assert headers["Content-Type"] == "application/json"
        assert opened["AiBucket"]["BucketId"] == listed["AiBucketList"]["BucketId"] == closed["BucketName"] == BUCKET

    def test_switches_are_read_as_documents_by_all_others(self, client):
        _, opened = client.ci_open_pic_bucket(Bucket=BUCKET)
        _, closed = client.ci_close_pic_bucket(Bucket=BUCKET)

        assert opened["PicBucket"]["BucketId"] == closed["BucketName"] == BUCKET
