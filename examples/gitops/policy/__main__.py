"""What a stack of recordings must keep to: nothing is left off, and little is paid at once."""

from collections.abc import Mapping
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

BINDINGS = ("CiBucketBinding", "AsrBucketBinding")
JOBS = ("NoiseReductionJob",)
PAID = (*JOBS, "NoiseReductionBatch")
MOST_PAID_AT_ONCE = 20
REGIONS = ("ap-chongqing", "ap-shanghai")


def kind_of(type_: str) -> str:
    """Return the class: the types of the dynamic providers and of the plugin differ before it."""
    return type_.rpartition(":")[2]


def stays_on(args: ResourceValidationArgs, report: ReportViolation) -> None:
    is_production = args.urn.startswith("urn:pulumi:production::")
    if is_production and kind_of(args.resource_type) in BINDINGS and args.props.get("onDestroy") == "off":
        report('onDestroy must be "restore" or "keep" in production')


def callback_is_encrypted(args: ResourceValidationArgs, report: ReportViolation) -> None:
    callback = args.props.get("callback") if kind_of(args.resource_type) in PAID else None
    url = callback.get("url") if isinstance(callback, Mapping) else None
    if isinstance(url, str) and not url.startswith("https://"):
        report("callback.url must begin with https://")


def region_is_ours(args: ResourceValidationArgs, report: ReportViolation) -> None:
    # Where the program names none, it is the one of the runner's environment.
    is_ours = kind_of(args.resource_type) in (*BINDINGS, *PAID, "NoiseReductionTemplate")
    if is_ours and args.props.get("region") not in REGIONS:
        report(f"region must be one of {', '.join(REGIONS)}")


def little_is_paid_at_once(args: StackValidationArgs, report: ReportViolation) -> None:
    # What has run has an id of its job already, what is to run has none in the preview.
    new = [
        resource for resource in args.resources if kind_of(resource.resource_type) in PAID and is_new(resource.props)
    ]
    if len(new) > MOST_PAID_AT_ONCE:
        report(f"{len(new)} paid jobs are new, at most {MOST_PAID_AT_ONCE} may be at once: deploy them in parts")


def is_new(props: Any) -> bool:
    return not any(isinstance(props.get(name), str) for name in ("jobId", "batchId"))


PolicyPack(
    name="recordings",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy("stays-on", "No binding is switched off in production.", stays_on),
        ResourceValidationPolicy("encrypted-callbacks", "Callbacks go over https only.", callback_is_encrypted),
        ResourceValidationPolicy("known-region", "Every resource is in a region of ours.", region_is_ours),
        StackValidationPolicy("few-paid-jobs", "Few paid jobs are new in one update.", little_is_paid_at_once),
    ],
)
