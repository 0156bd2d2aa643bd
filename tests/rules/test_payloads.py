"""The watch over what webhooks and the feed hold sees what it is there to see."""

from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from tests.outside.client import PLANTED, Sandbox
from tests.outside.payloads import refuse_words
from tests.outside.receiver import Receiver

EVENT: dict[str, Any] = {
    "data": {"event_id": "01a0d4e5-0000-7000-8000-000000000001", "organisation": "police-53", "sequence": 4},
    "timestamp": "2026-11-24T09:30:00Z",
    "type": "case_file.opened",
}


def told(**members: Any) -> dict[str, Any]:
    return {**EVENT, "data": {**EVENT["data"], **members}}


def post(receiver: Receiver, event: dict[str, Any]) -> None:
    headers = {"webhook-id": "1"}
    assert httpx.post(receiver.url, json=event, headers=headers, trust_env=False).status_code == 204


def test_a_receiver_that_was_sent_something_personal_fails_as_it_closes() -> None:
    with Receiver() as receiver:
        post(receiver, EVENT)
    with pytest.raises(AssertionError, match="a webhook has 'Morgan Field'"), Receiver() as receiver:
        post(receiver, told(state="Morgan Field"))


@pytest.mark.parametrize(
    "event",
    [*(told(reason=words) for words in PLANTED if " " in words), told(name="A Person"), told(note=None),
     told(people=["x"]), {**EVENT, "to": "x"}],
    ids=lambda event: str(sorted(event["data"].items()))[-40:],
)  # fmt: skip
def test_planted_words_and_anything_but_codes_are_seen(event: dict[str, Any]) -> None:
    refuse_words("the feed", EVENT)
    with pytest.raises(AssertionError, match="the feed"):
        refuse_words("the feed", event)


def test_every_page_of_the_feed_is_looked_at_as_it_comes() -> None:
    def page(*events: dict[str, Any]) -> httpx.Response:
        asked = httpx.Request("GET", "http://127.0.0.1/v1/events/archive?after=x")
        return httpx.Response(200, json={"items": events, "next_cursor": "x"}, request=asked)

    sandbox = Sandbox({}, Path())
    sandbox.note(page(EVENT, EVENT))
    for event in (told(state="Robin Ashdown"), told(state="A Person")):
        with pytest.raises(AssertionError, match="the feed"):
            sandbox.note(page(EVENT, event))
