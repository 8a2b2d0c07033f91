"""The emulator as a WSGI application: a request comes in, an answer goes out, nothing else leaves.

The way of a request: control calls first, they are never logged nor spoiled; the log; faults that come before the
operation; host, signature, route; the operation, with the store's lock held; faults that come after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi_ci_audio.emulator.assumptions import choose
from pulumi_ci_audio.emulator.authentication import verify
from pulumi_ci_audio.emulator.call import Call
from pulumi_ci_audio.emulator.clock import Clock
from pulumi_ci_audio.emulator.control import Control
from pulumi_ci_audio.emulator.control_calls import answer_control_call, is_control_call
from pulumi_ci_audio.emulator.errors import ClientGoneError, ServiceError
from pulumi_ci_audio.emulator.exchange import Answer, Request, error_answer, service_headers
from pulumi_ci_audio.emulator.faults import ConnectionResetFault, Faults, Rule
from pulumi_ci_audio.emulator.hosts import Place, Plane, find_place
from pulumi_ci_audio.emulator.identifiers import new_request_id
from pulumi_ci_audio.emulator.journal import Journal
from pulumi_ci_audio.emulator.progression import settle
from pulumi_ci_audio.emulator.routes import find_route
from pulumi_ci_audio.emulator.store import Settings, Store
from pulumi_ci_audio.emulator.worker import Worker

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_CLIENT_GONE = 499  # never sent, since nobody is there to read it; seen in the log of requests


class Emulator:
    """The CI API and enough of COS, as a WSGI application.

    Args:
        data: the folder of buckets; made where it is missing.
        secret_id: the one SecretId that requests may be signed with.
        secret_key: its key.
        job_seconds: how long a job is at least ``Running``.
        unbind_seconds: how long a bucket is ``unbinding``.
        queue_concurrency: how many jobs of a queue run at once.
        list_lag_seconds: how long a new job is missing from lists.
        assumptions: other choices for rows of :data:`~pulumi_ci_audio.emulator.assumptions.ASSUMPTIONS`, by key.
        sleep: what a fault's delay waits with.
        now: real time; the emulator's clock starts with it, and signatures are judged by it.

    Raises:
        ValueError: an assumption is unknown, or a setting makes no sense.
    """

    def __init__(
        self,
        *,
        data: Path,
        secret_id: str = "emulator",  # noqa: S107  no secret, whatever its name
        secret_key: str = "emulator",  # noqa: S107  the emulator's key protects nothing
        job_seconds: float = 0,
        unbind_seconds: float = 0,
        queue_concurrency: int = 10,
        list_lag_seconds: float = 0,
        assumptions: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        settings = Settings(
            job_seconds=job_seconds,
            unbind_seconds=unbind_seconds,
            list_lag_seconds=list_lag_seconds,
            queue_concurrency=queue_concurrency,
        )
        self.clock = Clock(now)
        self.store = Store(data=data, clock=self.clock, settings=settings, assumptions=choose(assumptions))
        self.faults = Faults()
        self.journal = Journal()
        self.control = Control(self.store, self.faults, self.journal)
        self._worker = Worker(self.store)
        self.secret_id, self.secret_key = secret_id, secret_key
        self._sleep = sleep

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request.

        Raises:
            ConnectionResetFault: a fault wants the connection reset; the server has to do it.
        """
        request = Request.from_environ(environ)
        answer = answer_control_call(self.control, request) if is_control_call(request) else self._answer(request)
        return answer.send(start_response)

    def close(self) -> None:
        """End the worker's thread and remove internal files."""
        self._worker.close()
        with self.store.lock:
            self.store.objects.forget()

    def _answer(self, request: Request) -> Answer:
        rule = self.faults.take(request)
        entry = self.journal.begin(request, time=self.clock.now(), fault=None if rule is None else rule.id)
        place = find_place(request.host)
        request_id = new_request_id(self.clock.now())
        try:
            answer = self._spoil(rule, _Exchange(request, place, request_id))
        except ClientGoneError:
            answer = Answer(_CLIENT_GONE)
        headers = service_headers(None if place is None else place.plane, request_id)
        entry.status = answer.status
        return replace(answer, headers=headers).with_headers(answer.headers)

    def _spoil(self, rule: Rule | None, exchange: _Exchange) -> Answer:
        """Carry a request out, with what a rule wants to happen before or after."""
        if rule is None:
            return self._carry_out(exchange)
        action = rule.action
        if rule.is_before:
            if action.delay:
                self._sleep(action.delay)
                if exchange.request.client_gone():
                    raise ClientGoneError
            answer = Answer() if action.reset or action.replaces else self._carry_out(exchange)
        else:
            answer = self._carry_out(exchange)
            if action.delay:
                self._sleep(action.delay)
        if action.reset:
            answer.discard()
            raise ConnectionResetFault
        resource = self._resource(exchange)
        return action.replace(answer, request_id=exchange.request_id, resource=resource)

    def _carry_out(self, exchange: _Exchange) -> Answer:
        """Do what a request asks for, or say why not."""
        try:
            return self._operate(exchange)
        except ServiceError as error:
            answer = error_answer(error, request_id=exchange.request_id, resource=self._resource(exchange))
            return replace(answer, body=b"") if exchange.request.method == "HEAD" else answer

    def _operate(self, exchange: _Exchange) -> Answer:
        request, place = exchange.request, exchange.place
        if place is None:
            raise ServiceError("InvalidHost", "the Host header names no host of the service")
        verify(request, secret_id=self.secret_id, secret_key=self.secret_key, now=self.clock.real())
        ignores_unknown = self.store.assumed("unknown_names") == "ignore"
        operation, arguments = find_route(place.plane, request, ignores_unknown=ignores_unknown)
        with self.store.lock:
            settle(self.store)
            return operation(Call(request, place, arguments, self.store, self._worker, exchange.request_id))

    def _resource(self, exchange: _Exchange) -> str | None:
        is_cos = exchange.place is not None and exchange.place.plane is Plane.COS
        return exchange.request.path if is_cos or self.store.assumed("ci_error_resource") == "present" else None


@dataclass(frozen=True)
class _Exchange:
    """What is known of a request on its way."""

    request: Request
    place: Place | None
    request_id: str
