"""The table of operations against the documented permissions and the rules of repetition."""

import pytest

from pulumi_ci_audio.api import operations
from pulumi_ci_audio.api.operations import OPERATIONS, Repeat

DOCUMENTED = {
    "CREATE_CI_BUCKET": {"ci:CreateCIBucket"},
    "DESCRIBE_CI_BUCKET": {"ci:DescribeCIBuckets"},
    "DESCRIBE_CI_BUCKETS": {"ci:DescribeCIBuckets"},
    "DELETE_CI_BUCKET": {"ci:DeleteCIBucket"},
    "CREATE_ASR_BUCKET": {"ci:CreateAsrBucket"},
    "DESCRIBE_ASR_BUCKETS": {"ci:DescribeAsrBuckets"},
    "DELETE_ASR_BUCKET": {"ci:DeleteAsrBucket"},
    "DESCRIBE_ASR_QUEUES": {"ci:DescribeAsrQueues"},
    "CREATE_JOB": {"ci:CreateAsrJobs", "cam:PassRole"},
    "DESCRIBE_JOB": {"ci:DescribeMediaJob", "ci:DescribeAsrJob"},
    "DESCRIBE_JOBS": {"ci:DescribeMediaJobs", "ci:DescribeAsrJobs"},
    "CANCEL_JOB": {"ci:CancelMediaJob"},
    "CREATE_TEMPLATE": {"ci:CreateMediaTemplate"},
    "UPDATE_TEMPLATE": {"ci:UpdateMediaTemplate"},
    "DESCRIBE_TEMPLATES": {"ci:DescribeMediaTemplates"},
    "DELETE_TEMPLATE": {"ci:DeleteMediaTemplate"},
    "DESCRIBE_WORKFLOWS": {"ci:DescribeMediaWorkflows"},
    "DESCRIBE_BATCH_JOBS": {"ci:DescribeInventoryTriggerJobs"},
    "CREATE_BATCH_JOB": {"ci:CreateInventoryTriggerJob", "cam:PassRole"},
    "DESCRIBE_BATCH_JOB": {"ci:DescribeInventoryTriggerJob"},
    "CANCEL_BATCH_JOB": {"ci:CancelInventoryTriggerJob"},
    "LIST_OBJECTS": {"cos:GetBucket"},
    "PUT_OBJECT": {"cos:PutObject"},
    "HEAD_OBJECT": {"cos:HeadObject"},
}
"""Document 1045/49896 for the actions of CI."""

SERVICES = {
    "/mediabucket": ("MediaBucketList", "ci:DescribeMediaBuckets"),
    "/docbucket": ("DocBucketList", "ci:DescribeDocProcessBucket"),
    "/file_bucket": ("FileBucketList", "ci:DescribeFileProcessBucket"),
    "/picbucket": ("PicBucketList", "ci:DescribePicProcessBucket"),
    "/ai_bucket": ("AiBucketList", "ci:DescribeAiProcessBucket"),
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_operation_needs_the_documented_actions(name):
    assert set(getattr(operations, name).action.split(" and ")) == DOCUMENTED[name]


def test_services_have_the_documented_paths_elements_and_actions():
    assert {
        s.describe_buckets.path: (s.element, s.describe_buckets.action) for s in operations.OTHER_SERVICES
    } == SERVICES
    assert (operations.SMART_AUDIO.describe_buckets.path, operations.SMART_AUDIO.element) == (
        "/asrbucket",
        "AsrBucketList",
    )


def test_no_operation_is_left_out():
    assert len(OPERATIONS) == len(DOCUMENTED) + len(SERVICES)


def test_every_operation_has_an_action_and_a_phrase_of_its_own():
    assert all(":" in operation.action for operation in OPERATIONS)
    assert len({operation.phrase for operation in OPERATIONS}) == len(OPERATIONS)


def test_only_the_lists_of_buckets_need_their_action_on_every_resource():
    bucket_lists = {operations.DESCRIBE_CI_BUCKET, operations.DESCRIBE_CI_BUCKETS, operations.DESCRIBE_ASR_BUCKETS}
    bucket_lists |= {service.describe_buckets for service in operations.OTHER_SERVICES}

    assert {operation for operation in OPERATIONS if operation.any_resource} == bucket_lists


def test_only_what_costs_money_or_makes_doubles_is_kept_from_repetition():
    careful = {operation: operation.repeat for operation in OPERATIONS if operation.repeat is not Repeat.SAFELY}

    assert careful == {
        operations.CREATE_JOB: Repeat.NEVER,
        operations.CREATE_BATCH_JOB: Repeat.NEVER,
        operations.CREATE_TEMPLATE: Repeat.IF_NOT_ACCEPTED,
    }
