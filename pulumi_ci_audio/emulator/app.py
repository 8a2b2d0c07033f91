"""The emulator as a function from requests to responses.

The way of a request: control calls first, they are never logged nor faulted; the log; faults that come before the
operation; host, signature, route; the operation, with the store's lock held; faults that come after it. Each concern
is a layer that calls the next one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

from pulumi_ci_audio.emulator.assumptions import choose
from pulumi_ci_audio.emulator.audio.worker import Denoise, Worker, denoise_by_ffmpeg
from pulumi_ci_audio.emulator.control.calls import handle_control_call, is_control_call
from pulumi_ci_audio.emulator.control.control import Control
from pulumi_ci_audio.emulator.control.faults import Fault, Faults
from pulumi_ci_audio.emulator.control.request_log import RequestLog
from pulumi_ci_audio.emulator.errors import ClientGoneError, ConnectionResetFault, ServiceError
from pulumi_ci_audio.emulator.http.authentication import verify
from pulumi_ci_audio.emulator.http.hosts import Destination, Plane, find_destination
from pulumi_ci_audio.emulator.http.messages import (
    MAX_DOCUMENT_BYTES,
    Request,
    Response,
    error_response,
    service_headers,
)
from pulumi_ci_audio.emulator.operations.call import Call
from pulumi_ci_audio.emulator.operations.callbacks import Callbacks
from pulumi_ci_audio.emulator.operations.refusals import on_plane, status_on_plane
from pulumi_ci_audio.emulator.operations.routes import find_route
from pulumi_ci_audio.emulator.rules.progression import advance_jobs
from pulumi_ci_audio.emulator.state.clock import Clock
from pulumi_ci_audio.emulator.state.identifiers import new_request_id
from pulumi_ci_audio.emulator.state.settings import Settings
from pulumi_ci_audio.emulator.state.snapshot import Snapshot
from pulumi_ci_audio.emulator.state.store import Store

_ERRORS_FROM = 400
_READS = frozenset({"GET", "HEAD"})
_CLIENT_GONE = 499  # never sent, since nobody is there to read it; seen in the log of requests


class Emulator:
    """The CI API and enough of COS.

    Args:
        data: the folder of buckets; made where it is missing.
        settings: how long things take and how many run at once.
        secret_id: the one SecretId that requests may be signed with.
        secret_key: its key.
        listens_on: the address it is served on: control calls come by that name or by a loopback one.
        sends_callbacks: send callbacks of jobs to addresses of this machine, and let them name such ones.
        assumptions: other choices for rows of :data:`~pulumi_ci_audio.emulator.assumptions.ASSUMPTIONS`, by key.
        denoise: what a job does to its input; real noise reduction where none is given.
        keeps_state: keep buckets, bindings, jobs, templates and queues in a file of the data folder, and begin with
            what it holds.
        works_in_background: run jobs in a thread; else they wait for :meth:`run_jobs`.
        sleep: what a fault's delay waits with.
        now: real time; the emulator's clock starts with it, and signatures are judged by it.

    Raises:
        ValueError: an assumption is unknown, its value is none of its alternatives, or the file of the state cannot
            be read.
    """

    def __init__(
        self,
        *,
        data: Path,
        settings: Settings | None = None,
        secret_id: str = "emulator",  # noqa: S107  no secret, whatever its name
        secret_key: str = "emulator",  # noqa: S107  the emulator's key protects nothing
        listens_on: str = "127.0.0.1",
        sends_callbacks: bool = False,
        assumptions: Mapping[str, str] | None = None,
        denoise: Denoise = denoise_by_ffmpeg,
        keeps_state: bool = False,
        works_in_background: bool = True,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.clock = Clock(now)
        self.store = Store(
            data=data,
            clock=self.clock,
            settings=settings or Settings(),
            assumptions=choose(assumptions),
            sends_callbacks=sends_callbacks,
        )
        self.faults = Faults()
        self.request_log = RequestLog()
        self.callbacks = Callbacks(self.store, has_thread=works_in_background)
        self.control = Control(self.store, self.faults, self.request_log, self.callbacks)
        self._worker = Worker(self.store, denoise, has_thread=works_in_background)
        self.secret_id, self.secret_key = secret_id, secret_key
        self._listens_on = listens_on
        self._snapshot = Snapshot(data) if keeps_state else None
        if self._snapshot is not None:
            self._snapshot.claim()
            with self.store.lock:
                self._snapshot.load(self.store)
                self._worker.wake()  # jobs that were running run again
        self._sleep = sleep

    def most_body_bytes(self, request: Request) -> int:
        """Return how much of a body is worth keeping: nothing without a signature, which is judged by the head."""
        if is_control_call(request):
            return MAX_DOCUMENT_BYTES + 1  # enough to see that it is too large
        try:
            self._verify(request)
        except ServiceError:
            return 0
        return sys.maxsize

    def handle(self, request: Request) -> Response:
        """Return the response to one request; whoever calls closes it.

        Raises:
            ConnectionResetFault: a fault wants the connection reset; the server has to do it.
        """
        if is_control_call(request):
            response = handle_control_call(self.control, request, listens_on=self._listens_on)
            with self.store.lock:
                self._save_after(request)
            return response
        return self._logged(request)

    def run_jobs(self) -> None:
        """Run every job that has started, in the caller's thread, as if denoising took no time; then call back."""
        self._worker.run_started()
        self.callbacks.make_pending()

    def close(self) -> None:
        """End the threads and remove internal files."""
        self._worker.close()
        self.callbacks.close()
        with self.store.lock:
            if self._snapshot is not None:
                self._snapshot.save(self.store)
                self._snapshot.release()
            self.store.objects.forget()

    def _save_after(self, request: Request) -> None:
        """Save before the client is told of what changed; what passes by itself follows from the time."""
        if self._snapshot is not None and request.method not in _READS:
            self._snapshot.save(self.store)

    def _logged(self, request: Request) -> Response:
        fault = self.faults.take(request)
        entry = self.request_log.begin(request, time=self.clock.now(), fault=None if fault is None else fault.id)
        exchange = _Exchange(request, find_destination(request.host), new_request_id(self.clock.now()))
        try:
            response = self._with_faults(fault, exchange)
        except ClientGoneError:
            response = Response(_CLIENT_GONE)
        entry.status = response.status
        headers = service_headers(exchange.plane, exchange.request_id, is_error=response.status >= _ERRORS_FROM)
        return replace(response, headers=headers).with_headers(response.headers)

    def _with_faults(self, fault: Fault | None, exchange: _Exchange) -> Response:
        if fault is None:
            return self._with_error_body(exchange)
        action = fault.action
        if fault.is_before:
            if action.delay:
                self._sleep(action.delay)
                if exchange.request.client_gone():
                    raise ClientGoneError
            response = Response() if action.reset or action.replaces else self._with_error_body(exchange)
        else:
            response = self._with_error_body(exchange)
            if action.delay:
                self._sleep(action.delay)
        if action.reset:
            response.close()
            raise ConnectionResetFault
        return action.replace(
            response,
            request_id=exchange.request_id,
            resource=self._resource(exchange),
            status_of=partial(status_on_plane, self.store, exchange.plane),
        )

    def _with_error_body(self, exchange: _Exchange) -> Response:
        try:
            return self._dispatched(exchange)
        except ServiceError as error:
            refusal = on_plane(self.store, exchange.plane, error)
            response = error_response(refusal, request_id=exchange.request_id, resource=self._resource(exchange))
            return replace(response, body=b"") if exchange.request.method == "HEAD" else response

    def _dispatched(self, exchange: _Exchange) -> Response:
        request, destination = exchange.request, exchange.destination
        if destination is None:
            raise ServiceError("InvalidHost", "the Host header names no host of the service")
        if destination.plane is not Plane.COS and self._must_be_secure(request):
            query = f"?{request.query}" if request.query else ""
            return Response(308, headers={"Location": f"https://{request.host}{quote(request.path)}{query}"})
        self._verify(request)
        ignores_unknown = self.store.assumed("unknown_names") == "ignore"
        operation, arguments = find_route(destination.plane, request, ignores_unknown=ignores_unknown)
        with self.store.lock:
            advance_jobs(self.store)
            response = operation(Call(request, destination, arguments, self.store, self._worker, exchange.request_id))
            self._save_after(request)
            return response

    def _must_be_secure(self, request: Request) -> bool:
        return not request.is_secure and self.store.assumed("ci_over_http") == "redirect"

    def _verify(self, request: Request) -> None:
        verify(request, secret_id=self.secret_id, secret_key=self.secret_key, now=self.clock.real())

    def _resource(self, exchange: _Exchange) -> str | None:
        if exchange.plane is not Plane.COS and self.store.assumed("ci_error_resource") == "absent":
            return None
        return f"{exchange.request.host}{exchange.request.path.removesuffix('/')}"


@dataclass(frozen=True)
class _Exchange:
    """What is known of a request on its way."""

    request: Request
    destination: Destination | None
    request_id: str

    @property
    def plane(self) -> Plane | None:
        return None if self.destination is None else self.destination.plane
