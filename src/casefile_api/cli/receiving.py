"""`listen` and `try-receiver`: for those who build a receiver of webhooks. They know the service by HTTP alone."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import typer

from casefile_api.cli.failing import CommandFailed
from casefile_api.cli.transfers import CaFile, Certificate, ClientId, KeyFile, KeyId, Passphrase, Url, caller, said

_SECRET = "CASEFILE_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable

Secret = Annotated[str, typer.Option("--secret", envvar=_SECRET, help="Secret the receiver verifies by (whsec_…).")]


def listen(
    service: Url,
    client_id: ClientId,
    key: KeyFile,
    forward_to: Annotated[str, typer.Option("--forward-to", help="URL of the receiver, on this machine or elsewhere.")],
    secret: Annotated[
        str, typer.Option("--secret", envvar=_SECRET, help="Secret to sign with; one is made where none is given.")
    ] = "",
    events: Annotated[list[str] | None, typer.Option("--event", help="Only these, as `action.*`; repeatable.")] = None,
    after: Annotated[str | None, typer.Option("--after", help="Cursor of the feed to begin behind.")] = None,
    count: Annotated[int, typer.Option("--count", min=0, help="End after so many events; 0: never.")] = 0,
    passphrase: Passphrase = None,
    key_id: KeyId = None,
    ca_file: CaFile = None,
    certificate: Certificate = None,
) -> None:
    """Pass what happens on to a receiver, signed as a webhook is, until Ctrl-C: no public address is needed.

    It reads the feed of the client's organisation (scope events:read) and POSTs each event once; prints its time, type
    and the receiver's answer. Nothing is registered with the service, and nothing is sent again.
    """
    from casefile_api.cli.relaying import relaying
    from casefile_api.client import opening
    from casefile_api.events import is_pattern
    from casefile_api.webhooks.signing import new_secret

    patterns = events or ["*"]
    if unknown := [pattern for pattern in patterns if not is_pattern(pattern)]:
        raise CommandFailed(f"{unknown[0]} is no event, nor all of a noun (action.*).", 2)
    if not secret:
        secret = new_secret()
        typer.echo(f"Signed with {secret}")
    _expect_usable(forward_to, secret)
    who = caller((service, client_id, key), passphrase, key_id, (None, None, None), (ca_file, certificate))
    with said(), opening.calling(who) as calls, relaying(calls, forward_to, secret, patterns) as relay:
        for number, relayed in enumerate(relay.run(after), 1):
            answer = "no answer" if relayed.status is None else str(relayed.status)
            typer.echo(f"{relayed.event['timestamp']}\t{relayed.event['type']}\t{answer}")
            if number == count:
                return


def try_receiver(
    url: Annotated[str, typer.Argument(help="URL of the receiver.")],
    secret: Secret,
    every: Annotated[bool, typer.Option("--all", help="Print what was right too.")] = False,
) -> None:
    """Send a receiver every event of the catalogue, and everything it must bear or refuse; ends with 1 if it fails.

    It must take duplicates, events out of order, events and members of later versions, and signatures by a newer key
    beside its own; it must refuse attempts too old, altered bodies, and signatures that are missing or of somebody
    else. All data are made up. For the scheme v1a give a private key (whsk_…) whose public half the receiver has.
    """
    from casefile_api.webhooks.conforming import UNREACHED, Outcome, conduct

    _expect_usable(url, secret)
    outcomes: list[Outcome] = []
    for outcome in conduct(url, secret):
        if not outcomes and outcome.error == UNREACHED:
            raise CommandFailed(f"Nobody answers at {url}: is the receiver running there?", 1)
        outcomes.append(outcome)
        if every or not outcome.passed:
            wanted = "2xx" if outcome.trial.taken else "4xx or 5xx"
            came = outcome.error or str(outcome.status)
            mark = "ok" if outcome.passed else "FAILED"
            typer.echo(f"{mark}\t{outcome.trial.name}\twanted {wanted}, came {came}")
    failed = sum(not outcome.passed for outcome in outcomes)
    slowest = max(outcome.seconds for outcome in outcomes)
    typer.echo(f"{len(outcomes)} trials, {failed} failed; the slowest answer took {slowest * 1000:.0f} ms.")
    if failed:
        raise CommandFailed("The receiver does not do what a receiver of webhooks must.", 1)


def _expect_usable(url: str, secret: str) -> None:
    from casefile_api.webhooks.signing import can_sign

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CommandFailed(f"{url} is no URL of a receiver: give one that begins with http:// or https://.", 2)
    if not can_sign(secret):
        raise CommandFailed("The secret is none: give the whsec_… (or whsk_…) that the receiver was set up with.", 2)
