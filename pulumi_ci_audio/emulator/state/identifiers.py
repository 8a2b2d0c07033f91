"""Identifiers in the shapes the service's samples have. Clients must treat them as opaque."""

from __future__ import annotations

import base64
import itertools
import uuid

_REQUESTS = itertools.count(1)


def new_job_id() -> str:
    """Return ``j`` and a UUIDv1 without dashes."""
    return f"j{uuid.uuid1().hex}"


def new_queue_id() -> str:
    """Return ``p`` and a UUIDv4 without dashes."""
    return f"p{uuid.uuid4().hex}"


def new_template_id() -> str:
    """Return ``t``, a digit and a UUIDv4 without dashes."""
    return f"t1{uuid.uuid4().hex}"


def new_batch_job_id() -> str:
    """Return ``b`` and a UUIDv1 without dashes."""
    return f"b{uuid.uuid1().hex}"


def new_upload_id() -> str:
    """Return the id of a multipart upload."""
    return uuid.uuid4().hex


def new_request_id(moment: float) -> str:
    """Return base64 of ``<unix time>_<hex>_<hex>_<counter>``, all in hexadecimal."""
    text = f"{int(moment):x}_{uuid.uuid4().hex[:8]}_{uuid.uuid4().hex[:4]}_{next(_REQUESTS):x}"
    return base64.b64encode(text.encode()).decode()
