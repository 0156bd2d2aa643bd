"""A developer hears on their own machine what happens, without an endpoint of their own."""

import time
from typing import Any

import typer
from typer.testing import CliRunner

from casefile_api.cli import receiving
from casefile_api.webhooks.signing import new_secret
from tests.outside.cases import open_case
from tests.outside.client import Party, Sandbox
from tests.outside.receiver import Receiver

APP = typer.Typer()
APP.command()(receiving.listen)


def behind(system: Party, case_file_id: str) -> str:
    """The place in the feed behind the opening of a case file, once it is there."""
    place = system.get("/v1/events", params={"limit": "200"}).json()["next_cursor"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        page = system.get("/v1/events", params={"limit": "200", "after": place}).json()
        place = page["next_cursor"]
        if any(event["data"].get("case_file_id") == case_file_id for event in page["items"]):
            return str(place)
    raise AssertionError(f"the opening of {case_file_id} did not come within a minute")


def test_what_happens_is_passed_on_signed_and_byte_for_byte_what_the_feed_says(sandbox: Sandbox) -> None:
    client = next(one for one in sandbox.config["clients"] if one["organisation"] == "police-53")
    system, secret = sandbox.system("police-53"), new_secret()
    officer = sandbox.person("officer", unit="police-53-rasso")
    start = behind(system, str(open_case(officer)["id"]))  # and so behind all that happened before
    case = open_case(officer)
    key = sandbox.directory / client["private_key_file"]
    words: list[Any] = ["--service", sandbox.base_url, "--client-id", client["client_id"], "--key", key]
    words += ["--after", start, "--event", "case_file.*", "--count", 1, "--secret", secret]
    with Receiver() as receiver:
        heard = CliRunner().invoke(APP, [str(word) for word in [*words, "--forward-to", receiver.url]])
        assert heard.exit_code == 0, heard.output
        told = receiver.wait_for("case_file.opened", case_file_id=case["id"])

    told.verify(secret)
    assert told.body in system.call("GET", "/v1/events", params={"after": start}).content
    assert heard.output.split("\t")[1:] == ["case_file.opened", "204\n"]
