"""The trial of a receiver: it passes a good one, and finds each fault of a bad one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import typer
from standardwebhooks import Webhook, WebhookVerificationError
from typer.testing import CliRunner

from casefile_api.cli.failing import CommandFailed
from casefile_api.cli.receiving import try_receiver
from casefile_api.events import EVENT_TYPES
from casefile_api.webhooks.conforming import conduct, trials
from casefile_api.webhooks.signing import new_secret
from tests.outside.receivers import listening, python_receiver

Judge = Callable[[dict[str, str], bytes], int]


def test_the_receiver_of_the_documentation_in_python_conforms() -> None:
    secret = new_secret()
    with listening(python_receiver(), SECRET=secret) as url:
        outcomes = list(conduct(url, secret))
    assert [outcome.trial.name for outcome in outcomes if not outcome.passed] == []
    assert {outcome.trial.name for outcome in outcomes} >= set(EVENT_TYPES)


@contextmanager
def answering(judge: Judge) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(judge({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def failures(judge: Judge, secret: str) -> set[str]:
    with answering(judge) as url:
        return {outcome.trial.name for outcome in conduct(url, secret) if not outcome.passed}


def test_a_receiver_that_believes_everything_fails_all_that_is_to_be_refused() -> None:
    secret = new_secret()
    assert failures(lambda headers, body: 204, secret) == {one.name for one in trials(secret) if not one.taken}


def test_each_fault_of_a_receiver_is_found_by_name() -> None:
    secret = new_secret()
    seen: set[str] = set()

    def verified(headers: dict[str, str], body: bytes) -> bool:
        try:
            Webhook(secret).verify(body, headers)
        except (WebhookVerificationError, ValueError, KeyError):
            return False
        return True

    def refuses_duplicates(headers: dict[str, str], body: bytes) -> int:
        again = headers.get("webhook-id", "") in seen
        seen.add(headers.get("webhook-id", ""))
        return (409 if again else 204) if verified(headers, body) else 401

    def knows_no_others(headers: dict[str, str], body: bytes) -> int:
        return (404 if b"of_a_later_version" in body else 204) if verified(headers, body) else 401

    def reads_one_signature(headers: dict[str, str], body: bytes) -> int:
        headers["webhook-signature"] = headers.get("webhook-signature", "").partition(" ")[0]
        return 204 if verified(headers, body) else 401

    assert failures(refuses_duplicates, secret) == {"the same event again"}
    assert failures(knows_no_others, secret) == {"an event of a later version"}
    assert failures(reads_one_signature, secret) == {
        "a rotation: a newer key signs first", "a scheme of a later version beside",
    }  # fmt: skip


def test_the_command_says_what_failed_and_ends_with_1() -> None:
    app = typer.Typer()
    app.command()(try_receiver)
    with answering(lambda headers, body: 204) as url:
        result = CliRunner().invoke(app, [url, "--secret", new_secret()])
    assert result.exit_code == 1
    assert "FAILED\tan old attempt\twanted 4xx or 5xx, came 204" in result.output


@pytest.mark.parametrize(
    ("url", "secret", "exit_code", "sentence"),
    [
        ("ftp://127.0.0.1/hooks", None, 2, "begins with http"),
        ("http:///hooks", None, 2, "begins with http"),
        ("http://127.0.0.1:9/hooks", "nonsense", 2, "The secret is none"),
        ("http://127.0.0.1:9/hooks", "whsec_c2hvcnQ=", 2, "The secret is none"),
        ("http://127.0.0.1:9/hooks", "whsk_not base64", 2, "The secret is none"),
        ("http://127.0.0.1:9/hooks", None, 1, "Nobody answers"),
    ],
)
def test_what_cannot_be_tried_is_said_in_one_sentence(
    url: str, secret: str | None, exit_code: int, sentence: str
) -> None:
    app = typer.Typer()
    app.command()(try_receiver)
    result = CliRunner().invoke(app, [url, "--secret", secret or new_secret()])
    assert isinstance(result.exception, CommandFailed)
    assert result.exception.exit_code == exit_code and sentence in str(result.exception)
    assert result.output == ""
