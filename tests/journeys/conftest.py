"""What the journeys share: receivers for both sides' webhooks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.outside.client import Sandbox
from tests.outside.receiver import Receiver


@dataclass
class Listener:
    """One organisation's receiver, with the secret it was shown once."""

    organisation: str
    receiver: Receiver
    secret: str

    def hears(self, event_type: str, **data: Any) -> None:
        """Waits for an event and verifies its signature."""
        self.receiver.wait_for(event_type, **data).verify(self.secret)


def listen(sandbox: Sandbox, organisation: str, receiver: Receiver) -> Listener:
    """Registers a receiver for everything its organisation is told."""
    body = {"url": receiver.url, "event_types": ["*"], "description": "journey"}
    endpoint = sandbox.system(organisation).post("/v1/webhook-endpoints", body, expect=201).json()
    receiver.wait_for("webhook_endpoint.verification").verify(endpoint["secret"])
    return Listener(organisation, receiver, endpoint["secret"])


@pytest.fixture
def police_listener(sandbox: Sandbox) -> Iterator[Listener]:
    """Gloucestershire's receiver."""
    with Receiver() as receiver:
        yield listen(sandbox, "police-53", receiver)


@pytest.fixture
def cps_listener(sandbox: Sandbox) -> Iterator[Listener]:
    """CPS South West's receiver."""
    with Receiver() as receiver:
        yield listen(sandbox, "cps-south-west", receiver)
