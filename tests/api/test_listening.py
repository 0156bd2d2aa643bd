"""A developer hears on their own machine what happens, without an endpoint of their own."""

from typing import Any

import typer
from typer.testing import CliRunner

from casefile_api.cli import receiving
from casefile_api.webhooks.signing import new_secret
from tests.outside.cases import open_case
from tests.outside.client import Sandbox
from tests.outside.receiver import Receiver

APP = typer.Typer()
APP.command()(receiving.listen)


def test_what_happens_is_passed_on_signed_and_byte_for_byte_what_the_feed_says(sandbox: Sandbox) -> None:
    client = next(one for one in sandbox.config["clients"] if one["organisation"] == "police-53")
    system, secret = sandbox.system("police-53"), new_secret()
    start = system.get("/v1/events", params={"limit": "200"}).json()["next_cursor"]
    while (page := system.get("/v1/events", params={"limit": "200", "after": start}).json())["items"]:
        start = page["next_cursor"]
    case = open_case(sandbox.person("officer", unit="police-53-rasso"))
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
