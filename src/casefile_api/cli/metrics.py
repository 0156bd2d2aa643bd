"""`/metrics`, on a port of its own so that it is never open to callers: what an operator watches, in Prometheus' form.

Labels are operation ids, methods, status codes and ids of webhook endpoints, of these only so many; never ids of cases,
people or clients.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

import psycopg
import structlog
from prometheus_client import Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector

from casefile_api.settings import Settings
from casefile_api.tenancy import AS_WORKER

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ANSWERS = Counter("casefile_answers", "Requests answered", ["operation", "method", "status"])
SECONDS = Histogram(
    "casefile_answer_seconds",
    "Time from request to the end of its answer",
    ["operation"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
UNDER_WAY = Gauge("casefile_requests_under_way", "Requests being answered")
UNKNOWN = "none"

log = structlog.get_logger()


def serve_metrics(settings: Settings, *collectors: Collector) -> None:
    """Answer /metrics beside what this process does; where its port was taken meanwhile, on a free one."""
    for collector in collectors:
        REGISTRY.register(collector)
    try:
        server, _ = start_http_server(settings.metrics_port, settings.metrics_host)
    except OSError as problem:
        log.warning("metrics_port_taken", port=settings.metrics_port, why=problem.strerror)
        server, _ = start_http_server(0, settings.metrics_host)
    log.info("metrics", port=server.server_port)


class Measured:
    """The application, with each answer counted and timed."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        began, status = time.perf_counter(), [500]

        async def passing_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            await send(message)

        UNDER_WAY.inc()
        try:
            await self._application(scope, receive, passing_on)
        finally:
            UNDER_WAY.dec()
            operation = getattr(scope.get("route"), "operation_id", None) or UNKNOWN
            method = scope["method"] if operation != UNKNOWN else UNKNOWN
            answers, seconds = _counters(operation, method, status[0])
            answers.inc()
            seconds.observe(time.perf_counter() - began)


@cache
def _counters(operation: str, method: str, status: int) -> tuple[Counter, Histogram]:
    """Return what counts these answers; finding it by its labels costs more than counting."""
    return ANSWERS.labels(operation, method, status), SECONDS.labels(operation)


class Backlog(Collector):
    """What the worker has before it, read when somebody asks: a growing number says that it cannot keep up."""

    QUERIES = (
        (
            "casefile_log_waiting_seconds",
            "Age of the oldest audit entry that no checkpoint covers yet",
            "select coalesce(extract(epoch from clock_timestamp() - min(e.occurred_at)), 0)"
            " from audit_pending p join audit_entry e on e.id = p.entry_id",
        ),
        ("casefile_log_entries_waiting", "Audit entries without a leaf", "select count(*) from audit_pending"),
        (
            "casefile_webhook_endpoints_failing",
            "Webhook endpoints that have failed a few times in a row",
            "select count(*) from webhook_endpoint where failing",
        ),
        (
            "casefile_attachments_verifying_seconds",
            "Age of the oldest attachment that waits to be verified",
            "select greatest(0, coalesce(extract(epoch from clock_timestamp() - min(updated_at)), 0))"
            " from attachment where status = 'verifying'",
        ),
        (
            "casefile_log_witnesses_in_trouble",
            "Configured witnesses that do not vouch for the newest checkpoint",
            "select count(*) from audit_witness where trouble is not null",
        ),
        (
            "casefile_log_breaks",
            "What the log's self-check found wrong and nobody has mended",
            "select count(*) from audit_break where mended_at is null and kind <> 'alarm'",
        ),
        (
            "casefile_log_check_age_seconds",
            "Time since the self-check last walked over the whole log (or since it first began)",
            "select coalesce(extract(epoch from clock_timestamp() - max(coalesce(completed_at, begun_at))), 0)"
            " from audit_self_check",
        ),
        ("casefile_log_alarm", "1 while the log refuses to grow", "select count(*) from log_alarm"),
    )

    QUEUES = """
        select id::text, (select count(*) from webhook_delivery d where d.endpoint_id = e.id and d.state = 'waiting')
               + (select count(*) from (select from event_position p
                                        where p.organisation = e.organisation and p.position > e.fed_to
                                        limit 10000) unread) as waiting,
               extract(epoch from clock_timestamp() - least(
                   (select min(created_at) from webhook_delivery d where d.endpoint_id = e.id and d.state = 'waiting'),
                   (select v.occurred_at from event_position p
                    join event v on v.event_id = p.event_id and v.organisation = p.organisation
                    where p.organisation = e.organisation and p.position > e.fed_to order by p.position limit 1)))
        from webhook_endpoint e where e.state = 'active' order by 2 desc
    """
    LONGEST_QUEUES = 100
    """So many endpoints are told of one by one."""
    OF_QUEUES = (
        ("casefile_webhook_deliveries_waiting", "Webhook deliveries not made, and events no endpoint was given yet"),
        ("casefile_webhook_oldest_seconds", "Age of the oldest webhook delivery not made, of failing endpoints too"),
        ("casefile_webhook_endpoint_waiting", "The same by endpoint, for those with the longest queues"),
    )

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """What there is to see, without asking the database."""
        yield from ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask the database; while it is away there is nothing to see here, and the alert for that is elsewhere."""
        try:
            options = f"{AS_WORKER} -c statement_timeout=2000"
            with psycopg.connect(self._url, connect_timeout=2, options=options) as connection:
                for name, meaning, query in self.QUERIES:
                    row = connection.execute(query).fetchone()
                    yield GaugeMetricFamily(name, meaning, value=float(row[0]) if row else 0.0)
                yield from self._queues(connection.execute(self.QUEUES).fetchall())
        except psycopg.Error:
            return

    def _queues(self, queues: Sequence[tuple[str, int, Decimal | None]]) -> Iterator[GaugeMetricFamily]:
        all_waiting, oldest, by_endpoint = self.OF_QUEUES
        yield GaugeMetricFamily(*all_waiting, value=float(sum(waiting for _, waiting, _ in queues)))
        yield GaugeMetricFamily(*oldest, value=max((float(age) for _, _, age in queues if age), default=0.0))
        longest = GaugeMetricFamily(*by_endpoint, labels=["endpoint"])
        for endpoint, waiting, _ in queues[: self.LONGEST_QUEUES]:
            longest.add_metric([endpoint], float(waiting))
        yield longest
