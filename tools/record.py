"""Record the cassettes anew, and say what is different.

Usage: ``python -m tools.record`` records the tests of ``tests/cassettes`` against the real service, with the account
that the environment names, into ``cassettes/service``. Then it prints where the service's answers differ from the
emulator's in ``cassettes``: status, elements, and the values that the package decides by. Nothing of ``cassettes``
itself is changed. ``--emulator`` records what the tests replay, from the emulator. ``--compare FOLDER`` only compares.

Variables, for the real service:

- ``TENCENTCLOUD_SECRET_ID``, ``TENCENTCLOUD_SECRET_KEY``, and ``TENCENTCLOUD_SECURITY_TOKEN`` for temporary ones;
- ``CI_AUDIO_RECORD_BUCKET``: a bucket of this account that exists for this purpose alone: its name holds
  ``ci-audio-record`` before the app id, as in ``my-ci-audio-record-1250000000``. It is bound and unbound, Smart Audio
  is switched on and off, and objects and templates named ``ci-audio-record…`` are made and deleted;
- ``CI_AUDIO_RECORD_REGION``: its region.

With ``CI_AUDIO_ENDPOINT``, requests go to an emulator instead, as a rehearsal; then ``--into`` must say where to.

The jobs cost money: about a dozen, of a few seconds of audio each.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from lxml import etree
from vcr.serializers import yamlserializer  # type: ignore[import-untyped]  # ships no type information

ROOT = Path(__file__).parents[1]
CASSETTES = ROOT / "cassettes"
FROM_SERVICE = CASSETTES / "service"

KEYS = ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY")
BUCKET_VARIABLE, REGION_VARIABLE = "CI_AUDIO_RECORD_BUCKET", "CI_AUDIO_RECORD_REGION"
BUCKET = re.compile(r"(?=[a-z0-9-]*ci-audio-record[a-z0-9-]*-[0-9]{9,10}$)[a-z0-9][a-z0-9-]*-[0-9]{9,10}")
REGION = re.compile(r"[a-z]{2}-[a-z0-9-]+")

# A made-up account: what is recorded from the emulator is scrubbed as a real one would be.
EMULATED = {BUCKET_VARIABLE: "own-ci-audio-record-1299999999", REGION_VARIABLE: "ap-shanghai"}

# Elements whose values the package decides by; the values of all others depend on the account or the moment.
TELLING = frozenset(
    {
        "CIStatus",
        "Category",
        "Code",
        "Format",
        "Message",
        "NonExistJobIds",
        "PageNumber",
        "PageSize",
        "QueueType",
        "SampleRate",
        "Samplerate",
        "State",
        "Status",
        "Tag",
    }
)

# What a cassette can prove or correct: its name, and the key in the emulator's table of assumptions.
PROVES = {
    "test_batch_jobs/test_batch_is_found_by_its_name": "batch_name",
    "test_batch_jobs/test_batch_is_submitted_and_described": "batch_service",
    "test_batch_jobs/test_batch_lists_the_jobs_of_its_recordings": "batch_files",
    "test_binding/test_unbound_bucket_is_bound": "bind_answer",
    "test_binding/test_bound_bucket_is_bound_again": "bind_when_bound",
    "test_binding/test_bucket_that_is_not_bound_is_unbound_again": "unbind_when_off",
    "test_binding/test_status_of_a_bucket_that_is_not_bound_is_off": "status_format",
    "test_binding/test_unbinding_is_refused_while_smart_audio_is_enabled": "unbind_refusal_code",
    "test_binding/test_unbinding_passes_before_it_is_over": "unbinding_ends",
    "test_binding/test_wrong_secret_key_is_told_apart": "wrong_signature",
    "test_blockers/test_workflows_are_refused_when_the_media_service_is_not_activated": "workflows_without_media",
    "test_jobs/test_ended_job_is_not_cancelled": "cancel_started",
    "test_jobs/test_job_is_submitted_with_neither_parameters_nor_template": "parameters_absent",
    "test_jobs/test_job_is_submitted_with_parameters": "sample_rate_spelling",
    "test_jobs/test_job_without_audio_fails": "not_audio",
    "test_jobs/test_job_without_input_fails": "missing_input",
    "test_jobs/test_jobs_of_one_input_are_listed": "end_of_list",
    "test_jobs/test_unknown_job_is_none": "unknown_job_ids",
    "test_jobs/test_unknown_job_is_not_cancelled": "unknown_id_code",
    "test_jobs/test_unknown_template_is_refused": "unknown_id_status",
    "test_smart_audio/test_disabling_is_refused_when_it_is_not_activated": "asr_off",
    "test_smart_audio/test_enabling_again_changes_nothing": "enable_when_enabled",
    "test_smart_audio/test_enabling_binds_the_bucket": "enable_binds",
    "test_templates/test_unknown_template_is_deleted_without_an_error": "unknown_template_deleted",
}


@dataclass(frozen=True)
class Answer:
    """What is compared of one exchange.

    Attributes:
        call: method, path and query.
        status: of the answer.
        names: the elements, as paths from the root.
        values: the telling ones, by their elements.
    """

    call: str
    status: int
    names: frozenset[str]
    values: Mapping[str, tuple[str, ...]]


def answers_of(cassette: Path) -> list[Answer]:
    """Return the answers on a cassette, in their order."""
    recorded = yamlserializer.deserialize(cassette.read_text(encoding="utf-8"))
    return [_answer(interaction["request"], interaction["response"]) for interaction in recorded["interactions"]]


def compare(ours: Path, theirs: Path) -> list[str]:
    """Return a line for every difference between the cassettes that two folders have in common."""
    lines = []
    for name in sorted(_names(ours) & _names(theirs)):
        about = f" [{PROVES[name]}]" if name in PROVES else ""
        cassettes = (folder / f"{name}.yaml" for folder in (ours, theirs))
        lines += [f"{name}{about}: {difference}" for difference in _differences(*map(answers_of, cassettes))]
    return lines


def refusal(environment: Mapping[str, str]) -> str | None:
    """Return why the real service cannot be recorded with these variables, or ``None``."""
    missing = [name for name in (*KEYS, BUCKET_VARIABLE, REGION_VARIABLE) if not environment.get(name)]
    if missing:
        return f"set {', '.join(missing)} to record against the real service"
    if not BUCKET.fullmatch(environment[BUCKET_VARIABLE]):
        return f"{BUCKET_VARIABLE} must name a bucket for this purpose alone, such as my-ci-audio-record-1250000000"
    if not REGION.fullmatch(environment[REGION_VARIABLE]):
        return f"{REGION_VARIABLE} must name a region, such as ap-chongqing"
    return None


class Run(Protocol):
    """Runs a command to its end, as :func:`subprocess.run` does."""

    def __call__(
        self, command: Sequence[str], /, *, cwd: Path, env: Mapping[str, str], check: Literal[False]
    ) -> subprocess.CompletedProcess[Any]:
        """Return how the command ended."""


def record(kind: str, into: Path, environment: Mapping[str, str], *, run: Run) -> int:
    """Run the tests as recordings, and return how pytest ended."""
    # The tests start no other recording, and nothing waits for a service that is not there.
    command = [sys.executable, "-m", "pytest", "tests/cassettes", "-m", "vcr", "--record-mode", "rewrite"]
    options = ["-q", "-p", "no:cacheprovider", "--timeout", "3600"]
    settings = {**environment, "CI_AUDIO_RECORD": kind, "CI_AUDIO_CASSETTES": str(into)}
    return run([*command, *options], cwd=ROOT, env=settings, check=False).returncode


def main(
    arguments: Sequence[str] | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    run: Run = subprocess.run,
) -> int:
    """Do what the arguments say, and return the exit status: 0 unless nothing could be recorded."""
    environment = os.environ if environment is None else environment
    options = _parse(arguments)
    if options.compare:
        return _report(CASSETTES, options.compare)
    if options.emulator:
        into = options.into or CASSETTES
        return record("emulator", into, {**environment, **EMULATED}, run=run)
    reason = refusal(environment)
    if reason:
        print(f"record: {reason}", file=sys.stderr)
        return 1
    if environment.get("CI_AUDIO_ENDPOINT") and not options.into:
        print("record: with CI_AUDIO_ENDPOINT it is not the service that answers; add --into FOLDER", file=sys.stderr)
        return 1
    into = options.into or FROM_SERVICE
    status = record("service", into, environment, run=run)
    if status > 1:  # pytest's own failure; 1 says that answers were not as the tests expect, which is told below
        return status
    return _report(CASSETTES, into)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="record", description="Record the cassettes anew, and say what is different.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--emulator", action="store_true", help="record from the emulator, needing no account")
    what.add_argument("--compare", type=Path, metavar="FOLDER", help="record nothing, compare with these cassettes")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="where the cassettes go")
    return parser.parse_args(arguments)


def _report(ours: Path, theirs: Path) -> int:
    lines = compare(ours, theirs)
    common = _names(ours) & _names(theirs)
    for name in sorted(_names(ours) - common):
        print(f"{name}: not recorded in {theirs}")
    for line in lines:
        print(line)
    print(f"{len(common)} cassettes compared, {len(lines)} differences between {ours} (first) and {theirs} (second)")
    return 0


def _names(folder: Path) -> set[str]:
    return {f"{path.parent.name}/{path.stem}" for path in folder.glob("test_*/*.yaml")}


def _differences(ours: Sequence[Answer], theirs: Sequence[Answer]) -> Iterator[str]:
    for our, their in zip_longest(ours, theirs):
        if our is None or their is None:
            yield f"{(our or their).call} is on one side only"
            continue
        call = our.call if our.call == their.call else f"{our.call} against {their.call}"
        if our.call != their.call:
            yield f"another call: {call}"
        if our.status != their.status:
            yield f"{call}: status {our.status} against {their.status}"
        for side, names in (("first", our.names - their.names), ("second", their.names - our.names)):
            if names:
                yield f"{call}: only the {side} has {', '.join(sorted(names))}"
        for name in sorted(our.values.keys() & their.values.keys()):
            if our.values[name] != their.values[name]:
                yield f"{call}: {name} is {_shown(our.values[name])} against {_shown(their.values[name])}"


def _answer(request: Mapping[str, Any], response: Mapping[str, Any]) -> Answer:
    parts = urlsplit(request["uri"])
    call = f"{request['method']} {parts.path}" + (f"?{parts.query}" if parts.query else "")
    names: set[str] = set()
    values: dict[str, tuple[str, ...]] = {}
    for name, text in _elements(response["body"]["string"]):
        names.add(name)
        if name.rpartition("/")[2] in TELLING:
            values[name] = (*values.get(name, ()), text)
    return Answer(call, response["status"]["code"], frozenset(names), values)


def _elements(body: str | bytes) -> Iterator[tuple[str, str]]:
    """Yield path and text of every element; of JSON and what is neither, the kind and the text."""
    content = body.encode() if isinstance(body, str) else body
    if not content.strip():
        return
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        kind = "JSON" if content.lstrip().startswith(b"{") else "text"
        yield f"{kind}/CIStatus" if b"CIStatus" in content else kind, content.decode(errors="replace")
        return
    tree = root.getroottree()
    for element in root.iter(etree.Element):
        yield re.sub(r"\[\d+\]", "", tree.getpath(element)).lstrip("/"), (element.text or "").strip()


def _shown(texts: tuple[str, ...]) -> str:
    return ", ".join(repr(text) for text in texts)


if __name__ == "__main__":
    sys.exit(main())
