"""The submission asks for everything that the program said."""

import pytest

from pulumi_ci_audio.api.messages import JobBody, encode
from pulumi_ci_audio.lifecycle.job.noise_reduction import NoiseReductionSpec
from pulumi_ci_audio.lifecycle.marker import SubmissionMarker
from pulumi_ci_audio.lifecycle.noise_reduction_models import NoiseReductionJobInputs
from tests.lifecycle.conftest import (
    CLEAN,
    NAME,
    RAW,
    REGION,
)
from tests.lifecycle.job.running import (
    checked,
    create,
)


class TestRequest:
    def request(self, **inputs):
        parsed = NoiseReductionJobInputs.parse(checked(**inputs))
        user_data = SubmissionMarker("a" * 16, "b" * 8, "b" * 8).after(parsed.user_data)
        return encode(JobBody.of(NoiseReductionSpec().request(parsed, user_data))).decode()

    def test_it_asks_for_everything_that_was_said(self):
        request = self.request(
            format="mp3",
            sampleRate=44100.0,
            queueId="q1",
            jobLevel=2.0,
            userData="mine & yours",
            outputBucket="archive-1250000000",
            outputRegion="ap-shanghai",
        )

        for element in (
            "<Tag>NoiseReduction</Tag>",
            f"<Input><Object>{RAW}</Object></Input>",
            "<NoiseReduction><Format>mp3</Format><Samplerate>44100</Samplerate></NoiseReduction>",
            f"<Output><Region>ap-shanghai</Region><Bucket>archive-1250000000</Bucket><Object>{CLEAN}</Object></Output>",
            f"<UserData>mine &amp; yours pulumi:{'a' * 16}:{'b' * 16}</UserData>",
            "<JobLevel>2</JobLevel>",
            "<QueueId>q1</QueueId>",
        ):
            assert element in request

    def test_what_was_not_said_is_left_out(self):
        request = self.request()

        for name in ("TemplateId", "QueueId", "JobLevel", "CallBack"):
            assert name not in request
        assert f"<Output><Region>{REGION}</Region><Bucket>{NAME}</Bucket>" in request

    def test_the_lowest_level_is_said(self):
        assert "<JobLevel>0</JobLevel>" in self.request(jobLevel=0)

    def test_a_template_stands_instead_of_parameters(self):
        request = self.request(templateId="t1")

        assert "<TemplateId>t1</TemplateId>" in request
        assert "<NoiseReduction>" not in request

    def test_an_address_to_call_back(self):
        request = self.request(callback={"url": "https://example.com/done?a=1&b=2", "format": "JSON"})

        assert "<CallBack>https://example.com/done?a=1&amp;b=2</CallBack>" in request
        assert "<CallBackFormat>JSON</CallBackFormat><CallBackType>Url</CallBackType>" in request
        assert "CallBackMqConfig" not in request

    def test_a_message_queue_to_call_back(self):
        queue = {"mqRegion": "gz", "mqMode": "Queue", "mqName": "done"}

        request = self.request(callback={**queue, "format": "XML"})

        assert "<CallBackType>TDMQ</CallBackType>" in request
        assert "<MqRegion>gz</MqRegion><MqMode>Queue</MqMode><MqName>done</MqName>" in request
        assert "<CallBack>" not in request

    @pytest.mark.parametrize(
        "inputs",
        [
            {"callback": {"url": "https://example.com/done", "format": "XML"}},
            {"callback": {"mqRegion": "gz", "mqMode": "Topic", "mqName": "done"}},
            {"callback": {"url": "no"}},
            {"jobLevel": 1, "userData": "~" * 983},
        ],
        ids=["address", "queue", "silence", "level and data"],
    )
    def test_the_service_takes_it(self, ready, inputs):
        assert create(ready, **inputs)["state"] == "Success"

    def test_the_service_takes_the_queue_of_the_binding(self, ready):
        queue = ready.control.state()["queues"][0]["id"]

        assert create(ready, queueId=queue)["queueId"] == queue
