"""The catalogue as others read it: every example is of its schema, and each form of it says the same."""

import json
import re
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from casefile_api.early_advice.actions_workflow import ACTIONS
from casefile_api.early_advice.workflow import WORKFLOW as REQUESTS
from casefile_api.events import EVENT_TYPES, EXAMPLE_STATES, missing_members, unknown_members
from casefile_api.webhooks.asyncapi import asyncapi_document
from casefile_api.webhooks.catalogue import (
    event_schema,
    example,
    openapi_components,
    openapi_webhooks,
    published_schema,
)
from casefile_api.webhooks.cloud_events import cloud_event

URL = "https://casefile.example/"
ROWS = list(EVENT_TYPES.values())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_example_of_an_event_is_what_its_row_and_its_schema_say(row: Any) -> None:
    schema, shown = published_schema(row, URL), example(row)
    members = set(shown["data"])

    Draft202012Validator(schema, validate_formats=True).validate(shown)
    assert not unknown_members(row.name, members) and not missing_members(row.name, members)
    assert schema["$id"] == f"https://casefile.example/v1/event-types/{row.name}"
    assert set(schema["properties"]["data"]["properties"]) == set(row.members)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_schema_refuses_what_is_not_the_event_and_bears_what_comes_later(row: Any) -> None:
    judge, shown = Draft202012Validator(published_schema(row, URL), validate_formats=True), example(row)
    for member in row.required:
        assert not judge.is_valid({**shown, "data": {k: v for k, v in shown["data"].items() if k != member}})
    assert not judge.is_valid({**shown, "type": "case_file.misheard"})
    assert not judge.is_valid({**shown, "data": {**shown["data"], "event_id": "7"}})
    assert judge.is_valid({**shown, "data": {**shown["data"], "colour": "of a later version"}})


def test_the_states_of_the_examples_are_those_that_the_workflows_lead_to() -> None:
    stated = {row.name for row in ROWS if "state" in row.members}
    assert set(EXAMPLE_STATES) == stated
    for workflow in (REQUESTS, ACTIONS):
        for step in workflow:
            assert EXAMPLE_STATES[step.event] in {state.value for state in step.targets or step.sources}, step.event


def references(document: Any) -> list[str]:
    return re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))


def test_the_asyncapi_document_tells_each_event_once_and_every_reference_leads_somewhere() -> None:
    document = asyncapi_document("0.1.0")
    messages = document["components"]["messages"]
    told = [one["$ref"] for operation in document["operations"].values() for one in operation["messages"]]

    assert {message["name"]: message["payload"] for message in messages.values()} == {
        row.name: event_schema(row) for row in ROWS
    }
    assert len(told) == len(set(told)) == len(ROWS)
    for reference in references(document):
        place: Any = document
        for part in reference.split("/"):
            place = place[part]


def test_the_openapi_document_describes_a_webhook_for_each_event() -> None:
    webhooks, shared = openapi_webhooks(), openapi_components()
    assert list(webhooks) == list(EVENT_TYPES)
    for reference in set(references(webhooks)):
        _, kind, name = reference.split("/")
        assert name in shared[kind]


ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")
"""CloudEvents 1.0, "Naming conventions"."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_an_event_is_a_cloud_event_too(row: Any) -> None:
    shown = example(row)
    told = cloud_event(json.dumps(shown).encode(), URL, "00-" + "a" * 32 + "-" + "b" * 16 + "-01")

    assert all(ATTRIBUTE.fullmatch(name) for name in told)
    assert (told["specversion"], told["id"], told["type"]) == ("1.0", shown["data"]["event_id"], row.name)
    assert told["data"] == shown["data"] and told["time"] == shown["timestamp"]
    assert told["dataschema"] == published_schema(row, URL)["$id"]
    assert ("subject" in told) == ("sequence" in told) == row.of_a_case
    assert all(isinstance(value, str) and value for name, value in told.items() if name != "data")
