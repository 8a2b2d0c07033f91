"""Batches as the tests of their lifecycle run them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pulumi_ci_audio.lifecycle.batch.naming import BatchName
from pulumi_ci_audio.lifecycle.journal import FileJournal
from tests.lifecycle.conftest import BATCH, NAME, NO_AUDIO, REGION, through_json
from tests.support.engine import BATCHES, InitFailed

TEMPLATE_ID = "t1voices"
FOLDER = {**BATCH, "templateId": TEMPLATE_ID}
ID = f"{REGION}/{NAME}/raw/"
SUBMIT = "POST /inventorytriggerjob"


def checked(**inputs: Any) -> dict[str, Any]:
    return BATCHES.check({}, {**FOLDER, **inputs}, None).inputs


def create(cloud, context=None, **inputs):
    return BATCHES.create(context or cloud.context(), checked(**inputs)).state


def kept(cloud, context=None, **inputs):
    """Create a batch whose end is not a good one, and return what was kept of it."""
    with pytest.raises(InitFailed) as error:
        create(cloud, context, **inputs)
    return error.value


def updated(cloud, state, context=None, **inputs):
    return BATCHES.update(context or cloud.context(), ID, through_json(state), checked(**inputs))


def refreshed(cloud, state):
    return BATCHES.read(cloud.context(), ID, through_json(state)).state


def upped(cloud, state, **inputs):
    """Do what ``up --refresh`` does, and return the state."""
    found = refreshed(cloud, state)
    return updated(cloud, found, **inputs) if BATCHES.diff(found, checked(**inputs)).has_changes else found


def batches(cloud):
    """Return the batches, oldest first."""
    cloud.work()
    return list(cloud.record.batch_jobs.values())


def runs(cloud):
    """Return how often each recording was run."""
    return Counter(job["input"] for job in cloud.jobs)


def names(cloud):
    return [BatchName.find_in(batch.name) for batch in batches(cloud)]


def elsewhere(cloud):
    """Return the journal of another machine."""
    return FileJournal(cloud.folder.parent / "another machine", now=cloud.now, uptime=cloud.clock.now)


def counts(state):
    return {name: state[name] for name in ("total", "done", "pending", "ran", "skipped")}


def spoil(cloud, *keys):
    for key in keys:
        cloud.put(key, NO_AUDIO)


def call_off(cloud):
    cloud.is_cancelled = True
