"""What cannot succeed is refused before anything is billed."""

import pytest

from pulumi_ci_audio.api.errors import ApiError
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.job.lookup import UNSEEN_RECORDING_SECONDS
from pulumi_ci_audio.lifecycle.job_inputs import LARGEST_INPUT_BYTES
from tests.lifecycle.conftest import (
    DENIED,
    RAW,
    REGION,
)
from tests.lifecycle.job.running import (
    create,
    elsewhere,
    slow_cloud,
)
from tests.support.places import OTHER_BUCKET


class TestBeforeSubmission:
    def test_a_recording_that_is_not_there_is_named(self, ready):
        with pytest.raises(ResourceError, match=r"there is no object raw/none.mp3 in bucket .*nothing was submitted"):
            create(ready, inputObject="raw/none.mp3")
        assert ready.submissions() == 0

    def test_a_bucket_for_the_result_that_is_not_there_is_named(self, ready):
        with pytest.raises(
            ResourceError, match=r"there is no bucket nowhere-1250000000 in .* for the result, nothing was"
        ):
            create(ready, outputBucket="nowhere-1250000000")
        assert ready.submissions() == 0

    def test_one_that_may_not_be_looked_at_is_for_the_service_to_judge(self, ready):
        ready.control.put_bucket(REGION, OTHER_BUCKET)
        ready.control.add_fault(method="GET", host=f"{OTHER_BUCKET}.ci.*", path="/", times=9, action=DENIED)

        assert create(ready, outputBucket=OTHER_BUCKET)["state"] == "Success"

    def test_a_bucket_that_is_not_there_is_named(self, ready):
        with pytest.raises(ApiError, match=r"nowhere-1250000000.*NoSuchBucket"):
            create(ready, bucket="nowhere-1250000000")

    @pytest.mark.parametrize(("size", "is_taken"), [(LARGEST_INPUT_BYTES, True), (LARGEST_INPUT_BYTES + 1, False)])
    def test_a_recording_may_have_10_mb_and_no_more(self, ready, size, is_taken):
        ready.put(RAW, bytes(size))

        if is_taken:
            create(ready)
        else:
            with pytest.raises(ResourceError, match=rf"has {size} bytes and the service takes {LARGEST_INPUT_BYTES}"):
                create(ready)

        assert ready.submissions() == is_taken

    def test_a_recording_that_may_not_be_looked_at_is_submitted_with_its_content_unknown(self, ready):
        ready.spoil("HEAD", f"/{RAW}", status=403)

        state = create(ready)

        assert state["state"] == "Success"
        assert not {"inputEtag", "currentInputEtag"} & state.keys()

    def test_of_a_recording_that_may_not_be_looked_at_a_finished_job_counts_for_a_while(self, make_cloud):
        cloud = slow_cloud(make_cloud)
        cloud.spoil("HEAD", f"/{RAW}", status=403)
        first = create(cloud, wait=False)

        assert create(cloud)["jobId"] == first["jobId"]
        assert create(cloud, cloud.context(journal=elsewhere(cloud)))["jobId"] == first["jobId"]
        cloud.clock.sleep(UNSEEN_RECORDING_SECONDS)
        assert create(cloud)["jobId"] != first["jobId"]

    @pytest.mark.parametrize("status", [400, 500])
    def test_any_other_trouble_with_the_recording_is_an_error(self, ready, status):
        ready.spoil("HEAD", f"/{RAW}", status=status)

        with pytest.raises(ApiError, match=rf"could not look at the object {RAW}"):
            create(ready)
        assert ready.submissions() == 0

    @pytest.mark.parametrize("settings", [{"asr": "off"}, {"asr": "off", "ci": "off"}], ids=["Smart Audio", "both"])
    def test_smart_audio_that_is_off_is_named_with_what_to_declare(self, ready, settings):
        ready.seed(**settings)

        with pytest.raises(ResourceError, match=r"Smart Audio is off .* nothing was submitted: declare an AsrBucketB"):
            create(ready)
        assert ready.submissions() == 0

    def test_where_the_service_may_not_be_looked_at_the_submission_decides(self, ready):
        ready.spoil("GET", "/asrbucket*", **DENIED)

        assert create(ready)["state"] == "Success"

    def test_a_template_that_is_not_there_is_named(self, ready):
        with pytest.raises(ResourceError, match=r"there is no template t1 in bucket .*nothing was submitted"):
            create(ready, templateId="t1")
        assert ready.submissions() == 0

    def test_a_template_of_another_kind_is_named(self, ready):
        body = "<Response><TemplateList><TemplateId>t1</TemplateId><Tag>Transcode</Tag></TemplateList></Response>"
        ready.spoil("GET", "/template*", effect="after", body=body)

        with pytest.raises(ResourceError, match=r"template t1 .* is one for Transcode, not NoiseReduction"):
            create(ready, templateId="t1")
        assert ready.submissions() == 0

    def test_where_templates_may_not_be_looked_at_the_submission_decides(self, ready):
        ready.spoil("GET", "/template*", **DENIED)

        with pytest.raises(ApiError, match="TemplateNotFound"):
            create(ready, templateId="t1")
        assert ready.submissions() == 1

    def test_nothing_of_this_is_asked_for_a_job_that_exists(self, ready):
        create(ready)
        ready.control.clear_requests()

        create(ready)

        assert not any("/asrbucket" in request for request in ready.sent())
