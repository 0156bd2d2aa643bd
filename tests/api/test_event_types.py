"""The catalogue of events as a caller looks it up, and the feed in the form that brokers know."""

import json
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from casefile_api.events import EVENT_TYPES
from tests.outside.cases import open_case
from tests.outside.client import Party, Sandbox

TYPES = "/v1/event-types"
CLOUD_EVENTS = "application/cloudevents-batch+json"


@pytest.fixture
def system(sandbox: Sandbox) -> Party:
    return sandbox.system("police-53")


def accepting(media_type: str) -> dict[str, str]:
    return {"Accept": media_type}


def test_every_event_is_listed_page_by_page_and_each_leads_to_its_schema(system: Party) -> None:
    listed = system.items(TYPES, limit="25")
    assert [item["type"] for item in listed] == list(EVENT_TYPES)
    shown = system.get(listed[0]["href"]).json()
    assert {**shown, "etag": None} == {**shown, **listed[0], "etag": None}
    alone = system.get(listed[0]["href"], headers=accepting("application/schema+json"))
    assert alone.headers["content-type"].startswith("application/schema+json")
    assert alone.json() == shown["schema"]
    again = system.get(listed[0]["href"], headers={"If-None-Match": f'"x", {shown["etag"]}'}, expect=304)
    assert not again.content


def test_the_whole_catalogue_is_to_be_had_as_asyncapi(system: Party) -> None:
    answer = system.get(TYPES, params={"limit": "1"}, headers=accepting("application/vnd.aai.asyncapi+json"))
    assert answer.headers["content-type"].startswith("application/vnd.aai.asyncapi+json")
    assert {one["name"] for one in answer.json()["components"]["messages"].values()} == set(EVENT_TYPES)


def test_an_event_that_there_is_not_is_not_found(system: Party) -> None:
    system.refused("GET", f"{TYPES}/case_file.misheard", 404, "not-found")


def test_the_feed_is_read_as_cloud_events_and_link_leads_on(sandbox: Sandbox, system: Party) -> None:
    start = system.get("/v1/events", params={"limit": "200"}).json()["next_cursor"]
    while (page := system.get("/v1/events", params={"limit": "200", "after": start}).json())["items"]:
        start = page["next_cursor"]
    case = open_case(sandbox.person("officer", unit="police-53-rasso"))
    where, found = f"/v1/events?after={start}&wait=10&limit=1", []
    for _ in range(2):
        answer = system.get(where, headers=accepting(CLOUD_EVENTS))
        found += answer.json()
        where = answer.headers["link"].partition(">")[0].partition("/v1/events")[2]
        where = "/v1/events" + where.replace("wait=10", "wait=0")
        assert answer.headers["content-type"].startswith(CLOUD_EVENTS)
    [told] = [event for event in found if event["type"] == "case_file.opened"]
    as_fed = system.get("/v1/events", params={"after": start, "limit": "1"}).json()["items"][0]

    assert (told["id"], told["data"]) == (as_fed["data"]["event_id"], as_fed["data"])
    assert (told["subject"], told["sequence"]) == (f"case-files/{case['id']}", "000000000001")
    assert told["dataschema"].endswith("/v1/event-types/case_file.opened")


def test_what_is_told_is_what_its_published_schema_says(system: Party) -> None:
    schemas: dict[str, Any] = {}
    page = system.get("/v1/events", params={"limit": "200"}).json()
    assert page["items"]
    for event in page["items"]:
        kind = event["type"]
        if kind not in schemas:
            schemas[kind] = system.get(f"{TYPES}/{kind}", headers=accepting("application/schema+json")).json()
        Draft202012Validator(schemas[kind], validate_formats=True).validate(json.loads(json.dumps(event)))
