"""What operators are woken by is what the programs tell: every metric of the alert rules is there, under that name."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.registry import REGISTRY

from casefile_api.cli.metrics import Backlog
from casefile_api.webhooks import measuring

RULES = Path(__file__).parents[2] / "deploy" / "alerts.yaml"
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
]
# What nobody would be told of but for an alert.
WATCHED = {
    "casefile_log_waiting_seconds", "casefile_log_alarm", "casefile_log_breaks", "casefile_log_check_age_seconds",
    "casefile_log_witnesses_in_trouble", "casefile_webhook_deliveries_waiting", "casefile_webhook_oldest_seconds",
    "casefile_webhook_endpoints_failing", "casefile_webhook_first_attempt_seconds_bucket",
    "casefile_attachments_verifying_seconds", "casefile_answers_total",
}  # fmt: skip


def told() -> set[str]:
    """The names under which samples of the API and the worker are told."""
    assert measuring.ATTEMPTS is not None  # its metrics are registered where it is loaded
    ending = {"counter": "_total", "histogram": "_bucket"}
    counted = {family.name + ending.get(family.type, "") for family in REGISTRY.collect()}
    return counted | {name for name, *_ in (*Backlog.QUERIES, *Backlog.OF_QUEUES)}


def test_what_waits_can_be_asked_of_the_database(database_url: str) -> None:
    *single, by_endpoint = Backlog(database_url).collect()
    found = {family.name: family.samples[0].value for family in single}

    assert found == dict.fromkeys((name for name, *_ in (*Backlog.QUERIES, *Backlog.OF_QUEUES[:2])), 0.0)
    assert (by_endpoint.name, by_endpoint.samples) == (Backlog.OF_QUEUES[2][0], [])


def named(alert: dict[str, Any]) -> set[str]:
    return set(re.findall(r"\bcasefile_\w+", alert["expr"]))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_goes_by_a_metric_that_there_is(alert: dict[str, Any]) -> None:
    assert named(alert) and named(alert) <= told()
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"]["summary"] and alert["annotations"]["description"]


def test_what_must_not_go_unseen_has_an_alert() -> None:
    assert set().union(*map(named, ALERTS)) == WATCHED
    assert len({alert["alert"] for alert in ALERTS}) == len(ALERTS)
